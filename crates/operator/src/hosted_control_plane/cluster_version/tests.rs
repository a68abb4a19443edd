use hoist_api::hosted_cluster::version::DesiredRelease;
use hoist_testkit::fixtures;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::*;
use crate::hosted_control_plane::cluster_operators::Aspect;
use crate::hosted_control_plane::versions::advance;

fn part(name: &'static str, is_available: bool) -> Part {
    let well = || Aspect::well(Status::False, String::new());
    Part {
        name,
        version: is_available.then(|| "1.36.3".to_owned()),
        available: if is_available {
            Aspect::well(Status::True, String::new())
        } else {
            Aspect::ill(Status::False, Reason::WaitingForAvailable, "no pods".to_owned())
        },
        degraded: well(),
        progressing: well(),
        related: Vec::new(),
    }
}

fn versions(is_complete: bool) -> version::ClusterVersionStatus {
    let desired = DesiredRelease {
        image: "r.example.com/release@sha256:0a".to_owned(),
        version: "1.36.3".to_owned(),
        ..DesiredRelease::default()
    };
    advance(None, desired, is_complete, 1, &Time(fixtures::now()))
}

fn judged(is_complete: bool, parts: &[Part]) -> Version {
    judge(&Inputs {
        versions: Some(&versions(is_complete)),
        parts,
        release: Ok(("r.example.com/release@sha256:0a".to_owned(), "1.36.3".to_owned())),
        not_upgradeable: None,
        updates: Some(&[]),
    })
}

fn lines(verdicts: &[Verdict]) -> String {
    let line = |verdict: &Verdict| {
        format!("{} {}/{} {}", verdict.type_, verdict.status.as_str(), verdict.reason, verdict.message)
    };
    verdicts.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_complete_cluster_says_so() {
    let version = judged(true, &[part("dns", true), part("etcd", true)]);
    insta::assert_snapshot!(format!("{}\n\n{}", lines(&version.verdicts), lines(&version.conditions())));
}

/// As HyperShift's users see a cluster without nodes: the API is there, the cluster's version is not reached.
#[test]
fn without_nodes_the_version_is_not_reached_and_the_waiting_parts_are_named() {
    let version = judged(false, &[part("dns", false), part("etcd", true), part("network", false)]);
    insta::assert_snapshot!(format!("{}\n\n{}", lines(&version.verdicts), lines(&version.conditions())));
}

#[test]
fn a_part_that_fails_later_does_not_take_the_version_back() {
    let version = judged(true, &[part("dns", false), part("etcd", true)]);
    insta::assert_snapshot!(lines(&version.verdicts));
}

#[test]
fn the_objects_status_repeats_history_and_digest_and_is_idle() {
    let version = judged(true, &[part("etcd", true)]);
    let mut live = ClusterVersion::default();
    live.metadata.generation = Some(2);
    let status = version.status(&live, fixtures::now());
    assert_eq!((status.version_hash.as_str(), status.observed_generation), ("sha256:0a", 2));
    assert_eq!((status.history[0].state.as_str(), status.history[0].verified), ("Completed", true));
    assert_eq!(status.available_updates, Some(Vec::new()));
    live.status = Some(status.clone());
    let later = fixtures::now() + jiff::SignedDuration::from_secs(60);
    assert_eq!(version.status(&live, later), status);
}

#[test]
fn a_release_that_was_refused_and_updates_that_nobody_lists_are_told() {
    let version = judge(&Inputs {
        versions: None,
        parts: &[],
        release: Err("registry refuses access".to_owned()),
        not_upgradeable: Some((Reason::EtcdWaitingForQuorum, "2 of 3 members".to_owned())),
        updates: None,
    });
    assert!(!version.is_known());
    let of = |type_: &str| verdict_of(&version.verdicts, type_).unwrap();
    assert_eq!(
        (of("ReleaseAccepted").status, of("ReleaseAccepted").message.as_str()),
        (Status::False, "registry refuses access")
    );
    assert_eq!(of("Upgradeable").status, Status::False);
    assert_eq!(of("RetrievedUpdates").status, Status::False);
}
