//! References to objects beside the HostedCluster, and to release images.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name of an object in the same namespace. Core's type, but with HyperShift's default of an empty name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct LocalObjectReference {
    /// Name; empty means none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(extend("default" = ""))]
    pub name: String,
}

impl LocalObjectReference {
    /// A reference to `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

/// Name of a Secret or ConfigMap in the same namespace, in the form of OpenShift's configuration kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NameReference {
    /// Name.
    pub name: String,
}

/// A release image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct Release {
    /// Pull specification.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = Rule::new(r"self.matches('^(\\w+\\S+)$')").message("Image must start with a word character (letters, digits, or underscores) and contain no white spaces"))]
    pub image: String,
}

/// A Secret and the key of its kubeconfig.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KubeconfigSecretRef {
    /// Name of the Secret.
    #[schemars(length(max = 255))]
    pub name: String,
    /// Key in it.
    #[schemars(length(max = 255))]
    pub key: String,
}
