//! One connection: read whom it is for, dial, pass bytes on until both sides have ended.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::addresses::Addresses;
use crate::greeting::{self, Alert, Greeting, Refusal};
use crate::metrics::Outcome;
use crate::names::{Names, Way};

/// Longest until a client has said whom it wants.
const GREETING_DEADLINE: Duration = Duration::from_secs(10);
/// Longest for a connection within the management cluster.
const DIAL_DEADLINE: Duration = Duration::from_secs(5);
/// A side that vanished without a word is noticed after some minutes; until then its connection is kept.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Serves `client` until either side fails or both have ended.
pub async fn serve(mut client: TcpStream, peer: IpAddr, names: Arc<Names>, addresses: &Addresses) -> Outcome {
    let greeting = match tokio::time::timeout(GREETING_DEADLINE, greeting::read(&mut client)).await {
        Ok(Ok(greeting)) => greeting,
        Ok(Err(Refusal::Unreadable { answer })) => return end(client, &answer, Outcome::NoName).await,
        Ok(Err(Refusal::Silent)) | Err(_) => return Outcome::NoName,
    };
    let Greeting { name, is_connect, bytes } = greeting;
    let target = match names.way(&name, peer) {
        Way::To(target) => target,
        Way::NotAllowed => {
            const WHY: &str =
                "spec.networking.apiServer.allowedCIDRBlocks of the hosted cluster does not contain your address";
            tracing::debug!(name, %peer, "the address is not among those that are allowed");
            let answer =
                if is_connect { greeting::status("403 Forbidden", WHY) } else { greeting::alert(Alert::AccessDenied) };
            return end(client, &answer, Outcome::NotAllowed).await;
        }
        Way::Nowhere => {
            const WHY: &str = "no hosted cluster is published under this name";
            tracing::debug!(name, WHY);
            let answer = if is_connect {
                greeting::status("404 Not Found", WHY)
            } else {
                greeting::alert(Alert::UnrecognizedName)
            };
            return end(client, &answer, Outcome::UnknownName).await;
        }
    };
    let dialled = tokio::time::timeout(DIAL_DEADLINE, addresses.connect(target)).await;
    let mut server = match dialled.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(server) => server,
        Err(cause) => {
            tracing::debug!(name, %target, %cause, "the control plane does not answer");
            // TLS has no word for it: the connection ends as that of a server that is away.
            let answer = if is_connect {
                greeting::status("502 Bad Gateway", "the control plane does not answer")
            } else {
                Vec::new()
            };
            return end(client, &answer, Outcome::Unreachable).await;
        }
    };
    // Either side may end when it likes; that is not the router's business.
    let _ = pass_on(&mut client, &mut server, is_connect, &bytes).await;
    Outcome::Forwarded
}

async fn pass_on(client: &mut TcpStream, server: &mut TcpStream, is_connect: bool, first: &[u8]) -> io::Result<()> {
    for stream in [&*client, &*server] {
        stream.set_nodelay(true)?;
        rustix::net::sockopt::set_socket_keepalive(stream, true)?;
        rustix::net::sockopt::set_tcp_keepidle(stream, KEEPALIVE)?;
    }
    if is_connect {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    }
    server.write_all(first).await?;
    tokio::io::copy_bidirectional(client, server).await?;
    Ok(())
}

async fn end(mut client: TcpStream, answer: &[u8], outcome: Outcome) -> Outcome {
    // A client that is gone needs no answer.
    let _ = client.write_all(answer).await;
    let _ = client.shutdown().await;
    outcome
}
