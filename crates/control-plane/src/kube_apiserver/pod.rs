//! The pod of kube-apiserver.

use std::net::IpAddr;

use hoist_pki::table::names;
use hoist_plan::{ApiServerConfiguration, ApiServerTuning, NamedCertificate, Plan};
use ipnet::IpNet;
use k8s_openapi::api::core::v1::Container;

use super::konnectivity::{self, SOCKET_MOUNT, SOCKET_VOLUME};
use super::{PORT, audit, authentication, egress, encryption};
use crate::ComponentName;
use crate::arguments::Arguments;
use crate::container::{Health, container, port, variable};
use crate::etcd::{CLIENT_PORT, CLIENT_SERVICE};
use crate::files::{self, Need};
use crate::pod::{Part, Pod, empty_dir, mount};
use crate::revocation;

/// Common name of the certificate that kube-apiserver presents to aggregated API servers.
const AGGREGATOR_NAME: &str = "system:openshift-aggregator";

/// What differs from one place where kube-apiserver runs to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Image.
    pub image: String,
    /// `https://` addresses of etcd.
    pub etcd_servers: Vec<String>,
    /// Address that the cluster's own `kubernetes` Service points to.
    pub advertise_address: IpAddr,
    /// Who writes the endpoints of that Service: `lease` means kube-apiserver, `none` somebody else.
    pub endpoint_reconciler: &'static str,
    /// Network of Services.
    pub service_network: IpNet,
    /// Issuer of service-account tokens.
    pub issuer_url: String,
    /// Whether Secrets are encrypted at rest.
    pub is_encrypted: bool,
    /// Whether there are authorities of break-glass certificates, whose revocation must reach every pod.
    pub has_break_glass: bool,
    /// Nodes are reached through konnectivity; otherwise directly.
    pub konnectivity: Option<Konnectivity>,
    /// Waits for etcd before kube-apiserver starts.
    pub wait_for_etcd: Option<WaitForEtcd>,
    /// Share of HTTP/2 requests after which a client is asked to connect anew, which evens out load on several replicas.
    pub goaway_chance: &'static str,
    /// Whether the audit log goes to the container's output, by the policy in [`audit::CONFIG_MAP`].
    pub is_audited: bool,
    /// What `spec.configuration` says.
    pub configuration: ApiServerConfiguration,
    /// What annotations change.
    pub tuning: ApiServerTuning,
    /// Seconds between being told to end and refusing connections.
    pub shutdown_delay: u16,
    /// Seconds that the pod has for its end.
    pub termination_grace_period: i64,
}

/// The konnectivity server beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Konnectivity {
    /// Image.
    pub image: String,
    /// Number of servers.
    pub replicas: u8,
}

/// A container that ends when etcd accepts connections.
///
/// kube-apiserver exits when etcd does not answer within 20 s (`newETCD3Client` blocks that long), and the restart back-off
/// would follow; a slow volume or image must not cost that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitForEtcd {
    /// Image of Hoist.
    pub image: String,
    /// `host:port`.
    pub address: String,
}

/// Settings of a hosted cluster.
pub fn hosted(plan: &Plan) -> Settings {
    let is_highly_available = plan.is_highly_available();
    Settings {
        image: plan.images.kube_apiserver.clone(),
        etcd_servers: vec![format!("https://{CLIENT_SERVICE}:{CLIENT_PORT}")],
        advertise_address: plan.network.node_api.ip(),
        // The `kubernetes` Service points to an address on every node's own loopback: the guest step writes it.
        endpoint_reconciler: "none",
        service_network: plan.network.service_network,
        issuer_url: plan.issuer_url.clone(),
        is_encrypted: plan.encryption.is_some(),
        has_break_glass: true,
        konnectivity: Some(Konnectivity {
            image: plan.images.konnectivity_server.clone(),
            replicas: ComponentName::KubeApiServer.replicas(plan),
        }),
        wait_for_etcd: Some(WaitForEtcd {
            image: plan.images.hoist.clone(),
            address: format!("{CLIENT_SERVICE}:{CLIENT_PORT}"),
        }),
        goaway_chance: if is_highly_available { "0.001" } else { "0" },
        is_audited: plan.api_server_configuration.audit.is_some(),
        configuration: plan.api_server_configuration.clone(),
        tuning: plan.api_server_tuning.clone(),
        // Services of the management cluster must forget one before it stops answering; a single one has a successor that
        // is Ready by then. Load balancers take longer than nodes.
        shutdown_delay: if is_highly_available { 15 } else { 5 },
        // Without etcd, which may go first, it ends only when it is killed: a destroyed cluster waits for that.
        termination_grace_period: if is_highly_available { 75 } else { 9 },
    }
}

/// The pod.
pub fn pod(settings: &Settings) -> Pod {
    let health = Health { scheme: "HTTPS", port: PORT };
    let mut api_server = container("kube-apiserver", &settings.image, "/usr/bin/kube-apiserver", arguments(settings));
    tune(&mut api_server, &settings.tuning);
    api_server.ports = Some(vec![port("client", PORT)]);
    api_server.startup_probe = Some(health.startup("/readyz"));
    api_server.readiness_probe = Some(health.readiness("/readyz"));
    // etcd away is not cured by a restart of kube-apiserver.
    api_server.liveness_probe = Some(health.liveness("/livez?exclude=etcd"));
    let mut pod = Pod {
        component: ComponentName::KubeApiServer,
        before: settings.wait_for_etcd.iter().map(wait_for_etcd).collect(),
        parts: vec![Part { container: api_server, needs: needs(settings) }],
        volumes: Vec::new(),
        termination_grace_period: settings.termination_grace_period,
    };
    if let Some(server) = &settings.konnectivity {
        pod.volumes.push(empty_dir(SOCKET_VOLUME));
        pod.parts[0].container.volume_mounts = Some(vec![mount(SOCKET_VOLUME, SOCKET_MOUNT)]);
        pod.parts.push(konnectivity::part(&server.image, server.replicas));
    }
    pod
}

/// The garbage collector's part; flags are [`arguments`]'.
fn tune(container: &mut Container, tuning: &ApiServerTuning) {
    let environment = container.env.get_or_insert_default();
    for (name, value) in [("GOGC", &tuning.gogc), ("GOMEMLIMIT", &tuning.gomemlimit)] {
        if let Some(value) = value {
            environment.retain(|entry| entry.name != name);
            environment.push(variable(name, value));
        }
    }
}

fn wait_for_etcd(wait: &WaitForEtcd) -> Container {
    let arguments = vec!["wait-for-tcp".to_owned(), wait.address.clone()];
    Container { env: None, ..container("wait-for-etcd", &wait.image, "/usr/bin/hoist-operator", arguments) }
}

fn arguments(settings: &Settings) -> Vec<String> {
    let secret = files::secret;
    let config_map = files::config_map;
    let tuning = &settings.tuning;
    let configuration = &settings.configuration;
    let tls = &configuration.tls;
    let node_ports = configuration.service_node_ports.map(|(first, last)| format!("{first}-{last}"));
    let webhook = configuration.audit_webhook.as_ref();
    let is_authenticating = configuration.authentication.is_some();
    let mut arguments = Arguments::new();
    for certificate in &configuration.named_certificates {
        arguments = arguments.flag("tls-sni-cert-key", named_certificate(certificate));
    }
    arguments
        .flag("secure-port", PORT)
        .flag("bind-address", "0.0.0.0")
        .flag("advertise-address", settings.advertise_address)
        .flag("endpoint-reconciler-type", settings.endpoint_reconciler)
        .flag("service-cluster-ip-range", settings.service_network)
        .flag("allow-privileged", true)
        .flag("authorization-mode", "Node,RBAC")
        .flag("enable-admission-plugins", "NodeRestriction")
        .optional("service-node-port-range", node_ports)
        // Audit. Source of the numbers: HyperShift
        .optional("audit-policy-file", settings.is_audited.then(|| config_map(audit::CONFIG_MAP, audit::KEY)))
        .optional("audit-log-path", settings.is_audited.then_some("-"))
        .optional("audit-webhook-config-file", webhook.map(|_| secret(audit::WEBHOOK_SECRET, audit::WEBHOOK_KEY)))
        .optional("audit-webhook-mode", webhook.map(|_| "batch"))
        .optional("audit-webhook-initial-backoff", webhook.map(|_| "5s"))
        // etcd
        .flag("etcd-servers", settings.etcd_servers.join(","))
        .flag("etcd-prefix", "kubernetes.io")
        .flag("etcd-cafile", config_map(names::ETCD_CA_BUNDLE, "ca.crt"))
        .flag("etcd-certfile", secret(names::ETCD_CLIENT, "etcd-client.crt"))
        .flag("etcd-keyfile", secret(names::ETCD_CLIENT, "etcd-client.key"))
        .optional(
            "encryption-provider-config",
            settings.is_encrypted.then(|| secret(encryption::SECRET, encryption::KEY)),
        )
        // Who may connect
        .flag("tls-cert-file", secret(names::API_SERVER, "tls.crt"))
        .flag("tls-private-key-file", secret(names::API_SERVER, "tls.key"))
        .flag("tls-min-version", tls.min_version)
        .optional("tls-cipher-suites", (!tls.cipher_suites.is_empty()).then(|| tls.cipher_suites.join(",")))
        .optional(
            "cors-allowed-origins",
            (!configuration.cors_allowed_origins.is_empty()).then(|| configuration.cors_allowed_origins.join(",")),
        )
        .flag("client-ca-file", config_map(names::TOTAL_CLIENT_CA_BUNDLE, "ca.crt"))
        .optional(
            "authentication-config",
            is_authenticating.then(|| config_map(authentication::CONFIG_MAP, authentication::KEY)),
        )
        .flag("requestheader-client-ca-file", config_map(names::AGGREGATOR_CA_BUNDLE, "ca.crt"))
        .flag("requestheader-allowed-names", AGGREGATOR_NAME)
        .flag("requestheader-username-headers", "X-Remote-User")
        .flag("requestheader-group-headers", "X-Remote-Group")
        .flag("requestheader-extra-headers-prefix", "X-Remote-Extra-")
        .flag("proxy-client-cert-file", secret(names::AGGREGATOR, "tls.crt"))
        .flag("proxy-client-key-file", secret(names::AGGREGATOR, "tls.key"))
        .flag("service-account-issuer", &settings.issuer_url)
        .optional("service-account-max-token-expiration", tuning.max_token_expiration.as_ref())
        .flag(
            "service-account-signing-key-file",
            secret(names::SERVICE_ACCOUNT_KEY, names::SERVICE_ACCOUNT_PRIVATE_KEY),
        )
        .flag("service-account-key-file", secret(names::SERVICE_ACCOUNT_KEY, names::SERVICE_ACCOUNT_PUBLIC_KEY))
        // Nodes
        .optional(
            "egress-selector-config-file",
            settings.konnectivity.as_ref().map(|_| config_map(egress::CONFIG_MAP, egress::KEY)),
        )
        .flag("kubelet-preferred-address-types", "InternalIP")
        .flag("kubelet-certificate-authority", secret(names::CLUSTER_SIGNER, names::CA_CERTIFICATE_KEY))
        .flag("kubelet-client-certificate", secret(names::KUBELET_CLIENT, "tls.crt"))
        .flag("kubelet-client-key", secret(names::KUBELET_CLIENT, "tls.key"))
        // Load and life. Source of the numbers: HyperShift `kas/config.go`
        .flag("event-ttl", "3h")
        .flag("goaway-chance", tuning.goaway_chance.as_deref().unwrap_or(settings.goaway_chance))
        .flag("http2-max-streams-per-connection", 2000)
        .flag("max-requests-inflight", tuning.max_requests_inflight.unwrap_or(3000))
        .flag("max-mutating-requests-inflight", tuning.max_mutating_requests_inflight.unwrap_or(1000))
        .flag("min-request-timeout", 3600)
        .flag("shutdown-delay-duration", format_args!("{}s", settings.shutdown_delay))
        .flag("profiling", false)
        .optional("v", tuning.verbosity)
        .into_vec()
}

/// Certificate, key and, where the certificate's own are not meant, names. The list is the user's, and validated.
fn named_certificate(certificate: &NamedCertificate) -> String {
    let file = |key| files::secret(&certificate.secret, key);
    let names = if certificate.are_listed { format!(":{}", certificate.names.join(",")) } else { String::new() };
    format!("{},{}{names}", file("tls.crt"), file("tls.key"))
}

fn needs(settings: &Settings) -> Vec<Need> {
    const PAIR: &[&str] = &["tls.crt", "tls.key"];
    const CA: &[&str] = &["ca.crt"];
    let mut needs = vec![
        // kube-apiserver watches what it presents to clients and whom it trusts as a client.
        Need::secret(names::API_SERVER, PAIR).reloaded(),
        Need::config_map(names::TOTAL_CLIENT_CA_BUNDLE, CA).reloaded(),
        Need::config_map(names::AGGREGATOR_CA_BUNDLE, CA).reloaded(),
        Need::secret(names::AGGREGATOR, PAIR).reloaded(),
        Need::config_map(names::ETCD_CA_BUNDLE, CA),
        Need::secret(names::ETCD_CLIENT, &["etcd-client.crt", "etcd-client.key"]),
        Need::secret(names::KUBELET_CLIENT, PAIR),
        Need::secret(names::CLUSTER_SIGNER, CA),
        Need::secret(
            names::SERVICE_ACCOUNT_KEY,
            &[names::SERVICE_ACCOUNT_PRIVATE_KEY, names::SERVICE_ACCOUNT_PUBLIC_KEY],
        ),
    ];
    if settings.is_encrypted {
        needs.push(Need::secret(encryption::SECRET, &[encryption::KEY]));
    }
    if settings.has_break_glass {
        needs.push(Need::config_map(revocation::SIGNERS, &[revocation::SIGNERS_KEY]));
    }
    if settings.is_audited {
        needs.push(Need::config_map(audit::CONFIG_MAP, &[audit::KEY]));
    }
    if settings.configuration.audit_webhook.is_some() {
        needs.push(Need::secret(audit::WEBHOOK_SECRET, &[audit::WEBHOOK_KEY]));
    }
    if settings.configuration.authentication.is_some() {
        needs.push(Need::config_map(authentication::CONFIG_MAP, &[authentication::KEY]));
    }
    let named = settings.configuration.named_certificates.iter();
    needs.extend(named.map(|certificate| Need::named_secret(certificate.secret.clone(), PAIR).reloaded()));
    if settings.konnectivity.is_some() {
        needs.push(Need::config_map(egress::CONFIG_MAP, &[egress::KEY]));
    }
    needs
}
