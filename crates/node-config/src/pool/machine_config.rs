//! MachineConfig: what OpenShift does to a whole operating system, as far as a host that keeps its own can have it.

use std::collections::BTreeMap;

use super::documents::{Document, Faults, is_nothing};
use super::ignition;
use crate::HostConfiguration;
use crate::host_configuration::SystemdUnit;

/// Fields that need an operating system of ours, and what to do instead.
const NOT_SERVED: [(&str, &str); 6] = [
    ("kernelArguments", "hosts boot by their own boot loader: set kernel arguments there"),
    ("extensions", "hosts keep their own packages: install them there"),
    ("fips", "hosts keep their own kernel: switch FIPS mode on there"),
    ("kernelType", "hosts keep their own kernel: install another one there"),
    ("osImageURL", "hosts keep their own operating system: install another one there"),
    ("baseOSExtensionsContainerImage", "hosts keep their own operating system: install packages there"),
];

/// The name of a MachineConfig and what it asks for.
pub(super) type Named = (String, HostConfiguration);

pub(super) fn read(document: &Document, faults: &mut Faults<'_>) -> Option<Named> {
    let spec = document.spec(faults)?;
    for (key, value) in spec.iter().filter(|(_, value)| !is_nothing(value)) {
        if key == "config" || (key == "kernelType" && value == "default") {
            continue;
        }
        match NOT_SERVED.iter().find(|(name, _)| name == key) {
            Some((_, instead)) => faults.add(format!("spec.{key} is not served: {instead}, and remove it here")),
            None => faults.add(format!("spec.{key} is not known: expected spec.config")),
        }
    }
    let config = spec.get("config").filter(|config| !config.is_null());
    let host = config.map(|config| ignition::read(config, faults)).unwrap_or_default();
    Some((document.name.clone(), host))
}

/// All of them together. As in OpenShift, they are taken in the order of their names, and of two that speak of the same path or
/// unit the later wins.
pub(super) fn merged(mut configs: Vec<Named>, faults: &mut Vec<String>) -> HostConfiguration {
    configs.sort_by(|(one, _), (other, _)| one.cmp(other));
    let (mut directories, mut files, mut links) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut units: BTreeMap<String, SystemdUnit> = BTreeMap::new();
    for (_, config) in configs {
        directories.extend(config.directories.into_iter().map(|directory| (directory.path.clone(), directory)));
        files.extend(config.files.into_iter().map(|file| (file.path.clone(), file)));
        links.extend(config.links.into_iter().map(|link| (link.path.clone(), link)));
        for unit in config.units {
            merge_unit(units.entry(unit.name.clone()).or_default(), unit);
        }
    }
    let mut kinds: BTreeMap<&str, &str> = BTreeMap::new();
    let of_storage = directories
        .keys()
        .map(|path| (path.as_str(), "a directory"))
        .chain(files.keys().map(|path| (path.as_str(), "a file")))
        .chain(links.keys().map(|path| (path.as_str(), "a link")));
    for (path, kind) in of_storage {
        if let Some(other) = kinds.insert(path, kind) {
            faults.push(format!("spec.config: path {path:?} is {other} and {kind}: make it one of them"));
        }
    }
    for path in kinds.keys() {
        let above = kinds.iter().find(|(other, kind)| {
            **kind != "a directory" && path.strip_prefix(**other).is_some_and(|rest| rest.starts_with('/'))
        });
        if let Some((other, kind)) = above {
            faults.push(format!("spec.config: path {path:?} is below {other:?}, which is {kind}: choose another path"));
        }
    }
    HostConfiguration {
        directories: directories.into_values().collect(),
        files: files.into_values().collect(),
        links: links.into_values().collect(),
        units: units.into_values().collect(),
        sysctls: BTreeMap::new(),
    }
}

fn merge_unit(below: &mut SystemdUnit, above: SystemdUnit) {
    below.name = above.name;
    below.contents = above.contents.or(below.contents.take());
    below.dropins.extend(above.dropins);
    below.enabled = above.enabled.or(below.enabled);
    below.mask = above.mask.or(below.mask);
}
