//! No field is ignored in silence: each changes the plan, is refused, is told by a notice, or is read elsewhere.

use std::fmt::Write as _;

use hoist_api::hosted_control_plane::HostedControlPlaneSpec;
use hoist_testkit::every_field::{every_field, expect_none_silent};
use serde_json::{Value, json};

use super::{HOSTED_CLUSTER, asks_for_something, at};
use crate::fixtures::case;

/// Fields that others than the plan read, and who.
const READ_ELSEWHERE: &[(&str, &str)] = &[
    ("autoscaling", "of no use without machines, told by FieldsHonoured"),
    ("networking.allocateNodeCIDRs", "its own test, with networkType Other"),
    ("channel", "ClusterVersion in the hosted cluster"),
    ("clusterID", "identity, made by the operator"),
    ("controlPlaneReleaseImage", "the operator reads the image before it validates"),
    ("infraID", "identity, made by the operator"),
    ("kubeconfig", "the operator never sets it: names of Secrets are HyperShift's"),
    ("pausedUntil", "the operator, before it plans"),
    ("releaseImage", "the operator reads the image before it validates"),
    ("dns.baseDomain", "names of the cluster for its users; nothing of Hoist's has a name in it"),
    ("dns.baseDomainPrefix", "names of the cluster for its users; nothing of Hoist's has a name in it"),
    ("networking.machineNetwork", "validation: it may not overlap the other networks"),
    ("imageContentSources[].source", "a source without mirrors says nothing"),
    ("configuration.proxy.noProxy", "of use with a proxy, and its own test"),
    ("configuration.network.clusterNetwork", "spec.networking decides"),
    ("configuration.network.serviceNetwork", "spec.networking decides"),
    ("configuration.network.networkType", "spec.networking decides"),
    (
        "configuration.authentication.type",
        "its own test: OIDC is honoured, IntegratedOAuth told, and None is always so",
    ),
    ("configuration.authentication.serviceAccountIssuer", "spec.issuerURL decides"),
    ("configuration.apiServer.encryption", "spec.secretEncryption decides"),
    ("configuration.apiServer.tlsSecurityProfile", "the profile's own test"),
    ("secretEncryption.kms", "refused by its type"),
    ("services[].servicePublishingStrategy", "publishing's own tests, type by type"),
    ("etcd.unmanaged", "refused by its type"),
    ("platform.kubevirt", "refused by its type"),
    ("updateService", "ClusterVersion in the hosted cluster"),
    ("sshKey", "checked, and kept for hosts that are made from it"),
];

fn sample(field: &str) -> Option<Value> {
    let named = |text: &str| Some(json!(text));
    match field {
        "networking.machineNetwork[].cidr" => named("10.77.0.0/16"),
        "networking.clusterNetwork[].cidr" => named("10.78.0.0/16"),
        "networking.serviceNetwork[].cidr" => named("10.79.0.0/16"),
        "networking.clusterNetwork[].hostPrefix" => Some(json!(25)),
        "networking.apiServer.advertiseAddress" => named("172.21.0.1"),
        "networking.apiServer.allowedCIDRBlocks[]" => named("192.0.2.0/24"),
        "configuration.network.serviceNodePortRange" => named("20000-20010"),
        "imageContentSources[].source" => named("quay.io"),
        "imageContentSources[].mirrors[]" => named("mirror.example.com"),
        "issuerURL" => named("https://issuer.example.com"),
        "etcd.managed.storage.restoreSnapshotURL[]" => named("https://backup.example.com/a"),
        _ if field.ends_with("Time") => named("2026-01-01T00:00:00Z"),
        _ => None,
    }
}

/// All that validation makes of a spec.
fn outcome(spec: HostedControlPlaneSpec) -> String {
    let mut case = case();
    case.spec = spec;
    let mut text = String::new();
    write!(text, "{:#?}", case.check()).unwrap();
    text
}

#[test]
fn every_field_changes_the_plan_or_is_told() {
    let schema = hoist_api::spec_schema("HostedControlPlane").unwrap();
    let plain = serde_json::to_value(case().spec).unwrap();
    let before = outcome(case().spec);
    let changed = every_field(&schema, &plain, &sample);
    assert!(changed.len() > 250, "{}", changed.len());
    expect_none_silent(changed, READ_ELSEWHERE, &before, |field, spec| {
        let read: Result<HostedControlPlaneSpec, _> = serde_json::from_value(spec.clone());
        outcome(read.unwrap_or_else(|error| panic!("{field}: {error}\n{spec:#}")))
    });
}

#[test]
fn every_entry_of_the_table_is_a_field() {
    let schema = hoist_api::spec_schema("HostedCluster").unwrap();
    for field in HOSTED_CLUSTER {
        let place = field.path.split('.').try_fold(&schema, |schema, name| {
            schema["properties"].get(name).or_else(|| schema["items"]["properties"].get(name))
        });
        assert!(place.is_some(), "{}", field.path);
    }
    assert!(!asks_for_something(at(&json!({}), "fips"), None));
}
