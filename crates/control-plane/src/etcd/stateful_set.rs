//! The StatefulSet of etcd.

use std::collections::BTreeMap;

use hoist_plan::Plan;
use k8s_openapi::api::apps::v1::{
    StatefulSet, StatefulSetPersistentVolumeClaimRetentionPolicy, StatefulSetSpec, StatefulSetUpdateStrategy,
};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::pod::DATA_VOLUME;
use super::service::DISCOVERY_SERVICE;
use crate::ComponentName;
use crate::files::{Contents, Source};
use crate::pod::Pod;
use crate::workload::{REVISION_HISTORY, selector, template};

/// The StatefulSet of `pod`, with a claim a member.
pub fn stateful_set(plan: &Plan, pod: &Pod, source: &Source, contents: &Contents) -> StatefulSet {
    StatefulSet {
        metadata: plan.identity.metadata(pod.component.as_ref()),
        spec: Some(StatefulSetSpec {
            replicas: Some(pod.component.replicas(plan).into()),
            revision_history_limit: Some(REVISION_HISTORY),
            service_name: Some(DISCOVERY_SERVICE.to_owned()),
            // Members cannot be ready one by one: the first needs the second for its quorum.
            pod_management_policy: Some("Parallel".to_owned()),
            update_strategy: Some(StatefulSetUpdateStrategy {
                type_: Some("RollingUpdate".to_owned()),
                rolling_update: None,
            }),
            // Losing a volume to a mistaken scale-down is worse than a forgotten one; deleting the namespace removes it.
            persistent_volume_claim_retention_policy: Some(StatefulSetPersistentVolumeClaimRetentionPolicy {
                when_deleted: Some("Retain".to_owned()),
                when_scaled: Some("Retain".to_owned()),
            }),
            selector: LabelSelector { match_labels: Some(selector(pod.component)), ..LabelSelector::default() },
            template: template::template(plan, pod, source, contents),
            volume_claim_templates: Some(vec![claim(plan)]),
            ..StatefulSetSpec::default()
        }),
        ..StatefulSet::default()
    }
}

/// The claims that the StatefulSet of `component` would make for its members, under the names and labels it gives them.
///
/// Made beforehand, they are taken as they are; where a volume can be had without a pod, it is there when the pod comes. A
/// scheduler that has to wait for a volume looks once a second.
pub fn claims(plan: &Plan, component: ComponentName) -> Vec<PersistentVolumeClaim> {
    let member = |index: u8| {
        let mut claim = claim(plan);
        claim.metadata.name = Some(format!("{DATA_VOLUME}-{component}-{index}"));
        claim.metadata.namespace = Some(plan.identity.namespace.clone());
        claim.metadata.labels.get_or_insert_default().extend(selector(component));
        claim
    };
    (0..component.replicas(plan)).map(member).collect()
}

fn claim(plan: &Plan) -> PersistentVolumeClaim {
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(DATA_VOLUME.to_owned()),
            labels: Some(plan.identity.labels()),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            storage_class_name: plan.etcd.storage_class.clone(),
            volume_mode: Some("Filesystem".to_owned()),
            resources: Some(VolumeResourceRequirements {
                requests: Some(BTreeMap::from([("storage".to_owned(), Quantity(plan.etcd.size.clone()))])),
                limits: None,
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    }
}
