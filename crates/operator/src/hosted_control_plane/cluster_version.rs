//! What a hosted cluster says of its versions: pure. Its ClusterVersion and the `ClusterVersion…` conditions of HostedCluster and
//! HostedControlPlane are the same judgement.
//!
//! HyperShift copies those conditions from the object in the hosted cluster. Here the copy goes the other way, so that nobody in
//! the hosted cluster can make its HostedCluster say something.

use hoist_api::conditions::{ALL_IS_WELL, ConditionType, Reason};
use hoist_api::config::ClusterVersion;
use hoist_api::config::cluster_version::{ClusterVersionStatus, Release, UpdateHistory};
use hoist_api::hosted_cluster::version::{self, UpdateState};
use hoist_controller::conditions::{Status, Verdict, verdict_of};
use jiff::Timestamp;

use super::cluster_operators::{Part, merge};

/// What is judged.
pub struct Inputs<'a> {
    /// Versions, as the HostedControlPlane's status will have them.
    pub versions: Option<&'a version::ClusterVersionStatus>,
    /// The parts.
    pub parts: &'a [Part],
    /// The release that was read and checked, as `image` and `version`; or why there is none.
    pub release: Result<(String, String), String>,
    /// What speaks against going to the next minor version.
    pub not_upgradeable: Option<(Reason, String)>,
    /// Releases that an upgrade may reach; `None` when the installation does not say.
    pub updates: Option<&'a [version::DesiredRelease]>,
}

/// The judgement.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Conditions of the ClusterVersion.
    pub verdicts: Vec<Verdict>,
    desired: Release,
    history: Vec<UpdateHistory>,
    available_updates: Option<Vec<Release>>,
}

/// Whether everything worked once.
pub fn was_complete(versions: Option<&version::ClusterVersionStatus>) -> bool {
    versions.is_some_and(|versions| versions.history.iter().any(|entry| entry.state == UpdateState::Completed))
}

/// Judges.
pub fn judge(inputs: &Inputs<'_>) -> Version {
    let history = inputs.versions.map(|versions| versions.history.as_slice()).unwrap_or_default();
    let desired = inputs.versions.map(|versions| versions.desired.clone()).unwrap_or_default();
    Version {
        verdicts: verdicts(inputs, &desired.version),
        desired: release(&desired),
        history: history.iter().map(entry).collect(),
        available_updates: inputs.updates.map(|updates| updates.iter().map(release).collect()),
    }
}

impl Version {
    /// Whether there is anything to tell: before the first release was read there is not.
    pub fn is_known(&self) -> bool {
        !self.history.is_empty()
    }

    /// The status of the ClusterVersion.
    pub fn status(&self, live: &ClusterVersion, now: Timestamp) -> ClusterVersionStatus {
        let before = live.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        ClusterVersionStatus {
            available_updates: self.available_updates.clone(),
            conditions: merge(before, &self.verdicts, now),
            desired: self.desired.clone(),
            history: self.history.clone(),
            observed_generation: live.metadata.generation.unwrap_or_default(),
            version_hash: self
                .desired
                .image
                .rsplit_once('@')
                .map_or(self.desired.image.clone(), |(_, digest)| digest.to_owned()),
            ..ClusterVersionStatus::default()
        }
    }

    /// The conditions of HostedControlPlane and HostedCluster.
    pub fn conditions(&self) -> Vec<Verdict> {
        let copied = |from: &str, type_: ConditionType| {
            let verdict = verdict_of(&self.verdicts, from)?;
            Some(Verdict::new(type_, verdict.status, Reason::FromClusterVersion, verdict.message.clone()))
        };
        let failing = verdict_of(&self.verdicts, FAILING);
        let succeeding = failing.map(|failing| match failing.status {
            Status::False => {
                Verdict::new(ConditionType::ClusterVersionSucceeding, true, Reason::FromClusterVersion, ALL_IS_WELL)
            }
            status => Verdict::new(
                ConditionType::ClusterVersionSucceeding,
                if status == Status::True { Status::False } else { status },
                Reason::FromClusterVersion,
                failing.message.clone(),
            ),
        });
        [
            copied(AVAILABLE, ConditionType::ClusterVersionAvailable),
            copied(PROGRESSING, ConditionType::ClusterVersionProgressing),
            succeeding,
            copied(FAILING, ConditionType::ClusterVersionFailing),
            copied(RELEASE_ACCEPTED, ConditionType::ClusterVersionReleaseAccepted),
            copied(UPGRADEABLE, ConditionType::ClusterVersionUpgradeable),
            copied(RETRIEVED_UPDATES, ConditionType::ClusterVersionRetrievedUpdates),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

const AVAILABLE: &str = "Available";
const FAILING: &str = "Failing";
const PROGRESSING: &str = "Progressing";
const UPGRADEABLE: &str = "Upgradeable";
const RELEASE_ACCEPTED: &str = "ReleaseAccepted";
const RETRIEVED_UPDATES: &str = "RetrievedUpdates";

fn verdicts(inputs: &Inputs<'_>, version: &str) -> Vec<Verdict> {
    let newest = inputs.versions.and_then(|versions| versions.history.first());
    let is_reached = newest.is_some_and(|newest| newest.state == UpdateState::Completed);
    let last = inputs.versions.and_then(|versions| {
        versions.history.iter().find(|entry| entry.state == UpdateState::Completed).map(|entry| entry.version.clone())
    });
    let failing = failure(inputs.parts);
    let waiting: Vec<&str> = inputs.parts.iter().filter(|part| !part.is_complete()).map(|part| part.name).collect();
    let unknown: Vec<&str> =
        inputs.parts.iter().filter(|part| part.available.status == Status::Unknown).map(|part| part.name).collect();
    let working = if waiting.is_empty() {
        format!("Working towards {version}")
    } else {
        format!("Working towards {version}: waiting on {}", waiting.join(", "))
    };
    let available = match last {
        Some(last) => Verdict::new(AVAILABLE, true, Reason::AsExpected, format!("Done applying {last}")),
        None => Verdict::new(AVAILABLE, false, Reason::Progressing, working.clone()),
    };
    let progressing = match (is_reached, &failing) {
        (true, None) => Verdict::new(PROGRESSING, false, Reason::AsExpected, format!("Cluster version is {version}")),
        (true, Some((reason, message))) => {
            Verdict::new(PROGRESSING, false, reason, format!("Error while reconciling {version}: {message}"))
        }
        (false, Some((reason, _))) => Verdict::new(PROGRESSING, true, reason, working),
        (false, None) => Verdict::new(PROGRESSING, true, Reason::Progressing, working),
    };
    vec![
        available,
        match failing {
            Some((reason, message)) => Verdict::new(FAILING, true, reason, message),
            None if unknown.is_empty() => Verdict::new(FAILING, false, Reason::AsExpected, ""),
            None => {
                let message = format!("nothing is known yet of {}", unknown.join(", "));
                Verdict::new(FAILING, Status::Unknown, Reason::StatusUnknown, message)
            }
        },
        progressing,
        accepted(&inputs.release),
        match &inputs.not_upgradeable {
            Some((reason, message)) => Verdict::new(UPGRADEABLE, false, reason, message.clone()),
            None => Verdict::new(UPGRADEABLE, true, Reason::AsExpected, ALL_IS_WELL),
        },
        match inputs.updates {
            Some(_) => Verdict::new(RETRIEVED_UPDATES, true, Reason::AsExpected, ""),
            None => Verdict::new(
                RETRIEVED_UPDATES,
                false,
                Reason::NotFound,
                "the installation lists no releases: ConfigMap supported-versions is missing in the operator's namespace",
            ),
        },
    ]
}

fn accepted(release: &Result<(String, String), String>) -> Verdict {
    match release {
        Ok((image, version)) => Verdict::new(
            RELEASE_ACCEPTED,
            true,
            "PayloadLoaded",
            format!("Payload loaded version=\"{version}\" image=\"{image}\" architecture=\"amd64\""),
        ),
        Err(cause) => Verdict::new(RELEASE_ACCEPTED, false, Reason::InvalidReleaseImage, cause.clone()),
    }
}

/// Which parts keep the cluster from being what it should be, in the words that people know from OpenShift.
fn failure(parts: &[Part]) -> Option<(String, String)> {
    let names = |is_so: &dyn Fn(&Part) -> bool| -> Vec<&str> {
        parts.iter().filter(|part| is_so(part)).map(|part| part.name).collect()
    };
    let down = names(&|part| part.available.status == Status::False);
    let degraded = names(&|part| part.degraded.status == Status::True);
    let (names, one_reason, many_reason, what) = if down.is_empty() {
        (degraded, "ClusterOperatorDegraded", "ClusterOperatorsDegraded", "degraded")
    } else {
        (down, "ClusterOperatorNotAvailable", "ClusterOperatorsNotAvailable", "not available")
    };
    match names.as_slice() {
        [] => None,
        [name] => Some((one_reason.to_owned(), format!("Cluster operator {name} is {what}"))),
        names => Some((many_reason.to_owned(), format!("Cluster operators {} are {what}", names.join(", ")))),
    }
}

fn release(release: &version::DesiredRelease) -> Release {
    Release { image: release.image.clone(), version: release.version.clone(), ..Release::default() }
}

fn entry(entry: &version::UpdateHistory) -> UpdateHistory {
    UpdateHistory {
        accepted_risks: entry.accepted_risks.clone(),
        completion_time: entry.completion_time.clone(),
        image: entry.image.clone(),
        started_time: entry.started_time.clone(),
        state: match entry.state {
            UpdateState::Completed => "Completed",
            UpdateState::Partial => "Partial",
        }
        .to_owned(),
        verified: entry.verified,
        version: entry.version.clone(),
    }
}

#[cfg(test)]
mod tests;
