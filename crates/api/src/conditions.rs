//! Condition types and reasons, HyperShift's where it has them.

use strum::{AsRefStr, Display, IntoStaticStr};

/// Condition types of HostedCluster and HostedControlPlane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, AsRefStr, Display, IntoStaticStr)]
#[allow(missing_docs, reason = "the names are HyperShift's; its contract documents them")]
pub enum ConditionType {
    Available,
    Progressing,
    Degraded,
    InfrastructureReady,
    KubeAPIServerAvailable,
    EtcdAvailable,
    ValidConfiguration,
    ValidHostedControlPlaneConfiguration,
    SupportedHostedCluster,
    ValidReleaseImage,
    ValidReleaseInfo,
    ClusterVersionSucceeding,
    ClusterVersionAvailable,
    ClusterVersionReleaseAccepted,
    ClusterVersionProgressing,
    ClusterVersionUpgradeable,
    ClusterVersionRetrievedUpdates,
    /// On HostedControlPlanes only: the inverse of `ClusterVersionSucceeding`.
    ClusterVersionFailing,
    IgnitionEndpointAvailable,
    ReconciliationActive,
    ReconciliationSucceeded,
    ConfigOperatorReconciliationSucceeded,
    PlatformCredentialsFound,
    DataPlaneConnectionAvailable,
    ControlPlaneConnectionAvailable,
    ExternalDNSReachable,
    EtcdDataEncryptionUpToDate,
    HostedClusterDestroyed,
    /// Ours: services of the spec that are accepted and not served (OAuthServer, OIDC).
    ServicesServed,
    /// Ours: annotations of HyperShift's that have no effect here.
    AnnotationsHonoured,
    /// Ours: fields of the spec that have no effect here.
    FieldsHonoured,
    /// Ours: whether the certificates for names of the user's own are good for a while.
    ServingCertificatesValid,
    /// Ours: which network provider really runs behind `networkType`.
    NetworkProvider,
}

/// Condition types of NodePool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, AsRefStr, Display, IntoStaticStr)]
#[allow(missing_docs, reason = "the names are HyperShift's; its contract documents them")]
pub enum NodePoolConditionType {
    AutoscalingEnabled,
    UpdateManagementEnabled,
    ValidReleaseImage,
    ValidArchPlatform,
    ReconciliationActive,
    SupportedVersionSkew,
    ValidMachineConfig,
    UpdatingConfig,
    UpdatingVersion,
    UpdatingPlatformMachineTemplate,
    IgnitionEndpointAvailable,
    ValidTuningConfig,
    ValidGeneratedPayload,
    ReachedIgnitionEndpoint,
    AllMachinesReady,
    AllNodesHealthy,
    ValidPlatformConfig,
    ClusterNetworkCIDRConflict,
    AutorepairEnabled,
    Ready,
    /// Ours: fields of the spec that have no effect here.
    FieldsHonoured,
}

/// Condition types of ControlPlaneComponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsRefStr, Display, IntoStaticStr)]
#[allow(missing_docs, reason = "the names are HyperShift's; its contract documents them")]
pub enum ComponentConditionType {
    Available,
    RolloutComplete,
}

/// Reasons. One enum, since most are shared between kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsRefStr, Display, IntoStaticStr)]
#[allow(missing_docs, reason = "the names are HyperShift's; its contract documents them")]
pub enum Reason {
    AsExpected,
    StatusUnknown,
    InvalidConfiguration,
    InvalidImage,
    InvalidReleaseImage,
    UnsupportedHostedCluster,
    ReconciliationPaused,
    InvalidPausedUntilValue,
    ReconciliationError,
    ReconciliationSucceeded,
    Progressing,
    Blocked,
    WaitingForAvailable,
    WaitingForDependencies,
    NotFound,
    QuorumAvailable,
    EtcdWaitingForQuorum,
    StatefulSetNotFound,
    NoWorkerNodesAvailable,
    DataPlaneConnectionError,
    PlatformCredentialsNotFound,
    Unschedulable,
    ImagePullFailed,
    VolumeFull,
    StorageClassMissing,
    InsufficientNodes,
    NotServed,
    HoistNetwork,
    BringYourOwnNetwork,
    WaitingForGracefulDestroy,
    HostedClusterDestroyed,
    HostsSilent,
    RolloutInProgress,
    RolloutComplete,
    FromClusterVersion,
    NodesJoining,
    NodesMissing,
    UnsupportedSkew,
    KubeletMinorVersionUnsupportedNextUpgrade,
    ComponentsUnavailable,
    InfrastructureNotReady,
    ReadOnlyDeploy,
    WritePromote,
    Migrating,
    MigrationFailed,
    CertificateExpired,
    CertificateExpiring,
    ExternalDNSHostNotReachable,
    InplaceUpgradeFailed,
    ReplaceUpgradeFailed,
}

/// HyperShift's literal for a success that needs no words.
pub const ALL_IS_WELL: &str = "All is well";
/// Message of `Available=True`, as users' notes print it.
pub const CONTROL_PLANE_AVAILABLE: &str = "The hosted control plane is available";
