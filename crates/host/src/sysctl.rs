//! Kernel settings a node needs, and those its services change behind our back.
//!
//! kubelet writes some settings itself without putting them back; so they are recorded before it first starts.

use std::io;

use fs_err as fs;

pub use hoist_node_config::sysctl::{CHANGED_BY_SERVICES, REQUIRED};

fn path(name: &str) -> String {
    format!("/proc/sys/{}", name.replace('.', "/"))
}

/// The value of a setting; `None` when this kernel does not have it.
pub fn get(name: &str) -> Option<String> {
    fs::read_to_string(path(name)).ok().map(|value| value.trim().to_owned())
}

/// Gives a setting a value, unless it has it already (which also works where /proc/sys is read-only).
pub fn set(name: &str, value: &str) -> io::Result<()> {
    if get(name).as_deref() == Some(value) {
        return Ok(());
    }
    fs::write(path(name), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_and_written_back_unchanged() {
        let value = get("kernel.pid_max").expect("every kernel has it");
        set("kernel.pid_max", &value).expect("nothing to change");
    }

    #[test]
    fn an_unknown_setting_is_none() {
        assert_eq!(get("kernel.hoist_has_no_such_setting"), None);
    }
}
