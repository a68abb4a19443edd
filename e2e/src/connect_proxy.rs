//! A small HTTP proxy that knows CONNECT and nothing else, inside the network of a local host.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::host_network;

/// Longest head of a request.
const HEAD_LIMIT: usize = 8192;

/// The proxy; dropping it ends it and every connection through it.
#[derive(Debug)]
pub struct ConnectProxy {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    is_over: AtomicBool,
    targets: Mutex<BTreeSet<String>>,
    streams: Mutex<Vec<TcpStream>>,
}

impl ConnectProxy {
    /// Starts one in the network of host `name`, listening at `address`.
    pub fn start(status: &Value, name: &str, address: SocketAddr) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared::default());
        let server = Arc::clone(&shared);
        host_network::inside(status, name, move || {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            thread::spawn(move || accept(&listener, &server));
            Ok(())
        })?;
        Ok(Self { shared })
    }

    /// Every `host:port` that somebody was connected to.
    pub fn targets(&self) -> BTreeSet<String> {
        lock(&self.shared.targets).clone()
    }
}

impl Drop for ConnectProxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        for stream in lock(&self.shared.streams).iter() {
            // One that ended already is as good.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    while !shared.is_over.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((client, _)) => {
                let shared = Arc::clone(shared);
                // A client that errs loses its own connection only.
                thread::spawn(move || serve(client, &shared));
            }
            // Nothing to accept: the only way to notice the end as well.
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}

fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nonblocking(false)?;
    client.set_nodelay(true)?;
    let Some(target) = target(&head(&mut client)?) else {
        return client.write_all(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n");
    };
    let Ok(server) = TcpStream::connect(&target) else {
        return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    };
    server.set_nodelay(true)?;
    lock(&shared.targets).insert(target);
    lock(&shared.streams).extend([client.try_clone()?, server.try_clone()?]);
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (from_client, to_server) = (client.try_clone()?, server.try_clone()?);
    let upward = thread::spawn(move || copy(from_client, to_server));
    copy(server, client);
    let _ = upward.join();
    Ok(())
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    // The other side must learn that nothing more will come.
    let _ = to.shutdown(Shutdown::Write);
}

/// The request's head, up to its empty line. What a client sends behind it waits for the answer.
fn head(client: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_LIMIT {
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn target(head: &str) -> Option<String> {
    let mut words = head.split_whitespace();
    (words.next()? == "CONNECT").then(|| words.next().map(str::to_owned)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_connect_has_a_target() {
        assert_eq!(target("CONNECT 10.0.0.1:443 HTTP/1.1\r\n\r\n").as_deref(), Some("10.0.0.1:443"));
        assert_eq!(target("GET http://10.0.0.1/ HTTP/1.1\r\n\r\n"), None);
    }
}
