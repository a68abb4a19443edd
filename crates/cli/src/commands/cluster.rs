//! Hosted clusters: create, destroy, dump, status.

pub mod create;
pub mod destroy;
pub mod dump;
pub mod status;

use std::ffi::OsString;

use anyhow::{Result, anyhow};
use clap::Args;
use hoist_api::{HostedCluster, NodePool};
use kube::Api;
use kube::api::ListParams;

use crate::failure::usage;
use crate::session::Session;

/// Takes any flags, so that the refusal speaks of the platform and not of a flag.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub struct Unserved {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _rest: Vec<OsString>,
}

/// The refusal of a platform that is not served.
pub fn unserved(platform: &str) -> anyhow::Error {
    usage(format!(
        "platform {platform} is not supported on this installation, which serves agent, kubevirt and none; platform none takes Linux hosts of any kind, virtual machines of a cloud included"
    ))
}

/// Reads a HostedCluster that must exist.
pub async fn read(session: &Session, namespace: &str, name: &str) -> Result<HostedCluster> {
    find(session, namespace, name).await?.ok_or_else(|| {
        anyhow!(
            "HostedCluster {namespace}/{name} does not exist; check --name and --namespace against `kubectl get hostedclusters -A`"
        )
    })
}

/// Reads a HostedCluster if there is one.
pub async fn find(session: &Session, namespace: &str, name: &str) -> Result<Option<HostedCluster>> {
    let api: Api<HostedCluster> = Api::namespaced(session.client(), namespace);
    session.call(&format!("read HostedCluster {namespace}/{name}"), api.get_opt(name)).await
}

/// The NodePools of a cluster, by name.
pub async fn node_pools(session: &Session, namespace: &str, name: &str) -> Result<Vec<NodePool>> {
    let api: Api<NodePool> = Api::namespaced(session.client(), namespace);
    let list = session.call(&format!("list NodePools in {namespace}"), api.list(&ListParams::default())).await?;
    Ok(list.items.into_iter().filter(|pool| pool.spec.cluster_name == name).collect())
}
