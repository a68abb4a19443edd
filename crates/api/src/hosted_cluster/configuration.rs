//! `spec.configuration`: the settings that OpenShift keeps in its cluster-wide configuration kinds (`config.openshift.io`).
//!
//! Every field is in its place, so that manifests and strict validation work unchanged. Which of them Hoist honours is said
//! in one table, `hoist_plan::honoured`.

pub mod api_server;
pub mod authentication;
pub mod feature_gate;
pub mod identity_provider;
pub mod image;
pub mod ingress;
pub mod network;
pub mod oauth;
pub mod oidc;
pub mod operator_hub;
pub mod proxy;
pub mod scheduler;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

pub use api_server::ApiServerSpec;
pub use authentication::AuthenticationSpec;
pub use feature_gate::FeatureGateSpec;
pub use image::ImageSpec;
pub use ingress::IngressSpec;
pub use network::NetworkSpec;
pub use oauth::OAuthSpec;
pub use operator_hub::OperatorHubSpec;
pub use proxy::ProxySpec;
pub use scheduler::SchedulerSpec;

/// Settings of OpenShift's configuration kinds.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterConfiguration {
    /// Audit, TLS and certificates of the API server.
    pub api_server: Option<ApiServerSpec>,
    /// Who users are.
    pub authentication: Option<AuthenticationSpec>,
    /// Features that are not on, or not off, by default.
    pub feature_gate: Option<FeatureGateSpec>,
    /// Where images may come from.
    pub image: Option<ImageSpec>,
    /// Names and load balancers of routers.
    pub ingress: Option<IngressSpec>,
    /// Networks, external addresses and node ports of Services.
    pub network: Option<NetworkSpec>,
    /// OpenShift's own login.
    pub oauth: Option<OAuthSpec>,
    /// Catalogs of operators.
    pub operatorhub: Option<OperatorHubSpec>,
    /// Where new pods go.
    pub scheduler: Option<SchedulerSpec>,
    /// The way out through an HTTP proxy.
    pub proxy: Option<ProxySpec>,
}
