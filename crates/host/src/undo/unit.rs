//! systemd units as they were.

use serde::{Deserialize, Serialize};

use crate::HostRoot;
use crate::init_system::{self, systemctl, systemctl_says as says};

/// How a unit was before it was configured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a state of its own in systemd")]
pub struct UnitState {
    /// Whether there was one of this name.
    pub exists: bool,
    /// Started at boot.
    pub enabled: bool,
    /// Could not be started.
    pub masked: bool,
    /// Ran.
    pub active: bool,
}

impl UnitState {
    /// How it is now.
    pub(crate) fn of(name: &str) -> Self {
        let enabled = says(&["is-enabled", name]);
        Self {
            exists: !matches!(enabled.as_str(), "" | "not-found"),
            enabled: enabled.starts_with("enabled"),
            masked: enabled.starts_with("masked"),
            active: matches!(says(&["is-active", name]).as_str(), "active" | "activating" | "reloading"),
        }
    }
}

/// Stops and forgets a unit that was not there before.
pub(super) fn end(root: &HostRoot, name: &str) -> Result<(), init_system::Error> {
    if !root.is_this_host() || !UnitState::of(name).exists {
        return Ok(());
    }
    systemctl(&["unmask", "--quiet", name])?;
    systemctl(&["disable", "--quiet", "--now", name])
}

/// Makes a unit what it was; its files are what they were already.
pub(super) fn restore(root: &HostRoot, name: &str, before: UnitState) -> Result<(), init_system::Error> {
    if !root.is_this_host() {
        return Ok(());
    }
    systemctl(&["daemon-reload"])?;
    if !before.exists {
        return Ok(());
    }
    let now = UnitState::of(name);
    if before.masked != now.masked {
        systemctl(&[if before.masked { "mask" } else { "unmask" }, "--quiet", name])?;
    }
    if before.enabled != now.enabled && !before.masked {
        systemctl(&[if before.enabled { "enable" } else { "disable" }, "--quiet", name])?;
    }
    match (before.active, now.active) {
        // It may have run with a drop-in that is gone.
        (true, _) => systemctl(&["restart", "--no-block", name]),
        (false, true) => systemctl(&["stop", "--no-block", name]),
        (false, false) => Ok(()),
    }
}
