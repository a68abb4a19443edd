//! The hosted cluster's API, as far as a host needs it: two objects to read before it is a node, and its own Node after.

use std::time::Duration;

use hoist_node_config::{Endpoint, NodeConfig, ProxySettings};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::{cause::chain, proxy, server::innermost, tls};

const DEADLINE: Duration = Duration::from_secs(5);
/// ConfigMaps and Secrets end at 1 MiB; Nodes are far smaller.
const ANSWER_LIMIT: usize = 2 * 1024 * 1024;

/// Why the API did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Our credential.
    #[error("the credential cannot be used: {cause}")]
    Credential { cause: String },
    /// Nobody answers.
    #[error("cannot reach the cluster's API at {endpoints}: {cause}")]
    Unreachable { endpoints: String, cause: String },
    /// Refused.
    #[error("the cluster's API answered {status} to GET {path}: {message}")]
    Refused { path: String, status: StatusCode, message: String },
    /// Not what it should be.
    #[error("{path} of the cluster's API is not as expected: {cause}")]
    Malformed { path: String, cause: String },
}

impl Error {
    /// Whether the object, or our right to read it, may still appear: a control plane that just started fills itself
    /// step by step.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => {
                matches!(*status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS)
                    || status.is_server_error()
            }
            Self::Credential { .. } | Self::Malformed { .. } => false,
        }
    }
}

/// A client of the hosted cluster's API.
#[derive(Debug)]
pub(crate) struct ClusterApi {
    endpoints: Vec<Endpoint>,
    http: reqwest::Client,
}

/// What a Node says about being ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeReadiness {
    pub(crate) is_ready: bool,
    pub(crate) message: String,
    /// Version of its kubelet, without `v`.
    pub(crate) version: String,
    /// When its kubelet said so.
    pub(crate) heard: Option<jiff::Timestamp>,
}

impl ClusterApi {
    /// A client of the API at `endpoints` with a certificate and key (PEM).
    pub(crate) fn new(
        endpoints: &[Endpoint],
        authorities: &str,
        certificate: &str,
        key: &str,
        proxy: Option<&ProxySettings>,
    ) -> Result<Self, Error> {
        let unusable = |cause: String| Error::Credential { cause };
        let tls = tls::mutual(authorities, certificate, key).map_err(|cause| unusable(chain(&cause)))?;
        let http = proxy::client(tls, proxy).map_err(|cause| unusable(chain(&cause)))?;
        Ok(Self { endpoints: endpoints.to_vec(), http })
    }

    /// The configuration of nodes of this NodePool.
    pub(crate) async fn node_config(&self, node_pool: &str) -> Result<NodeConfig, Error> {
        let path = format!("/api/v1/namespaces/kube-system/configmaps/hoist-node-{node_pool}");
        let object = self.get(&path).await?;
        let text = object.pointer("/data/config.json").and_then(Value::as_str).unwrap_or_default();
        serde_json::from_str(text).map_err(|cause| Error::Malformed { path, cause: cause.to_string() })
    }

    /// The pull secret of nodes, as JSON.
    pub(crate) async fn pull_secret(&self) -> Result<Vec<u8>, Error> {
        use base64::{Engine as _, engine::general_purpose::STANDARD};

        let path = "/api/v1/namespaces/kube-system/secrets/hoist-pull-secret";
        let object = self.get(path).await?;
        let text = object.pointer("/data/.dockerconfigjson").and_then(Value::as_str).unwrap_or_default();
        // The decoder's own message would quote the secret.
        let malformed =
            || Error::Malformed { path: path.to_owned(), cause: "no .dockerconfigjson in base64".to_owned() };
        STANDARD.decode(text).ok().filter(|decoded| !decoded.is_empty()).ok_or_else(malformed)
    }

    /// Whether this node is Ready; `None` while it is not registered.
    pub(crate) async fn node(&self, name: &str) -> Result<Option<NodeReadiness>, Error> {
        match self.get(&format!("/api/v1/nodes/{name}")).await {
            Ok(node) => Ok(Some(readiness(&node))),
            Err(Error::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks the endpoints one after the other; the first that answers counts, whatever it says.
    async fn get(&self, path: &str) -> Result<Value, Error> {
        let mut last = "no address is published".to_owned();
        for endpoint in &self.endpoints {
            match self.http.get(format!("https://{endpoint}{path}")).timeout(DEADLINE).send().await {
                Ok(response) => return read(path, response).await,
                Err(cause) => {
                    last = if cause.is_timeout() { "no answer in time".to_owned() } else { innermost(&cause) }
                }
            }
        }
        let endpoints: Vec<String> = self.endpoints.iter().map(ToString::to_string).collect();
        Err(Error::Unreachable { endpoints: endpoints.join(", "), cause: last })
    }
}

async fn read(path: &str, mut response: reqwest::Response) -> Result<Value, Error> {
    #[derive(Deserialize)]
    struct Status {
        #[serde(default)]
        message: String,
    }
    let status = response.status();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_LIMIT => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                return Err(Error::Malformed {
                    path: path.to_owned(),
                    cause: format!("more than {ANSWER_LIMIT} bytes"),
                });
            }
            Ok(None) => break,
            Err(cause) => return Err(Error::Malformed { path: path.to_owned(), cause: innermost(&cause) }),
        }
    }
    if !status.is_success() {
        let message = serde_json::from_slice::<Status>(&body).map(|status| status.message).unwrap_or_default();
        return Err(Error::Refused { path: path.to_owned(), status, message });
    }
    serde_json::from_slice(&body).map_err(|cause| Error::Malformed {
        path: path.to_owned(),
        cause: format!("line {} column {} of its JSON", cause.line(), cause.column()),
    })
}

fn readiness(node: &Value) -> NodeReadiness {
    let conditions = node.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions.into_iter().flatten().find(|condition| condition["type"] == "Ready");
    let version = node.pointer("/status/nodeInfo/kubeletVersion").and_then(Value::as_str).unwrap_or_default();
    let version = version.trim_start_matches('v').to_owned();
    match ready {
        Some(condition) => NodeReadiness {
            is_ready: condition["status"] == "True",
            message: condition["message"].as_str().unwrap_or_default().to_owned(),
            version,
            heard: condition["lastHeartbeatTime"].as_str().and_then(|text| text.parse().ok()),
        },
        None => {
            NodeReadiness { is_ready: false, message: "kubelet has not reported yet".to_owned(), version, heard: None }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn readiness_is_the_ready_condition_and_its_message() {
        let node = json!({"status": {"nodeInfo": {"kubeletVersion": "v1.36.3"}, "conditions": [
            {"type": "DiskPressure", "status": "False", "message": "fine"},
            {"type": "Ready", "status": "False", "message": "cni plugin not initialized",
             "lastHeartbeatTime": "1970-01-01T00:00:05Z"},
        ]}});
        let expected = NodeReadiness {
            is_ready: false,
            message: "cni plugin not initialized".into(),
            version: "1.36.3".into(),
            heard: jiff::Timestamp::from_second(5).ok(),
        };
        assert_eq!(readiness(&node), expected);
        assert!(!readiness(&json!({})).is_ready);
    }

    #[test]
    fn what_a_starting_cluster_lacks_may_still_come() {
        let refused = |status| Error::Refused { path: "/x".into(), status, message: String::new() };
        assert!(refused(StatusCode::NOT_FOUND).may_pass() && refused(StatusCode::FORBIDDEN).may_pass());
        assert!(!refused(StatusCode::UNAUTHORIZED).may_pass());
    }
}
