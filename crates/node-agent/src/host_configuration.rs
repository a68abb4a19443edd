//! What users configure on this host: read from its pool's Secret, kept, and applied.
//!
//! The node configuration names it by its digest, so that the two always go together; an update of the one without the other is
//! waited out.

use data_encoding::HEXLOWER;
use hoist_host::{
    HostRoot,
    host_configuration::{self, Changes},
    undo::Journal,
};
use hoist_node_config::{HostConfiguration, HostFacts, NodeConfig, paths};
use sha2::{Digest as _, Sha256};

use crate::{
    api::{ClusterApi, Error},
    cause::Cause,
};

/// How many stay besides the newest.
const KEPT: usize = 2;
const NEXT_STEP: &str =
    "correct the cause, on this host or in spec.config of the NodePool, and run the same line again";

/// Reads what goes with `config`, unless this host has it already, and keeps it.
pub(crate) async fn fetch(root: &HostRoot, api: &ClusterApi, config: &NodeConfig) -> Result<(), Error> {
    let Some(digest) = &config.settings.host_configuration else { return Ok(()) };
    if kept(root, digest).is_some() {
        return Ok(());
    }
    let (path, bytes) = api.host_configuration(&config.node_pool).await?;
    let found = digest_of(&bytes);
    if found != *digest {
        return Err(Error::Mismatch { path, found, expected: digest.clone() });
    }
    forget_oldest(root);
    root.write(&path_of(digest), 0o600, &bytes)
        .map(drop)
        .map_err(|cause| Error::Kept { path: paths::HOST_CONFIGURATIONS, cause: cause.to_string() })
}

/// Looks whether this host can have what goes with `config`. Changes nothing.
pub(crate) fn check(root: &HostRoot, facts: &HostFacts, config: &NodeConfig) -> Result<(), Cause> {
    host_configuration::check(root, facts.systemd, &load(root, config)?).map_err(|cause| Cause::of(&cause, NEXT_STEP))
}

/// Makes this host have what goes with `config`, and no longer what an earlier configuration wanted.
pub(crate) fn apply(
    root: &HostRoot,
    journal: &mut Journal,
    facts: &HostFacts,
    config: &NodeConfig,
) -> Result<Changes, Cause> {
    host_configuration::apply(root, journal, facts.systemd, &load(root, config)?)
        .map_err(|cause| Cause::of(&cause, NEXT_STEP))
}

fn load(root: &HostRoot, config: &NodeConfig) -> Result<HostConfiguration, Cause> {
    let Some(digest) = &config.settings.host_configuration else { return Ok(HostConfiguration::default()) };
    let text = kept(root, digest);
    text.and_then(|text| serde_json::from_str(&text).ok()).ok_or_else(|| {
        Cause::new(
            format!("this host has lost what its NodePool configures on hosts ({})", path_of(digest)),
            "run `hoist-node leave --force` and join again",
        )
    })
}

fn path_of(digest: &str) -> String {
    format!("{}/{digest}.json", paths::HOST_CONFIGURATIONS)
}

/// The one that goes with `digest`, whole.
fn kept(root: &HostRoot, digest: &str) -> Option<String> {
    let text = root.read(&path_of(digest)).ok().flatten()?;
    (digest_of(text.as_bytes()) == digest).then_some(text)
}

/// Leaves the newest ones: an update that fails goes back to what was there before.
fn forget_oldest(root: &HostRoot) {
    let entries = fs_err::read_dir(root.path(paths::HOST_CONFIGURATIONS)).into_iter().flatten().flatten();
    let mut files: Vec<_> =
        entries.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()))).collect();
    files.sort();
    let surplus = files.len().saturating_sub(KEPT);
    for (_, path) in files.into_iter().take(surplus) {
        // One file more does no harm.
        let _ = fs_err::remove_file(path);
    }
}

fn digest_of(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(digest: Option<&str>) -> NodeConfig {
        let mut config = serde_json::json!({
            "cluster": "c", "nodePool": "p", "kubernetesVersion": "1.36.3", "releaseImage": "r.test/r@sha256:00",
            "clusterDns": [], "apiEndpoints": [], "apiCertificateAuthorityPem": "",
            "kubeletClientCertificateAuthorityPem": "",
        });
        if let Some(digest) = digest {
            config["settings"] = serde_json::json!({"hostConfiguration": digest});
        }
        serde_json::from_value(config).expect("a node configuration")
    }

    #[test]
    fn only_what_goes_with_the_node_configuration_is_applied() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = HostRoot::at(folder.path());
        assert_eq!(load(&root, &config(None)).expect("nothing is wanted"), HostConfiguration::default());
        let text = r#"{"sysctls":{"vm.max_map_count":"262144"}}"#;
        let digest = digest_of(text.as_bytes());
        assert!(load(&root, &config(Some(&digest))).is_err(), "nothing is kept");
        root.write(&path_of(&digest), 0o600, text.as_bytes()).expect("written");
        assert_eq!(load(&root, &config(Some(&digest))).expect("kept").sysctls.len(), 1);
        let other = "0".repeat(64);
        root.write(&path_of(&other), 0o600, text.as_bytes()).expect("written");
        assert!(load(&root, &config(Some(&other))).is_err(), "what is kept is another");
        assert_eq!(load(&root, &config(None)).expect("nothing is wanted any more"), HostConfiguration::default());
        for name in ["a", "b", "c"] {
            root.write(&path_of(name), 0o600, b"").expect("written");
        }
        forget_oldest(&root);
        let left = fs_err::read_dir(root.path(paths::HOST_CONFIGURATIONS)).expect("a folder").count();
        assert_eq!(left, KEPT);
    }
}
