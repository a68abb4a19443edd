//! What the operator is told at start; every flag has an environment variable, which is what the Deployment sets.

use std::net::SocketAddr;
use std::path::PathBuf;

use hoist_deployment::{METRICS_PORT, OPERATOR_NAMESPACE};
use hoist_plan::observed::Router;

/// Runs the controllers of hosted clusters.
///
/// Without a service account it uses the current kubeconfig, so that it can be run beside a cluster for debugging; then add
/// `--guest-access published`.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "hoist-operator", version)]
pub struct Settings {
    /// Namespace of the operator and the bootstrap server
    #[arg(long, env = "POD_NAMESPACE", default_value = OPERATOR_NAMESPACE)]
    pub namespace: String,
    /// Name under which this process holds the leader lease; the host name when left out
    #[arg(long, env = "POD_NAME")]
    pub identity: Option<String>,
    /// Where /healthz, /readyz and /metrics are served
    #[arg(long, env = "HOIST_METRICS_ADDRESS", default_value_t = SocketAddr::from(([0, 0, 0, 0], METRICS_PORT)))]
    pub metrics_address: SocketAddr,
    /// PEM file with authorities of registries, besides the machine's own
    #[arg(long, env = "HOIST_REGISTRY_TRUST_BUNDLE")]
    pub registry_trust_bundle: Option<PathBuf>,
    /// Proxy for reading release images, as http://host:port
    #[arg(long, env = "HOIST_REGISTRY_PROXY")]
    pub registry_proxy: Option<String>,
    /// How the operator reaches hosted API servers
    #[arg(long, env = "HOIST_GUEST_ACCESS", value_enum, default_value_t = GuestAccess::Service)]
    pub guest_access: GuestAccess,
    /// ServiceAccount that the operator runs as; it gets the operator's rights in control plane namespaces
    #[arg(long, env = "HOIST_SERVICE_ACCOUNT", default_value = hoist_deployment::OPERATOR)]
    pub service_account: String,
    /// Whether this installation has a router, which services can be published behind by name
    #[arg(long, env = "HOIST_ROUTER")]
    pub router: bool,
    /// Domain of names for Routes that have none; its names lead to the router
    #[arg(long, env = "HOIST_ROUTER_DOMAIN", requires = "router")]
    pub router_domain: Option<String>,
    /// Whether the router sees the addresses of clients
    #[arg(long, env = "HOIST_ROUTER_KEEPS_SOURCES", requires = "router")]
    pub router_keeps_sources: bool,
    /// Most objects of one kind that are worked on at a time; passes mostly wait, so this bounds memory and not processors
    #[arg(long, env = "HOIST_CONCURRENCY", default_value_t = 64)]
    pub concurrency: u16,
}

impl Settings {
    /// The router as validation knows it.
    pub fn router_facts(&self) -> Option<Router> {
        let Self { router_domain, router_keeps_sources, .. } = self;
        self.router.then(|| Router { domain: router_domain.clone(), keeps_sources: *router_keeps_sources })
    }
}

/// How the operator reaches hosted API servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum GuestAccess {
    /// Through their Services, inside the management cluster.
    Service,
    /// At their published addresses, through the kubeconfig's proxy if it has one.
    Published,
}
