//! Clients of a hosted API server.

use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

/// An API server on the same network accepts within milliseconds.
const CONNECT: Duration = Duration::from_secs(5);

/// How a hosted API server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `https://address:port`.
    pub url: String,
    /// Name in its certificate.
    pub server_name: String,
    /// Proxy on the way.
    pub proxy: Option<String>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The kubeconfig is not usable.
    #[error("the kubeconfig for the hosted API server cannot be used")]
    Kubeconfig(#[from] KubeconfigError),
    /// The address is no URL.
    #[error("{url:?} is no address of an API server; expected https://address:port")]
    Url {
        /// What was given.
        url: String,
    },
    /// The client cannot be made.
    #[error("no client can be made for the hosted API server")]
    Client(#[from] kube::Error),
}

/// A client with the credentials of `kubeconfig`, whatever address stands in it.
pub async fn client(kubeconfig: &str, route: &Route) -> Result<Client, AccessError> {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig)?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let parse = |url: &str| url.parse().map_err(|_| AccessError::Url { url: url.to_owned() });
    config.cluster_url = parse(&route.url)?;
    config.proxy_url = route.proxy.as_deref().map(parse).transpose()?;
    config.tls_server_name = Some(route.server_name.clone());
    config.connect_timeout = Some(CONNECT);
    Ok(Client::try_from(config)?)
}
