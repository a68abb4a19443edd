//! Small pieces of network that misbehave on purpose.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Forwards to a port, and cuts the connection whenever the bytes that came back pass the next limit.
pub struct CuttingLink {
    port: u16,
    bytes: Arc<AtomicUsize>,
    cuts: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl CuttingLink {
    pub async fn to(target: u16, limits: &[usize]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (bytes, cuts) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let limits = limits.to_vec();
        let (total, count) = (bytes.clone(), cuts.clone());
        let task = tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let far = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
                tokio::spawn(forward(near, far, limits.clone(), total.clone(), count.clone()));
            }
        });
        Self { port, bytes, cuts, task }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Bytes that came back so far, over all connections.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::SeqCst)
    }

    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for CuttingLink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(near: TcpStream, far: TcpStream, limits: Vec<usize>, total: Arc<AtomicUsize>, cuts: Arc<AtomicUsize>) {
    let (mut near_read, mut near_write) = near.into_split();
    let (mut far_read, mut far_write) = far.into_split();
    let upward = tokio::spawn(async move { tokio::io::copy(&mut near_read, &mut far_write).await });
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = far_read.read(&mut buffer).await {
        let before = total.fetch_add(count, Ordering::SeqCst);
        if near_write.write_all(&buffer[..count]).await.is_err() {
            break;
        }
        if limits.iter().any(|limit| (before..before + count).contains(limit)) {
            cuts.fetch_add(1, Ordering::SeqCst);
            break;
        }
    }
    upward.abort();
}

/// An HTTP proxy that only knows CONNECT and remembers where it was sent.
pub struct ConnectProxy {
    port: u16,
    targets: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl ConnectProxy {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let targets = Arc::new(Mutex::new(Vec::new()));
        let seen = targets.clone();
        let task = tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                tokio::spawn(connect(near, seen.clone()));
            }
        });
        Self { port, targets, task }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Every different target, in order.
    pub fn targets(&self) -> Vec<String> {
        let mut targets = self.targets.lock().unwrap().clone();
        targets.dedup();
        targets
    }
}

impl Drop for ConnectProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connect(near: TcpStream, seen: Arc<Mutex<Vec<String>>>) {
    let mut near = BufReader::new(near);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        assert_ne!(near.read_line(&mut request).await.unwrap(), 0, "the request is cut off");
    }
    let target = request.strip_prefix("CONNECT ").unwrap().split(' ').next().unwrap().to_owned();
    seen.lock().unwrap().push(target.clone());
    let mut far = TcpStream::connect(target).await.unwrap();
    near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    // Either side may end first; the test looks at what the client makes of it.
    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
}

/// Accepts connections and never says a word.
pub struct Silent {
    port: u16,
    task: JoinHandle<()>,
}

impl Silent {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            let mut kept = Vec::new();
            loop {
                kept.push(listener.accept().await.unwrap());
            }
        });
        Self { port, task }
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.task.abort();
    }
}
