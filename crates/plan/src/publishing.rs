//! How the services of a hosted cluster are reached from outside the management cluster.

/// Ways out of the services that are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publishing {
    /// kube-apiserver.
    pub api_server: PublishedVia,
    /// konnectivity server.
    pub konnectivity: PublishedVia,
    /// Bootstrap server, which stands where HyperShift has its ignition server.
    pub ignition: PublishedVia,
}

/// One way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishedVia {
    /// A port on every node of the management cluster.
    NodePort {
        /// Host name or address of such a node.
        address: String,
        /// The port, unless the management cluster may choose.
        port: Option<u16>,
    },
    /// A load balancer of the management cluster.
    LoadBalancer {
        /// The name under which it is known; otherwise the one its status gives.
        hostname: Option<String>,
    },
    /// A name that the router of this installation knows.
    Route {
        /// The name; hosts and users find the router behind it.
        hostname: String,
    },
}

impl PublishedVia {
    /// Type of the Service that does it.
    pub fn service_type(&self) -> &'static str {
        match self {
            Self::NodePort { .. } => "NodePort",
            Self::LoadBalancer { .. } => "LoadBalancer",
            // The router stands before it.
            Self::Route { .. } => "ClusterIP",
        }
    }

    /// The node port that the user asked for.
    pub fn node_port(&self) -> Option<u16> {
        match self {
            Self::NodePort { port, .. } => *port,
            Self::LoadBalancer { .. } | Self::Route { .. } => None,
        }
    }

    /// The host name or address that is known before any Service exists.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::NodePort { address, .. } => Some(address),
            Self::LoadBalancer { hostname } => hostname.as_deref(),
            Self::Route { hostname } => Some(hostname),
        }
    }

    /// Whether the router leads there.
    pub fn is_route(&self) -> bool {
        matches!(self, Self::Route { .. })
    }
}
