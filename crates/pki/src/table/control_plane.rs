//! Certificates of one control plane. The same rows serve hosted ones and a management cluster's static pods.

use std::net::IpAddr;

use super::{Row, names};
use crate::{AlternativeName, Subject, Usage, lifetime};

/// Longest common name that X.509 allows.
const ETCD_DISCOVERY: &str = "etcd-discovery";

/// What differs from one control plane to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Namespace of the control plane; names of its Services go into certificates.
    pub namespace: String,
    /// Domain of the cluster that the control plane runs on.
    pub host_cluster_domain: String,
    /// Addresses at which the API server is reached besides its own Service names: published address, node-side address,
    /// first address of the service network.
    pub api_server_names: Vec<AlternativeName>,
    /// Further names of etcd's servers: addresses of a static pod's host.
    pub etcd_names: Vec<AlternativeName>,
    /// Further names of the konnectivity server for agents: its published address.
    pub konnectivity_names: Vec<AlternativeName>,
    /// `https://` address for the administrator, once it is known.
    pub published_api_server: Option<String>,
    /// `https://` address of the API server under the user's own name, when there is one and it is published.
    pub custom_api_server: Option<String>,
    /// `https://` address for components of the control plane.
    pub internal_api_server: String,
    /// `https://` address for the operator, which runs in another namespace.
    pub operator_api_server: String,
    /// PEM of the user's own service-account key.
    pub service_account_key: Option<String>,
    /// User name of the operator in the hosted cluster.
    pub guest_operator_user: String,
    /// The same where it needs an administrator's rights.
    pub guest_operator_admin_user: String,
    /// Break-glass certificates; absent where there are none.
    pub break_glass: Option<BreakGlass>,
    /// PEM of the user's own authorities of client certificates.
    pub client_authorities: String,
    /// PEM of what the API server's certificate under [`Self::custom_api_server`] may be checked against besides ours.
    pub custom_api_server_authorities: String,
}

/// Certificates for when all else fails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BreakGlass {
    /// PEM of the customer's former authorities that still count.
    pub former_customer: String,
    /// The same of those who run the management cluster.
    pub former_sre: String,
}

/// Those whom break-glass certificates are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakGlassClass {
    /// Secret of their authority.
    pub signer: &'static str,
    /// Secret of an administrator of theirs.
    pub client: &'static str,
    /// ConfigMap with their authorities.
    pub bundle: &'static str,
    /// How the names of their users begin. Source: HyperShift.
    pub user_prefix: &'static str,
}

/// Customers.
pub const CUSTOMER_BREAK_GLASS: BreakGlassClass = BreakGlassClass {
    signer: names::CUSTOMER_BREAK_GLASS_SIGNER,
    client: names::CUSTOMER_BREAK_GLASS,
    bundle: names::CUSTOMER_BREAK_GLASS_CA_BUNDLE,
    user_prefix: "system:customer-break-glass:",
};
/// Who runs the management cluster.
pub const SRE_BREAK_GLASS: BreakGlassClass = BreakGlassClass {
    signer: names::SRE_BREAK_GLASS_SIGNER,
    client: names::SRE_BREAK_GLASS,
    bundle: names::SRE_BREAK_GLASS_CA_BUNDLE,
    user_prefix: "system:sre-break-glass:",
};

/// The rows, authorities first.
pub fn rows(inputs: &Inputs) -> Vec<Row> {
    let mut rows: Vec<Row> =
        AUTHORITIES.iter().map(|name| Row::Authority { name, lifetime: lifetime::AUTHORITY }).collect();
    if inputs.break_glass.is_some() {
        rows.extend(
            [CUSTOMER_BREAK_GLASS, SRE_BREAK_GLASS]
                .map(|class| Row::Authority { name: class.signer, lifetime: lifetime::BREAK_GLASS_AUTHORITY }),
        );
    }
    rows.extend(etcd(inputs));
    rows.extend(api_server(inputs));
    rows.extend(clients(inputs));
    rows.extend(servers(inputs));
    rows.extend(kubeconfigs(inputs));
    rows.extend(BUNDLES.iter().map(|(name, authorities)| bundle(inputs, name, authorities)));
    rows.extend(inputs.break_glass.iter().flat_map(break_glass));
    rows
}

const AUTHORITIES: [&str; 9] = [
    names::ROOT_CA,
    names::CLUSTER_SIGNER,
    names::ETCD_SIGNER,
    names::KONNECTIVITY_SIGNER,
    names::AGGREGATOR_SIGNER,
    names::CONTROL_PLANE_SIGNER,
    names::KUBELET_CLIENT_SIGNER,
    names::SYSTEM_ADMIN_SIGNER,
    names::GUEST_OPERATOR_SIGNER,
];

const BUNDLES: [(&str, &[&str]); 7] = [
    (names::ETCD_CA_BUNDLE, &[names::ETCD_SIGNER]),
    (names::ROOT_CA_BUNDLE, &[names::ROOT_CA]),
    (names::CLIENT_CA_BUNDLE, &[names::CONTROL_PLANE_SIGNER, names::SYSTEM_ADMIN_SIGNER, names::GUEST_OPERATOR_SIGNER]),
    (
        names::TOTAL_CLIENT_CA_BUNDLE,
        &[
            names::CONTROL_PLANE_SIGNER,
            names::SYSTEM_ADMIN_SIGNER,
            names::GUEST_OPERATOR_SIGNER,
            names::KUBELET_CLIENT_SIGNER,
            names::CLUSTER_SIGNER,
        ],
    ),
    (names::KUBELET_CLIENT_CA_BUNDLE, &[names::KUBELET_CLIENT_SIGNER]),
    (names::AGGREGATOR_CA_BUNDLE, &[names::AGGREGATOR_SIGNER]),
    (names::KONNECTIVITY_CA_BUNDLE, &[names::KONNECTIVITY_SIGNER]),
];

/// Who may be a client of kube-apiserver is a matter of more than the authorities that every control plane has.
fn bundle(inputs: &Inputs, name: &'static str, authorities: &[&'static str]) -> Row {
    let (mut authorities, mut more) = (authorities.to_vec(), String::new());
    if name == names::TOTAL_CLIENT_CA_BUNDLE {
        if let Some(former) = &inputs.break_glass {
            authorities.extend([CUSTOMER_BREAK_GLASS.signer, SRE_BREAK_GLASS.signer]);
            more.push_str(&former.former_customer);
            more.push_str(&former.former_sre);
        }
        more.push_str(&inputs.client_authorities);
    }
    Row::Bundle { name, authorities, more }
}

fn break_glass(former: &BreakGlass) -> Vec<Row> {
    let mut rows = Vec::new();
    for (class, more) in [(CUSTOMER_BREAK_GLASS, &former.former_customer), (SRE_BREAK_GLASS, &former.former_sre)] {
        rows.push(Row::Leaf {
            name: class.client,
            signer: class.signer,
            subject: Subject::member(format!("{}system-admin", class.user_prefix), "system:masters"),
            names: Vec::new(),
            usage: Usage::Client,
            lifetime: lifetime::BREAK_GLASS,
            stem: names::TLS_STEM,
        });
        rows.push(Row::Bundle { name: class.bundle, authorities: vec![class.signer], more: more.clone() });
    }
    rows
}

fn etcd(inputs: &Inputs) -> Vec<Row> {
    let service = |name: &str| service_names(name, &inputs.namespace, &inputs.host_cluster_domain);
    let members = service(&format!("*.{ETCD_DISCOVERY}"));
    let loopback = loopback_names();
    vec![
        Row::Leaf {
            name: names::ETCD_SERVER,
            signer: names::ETCD_SIGNER,
            subject: Subject::user("etcd-server"),
            names: [service("etcd-client"), members.clone(), loopback.clone(), inputs.etcd_names.clone()].concat(),
            // A member dials itself for its gRPC gateway and presents this certificate there.
            usage: Usage::Both,
            lifetime: lifetime::LEAF,
            stem: "server",
        },
        Row::Leaf {
            name: names::ETCD_PEER,
            signer: names::ETCD_SIGNER,
            subject: Subject::user("etcd-discovery"),
            names: [members, loopback, inputs.etcd_names.clone()].concat(),
            usage: Usage::Both,
            lifetime: lifetime::LEAF,
            stem: "peer",
        },
        Row::Leaf {
            name: names::ETCD_CLIENT,
            signer: names::ETCD_SIGNER,
            subject: Subject::user("etcd-client"),
            names: Vec::new(),
            usage: Usage::Client,
            lifetime: lifetime::LEAF,
            stem: "etcd-client",
        },
    ]
}

fn api_server(inputs: &Inputs) -> Vec<Row> {
    let inside = AlternativeName::all([
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
    ]);
    let outside = service_names("kube-apiserver", &inputs.namespace, &inputs.host_cluster_domain);
    vec![
        leaf(
            names::API_SERVER,
            names::ROOT_CA,
            Subject::user("kubernetes"),
            [inside, outside, loopback_names(), inputs.api_server_names.clone()].concat(),
            Usage::Server,
        ),
        leaf(
            names::KUBELET_CLIENT,
            names::KUBELET_CLIENT_SIGNER,
            Subject::member("system:kube-apiserver", "kube-master"),
            Vec::new(),
            Usage::Client,
        ),
        leaf(
            names::AGGREGATOR,
            names::AGGREGATOR_SIGNER,
            Subject::user("system:openshift-aggregator"),
            Vec::new(),
            Usage::Client,
        ),
        Row::SigningKey { name: names::SERVICE_ACCOUNT_KEY, given: inputs.service_account_key.clone() },
    ]
}

fn clients(inputs: &Inputs) -> Vec<Row> {
    let client = |name, signer, subject| leaf(name, signer, subject, Vec::new(), Usage::Client);
    vec![
        client(names::SYSTEM_ADMIN, names::SYSTEM_ADMIN_SIGNER, Subject::member("system:admin", "system:masters")),
        client(names::SCHEDULER_CLIENT, names::CONTROL_PLANE_SIGNER, Subject::user("system:kube-scheduler")),
        client(
            names::CONTROLLER_MANAGER_CLIENT,
            names::CONTROL_PLANE_SIGNER,
            Subject::user("system:kube-controller-manager"),
        ),
        Row::Leaf {
            name: names::GUEST_OPERATOR,
            signer: names::GUEST_OPERATOR_SIGNER,
            subject: Subject::user(inputs.guest_operator_user.as_str()),
            names: Vec::new(),
            usage: Usage::Client,
            lifetime: lifetime::GUEST_OPERATOR,
            stem: names::TLS_STEM,
        },
        Row::Leaf {
            name: names::GUEST_OPERATOR_ADMIN,
            signer: names::GUEST_OPERATOR_SIGNER,
            subject: Subject::member(inputs.guest_operator_admin_user.as_str(), "system:masters"),
            names: Vec::new(),
            usage: Usage::Client,
            lifetime: lifetime::GUEST_OPERATOR,
            stem: names::TLS_STEM,
        },
    ]
}

fn servers(inputs: &Inputs) -> Vec<Row> {
    let service = |name: &str| service_names(name, &inputs.namespace, &inputs.host_cluster_domain);
    let server =
        |name, signer, common_name: &str, names| leaf(name, signer, Subject::user(common_name), names, Usage::Server);
    vec![
        server(
            names::CONTROLLER_MANAGER_SERVER,
            names::ROOT_CA,
            "kube-controller-manager",
            [service("kube-controller-manager"), loopback_names()].concat(),
        ),
        server(
            names::SCHEDULER_SERVER,
            names::ROOT_CA,
            "kube-scheduler",
            [service("kube-scheduler"), loopback_names()].concat(),
        ),
        server(
            names::KONNECTIVITY_SERVER,
            names::KONNECTIVITY_SIGNER,
            "konnectivity-server-local",
            [service("konnectivity-server-local"), loopback_names()].concat(),
        ),
        server(
            names::KONNECTIVITY_CLUSTER,
            names::KONNECTIVITY_SIGNER,
            "konnectivity-server",
            [service("konnectivity-server"), inputs.konnectivity_names.clone()].concat(),
        ),
        leaf(
            names::KONNECTIVITY_CLIENT,
            names::KONNECTIVITY_SIGNER,
            Subject::user("konnectivity-client"),
            Vec::new(),
            Usage::Client,
        ),
        leaf(
            names::KONNECTIVITY_AGENT,
            names::KONNECTIVITY_SIGNER,
            Subject::user("konnectivity-agent"),
            Vec::new(),
            Usage::Client,
        ),
    ]
}

fn kubeconfigs(inputs: &Inputs) -> Vec<Row> {
    let row = |name, client, server: &str| Row::Kubeconfig {
        name,
        client,
        authority: names::ROOT_CA,
        server: server.to_owned(),
        more: String::new(),
    };
    let internal = inputs.internal_api_server.as_str();
    let mut rows = vec![
        row(names::LOCALHOST_KUBECONFIG, names::SYSTEM_ADMIN, "https://localhost:6443"),
        row(names::SERVICE_NETWORK_ADMIN_KUBECONFIG, names::SYSTEM_ADMIN, internal),
        row(names::GUEST_OPERATOR_KUBECONFIG, names::GUEST_OPERATOR, &inputs.operator_api_server),
        row(names::GUEST_OPERATOR_ADMIN_KUBECONFIG, names::GUEST_OPERATOR_ADMIN, &inputs.operator_api_server),
        row(names::SCHEDULER_KUBECONFIG, names::SCHEDULER_CLIENT, internal),
        row(names::CONTROLLER_MANAGER_KUBECONFIG, names::CONTROLLER_MANAGER_CLIENT, internal),
    ];
    let published = inputs.published_api_server.as_deref();
    rows.extend(published.map(|server| row(names::ADMIN_KUBECONFIG, names::SYSTEM_ADMIN, server)));
    rows.extend(inputs.custom_api_server.as_ref().map(|server| Row::Kubeconfig {
        name: names::CUSTOM_ADMIN_KUBECONFIG,
        client: names::SYSTEM_ADMIN,
        authority: names::ROOT_CA,
        server: server.clone(),
        more: inputs.custom_api_server_authorities.clone(),
    }));
    rows
}

fn leaf(
    name: &'static str,
    signer: &'static str,
    subject: Subject,
    alternative_names: Vec<AlternativeName>,
    usage: Usage,
) -> Row {
    Row::Leaf {
        name,
        signer,
        subject,
        names: alternative_names,
        usage,
        lifetime: lifetime::LEAF,
        stem: names::TLS_STEM,
    }
}

/// Every form of a Service's name that a resolver may be asked for.
fn service_names(service: &str, namespace: &str, domain: &str) -> Vec<AlternativeName> {
    AlternativeName::all([
        service.to_owned(),
        format!("{service}.{namespace}"),
        format!("{service}.{namespace}.svc"),
        format!("{service}.{namespace}.svc.{domain}"),
    ])
}

fn loopback_names() -> Vec<AlternativeName> {
    let addresses: [IpAddr; 2] = [std::net::Ipv4Addr::LOCALHOST.into(), std::net::Ipv6Addr::LOCALHOST.into()];
    std::iter::once(AlternativeName::of("localhost")).chain(addresses.map(AlternativeName::Ip)).collect()
}
