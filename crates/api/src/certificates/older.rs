//! The approval in its older place.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Empty: that the object exists approves the certificate request of its name.
#[derive(CustomResource, Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "hypershift.openshift.io",
    version = "v1beta1",
    kind = "CertificateSigningRequestApproval",
    plural = "certificatesigningrequestapprovals",
    shortname = "csra",
    shortname = "csras",
    namespaced,
    derive = "Default",
    derive = "PartialEq"
)]
pub struct CertificateSigningRequestApprovalSpec {}
