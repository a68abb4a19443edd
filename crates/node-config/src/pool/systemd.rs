//! `systemd` of an Ignition configuration: units and drop-ins.

use std::collections::BTreeMap;

use serde_json::Value;

use super::documents::Faults;
use super::values::{only, text, truth};
use crate::HostConfiguration;
use crate::host_configuration::SystemdUnit;

/// **Source:** systemd.unit(5).
const TYPES: [&str; 11] =
    ["service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope"];

pub(super) fn read(systemd: &Value, host: &mut HostConfiguration, faults: &mut Faults<'_>) {
    const PLACE: &str = "spec.config.systemd";
    only(systemd, &["units"], PLACE, faults);
    let units = systemd.get("units").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for (index, entry) in units.iter().enumerate() {
        let place = format!("{PLACE}.units[{index}]");
        let Some(unit) = unit(entry, &place, faults) else { continue };
        if host.units.iter().any(|other| other.name == unit.name) {
            faults.add(format!("{PLACE} has unit {} twice: keep one", unit.name));
        }
        host.units.push(unit);
    }
}

fn unit(entry: &Value, place: &str, faults: &mut Faults<'_>) -> Option<SystemdUnit> {
    only(entry, &["name", "contents", "dropins", "enabled", "mask"], place, faults);
    let name = text(entry, "name", place, faults).unwrap_or_default();
    if let Err(fault) = check_name(name) {
        faults.add(format!("{place}: {fault}"));
        return None;
    }
    let mut dropins = BTreeMap::new();
    for dropin in entry.get("dropins").and_then(Value::as_array).into_iter().flatten() {
        let place = format!("{place}.dropins of {name}");
        only(dropin, &["name", "contents"], &place, faults);
        let file = text(dropin, "name", &place, faults).unwrap_or_default();
        if !is_plain(file) || file.strip_suffix(".conf").is_none_or(str::is_empty) {
            faults.add(format!("{place}: {file:?} is no name of a drop-in: expected one that ends in .conf"));
            continue;
        }
        // As systemd: an empty drop-in says nothing.
        if let Some(contents) = text(dropin, "contents", &place, faults).filter(|contents| !contents.is_empty()) {
            dropins.insert(file.to_owned(), contents.to_owned());
        }
    }
    let contents = text(entry, "contents", place, faults).filter(|contents| !contents.is_empty());
    let mask = truth(entry, "mask", place, faults);
    if mask == Some(true) && contents.is_some() {
        faults.add(format!("{place}: unit {name} is masked and has contents: keep one of the two"));
    }
    Some(SystemdUnit {
        name: name.to_owned(),
        contents: contents.map(str::to_owned),
        dropins,
        enabled: truth(entry, "enabled", place, faults),
        mask,
    })
}

fn check_name(name: &str) -> Result<(), String> {
    let is_unit = name.rsplit_once('.').is_some_and(|(stem, type_)| !stem.is_empty() && TYPES.contains(&type_));
    if !is_unit || !is_plain(name) {
        return Err(format!("{name:?} is no name of a unit: expected one such as own.service"));
    }
    if name.starts_with("hoist-") {
        return Err(format!("unit {name} is refused: units of that name are Hoist's own; choose another name"));
    }
    match name {
        "kubelet.service" => {
            Err("unit kubelet.service is refused: Hoist runs kubelet itself; use a KubeletConfig".to_owned())
        }
        "crio.service" => {
            Err("unit crio.service is refused: hosts run containerd; use a ContainerRuntimeConfig".to_owned())
        }
        _ => Ok(()),
    }
}

fn is_plain(name: &str) -> bool {
    name.len() <= 255
        && !name.starts_with(['-', '.'])
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.' | '\\' | '@'))
}
