//! The Plan itself.

use hoist_api::hosted_cluster::AvailabilityPolicy;
use hoist_release::Release;

use crate::{
    ApiServerConfiguration, ApiServerTuning, Hosts, Identity, Images, Network, Publishing, ResourceOverrides,
    Scheduling,
};

/// Everything that builders need to know of one hosted cluster, checked. Holds no secret and no port that the management
/// cluster chooses.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Names.
    pub identity: Identity,
    /// Release of the control plane.
    pub release: Release,
    /// Whether no release was rolled out whole yet, so that nobody relies on the API server.
    pub is_first_rollout: bool,
    /// Its images.
    pub images: Images,
    /// Availability of the control plane.
    pub availability: AvailabilityPolicy,
    /// Availability of what runs on the nodes.
    pub infrastructure_availability: AvailabilityPolicy,
    /// Networks.
    pub network: Network,
    /// Ways out.
    pub publishing: Publishing,
    /// Datastore.
    pub etcd: Etcd,
    /// Encryption of Secrets at rest; absent when the user wants none.
    pub encryption: Option<Encryption>,
    /// Issuer of service-account tokens.
    pub issuer_url: String,
    /// A name of the user's own for the API server, besides its published address.
    pub custom_api_server_name: Option<String>,
    /// Where the pods run.
    pub scheduling: Scheduling,
    /// Requests set by the user.
    pub resource_overrides: ResourceOverrides,
    /// What annotations change of kube-apiserver.
    pub api_server_tuning: ApiServerTuning,
    /// Settings of kube-apiserver.
    pub api_server_configuration: ApiServerConfiguration,
    /// Whether certificates that exist stay as they are.
    pub is_pki_frozen: bool,
    /// Secret in the control plane namespace with key `.dockerconfigjson`.
    pub pull_secret: String,
    /// ConfigMap in the control plane namespace with key `ca-bundle.crt`.
    pub trust_bundle: Option<String>,
    /// What hosts are told.
    pub hosts: Hosts,
    /// Secret in the control plane namespace with the user's own service-account key, key `key`.
    pub service_account_signing_key: Option<String>,
}

/// An etcd that Hoist runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Etcd {
    /// 1 or 3.
    pub replicas: u8,
    /// Class of its volumes; the default class when absent.
    pub storage_class: Option<String>,
    /// Size of each volume, a Kubernetes quantity.
    pub size: String,
}

/// AES-CBC keys, by name of the Secret in the control plane namespace whose key `key` holds 32 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// Encrypts what is written.
    pub active_key: String,
    /// Still decrypts.
    pub backup_key: Option<String>,
}

impl Plan {
    /// Whether the control plane is to survive the loss of a node.
    pub fn is_highly_available(&self) -> bool {
        self.availability == AvailabilityPolicy::HighlyAvailable
    }
}
