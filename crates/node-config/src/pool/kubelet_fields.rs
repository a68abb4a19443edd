//! The fields of KubeletConfiguration: their types, and which of them are not the user's to set.
//!
//! **Source:** Kubernetes `kubelet/config/v1beta1/types.go`, 1.36. kubelet refuses to start with a field that it does not know or
//! that has another type, on every node of the pool at once; so both are refused here.

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Bool,
    Integer,
    Number,
    Text,
    Duration,
    Quantity,
    Texts,
    Integers,
    /// Keys with free text.
    Map,
    /// Keys with Kubernetes quantities.
    Quantities,
    /// Keys with quantities or percentages.
    Thresholds,
    /// Keys with durations.
    Durations,
    /// An object or list whose inside is kubelet's to check.
    Any,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// An object with these fields only.
    Object(&'static [(&'static str, Holds)]),
    /// A list of such objects.
    Objects(&'static [(&'static str, Holds)]),
}

use Holds::{
    Any, Bool, Duration, Durations, Integer, Integers, Map, Number, Object, Objects, OneOf, Quantities, Quantity, Text,
    Texts, Thresholds,
};

/// Fields that a user may set.
pub(super) const FIELDS: &[(&str, Holds)] = &[
    ("allowedUnsafeSysctls", Texts),
    ("configMapAndSecretChangeDetectionStrategy", OneOf(&["Get", "Cache", "Watch"])),
    ("containerLogMaxFiles", Integer),
    ("containerLogMaxSize", Quantity),
    ("containerLogMaxWorkers", Integer),
    ("containerLogMonitorInterval", Duration),
    ("contentType", Text),
    ("cpuCFSQuota", Bool),
    ("cpuCFSQuotaPeriod", Duration),
    ("cpuManagerPolicy", OneOf(&["none", "static"])),
    ("cpuManagerPolicyOptions", Map),
    ("cpuManagerReconcilePeriod", Duration),
    ("crashLoopBackOff", Object(&[("maxContainerRestartPeriod", Duration)])),
    ("enableContentionProfiling", Bool),
    ("enableControllerAttachDetach", Bool),
    ("enableDebugFlagsHandler", Bool),
    ("enableProfilingHandler", Bool),
    ("enableSystemLogHandler", Bool),
    ("enableSystemLogQuery", Bool),
    ("enforceNodeAllocatable", Texts),
    ("eventBurst", Integer),
    ("eventRecordQPS", Integer),
    ("evictionHard", Thresholds),
    ("evictionMaxPodGracePeriod", Integer),
    ("evictionMinimumReclaim", Thresholds),
    ("evictionPressureTransitionPeriod", Duration),
    ("evictionSoft", Thresholds),
    ("evictionSoftGracePeriod", Durations),
    ("fileCheckFrequency", Duration),
    ("hairpinMode", OneOf(&["promiscuous-bridge", "hairpin-veth", "none"])),
    ("httpCheckFrequency", Duration),
    ("imageGCHighThresholdPercent", Integer),
    ("imageGCLowThresholdPercent", Integer),
    ("imageMaximumGCAge", Duration),
    ("imageMinimumGCAge", Duration),
    (
        "imagePullCredentialsVerificationPolicy",
        OneOf(&["NeverVerify", "NeverVerifyPreloadedImages", "NeverVerifyAllowlistedImages", "AlwaysVerify"]),
    ),
    ("kernelMemcgNotification", Bool),
    ("kubeAPIBurst", Integer),
    ("kubeAPIQPS", Integer),
    ("kubeReserved", Quantities),
    ("localStorageCapacityIsolation", Bool),
    (
        "logging",
        Object(&[
            ("flushFrequency", Any),
            ("format", OneOf(&["text", "json"])),
            ("options", Any),
            ("verbosity", Integer),
            ("vmodule", Any),
        ]),
    ),
    ("maxOpenFiles", Integer),
    ("maxParallelImagePulls", Integer),
    ("maxPods", Integer),
    ("memoryManagerPolicy", OneOf(&["None", "Static"])),
    ("memoryReservationPolicy", OneOf(&["None", "TieredReservation"])),
    ("memorySwap", Object(&[("swapBehavior", OneOf(&["", "NoSwap", "LimitedSwap"]))])),
    ("memoryThrottlingFactor", Number),
    ("mergeDefaultEvictionSettings", Bool),
    ("nodeLeaseDurationSeconds", Integer),
    ("nodeStatusMaxImages", Integer),
    ("nodeStatusReportFrequency", Duration),
    ("nodeStatusUpdateFrequency", Duration),
    ("podPidsLimit", Integer),
    ("podsPerCore", Integer),
    ("preloadedImagesVerificationAllowlist", Texts),
    ("qosReserved", Map),
    ("registryBurst", Integer),
    ("registryPullQPS", Integer),
    ("reservedMemory", Objects(&[("limits", Quantities), ("numaNode", Integer)])),
    ("reservedSystemCPUs", Text),
    ("resolvConf", Text),
    ("runtimeRequestTimeout", Duration),
    ("seccompDefault", Bool),
    ("serializeImagePulls", Bool),
    ("showHiddenMetricsForVersion", Text),
    ("shutdownGracePeriod", Duration),
    ("shutdownGracePeriodByPodPriority", Objects(&[("priority", Integer), ("shutdownGracePeriodSeconds", Integer)])),
    ("shutdownGracePeriodCriticalPods", Duration),
    ("singleProcessOOMKill", Bool),
    ("staticPodPath", Text),
    ("streamingConnectionIdleTimeout", Duration),
    ("syncFrequency", Duration),
    ("systemReserved", Quantities),
    ("tlsCipherSuites", Texts),
    ("tlsCurvePreferences", Integers),
    ("tlsMinVersion", OneOf(&["VersionTLS12", "VersionTLS13"])),
    ("topologyManagerPolicy", OneOf(&["none", "best-effort", "restricted", "single-numa-node"])),
    ("topologyManagerPolicyOptions", Map),
    ("topologyManagerScope", OneOf(&["container", "pod"])),
    ("tracing", Object(&[("endpoint", Text), ("samplingRatePerMillion", Integer)])),
    ("userNamespaces", Object(&[("idsPerPod", Integer)])),
    ("volumeStatsAggPeriod", Duration),
];

const IDENTITY: &str = "it is how the cluster and its nodes know each other";
const HOST: &str = "it follows from what each host is";
const PLACE: &str = "Hoist decides where a node's parts are, so that a host can be restored";
const CLUSTER: &str = "it is a matter of the cluster: set it in spec.networking of the HostedCluster";
const REACHED: &str = "logs, exec and Hoist's own checks go that way";

/// Fields that Hoist must own, and why.
pub(super) const OWNED: &[(&str, &str)] = &[
    ("address", REACHED),
    ("authentication", IDENTITY),
    ("authorization", IDENTITY),
    ("cgroupDriver", HOST),
    ("cgroupRoot", HOST),
    ("cgroupsPerQOS", "a host that leaves is restored by the control groups of its pods"),
    ("clientCAFile", IDENTITY),
    ("clusterDNS", CLUSTER),
    ("clusterDomain", CLUSTER),
    ("containerRuntimeEndpoint", PLACE),
    ("enableDebuggingHandlers", REACHED),
    ("enableServer", REACHED),
    ("failCgroupV1", HOST),
    ("failSwapOn", "whoever joins a host accepts swap there, with --allow-swap"),
    ("featureGates", "names of features differ by version, and kubelet does not start with one that it does not know"),
    ("healthzBindAddress", REACHED),
    ("healthzPort", REACHED),
    ("imageServiceEndpoint", PLACE),
    ("iptablesDropBit", "kubelet makes no rules of iptables here"),
    ("iptablesMasqueradeBit", "kubelet makes no rules of iptables here"),
    ("kubeletCgroups", HOST),
    ("kubeReservedCgroup", HOST),
    ("makeIPTablesUtilChains", "kubelet's chains would outlive the node on its host"),
    ("oomScoreAdj", HOST),
    ("podCIDR", CLUSTER),
    ("podLogsDir", PLACE),
    ("port", REACHED),
    ("protectKernelDefaults", "kubelet sets what it needs, and would not start where it differs"),
    ("providerID", IDENTITY),
    ("readOnlyPort", "it gives everything to everybody"),
    ("registerNode", IDENTITY),
    ("registerWithTaints", "set spec.taints of the NodePool"),
    ("rotateCertificates", IDENTITY),
    ("runOnce", "a kubelet that ends is no node"),
    ("serverTLSBootstrap", IDENTITY),
    ("staticPodURL", "pods from a URL are beyond the cluster's control: use staticPodPath"),
    ("staticPodURLHeader", "pods from a URL are beyond the cluster's control: use staticPodPath"),
    ("systemCgroups", HOST),
    ("systemReservedCgroup", HOST),
    ("tlsCertFile", IDENTITY),
    ("tlsPrivateKeyFile", IDENTITY),
    ("volumePluginDir", PLACE),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_in_both_lists_and_each_list_is_sorted() {
        for (name, _) in FIELDS {
            assert!(OWNED.iter().all(|(owned, _)| owned != name), "{name}");
        }
        let insensitive = |name: &&str| name.to_lowercase();
        assert!(FIELDS.iter().map(|(name, _)| *name).is_sorted_by_key(|name| insensitive(&name)));
        assert!(OWNED.iter().map(|(name, _)| *name).is_sorted_by_key(|name| insensitive(&name)));
    }
}
