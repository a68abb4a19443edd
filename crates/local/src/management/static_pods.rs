//! The control plane's files and static pods on the first node.

use std::{
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt, chown, lchown},
    path::{Path, PathBuf},
    sync::Arc,
};

use hoist_control_plane::static_pods::StaticPodImages;
use hoist_host::HostRoot;
use k8s_openapi::api::core::v1::Pod;
use sha2::{Digest, Sha256};

use super::{Certificates, Error, Payload, certificates, node::MANIFESTS};
use crate::{files, host::Host};

/// Folder of the control plane's files and data on the node.
const FOLDER: &str = "/var/lib/hoist/control-plane";
/// Annotation with a hash of the files that a static pod reads.
const FILES_HASH: &str = "hoist.internal/files-hash";
/// User and group of images that do not run as root.
pub(super) const USER: u32 = 65532;

/// Writes the control plane's files, etcd and kube-apiserver. Says whether anything was different.
pub(super) async fn start(
    host: &Host,
    payload: &Arc<Payload>,
    certificates: &Arc<Certificates>,
) -> Result<bool, Error> {
    let (host, payload, certificates) = (host.clone(), Arc::clone(payload), Arc::clone(certificates));
    tokio::task::spawn_blocking(move || {
        let mut changed = write_files(&host, &certificates).map_err(failed("write the control plane's files"))?;
        let [etcd, kube_apiserver, ..] = pods(&payload, &certificates)?;
        for pod in [&etcd, &kube_apiserver] {
            changed |= write_pod(&host, pod)?;
        }
        Ok(changed)
    })
    .await?
}

/// Writes kube-controller-manager and kube-scheduler, which exit when they come before the API.
pub(super) async fn start_rest(
    host: &Host,
    payload: &Arc<Payload>,
    certificates: &Arc<Certificates>,
) -> Result<bool, Error> {
    let (host, payload, certificates) = (host.clone(), Arc::clone(payload), Arc::clone(certificates));
    tokio::task::spawn_blocking(move || {
        let [.., kube_controller_manager, kube_scheduler] = pods(&payload, &certificates)?;
        Ok(write_pod(&host, &kube_controller_manager)? | write_pod(&host, &kube_scheduler)?)
    })
    .await?
}

/// Takes back what [`start_rest`] wrote, from a node that is off: at its next start the API comes
/// first again, and nothing waits out a restart back-off.
pub(super) fn hold_back(host: &Host) -> Result<(), Error> {
    let manifests = host.folder().join("upper").join(MANIFESTS.trim_start_matches('/'));
    for name in ["kube-controller-manager", "kube-scheduler"] {
        files::remove(&manifests.join(format!("{name}.json"))).map_err(failed("take back a static pod"))?;
    }
    Ok(())
}

/// Writes one static pod; says whether it was different.
///
/// It is moved into kubelet's folder when it is complete: kubelet reads every file that appears
/// there, and two of them with one pod's name would wait for each other.
pub(super) fn write_pod(host: &Host, pod: &Pod) -> Result<bool, Error> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let root = HostRoot::at(host.root()?);
    let text = serde_json::to_vec_pretty(pod).map_err(|error| failed("render a static pod")(error.into()))?;
    let target = root.path(&format!("{MANIFESTS}/{name}.json"));
    if fs_err::read(&target).is_ok_and(|present| present == text) {
        return Ok(false);
    }
    let staged = root.path(&format!("{MANIFESTS}.staged/{name}.json"));
    let written = || {
        fs_err::create_dir_all(staged.parent().unwrap_or(&staged))?;
        files::write(&staged, &text, 0o600)?;
        fs_err::rename(&staged, &target)
    };
    written().map_err(failed("write a static pod"))?;
    Ok(true)
}

/// Makes a folder in a node's /var that the images' user owns.
pub(super) fn own_folder(host: &Host, below_var: &str, mode: u32) -> Result<PathBuf, Error> {
    let path = host.var().join(below_var);
    let make = || -> io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&path)?;
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(mode))?;
        chown(&path, Some(USER), Some(USER))
    };
    make().map_err(failed("make a folder for a static pod"))?;
    Ok(path)
}

/// Writes a file that root owns and the images' group may read; says whether it was different.
pub(super) fn write_readable(path: &Path, contents: &[u8]) -> io::Result<bool> {
    if fs_err::read(path).is_ok_and(|present| present == contents) {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    files::write(path, contents, 0o640)?;
    lchown(path, None, Some(USER))?;
    Ok(true)
}

fn write_files(host: &Host, certificates: &Certificates) -> io::Result<bool> {
    let below_var = FOLDER.trim_start_matches("/var/");
    let folder = host.var().join(below_var);
    std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&folder)?;
    let etcd = folder.join("etcd");
    if !etcd.exists() {
        std::fs::DirBuilder::new().mode(0o700).create(&etcd)?;
        chown(&etcd, Some(USER), Some(USER))?;
    }
    let files = folder.join("files");
    if !files.exists() {
        std::fs::DirBuilder::new().mode(0o750).create(&files)?;
        chown(&files, None, Some(USER))?;
    }
    let mut changed = false;
    for file in &certificates.control_plane {
        changed |= write_readable(&files.join(&file.path), &file.contents)?;
    }
    Ok(changed)
}

fn pods(payload: &Payload, certificates: &Certificates) -> Result<[Pod; 4], Error> {
    let images = StaticPodImages {
        etcd: payload.image("etcd")?,
        kube_apiserver: payload.image("kube-apiserver")?,
        kube_controller_manager: payload.image("kube-controller-manager")?,
        kube_scheduler: payload.image("kube-scheduler")?,
    };
    let pods = certificates::static_pods(images, FOLDER).pods();
    let files = || certificates.control_plane.iter().map(|file| (file.path.as_str(), file.contents.as_slice()));
    Ok(pods.map(|pod| with_files_hash(pod, files())))
}

/// Notes a hash of the files that a pod reads on it: kubelet starts a pod anew when its manifest is different, and not when
/// its files are, which a renewed certificate needs.
pub(super) fn with_files_hash<'a>(mut pod: Pod, files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Pod {
    let mut hasher = Sha256::new();
    for (path, contents) in files {
        hasher.update(format!("{path} {}\n", contents.len()));
        hasher.update(contents);
    }
    let hash = format!("{:x}", hasher.finalize());
    pod.metadata.annotations.get_or_insert_default().insert(FILES_HASH.to_owned(), hash);
    pod
}

fn failed(action: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Io { action, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_is_another_one_when_a_file_of_it_is_renewed() {
        let with = |files: &[(&str, &str)]| {
            with_files_hash(Pod::default(), files.iter().map(|(path, contents)| (*path, contents.as_bytes())))
        };
        let before = with(&[("tls.crt", "old"), ("tls.key", "key")]);
        assert_eq!(before, with(&[("tls.crt", "old"), ("tls.key", "key")]));
        assert_ne!(before, with(&[("tls.crt", "new"), ("tls.key", "key")]));
        assert_ne!(before, with(&[("tls.crt", "oldtls.key 3\nkey")]));
    }
}
