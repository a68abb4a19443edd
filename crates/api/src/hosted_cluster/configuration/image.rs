//! Where images may come from.
#![allow(clippy::struct_field_names, reason = "the names of the API, also in what is derived")]

use kube::KubeSchema;
use kube::core::Rule as CelRule;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::hosted_cluster::references::NameReference;
use crate::schema::parts::rule;

/// Where images may come from.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageSpec {
    /// Registries that image streams may import from.
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub allowed_registries_for_import: Option<Vec<RegistryLocation>>,
    /// Outer names of OpenShift's own registry.
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub external_registry_hostnames: Option<Vec<String>>,
    /// ConfigMap with an authority a registry.
    #[serde(rename = "additionalTrustedCA")]
    pub additional_trusted_ca: Option<NameReference>,
    /// What container runtimes pull from.
    pub registry_sources: Option<RegistrySources>,
}

/// A registry.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistryLocation {
    /// Its host, a port where it has one.
    pub domain_name: Option<String>,
    /// Without TLS, or without checking it.
    pub insecure: Option<bool>,
}

/// What container runtimes pull from.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.blockedRegistries) || !has(self.allowedRegistries)").message("Only one of blockedRegistries or allowedRegistries may be set"))]
pub struct RegistrySources {
    /// Without TLS, or without checking it.
    #[serde(default)]
    #[schemars(schema_with = "registries")]
    pub insecure_registries: Option<Vec<String>>,
    /// Never.
    #[serde(default)]
    #[schemars(schema_with = "registries")]
    pub blocked_registries: Option<Vec<String>>,
    /// Only.
    #[serde(default)]
    #[schemars(schema_with = "registries")]
    pub allowed_registries: Option<Vec<String>>,
    /// Tried for images without a registry.
    #[schemars(length(min = 1), extend("format" = "hostname", "x-kubernetes-list-type" = "set"))]
    pub container_runtime_search_registries: Option<Vec<String>>,
}

/// Registries: a host with or without port and path, or `*.` and a domain.
fn registries(_: &mut SchemaGenerator) -> Schema {
    let label = "[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?";
    let part = "[a-z0-9]+(([._]|__|[-]*)[a-z0-9]+)*";
    let shape = CelRule::new(format!(
        r"self.matches('^\\*(\\.{label})+$|^{label}(\\.{label})*(:[0-9]+)?(/{part})*$')"
    ))
    .message("each registry must be a valid hostname[:port][/path] or wildcard *.hostname format without tags or digests");
    json_schema!({
        "type": "array",
        "maxItems": 1024,
        "x-kubernetes-list-type": "atomic",
        "items": {"type": "string", "minLength": 1, "maxLength": 256, "x-kubernetes-validations": [rule(&shape)]}
    })
}
