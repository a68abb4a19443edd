//! The flags that `create cluster` has on every platform, as HyperShift spells them.
//!
//! Every one of them has its effect or is refused; none is ignored without a word.

mod content;
mod etcd;
mod networks;
mod nodes;
mod placement;
mod rendering;
mod waiting;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use hoist_api::hosted_cluster::AvailabilityPolicy;

use crate::args::cluster_reference::DEFAULT_NAMESPACE;
use crate::args::go_bool::GoBool;
use crate::args::key_value::KeyValue;
use crate::args::kubeconfig::KubeconfigFlags;

pub use content::ContentFlags;
pub use etcd::EtcdFlags;
pub use networks::NetworkFlags;
pub use nodes::NodeFlags;
pub use placement::PlacementFlags;
pub use rendering::RenderFlags;
pub use waiting::{WaitFlags, WaitGoal};

/// What the cluster is, and where it is written.
#[derive(Debug, Clone, clap::Args)]
pub struct ClusterFlags {
    #[command(flatten)]
    pub kubeconfig: KubeconfigFlags,

    /// Namespace of the HostedCluster; made when it is not there
    #[arg(long, default_value = DEFAULT_NAMESPACE)]
    pub namespace: String,
    /// Name of the cluster: a DNS-1123 label
    #[arg(long, default_value = "", hide_default_value = true)]
    pub name: String,
    /// File with the pull secret (.dockerconfigjson) for the release image
    #[arg(long, value_name = "FILE")]
    pub pull_secret: Option<PathBuf>,
    /// Release image; the newest supported one when left out
    #[arg(long, value_name = "IMAGE", default_value = "", hide_default_value = true)]
    pub release_image: String,
    /// Newest release of a stream, such as 1.36 or stable; used only without --release-image
    #[arg(long, value_name = "STREAM", default_value = "", hide_default_value = true)]
    pub release_stream: String,
    /// Copies of each part of the control plane [default: HighlyAvailable as hcp, SingleReplica as hypershift]
    #[arg(long, value_name = "POLICY", value_parser = PossibleValuesParser::new(["HighlyAvailable", "SingleReplica"]))]
    pub control_plane_availability_policy: Option<String>,
    /// Copies of what runs on the nodes
    #[arg(long, value_name = "POLICY", value_parser = PossibleValuesParser::new(["HighlyAvailable", "SingleReplica"]))]
    pub infra_availability_policy: Option<String>,
    /// Domain of the cluster's names
    #[arg(long, value_name = "DOMAIN")]
    pub base_domain: Option<String>,
    /// Replaces the cluster's name in its domain; `none` for no prefix
    #[arg(long, value_name = "PREFIX")]
    pub base_domain_prefix: Option<String>,
    /// Domain of an external DNS; on KubeVirt the API server is published by a Route then
    #[arg(long, value_name = "DOMAIN")]
    pub external_dns_domain: Option<String>,
    /// One more DNS name of the API server, with a kubeconfig of its own
    #[arg(long, value_name = "NAME")]
    pub kas_dns_name: Option<String>,
    /// File with an SSH public key, kept in the Secret <name>-ssh-key
    #[arg(long, value_name = "FILE")]
    pub ssh_key: Option<PathBuf>,
    /// Generate an SSH key and keep both halves in the Secret <name>-ssh-key
    #[arg(long, value_name = "BOOL", default_value_t, hide_default_value = true)]
    pub generate_ssh: GoBool,
    /// File with certificate authorities (PEM) to trust, kept in the ConfigMap user-ca-bundle
    #[arg(long, value_name = "FILE")]
    pub additional_trust_bundle: Option<PathBuf>,
    /// File with a YAML list of image sources and their mirrors
    #[arg(long, value_name = "FILE")]
    pub image_content_sources: Option<PathBuf>,
    /// Annotation of the HostedCluster; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub annotations: Vec<KeyValue>,
    /// Label of the HostedCluster; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub labels: Vec<KeyValue>,
    /// Identifier of the cluster's infrastructure; generated when left out
    #[arg(long, value_name = "ID")]
    pub infra_id: Option<String>,
    /// Do not work on the cluster before this time (RFC 3339), or until it is changed (`true`)
    #[arg(long = "pausedUntil", alias = "paused-until", value_name = "TIME|true")]
    pub paused_until: Option<String>,

    #[command(flatten)]
    pub content: ContentFlags,
    #[command(flatten)]
    pub etcd: EtcdFlags,
    #[command(flatten)]
    pub networks: NetworkFlags,
    #[command(flatten)]
    pub placement: PlacementFlags,
    #[command(flatten)]
    pub nodes: NodeFlags,
    #[command(flatten)]
    pub render: RenderFlags,
    #[command(flatten)]
    pub wait: WaitFlags,

    /// Image of a control plane operator of the cluster's own, as an annotation
    #[arg(long, hide = true, value_name = "IMAGE")]
    pub control_plane_operator_image: Option<String>,
    /// Description of a cloud's infrastructure
    #[arg(long, hide = true, value_name = "FILE")]
    pub infra_json: Option<PathBuf>,
}

impl ClusterFlags {
    /// `--control-plane-availability-policy`, or the default of the program's name.
    pub fn availability(&self, default: AvailabilityPolicy) -> AvailabilityPolicy {
        match self.control_plane_availability_policy.as_deref() {
            Some("SingleReplica") => AvailabilityPolicy::SingleReplica,
            Some(_) => AvailabilityPolicy::HighlyAvailable,
            None => default,
        }
    }
}
