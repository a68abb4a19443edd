//! A context around an API server in memory: fixed clock, real keys, no registry.

use std::sync::Arc;

use clap::Parser;
use hoist_control_plane::FrontServices;
use hoist_controller::events::Events;
use hoist_controller::metrics::Metrics;
use hoist_controller::{ApplySet, Calls, Clock};
use hoist_pki::SystemKeys;
use hoist_testkit::{FakeApi, fixtures};
use k8s_openapi::api::core::v1::{NodeAddress, Service, ServicePort, ServiceSpec};

use crate::context::Context;
use crate::front::Front;
use crate::guest::Guests;
use crate::hosted_cluster::neighbours::HostedClusters;
use crate::hosted_cluster::published_name::Lookups;
use crate::management::Management;
use crate::references::References;
use crate::releases::{Failure, Releases};
use crate::rights::Rights;
use crate::settings::Settings;
use crate::triggers::Triggers;

/// Node port of the bootstrap server in tests.
pub const BOOTSTRAP_PORT: i32 = 30_999;

/// A context whose registry has the fixtures' releases, with one management node and a default storage class.
pub fn context(fake: &FakeApi) -> Arc<Context> {
    context_with(fake, vec![fixtures::storage_class()])
}

/// The same with other storage classes.
pub fn context_with(fake: &FakeApi, classes: Vec<k8s_openapi::api::storage::v1::StorageClass>) -> Arc<Context> {
    let calls = Calls::new("hoist-operator");
    let mut node = fixtures::node("management-0");
    node.status.as_mut().unwrap().addresses =
        Some(vec![NodeAddress { type_: "InternalIP".to_owned(), address: fixtures::PUBLISHED_ADDRESS.to_owned() }]);
    Arc::new(Context {
        client: fake.client(),
        calls,
        sets: ApplySet::new(calls),
        clock: Clock::fixed(fixtures::now()),
        keys: Arc::new(SystemKeys),
        settings: Settings::parse_from(["hoist-operator"]),
        metrics: Metrics::default(),
        events: Events::silent(),
        releases: releases(),
        references: References::default(),
        pool_references: References::default(),
        management: Management::fixed(vec![node], classes),
        guests: Guests::default(),
        rights: Rights::new("hypershift", "operator"),
        front: Front::fixed(FrontServices { bootstrap: Some(bootstrap_service()), router: None }),
        hosted_clusters: HostedClusters::default(),
        lookups: Lookups::default(),
        triggers: Triggers::default(),
    })
}

fn releases() -> Releases {
    let known = ["1.36.3", "1.35.4"]
        .map(|version| (format!("{}:{version}", fixtures::REPOSITORY), Ok(Arc::new(fixtures::release(version)))));
    let failure = |tag: &str, reason: &str, message: &str, is_transient| {
        let failure = Failure { reason: reason.to_owned(), message: message.to_owned(), is_transient };
        (format!("{}:{tag}", fixtures::REPOSITORY), Err(failure))
    };
    let failing = [
        failure("locked", "RegistryUnauthorized", "registry refuses access; check the pull secret", false),
        failure("away", "RegistryUnreachable", "registry cannot be reached; check that it runs", true),
    ];
    Releases::fixed(known.into_iter().chain(failing))
}

fn bootstrap_service() -> Service {
    Service {
        metadata: fixtures::metadata("hypershift", "bootstrap"),
        spec: Some(ServiceSpec {
            ports: Some(vec![ServicePort { port: 8443, node_port: Some(BOOTSTRAP_PORT), ..ServicePort::default() }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

/// An API server with the fixtures' HostedCluster and its Secrets.
pub fn fake() -> FakeApi {
    let fake = FakeApi::new();
    for secret in fixtures::secrets_of_hosted_cluster() {
        fake.put(&secret);
    }
    fake
}
