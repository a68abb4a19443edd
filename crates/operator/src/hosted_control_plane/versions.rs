//! The history of versions: pure, and monotone in what was completed.
//!
//! Source: HyperShift `controlplaneversion.go`. The newest attempt comes first; an attempt that was given up stays Partial.

use hoist_api::hosted_cluster::version::{
    ClusterVersionStatus, ControlPlaneVersionStatus, DesiredRelease, UpdateHistory, UpdateState,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// Entries that are kept; HyperShift's number.
const MOST: usize = 100;

/// The status after a pass that wants `desired`. `is_complete` says whether everything runs it now.
pub fn advance(
    previous: Option<&ClusterVersionStatus>,
    desired: DesiredRelease,
    is_complete: bool,
    generation: i64,
    now: &Time,
) -> ClusterVersionStatus {
    let mut history = previous.map(|status| status.history.clone()).unwrap_or_default();
    let is_new =
        history.first().is_none_or(|newest| newest.version != desired.version || newest.image != desired.image);
    if is_new {
        if let Some(before) = history.first_mut()
            && before.completion_time.is_none()
        {
            before.completion_time = Some(now.clone());
        }
        history.insert(
            0,
            UpdateHistory {
                state: UpdateState::Partial,
                started_time: now.clone(),
                completion_time: None,
                version: desired.version.clone(),
                image: desired.image.clone(),
                verified: true,
                accepted_risks: None,
            },
        );
    }
    if is_complete
        && let Some(newest) = history.first_mut()
        && newest.state == UpdateState::Partial
    {
        newest.state = UpdateState::Completed;
        newest.completion_time = Some(now.clone());
    }
    prune(&mut history);
    ClusterVersionStatus { desired, history, observed_generation: generation, ..ClusterVersionStatus::default() }
}

/// The version that was completed last.
pub fn completed(status: Option<&ControlPlaneVersionStatus>) -> Option<semver::Version> {
    let history = &status?.history;
    history.iter().find(|entry| entry.state == UpdateState::Completed)?.version.parse().ok()
}

/// Keeps the newest entries, and the newest completed one wherever it is.
fn prune(history: &mut Vec<UpdateHistory>) {
    while history.len() > MOST {
        let last_completed = history.iter().position(|entry| entry.state == UpdateState::Completed);
        let victim = (1..history.len()).rev().find(|index| Some(*index) != last_completed);
        history.remove(victim.unwrap_or(history.len() - 1));
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn at(second: i64) -> Time {
        Time(Timestamp::from_second(second).unwrap())
    }

    fn release(version: &str) -> DesiredRelease {
        DesiredRelease {
            image: format!("r.example.com/release:{version}"),
            version: version.to_owned(),
            ..DesiredRelease::default()
        }
    }

    fn states(status: &ClusterVersionStatus) -> Vec<(String, UpdateState)> {
        status.history.iter().map(|entry| (entry.version.clone(), entry.state)).collect()
    }

    #[test]
    fn a_first_rollout_is_partial_until_everything_runs_it() {
        let first = advance(None, release("1.36.3"), false, 1, &at(1));
        assert_eq!(states(&first), [("1.36.3".to_owned(), UpdateState::Partial)]);
        let done = advance(Some(&first), release("1.36.3"), true, 1, &at(9));
        assert_eq!(states(&done), [("1.36.3".to_owned(), UpdateState::Completed)]);
        assert_eq!((&done.history[0].started_time, &done.history[0].completion_time), (&at(1), &Some(at(9))));
    }

    #[test]
    fn a_completed_version_stays_completed_when_a_pod_restarts() {
        let done = advance(None, release("1.36.3"), true, 1, &at(1));
        assert_eq!(advance(Some(&done), release("1.36.3"), false, 1, &at(9)), done);
    }

    #[test]
    fn an_upgrade_comes_first_and_the_running_version_is_still_the_old_one() {
        let done = advance(None, release("1.35.4"), true, 1, &at(1));
        let upgrading = advance(Some(&done), release("1.36.3"), false, 2, &at(9));
        assert_eq!(
            states(&upgrading),
            [("1.36.3".to_owned(), UpdateState::Partial), ("1.35.4".to_owned(), UpdateState::Completed)]
        );
        assert_eq!(completed(Some(&upgrading.into())), Some("1.35.4".parse().unwrap()));
    }

    #[test]
    fn a_long_history_keeps_what_was_completed_last() {
        let mut status = advance(None, release("1.35.4"), true, 1, &at(1));
        for patch in 0..150 {
            status = advance(Some(&status), release(&format!("1.36.{patch}")), false, 1, &at(10 + patch));
        }
        assert_eq!(status.history.len(), MOST);
        assert_eq!(completed(Some(&status.into())), Some("1.35.4".parse().unwrap()));
    }
}
