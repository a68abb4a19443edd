//! Everything that a hosted cluster needs inside, in the order in which it is applied.

use hoist_api::hosted_cluster::AvailabilityPolicy;
use hoist_api::names::NODE_PULL_SECRET;
use hoist_plan::network::CLUSTER_DOMAIN;
use hoist_plan::{HostPort, NetworkProvider, Plan};
use kube::core::DynamicObject;

use crate::coredns::{CoreDns, Upstream, coredns};
use crate::daemon::ApiServer;
use crate::flannel::{Flannel, flannel};
use crate::konnectivity_agent::{KonnectivityAgent, konnectivity_agent};
use crate::kube_proxy::{KubeProxy, kube_proxy};
use crate::{api_address, node_bootstrap};

/// Secrets of the control plane namespace that go into the hosted cluster.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `tls.crt` of Secret `konnectivity-agent`.
    pub agent_certificate_pem: String,
    /// `tls.key` of it.
    pub agent_key_pem: String,
    /// `ca.crt` of it.
    pub agent_authority_pem: String,
    /// Anything that changes when one of the three does.
    pub agent_hash: String,
    /// `.dockerconfigjson` of the pull secret.
    pub docker_configuration: Vec<u8>,
}

/// The objects. [`crate::rights`] come before, configurations of NodePools ([`node_bootstrap::node_pool`]) after.
///
/// What nodes need to become Ready comes first: an applied list is worked off one by one.
pub fn objects(plan: &Plan, credentials: &Credentials) -> Vec<DynamicObject> {
    let pull_secret = Some(NODE_PULL_SECRET.to_owned());
    let api_server = api_server(plan);
    let mut objects = vec![node_bootstrap::pull_secret(&credentials.docker_configuration)];
    objects.extend(api_address::objects(plan.network.node_api));
    if plan.network.provider == NetworkProvider::Hoist {
        objects.extend(flannel(&Flannel {
            image: plan.images.flannel.clone(),
            api_server: api_server.clone(),
            cluster_network: plan.network.cluster_network,
            pull_secret: pull_secret.clone(),
        }));
    }
    objects.extend(kube_proxy(&KubeProxy {
        image: plan.images.kube_proxy.clone(),
        api_server: api_server.clone(),
        cluster_network: plan.network.cluster_network,
        pull_secret: pull_secret.clone(),
    }));
    let konnectivity = plan.network.node_konnectivity();
    objects.extend(konnectivity_agent(&KonnectivityAgent {
        image: plan.images.konnectivity_agent.clone(),
        server: HostPort::new(konnectivity.ip().to_string(), konnectivity.port()),
        certificate_pem: credentials.agent_certificate_pem.clone(),
        key_pem: credentials.agent_key_pem.clone(),
        certificate_authority_pem: credentials.agent_authority_pem.clone(),
        certificate_hash: credentials.agent_hash.clone(),
        pull_secret: pull_secret.clone(),
    }));
    objects.extend(coredns(&CoreDns {
        image: plan.images.coredns.clone(),
        replicas: match plan.infrastructure_availability {
            AvailabilityPolicy::HighlyAvailable => 2,
            AvailabilityPolicy::SingleReplica => 1,
        },
        service_ip: plan.network.dns_service_ip,
        domain: CLUSTER_DOMAIN.to_owned(),
        api_server: Some(api_server),
        upstream: Upstream::NodeResolvers,
        pull_secret,
    }));
    objects
}

fn api_server(plan: &Plan) -> ApiServer {
    let address = plan.network.node_api;
    let host = if address.is_ipv6() { format!("[{}]", address.ip()) } else { address.ip().to_string() };
    ApiServer { host, port: address.port() }
}
