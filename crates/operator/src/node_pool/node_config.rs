//! The configuration that hosts of a NodePool read when they join.

use std::collections::BTreeMap;

use hoist_api::{NodePool, labels};
use hoist_control_plane::Pki;
use hoist_node_config::{Endpoint, KubeletSettings, NetworkProvider, NodeConfig, PodNetwork, RegistryTrust, Taint};
use hoist_pki::table::names;
use hoist_plan::{Endpoints, Plan};
use hoist_release::Release;
use kube::ResourceExt;

/// Builds it. Holds no secret: every host of the cluster may read it.
pub fn node_config(
    plan: &Plan,
    endpoints: &Endpoints,
    pki: &Pki,
    pool: &NodePool,
    release: &Release,
    trust_bundle: &str,
) -> NodeConfig {
    let authority = |secret| pki.text(secret, names::CA_CERTIFICATE_KEY).unwrap_or_default().to_owned();
    NodeConfig {
        // Computed over the rest, when that is complete.
        revision: String::new(),
        cluster: plan.identity.hosted_cluster_name.clone(),
        node_pool: pool.name_any(),
        kubernetes_version: release.version.to_string(),
        release_image: release.reference.to_string(),
        cluster_dns: vec![plan.network.dns_service_ip],
        cluster_domain: hoist_plan::network::CLUSTER_DOMAIN.to_owned(),
        api_endpoints: vec![Endpoint { host: endpoints.api_server.host.clone(), port: endpoints.api_server.port }],
        api_address: plan.network.node_api.ip(),
        api_port: plan.network.node_api.port(),
        konnectivity_endpoints: vec![Endpoint {
            host: endpoints.konnectivity.host.clone(),
            port: endpoints.konnectivity.port,
        }],
        konnectivity_port: plan.network.node_konnectivity().port(),
        api_certificate_authority_pem: authority(names::ROOT_CA),
        kubelet_client_certificate_authority_pem: authority(names::KUBELET_CLIENT_SIGNER),
        registries: registries(plan, release, trust_bundle),
        labels: node_labels(pool),
        taints: taints(pool),
        kubelet: KubeletSettings::default(),
        pod_network: PodNetwork {
            provider: match plan.network.provider {
                hoist_plan::NetworkProvider::Hoist => NetworkProvider::Hoist,
                hoist_plan::NetworkProvider::Other => NetworkProvider::Other,
            },
            mtu: None,
        },
    }
}

/// The registries that a node pulls from: its own release's and, for DaemonSets, the control plane's.
fn registries(plan: &Plan, release: &Release, trust_bundle: &str) -> Vec<RegistryTrust> {
    if trust_bundle.is_empty() {
        return Vec::new();
    }
    let mut hosts = vec![release.reference.registry(), plan.release.reference.registry()];
    hosts.dedup();
    hosts
        .into_iter()
        .map(|host| RegistryTrust { host: host.to_owned(), certificate_authority_pem: trust_bundle.to_owned() })
        .collect()
}

/// Labels that kubelet may set for itself; the operator sets the others on the Node.
fn node_labels(pool: &NodePool) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> =
        pool.spec.node_labels.clone().unwrap_or_default().into_iter().filter(|(key, _)| is_kubelets_own(key)).collect();
    all.insert(labels::NODE_POOL.to_owned(), pool.name_any());
    all
}

/// Source: the NodeRestriction admission plugin.
fn is_kubelets_own(key: &str) -> bool {
    let Some((prefix, _)) = key.split_once('/') else { return true };
    let is_below = |domain: &str| prefix == domain || prefix.ends_with(&format!(".{domain}"));
    let is_reserved = is_below("kubernetes.io") || is_below("k8s.io");
    !is_reserved || prefix.ends_with("kubelet.kubernetes.io") || prefix.ends_with("node.kubernetes.io")
}

fn taints(pool: &NodePool) -> Vec<Taint> {
    pool.spec
        .taints
        .iter()
        .flatten()
        .map(|taint| Taint { key: taint.key.clone(), value: taint.value.clone(), effect: taint.effect.to_string() })
        .collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("tier", true)]
    #[case("example.com/tier", true)]
    #[case("node-role.kubernetes.io/web", false)]
    #[case("topology.kubernetes.io/zone", false)]
    #[case("node.kubernetes.io/rack", true)]
    #[case("kubernetes.io/role", false)]
    fn only_labels_that_the_api_lets_kubelet_set_are_left_to_it(#[case] key: &str, #[case] is_own: bool) {
        assert_eq!(is_kubelets_own(key), is_own);
    }
}
