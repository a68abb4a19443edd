//! What the management cluster says about a new cluster, asked all at once: latency counts once, not five times.

use anyhow::{Result, anyhow, bail};
use futures::future::try_join4;
use hoist_api::names;
use k8s_openapi::api::core::v1::{Namespace, Node};
use kube::Api;
use kube::api::ListParams;

use crate::args::cluster::ClusterFlags;
use crate::commands::version::supported::SupportedVersions;
use crate::session::Session;

use super::input::Input;

/// Nodes that are looked at; any one of them will do.
const NODE_LIMIT: u32 = 50;

/// The answers.
pub struct Management {
    /// Whether the HostedCluster's namespace exists.
    pub has_namespace: bool,
    exists: bool,
    supported: Option<SupportedVersions>,
    nodes: Vec<Node>,
}

impl Management {
    /// Asks for what the flags leave open, and for what must not exist.
    pub async fn read(session: &Session, flags: &ClusterFlags, input: &Input) -> Result<Self> {
        let namespace = async {
            let api: Api<Namespace> = Api::all(session.client());
            let action = format!("read Namespace {}", flags.namespace);
            session.call(&action, api.get_metadata_opt(&flags.namespace)).await
        };
        let cluster = crate::commands::cluster::find(session, &flags.namespace, &flags.name);
        let supported = async {
            if input.release_image.is_empty() || flags.version_check {
                SupportedVersions::read(session).await
            } else {
                Ok(None)
            }
        };
        let nodes = async { if input.address.is_none() { nodes(session).await } else { Ok(Vec::new()) } };
        let (namespace, cluster, supported, nodes) = try_join4(namespace, cluster, supported, nodes).await?;
        Ok(Self { has_namespace: namespace.is_some(), exists: cluster.is_some(), supported, nodes })
    }

    /// Refuses what cannot be, and fills in what was left open.
    pub fn complete(&self, flags: &ClusterFlags, input: Input) -> Result<Input> {
        if flags.version_check {
            self.check_version()?;
        }
        if self.exists {
            bail!(
                "HostedCluster {}/{} already exists; choose another --name, or destroy it first with `destroy cluster none --name {}`",
                flags.namespace,
                flags.name,
                flags.name
            );
        }
        let release_image = if input.release_image.is_empty() {
            let supported = self.supported.as_ref().ok_or_else(not_installed)?;
            supported.newest_image()?
        } else {
            input.release_image.clone()
        };
        let address = match &input.address {
            Some(address) => address.clone(),
            None => address(&self.nodes)?,
        };
        Ok(Input { release_image, address: Some(address), ..input })
    }

    fn check_version(&self) -> Result<()> {
        let ours = env!("CARGO_PKG_VERSION");
        match self.supported.as_ref().ok_or_else(not_installed)?.server_version() {
            Some(theirs) if theirs == ours => Ok(()),
            Some(theirs) => Err(anyhow!(
                "--version-check: this program is {ours} and the operator {theirs}; use the program of version {theirs}"
            )),
            None => Err(anyhow!(
                "--version-check: the operator does not say its version in ConfigMap {}/{}",
                names::OPERATOR_NAMESPACE,
                names::SUPPORTED_VERSIONS
            )),
        }
    }
}

fn not_installed() -> anyhow::Error {
    anyhow!(
        "the management cluster says nothing of supported versions (ConfigMap {}/{} is missing); install the operator with `hcp install`, or name a --release-image",
        names::OPERATOR_NAMESPACE,
        names::SUPPORTED_VERSIONS
    )
}

/// Some nodes of the management cluster.
pub async fn nodes(session: &Session) -> Result<Vec<Node>> {
    let api: Api<Node> = Api::all(session.client());
    let action = "list Nodes to find where the control plane is reached (or pass --external-api-server-address)";
    let list = session.call(action, api.list(&ListParams::default().limit(NODE_LIMIT))).await?;
    Ok(list.items)
}

/// The internal address of the first Ready node by name, or of the first at all.
pub fn address(nodes: &[Node]) -> Result<String> {
    let mut candidates: Vec<(bool, &str, &str)> = nodes
        .iter()
        .filter_map(|node| {
            let status = node.status.as_ref()?;
            let address = status.addresses.as_ref()?.iter().find(|address| address.type_ == "InternalIP")?;
            let conditions = status.conditions.as_deref().unwrap_or_default();
            let ready = conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
            Some((!ready, node.metadata.name.as_deref().unwrap_or_default(), address.address.as_str()))
        })
        .collect();
    candidates.sort_unstable();
    candidates.first().map(|(_, _, address)| (*address).to_owned()).ok_or_else(|| {
        anyhow!("no Node of the management cluster has an InternalIP; pass --external-api-server-address with the address at which its nodes are reached")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(name: &str, ready: &str, address: &str) -> Node {
        serde_json::from_value(json!({
            "metadata": {"name": name},
            "status": {
                "addresses": [{"type": "Hostname", "address": name}, {"type": "InternalIP", "address": address}],
                "conditions": [{"type": "Ready", "status": ready}],
            },
        }))
        .unwrap()
    }

    #[test]
    fn a_ready_node_is_preferred_then_the_first_by_name() {
        let nodes = [node("b", "True", "192.0.2.2"), node("a", "False", "192.0.2.1"), node("c", "True", "192.0.2.3")];
        assert_eq!(address(&nodes).unwrap(), "192.0.2.2");
        assert_eq!(address(&nodes[1..2]).unwrap(), "192.0.2.1");
        assert!(address(&[]).unwrap_err().to_string().contains("--external-api-server-address"));
    }
}
