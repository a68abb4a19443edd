//! Forwards connections on the node's own API address to the published addresses of the API, and of its konnectivity server.
//!
//! Bytes only: TLS is between the node and its API server, so the proxy needs no trust and holds no secret. The list of
//! endpoints is read again whenever its file changes; connections to an endpoint that died are cut, so that clients
//! notice at once instead of after their own timeouts.

mod dial;
mod endpoints;

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use hoist_node_config::{Endpoint, ProxySettings, paths};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tracing::{debug, info, warn};

use crate::netlink;
use endpoints::Endpoints;

pub use dial::is_exempt;

/// How often the file and the endpoints are looked at.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// The proxy's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to forward to, best first.
    pub endpoints: Vec<Endpoint>,
    /// HTTP proxy to go through.
    #[serde(default)]
    pub proxy: Option<ProxySettings>,
}

/// Why the proxy cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its file.
    #[error("failed to read {}; run `hoist-node join` again to write it", path.display())]
    Configuration {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its address.
    #[error("failed to give the loopback interface the API's address")]
    Address {
        /// What the kernel said.
        #[from]
        source: netlink::Refused,
    },
    /// Its port.
    #[error("failed to listen on {address}; is something else listening there?")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// Reads the proxy's file.
pub fn read_config(path: &std::path::Path) -> Result<Config, Error> {
    let error = |source| Error::Configuration { path: path.to_owned(), source };
    let text = fs_err::read(path).map_err(error)?;
    serde_json::from_slice(&text).map_err(|source| error(source.into()))
}

/// Runs the proxy of this host: adds its address to loopback and serves until the process ends.
pub async fn run() -> Result<(), Error> {
    let path = PathBuf::from(paths::API_PROXY_CONFIG);
    let config = read_config(&path)?;
    if !config.listen.ip().is_loopback() {
        netlink::add_address("lo", config.listen.ip())?;
    }
    let konnectivity = PathBuf::from(paths::KONNECTIVITY_PROXY_CONFIG);
    if !konnectivity.exists() {
        return serve(path, config).await;
    }
    let other = read_config(&konnectivity)?;
    tokio::try_join!(serve(path, config), serve(konnectivity, other)).map(|_| ())
}

/// Serves with the configuration at `path`, of which `config` is the first reading.
pub async fn serve(path: PathBuf, config: Config) -> Result<(), Error> {
    let listener =
        TcpListener::bind(config.listen).await.map_err(|source| Error::Listen { address: config.listen, source })?;
    info!(listen = %config.listen, endpoints = config.endpoints.len(), "API proxy listens");
    forward(listener, path, config).await;
    Ok(())
}

async fn forward(listener: TcpListener, path: PathBuf, config: Config) {
    let endpoints = Arc::new(Endpoints::new(&config));
    tokio::spawn(watch(path, config, Arc::clone(&endpoints)));
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                tokio::spawn(serve_client(client, Arc::clone(&endpoints)));
            }
            Err(cause) => {
                // Out of descriptors, mostly; the next round of ending connections frees some.
                warn!(%cause, "connection not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Keeps the list of endpoints and their health current.
async fn watch(path: PathBuf, mut config: Config, endpoints: Arc<Endpoints>) {
    let mut ticks = tokio::time::interval(CHECK_INTERVAL);
    loop {
        ticks.tick().await;
        match read_config(&path) {
            Ok(found) if found != config => {
                info!(endpoints = found.endpoints.len(), "API endpoints changed");
                endpoints.replace(&found);
                config = found;
            }
            Ok(_) => {}
            // An unreadable file must not take the API away from a running node.
            Err(cause) => warn!(%cause, "API endpoints not read again"),
        }
        endpoints.check_all().await;
    }
}

async fn serve_client(mut client: TcpStream, endpoints: Arc<Endpoints>) {
    let _ = client.set_nodelay(true);
    let Some((mut server, endpoint)) = endpoints.connect().await else {
        debug!("no API endpoint answers");
        return;
    };
    let mut died = endpoint.subscribe();
    tokio::select! {
        // Either side may end when it likes; that is the clients' business.
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = died.wait_for(|is_healthy| !*is_healthy) => debug!("connection cut: its API endpoint died"),
    }
}

#[cfg(test)]
mod tests;
