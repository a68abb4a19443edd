//! Names and load balancers of routers.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::hosted_cluster::references::NameReference;
use crate::schema::rules::immutable;

/// Names and load balancers of routers.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngressSpec {
    /// Domain of routes.
    #[x_kube(validation = immutable("domain is immutable once set"))]
    pub domain: Option<String>,
    /// Domain of users' routes, when it is another one.
    pub apps_domain: Option<String>,
    /// Names of routes of components.
    #[schemars(length(max = 250), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["namespace", "name"]))]
    pub component_routes: Option<Vec<ComponentRouteSpec>>,
    /// Strict transport security that routes must demand.
    #[serde(rename = "requiredHSTSPolicies")]
    pub required_hsts_policies: Option<Vec<RequiredHstsPolicy>>,
    /// Load balancers before routers.
    pub load_balancer: Option<LoadBalancer>,
}

/// The name of one route of a component.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentRouteSpec {
    /// Namespace of the route.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub namespace: String,
    /// The route.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// Its name.
    #[schemars(regex(
        pattern = r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$|^(([a-z0-9][-a-z0-9]{0,61}[a-z0-9]|[a-z0-9]{1,63})[\.]){0,}([a-z0-9][-a-z0-9]{0,61}[a-z0-9]|[a-z0-9]{1,63})$"
    ))]
    pub hostname: String,
    /// Secret of type `kubernetes.io/tls` for the name.
    pub serving_cert_key_pair_secret: Option<NameReference>,
}

/// Strict transport security that routes of some domains must demand.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequiredHstsPolicy {
    /// Namespaces whose routes it is for.
    #[serde(default)]
    #[schemars(schema_with = "crate::schema::parts::label_selector")]
    pub namespace_selector: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector>,
    /// Domains whose routes it is for.
    #[schemars(length(min = 1))]
    pub domain_patterns: Vec<String>,
    /// For how long.
    pub max_age: Option<MaxAgePolicy>,
    /// Whether browsers' own lists.
    pub preload_policy: Option<PreloadPolicy>,
    /// Whether for domains below.
    pub include_sub_domains_policy: Option<IncludeSubDomainsPolicy>,
}

/// Bounds of a time in seconds.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MaxAgePolicy {
    /// At most.
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub largest_max_age: Option<i32>,
    /// At least.
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub smallest_max_age: Option<i32>,
}

/// Whether `preload` must be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the words say it")]
pub enum PreloadPolicy {
    RequirePreload,
    RequireNoPreload,
    NoOpinion,
}

/// Whether `includeSubDomains` must be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the words say it")]
pub enum IncludeSubDomainsPolicy {
    RequireIncludeSubDomains,
    RequireNoIncludeSubDomains,
    NoOpinion,
}

/// Load balancers before routers.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoadBalancer {
    /// Of which infrastructure.
    pub platform: Option<IngressPlatformSpec>,
}

/// An infrastructure; settings of clouds are not ours.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IngressPlatformSpec {
    /// Which.
    #[serde(rename = "type")]
    pub type_: Option<InfrastructureType>,
}

/// Infrastructures, in the order of OpenShift's enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, non_camel_case_types, reason = "proper names")]
pub enum InfrastructureType {
    #[serde(rename = "")]
    Unset,
    AWS,
    Azure,
    BareMetal,
    GCP,
    Libvirt,
    OpenStack,
    None,
    VSphere,
    oVirt,
    IBMCloud,
    KubeVirt,
    EquinixMetal,
    PowerVS,
    AlibabaCloud,
    Nutanix,
    External,
}
