//! Where things lie on a host, as absolute paths of that host.
//!
//! All state of the container runtime is under Hoist's own folders, so that a containerd the host already runs is
//! never touched. Three places are shared by convention, because pods mount them by name: `/var/lib/kubelet`,
//! `/etc/cni/net.d` and `/var/log/pods`.

/// Programs: `hoist-node`, `kubelet`, `containerd`, its shim, `ctr`, `runc` and the CNI plugins.
pub const BIN: &str = "/opt/hoist/bin";
/// Everything of ours under `/opt`, removed as a whole on leave.
pub const OPT: &str = "/opt/hoist";
/// Unpacked components, one folder each, named by component and digest.
pub const PAYLOAD: &str = "/opt/hoist/payload";
/// The host agent itself.
pub const HOIST_NODE: &str = "/opt/hoist/bin/hoist-node";
/// CNI plugins that a network of the user's own installs by `DaemonSet`.
pub const FOREIGN_CNI_BIN: &str = "/opt/cni/bin";

/// All configuration of ours.
pub const ETC: &str = "/etc/hoist";
/// One JSON file per supervised service, `<name>.json`.
pub const UNITS: &str = "/etc/hoist/units";
/// Configuration of containerd.
pub const CONTAINERD_CONFIG: &str = "/etc/hoist/containerd/config.toml";
/// Trust of registries, one folder per `host:port`.
pub const REGISTRY_HOSTS: &str = "/etc/hoist/containerd/certs.d";
/// Configuration of kubelet.
pub const KUBELET_CONFIG: &str = "/etc/hoist/kubelet/config.yaml";
/// Credential for the first contact of kubelet with the API; good for ten minutes.
pub const KUBELET_BOOTSTRAP_KUBECONFIG: &str = "/etc/hoist/kubelet/bootstrap.kubeconfig";
/// Authorities that may sign clients of kubelet's own API.
pub const KUBELET_CLIENT_CA: &str = "/etc/hoist/kubelet/client-ca.crt";
/// Name servers given to pods with `dnsPolicy: Default` on hosts that have no resolv.conf.
pub const EMPTY_RESOLV_CONF: &str = "/etc/hoist/kubelet/resolv.conf";
/// Listen address and endpoints of the local API proxy; read again whenever it changes.
pub const API_PROXY_CONFIG: &str = "/etc/hoist/api-proxy.json";
/// The same for konnectivity.
pub const KONNECTIVITY_PROXY_CONFIG: &str = "/etc/hoist/konnectivity-proxy.json";
/// What the CNI waiter turns into a CNI configuration.
pub const CNI_WAITER_CONFIG: &str = "/etc/hoist/cni.json";

/// Folder where container runtimes look for networks.
pub const CNI_CONFIG: &str = "/etc/cni/net.d";
/// The CNI configuration of Hoist's own network.
pub const CNI_CONFLIST: &str = "/etc/cni/net.d/10-hoist.conflist";
/// Written by flannel once it owns a subnet on this node.
pub const FLANNEL_SUBNET: &str = "/run/flannel/subnet.env";
/// Addresses in use by pods. Under `/run`, because a reboot ends every pod and must free its address.
pub const CNI_ADDRESSES: &str = "/run/hoist/cni-networks";

/// All lasting state of ours.
pub const STATE: &str = "/var/lib/hoist";
/// State of the agent: progress of the join, undo journal, keys. Mode 0700.
pub const NODE_STATE: &str = "/var/lib/hoist/node";
/// Progress of the join and, afterwards, whom to report to.
pub const STATE_FILE: &str = "/var/lib/hoist/node/state.json";
/// What leave has to put back.
pub const UNDO_JOURNAL: &str = "/var/lib/hoist/node/undo.json";
/// What users configure on this host, as it was read, a file a digest. They may hold secrets.
pub const HOST_CONFIGURATIONS: &str = "/var/lib/hoist/node/host-configurations";
/// Names of what of it was applied.
pub const HOST_CONFIGURATION_RECORD: &str = "/var/lib/hoist/node/host-applied.json";
/// Copies of files that it replaced.
pub const FILES_BEFORE: &str = "/var/lib/hoist/node/before";
/// Key made on this host for the first contact.
pub const BOOTSTRAP_KEY: &str = "/var/lib/hoist/node/bootstrap.key";
/// Images and snapshots of containerd.
pub const CONTAINERD_ROOT: &str = "/var/lib/hoist/containerd";
/// Volatile state of ours.
pub const RUN: &str = "/run/hoist";
/// Volatile state of containerd.
pub const CONTAINERD_STATE: &str = "/run/hoist/containerd";
/// Socket of containerd, for kubelet and `ctr`.
pub const CONTAINERD_SOCKET: &str = "/run/hoist/containerd/containerd.sock";
/// State of runc, apart from that of a runc the host already uses.
pub const RUNC_ROOT: &str = "/run/hoist/runc";
/// Root folder of kubelet. Not ours by name, because CSI drivers mount it by this name.
pub const KUBELET_ROOT: &str = "/var/lib/kubelet";
/// Credentials kubelet pulls with.
pub const KUBELET_PULL_CREDENTIALS: &str = "/var/lib/kubelet/config.json";
/// kubelet's own kubeconfig, written by kubelet after TLS bootstrap.
pub const KUBELET_KUBECONFIG: &str = "/var/lib/kubelet/kubeconfig";
/// kubelet's certificates.
pub const KUBELET_PKI: &str = "/var/lib/kubelet/pki";
/// kubelet's current client certificate and key, in one PEM file.
pub const KUBELET_CLIENT_CERTIFICATE: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";
/// Drop-in volume plugins; kubelet's default lies under /usr, which may be read-only.
pub const KUBELET_VOLUME_PLUGINS: &str = "/var/lib/kubelet/volume-plugins";
/// Logs of supervised services.
pub const LOGS: &str = "/var/log/hoist";

/// Search path of supervised services: ours first, then where distributions keep mount, nft and the like.
pub const SEARCH_PATH: &str = "/opt/hoist/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
