//! The protocol between a joining host and the bootstrap server, as JSON.
//!
//! The token and the report token are the only secrets in it; neither can be printed by accident.

use std::{collections::BTreeMap, fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

use crate::{Endpoint, HostFacts, Stage};

/// Most bytes of a request body.
pub const BODY_LIMIT: usize = 64 * 1024;
/// Name in the bootstrap server's certificate, whatever address a host dials.
pub const SERVER_NAME: &str = "bootstrap.hypershift.svc";
/// Longest a host may ask an orders request to wait, seconds.
pub const ORDERS_WAIT_LIMIT: u64 = 50;

/// A string that must not be printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Confidential(String);

impl Confidential {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Confidential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(confidential)")
    }
}

/// Why a host is stuck and what would help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// What went wrong, naming the object.
    pub cause: String,
    /// What to do.
    pub next_step: String,
}

/// `POST /v1/clusters/{control plane namespace}/join`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinRequest {
    /// `<id>.<secret>` of a join token.
    pub token: Confidential,
    /// Name of the node to be.
    pub node_name: String,
    /// Certificate signing request (PEM) of the key made on the host.
    pub csr_pem: String,
    /// Node addresses.
    pub addresses: Vec<IpAddr>,
    /// What was found on the host.
    pub facts: HostFacts,
    /// Version of the agent.
    pub hoist_version: String,
    /// Set when preflight failed: the host is recorded so that people see why, and gets no credential.
    #[serde(default)]
    pub failure: Option<Failure>,
}

/// What a host may use to talk to its API for the next minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    /// Client certificate for the key of the request.
    pub certificate_pem: String,
    /// Authorities of the API's certificate.
    pub certificate_authority_pem: String,
    /// Published addresses of the API, best first.
    pub api_endpoints: Vec<Endpoint>,
    /// When the certificate ends, RFC 3339.
    pub not_after: String,
}

/// Answer to a join request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinResponse {
    /// UID of the Host object.
    pub host_uid: String,
    /// Proves later reports to be this host's.
    pub report_token: Confidential,
    /// NodePool of the token.
    pub node_pool: String,
    /// Missing when the request told of a failure.
    pub credential: Option<Credential>,
}

/// `POST …/hosts/{name}/report`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Stage just reached; `Failed` with a failure.
    pub stage: Stage,
    /// The stage that was being worked on when the failure came.
    #[serde(default)]
    pub failed_stage: Option<Stage>,
    /// Set with `Failed`.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// Milliseconds each finished stage took.
    #[serde(default)]
    pub times: BTreeMap<String, u64>,
    /// Versions of what runs on the host: `kubelet`, `containerd`, `runc`, `hoist`, `kernel`, `os`.
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
    /// Revision of the node configuration that it runs, once it does.
    #[serde(default)]
    pub revision: Option<String>,
    /// The last repair that it has done, by its name.
    #[serde(default)]
    pub last_repair: Option<String>,
}

/// What a host is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Nothing.
    None,
    /// Restore the host and say so.
    Leave,
    /// Run the node configuration of another revision; pods that are there stay.
    Update,
    /// The same, as a node that comes anew: nothing of its pods stays.
    Replace,
    /// As `Replace`, also when it runs that revision: something in it is broken.
    Repair,
}

/// `GET …/hosts/{name}/orders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// What to do.
    pub order: Order,
    /// For all that change it: the revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// For `Repair`: its name. A host that has done it reports that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<String>,
}

impl Orders {
    /// An order that needs no more words.
    pub fn plain(order: Order) -> Self {
        Self { order, revision: None, repair: None }
    }
}

/// Body of every refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// For people; says what to do where that gives nothing away.
    pub message: String,
    /// `true` when the cluster is gone for good and the host must clean itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed() {
        assert_eq!(format!("{:?}", Confidential::new("s3cret")), "(confidential)");
    }

    #[test]
    fn an_order_reads_as_in_the_protocol() {
        let orders: Orders = serde_json::from_str(r#"{"order":"leave"}"#).expect("an order");
        assert_eq!(orders, Orders::plain(Order::Leave));
        let orders: Orders = serde_json::from_str(r#"{"order":"update","revision":"a-b"}"#).expect("an order");
        assert_eq!((orders.order, orders.revision.as_deref()), (Order::Update, Some("a-b")));
    }
}
