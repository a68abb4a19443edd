//! Plain HTTPS towards an API server with what a kubeconfig holds, so that polling costs no process.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Whether a connection serves one request or many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// One each.
    New,
    /// One for all.
    Kept,
}

/// An API server and an identity.
#[derive(Debug, Clone)]
pub struct Api {
    client: reqwest::Client,
    server: String,
}

impl Api {
    /// From the text of a kubeconfig with embedded certificates.
    pub fn new(kubeconfig: &str) -> anyhow::Result<Self> {
        Self::build(kubeconfig, |builder, _| builder)
    }

    /// Likewise, with the host of its server at `address` whatever its name.
    pub fn at(kubeconfig: &str, address: IpAddr, connections: Connections) -> anyhow::Result<Self> {
        Self::build(kubeconfig, |builder, host| {
            let builder = builder.resolve(host, SocketAddr::new(address, 0));
            if connections == Connections::New { builder.pool_max_idle_per_host(0) } else { builder }
        })
    }

    fn build(
        kubeconfig: &str,
        more: impl FnOnce(reqwest::ClientBuilder, &str) -> reqwest::ClientBuilder,
    ) -> anyhow::Result<Self> {
        let config: Value = serde_saphyr::from_str(kubeconfig).context("the kubeconfig is no YAML")?;
        let cluster = &config["clusters"][0]["cluster"];
        let user = &config["users"][0]["user"];
        let decoded = |value: &Value| -> anyhow::Result<Vec<u8>> {
            STANDARD.decode(value.as_str().context("the kubeconfig lacks a certificate")?).context("base64")
        };
        let mut identity = decoded(&user["client-key-data"])?;
        identity.extend(decoded(&user["client-certificate-data"])?);
        let mut builder = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .add_root_certificate(reqwest::Certificate::from_pem(&decoded(&cluster["certificate-authority-data"])?)?)
            .identity(reqwest::Identity::from_pem(&identity)?);
        if let Some(proxy) = cluster["proxy-url"].as_str() {
            builder = builder.proxy(reqwest::Proxy::all(proxy)?);
        }
        let server = cluster["server"].as_str().context("the kubeconfig names no server")?.to_owned();
        let host = reqwest::Url::parse(&server)?.host_str().unwrap_or_default().to_owned();
        Ok(Self { client: more(builder, &host).build()?, server })
    }

    /// The object or list at `path`; any answer but 200 is an error.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let response = self.client.get(format!("{}{path}", self.server)).send().await?;
        if response.status() != reqwest::StatusCode::OK {
            bail!("{path}: {}", response.status());
        }
        Ok(response.json().await?)
    }

    /// Asks for `path` every 20 ms until `accept` takes the answer, at most for `limit`.
    pub async fn until(&self, path: &str, limit: Duration, accept: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let polling = async {
            loop {
                if let Ok(value) = self.get(path).await
                    && accept(&value)
                {
                    return value;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(limit, polling).await.with_context(|| format!("{path}: not within {} s", limit.as_secs()))
    }
}
