//! What was found on a host, as far as configuration depends on it.
//!
//! Facts, not decisions: an unknown distribution is just a name here.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The control group interface that holds the memory controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CgroupVersion {
    /// One hierarchy per controller, "hybrid" layouts included.
    V1,
    /// One unified hierarchy.
    V2,
}

/// The lines of os-release that people recognise a system by; empty where the file is silent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OsRelease {
    /// `ID`, for example `debian`.
    pub id: String,
    /// `VERSION_ID`, for example `12`.
    pub version_id: String,
    /// `PRETTY_NAME`.
    pub pretty_name: String,
}

/// What was found on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, found independently of the others")]
pub struct HostFacts {
    /// Machine architecture in Kubernetes' words: `amd64`, `arm64`.
    pub architecture: String,
    /// Kernel release, for example `6.1.0-18-amd64`.
    pub kernel: String,
    /// The distribution.
    pub os_release: OsRelease,
    /// Which control groups kubelet and runc will use.
    pub cgroup_version: CgroupVersion,
    /// Whether systemd is the init of this host.
    pub systemd: bool,
    /// CAP_SYS_RESOURCE: without it nothing can lower an oom_score_adj, and runc dies trying.
    pub can_lower_oom_score: bool,
    /// Whether any swap is in use.
    pub swap_on: bool,
    /// Whether the one who joined the host accepted swap (`--allow-swap`).
    #[serde(default)]
    pub swap_allowed: bool,
    /// Processors this host may use.
    pub cpus: u32,
    /// Memory, bytes.
    pub memory_bytes: u64,
    /// Addresses of the host's interfaces, without loopback and link-local ones.
    pub addresses: Vec<IpAddr>,
    /// The resolv.conf with real name servers; `None` when the host has none.
    pub resolv_conf: Option<String>,
    /// Whether the `nft` program is installed.
    pub has_nft: bool,
    /// Whether the `iptables` program is installed.
    pub has_iptables: bool,
}

impl HostFacts {
    /// Whether systemd should own the control groups of pods: only where it owns the one hierarchy there is.
    pub fn uses_systemd_cgroups(&self) -> bool {
        self.systemd && self.cgroup_version == CgroupVersion::V2
    }
}
