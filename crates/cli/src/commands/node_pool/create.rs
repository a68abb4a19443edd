//! `create nodepool`: more nodes for a cluster that exists.

use anyhow::{Result, bail};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use futures::future::try_join3;
use hoist_api::{HostedCluster, NodePool};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};

use crate::apply::Mode;
use crate::args::agent::AgentNodePoolFlags;
use crate::args::architecture::{self, ARCHITECTURES};
use crate::args::cluster_reference::DEFAULT_NAMESPACE;
use crate::args::go_bool::GoBool;
use crate::args::kubeconfig::KubeconfigFlags;
use crate::args::kubevirt::KubevirtNodePoolFlags;
use crate::args::names;
use crate::commands::Context;
use crate::commands::cluster::{self, Unserved, unserved};
use crate::commands::version::supported::SupportedVersions;
use crate::failure::usage;
use crate::invocation::Invocation;
use crate::printer::yaml;
use crate::session::Session;

use super::manifest::NodePoolManifest;
use super::release;

/// Name of the cluster unless another is given; HyperShift's.
const EXAMPLE: &str = "example";

/// Platforms of HyperShift; those without a cloud are served.
#[derive(Debug, Subcommand)]
pub enum Platform {
    /// Create a NodePool of bare-metal hosts that agents report
    Agent(AgentArguments),
    /// Create a NodePool on AWS (not supported on this installation)
    Aws(Unserved),
    /// Create a NodePool on Azure (not supported on this installation)
    Azure(Unserved),
    /// Create a NodePool on Google Cloud (not supported on this installation)
    Gcp(Unserved),
    /// Create a NodePool of KubeVirt virtual machines
    Kubevirt(Box<KubevirtArguments>),
    /// Create a NodePool of Linux hosts that you join to the cluster
    None(NoneArguments),
    /// Create a NodePool on OpenStack (not supported on this installation)
    Openstack(Unserved),
    /// Create a NodePool on PowerVS (not supported on this installation)
    Powervs(Unserved),
}

/// The flags of all platforms.
#[derive(Debug, Args)]
pub struct NodePoolFlags {
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
    /// Name of the NodePool [default: example as hypershift]
    #[arg(long, value_name = "NODEPOOL")]
    name: Option<String>,
    /// Namespace of the HostedCluster and of the NodePool
    #[arg(long, default_value = DEFAULT_NAMESPACE)]
    namespace: String,
    /// Name of the HostedCluster
    #[arg(long, value_name = "CLUSTER", default_value = EXAMPLE)]
    cluster_name: String,
    /// Number of nodes; on platform None those that are expected to join
    #[arg(
        long, value_name = "COUNT", default_value_t = 2, allow_negative_numbers = true, alias = "node-count",
        value_parser = clap::value_parser!(i32).range(0..)
    )]
    replicas: i32,
    /// Release image of the nodes; the HostedCluster's when left out
    #[arg(long, value_name = "IMAGE", default_value = "", hide_default_value = true)]
    release_image: String,
    /// How nodes are upgraded [default: InPlace on Agent and None, Replace on KubeVirt and as hypershift]
    #[arg(long, value_name = "TYPE", ignore_case = true, value_parser = PossibleValuesParser::new(["InPlace", "Replace"]))]
    node_upgrade_type: Option<String>,
    /// Architecture of the nodes
    #[arg(long, default_value = "amd64", value_parser = PossibleValuesParser::new(ARCHITECTURES))]
    arch: String,
    /// Replace nodes that are not healthy
    #[arg(long, value_name = "BOOL", default_value_t, hide_default_value = true)]
    auto_repair: GoBool,
    /// Print the manifest and apply nothing; with --release-image no cluster is asked
    #[arg(long, value_name = "BOOL", default_value_t, hide_default_value = true)]
    render: GoBool,
}

/// `create nodepool agent`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp create nodepool agent --name large --cluster-name demo --replicas 2 \\
      --agentLabelSelector size=large")]
pub struct AgentArguments {
    #[command(flatten)]
    flags: NodePoolFlags,
    #[command(flatten)]
    pool: AgentNodePoolFlags,
}

/// `create nodepool kubevirt`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp create nodepool kubevirt --name large --cluster-name demo --replicas 2 --memory 16Gi --cores 8
  hcp create nodepool kubevirt --name gpu --cluster-name demo --host-device-name example.com/gpu")]
pub struct KubevirtArguments {
    #[command(flatten)]
    flags: NodePoolFlags,
    #[command(flatten)]
    pool: KubevirtNodePoolFlags,
}

/// `create nodepool none`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp create nodepool none --name workers --cluster-name demo --replicas 3
  hcp create nodepool none --name workers --cluster-name demo --release-image IMAGE --render

Then: hcp create join-command --name demo")]
pub struct NoneArguments {
    #[command(flatten)]
    flags: NodePoolFlags,
}

/// What a platform says about a new NodePool.
struct PlatformInput {
    name: &'static str,
    platform: Value,
    upgrade_type: &'static str,
}

/// Runs `create nodepool <platform>`.
pub async fn create(platform: Platform, context: &Context) -> Result<()> {
    let (flags, input) = match &platform {
        Platform::Agent(arguments) => (
            &arguments.flags,
            PlatformInput { name: "Agent", platform: arguments.pool.platform(), upgrade_type: "InPlace" },
        ),
        Platform::Kubevirt(arguments) => {
            arguments.pool.check()?;
            let platform = arguments.pool.platform();
            (&arguments.flags, PlatformInput { name: "KubeVirt", platform, upgrade_type: "Replace" })
        }
        Platform::None(arguments) => (
            &arguments.flags,
            PlatformInput { name: "None", platform: json!({"type": "None"}), upgrade_type: "InPlace" },
        ),
        Platform::Aws(_) => return Err(unserved("aws")),
        Platform::Azure(_) => return Err(unserved("azure")),
        Platform::Gcp(_) => return Err(unserved("gcp")),
        Platform::Openstack(_) => return Err(unserved("openstack")),
        Platform::Powervs(_) => return Err(unserved("powervs")),
    };
    let name = flags.checked_name(context.invocation)?;
    architecture::check(&flags.arch, input.name)?;
    cluster::create::check_image(&flags.release_image)?;
    let upgrade_type = flags.upgrade_type(context.invocation, &input);
    let manifest = |release_image: &str| {
        let manifest = NodePoolManifest {
            namespace: &flags.namespace,
            name: &name,
            cluster: &flags.cluster_name,
            arch: &flags.arch,
            auto_repair: flags.auto_repair.0,
            upgrade_type,
            platform: &input.platform,
            release_image,
            replicas: flags.replicas,
            timeouts: None,
            paused_until: None,
        };
        manifest.object()
    };
    let object = if flags.render.0 && !flags.release_image.is_empty() {
        manifest(&flags.release_image)
    } else {
        let session = Session::open(&flags.kubeconfig).await?;
        let image = release_image(&session, flags, &name, input.name).await?;
        let object = manifest(&image);
        if !flags.render.0 {
            object.create(&session, Mode::Keep).await?;
        }
        object
    };
    if flags.render.0 {
        context.printer.data(&yaml::document(object.manifest())?)?;
        context.printer.note(&format!("NodePool {name} was rendered to yaml output file"));
        return Ok(());
    }
    Ok(context.printer.data(&format!("NodePool {name} created"))?)
}

/// Checks the NodePool against its cluster, and gives the release image that it gets.
async fn release_image(session: &Session, flags: &NodePoolFlags, name: &str, platform: &str) -> Result<String> {
    let namespace = &flags.namespace;
    let pools: Api<NodePool> = Api::namespaced(session.client(), namespace);
    let found =
        async { session.call(&format!("read NodePool {namespace}/{name}"), pools.get_metadata_opt(name)).await };
    let supported =
        async { if flags.release_image.is_empty() { Ok(None) } else { SupportedVersions::read(session).await } };
    let cluster = cluster::read(session, namespace, &flags.cluster_name);
    let (cluster, found, supported) = try_join3(cluster, found, supported).await?;
    check_platform(&cluster, platform)?;
    release::check_architecture(&cluster, &flags.arch)?;
    let image = if flags.release_image.is_empty() { &cluster.spec.release.image } else { &flags.release_image };
    if !flags.release_image.is_empty() {
        release::check_skew(&cluster, image, supported.as_ref())?;
    }
    if found.is_some() && !flags.render.0 {
        bail!(
            "NodePool {namespace}/{name} already exists; choose another --name, or scale it with `kubectl scale nodepool/{name} -n {namespace} --replicas N`"
        );
    }
    Ok(image.clone())
}

fn check_platform(cluster: &HostedCluster, platform: &str) -> Result<()> {
    let found = cluster.spec.platform.type_.to_string();
    if found == platform {
        return Ok(());
    }
    Err(usage(format!(
        "HostedCluster {} is of platform {found} and takes no NodePool of platform {platform}; use `create nodepool {}`",
        cluster.name_any(),
        found.to_lowercase()
    )))
}

impl NodePoolFlags {
    fn checked_name(&self, invocation: Invocation) -> Result<String> {
        let name = match (self.name.as_deref().filter(|name| !name.is_empty()), invocation) {
            (Some(name), _) => name,
            (None, Invocation::Hypershift) => EXAMPLE,
            (None, Invocation::Hcp | Invocation::Kubectl) => {
                return Err(usage("--name is required: expected a name for the NodePool, such as --name workers"));
            }
        };
        names::dns_subdomain(name).map_err(|text| usage(format!("--name {text}")))?;
        names::dns_label(&self.cluster_name).map_err(|text| usage(format!("--cluster-name {text}")))?;
        names::dns_label(&self.namespace).map_err(|text| usage(format!("--namespace {text}")))?;
        Ok(name.to_owned())
    }

    fn upgrade_type(&self, invocation: Invocation, input: &PlatformInput) -> &str {
        match (&self.node_upgrade_type, invocation) {
            (Some(given), _) => given,
            (None, Invocation::Hypershift) if input.name != "None" => "Replace",
            (None, _) => input.upgrade_type,
        }
    }
}

#[cfg(test)]
mod tests;
