//! An Ignition configuration, 3.x.
//!
//! **Source:** <https://coreos.github.io/ignition/configuration-v3_5/>.

use serde_json::Value;

use super::documents::{Faults, is_nothing};
use super::values::text;
use super::{storage, systemd};
use crate::HostConfiguration;

/// Parts that a running host cannot have, and what to do instead.
const NOT_SERVED: [(&str, &str); 9] = [
    ("/ignition/config", "other configurations are not fetched: write their contents here"),
    ("/ignition/proxy", "nothing is fetched: set spec.configuration.proxy of the HostedCluster for pulling images"),
    (
        "/ignition/security",
        "nothing is fetched: set spec.additionalTrustBundle of the HostedCluster for pulling images",
    ),
    ("/passwd", "users, groups and ssh keys are the host's own: make them there"),
    ("/kernelArguments", "hosts boot by their own boot loader: set kernel arguments there"),
    ("/storage/disks", "disks are the host's own: partition them before it joins"),
    ("/storage/raid", "disks are the host's own: set them up before it joins"),
    ("/storage/filesystems", "file systems are the host's own: make and mount them before it joins"),
    ("/storage/luks", "disks are the host's own: encrypt them before it joins"),
];

pub(super) fn read(config: &Value, faults: &mut Faults<'_>) -> HostConfiguration {
    const PLACE: &str = "spec.config";
    let mut host = HostConfiguration::default();
    let Some(parts) = config.as_object() else {
        faults.add(format!("{PLACE} is no object: expected an Ignition configuration of version 3.x"));
        return host;
    };
    version(config, faults);
    for (pointer, instead) in NOT_SERVED {
        if config.pointer(pointer).is_some_and(|part| !is_nothing(part)) {
            faults.add(format!("{PLACE}{} is not served: {instead}, and remove it here", pointer.replace('/', ".")));
        }
    }
    for (key, _) in parts.iter().filter(|(_, value)| !is_nothing(value)) {
        if !["ignition", "storage", "systemd", "passwd", "kernelArguments"].contains(&key.as_str()) {
            faults.add(format!("{PLACE}.{key} is not known: expected ignition, storage and systemd"));
        }
    }
    if let Some(found) = config.get("storage").filter(|part| !is_nothing(part)) {
        storage::read(found, &mut host, faults);
    }
    if let Some(found) = config.get("systemd").filter(|part| !is_nothing(part)) {
        systemd::read(found, &mut host, faults);
    }
    host
}

fn version(config: &Value, faults: &mut Faults<'_>) {
    let ignition = config.get("ignition").cloned().unwrap_or_default();
    match text(&ignition, "version", "spec.config.ignition", faults) {
        Some(version) if version.starts_with("3.") && !version.contains('-') => {}
        Some(version) => faults.add(format!(
            "spec.config.ignition.version is {version:?}: expected a version 3.x, such as 3.2.0; convert older configurations"
        )),
        None => faults.add("spec.config.ignition.version is missing: expected a version 3.x, such as 3.2.0"),
    }
}
