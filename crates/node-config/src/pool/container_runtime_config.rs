//! ContainerRuntimeConfig: what containerd has an equivalent for.

use serde_json::Value;

use super::PoolConfiguration;
use super::documents::{Document, Faults, is_nothing};

const LOG_LEVELS: [&str; 7] = ["trace", "debug", "info", "warn", "error", "fatal", "panic"];

pub(super) fn read(document: &Document, configuration: &mut PoolConfiguration, faults: &mut Faults<'_>) {
    let Some(spec) = document.spec(faults) else { return };
    for (key, value) in spec.iter().filter(|(_, value)| !is_nothing(value)) {
        match (key.as_str(), value) {
            // Which pools: this one names it.
            ("machineConfigPoolSelector", _) => {}
            ("containerRuntimeConfig", Value::Object(fields)) => {
                for (key, value) in fields.iter().filter(|(_, value)| !is_nothing(value)) {
                    field(key, value, configuration, faults);
                }
            }
            _ => faults.add(format!("spec.{key} is not known: expected an object spec.containerRuntimeConfig")),
        }
    }
}

fn field(key: &str, value: &Value, configuration: &mut PoolConfiguration, faults: &mut Faults<'_>) {
    let refuse = match key {
        "logLevel" => {
            match value.as_str().filter(|level| LOG_LEVELS.contains(level)) {
                Some(level) => configuration.container_runtime_log_level = Some(level.to_owned()),
                None => faults.add(format!(
                    "spec.containerRuntimeConfig.logLevel is {value}: expected one of {}",
                    LOG_LEVELS.join(", ")
                )),
            }
            return;
        }
        "defaultRuntime" if value == "runc" => return,
        "defaultRuntime" => "the release has runc and no other runtime: set runc, or leave it out",
        "pidsLimit" => "containerd limits no processes by itself: set podPidsLimit in a KubeletConfig",
        "logSizeMax" => "kubelet rotates the logs of containers: set containerLogMaxSize in a KubeletConfig",
        "overlaySize" => "containerd sets no quota on a container's own layer: set ephemeral-storage limits on pods",
        _ => "it is not known: expected logLevel or defaultRuntime",
    };
    faults.add(format!("spec.containerRuntimeConfig.{key} is not served: {refuse}"));
}
