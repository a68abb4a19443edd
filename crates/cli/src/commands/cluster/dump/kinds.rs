//! Which kinds are dumped. A fixed list: discovery would fail with any extension API server that is down.

/// One kind, in the version in which it is read.
#[allow(clippy::struct_field_names, reason = "Kubernetes' words")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// API group; empty for core.
    pub group: &'static str,
    /// Version.
    pub version: &'static str,
    /// Name in paths.
    pub plural: &'static str,
    /// Name in manifests.
    pub kind: &'static str,
}

const fn kind(group: &'static str, version: &'static str, plural: &'static str, kind: &'static str) -> Kind {
    Kind { group, version, plural, kind }
}

const HYPERSHIFT: &str = "hypershift.openshift.io";
const CLUSTER_API: &str = "cluster.x-k8s.io";

/// Of the management cluster as a whole.
pub const MANAGEMENT: &[Kind] = &[
    kind("", "v1", "nodes", "Node"),
    kind("", "v1", "namespaces", "Namespace"),
    kind("", "v1", "persistentvolumes", "PersistentVolume"),
    kind("storage.k8s.io", "v1", "storageclasses", "StorageClass"),
    kind("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass"),
    kind("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR"),
    kind("apiregistration.k8s.io", "v1", "apiservices", "APIService"),
];

/// Of a namespace of the management cluster.
pub const NAMESPACED: &[Kind] = &[
    kind(HYPERSHIFT, "v1beta1", "hostedclusters", "HostedCluster"),
    kind(HYPERSHIFT, "v1beta1", "nodepools", "NodePool"),
    kind(HYPERSHIFT, "v1beta1", "hostedcontrolplanes", "HostedControlPlane"),
    kind(HYPERSHIFT, "v1beta1", "controlplanecomponents", "ControlPlaneComponent"),
    kind("hoist.internal", "v1alpha1", "hosts", "Host"),
    kind("hoist.internal", "v1alpha1", "jointokens", "JoinToken"),
    kind("", "v1", "pods", "Pod"),
    kind("", "v1", "events", "Event"),
    kind("", "v1", "services", "Service"),
    kind("", "v1", "configmaps", "ConfigMap"),
    kind("", "v1", "secrets", "Secret"),
    kind("", "v1", "serviceaccounts", "ServiceAccount"),
    kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
    kind("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    kind("apps", "v1", "deployments", "Deployment"),
    kind("apps", "v1", "statefulsets", "StatefulSet"),
    kind("apps", "v1", "replicasets", "ReplicaSet"),
    kind("apps", "v1", "daemonsets", "DaemonSet"),
    kind("batch", "v1", "jobs", "Job"),
    kind("batch", "v1", "cronjobs", "CronJob"),
    kind("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget"),
    kind("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"),
    kind("networking.k8s.io", "v1", "ingresses", "Ingress"),
    kind("rbac.authorization.k8s.io", "v1", "roles", "Role"),
    kind("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"),
    kind("coordination.k8s.io", "v1", "leases", "Lease"),
    kind("monitoring.coreos.com", "v1", "servicemonitors", "ServiceMonitor"),
    kind("monitoring.coreos.com", "v1", "podmonitors", "PodMonitor"),
    kind("monitoring.coreos.com", "v1", "prometheusrules", "PrometheusRule"),
    kind(CLUSTER_API, "v1beta1", "clusters", "Cluster"),
    kind(CLUSTER_API, "v1beta1", "machines", "Machine"),
    kind(CLUSTER_API, "v1beta1", "machinesets", "MachineSet"),
    kind(CLUSTER_API, "v1beta1", "machinedeployments", "MachineDeployment"),
    kind(CLUSTER_API, "v1beta1", "machinehealthchecks", "MachineHealthCheck"),
    kind("kubevirt.io", "v1", "virtualmachines", "VirtualMachine"),
    kind("kubevirt.io", "v1", "virtualmachineinstances", "VirtualMachineInstance"),
    kind("cdi.kubevirt.io", "v1beta1", "datavolumes", "DataVolume"),
    kind("agent-install.openshift.io", "v1beta1", "agents", "Agent"),
    kind("agent-install.openshift.io", "v1beta1", "infraenvs", "InfraEnv"),
];

/// Of the hosted cluster, in all its namespaces.
pub const GUEST: &[Kind] = &[
    kind("", "v1", "nodes", "Node"),
    kind("", "v1", "namespaces", "Namespace"),
    kind("", "v1", "pods", "Pod"),
    kind("", "v1", "events", "Event"),
    kind("", "v1", "services", "Service"),
    kind("", "v1", "configmaps", "ConfigMap"),
    kind("", "v1", "secrets", "Secret"),
    kind("", "v1", "persistentvolumes", "PersistentVolume"),
    kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
    kind("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    kind("apps", "v1", "deployments", "Deployment"),
    kind("apps", "v1", "statefulsets", "StatefulSet"),
    kind("apps", "v1", "replicasets", "ReplicaSet"),
    kind("apps", "v1", "daemonsets", "DaemonSet"),
    kind("batch", "v1", "jobs", "Job"),
    kind("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget"),
    kind("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"),
    kind("storage.k8s.io", "v1", "storageclasses", "StorageClass"),
    kind("certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest"),
    kind("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition"),
    kind("apiregistration.k8s.io", "v1", "apiservices", "APIService"),
    kind("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration"),
    kind("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration"),
    kind("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding"),
    kind("coordination.k8s.io", "v1", "leases", "Lease"),
    kind("config.openshift.io", "v1", "clusterversions", "ClusterVersion"),
    kind("config.openshift.io", "v1", "clusteroperators", "ClusterOperator"),
];

impl Kind {
    /// Name of the folder of its group.
    pub fn folder(&self) -> &'static str {
        if self.group.is_empty() { "core" } else { self.group }
    }

    /// `apiVersion` of its objects.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }
}
