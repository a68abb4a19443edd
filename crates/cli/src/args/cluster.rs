//! The flags that `create cluster` has on every platform, as HyperShift spells them.
//!
//! All of them parse, so that command lines written for HyperShift are understood; those that this version cannot honour are
//! refused by [`ClusterFlags::refuse_unserved`], never ignored.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use hoist_api::hosted_cluster::AvailabilityPolicy;

use crate::args::cluster_reference::DEFAULT_NAMESPACE;
use crate::args::duration::GoDuration;
use crate::args::key_value::KeyValue;
use crate::args::kubeconfig::KubeconfigFlags;
use crate::args::toleration::Toleration;
use crate::failure::usage;

/// What the cluster is, where it is written, and how long to wait.
#[derive(Debug, Clone, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of HyperShift's")]
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
    /// Nodes that are expected to join; a negative number makes no NodePool
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 0,
        allow_negative_numbers = true,
        alias = "nodepool-replicas",
        alias = "node-pool-replica"
    )]
    pub node_pool_replicas: i32,
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
    /// File with an SSH public key, kept in the Secret <name>-ssh-key
    #[arg(long, value_name = "FILE")]
    pub ssh_key: Option<PathBuf>,
    /// File with certificate authorities (PEM) to trust, kept in the ConfigMap user-ca-bundle
    #[arg(long, value_name = "FILE")]
    pub additional_trust_bundle: Option<PathBuf>,
    /// Annotation of the HostedCluster; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub annotations: Vec<KeyValue>,
    /// Label of the HostedCluster; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub labels: Vec<KeyValue>,
    /// Identifier of the cluster's infrastructure; generated when left out
    #[arg(long, value_name = "ID")]
    pub infra_id: Option<String>,
    /// Architecture of the nodes
    #[arg(long, default_value = "amd64")]
    pub arch: String,
    /// Do not work on the cluster before this time (RFC 3339), or until it is changed (`true`)
    #[arg(long = "pausedUntil", alias = "paused-until", value_name = "TIME|true")]
    pub paused_until: Option<String>,

    /// StorageClass of etcd's volumes; the default class when left out
    #[arg(long, value_name = "CLASS", help_heading = "etcd")]
    pub etcd_storage_class: Option<String>,
    /// Size of each of etcd's volumes [default: 8Gi]
    #[arg(long, value_name = "QUANTITY", help_heading = "etcd")]
    pub etcd_storage_size: Option<String>,

    /// Network of Services; repeatable
    #[arg(long, value_name = "CIDR", default_value = "172.31.0.0/16", help_heading = "Networks")]
    pub service_cidr: Vec<String>,
    /// Network of pods; repeatable
    #[arg(long, value_name = "CIDR", default_value = "10.132.0.0/14", help_heading = "Networks")]
    pub cluster_cidr: Vec<String>,
    /// Network of the nodes; repeatable
    #[arg(long, value_name = "CIDR", help_heading = "Networks")]
    pub machine_cidr: Vec<String>,
    /// Pod network; all but Other mean Hoist's own
    #[arg(
        long, value_name = "TYPE", default_value = "OVNKubernetes", help_heading = "Networks",
        value_parser = PossibleValuesParser::new(["OpenShiftSDN", "Calico", "OVNKubernetes", "Other"])
    )]
    pub network_type: String,
    /// Let the control plane give each node a part of the pod network; for network type Other
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Networks")]
    pub allocate_node_cidrs: Option<bool>,

    /// Nodes of the management cluster that may run the control plane; comma-separated
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', help_heading = "Placement")]
    pub node_selector: Vec<KeyValue>,
    /// Labels of the control plane's pods; comma-separated
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', help_heading = "Placement")]
    pub pods_labels: Vec<KeyValue>,
    /// Toleration of the control plane's pods; repeatable
    #[arg(long, value_name = "key=KEY,effect=EFFECT,…", help_heading = "Placement")]
    pub toleration: Vec<Toleration>,

    /// Longest drain of a node before it leaves; 0s waits for ever
    #[arg(long, value_name = "DURATION", default_value = "0s", help_heading = "Nodes")]
    pub node_drain_timeout: GoDuration,
    /// Longest wait for a node's volumes to detach; 0s waits for ever
    #[arg(long, value_name = "DURATION", default_value = "0s", help_heading = "Nodes")]
    pub node_volume_detach_timeout: GoDuration,
    /// How nodes are upgraded
    #[arg(
        long, value_name = "TYPE", ignore_case = true, help_heading = "Nodes",
        value_parser = PossibleValuesParser::new(["InPlace", "Replace"])
    )]
    pub node_upgrade_type: Option<String>,

    /// Print the manifests and apply nothing
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, hide_default_value = true, hide_possible_values = true, help_heading = "Output")]
    pub render: bool,
    /// Write the manifests to this file; implies --render
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub render_into: Option<PathBuf>,
    /// Render Secrets too
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, hide_default_value = true, hide_possible_values = true, help_heading = "Output")]
    pub render_sensitive: bool,

    /// Wait until the first rollout is complete; needs --node-pool-replicas above 0
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, hide_default_value = true, hide_possible_values = true, help_heading = "Waiting")]
    pub wait: bool,
    /// Wait until the API is available, or until all nodes are Ready
    #[arg(long, value_name = "GOAL", value_enum, help_heading = "Waiting")]
    pub wait_for: Option<WaitGoal>,
    /// Longest the whole command may take; 0s for ever
    #[arg(long, value_name = "DURATION", default_value = "0s", help_heading = "Waiting")]
    pub timeout: GoDuration,
    /// Refuse when this program and the operator are of different versions
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, hide_default_value = true, hide_possible_values = true, help_heading = "Waiting")]
    pub version_check: bool,

    #[command(flatten)]
    pub unserved: UnservedFlags,
}

/// What `--wait-for` waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum WaitGoal {
    /// The HostedCluster is Available.
    Available,
    /// As many nodes as the NodePool wants are Ready.
    Nodes,
}

/// HyperShift's flags that this version knows and cannot honour.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct UnservedFlags {
    #[arg(long, hide = true)]
    pub external_dns_domain: Option<String>,
    #[arg(long, hide = true)]
    pub release_stream: Option<String>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub generate_ssh: Option<bool>,
    #[arg(long, hide = true)]
    pub image_content_sources: Option<PathBuf>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub fips: Option<bool>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub auto_repair: Option<bool>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub default_dual: Option<bool>,
    #[arg(long, hide = true)]
    pub olm_catalog_placement: Option<String>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub olm_disable_default_sources: Option<bool>,
    #[arg(long, hide = true)]
    pub feature_set: Option<String>,
    #[arg(long, hide = true)]
    pub disable_cluster_capabilities: Option<String>,
    #[arg(long, hide = true)]
    pub enable_cluster_capabilities: Option<String>,
    #[arg(long, hide = true)]
    pub kas_dns_name: Option<String>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub disable_multi_network: Option<bool>,
    #[arg(long, hide = true)]
    pub ovn_kubernetes_mtu: Option<u32>,
    #[arg(long, hide = true)]
    pub control_plane_operator_image: Option<String>,
    #[arg(long, hide = true)]
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

    /// Whether manifests are printed instead of applied.
    pub fn renders(&self) -> bool {
        self.render || self.render_into.is_some()
    }

    /// Refuses what this version knows and cannot honour, with what to do instead.
    ///
    /// A flag given with the value that leaves things as they are is fine.
    pub fn refuse_unserved(&self) -> anyhow::Result<()> {
        let flags = &self.unserved;
        let set = |flag: Option<bool>| flag == Some(true);
        let text = |flag: &Option<String>| flag.as_deref().is_some_and(|text| !text.is_empty());
        if set(flags.generate_ssh) && self.ssh_key.is_some() {
            return Err(usage("--generate-ssh and --ssh-key cannot be specified together"));
        }
        let placement = flags.olm_catalog_placement.as_deref().unwrap_or("management");
        let refusals = [
            (
                text(&flags.external_dns_domain),
                "external-dns-domain",
                "no external DNS is managed; publish by NodePort with --external-api-server-address",
            ),
            (
                text(&flags.release_stream),
                "release-stream",
                "there are no release streams; name a release with --release-image, or leave both out for the newest supported one",
            ),
            (
                set(flags.generate_ssh),
                "generate-ssh",
                "hosts of platform None keep their own SSH keys; pass a public key with --ssh-key if you want it kept beside the cluster",
            ),
            (
                flags.image_content_sources.is_some(),
                "image-content-sources",
                "mirrors of single repositories are not served; copy whole releases with `hcp release mirror`",
            ),
            (set(flags.fips), "fips", "releases hold no FIPS binaries"),
            (set(flags.auto_repair), "auto-repair", "platform None has no machines to replace"),
            (
                set(flags.default_dual),
                "default-dual",
                "dual-stack networks are for platform Agent; name IPv4 networks with --cluster-cidr and --service-cidr",
            ),
            (placement != "management", "olm-catalog-placement", "there are no operator catalogs; leave the flag out"),
            (
                set(flags.olm_disable_default_sources),
                "olm-disable-default-sources",
                "there are no operator catalogs to disable; leave the flag out",
            ),
            (text(&flags.feature_set), "feature-set", "OpenShift's feature sets do not exist in plain Kubernetes"),
            (
                text(&flags.disable_cluster_capabilities),
                "disable-cluster-capabilities",
                "OpenShift's capabilities do not exist in plain Kubernetes",
            ),
            (
                text(&flags.enable_cluster_capabilities),
                "enable-cluster-capabilities",
                "OpenShift's capabilities do not exist in plain Kubernetes",
            ),
            (
                text(&flags.kas_dns_name),
                "kas-dns-name",
                "a DNS name of the API server is not served; use --external-api-server-address",
            ),
            (
                set(flags.disable_multi_network),
                "disable-multi-network",
                "there is no multi-network to disable; leave the flag out",
            ),
            (flags.ovn_kubernetes_mtu.is_some(), "ovn-kubernetes-mtu", "the pod network's MTU follows the host's"),
            (
                text(&flags.control_plane_operator_image),
                "control-plane-operator-image",
                "there is no operator per cluster; choose the operator's image at `hcp install`",
            ),
            (flags.infra_json.is_some(), "infra-json", "platform None has no infrastructure to describe"),
        ];
        match refusals.iter().find(|(given, ..)| *given) {
            Some((_, flag, why)) => Err(usage(format!("--{flag} is not supported: {why}"))),
            None => Ok(()),
        }
    }
}
