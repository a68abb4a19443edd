//! containerd's configuration; what it knows of registries is in [`crate::registries`].
//!
//! Plugins that would leave traces on the host outside of our folders (`/opt/containerd`, `/run/nri`) are off.

use crate::registries::literal;
use crate::{HostFacts, PoolSettings, paths};

/// Plugins that a Kubernetes node does not need.
const DISABLED: [&str; 7] = [
    "io.containerd.internal.v1.opt",
    "io.containerd.nri.v1.nri",
    "io.containerd.snapshotter.v1.blockfile",
    "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper",
    "io.containerd.snapshotter.v1.zfs",
    "io.containerd.tracing.processor.v1.otlp",
];

/// containerd's configuration, version 3, as TOML.
///
/// `sandbox_image` is the release's pause image by digest. It is imported before kubelet starts: containerd pulls it
/// without credentials, which a private registry refuses.
pub fn containerd_config(facts: &HostFacts, settings: &PoolSettings, sandbox_image: &str) -> String {
    let disabled: Vec<String> = DISABLED.iter().map(|plugin| format!("  {},\n", literal(plugin))).collect();
    let bin_dirs = format!("[{}, {}]", literal(paths::FOREIGN_CNI_BIN), literal(paths::BIN));
    let debug = match &settings.container_runtime_log_level {
        Some(level) => format!("[debug]\n  level = {}\n\n", literal(level)),
        None => String::new(),
    };
    format!(
        "\
version = 3
root = {root}
state = {state}
imports = []
disabled_plugins = [
{disabled}]

{debug}[grpc]
  address = {socket}

[plugins.'io.containerd.cri.v1.images']
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = {sandbox}
  [plugins.'io.containerd.cri.v1.images'.registry]
    config_path = {hosts}

[plugins.'io.containerd.cri.v1.runtime']
  netns_mounts_under_state_dir = true
  restrict_oom_score_adj = {restrict}
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = {bin_dirs}
    conf_dir = {conf_dir}
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = 'io.containerd.runc.v2'
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      BinaryName = {runc}
      Root = {runc_root}
      SystemdCgroup = {systemd}
",
        root = literal(paths::CONTAINERD_ROOT),
        state = literal(paths::CONTAINERD_STATE),
        disabled = disabled.concat(),
        socket = literal(paths::CONTAINERD_SOCKET),
        sandbox = literal(sandbox_image),
        hosts = literal(paths::REGISTRY_HOSTS),
        restrict = !facts.can_lower_oom_score,
        conf_dir = literal(paths::CNI_CONFIG),
        runc = literal(&format!("{}/runc", paths::BIN)),
        runc_root = literal(paths::RUNC_ROOT),
        systemd = facts.uses_systemd_cgroups(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CgroupVersion, fixtures};

    #[test]
    fn configuration_without_cap_sys_resource() {
        insta::assert_snapshot!(containerd_config(
            &fixtures::facts(),
            &PoolSettings::default(),
            "registry.test:5000/r@sha256:00"
        ));
    }

    #[test]
    fn cap_sys_resource_and_systemd_change_exactly_two_lines() {
        let image = "registry.test:5000/r@sha256:00";
        let settings = PoolSettings::default();
        let mut facts = fixtures::facts();
        let before = containerd_config(&facts, &settings, image);
        facts.can_lower_oom_score = true;
        facts.systemd = true;
        facts.cgroup_version = CgroupVersion::V2;
        let after = containerd_config(&facts, &settings, image);
        let changed: Vec<&str> =
            after.lines().zip(before.lines()).filter(|(new, old)| new != old).map(|(new, _)| new.trim()).collect();
        assert_eq!(changed, ["restrict_oom_score_adj = false", "SystemdCgroup = true"]);
    }
}
