//! What the management cluster says about a new cluster, asked all at once: latency counts once, not five times.

use anyhow::{Result, anyhow, bail};
use futures::future::{try_join, try_join5};
use hoist_api::names;
use hoist_deployment::router_domain;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Node};
use kube::Api;
use kube::api::ListParams;

use crate::args::cluster::ClusterFlags;
use crate::commands::version::supported::SupportedVersions;
use crate::session::Session;

use super::input::Input;
use super::platform::Publishing;
use super::release_stream;

/// Nodes that are looked at; any one of them will do.
const NODE_LIMIT: u32 = 50;
/// Architecture whose nodes need not be looked at: it is what releases are built for.
const USUAL_ARCHITECTURE: &str = "amd64";

/// The answers.
pub struct Management {
    /// Whether the HostedCluster's namespace exists.
    pub has_namespace: bool,
    exists: bool,
    missing_namespace: Option<String>,
    names_routes: bool,
    supported: Option<SupportedVersions>,
    nodes: Vec<Node>,
}

impl Management {
    /// Asks for what the flags leave open, and for what must or must not exist.
    pub async fn read(session: &Session, flags: &ClusterFlags, input: &Input, address_flag: &str) -> Result<Self> {
        let namespace = has_namespace(session, &flags.namespace);
        let missing_namespace = async {
            match &input.platform.needed_namespace {
                Some(namespace) if !has_namespace(session, namespace).await? => Ok(Some(namespace.clone())),
                _ => Ok(None),
            }
        };
        let cluster = crate::commands::cluster::find(session, &flags.namespace, &flags.name);
        let supported =
            async { if input.release_image.is_empty() { SupportedVersions::read(session).await } else { Ok(None) } };
        let asks_nodes = input.platform.publishing.needs_address() || flags.nodes.arch != USUAL_ARCHITECTURE;
        let nodes = async { if asks_nodes { nodes(session, address_flag).await } else { Ok(Vec::new()) } };
        // Other platforms that publish so are refused by the operator, with or without a router.
        let asks_router =
            input.platform.name == "None" && matches!(input.platform.publishing, Publishing::Ingress { .. });
        let names_routes = async { if asks_router { names_routes(session).await } else { Ok(true) } };
        let (has_namespace, missing_namespace, cluster, supported, (nodes, names_routes)) =
            Box::pin(try_join5(namespace, missing_namespace, cluster, supported, try_join(nodes, names_routes)))
                .await?;
        Ok(Self { has_namespace, exists: cluster.is_some(), missing_namespace, names_routes, supported, nodes })
    }

    /// Refuses what cannot be, and fills in what was left open.
    pub fn complete(&self, flags: &ClusterFlags, mut input: Input, address_flag: &str) -> Result<Input> {
        if self.exists {
            bail!(
                "HostedCluster {}/{} already exists; choose another --name, or destroy it first with `destroy cluster {} --name {}`",
                flags.namespace,
                flags.name,
                input.platform.name.to_lowercase(),
                flags.name
            );
        }
        self.check_architecture(&flags.nodes.arch)?;
        if let Some(namespace) = &self.missing_namespace {
            bail!(
                "--agent-namespace {namespace}: the management cluster has no such namespace; name the one that holds the Agents, or create it first with `kubectl create namespace {namespace}`"
            );
        }
        if !self.names_routes {
            bail!(
                "--expose-through-load-balancer publishes Ignition, Konnectivity and OAuthServer by Route, and this installation makes no names for Routes: install again with --router and --router-domain, or add --external-api-server-address, and they are published by NodePort there"
            );
        }
        if input.release_image.is_empty() {
            let supported = self.supported.as_ref().ok_or_else(not_installed)?;
            input.release_image = if flags.release_stream.is_empty() {
                supported.newest_image()?
            } else {
                release_stream::newest(&flags.release_stream, supported.releases())?
            };
        }
        if input.platform.publishing.needs_address() {
            let address = address(&self.nodes, address_flag)?;
            input.platform.publishing = Publishing::NodePort { address: Some(address) };
        }
        Ok(input)
    }

    fn check_architecture(&self, wanted: &str) -> Result<()> {
        let mut found: Vec<&str> = self
            .nodes
            .iter()
            .filter_map(|node| node.status.as_ref()?.node_info.as_ref())
            .map(|info| info.architecture.as_str())
            .collect();
        found.sort_unstable();
        found.dedup();
        if found.is_empty() || found.contains(&wanted) {
            return Ok(());
        }
        bail!(
            "--arch {wanted}: the nodes of the management cluster are {}, and a release image holds one architecture; expected {}",
            found.join(", "),
            found.join(" or ")
        )
    }
}

/// Refuses to go on when this program and the operator are of different versions.
pub async fn check_version(session: &Session) -> Result<()> {
    let ours = env!("CARGO_PKG_VERSION");
    match SupportedVersions::read(session).await?.ok_or_else(not_installed)?.server_version() {
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

/// The newest release image of a stream that the operator knows.
pub async fn newest_of_stream(session: &Session, stream: &str) -> Result<String> {
    let supported = SupportedVersions::read(session).await?.ok_or_else(not_installed)?;
    release_stream::newest(stream, supported.releases())
}

async fn has_namespace(session: &Session, name: &str) -> Result<bool> {
    let api: Api<Namespace> = Api::all(session.client());
    Ok(session.call(&format!("read Namespace {name}"), api.get_metadata_opt(name)).await?.is_some())
}

/// Whether there is a router, and it knows Routes by names that nobody has to give.
async fn names_routes(session: &Session) -> Result<bool> {
    let api: Api<Deployment> = Api::namespaced(session.client(), names::OPERATOR_NAMESPACE);
    let action = format!("read Deployment {}/{}", names::OPERATOR_NAMESPACE, names::ROUTER);
    Ok(session.call(&action, api.get_opt(names::ROUTER)).await?.is_some_and(|router| router_domain(&router).is_some()))
}

fn not_installed() -> anyhow::Error {
    anyhow!(
        "the management cluster says nothing of supported versions (ConfigMap {}/{} is missing); install the operator with `hcp install`, or name a --release-image",
        names::OPERATOR_NAMESPACE,
        names::SUPPORTED_VERSIONS
    )
}

/// Some nodes of the management cluster.
pub async fn nodes(session: &Session, address_flag: &str) -> Result<Vec<Node>> {
    let api: Api<Node> = Api::all(session.client());
    let action = format!("list Nodes to find where the control plane is reached (or pass {address_flag})");
    let list = session.call(&action, api.list(&ListParams::default().limit(NODE_LIMIT))).await?;
    Ok(list.items)
}

/// The internal address of the first Ready node by name, or of the first at all.
pub fn address(nodes: &[Node], address_flag: &str) -> Result<String> {
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
        anyhow!("no Node of the management cluster has an InternalIP; pass {address_flag} with the address at which its nodes are reached")
    })
}

#[cfg(test)]
mod tests {
    use hoist_testkit::FakeApi;
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

    #[tokio::test]
    async fn routes_need_a_router_that_makes_names() {
        let router = |command: &[&str]| {
            serde_json::from_value::<Deployment>(json!({
                "metadata": {"name": names::ROUTER, "namespace": names::OPERATOR_NAMESPACE},
                "spec": {"selector": {}, "template": {"spec": {"containers": [{"name": "router", "command": command}]}}},
            }))
            .unwrap()
        };
        let none = FakeApi::new();
        assert!(!names_routes(&Session::with_client(none.client())).await.unwrap());
        let without = FakeApi::new().with(&router(&["/usr/bin/hoist-router"]));
        assert!(!names_routes(&Session::with_client(without.client())).await.unwrap());
        let with = FakeApi::new().with(&router(&["/usr/bin/hoist-router", "--domain=apps.example.com"]));
        assert!(names_routes(&Session::with_client(with.client())).await.unwrap());
    }

    #[test]
    fn a_ready_node_is_preferred_then_the_first_by_name() {
        let nodes = [node("b", "True", "192.0.2.2"), node("a", "False", "192.0.2.1"), node("c", "True", "192.0.2.3")];
        assert_eq!(address(&nodes, "--api-server-address").unwrap(), "192.0.2.2");
        assert_eq!(address(&nodes[1..2], "--api-server-address").unwrap(), "192.0.2.1");
        assert!(address(&[], "--api-server-address").unwrap_err().to_string().contains("--api-server-address"));
    }
}
