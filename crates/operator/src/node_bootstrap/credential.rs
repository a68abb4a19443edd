//! The credential that a joining host gets: a certificate for the key it made, good for one name and ten minutes.

use hoist_api::Host;
use hoist_api::host::BootstrapCredential;
use hoist_api::names::{HOST_GROUP, HOST_USER_PREFIX, node_pool_host_group};
use hoist_pki::{Authority, CertificateFacts, CertificateRequest, Leaf, Subject, Usage, lifetime};
use hoist_plan::HostPort;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

/// Why there is no credential.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The Host's request is not usable.
    #[error(
        "the certificate request in Host {host} cannot be used; remove the host with `hcp remove host {host}` and join it again"
    )]
    Request {
        /// Name of the Host.
        host: String,
        /// Cause.
        source: hoist_pki::Error,
    },
    /// The key is not the one of the Host's first contact.
    #[error(
        "the certificate request in Host {host} is made with another key than the host's; remove the host and join it again"
    )]
    Key {
        /// Name of the Host.
        host: String,
    },
    /// The cluster's signer cannot be used.
    #[error("the cluster's signer cannot issue a credential")]
    Signer(#[from] hoist_pki::Error),
}

/// What issuing needs of the control plane.
pub struct Issuer {
    /// Signs it: the hosted cluster's own signer of client certificates.
    pub signer: Authority,
    /// PEM of the authority of the API server's certificate.
    pub api_authority: String,
    /// Where the API server is published, best first.
    pub endpoints: Vec<HostPort>,
}

/// Issues the credential of a host.
pub fn issue(host: &Host, issuer: &Issuer, now: Timestamp) -> Result<BootstrapCredential, CredentialError> {
    let name = host.name_any();
    let request = CertificateRequest::from_pem(&host.spec.certificate_signing_request)
        .map_err(|source| CredentialError::Request { host: name.clone(), source })?;
    if request.key_fingerprint != host.spec.key_fingerprint {
        return Err(CredentialError::Key { host: name });
    }
    // Whatever the request says of itself: only its key is taken over.
    let leaf = Leaf {
        // The second group reads what is configured on hosts of this pool alone; the pool is the join token's, not the host's word.
        subject: Subject {
            common_name: format!("{HOST_USER_PREFIX}{name}"),
            organizations: vec![HOST_GROUP.to_owned(), node_pool_host_group(&host.spec.node_pool)],
        },
        names: Vec::new(),
        usage: Usage::Client,
        lifetime: lifetime::HOST_CREDENTIAL,
    };
    let certificate = issuer.signer.sign_request(&leaf, &request, now)?;
    let not_after = CertificateFacts::from_pem(&certificate)?.not_after;
    Ok(BootstrapCredential {
        certificate,
        certificate_authority: issuer.api_authority.clone(),
        api_endpoints: issuer.endpoints.iter().map(ToString::to_string).collect(),
        not_after: Time(not_after),
    })
}
