//! The management cluster: local hosts prepared like any node, with its control plane as static pods.
//!
//! Everything an instance knows about Kubernetes is below this module; hosts and networks know
//! nothing of it.

pub mod api;
mod certificates;
mod containers;
mod node;
pub mod objects;
mod payload;
mod registry;
mod services;
mod static_pods;
mod tools;

use std::{io, path::PathBuf, sync::Arc};

use jiff::Timestamp;

pub use certificates::Certificates;
pub use payload::{Payload, registry_host};
pub use registry::{look as look_at_registry, options as registry_options};
pub use services::look as look_at_services;

use crate::{
    host::{self, Host, Role},
    instance::Instance,
    machine,
    network::switch,
    progress::{Progress, stage},
};

/// Why the management cluster is not up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A host.
    #[error(transparent)]
    Host(#[from] host::Error),
    /// The network.
    #[error(transparent)]
    Switch(#[from] switch::Error),
    /// The payload is missing or damaged.
    #[error("the payload in {path} cannot be used; make it with `make payload`")]
    Payload {
        /// The layout's folder.
        path: PathBuf,
        /// What is wrong.
        source: hoist_registry::LayoutError,
    },
    /// There is no release in it.
    #[error("the payload in {path} holds no release image; make it with `make payload`")]
    NoRelease {
        /// The layout's folder.
        path: PathBuf,
    },
    /// The release lacks a component.
    #[error("the payload's release image is not complete; make it again with `make payload`")]
    Release(#[from] hoist_release::ReleaseError),
    /// A certificate cannot be made.
    #[error("cannot make the management cluster's certificates")]
    Certificates(#[from] hoist_pki::Error),
    /// A node's file system cannot be prepared.
    #[error("cannot prepare management node `{node}`")]
    Prepare {
        /// The node.
        node: String,
        /// What went wrong.
        source: hoist_host::prepare::Error,
    },
    /// Its services cannot be installed.
    #[error("cannot install the services of management node `{node}`")]
    Services {
        /// The node.
        node: String,
        /// What went wrong.
        source: hoist_host::init_system::Error,
    },
    /// The registry refuses.
    #[error("cannot fill the instance's registry")]
    Registry(#[source] Box<hoist_registry::Error>),
    /// The API refuses.
    #[error("the management API refuses to {action} {object}")]
    Api {
        /// What was tried.
        action: &'static str,
        /// The object.
        object: String,
        /// What it said.
        source: Box<kube::Error>,
    },
    /// No client.
    #[error("the management cluster's kubeconfig cannot be used")]
    Client(#[source] Box<kube::config::KubeconfigError>),
    /// Something did not come up in time.
    #[error("{what} is not ready after {seconds} s: {last}; look at `{look}`")]
    Late {
        /// What.
        what: &'static str,
        /// How long it was waited for.
        seconds: u64,
        /// The last that was seen of it.
        last: String,
        /// A command that says more.
        look: String,
    },
    /// The file system refused.
    #[error("cannot {action}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// What the system said; it names the path.
        source: io::Error,
    },
    /// A task of ours ended early.
    #[error("a task of `up` ended early")]
    Task(#[from] tokio::task::JoinError),
}

/// The management cluster's name in its own objects and certificates.
pub const CLUSTER_NAME: &str = "management";

/// Name of the management node `index`.
pub fn node_name(index: u8) -> String {
    format!("management-{index}")
}

/// The management nodes that exist, in order.
pub fn nodes(instance: &Instance) -> Result<Vec<Host>, host::Error> {
    let mut hosts = Host::list(instance)?;
    hosts.retain(|host| matches!(host.role(), Role::Management { .. }));
    Ok(hosts)
}

/// Makes what must exist before the daemon can start: payload opened, certificates, credentials and
/// the files that point to them.
pub async fn credentials(instance: &Instance, proxy_port: u16) -> Result<(Arc<Payload>, Arc<Certificates>), Error> {
    let instance = instance.clone();
    let made = tokio::task::spawn_blocking(move || -> Result<_, Error> {
        let payload = Payload::open(&machine::cache_dir())?;
        let certificates = Certificates::ensure(&instance, proxy_port)?;
        Ok((Arc::new(payload), Arc::new(certificates)))
    });
    made.await?
}

/// Brings the management cluster up with at least `count` nodes. Says whether anything was missing.
///
/// The daemon must run: the API is reached through its proxy.
pub async fn up(
    instance: &Instance,
    payload: &Arc<Payload>,
    certificates: &Arc<Certificates>,
    count: u8,
    progress: &dyn Progress,
) -> Result<bool, Error> {
    let begin = Timestamp::now();
    let mut started = Vec::new();
    let prepared = async {
        let prepared = prepare_nodes(instance, payload, certificates, count).await?;
        started = prepared.started;
        Ok::<_, Error>(prepared.changed)
    };
    let mut changed = stage(progress, "management nodes", prepared).await?;
    let nodes = nodes(instance)?;
    let Some(first) = nodes.first() else { return Ok(changed) };
    let client = api::client(instance)?;

    changed |= stage(progress, "first images", containers::import(first, payload, containers::FIRST)).await?;
    // Filling the registry takes as long as everything else together, and needs none of it.
    let filled = async {
        let started = registry::start(first, payload, certificates).await?;
        Ok::<_, Error>(registry::fill(first, payload).await? | started)
    };
    let cluster = async {
        let mut changed =
            stage(progress, "control plane", control_plane(&client, first, payload, certificates)).await?;
        for node in &nodes[1..] {
            changed |= containers::import(node, payload, containers::FIRST).await?;
            changed |= containers::import(node, payload, containers::REST).await?;
        }
        changed |= stage(progress, "cluster services", objects::apply(&client, payload)).await?;
        changed |= stage(progress, "nodes ready", api::wait_for_nodes(&client, &nodes, &started, begin)).await?;
        Ok::<_, Error>(changed)
    };
    let (cluster, filled) = tokio::join!(cluster, stage(progress, "registry", filled));
    changed |= cluster? | filled?;
    Ok(changed | stage(progress, "services ready", Box::pin(services::wait(&client, first))).await?)
}

async fn control_plane(
    client: &kube::Client,
    first: &Host,
    payload: &Arc<Payload>,
    certificates: &Arc<Certificates>,
) -> Result<bool, Error> {
    let mut changed = static_pods::start(first, payload, certificates).await?;
    let was_ready = api::is_ready(client).await.is_ok();
    let (ready, imported) =
        tokio::join!(api::wait_until_ready(client, first), containers::import(first, payload, containers::REST));
    ready?;
    changed |= imported?;
    changed |= static_pods::start_rest(first, payload, certificates).await?;
    if !was_ready && !api::knows_node(client, first.name()).await? {
        // kubelet has been trying to register ever less often, and would take a minute more to show
        // the pods that it started before it could. Its pods live on.
        let first = first.clone();
        tokio::task::spawn_blocking(move || first.output(&["pkill", "-TERM", "-x", "kubelet"])).await??;
    }
    Ok(changed)
}

/// What [`prepare_nodes`] found and did.
struct Prepared {
    /// Whether anything was different.
    changed: bool,
    /// Names of the hosts that were off.
    started: Vec<String>,
}

async fn prepare_nodes(
    instance: &Instance,
    payload: &Arc<Payload>,
    certificates: &Arc<Certificates>,
    count: u8,
) -> Result<Prepared, Error> {
    let (instance, payload, certificates) = (instance.clone(), Arc::clone(payload), Arc::clone(certificates));
    tokio::task::spawn_blocking(move || {
        let (mut changed, mut started) = (tools::ensure(&instance, &payload)?, Vec::new());
        let mut nodes = nodes(&instance)?;
        let present = u8::try_from(nodes.len()).unwrap_or(u8::MAX);
        let base = machine::base_root(&machine::cache_dir());
        for index in present..count.max(1) {
            nodes.push(Host::create(&instance, &node_name(index), Role::Management { index }, &base)?);
        }
        for host in &nodes {
            if host.init().is_none() {
                static_pods::hold_back(host)?;
            }
            if host.start()? {
                started.push(host.name().to_owned());
                changed = true;
            }
            changed |= node::prepare(&instance, host, &payload, &certificates)?;
        }
        Ok(Prepared { changed, started })
    })
    .await?
}
