//! When a started service is ready for those that come after it.

use std::time::Duration;

use hoist_node_config::Ready;
use tokio::net::{TcpStream, UnixStream};

/// Services become ready within fractions of a second, and there is nothing to subscribe to.
const INTERVAL: Duration = Duration::from_millis(50);
/// A connection on the host itself either succeeds at once or never.
const DEADLINE: Duration = Duration::from_secs(1);

/// Returns once `ready` holds; cancelling it is safe.
pub(super) async fn wait(ready: Option<&Ready>) {
    let Some(ready) = ready else { return };
    while !holds(ready).await {
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn holds(ready: &Ready) -> bool {
    match ready {
        Ready::UnixSocket(path) => {
            matches!(tokio::time::timeout(DEADLINE, UnixStream::connect(path)).await, Ok(Ok(_)))
        }
        Ready::Tcp(address) => {
            matches!(tokio::time::timeout(DEADLINE, TcpStream::connect(address)).await, Ok(Ok(_)))
        }
        Ready::File(path) => tokio::fs::try_exists(path).await.unwrap_or(false),
    }
}
