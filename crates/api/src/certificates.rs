//! Certificates for when everything else fails ("break glass"): asking for one, and taking all back.
//!
//! Source: HyperShift `api/certificates/v1alpha1`, and the approval's older place in `hypershift.openshift.io/v1beta1`.

pub mod older;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use strum::{AsRefStr, Display};

use crate::hosted_cluster::references::LocalObjectReference;
use crate::schema::rules::immutable;

/// Empty: that the object exists approves the certificate request of its name.
#[derive(CustomResource, Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "certificates.hypershift.openshift.io",
    version = "v1alpha1",
    kind = "CertificateSigningRequestApproval",
    plural = "certificatesigningrequestapprovals",
    shortname = "csra",
    shortname = "csras",
    namespaced,
    derive = "Default",
    derive = "PartialEq"
)]
pub struct CertificateSigningRequestApprovalSpec {}

/// Whose certificates are taken back.
#[derive(CustomResource, Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "certificates.hypershift.openshift.io",
    version = "v1alpha1",
    kind = "CertificateRevocationRequest",
    plural = "certificaterevocationrequests",
    shortname = "crr",
    shortname = "crrs",
    namespaced,
    derive = "PartialEq",
    status = "CertificateRevocationRequestStatus"
)]
#[serde(rename_all = "camelCase")]
pub struct CertificateRevocationRequestSpec {
    /// The authority whose certificates shall no longer count.
    #[x_kube(validation = immutable("signerClass is immutable"))]
    pub signer_class: SignerClass,
}

/// Authorities of such certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, AsRefStr, Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum SignerClass {
    /// The customer's.
    CustomerBreakGlass,
    /// That of who runs the management cluster.
    SreBreakGlass,
}

/// How far taking back is.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateRevocationRequestStatus {
    /// Certificates from before no longer count.
    pub revocation_timestamp: Option<Time>,
    /// Secret with the former authority.
    pub previous_signer: Option<LocalObjectReference>,
    /// The steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "crate::schema::parts::any_number_of_conditions")]
    pub conditions: Vec<Condition>,
}

/// Steps of taking back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsRefStr, Display)]
pub enum RevocationConditionType {
    /// It is known whose certificates are meant.
    SignerClassValid,
    /// There is a new authority.
    RootCertificatesRegenerated,
    /// What Hoist has signed with the former one is signed with the new one.
    LeafCertificatesRegenerated,
    /// Every API server takes certificates of the new authority.
    NewCertificatesTrusted,
    /// No API server takes certificates of the former authority.
    PreviousCertificatesRevoked,
}
