//! Addresses of Services, asked of the management cluster's name servers and kept for a while: an answer takes longer than the
//! connection that it is for.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use crate::names::Target;

/// How long an address is good; that of CoreDNS' own answers. A Service that is made anew gets another one.
const KEPT: Duration = Duration::from_secs(30);

/// The addresses that are known.
#[derive(Debug, Default)]
pub struct Addresses(Mutex<HashMap<Target, (Instant, SocketAddr)>>);

impl Addresses {
    /// Connects to `target`; where a known address does not answer, at the one that name servers say now.
    pub async fn connect(&self, target: &Target) -> io::Result<TcpStream> {
        if let Some(address) = self.known(target) {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(_) => self.forget(target),
            }
        }
        let mut found = tokio::net::lookup_host((target.host.as_str(), target.port)).await?;
        let address = found.next().ok_or_else(|| io::Error::other("the Service has no address"))?;
        let stream = TcpStream::connect(address).await?;
        self.lock().insert(target.clone(), (Instant::now(), address));
        Ok(stream)
    }

    fn known(&self, target: &Target) -> Option<SocketAddr> {
        let mut known = self.lock();
        known.retain(|_, (since, _)| since.elapsed() < KEPT);
        known.get(target).map(|(_, address)| *address)
    }

    fn forget(&self, target: &Target) {
        self.lock().remove(target);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Target, (Instant, SocketAddr)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_address_that_does_not_answer_any_more_is_looked_up_anew() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let target = Target { host: "localhost".to_owned(), port };
        let addresses = Addresses::default();
        let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
        addresses.lock().insert(target.clone(), (Instant::now(), gone));
        addresses.connect(&target).await.expect("connected");
        assert_eq!(addresses.known(&target).map(|address| address.port()), Some(port));
        drop(listener);
        addresses.connect(&target).await.expect_err("nobody listens");
        assert_eq!(addresses.known(&target), None);
    }
}
