//! Trading the token for a credential.

use std::time::{Duration, Instant};

use hoist_node_config::{
    HostFacts, Stage, ThisHost,
    join::{Confidential, Failure, JoinRequest},
};

use crate::{
    arguments::JoinArguments,
    cause::Cause,
    pin::Pin,
    progress::Progress,
    server::{Error, Server},
    state::State,
};

/// How long a cluster that is still starting is waited for.
const PATIENCE: Duration = Duration::from_secs(90);

/// Which cluster to join.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) url: String,
    pub(super) cluster: String,
    pub(super) pin: Pin,
    pub(super) token: Option<Confidential>,
}

impl Target {
    /// From the line, or from what an earlier run of it left.
    pub(super) fn of(arguments: &JoinArguments, earlier: Option<&State>) -> Result<Self, Cause> {
        let token = arguments.token.as_deref().map(Confidential::new);
        let given = (arguments.server.as_ref(), arguments.cluster.as_ref(), arguments.ca_pin.as_ref());
        let target = match (given, earlier) {
            ((Some(url), Some(cluster), Some(pin)), _) => {
                let pin = pin.parse::<Pin>().map_err(|cause| Cause::of(&cause, "copy the whole line again"))?;
                Self { url: url.trim_end_matches('/').to_owned(), cluster: cluster.clone(), pin, token }
            }
            ((None, None, None), Some(state)) => {
                Self { url: state.server.clone(), cluster: state.cluster.clone(), pin: state.ca_pin, token }
            }
            _ => {
                return Err(Cause::new(
                    "--server, --cluster and --ca-pin are needed together",
                    "run the whole line that `hcp create join-command` prints",
                ));
            }
        };
        if !is_namespace(&target.cluster) {
            return Err(Cause::new(
                format!("--cluster {:?} is no namespace", target.cluster),
                "copy the whole line that `hcp create join-command` prints",
            ));
        }
        match earlier {
            Some(state) if state.cluster != target.cluster || state.ca_pin != target.pin => Err(Cause::new(
                format!("this host belongs to cluster {} already", state.cluster),
                "leave it first with `hoist-node leave`",
            )),
            _ => Ok(target),
        }
    }
}

/// It becomes part of a URL.
fn is_namespace(name: &str) -> bool {
    !name.contains('.') && hoist_node_config::validate_node_name(name).is_ok()
}

/// Everything a first contact says.
pub(super) struct Contact<'a> {
    pub(super) server: &'a Server,
    pub(super) target: &'a Target,
    pub(super) this_host: &'a ThisHost,
    pub(super) facts: &'a HostFacts,
    pub(super) request_pem: &'a str,
    pub(super) failure: Option<Cause>,
}

/// Why a host was not enrolled.
pub(super) struct NotEnrolled {
    pub(super) cause: Cause,
    /// Whether the server has noted nothing of this host.
    pub(super) is_rejection: bool,
}

impl Contact<'_> {
    /// Enrols this host. An earlier enrolment is renewed, not forgotten.
    pub(super) async fn enroll(&self, earlier: Option<State>, progress: &Progress) -> Result<State, NotEnrolled> {
        let Some(token) = self.target.token.clone() else {
            let cause = Cause::new(
                "the credential of the earlier join has ended, and no token was given",
                "make a new line with `hcp create join-command` and run it",
            );
            return Err(NotEnrolled { cause, is_rejection: false });
        };
        let request = JoinRequest {
            token,
            node_name: self.this_host.node_name.clone(),
            csr_pem: self.request_pem.to_owned(),
            addresses: self.this_host.node_addresses.clone(),
            facts: self.facts.clone(),
            hoist_version: env!("CARGO_PKG_VERSION").to_owned(),
            failure: self.failure.clone().map(|failure| Failure { cause: failure.cause, next_step: failure.next_step }),
        };
        let started = Instant::now();
        let answer = loop {
            match self.server.join(&request).await {
                Ok(answer) => break answer,
                Err(error) if self.is_worth_waiting(&error, started) => {
                    progress.note(&format!("waiting: {error}"));
                    tokio::time::sleep(Duration::from_secs(2)).await;
                }
                Err(error) => {
                    return Err(NotEnrolled { is_rejection: error.is_rejection(), cause: error.cause() });
                }
            }
        };
        Ok(State {
            server: self.target.url.clone(),
            cluster: self.target.cluster.clone(),
            ca_pin: self.target.pin,
            node_pool: answer.node_pool,
            host_uid: answer.host_uid,
            report_token: answer.report_token,
            this_host: self.this_host.clone(),
            swap_allowed: self.facts.swap_allowed,
            stage: earlier.as_ref().map_or(Stage::Preflight, |state| state.stage),
            credential: answer.credential,
            versions: earlier.as_ref().map(|state| state.versions.clone()).unwrap_or_default(),
            revision: earlier.as_ref().and_then(|state| state.revision.clone()),
            last_repair: None,
            units: earlier.map(|state| state.units).unwrap_or_default(),
        })
    }

    /// A failed check is only to be told of: that must not keep anybody waiting.
    fn is_worth_waiting(&self, error: &Error, started: Instant) -> bool {
        self.failure.is_none() && error.is_transient() && started.elapsed() < PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(server: Option<&str>, cluster: &str, pin: &str) -> JoinArguments {
        JoinArguments {
            server: server.map(str::to_owned),
            cluster: Some(cluster.to_owned()),
            ca_pin: Some(pin.to_owned()),
            token: None,
            node_name: None,
            node_ip: Vec::new(),
            allow_swap: false,
        }
    }

    #[test]
    fn a_line_must_be_whole_and_well_formed() {
        let pin = format!("sha256:{}", "0".repeat(64));
        assert!(Target::of(&arguments(Some("https://a:1"), "clusters-demo", &pin), None).is_ok());
        let wrong = [
            (None, "clusters-demo", pin.as_str()),
            (Some("https://a:1"), "../admin", pin.as_str()),
            (Some("https://a:1"), "clusters-demo", "sha256:short"),
        ];
        for (server, cluster, pin) in wrong {
            let error = Target::of(&arguments(server, cluster, pin), None).expect_err("refused");
            assert!(error.next_step.contains("line"), "{error}");
        }
    }
}
