//! `create cluster`: checks everything, then writes the cluster's objects in few requests.
//!
//! What takes time elsewhere is left out on purpose: no discovery, and the HostedCluster and the NodePool are tried with a dry run
//! before anything is kept, so that a refusal by the server leaves nothing behind.

mod input;
mod management;
mod manifests;
mod platform;
mod release_stream;
mod wait;

use anyhow::{Context as _, Result, anyhow};
use clap::Subcommand;
use futures::future::{try_join, try_join_all};

use crate::apply::{FIELD_MANAGER, Mode, Object};
use crate::args::cluster::ClusterFlags;
use crate::commands::Context;
use crate::commands::cluster::{Unserved, unserved};
use crate::printer::{Printer, yaml};
use crate::session::Session;

pub use input::random_identifier;

use input::Input;
use management::Management;
use manifests::Manifests;
use platform::agent::AgentArguments;
use platform::kubevirt::KubevirtArguments;
use platform::none::NoneArguments;
use platform::{PlatformFlags, Publishing};

/// Platforms of HyperShift; those without a cloud are served.
#[derive(Debug, Subcommand)]
pub enum Platform {
    /// Create a hosted cluster whose nodes are bare-metal hosts that agents report
    Agent(Box<AgentArguments>),
    /// Create a hosted cluster on AWS (not supported on this installation)
    Aws(Unserved),
    /// Create a hosted cluster on Azure (not supported on this installation)
    Azure(Unserved),
    /// Create a hosted cluster on Google Cloud (not supported on this installation)
    Gcp(Unserved),
    /// Create a hosted cluster whose nodes are KubeVirt virtual machines
    Kubevirt(Box<KubevirtArguments>),
    /// Create a hosted cluster whose nodes are Linux hosts that you join to it
    None(Box<NoneArguments>),
    /// Create a hosted cluster on OpenStack (not supported on this installation)
    Openstack(Unserved),
    /// Create a hosted cluster on PowerVS (not supported on this installation)
    Powervs(Unserved),
}

/// Checks `--release-image`, which may be empty.
pub fn check_image(given: &str) -> Result<()> {
    input::check_image("--release-image", given)
}

/// Runs `create cluster <platform>`.
pub async fn create(platform: Platform, context: &Context) -> Result<()> {
    match platform {
        Platform::None(arguments) => within_timeout(&*arguments, context).await,
        Platform::Agent(arguments) => within_timeout(&*arguments, context).await,
        Platform::Kubevirt(arguments) => within_timeout(&*arguments, context).await,
        Platform::Aws(_) => Err(unserved("aws")),
        Platform::Azure(_) => Err(unserved("azure")),
        Platform::Gcp(_) => Err(unserved("gcp")),
        Platform::Openstack(_) => Err(unserved("openstack")),
        Platform::Powervs(_) => Err(unserved("powervs")),
    }
}

async fn within_timeout<P: PlatformFlags>(platform: &P, context: &Context) -> Result<()> {
    let flags = platform.shared();
    let timeout = flags.wait.timeout;
    if timeout.0.is_zero() {
        return create_on(platform, context).await;
    }
    tokio::time::timeout(timeout.0, create_on(platform, context)).await.unwrap_or_else(|_| {
        Err(anyhow!(
            "not done within --timeout {timeout}; see what is missing with `{} status {}`",
            context.invocation.name(),
            flags.name
        ))
    })
}

async fn create_on<P: PlatformFlags>(platform: &P, context: &Context) -> Result<()> {
    let flags = platform.shared();
    if flags.wait.version_check.0 {
        input::required(platform)?;
        management::check_version(&Session::open(&flags.kubeconfig).await?).await?;
    }
    let input = Input::check(platform, context.invocation.availability())?;
    for warning in &input.warnings {
        context.printer.warn(warning, &[]);
    }
    if flags.render.renders() {
        return render(flags, input, P::ADDRESS_FLAG, context).await;
    }
    let session = Session::open(&flags.kubeconfig).await?;
    write(&session, flags, input, P::ADDRESS_FLAG, &context.printer).await?;
    wait::wait(&session, flags, &context.printer).await
}

/// Completes the input with what the management cluster says, and writes the cluster.
async fn write(
    session: &Session,
    flags: &ClusterFlags,
    input: Input,
    address_flag: &str,
    printer: &Printer,
) -> Result<()> {
    let management = Management::read(session, flags, &input, address_flag).await?;
    let input = management.complete(flags, input, address_flag)?;
    let manifests = Manifests::build(flags, &input);
    apply(session, manifests, &input.infra_id, management.has_namespace, printer).await
}

async fn render(flags: &ClusterFlags, mut input: Input, address_flag: &str, context: &Context) -> Result<()> {
    // Only what is left open needs the management cluster; everything else renders anywhere.
    let needs_stream = flags.release_image.is_empty() && !flags.release_stream.is_empty();
    if input.platform.publishing.needs_address() || needs_stream {
        let missing = if needs_stream { "--release-image" } else { address_flag };
        let session = Session::open(&flags.kubeconfig)
            .await
            .with_context(|| format!("{missing} is not given, so the management cluster is asked"))?;
        if input.platform.publishing.needs_address() {
            let address = management::address(&management::nodes(&session, address_flag).await?, address_flag)?;
            input.platform.publishing = Publishing::NodePort { address: Some(address) };
        }
        if needs_stream {
            input.release_image = management::newest_of_stream(&session, &flags.release_stream).await?;
        }
    }
    let mut text = String::new();
    for object in Manifests::build(flags, &input).rendered(flags.render.render_sensitive.0) {
        text.push_str(&yaml::document(object.manifest())?);
        text.push_str("---\n");
    }
    match &flags.render.render_into {
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
    for object in besides.iter().filter(|object| !manifests::comes_after_the_cluster(object)) {
        printer.applied(object.kind(), object.namespace(), object.name());
    }
    try_join(hosted_cluster.create(session, Mode::Keep), async {
        match &node_pool {
            Some(pool) => pool.apply(session, FIELD_MANAGER, Mode::Keep).await.map(Some),
            None => Ok(None),
        }
    })
    .await?;
    let keys = besides.iter().copied().filter(|object| manifests::comes_after_the_cluster(object));
    for object in [&hosted_cluster].into_iter().chain(keys).chain(&node_pool) {
        printer.applied(object.kind(), object.namespace(), object.name());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
