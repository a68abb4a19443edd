//! What `hypershift install` puts on a management cluster: pure, in the order in which it is applied.
//!
//! The rights in here are the whole of what the operator, the bootstrap server and the router may do; none has a wildcard.

mod alerts;
mod monitoring;
mod names;
mod operator;
mod rights;
mod router;
mod server;
mod settings;
mod supported_versions;
mod workload;

use hoist_api::dynamic::dynamic as manifest;
use hoist_api::priority_classes::CLASSES;
use hoist_api::{custom_resource_definitions, labels};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret, ServiceAccount};
use k8s_openapi::api::scheduling::v1::PriorityClass;
use kube::core::{DynamicObject, ObjectMeta};
use std::collections::BTreeMap;

pub use monitoring::{MONITORING_API, MONITORING_KINDS};
pub use names::*;
pub use router::router_domain;
pub use settings::{ExternalTrafficPolicy, Monitoring, Router, RouterType, Settings};
pub use supported_versions::supported_versions;

/// Every object, in the order in which it is applied: kinds before objects of them, rights before who needs them.
pub fn objects(settings: &Settings) -> Vec<DynamicObject> {
    let mut objects: Vec<DynamicObject> = custom_resource_definitions().iter().map(manifest).collect();
    objects.push(manifest(&namespace(settings)));
    objects.extend(priority_classes().iter().map(manifest));
    let accounts = [OPERATOR, BOOTSTRAP].into_iter().chain(settings.router.as_ref().map(|_| ROUTER));
    objects.extend(accounts.map(|name| manifest(&service_account(settings, name))));
    objects.extend(rights::objects(settings));
    objects.push(manifest(&supported_versions(settings)));
    objects.extend(settings.registry_trust_bundle.as_ref().map(|bundle| manifest(&trust_bundle(settings, bundle))));
    objects.extend(settings.pull_secret.as_ref().map(|secret| manifest(&pull_secret(settings, secret))));
    objects.push(manifest(&operator::service(settings)));
    objects.push(manifest(&server::service(settings)));
    objects.extend(settings.router.as_ref().map(|router| manifest(&router::service(settings, router))));
    objects.push(manifest(&operator::deployment(settings)));
    objects.push(manifest(&server::deployment(settings)));
    objects.extend(settings.router.as_ref().map(|router| manifest(&router::deployment(settings, router))));
    objects.extend(monitoring::objects(settings));
    objects
}

fn namespace(settings: &Settings) -> Namespace {
    let mut own = own_labels();
    for mode in ["enforce", "audit", "warn"] {
        own.insert(format!("pod-security.kubernetes.io/{mode}"), "restricted".to_owned());
    }
    if settings.monitoring == Monitoring::OpenShift {
        own.insert("openshift.io/cluster-monitoring".to_owned(), "true".to_owned());
    }
    Namespace {
        metadata: ObjectMeta { name: Some(settings.namespace.clone()), labels: Some(own), ..ObjectMeta::default() },
        ..Namespace::default()
    }
}

/// Their values cannot be changed later, and an installation beside HyperShift's finds its own.
fn priority_classes() -> Vec<PriorityClass> {
    CLASSES
        .map(|(name, value, description)| PriorityClass {
            metadata: ObjectMeta { name: Some(name.to_owned()), labels: Some(own_labels()), ..ObjectMeta::default() },
            value: Some(value),
            description: Some(description.to_owned()),
            ..PriorityClass::default()
        })
        .to_vec()
}

fn service_account(settings: &Settings, name: &str) -> ServiceAccount {
    ServiceAccount {
        metadata: metadata(settings, name),
        // Each pod says for itself whether it wants a token.
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}

fn trust_bundle(settings: &Settings, bundle: &str) -> ConfigMap {
    ConfigMap {
        metadata: metadata(settings, REGISTRY_TRUST_BUNDLE),
        data: Some(BTreeMap::from([(TRUST_BUNDLE_KEY.to_owned(), bundle.to_owned())])),
        ..ConfigMap::default()
    }
}

fn pull_secret(settings: &Settings, content: &[u8]) -> Secret {
    Secret {
        metadata: metadata(settings, PULL_SECRET),
        type_: Some("kubernetes.io/dockerconfigjson".to_owned()),
        data: Some(BTreeMap::from([(".dockerconfigjson".to_owned(), k8s_openapi::ByteString(content.to_vec()))])),
        ..Secret::default()
    }
}

fn own_labels() -> BTreeMap<String, String> {
    BTreeMap::from([
        (labels::MANAGED_BY.to_owned(), labels::MANAGED_BY_HOIST.to_owned()),
        ("app.kubernetes.io/part-of".to_owned(), "hoist".to_owned()),
    ])
}

fn metadata(settings: &Settings, name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(settings.namespace.clone()),
        labels: Some(own_labels()),
        ..ObjectMeta::default()
    }
}

#[cfg(test)]
mod tests;
