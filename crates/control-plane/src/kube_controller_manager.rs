//! kube-controller-manager. It signs what the cluster's CSRs ask for, and approves none of them: that is the operator's.

use hoist_pki::table::names;
use hoist_plan::Plan;
use ipnet::IpNet;
use kube::core::DynamicObject;

use crate::ComponentName;
use crate::control_loop::{self, ControlLoop};
use crate::files::{self, Contents, Need};
use crate::pod::Pod;

const CONTROL_LOOP: ControlLoop = ControlLoop {
    component: ComponentName::KubeControllerManager,
    kubeconfig: names::CONTROLLER_MANAGER_KUBECONFIG,
    server: names::CONTROLLER_MANAGER_SERVER,
    port: 10257,
    ready: "/healthz",
    live: "/healthz",
};

/// What differs from one place where it runs to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Image.
    pub image: String,
    /// Name of the cluster, part of names that volume plugins make.
    pub cluster_name: String,
    /// Network of pods, and the prefix length of a node's part of it; absent when somebody else gives nodes their parts.
    pub node_networks: Option<(IpNet, u8)>,
    /// Network of Services.
    pub service_network: IpNet,
    /// Whether replicas have to agree on one that works.
    pub elects_leader: bool,
    /// How long a Node may be silent before it counts as lost, and its pods as not ready: Go's notation.
    pub node_grace: &'static str,
}

/// Settings of a hosted cluster.
pub fn hosted(plan: &Plan) -> Settings {
    let network = &plan.network;
    Settings {
        image: plan.images.kube_controller_manager.clone(),
        cluster_name: plan.identity.infra_id.clone(),
        node_networks: network.allocate_node_cidrs.then_some((network.cluster_network, network.host_prefix)),
        service_network: network.service_network,
        elects_leader: plan.is_highly_available(),
        // HyperShift's
        node_grace: "50s",
    }
}

/// The pod.
pub fn pod(settings: &Settings) -> Pod {
    let node_networks = settings.node_networks.as_ref();
    let arguments = CONTROL_LOOP
        .arguments(settings.elects_leader)
        // Service-account tokens of its controllers, each with its own rights
        .flag("use-service-account-credentials", true)
        .flag(
            "service-account-private-key-file",
            files::secret(names::SERVICE_ACCOUNT_KEY, names::SERVICE_ACCOUNT_PRIVATE_KEY),
        )
        .flag("root-ca-file", files::config_map(names::ROOT_CA_BUNDLE, "ca.crt"))
        // Certificates of nodes
        .flag("controllers", "*,-certificatesigningrequest-approving-controller")
        .flag("cluster-signing-cert-file", files::secret(names::CLUSTER_SIGNER, names::CA_CERTIFICATE_KEY))
        .flag("cluster-signing-key-file", files::secret(names::CLUSTER_SIGNER, names::CA_PRIVATE_KEY))
        .flag("cluster-signing-duration", "17520h")
        // Networks
        .flag("allocate-node-cidrs", node_networks.is_some())
        .optional("cluster-cidr", node_networks.map(|(network, _)| network))
        .optional("node-cidr-mask-size", node_networks.map(|(_, prefix)| prefix))
        .flag("service-cluster-ip-range", settings.service_network)
        .flag("cluster-name", &settings.cluster_name)
        // Source of the numbers: HyperShift `kcm`
        .flag("kube-api-qps", 150)
        .flag("kube-api-burst", 300)
        .flag("node-monitor-grace-period", settings.node_grace)
        .flag("terminated-pod-gc-threshold", 1000)
        .flag("profiling", false);
    let needs = vec![
        Need::secret(names::SERVICE_ACCOUNT_KEY, &[names::SERVICE_ACCOUNT_PRIVATE_KEY]),
        Need::config_map(names::ROOT_CA_BUNDLE, &["ca.crt"]),
        Need::secret(names::CLUSTER_SIGNER, &[names::CA_CERTIFICATE_KEY, names::CA_PRIVATE_KEY]),
    ];
    CONTROL_LOOP.pod(&settings.image, arguments, needs)
}

/// Its objects.
pub fn objects(plan: &Plan, contents: &Contents) -> Vec<DynamicObject> {
    control_loop::objects(plan, &pod(&hosted(plan)), contents)
}
