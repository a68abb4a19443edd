//! `destroy cluster`: deletes the HostedCluster, waits until nothing of it is left, and says what it waits for.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, bail};
use clap::{Args, Subcommand};
use futures::StreamExt as _;
use hoist_api::conditions::{ConditionType, Reason};
use hoist_api::host::Stage;
use hoist_api::{Host, HostedCluster, annotations, labels};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt as _};
use serde_json::json;

use crate::apply::FIELD_MANAGER;
use crate::args::cluster_reference::ClusterReference;
use crate::args::duration::GoDuration;
use crate::args::kubeconfig::KubeconfigFlags;
use crate::commands::Context;
use crate::commands::cluster::{self, Unserved, unserved};
use crate::session::Session;

/// Platforms of HyperShift; `none` is served.
#[derive(Debug, Subcommand)]
pub enum Platform {
    /// Not supported on this installation
    Agent(Unserved),
    /// Not supported on this installation
    Aws(Unserved),
    /// Not supported on this installation
    Azure(Unserved),
    /// Not supported on this installation
    Kubevirt(Unserved),
    /// Destroy a hosted cluster of platform None
    None(DestroyArguments),
    /// Not supported on this installation
    Powervs(Unserved),
}

/// `destroy cluster none`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp destroy cluster none --name demo
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
    /// Delete what a cloud holds for the cluster; platform None has no such thing
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = true, hide_default_value = true, hide_possible_values = true)]
    destroy_cloud_resources: bool,
}

/// Runs `destroy cluster <platform>`.
pub async fn destroy(platform: Platform, context: &Context) -> Result<()> {
    let arguments = match platform {
        Platform::None(arguments) => arguments,
        Platform::Agent(_) => return Err(unserved("agent")),
        Platform::Aws(_) => return Err(unserved("aws")),
        Platform::Azure(_) => return Err(unserved("azure")),
        Platform::Kubevirt(_) => return Err(unserved("kubevirt")),
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
    if arguments.destroy_cloud_resources {
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
    } else {
        return Err(anyhow!(
            "{object} is not gone after --cluster-grace-period {limit}; it still waits for: {}. Its deletion goes on; run the command again to follow it",
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

/// What is known of a cluster on its way out.
#[derive(Default)]
struct Follower {
    hosts: BTreeMap<String, Option<Stage>>,
    message: String,
    silent: Option<String>,
}

#[allow(clippy::large_enum_variant, reason = "one at a time, on the stack")]
enum Update {
    Cluster(Event<HostedCluster>),
    Host(Event<Host>),
}

impl Follower {
    async fn until_gone(
        &mut self,
        session: &Session,
        cluster: &ClusterReference,
        control_plane: &str,
        context: &Context,
    ) -> Result<()> {
        let one = watcher::Config::default().fields(&format!("metadata.name={}", cluster.name));
        let clusters = watcher(Api::<HostedCluster>::namespaced(session.client(), &cluster.namespace), one);
        let hosts = watcher(Api::<Host>::namespaced(session.client(), control_plane), watcher::Config::default());
        let mut updates = futures::stream::select(
            clusters.default_backoff().map(|event| event.map(Update::Cluster)).boxed(),
            hosts.default_backoff().map(|event| event.map(Update::Host)).boxed(),
        );
        let mut waiting = context.printer.waiting(&format!("Destroying hosted cluster {}", cluster.name));
        while let Some(update) = updates.next().await {
            match update {
                Ok(update) => {
                    if self.take(update) {
                        return Ok(());
                    }
                    waiting.update(&self.awaited());
                }
                Err(error) => waiting.update(&format!("the management cluster ({error})")),
            }
        }
        bail!("the management cluster closed all watches; run the command again to follow the deletion")
    }

    /// Takes one update; true when the HostedCluster is gone.
    fn take(&mut self, update: Update) -> bool {
        match update {
            Update::Cluster(Event::Apply(cluster) | Event::InitApply(cluster)) => {
                self.listed(&cluster);
                false
            }
            Update::Cluster(Event::Delete(cluster)) => {
                self.listed(&cluster);
                true
            }
            Update::Cluster(Event::Init) => {
                self.message.clear();
                false
            }
            // A complete list without it.
            Update::Cluster(Event::InitDone) => self.message.is_empty(),
            Update::Host(Event::Apply(host) | Event::InitApply(host)) => {
                self.hosts.insert(host.name_any(), host.status.and_then(|status| status.stage));
                false
            }
            Update::Host(Event::Delete(host)) => {
                self.hosts.remove(&host.name_any());
                false
            }
            Update::Host(Event::Init) => {
                self.hosts.clear();
                false
            }
            Update::Host(Event::InitDone) => false,
        }
    }

    fn listed(&mut self, cluster: &HostedCluster) {
        "the operator".clone_into(&mut self.message);
        let conditions = cluster.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        let destroyed =
            conditions.iter().find(|condition| condition.type_ == ConditionType::HostedClusterDestroyed.as_ref());
        if let Some(condition) = destroyed {
            if condition.reason == Reason::HostsSilent.as_ref() {
                self.silent = Some(condition.message.clone());
            }
            if !condition.message.is_empty() {
                self.message.clone_from(&condition.message);
            }
        }
    }

    fn awaited(&self) -> String {
        let staying: Vec<&str> = self
            .hosts
            .iter()
            .filter(|(_, stage)| **stage != Some(Stage::Left))
            .map(|(name, _)| name.as_str())
            .collect();
        if staying.is_empty() { self.message.clone() } else { format!("hosts to leave: {}", staying.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use hoist_api::host::HostSpec;
    use hoist_api::hosted_cluster::HostedClusterSpec;
    use kube::ResourceExt as _;

    use super::*;

    fn cluster(reason: &str, message: &str) -> HostedCluster {
        let mut cluster = HostedCluster::new("demo", HostedClusterSpec::default());
        cluster.status = serde_json::from_value(json!({"conditions": [{
            "type": "HostedClusterDestroyed", "status": "False", "reason": reason, "message": message, "lastTransitionTime": "2026-01-01T00:00:00Z",
        }]}))
        .unwrap();
        cluster
    }

    #[test]
    fn hosts_that_have_not_left_are_awaited_by_name() {
        let mut follower = Follower::default();
        assert!(!follower.take(Update::Cluster(Event::InitApply(cluster("WaitingForGracefulDestroy", "etcd")))));
        assert!(!follower.take(Update::Cluster(Event::InitDone)));
        let host = Host::new("w1", HostSpec::default());
        follower.take(Update::Host(Event::Apply(host.clone())));
        assert_eq!(follower.awaited(), format!("hosts to leave: {}", host.name_any()));
        follower.take(Update::Host(Event::Delete(host)));
        assert_eq!(follower.awaited(), "etcd");
    }

    #[test]
    fn a_list_without_the_cluster_means_that_it_is_gone() {
        let mut follower = Follower::default();
        assert!(!follower.take(Update::Cluster(Event::Init)));
        assert!(follower.take(Update::Cluster(Event::InitDone)));
    }

    #[test]
    fn silent_hosts_are_kept_for_the_end() {
        let mut follower = Follower::default();
        follower.take(Update::Cluster(Event::Apply(cluster("HostsSilent", "w1, w2"))));
        assert!(follower.take(Update::Cluster(Event::Delete(cluster("HostsSilent", "w1, w2")))));
        assert_eq!(follower.silent.as_deref(), Some("w1, w2"));
    }
}
