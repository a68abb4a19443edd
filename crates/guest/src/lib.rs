//! Plan to the objects inside a hosted cluster.
//!
//! Two lists, because two identities apply them: [`access`] by the administrator, since nobody can give himself rights;
//! [`objects`] by the operator's own user, whose rights `access` lists one by one. DNS and the service proxy serve the
//! management cluster of a single machine as well.

pub mod access;
pub mod dns;
mod images;
mod konnectivity_agent;
mod kubernetes_endpoint;
mod metadata;
mod network;
pub mod node_pool;
mod pod;
mod pull_secret;
pub mod service_proxy;

pub use images::Images;
pub use konnectivity_agent::AgentCertificate;

use hoist_plan::{Endpoints, HostPort, NetworkProvider, Plan};
use kube::core::DynamicObject;

/// What the builders need besides the Plan; all of it was made or read before.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// The cluster.
    pub plan: &'a Plan,
    /// Images of the cluster's release.
    pub images: &'a Images,
    /// Where the cluster's services are published.
    pub endpoints: &'a Endpoints,
    /// What konnectivity agents identify themselves with.
    pub konnectivity: &'a AgentCertificate<'a>,
    /// Content of the cluster's pull secret, `.dockerconfigjson`.
    pub pull_secret: &'a [u8],
}

/// Objects that the operator's own user applies, in this order: what pods mount comes before the pods.
pub fn objects(inputs: &Inputs<'_>) -> Vec<DynamicObject> {
    let plan = inputs.plan;
    let api = HostPort::new(plan.network.node_api.ip().to_string(), plan.network.node_api.port());
    let mut objects = kubernetes_endpoint::objects(plan.network.node_api);
    objects.push(pull_secret::secret(inputs.pull_secret));
    objects.extend(konnectivity_agent::objects(
        &inputs.images.konnectivity_agent,
        &inputs.endpoints.konnectivity,
        inputs.konnectivity,
    ));
    if plan.network.provider == NetworkProvider::Hoist {
        objects.extend(network::objects(&inputs.images.flannel, plan.network.cluster_network, &api));
    }
    objects.extend(service_proxy::objects(&service_proxy::Parameters {
        image: inputs.images.kube_proxy.clone(),
        cluster_network: plan.network.cluster_network,
        api,
    }));
    objects.extend(dns::objects(&dns::Parameters {
        image: inputs.images.coredns.clone(),
        service_ip: plan.network.dns_service_ip,
        domain: hoist_plan::network::CLUSTER_DOMAIN.to_owned(),
        replicas: dns::replicas(plan.infrastructure_availability),
    }));
    objects
}

#[cfg(test)]
mod tests;
