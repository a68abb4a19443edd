//! The fields.

use super::Field;

const fn field(path: &'static str, why: &'static str) -> Field {
    Field { path, why, but: &[] }
}

/// Of a HostedCluster, and of a HostedControlPlane where it has the field too.
pub const HOSTED_CLUSTER: &[Field] = &[
    field("fips", "no release has validated binaries"),
    field("olmCatalogPlacement", "there are no catalogs of operators"),
    field("capabilities", "OpenShift's optional parts are not run"),
    field("autoscaling", "no platform that is served makes machines"),
    field("autoNode", "its one provisioner needs a cloud"),
    field("monitoring", "metrics are collected by the management cluster's own monitoring"),
    field("operatorConfiguration", "the operators that it speaks to are not run"),
    field("platform.agent", "no Agents are bound; hosts join with the line of `hcp create join-command`"),
    field("dns.privateZoneID", "zones belong to clouds"),
    field("dns.publicZoneID", "zones belong to clouds"),
    field(
        "configuration.oauth",
        "OpenShift's own login is not run; use an authentication proxy or client certificates",
    ),
    Field {
        path: "configuration.authentication",
        why: "OpenShift's own login and webhooks are not asked; use type OIDC with oidcProviders",
        but: &["type=OIDC", "type=None", "oidcProviders", "serviceAccountIssuer"],
    },
    field("configuration.authentication.oidcProviders.oidcClients", "the components that would be clients are not run"),
    field("configuration.operatorhub", "there are no catalogs of operators"),
    field(
        "configuration.network.externalIP",
        "addresses of Services are not restricted; set an admission policy in the cluster",
    ),
    field("configuration.network.networkDiagnostics", "the checks of OpenShift's network are not run"),
    field("configuration.image.allowedRegistriesForImport", "image streams are not run"),
    field("configuration.image.externalRegistryHostnames", "OpenShift's own registry is not run"),
    field("configuration.ingress", "no router is run; install an ingress controller in the cluster"),
    field("configuration.featureGate", "names of features differ by version, and an unknown one stops a component"),
    field("configuration.proxy.readinessEndpoints", "hosts are told of the proxy at once"),
    field("configuration.scheduler", "one profile is run, Kubernetes' default"),
];

/// Of a NodePool.
pub const NODE_POOL: &[Field] = &[
    field("platform.agent", "no Agents are bound; hosts join with the line of `hcp create join-command`"),
    field("management.replace.rollingUpdate.maxSurge", "no host can be made in advance; maxUnavailable decides"),
    field("nodeVolumeDetachTimeout", "a node is removed after its drain, volumes detach by themselves"),
];
