//! `status`: one screen about a hosted cluster.

mod report;

use anyhow::Result;
use clap::Args;
use futures::future::try_join4;
use hoist_api::{ControlPlaneComponent, names};
use kube::Api;
use kube::api::ListParams;

use crate::args::cluster_reference::{ClusterReference, DEFAULT_NAMESPACE};
use crate::args::kubeconfig::KubeconfigFlags;
use crate::args::output::OutputFlags;
use crate::commands::{Context, cluster, host};
use crate::session::Session;

use report::Report;

/// `status`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp status demo
  hcp status demo --output json | jq .findings")]
pub struct StatusArguments {
    /// Name of the hosted cluster
    name: String,
    /// Namespace of its HostedCluster
    #[arg(long, default_value = DEFAULT_NAMESPACE)]
    namespace: String,
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
    #[command(flatten)]
    output: OutputFlags,
}

/// Runs `status`.
pub async fn status(arguments: StatusArguments, context: &Context) -> Result<()> {
    let reference = ClusterReference { name: arguments.name.clone(), namespace: arguments.namespace.clone() };
    reference.control_plane_namespace()?;
    let session = Session::open(&arguments.kubeconfig).await?;
    let (namespace, name) = (&arguments.namespace, &arguments.name);
    let control_plane = names::control_plane_namespace(namespace, name);
    let components = async {
        let api: Api<ControlPlaneComponent> = Api::namespaced(session.client(), &control_plane);
        let action = format!("list ControlPlaneComponents in {control_plane}");
        Ok(session.call(&action, api.list(&ListParams::default())).await?.items)
    };
    let (hosted_cluster, components, pools, hosts) = try_join4(
        cluster::read(&session, namespace, name),
        components,
        cluster::node_pools(&session, namespace, name),
        host::of_cluster(&session, namespace, name),
    )
    .await?;
    let report = Report::new(&hosted_cluster, &components, &pools, &hosts, context.invocation.name());
    context.printer.document(arguments.output.output, &report, || report.text(&context.printer))
}
