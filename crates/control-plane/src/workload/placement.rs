//! Where pods of a control plane run. Source: HyperShift's component framework; weights and labels are its.
//!
//! One difference: replicas are kept on different zones by preference, not by force, because many clusters have one zone.

use hoist_api::labels;
use hoist_plan::Plan;
use k8s_openapi::api::core::v1::{
    Affinity, NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodAffinity, PodAffinityTerm,
    PodAntiAffinity, PreferredSchedulingTerm, Toleration, WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::selector;
use crate::ComponentName;
use crate::container::map;

/// Label and taint of nodes that are for control planes.
const CONTROL_PLANE_NODE: &str = "hypershift.openshift.io/control-plane";
/// Label and taint of nodes that are for one control plane; value is its namespace.
const CLUSTER_NODE: &str = "hypershift.openshift.io/cluster";
const HOST_NAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

pub(super) fn tolerations(plan: &Plan, component: ComponentName) -> Vec<Toleration> {
    let toleration = |key: &str, value: &str| Toleration {
        key: Some(key.to_owned()),
        operator: Some("Equal".to_owned()),
        value: Some(value.to_owned()),
        effect: Some("NoSchedule".to_owned()),
        ..Toleration::default()
    };
    let mut all = vec![toleration(CONTROL_PLANE_NODE, "true"), toleration(CLUSTER_NODE, &plan.identity.namespace)];
    if required_nodes(plan, component).is_some() {
        all.push(toleration(labels::REQUEST_SERVING, "true"));
    }
    all.extend(plan.scheduling.tolerations.iter().cloned());
    all
}

pub(super) fn affinity(plan: &Plan, component: ComponentName) -> Affinity {
    let namespace = &plan.identity.namespace;
    let of_cluster = LabelSelector {
        match_labels: Some(map([(labels::HOSTED_CONTROL_PLANE_NAMESPACE, namespace)])),
        ..LabelSelector::default()
    };
    Affinity {
        node_affinity: Some(NodeAffinity {
            preferred_during_scheduling_ignored_during_execution: Some(vec![
                preferred_node(50, CONTROL_PLANE_NODE, "true"),
                preferred_node(100, CLUSTER_NODE, namespace),
            ]),
            required_during_scheduling_ignored_during_execution: required_nodes(plan, component)
                .map(|term| NodeSelector { node_selector_terms: vec![term] }),
        }),
        pod_affinity: Some(PodAffinity {
            preferred_during_scheduling_ignored_during_execution: Some(vec![weighted(
                100,
                term(of_cluster, HOST_NAME),
            )]),
            required_during_scheduling_ignored_during_execution: None,
        }),
        pod_anti_affinity: (component.replicas(plan) > 1).then(|| apart(plan, component)),
    }
}

/// The nodes that the user set apart for what serves requests; `None` when the component may run anywhere.
fn required_nodes(plan: &Plan, component: ComponentName) -> Option<NodeSelectorTerm> {
    let more = plan.scheduling.request_serving_nodes.as_ref().filter(|_| component.serves_requests())?;
    let own = std::iter::once((labels::REQUEST_SERVING, "true"));
    let all = own.chain(more.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    Some(NodeSelectorTerm {
        match_expressions: Some(all.map(|(key, value)| requirement(key, value)).collect()),
        match_fields: None,
    })
}

fn requirement(key: &str, value: &str) -> NodeSelectorRequirement {
    NodeSelectorRequirement { key: key.to_owned(), operator: "In".to_owned(), values: Some(vec![value.to_owned()]) }
}

fn apart(plan: &Plan, component: ComponentName) -> PodAntiAffinity {
    let mut labels_of_component = selector(component);
    labels_of_component.insert(labels::HOSTED_CONTROL_PLANE_NAMESPACE.to_owned(), plan.identity.namespace.clone());
    let same = LabelSelector { match_labels: Some(labels_of_component), ..LabelSelector::default() };
    PodAntiAffinity {
        preferred_during_scheduling_ignored_during_execution: Some(vec![weighted(100, term(same.clone(), ZONE))]),
        required_during_scheduling_ignored_during_execution: Some(vec![term(same, HOST_NAME)]),
    }
}

fn term(selector: LabelSelector, topology: &str) -> PodAffinityTerm {
    PodAffinityTerm { label_selector: Some(selector), topology_key: topology.to_owned(), ..PodAffinityTerm::default() }
}

fn weighted(weight: i32, term: PodAffinityTerm) -> WeightedPodAffinityTerm {
    WeightedPodAffinityTerm { weight, pod_affinity_term: term }
}

fn preferred_node(weight: i32, key: &str, value: &str) -> PreferredSchedulingTerm {
    PreferredSchedulingTerm {
        weight,
        preference: NodeSelectorTerm { match_expressions: Some(vec![requirement(key, value)]), match_fields: None },
    }
}
