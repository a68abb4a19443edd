//! Conditions of NodePool.

use super::{Condition, Well};

const fn well(type_: &'static str, well: Well, meaning: &'static str, reasons: &'static [&'static str]) -> Condition {
    Condition { type_, well, meaning, reasons }
}

const UPDATING: &[&str] = &["Progressing", "InplaceUpgradeFailed", "ReplaceUpgradeFailed", "UnsupportedSkew"];

/// All of them, the most telling first.
pub const NODE_POOL_CONDITIONS: &[Condition] = &[
    well("Ready", Well::True, "As many nodes as wanted are ready.", &["NodesJoining", "NodesMissing", "NotFound"]),
    well(
        "FieldsHonoured",
        Well::Either,
        "There only when fields of the spec have no effect here: it names each with the reason.",
        &["NotServed"],
    ),
    well("AllMachinesReady", Well::True, "As many hosts as wanted have joined.", &["NodesJoining", "NodesMissing"]),
    well("AllNodesHealthy", Well::True, "Every node of the pool is Ready.", &["NodesJoining", "NodesMissing"]),
    well(
        "ValidReleaseImage",
        Well::True,
        "The pool's release image was read and is one that can be run.",
        &["InvalidImage", "InvalidReleaseImage", "StatusUnknown"],
    ),
    well("ValidArchPlatform", Well::True, "The release has the pool's architecture.", &["InvalidConfiguration"]),
    well(
        "SupportedVersionSkew",
        Well::True,
        "The nodes' version fits the control plane's.",
        &["UnsupportedSkew", "StatusUnknown"],
    ),
    well(
        "ValidMachineConfig",
        Well::True,
        "The ConfigMaps of spec.config can be used.",
        &["InvalidConfiguration", "StatusUnknown"],
    ),
    well("ValidPlatformConfig", Well::True, "The platform's settings can be used.", &["InvalidConfiguration"]),
    well(
        "ValidGeneratedPayload",
        Well::True,
        "What joining hosts get could be made.",
        &["ReconciliationError", "StatusUnknown"],
    ),
    well(
        "ReachedIgnitionEndpoint",
        Well::True,
        "A host has contacted the bootstrap server.",
        &["NodesMissing", "NoWorkerNodesAvailable"],
    ),
    well(
        "IgnitionEndpointAvailable",
        Well::True,
        "The bootstrap server can be reached by hosts that want to join.",
        &["StatusUnknown", "InfrastructureNotReady"],
    ),
    well(
        "ValidTuningConfig",
        Well::True,
        "The ConfigMaps of spec.tuningConfig can be used.",
        &["InvalidConfiguration", "StatusUnknown"],
    ),
    well(
        "ClusterNetworkCIDRConflict",
        Well::False,
        "There only when nodes have addresses in spec.networking.clusterNetwork of the HostedCluster, which belong to pods.",
        &["InvalidConfiguration"],
    ),
    well(
        "UpdatingPlatformMachineTemplate",
        Well::Either,
        "Machines are being replaced because the platform's settings changed.",
        &["Progressing"],
    ),
    well(
        "ReconciliationActive",
        Well::True,
        "The operator works on this object.",
        &["ReconciliationPaused", "InvalidPausedUntilValue"],
    ),
    well("UpdatingVersion", Well::Either, "Nodes are moving to another version.", UPDATING),
    well("UpdatingConfig", Well::Either, "Nodes are taking up another configuration.", UPDATING),
    well("UpdateManagementEnabled", Well::Either, "The operator updates the nodes.", &[]),
    well("AutoscalingEnabled", Well::Either, "The number of nodes follows the load.", &["NotServed"]),
    well("AutorepairEnabled", Well::Either, "Hosts whose Nodes fail come back as new nodes.", &[]),
];
