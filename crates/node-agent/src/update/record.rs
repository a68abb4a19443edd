//! What an update remembers on disk, from before it changes anything until it is over: whoever kills it, the next one goes on.

use std::path::Path;

use fs_err as fs;
use hoist_host::{HostRoot, prepare};
use hoist_node_config::{NodeConfig, paths};
use serde::{Deserialize, Serialize};

use crate::{cause::Cause, state};

const FILE: &str = "/var/lib/hoist/node/update.json";
/// Programs as they were, so that they can be put back without any network. Beside the programs, to be links and not copies.
const PROGRAMS: &str = "/opt/hoist/previous";

/// An update that has changed something, or is about to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    /// The revision that it leads to.
    pub(super) revision: String,
    /// Whether the host comes back as a new node.
    pub(super) replace: bool,
    /// Name of the repair that it is.
    #[serde(default)]
    pub(super) repair: Option<String>,
    /// What ran before.
    pub(super) previous: NodeConfig,
    /// Its sandbox image.
    pub(super) previous_sandbox: String,
    /// Why what ran before is being put back, if it is: cause and next step.
    #[serde(default)]
    pub(super) failure: Option<(String, String)>,
}

impl Record {
    /// The record of an update that is not over.
    pub(super) fn load(root: &HostRoot) -> Result<Option<Self>, Cause> {
        state::read(root, FILE)
    }

    /// Writes it.
    pub(super) fn save(&self, root: &HostRoot) -> Result<(), Cause> {
        state::write(root, FILE, self)
    }

    /// The update is over.
    pub(super) fn remove(root: &HostRoot) -> Result<(), Cause> {
        let failed =
            |cause: std::io::Error| Cause::new(format!("failed to remove {FILE}: {cause}"), "check /var/lib/hoist");
        root.remove(FILE).map_err(failed)?;
        // What is left of it is replaced by the next update.
        let _ = fs::remove_dir_all(root.path(PROGRAMS));
        Ok(())
    }
}

/// Keeps the programs that are installed. Those of an earlier update that was not recorded any more are given up.
pub(super) fn keep_programs(root: &HostRoot) -> Result<(), Cause> {
    let failed = |cause: std::io::Error| {
        Cause::new(format!("failed to keep the programs as they are: {cause}"), "check the space and rights of /opt")
    };
    let kept = root.path(PROGRAMS);
    if kept.exists() {
        fs::remove_dir_all(&kept).map_err(failed)?;
    }
    fs::create_dir_all(&kept).map_err(failed)?;
    for entry in fs::read_dir(root.path(paths::BIN)).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // The agent is not part of a release.
        if entry.file_type().map_err(failed)?.is_file() && entry.path() != root.path(paths::HOIST_NODE) {
            let target = kept.join(entry.file_name());
            if fs::hard_link(entry.path(), &target).is_err() {
                fs::copy(entry.path(), &target).map_err(failed)?;
            }
        }
    }
    Ok(())
}

/// Installs the kept programs again. Returns the names of those that changed.
pub(super) fn put_programs_back(root: &HostRoot) -> Result<Vec<String>, Cause> {
    let failed = |error: &(dyn std::error::Error + 'static)| Cause::of(error, "check the space and rights of /opt");
    let mut changed = Vec::new();
    for entry in fs::read_dir(root.path(PROGRAMS)).map_err(|cause| failed(&cause))? {
        let entry = entry.map_err(|cause| failed(&cause))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if prepare::install_program(root, &name, &entry.path()).map_err(|cause| failed(&cause))? {
            changed.push(name);
        }
    }
    Ok(changed)
}

/// The sandbox image of the containerd that is configured.
pub(super) fn sandbox_image(root: &HostRoot) -> Result<String, Cause> {
    let text = root.read(paths::CONTAINERD_CONFIG).ok().flatten().unwrap_or_default();
    let image = text.lines().find_map(|line| line.trim().strip_prefix("sandbox = '")?.strip_suffix('\''));
    image.map(str::to_owned).ok_or_else(|| {
        Cause::new(
            format!("{} does not say which sandbox image is in use", paths::CONTAINERD_CONFIG),
            "run `hoist-node join` on this host, which writes its configuration anew",
        )
    })
}

/// The program of a sandbox image that was made of a component, if it still lies on this host.
pub(super) fn sandbox_program(root: &HostRoot, image: &str) -> Option<std::path::PathBuf> {
    let (_, key) = image.rsplit_once(':')?;
    let program = root.path(paths::PAYLOAD).join(format!("pause-{key}")).join("usr/bin/pause");
    Path::new(&program).is_file().then_some(program)
}

#[cfg(test)]
mod tests {
    use hoist_node_config::{HostFacts, containerd_config};

    use super::*;

    fn host() -> (tempfile::TempDir, HostRoot) {
        let folder = tempfile::tempdir().expect("a folder");
        let root = HostRoot::at(folder.path());
        (folder, root)
    }

    #[test]
    fn programs_are_put_back_as_they_were() {
        let (folder, root) = host();
        for program in ["kubelet", "containerd", "hoist-node"] {
            root.write(&format!("/opt/hoist/bin/{program}"), 0o755, b"old").expect("written");
        }
        keep_programs(&root).expect("kept");
        let new = folder.path().join("new");
        fs::write(&new, "new").expect("written");
        prepare::install_program(&root, "kubelet", &new).expect("installed");
        prepare::install_program(&root, "hoist-node", &new).expect("installed");
        assert_eq!(put_programs_back(&root).expect("put back"), ["kubelet"]);
        let program = |name: &str| root.read(&format!("/opt/hoist/bin/{name}")).expect("read").expect("a program");
        assert_eq!((program("kubelet").as_str(), program("hoist-node").as_str()), ("old", "new"));
        assert!(put_programs_back(&root).expect("again").is_empty());
    }

    #[test]
    fn the_sandbox_image_is_read_from_the_configuration_that_we_write() {
        let (_folder, root) = host();
        assert!(sandbox_image(&root).is_err());
        let facts: HostFacts = hoist_host::facts::detect(&root);
        let text = containerd_config(&facts, &hoist_node_config::PoolSettings::default(), "hoist.internal/pause:abc");
        root.write(paths::CONTAINERD_CONFIG, 0o644, text.as_bytes()).expect("written");
        assert_eq!(sandbox_image(&root).expect("an image"), "hoist.internal/pause:abc");
        assert_eq!(sandbox_program(&root, "hoist.internal/pause:abc"), None);
        root.write("/opt/hoist/payload/pause-abc/usr/bin/pause", 0o755, b"").expect("written");
        assert!(sandbox_program(&root, "hoist.internal/pause:abc").is_some());
    }
}
