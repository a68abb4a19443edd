//! `dump cluster`: everything that helps to find out why a hosted cluster is not as it should be, without its secrets.

mod archive;
mod collect;
mod folder;
mod guest;
mod kinds;
mod logs;
mod redact;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use hoist_api::duration::GoDuration;
use hoist_api::names;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use tokio::time::Instant;

use crate::args::cluster_reference::ClusterReference;
use crate::args::go_bool::GoBool;
use crate::args::kubeconfig::KubeconfigFlags;
use crate::args::names::dns_label;
use crate::commands::{Context, cluster};
use crate::failure::usage;
use crate::printer::Printer;
use crate::session::Session;

use collect::Collector;
use folder::Folder;

/// Name of the archive; HyperShift's.
const ARCHIVE: &str = "hypershift-dump.tar.gz";

/// `dump cluster`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp dump cluster --name demo --artifact-dir ./dump
  hcp dump cluster --name demo --artifact-dir ./dump --dump-guest-cluster

Values of Secrets, kubeconfigs, tokens and private keys are replaced; their names stay. Logs lose
what looks like a key, a token or a password; look through them all the same before you give them
away.

Exit code 0 when the HostedCluster, its control plane and its pods were read; what else could not be
read is listed in not-read.txt and on standard error.")]
pub struct DumpArguments {
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
    /// Name of the hosted cluster
    #[arg(long, value_name = "CLUSTER", default_value = "example")]
    name: String,
    /// Namespace of its HostedCluster
    #[arg(long, default_value = "clusters")]
    namespace: String,
    /// Folder for the files; made when it does not exist
    #[arg(long, value_name = "FOLDER")]
    artifact_dir: PathBuf,
    /// Put the files into hypershift-dump.tar.gz, too
    #[arg(long, value_name = "BOOL", default_value = "true")]
    archive_dump: GoBool,
    /// Namespace of the Agents of platform Agent, dumped as well
    #[arg(long, value_name = "NAMESPACE")]
    agent_namespace: Option<String>,
    /// User to read as
    #[arg(long = "as", value_name = "USER")]
    impersonate: Option<String>,
    /// Dump the hosted cluster's own objects, too
    #[arg(long, value_name = "BOOL", default_value = "false")]
    dump_guest_cluster: GoBool,
    /// Reach the hosted cluster through the management cluster instead of at its published address
    #[arg(long, value_name = "BOOL", default_value = "false")]
    dump_guest_cluster_through_kube_service: GoBool,
    /// Longest time for all of it; what was read until then is kept
    #[arg(long, value_name = "DURATION", default_value = "10m")]
    timeout: GoDuration,
}

/// Runs `dump cluster`.
pub async fn dump(arguments: DumpArguments, context: &Context) -> Result<()> {
    let reference = ClusterReference { name: arguments.name.clone(), namespace: arguments.namespace.clone() };
    let control_plane = reference.control_plane_namespace()?;
    if let Some(namespace) = &arguments.agent_namespace {
        dns_label(namespace).map_err(|text| usage(format!("--agent-namespace {text}")))?;
    }
    if arguments.timeout.0 < Duration::from_secs(1) {
        return Err(usage(format!("--timeout {}: expected at least 1s, such as 10m", arguments.timeout)));
    }
    let folder = Folder::at(&arguments.artifact_dir, ARCHIVE)?;
    let session = Session::open_as(&arguments.kubeconfig, arguments.impersonate.as_deref()).await?;
    collect(&session, &arguments, &control_plane, folder, &context.printer).await
}

async fn collect(
    session: &Session,
    arguments: &DumpArguments,
    control_plane: &str,
    folder: Folder,
    printer: &Printer,
) -> Result<()> {
    refuse_unknown(session, arguments, control_plane).await?;
    let mut collector = Collector::new(folder, printer.clone(), Instant::now() + arguments.timeout.0);
    let mut namespaces =
        vec![arguments.namespace.clone(), control_plane.to_owned(), names::OPERATOR_NAMESPACE.to_owned()];
    namespaces.extend(arguments.agent_namespace.clone().filter(|agents| !namespaces.contains(agents)));
    collector.begin("the management cluster");
    collector.kinds(session, kinds::MANAGEMENT, None).await?;
    for namespace in &namespaces {
        collector.begin(&format!("namespace {namespace}"));
        collector.kinds(session, kinds::NAMESPACED, Some(namespace)).await?;
        // Other clusters' pods are no business of this dump.
        if *namespace != arguments.namespace {
            collector.logs(session, namespace).await?;
        }
    }
    let hosted = cluster::find(session, &arguments.namespace, &arguments.name).await.ok().flatten();
    if arguments.dump_guest_cluster.0 {
        collector.begin("the hosted cluster");
        let through_service = arguments.dump_guest_cluster_through_kube_service.0;
        guest::dump(session, hosted.as_ref(), control_plane, through_service, &mut collector).await?;
    }
    let essentials: Vec<String> = [
        format!("namespaces/{}/hypershift.openshift.io/hostedclusters.yaml", arguments.namespace),
        format!("namespaces/{control_plane}/hypershift.openshift.io/hostedcontrolplanes.yaml"),
        format!("namespaces/{control_plane}/core/pods.yaml"),
    ]
    .into_iter()
    .filter(|path| !collector.has(path))
    .collect();
    let folder = collector.finish()?;
    if arguments.archive_dump.0 {
        archive::write(&folder, ARCHIVE).context("the files are written, the archive is not")?;
        printer.info("Successfully archived dump", &[("file", &folder.path(ARCHIVE).display().to_string())]);
    }
    if essentials.is_empty() {
        printer.info("Dumped the cluster", &[("folder", &folder.path("").display().to_string())]);
        return Ok(());
    }
    bail!(
        "the dump lacks what matters most: {}; see not-read.txt in {} for the causes, and dump again",
        essentials.join(", "),
        arguments.artifact_dir.display()
    )
}

/// A management cluster that does not answer has nothing to dump; a cluster of which nothing is left, not even its namespace, is a
/// misspelled one. Missing rights are told in the dump.
async fn refuse_unknown(session: &Session, arguments: &DumpArguments, control_plane: &str) -> Result<()> {
    session.call("read the version of the management cluster", session.client().apiserver_version()).await?;
    let api: Api<Namespace> = Api::all(session.client());
    if !matches!(cluster::find(session, &arguments.namespace, &arguments.name).await, Ok(None)) {
        return Ok(());
    }
    let namespace = session.call(&format!("read Namespace {control_plane}"), api.get_opt(control_plane)).await;
    if let Ok(None) = namespace {
        bail!(
            "HostedCluster {}/{} does not exist, nor does its control plane namespace {control_plane}; check --name and --namespace against `kubectl get hostedclusters -A`",
            arguments.namespace,
            arguments.name
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;
