//! What differs from one installation to the next.

use std::collections::BTreeMap;

use semver::Version;
use strum::{AsRefStr, EnumString, VariantNames};

/// What `hypershift install` was told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Image with `/usr/bin/hoist-operator`, `/usr/bin/hoist-bootstrap` and `/usr/bin/hoist-node`.
    pub image: String,
    /// When nodes pull it: `Always`, `IfNotPresent` or `Never`.
    pub image_pull_policy: String,
    /// Namespace of the operator; `hypershift` unless somebody insists.
    pub namespace: String,
    /// PEM of the authorities of registries that the machine's own trust does not cover.
    pub registry_trust_bundle: Option<String>,
    /// Content of a `.dockerconfigjson` with which [`Self::image`] is pulled.
    pub pull_secret: Option<Vec<u8>>,
    /// Release images that new clusters may use, by version.
    pub releases: BTreeMap<Version, String>,
    /// Version of this program, for `supported-versions`.
    pub version: String,
    /// Replicas of the operator; more than one stand by.
    pub operator_replicas: u8,
    /// Environment of the operator besides what it needs.
    pub operator_env: BTreeMap<String, String>,
    /// What is made for Prometheus.
    pub monitoring: Monitoring,
    /// What leads to hosted clusters by their names; absent when nothing does.
    pub router: Option<Router>,
}

/// The router.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Router {
    /// How it is reached itself.
    pub published: RouterType,
    /// Domain of names for Routes that have none.
    pub domain: Option<String>,
    /// Which nodes accept connections for it, and with which source addresses they reach it.
    pub external_traffic_policy: ExternalTrafficPolicy,
}

/// `externalTrafficPolicy` of the router's Service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, AsRefStr, EnumString, VariantNames)]
pub enum ExternalTrafficPolicy {
    /// Every node; source addresses are the nodes'.
    #[default]
    Cluster,
    /// Nodes on which the router runs; source addresses are the clients'.
    Local,
}

/// How the router is reached: by a Service of this type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, AsRefStr, EnumString, VariantNames)]
pub enum RouterType {
    /// At one port of every node of the management cluster.
    #[default]
    NodePort,
    /// By a load balancer, at port 443.
    LoadBalancer,
}

/// What is made for Prometheus, whose kinds not every management cluster has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Monitoring {
    /// Nothing besides the Service of the metrics.
    #[default]
    None,
    /// What says where the metrics are, and the alerts.
    Objects,
    /// These, and what OpenShift's own Prometheus needs to scrape a namespace.
    OpenShift,
}

impl Settings {
    /// An installation of `image` in namespace `hypershift` that offers `releases`.
    pub fn new(image: impl Into<String>, releases: BTreeMap<Version, String>) -> Self {
        Self {
            image: image.into(),
            image_pull_policy: "IfNotPresent".to_owned(),
            namespace: crate::OPERATOR_NAMESPACE.to_owned(),
            registry_trust_bundle: None,
            pull_secret: None,
            releases,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            operator_replicas: 1,
            operator_env: BTreeMap::new(),
            monitoring: Monitoring::None,
            router: None,
        }
    }
}
