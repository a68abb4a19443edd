//! What containers request: our measurements (idle memory with `GOGC=40`, rounded up, and the processor time of an idle
//! control plane), or what the user's annotations say. No limits on processors: a busy start must be allowed to be quick.
//!
//! In sum 130 m and 390 MiB for a single-replica control plane.

use std::collections::BTreeMap;

use hoist_plan::{ResourceOverrides, ResourceRequest};
use k8s_openapi::api::core::v1::{Container, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// Container name, milli-processors, MiB.
const MEASURED: [(&str, u32, u32); 5] = [
    ("etcd", 30, 60),
    ("kube-apiserver", 60, 210),
    ("konnectivity-server", 5, 15),
    ("kube-controller-manager", 25, 65),
    ("kube-scheduler", 10, 40),
];
/// For containers that only wait.
const WAITING: (u32, u32) = (1, 4);

/// Sets the requests of `container` in `workload`.
pub fn set(container: &mut Container, workload: &str, overrides: &ResourceOverrides) {
    let (cpu, memory) =
        MEASURED.iter().find(|(name, ..)| *name == container.name).map_or(WAITING, |(_, cpu, memory)| (*cpu, *memory));
    let given = overrides.of(workload, &container.name).cloned().unwrap_or_default();
    let ResourceRequest { cpu: given_cpu, memory: given_memory } = given;
    container.resources = Some(ResourceRequirements {
        requests: Some(BTreeMap::from([
            ("cpu".to_owned(), Quantity(given_cpu.unwrap_or_else(|| format!("{cpu}m")))),
            ("memory".to_owned(), Quantity(given_memory.unwrap_or_else(|| format!("{memory}Mi")))),
        ])),
        ..ResourceRequirements::default()
    });
}
