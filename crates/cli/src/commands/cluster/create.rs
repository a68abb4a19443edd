//! `create cluster`: checks everything, then writes the cluster's objects in few requests.
//!
//! What takes time elsewhere is left out on purpose: no discovery, and the HostedCluster and the NodePool are tried with a dry run
//! before anything is kept, so that a refusal by the server leaves nothing behind.

mod input;
mod management;
mod manifests;
mod wait;

use anyhow::{Context as _, Result, anyhow};
use clap::{Args, Subcommand};
use futures::future::{try_join, try_join_all};

use crate::apply::{FIELD_MANAGER, Mode, Object};
use crate::args::cluster::ClusterFlags;
use crate::commands::Context;
use crate::commands::cluster::{Unserved, unserved};
use crate::failure::usage;
use crate::printer::{Printer, yaml};
use crate::session::Session;

pub use input::random_identifier;

use input::Input;
use management::Management;
use manifests::Manifests;

/// Platforms of HyperShift; `none` is served.
#[derive(Debug, Subcommand)]
pub enum Platform {
    /// Create a hosted cluster on bare-metal hosts found by agents (not supported on this installation)
    Agent(Unserved),
    /// Create a hosted cluster on AWS (not supported on this installation)
    Aws(Unserved),
    /// Create a hosted cluster on Azure (not supported on this installation)
    Azure(Unserved),
    /// Create a hosted cluster on KubeVirt virtual machines (not supported on this installation)
    Kubevirt(Unserved),
    /// Create a hosted cluster whose nodes are Linux hosts that you join to it
    None(Box<NoneArguments>),
    /// Create a hosted cluster on PowerVS (not supported on this installation)
    Powervs(Unserved),
}

/// `create cluster none`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp create cluster none --name demo --pull-secret pull-secret.json
  hcp create cluster none --name demo --pull-secret pull-secret.json --node-pool-replicas 2 \\
      --control-plane-availability-policy SingleReplica --wait-for available --timeout 5m
  hcp create cluster none --name demo --pull-secret pull-secret.json \\
      --external-api-server-address 192.0.2.10 --render --render-sensitive > demo.yaml

Then: hcp create kubeconfig --name demo > demo.kubeconfig
      hcp create join-command --name demo")]
pub struct NoneArguments {
    #[command(flatten)]
    flags: ClusterFlags,
    /// Host name or address at which nodes of the management cluster are reached [default: the address of one of them]
    #[arg(long, value_name = "ADDRESS", help_heading = "Networks")]
    external_api_server_address: Option<String>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    expose_through_load_balancer: Option<bool>,
}

/// Runs `create cluster <platform>`.
pub async fn create(platform: Platform, context: &Context) -> Result<()> {
    let arguments = match platform {
        Platform::None(arguments) => arguments,
        Platform::Agent(_) => return Err(unserved("agent")),
        Platform::Aws(_) => return Err(unserved("aws")),
        Platform::Azure(_) => return Err(unserved("azure")),
        Platform::Kubevirt(_) => return Err(unserved("kubevirt")),
        Platform::Powervs(_) => return Err(unserved("powervs")),
    };
    let timeout = arguments.flags.timeout;
    if timeout.0.is_zero() {
        return create_none(&arguments, context).await;
    }
    tokio::time::timeout(timeout.0, create_none(&arguments, context)).await.unwrap_or_else(|_| {
        Err(anyhow!(
            "not done within --timeout {timeout}; see what is missing with `{} status {}`",
            context.invocation.name(),
            arguments.flags.name
        ))
    })
}

async fn create_none(arguments: &NoneArguments, context: &Context) -> Result<()> {
    let flags = &arguments.flags;
    if arguments.expose_through_load_balancer == Some(true) {
        return Err(usage(
            "--expose-through-load-balancer is not supported: control planes are published by NodePort; use --external-api-server-address",
        ));
    }
    let input =
        Input::check(flags, arguments.external_api_server_address.as_deref(), context.invocation.availability())?;
    if flags.renders() {
        return render(flags, input, context).await;
    }
    let session = Session::open(&flags.kubeconfig).await?;
    write(&session, flags, input, &context.printer).await?;
    wait::wait(&session, flags, &context.printer).await
}

/// Completes the input with what the management cluster says, and writes the cluster.
async fn write(session: &Session, flags: &ClusterFlags, input: Input, printer: &Printer) -> Result<()> {
    let management = Management::read(session, flags, &input).await?;
    let input = management.complete(flags, input)?;
    let manifests = Manifests::build(flags, &input);
    apply(session, manifests, &input.infra_id, management.has_namespace, printer).await
}

async fn render(flags: &ClusterFlags, input: Input, context: &Context) -> Result<()> {
    // Only a missing address needs the management cluster; everything else renders anywhere.
    let input = if input.address.is_none() {
        let session = Session::open(&flags.kubeconfig)
            .await
            .context("--external-api-server-address is not given, so a node of the management cluster is looked up")?;
        let address = management::address(&management::nodes(&session).await?)?;
        Input { address: Some(address), ..input }
    } else {
        input
    };
    let mut text = String::new();
    for object in Manifests::build(flags, &input).rendered(flags.render_sensitive) {
        text.push_str(&yaml::document(object.manifest())?);
        text.push_str("---\n");
    }
    match &flags.render_into {
        Some(path) => fs_err::write(path, text)
            .map_err(|error| anyhow::Error::new(error).context("--render-into cannot be written")),
        None => Ok(context.printer.data(&text)?),
    }
}

/// Writes everything; the lines come in the order that people's notes show, whatever the order of the requests.
async fn apply(
    session: &Session,
    manifests: Manifests,
    infra_id: &str,
    has_namespace: bool,
    printer: &Printer,
) -> Result<()> {
    let Manifests { namespace, trust_bundle, mut secrets, mut hosted_cluster, mut node_pool } = manifests;
    for object in secrets.iter_mut().chain([&mut hosted_cluster]).chain(node_pool.iter_mut()) {
        object.manifest_mut()["metadata"]["labels"][hoist_api::labels::AUTO_CREATED_FOR_INFRA] = infra_id.into();
    }
    // A dry run needs the namespace. One that is there already can be confirmed at the same time.
    let keep_namespace = namespace.apply(session, FIELD_MANAGER, Mode::Keep);
    let try_out = try_join(hosted_cluster.create(session, Mode::DryRun), async {
        match &node_pool {
            Some(pool) => pool.apply(session, FIELD_MANAGER, Mode::DryRun).await.map(Some),
            None => Ok(None),
        }
    });
    if has_namespace {
        try_join(try_out, keep_namespace).await?;
    } else {
        keep_namespace.await?;
        if let Err(error) = try_out.await {
            namespace.delete(session).await?;
            return Err(error);
        }
    }
    printer.applied(namespace.kind(), "", namespace.name());
    let besides: Vec<&Object> = trust_bundle.iter().chain(&secrets).collect();
    try_join_all(besides.iter().map(|object| object.apply(session, FIELD_MANAGER, Mode::Keep))).await?;
    for object in besides.iter().filter(|object| !manifests::is_encryption_key(object)) {
        printer.applied(object.kind(), object.namespace(), object.name());
    }
    try_join(hosted_cluster.create(session, Mode::Keep), async {
        match &node_pool {
            Some(pool) => pool.apply(session, FIELD_MANAGER, Mode::Keep).await.map(Some),
            None => Ok(None),
        }
    })
    .await?;
    let keys = besides.iter().copied().filter(|object| manifests::is_encryption_key(object));
    for object in [&hosted_cluster].into_iter().chain(keys).chain(&node_pool) {
        printer.applied(object.kind(), object.namespace(), object.name());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
