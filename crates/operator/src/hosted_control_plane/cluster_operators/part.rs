//! One part, and what its ClusterOperator says.

use hoist_api::conditions::Reason;
use hoist_api::config::StatusCondition;
use hoist_api::config::cluster_operator::{ClusterOperatorStatus, ObjectReference, OperandVersion};
use hoist_controller::conditions::{Status, Verdict};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// Name under which a part's own version is listed.
const OPERATOR: &str = "operator";

/// One aspect of a part. Its reason is `AsExpected` exactly when nothing is to be told: the table shows the message of the first
/// aspect whose reason is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aspect {
    /// Whether it holds.
    pub status: Status,
    /// One word.
    pub reason: Reason,
    /// A sentence.
    pub message: String,
}

impl Aspect {
    /// As it should be.
    pub fn well(status: Status, message: String) -> Self {
        Self { status, reason: Reason::AsExpected, message }
    }

    /// Not as it should be.
    pub fn ill(status: Status, reason: Reason, message: String) -> Self {
        Self { status, reason, message }
    }
}

/// One part of a hosted cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Name of its ClusterOperator.
    pub name: &'static str,
    /// Version that it has reached; `None` while it has not.
    pub version: Option<String>,
    /// Whether it does its work.
    pub available: Aspect,
    /// Whether something is wrong with it.
    pub degraded: Aspect,
    /// Whether it is changing.
    pub progressing: Aspect,
    /// Objects in the hosted cluster that it consists of.
    pub related: Vec<ObjectReference>,
}

impl Part {
    /// Whether it does its work in the version that is wanted.
    pub fn is_complete(&self) -> bool {
        self.available.status == Status::True && self.version.is_some()
    }

    /// The status of its ClusterOperator. The version that was complete last stays until the next one is.
    pub fn status(&self, before: Option<&ClusterOperatorStatus>, now: Timestamp) -> ClusterOperatorStatus {
        let no_conditions = Vec::new();
        let conditions = before.map_or(&no_conditions, |before| &before.conditions);
        ClusterOperatorStatus {
            conditions: merge(conditions, &self.verdicts(), now),
            extension: None,
            related_objects: self.related.clone(),
            versions: match &self.version {
                Some(version) => vec![OperandVersion { name: OPERATOR.to_owned(), version: version.clone() }],
                None => before.map(|before| before.versions.clone()).unwrap_or_default(),
            },
        }
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let verdict =
            |type_: &str, aspect: &Aspect| Verdict::new(type_, aspect.status, aspect.reason, aspect.message.clone());
        vec![
            verdict("Available", &self.available),
            verdict("Degraded", &self.degraded),
            verdict("Progressing", &self.progressing),
            Verdict::new("Upgradeable", true, Reason::AsExpected, ""),
        ]
    }
}

/// As `hoist_controller::conditions::merge`, for conditions of `config.openshift.io`.
pub fn merge(before: &[StatusCondition], verdicts: &[Verdict], now: Timestamp) -> Vec<StatusCondition> {
    let now = Time(Timestamp::from_second(now.as_second()).unwrap_or(now));
    verdicts
        .iter()
        .map(|verdict| {
            let was = before
                .iter()
                .find(|condition| condition.type_ == verdict.type_ && condition.status == verdict.status.as_str());
            StatusCondition {
                type_: verdict.type_.clone(),
                status: verdict.status.as_str().to_owned(),
                reason: Some(verdict.reason.clone()),
                message: Some(verdict.message.clone()).filter(|message| !message.is_empty()),
                last_transition_time: was.map_or_else(|| now.clone(), |was| was.last_transition_time.clone()),
            }
        })
        .collect()
}
