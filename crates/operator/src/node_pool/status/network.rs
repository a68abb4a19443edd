//! Whether Nodes have addresses in the network of pods: whoever asks for such an address is led to a pod, or nowhere.

use std::net::IpAddr;
use std::sync::Arc;

use hoist_api::HostedCluster;
use hoist_api::conditions::{NodePoolConditionType as Type, Reason};
use hoist_controller::conditions::Verdict;
use ipnet::IpNet;
use k8s_openapi::api::core::v1::Node;
use kube::ResourceExt;

use super::cut;

/// Which kinds of a Node's addresses others reach it by.
const REACHED_BY: [&str; 2] = ["InternalIP", "ExternalIP"];

/// `ClusterNetworkCIDRConflict`: as with HyperShift, there only when it is so.
pub(super) fn conflict(cluster: Option<&HostedCluster>, own: &[&Arc<Node>]) -> Option<Verdict> {
    let networks: Vec<IpNet> =
        cluster?.spec.networking.cluster_network.iter().filter_map(|entry| entry.cidr.parse().ok()).collect();
    let mut told = Vec::new();
    for node in own {
        let addresses = node.status.iter().flat_map(|status| status.addresses.iter().flatten());
        for address in addresses.filter(|address| REACHED_BY.contains(&address.type_.as_str())) {
            let Ok(ip) = address.address.parse::<IpAddr>() else { continue };
            if let Some(network) = networks.iter().find(|network| network.contains(&ip)) {
                told.push(format!(
                    "machine [{}] with ip [{ip}] collides with cluster-network cidr [{network}]",
                    node.name_any()
                ));
            }
        }
    }
    let message = cut(&told.join(", "));
    (!told.is_empty())
        .then(|| Verdict::new(Type::ClusterNetworkCIDRConflict, true, Reason::InvalidConfiguration, message))
}

#[cfg(test)]
mod tests {
    use hoist_testkit::fixtures;
    use k8s_openapi::api::core::v1::NodeAddress;

    use super::*;

    fn conflict_of(kind: &str, address: &str) -> Option<String> {
        let mut node = fixtures::node("worker-0");
        let addresses = vec![NodeAddress { type_: kind.to_owned(), address: address.to_owned() }];
        node.status.as_mut().unwrap().addresses = Some(addresses);
        conflict(Some(&fixtures::hosted_cluster()), &[&Arc::new(node)]).map(|verdict| verdict.message)
    }

    #[test]
    fn an_address_of_the_network_of_pods_is_told() {
        let message = conflict_of("InternalIP", "10.132.7.1").expect("a conflict");
        assert_eq!(
            message,
            "machine [worker-0] with ip [10.132.7.1] collides with cluster-network cidr [10.132.0.0/14]"
        );
        assert_eq!(conflict_of("InternalIP", "192.0.2.1"), None);
        assert_eq!(conflict_of("Hostname", "10.132.7.1"), None);
    }
}
