//! What the bootstrap server needs of the operator: its authority and certificate, and saying what join lines pin.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use data_encoding::HEXLOWER;
use hoist_api::names::BOOTSTRAP_SERVER_NAME;
use hoist_controller::{Calls, Clock};
use hoist_deployment::{
    BOOTSTRAP_CA_SECRET, BOOTSTRAP_INFO, BOOTSTRAP_INFO_HOIST_NODE, BOOTSTRAP_INFO_PIN, BOOTSTRAP_SERVER_SECRET,
};
use hoist_pki::table::bootstrap_server;
use hoist_pki::{Data, KeySource, desired, pin};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::core::ObjectMeta;
use kube::{Api, Client};
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;

use crate::context::Context;

/// How often the certificate's end and the Services' ports are looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(60 * 60);
/// The node agent in the operator's image.
const HOIST_NODE: &str = "/usr/bin/hoist-node";
/// How soon after a failure.
const RETRY: Duration = Duration::from_secs(5);

/// What is known of the bootstrap server. Cloning shares it.
#[derive(Clone, Default)]
pub struct BootstrapServer {
    hoist_node_hash: Arc<OnceCell<String>>,
}

impl BootstrapServer {
    /// Makes the Secrets and says what join lines pin: first thing at start, because joining hosts and the server wait for them.
    pub async fn prepare(
        &self,
        client: &Client,
        calls: &Calls,
        namespace: &str,
        clock: &Clock,
        keys: &dyn KeySource,
    ) -> anyhow::Result<()> {
        let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
        let mut existing = BTreeMap::new();
        for name in [BOOTSTRAP_CA_SECRET, BOOTSTRAP_SERVER_SECRET] {
            if let Some(secret) = calls.get(&secrets, name).await? {
                existing.insert(name.to_owned(), data_of(secret));
            }
        }
        let wanted = desired(&bootstrap_server::rows(BOOTSTRAP_SERVER_NAME), &existing, clock.now(), keys)
            .context("the bootstrap server's certificates cannot be made")?;
        for change in &wanted.changes {
            tracing::info!(secret = change.name, reason = change.reason, "made a certificate");
        }
        let wanted_authority = wanted
            .secrets
            .iter()
            .find(|(name, _)| **name == BOOTSTRAP_CA_SECRET)
            .and_then(|(_, data)| data.get("ca.crt"))
            .map(|certificate| String::from_utf8_lossy(certificate).into_owned());
        for (name, data) in wanted.secrets {
            if existing.get(name) != Some(&data) {
                calls.apply(&secrets, &secret(namespace, name, data)).await?;
            }
        }
        let authority = wanted_authority.unwrap_or_default();
        let pin = pin::of_certificate(&authority).context("the bootstrap server's authority cannot be pinned")?;
        let info: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
        let wanted = join_info(namespace, pin, self.hoist_node_hash().await);
        if calls.get(&info, BOOTSTRAP_INFO).await?.is_none_or(|live| live.data != wanted.data) {
            calls.apply(&info, &wanted).await?;
        }
        Ok(())
    }

    /// Hash of the `hoist-node` in this image, which is the one that the bootstrap server serves; none when there is none, as in
    /// an operator that runs outside of its image.
    async fn hoist_node_hash(&self) -> Option<String> {
        let hash = self.hoist_node_hash.get_or_try_init(|| async {
            tokio::task::spawn_blocking(|| hash_of(Path::new(HOIST_NODE))).await.map_err(std::io::Error::other)?
        });
        match hash.await {
            Ok(hash) => Some(hash.clone()),
            Err(error) => {
                tracing::warn!(%error, path = HOIST_NODE, "join commands cannot be made: hoist-node cannot be read");
                None
            }
        }
    }

    /// Does so again from time to time, and reads the Services that stand before hosted clusters.
    pub async fn keep(&self, ctx: &Context) {
        let (client, calls, namespace) = (&ctx.client, &ctx.calls, &ctx.settings.namespace);
        let mut pause = LOOK_AGAIN;
        loop {
            tokio::time::sleep(pause).await;
            let looked = async {
                self.prepare(client, calls, namespace, &ctx.clock, ctx.keys.as_ref()).await?;
                Ok::<_, anyhow::Error>(ctx.front.read(client, calls, namespace, ctx.settings.router).await?)
            };
            pause = match looked.await {
                Ok(()) => LOOK_AGAIN,
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "the bootstrap server was not looked after");
                    RETRY
                }
            };
        }
    }
}

/// SHA-256 of a file in hexadecimal, read piece by piece: the file is far larger than what the operator otherwise holds.
fn hash_of(path: &Path) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    std::io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
    Ok(HEXLOWER.encode(&hasher.finalize()))
}

/// The ConfigMap that `hcp create join-command` reads.
fn join_info(namespace: &str, pin: String, hoist_node_hash: Option<String>) -> ConfigMap {
    let hash = hoist_node_hash.map(|hash| (BOOTSTRAP_INFO_HOIST_NODE.to_owned(), hash));
    ConfigMap {
        metadata: metadata(namespace, BOOTSTRAP_INFO),
        data: Some([(BOOTSTRAP_INFO_PIN.to_owned(), pin)].into_iter().chain(hash).collect()),
        ..ConfigMap::default()
    }
}

/// A Secret's data as bytes.
pub fn data_of(secret: Secret) -> Data {
    secret.data.unwrap_or_default().into_iter().map(|(key, ByteString(value))| (key, value)).collect()
}

fn secret(namespace: &str, name: &str, data: Data) -> Secret {
    Secret {
        metadata: metadata(namespace, name),
        data: Some(data.into_iter().map(|(key, value)| (key, ByteString(value))).collect()),
        ..Secret::default()
    }
}

fn metadata(namespace: &str, name: &str) -> ObjectMeta {
    let managed_by = (hoist_api::labels::MANAGED_BY.to_owned(), hoist_api::labels::MANAGED_BY_HOIST.to_owned());
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(namespace.to_owned()),
        labels: Some([managed_by].into()),
        ..ObjectMeta::default()
    }
}

#[cfg(test)]
mod tests {
    use hoist_pki::SystemKeys;
    use hoist_testkit::FakeApi;

    use super::*;

    #[tokio::test]
    async fn join_lines_find_the_pin_of_the_servers_authority() {
        let fake = FakeApi::new();
        let clock = Clock::system();
        let server = BootstrapServer::default();
        server.prepare(&fake.client(), &Calls::new("test"), "hypershift", &clock, &SystemKeys).await.unwrap();
        let info: ConfigMap = fake.get("hypershift", BOOTSTRAP_INFO);
        let secret: Secret = fake.get("hypershift", BOOTSTRAP_CA_SECRET);
        let certificate = String::from_utf8(data_of(secret)["ca.crt"].clone()).unwrap();
        assert_eq!(info.data.unwrap()[BOOTSTRAP_INFO_PIN], pin::of_certificate(&certificate).unwrap());
    }

    #[test]
    fn a_file_is_hashed_whole() {
        let hash = hash_of(Path::new("/dev/null")).unwrap();
        assert_eq!(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
