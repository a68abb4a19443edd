//! Whose a Node is: one may be there before a host of its name comes, and that host has no right to it.

use hoist_api::Host;
use kube::ResourceExt;

/// Whether the Node of this Host's name is this Host's: it was seen with it before, or its kubelet got a certificate for it,
/// which nobody gets for a Node that is somebody else's.
pub fn owns_node(host: &Host) -> bool {
    let Some(status) = &host.status else { return false };
    status.node.as_deref() == Some(host.name_any().as_str()) || !status.approved_requests.is_empty()
}

/// What to say to a host whose name is that of a Node of somebody else.
pub fn taken(name: &str) -> String {
    format!(
        "Node {name} exists and does not belong to Host {name}; join the host under another name with --node-name, or delete \
         that Node (`kubectl delete node {name}` in the hosted cluster) and join again"
    )
}

#[cfg(test)]
mod tests {
    use hoist_api::host::HostStatus;
    use hoist_testkit::fixtures;

    use super::*;

    #[test]
    fn a_name_alone_makes_nobody_the_owner() {
        let mut host = fixtures::host("worker-0");
        assert!(!owns_node(&host));
        host.status = Some(HostStatus { node: Some("worker-1".to_owned()), ..HostStatus::default() });
        assert!(!owns_node(&host));
        host.status = Some(HostStatus { node: Some("worker-0".to_owned()), ..HostStatus::default() });
        assert!(owns_node(&host));
        host.status = Some(HostStatus { approved_requests: vec!["csr-x".to_owned()], ..HostStatus::default() });
        assert!(owns_node(&host));
    }
}
