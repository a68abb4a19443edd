//! `destroy cluster`: deletes the HostedCluster, waits until nothing of it is left, and says what it waits for.

mod follow;
mod force;

use anyhow::{Result, anyhow, bail};
use clap::{Args, Subcommand};
use hoist_api::duration::GoDuration;
use hoist_api::{HostedCluster, annotations, labels};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::json;

use crate::apply::FIELD_MANAGER;
use crate::args::cluster_reference::ClusterReference;
use crate::args::go_bool::GoBool;
use crate::args::kubeconfig::KubeconfigFlags;
use crate::commands::Context;
use crate::commands::cluster::{self, Unserved, unserved};
use crate::session::Session;

use follow::Follower;

/// Platforms of HyperShift; those without a cloud are served.
#[derive(Debug, Subcommand)]
pub enum Platform {
    /// Destroy a hosted cluster of platform Agent and let its hosts go
    Agent(DestroyArguments),
    /// Destroy a hosted cluster on AWS (not supported on this installation)
    Aws(Unserved),
    /// Destroy a hosted cluster on Azure (not supported on this installation)
    Azure(Unserved),
    /// Destroy a hosted cluster on Google Cloud (not supported on this installation)
    Gcp(Unserved),
    /// Destroy a hosted cluster of platform KubeVirt and its virtual machines
    Kubevirt(DestroyArguments),
    /// Destroy a hosted cluster of platform None and let its hosts go
    None(DestroyArguments),
    /// Destroy a hosted cluster on OpenStack (not supported on this installation)
    Openstack(Unserved),
    /// Destroy a hosted cluster on PowerVS (not supported on this installation)
    Powervs(Unserved),
}

/// `destroy cluster <platform>`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp destroy cluster none --name demo
  hcp destroy cluster agent --name demo --namespace team
  hcp destroy cluster none --name demo --cluster-grace-period 2m

Hosts that joined are told to leave and restored to what they were. Those that do not answer are
listed; they restore themselves as soon as they hear that the cluster is gone.")]
pub struct DestroyArguments {
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
    #[command(flatten)]
    cluster: ClusterReference,
    /// Longest wait for the cluster to be gone
    #[arg(long, value_name = "DURATION", default_value = "10m")]
    cluster_grace_period: GoDuration,
    /// Identifier of the infrastructure, to clean up after a HostedCluster that is already gone
    #[arg(long, value_name = "ID")]
    infra_id: Option<String>,
    /// Delete what a cloud holds for the cluster; without a cloud there is no such thing
    #[arg(long, value_name = "BOOL", default_value_t = GoBool(true), hide_default_value = true)]
    destroy_cloud_resources: GoBool,
    /// Remove all finalizers when the grace period is over; hosts and machines that are left then stay as they are
    #[arg(long, value_name = "BOOL", default_value_t, hide_default_value = true)]
    force: GoBool,
}

/// Runs `destroy cluster <platform>`.
pub async fn destroy(platform: Platform, context: &Context) -> Result<()> {
    let arguments = match platform {
        Platform::None(arguments) | Platform::Agent(arguments) | Platform::Kubevirt(arguments) => arguments,
        Platform::Aws(_) => return Err(unserved("aws")),
        Platform::Azure(_) => return Err(unserved("azure")),
        Platform::Gcp(_) => return Err(unserved("gcp")),
        Platform::Openstack(_) => return Err(unserved("openstack")),
        Platform::Powervs(_) => return Err(unserved("powervs")),
    };
    let control_plane = arguments.cluster.control_plane_namespace()?;
    let session = Session::open(&arguments.kubeconfig).await?;
    let (namespace, name) = (&arguments.cluster.namespace, &arguments.cluster.name);
    let Some(found) = cluster::find(&session, namespace, name).await? else {
        let Some(infra_id) = &arguments.infra_id else {
            bail!(
                "HostedCluster {namespace}/{name} does not exist; check --name and --namespace against `kubectl get hostedclusters -A`, or pass --infra-id to clean up after it"
            );
        };
        return delete_secrets(&session, namespace, infra_id, context).await;
    };
    let infra_id = arguments.infra_id.clone().or_else(|| found.spec.infra_id.clone());
    context.printer.info("Found hosted cluster", &[("namespace", namespace), ("name", name)]);
    let api: Api<HostedCluster> = Api::namespaced(session.client(), namespace);
    let object = format!("HostedCluster {namespace}/{name}");
    if arguments.destroy_cloud_resources.0 {
        let patch = Patch::Merge(json!({"metadata": {"annotations": {annotations::CLEANUP_CLOUD_RESOURCES: "true"}}}));
        let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        session.call(&format!("annotate {object}"), api.patch(name, &parameters, &patch)).await?;
    }
    session.call(&format!("delete {object}"), api.delete(name, &DeleteParams::background())).await?;
    let mut follower = Follower::default();
    let limit = arguments.cluster_grace_period;
    let outcome =
        tokio::time::timeout(limit.0, follower.until_gone(&session, &arguments.cluster, &control_plane, context)).await;
    if let Ok(outcome) = outcome {
        outcome?;
    } else if arguments.force.0 {
        force::force(&session, &arguments.cluster, &control_plane, context).await?;
    } else {
        return Err(anyhow!(
            "{object} is not gone after --cluster-grace-period {limit}; it still waits for: {}. Its deletion goes on; run the command again to follow it, or with --force to end it",
            follower.awaited()
        ));
    }
    if let Some(silent) = &follower.silent {
        context.printer.warn("Hosts did not answer", &[("cluster", name), ("hosts", silent)]);
        context.printer.note("They restore themselves once the server tells them that the cluster is gone; or run `hoist-node leave` on them.");
    }
    if let Some(infra_id) = infra_id {
        delete_secrets(&session, namespace, &infra_id, context).await?;
    }
    context.printer.info("Hosted cluster is destroyed", &[("namespace", namespace), ("name", name)]);
    Ok(())
}

/// Deletes the Secrets that were made with the cluster.
async fn delete_secrets(session: &Session, namespace: &str, infra_id: &str, context: &Context) -> Result<()> {
    let api: Api<Secret> = Api::namespaced(session.client(), namespace);
    let made = ListParams::default().labels(&format!("{}={infra_id}", labels::AUTO_CREATED_FOR_INFRA));
    let action = format!("list Secrets made for {infra_id} in {namespace}");
    let secrets = session.call(&action, api.list_metadata(&made)).await?;
    for secret in secrets {
        let name = secret.name_any();
        let call = async {
            match api.delete(&name, &DeleteParams::default()).await {
                Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
                other => other.map(|_| ()),
            }
        };
        session.call(&format!("delete Secret {namespace}/{name}"), call).await?;
        context.printer.info("Deleted Kube resource", &[("kind", "Secret"), ("namespace", namespace), ("name", &name)]);
    }
    Ok(())
}
