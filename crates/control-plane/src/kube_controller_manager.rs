//! kube-controller-manager. It signs what the cluster's CSRs ask for, and approves none of them: that is the operator's.

use hoist_api::dynamic::dynamic;
use hoist_pki::table::names;
use hoist_plan::Plan;
use ipnet::IpNet;
use kube::core::DynamicObject;

use crate::ComponentName;
use crate::arguments::Arguments;
use crate::container::{Health, container, port};
use crate::files::{self, Contents, Need, Source};
use crate::pod::{Part, Pod};
use crate::workload::{self, deployment};

const PORT: u16 = 10257;

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
    }
}

/// The pod.
pub fn pod(settings: &Settings) -> Pod {
    let kubeconfig = files::secret(names::CONTROLLER_MANAGER_KUBECONFIG, names::KUBECONFIG_KEY);
    let node_networks = settings.node_networks.as_ref();
    let arguments = Arguments::new()
        .flag("kubeconfig", &kubeconfig)
        .flag("authentication-kubeconfig", &kubeconfig)
        .flag("authorization-kubeconfig", &kubeconfig)
        .flag("secure-port", PORT)
        .flag("bind-address", "0.0.0.0")
        .flag("tls-cert-file", files::secret(names::CONTROLLER_MANAGER_SERVER, "tls.crt"))
        .flag("tls-private-key-file", files::secret(names::CONTROLLER_MANAGER_SERVER, "tls.key"))
        .flag("tls-min-version", "VersionTLS12")
        .flag("leader-elect", settings.elects_leader)
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
        .flag("node-monitor-grace-period", "50s")
        .flag("terminated-pod-gc-threshold", 1000)
        .flag("profiling", false);
    let health = Health { scheme: "HTTPS", port: PORT };
    let mut manager =
        container("kube-controller-manager", &settings.image, "/usr/bin/kube-controller-manager", arguments.into_vec());
    manager.ports = Some(vec![port("client", PORT)]);
    manager.startup_probe = Some(health.startup("/healthz"));
    manager.readiness_probe = Some(health.readiness("/healthz"));
    manager.liveness_probe = Some(health.liveness("/healthz"));
    Pod {
        component: ComponentName::KubeControllerManager,
        before: Vec::new(),
        parts: vec![Part {
            container: manager,
            needs: vec![
                Need::secret(names::CONTROLLER_MANAGER_KUBECONFIG, &[names::KUBECONFIG_KEY]),
                Need::secret(names::CONTROLLER_MANAGER_SERVER, &["tls.crt", "tls.key"]).reloaded(),
                Need::secret(names::SERVICE_ACCOUNT_KEY, &[names::SERVICE_ACCOUNT_PRIVATE_KEY]),
                Need::config_map(names::ROOT_CA_BUNDLE, &["ca.crt"]),
                Need::secret(names::CLUSTER_SIGNER, &[names::CA_CERTIFICATE_KEY, names::CA_PRIVATE_KEY]),
            ],
        }],
        volumes: Vec::new(),
        // It holds nothing that an end could lose.
        termination_grace_period: 2,
    }
}

/// Its objects.
pub fn objects(plan: &Plan, contents: &Contents) -> Vec<DynamicObject> {
    let pod = pod(&hosted(plan));
    let mut objects: Vec<_> =
        workload::disruption_budget(plan, ComponentName::KubeControllerManager).iter().map(dynamic).collect();
    objects.push(dynamic(&deployment::deployment(plan, &pod, &Source::Objects, contents)));
    objects
}
