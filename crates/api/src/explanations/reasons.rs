//! Reasons, in Hoist's own use of them.

use super::Reason;

const fn because(reason: &'static str, meaning: &'static str, next: &'static str) -> Reason {
    Reason { reason, meaning, next }
}

const NOTHING: &str = "Nothing.";
const EDIT: &str = "Correct what the message names: `kubectl edit hostedcluster NAME -n NAMESPACE`.";
const WAIT: &str = "Wait a few minutes; then see `kubectl get pods -n CONTROL_PLANE_NAMESPACE` and `hcp status NAME --namespace NAMESPACE`.";
const OPERATOR_LOG: &str =
    "The operator tries again by itself. If it stays so: `kubectl logs -n hypershift deployment/operator`.";
const JOIN: &str = "Join hosts: run on each what `hcp create join-command --name NAME --namespace NAMESPACE` prints; `hcp get hosts --name NAME --namespace NAMESPACE` shows how far they are.";

const UPDATE_FAILED: &str = "A host could not be updated; the other hosts are left as they are.";
const TRIED_AGAIN: &str = "Do what the message says for that host. It is tried again every five minutes, and at once when the NodePool changes.";

/// All of them, by name.
pub const REASONS: &[Reason] = &[
    because("AsExpected", "Everything is as it should be.", NOTHING),
    because("Blocked", "The rollout cannot go on as the spec is.", EDIT),
    because(
        "BringYourOwnNetwork",
        "networkType is Other: Hoist runs no network between the nodes.",
        "Install a network provider in the hosted cluster, if there is none yet.",
    ),
    because(
        "CertificateExpired",
        "A certificate in spec.configuration.apiServer.servingCerts has ended; clients refuse it.",
        "Replace `tls.crt` and `tls.key` in the Secret that the message names; they are taken up without a restart.",
    ),
    because(
        "CertificateExpiring",
        "A certificate in spec.configuration.apiServer.servingCerts ends soon.",
        "Replace `tls.crt` and `tls.key` in the Secret that the message names; they are taken up without a restart.",
    ),
    because(
        "ComponentsUnavailable",
        "A component of the control plane is not ready or does not stay up.",
        "See the component that the message names: `kubectl describe pods -n CONTROL_PLANE_NAMESPACE` and its log.",
    ),
    because(
        "DataPlaneConnectionError",
        "The tunnel from the API server to the nodes does not work.",
        "See whether the konnectivity agents run: `kubectl get pods -n kube-system` in the hosted cluster; and whether the nodes reach the published konnectivity address.",
    ),
    because(
        "EtcdWaitingForQuorum",
        "Too few members of etcd are ready.",
        "See `kubectl describe pods -n CONTROL_PLANE_NAMESPACE -l app=etcd`: mostly a volume or a node is missing.",
    ),
    because(
        "ExternalDNSHostNotReachable",
        "The name under which the API server is published cannot be resolved in the management cluster.",
        "Let the name lead to the router or load balancer: `kubectl get service router -n hypershift` shows the router's address and port. A name that only users' name servers know does no harm.",
    ),
    because(
        "FromClusterVersion",
        "The state is that of what runs inside the hosted cluster.",
        "See what the message names; without nodes, join hosts first.",
    ),
    because("HoistNetwork", "Hoist's own network runs between the nodes (flannel, vxlan).", NOTHING),
    because("HostedClusterDestroyed", "Everything of the hosted cluster is gone.", NOTHING),
    because(
        "HostsSilent",
        "Hosts did not answer the request to leave, and are not waited for any more.",
        "Run `hoist-node leave` on the hosts that the message names, if they are ever switched on again.",
    ),
    because(
        "ImagePullFailed",
        "A node of the management cluster cannot pull an image.",
        "Check the pull secret and the registry that the message names; `hcp release info IMAGE` tells whether the image can be read.",
    ),
    because(
        "InfrastructureNotReady",
        "A Service has no address yet, or the published address cannot be used.",
        "See `kubectl get services -n CONTROL_PLANE_NAMESPACE`; a LoadBalancer needs a controller that gives it an address.",
    ),
    because("InplaceUpgradeFailed", UPDATE_FAILED, TRIED_AGAIN),
    because(
        "InsufficientNodes",
        "The management cluster has fewer nodes than a highly available control plane needs.",
        "Add nodes, or use --control-plane-availability-policy SingleReplica for the next cluster.",
    ),
    because("InvalidConfiguration", "The spec cannot be carried out.", EDIT),
    because(
        "InvalidImage",
        "The release image cannot be read.",
        "Check spec.release.image, the pull secret and the registry; `hcp release info IMAGE` tells more.",
    ),
    because(
        "InvalidPausedUntilValue",
        "spec.pausedUntil is neither true, false nor a time; the operator goes on.",
        "Write true, false or a time such as 2026-12-24T12:00:00Z.",
    ),
    because(
        "InvalidReleaseImage",
        "The release image is none that this operator hosts.",
        "Choose one of `hcp version`, or copy one with `hcp release mirror`.",
    ),
    because(
        "KubeletMinorVersionUnsupportedNextUpgrade",
        "Nodes are so old that they would not fit the next minor version of the control plane.",
        "Upgrade the NodePools that the message names first: `kubectl patch nodepool POOL -n NAMESPACE --type=merge -p '{\"spec\":{\"release\":{\"image\":\"IMAGE\"}}}'`.",
    ),
    because(
        "Migrating",
        "Everything that was stored with the former key is stored again with the new one.",
        "Wait; the former key goes by itself when it is done.",
    ),
    because(
        "MigrationFailed",
        "Something that was stored with the former key could not be stored again with the new one; the former key stays for as long.",
        "The message names the object and the cause, often an admission webhook of the hosted cluster: mend it; it is tried again.",
    ),
    because("NoWorkerNodesAvailable", "There is no node yet, so nothing can be said of connections to nodes.", JOIN),
    because(
        "NodesJoining",
        "Hosts are on their way.",
        "`hcp get hosts --name NAME --namespace NAMESPACE` shows how far they are; a host that stays at a stage says why.",
    ),
    because("NodesMissing", "Fewer hosts have joined than are wanted.", JOIN),
    because("NotFound", "An object that belongs here does not exist yet.", WAIT),
    because(
        "NotServed",
        "The spec asks for something that is accepted and not done here.",
        "Nothing, unless you rely on it; the message names it.",
    ),
    because(
        "PlatformCredentialsNotFound",
        "Credentials that the platform needs are missing.",
        "Create the Secret that the message names.",
    ),
    because("Progressing", "A rollout is under way.", WAIT),
    because("QuorumAvailable", "Enough members of etcd are ready.", NOTHING),
    because("ReadOnlyDeploy", "Every API server is learning to read with a new key.", WAIT),
    because("ReconciliationError", "The operator's last pass failed; the message says at what.", OPERATOR_LOG),
    because(
        "ReconciliationPaused",
        "spec.pausedUntil stops the operator's work on this object.",
        "Remove spec.pausedUntil when the pause is over.",
    ),
    because("ReconciliationSucceeded", "The operator's last pass ended well.", NOTHING),
    because("ReplaceUpgradeFailed", UPDATE_FAILED, TRIED_AGAIN),
    because("RolloutComplete", "All pods are of the newest version.", NOTHING),
    because("RolloutInProgress", "Pods are being replaced by newer ones.", WAIT),
    because("StatefulSetNotFound", "etcd is not made yet.", WAIT),
    because("StatusUnknown", "It is not known yet.", WAIT),
    because(
        "StorageClassMissing",
        "The StorageClass of etcd's volumes does not exist, or there is no default one.",
        "Create it, or name another with --etcd-storage-class for the next cluster; `kubectl get storageclass` lists them.",
    ),
    because(
        "Unschedulable",
        "No node of the management cluster takes a pod.",
        "See `kubectl describe pods -n CONTROL_PLANE_NAMESPACE`: mostly memory, a node selector or a volume is missing.",
    ),
    because("UnsupportedHostedCluster", "This installation does not serve the platform or the version.", EDIT),
    because(
        "UnsupportedSkew",
        "The nodes' version is newer than the control plane's, or more than three minors older.",
        "Choose another spec.release.image of the NodePool, or upgrade the control plane first.",
    ),
    because(
        "VolumeFull",
        "The volume under etcd is full.",
        "Enlarge the PersistentVolumeClaim that the message names, if its StorageClass allows it, or remove what fills etcd.",
    ),
    because("WaitingForAvailable", "It starts and is not ready yet.", WAIT),
    because("WaitingForDependencies", "It starts when what it needs is available.", WAIT),
    because(
        "WaitingForGracefulDestroy",
        "Hosts are leaving and objects are being removed.",
        "Wait; the message says what is left. `hcp destroy cluster` follows it.",
    ),
    because("WritePromote", "Every API server begins to write with a new key.", WAIT),
];
