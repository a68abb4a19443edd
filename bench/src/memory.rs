//! Proportional set size of pods: their own processes, their pause containers and the shims that hold them.

use std::collections::BTreeSet;

use anyhow::Context;
use hoist_e2e::world::World;

/// PSS in MiB, in all and of anonymous memory.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// All of it.
    pub pss: f64,
    /// Its anonymous part: what no other process shares.
    pub anonymous: f64,
}

/// Memory of all pods in `namespace`, shims and pause containers included.
pub fn of_namespace(world: &World, namespace: &str) -> anyhow::Result<Memory> {
    let uids = world
        .kubectl(&["--namespace", namespace, "get", "pods", "--output", "jsonpath={.items[*].metadata.uid}"])?
        .success()?;
    let host = world.management_host()?;
    let mut processes = BTreeSet::new();
    for uid in uids.split_whitespace() {
        processes.extend(processes_of(world, &host, uid)?);
    }
    let list = processes.iter().map(|id| format!("/proc/{id}/smaps_rollup")).collect::<Vec<_>>().join(" ");
    let text = world.in_host(&host, &format!("cat {list} 2>/dev/null; true"))?.success()?;
    Ok(Memory { pss: sum(&text, "Pss:")?, anonymous: sum(&text, "Pss_Anon:")? })
}

/// Memory of the management host's processes with these names.
pub fn of_programs(world: &World, names: &[&str]) -> anyhow::Result<Memory> {
    let host = world.management_host()?;
    let line = format!("for p in $(pgrep '{}'); do cat /proc/$p/smaps_rollup; done", names.join("|"));
    let text = world.in_host(&host, &line)?.success()?;
    Ok(Memory { pss: sum(&text, "Pss:")?, anonymous: sum(&text, "Pss_Anon:")? })
}

/// Processes in the pod's control groups, and the shim: the parent of its pause container.
fn processes_of(world: &World, host: &str, uid: &str) -> anyhow::Result<BTreeSet<u32>> {
    let line = format!(
        "for p in /proc/[0-9]*; do if grep -q {uid} $p/cgroup 2>/dev/null; then echo ${{p#/proc/}}; \
         parent=$(awk '/^PPid:/ {{print $2}}' $p/status 2>/dev/null); \
         grep -qs containerd-shim /proc/$parent/cmdline && echo $parent; fi; done; true"
    );
    world.in_host(host, &line)?.success()?.split_whitespace().map(|id| Ok(id.parse()?)).collect()
}

fn sum(rollups: &str, field: &str) -> anyhow::Result<f64> {
    let mut kibibytes = 0.0;
    for line in rollups.lines().filter(|line| line.starts_with(field)) {
        let number = line.split_whitespace().nth(1).context("a rollup line without a number")?;
        kibibytes += number.parse::<f64>()?;
    }
    Ok(kibibytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rollups_are_summed_in_mebibytes_field_by_field() {
        let text = "Pss:     2048 kB\nPss_Anon:  1024 kB\nPss:     1024 kB\nPss_Anon:   512 kB\n";
        assert!((sum(text, "Pss:").unwrap() - 3.0).abs() < 1e-9);
        assert!((sum(text, "Pss_Anon:").unwrap() - 1.5).abs() < 1e-9);
    }
}
