//! The machine below an instance: what it must offer, and its settings that hosts depend on.

mod settings;

use std::{
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

pub use settings::{apply, restore};

/// Programs of the machine that hosts are made with, and the Debian package of each.
const TOOLS: [(&str, &str); 1] = [("cp", "coreutils")];
/// File systems the kernel must know.
const FILE_SYSTEMS: [&str; 4] = ["overlay", "proc", "sysfs", "tmpfs"];

/// Modules that hosts need, where they are modules.
const MODULES: [&str; 6] = ["overlay", "bridge", "br_netfilter", "veth", "vxlan", "nf_tables"];

/// Why the machine cannot carry an instance.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not root.
    #[error("this needs root: local hosts are made of mounts and namespaces; run it with sudo")]
    NotRoot,
    /// A program is missing.
    #[error("the program `{tool}` is missing; on Debian: apt-get install {package}")]
    Tool {
        /// Its name.
        tool: &'static str,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// The kernel lacks something.
    #[error(
        "this machine's kernel has no {feature}: expected Linux 5.10 or newer with it built in or loaded; try `modprobe {module}`"
    )]
    Kernel {
        /// What it lacks.
        feature: &'static str,
        /// The module that brings it.
        module: &'static str,
    },
    /// A setting cannot be read or written.
    #[error("cannot {action} the machine's setting {path}")]
    Setting {
        /// What was tried.
        action: &'static str,
        /// The file below /proc/sys.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The shared list of changed settings cannot be used.
    #[error("cannot {action} the list of changed machine settings {path}")]
    List {
        /// What was tried.
        action: &'static str,
        /// Its file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Refuses anyone but root.
pub fn require_root() -> Result<(), Error> {
    if nix::unistd::geteuid().is_root() { Ok(()) } else { Err(Error::NotRoot) }
}

/// Checks what an instance needs of the machine, and loads what the kernel has as modules: hosts
/// share the kernel, but have no modules to load.
pub fn check() -> Result<(), Error> {
    require_root()?;
    for module in MODULES {
        // Built-in modules and machines without modprobe make this fail; what counts is checked below.
        let _ = Command::new("modprobe")
            .args(["-q", module])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    for (tool, package) in TOOLS {
        if !std::env::split_paths(&path).any(|folder| folder.join(tool).exists()) {
            return Err(Error::Tool { tool, package });
        }
    }
    let known = fs_err::read_to_string("/proc/filesystems").unwrap_or_default();
    for feature in FILE_SYSTEMS {
        if !known.lines().any(|line| line.split_whitespace().last() == Some(feature)) {
            return Err(Error::Kernel { feature, module: feature });
        }
    }
    // Without it a pod cannot reach its neighbour on the same node through a Service.
    if fs_err::metadata("/proc/sys/net/bridge/bridge-nf-call-iptables").is_err() {
        return Err(Error::Kernel { feature: "packet filter for bridges", module: "br_netfilter" });
    }
    Ok(())
}

/// Folder of the payload cache: `$HOIST_CACHE`, or `~/.cache/hoist`.
pub fn cache_dir() -> PathBuf {
    let given = std::env::var_os("HOIST_CACHE").filter(|value| !value.is_empty());
    given.map_or_else(
        || {
            let home = std::env::var_os("HOME").filter(|value| !value.is_empty());
            home.map_or_else(|| PathBuf::from("/root"), PathBuf::from).join(".cache/hoist")
        },
        PathBuf::from,
    )
}

/// The unpacked root file system below every host, within the cache.
pub fn base_root(cache: &Path) -> PathBuf {
    cache.join("rootfs/current")
}
