//! The sandbox image, brought into containerd before kubelet asks for it.
//!
//! containerd pulls it without credentials, which a private registry refuses. It is therefore put together here from the
//! verified component, under a name that no registry has.

use std::{io, path::Path, process::Stdio, time::Duration};

use fs_err as fs;
use hoist_host::{HostRoot, facts};
use hoist_node_config::paths;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::cause::Cause;

const ARCHIVE: &str = "/run/hoist/pause.tar";
const DEADLINE: Duration = Duration::from_secs(60);

/// Name of the sandbox image made of the component with this digest.
pub(crate) fn name(key: &str) -> String {
    format!("hoist.internal/pause:{key}")
}

/// Makes sure that containerd, which must answer, has the image.
pub(crate) async fn import(root: &HostRoot, program: &Path, name: &str) -> Result<(), Cause> {
    let filter = format!("name=={name}");
    if ctr(&["images", "list", "--quiet", &filter]).await?.lines().any(|line| line == name) {
        return Ok(());
    }
    let failed = |cause: io::Error| {
        Cause::new(format!("failed to put the sandbox image together: {cause}"), "check the space of /run")
    };
    let archive = archive(&fs::read(program).map_err(failed)?, name).map_err(failed)?;
    root.write(ARCHIVE, 0o600, &archive).map_err(failed)?;
    let imported = ctr(&["images", "import", ARCHIVE]).await;
    root.remove(ARCHIVE).map_err(failed)?;
    imported.map(drop)
}

async fn ctr(arguments: &[&str]) -> Result<String, Cause> {
    let failed = |cause: String| {
        Cause::new(
            format!("`ctr {}` failed: {cause}", arguments.join(" ")),
            "look at containerd's log: /var/log/hoist/containerd.log, or journalctl -u hoist-containerd",
        )
    };
    let running = Command::new(format!("{}/ctr", paths::BIN))
        .args(["--address", paths::CONTAINERD_SOCKET, "--namespace", "k8s.io"])
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(DEADLINE, running)
        .await
        .map_err(|_| failed(format!("no answer within {} s", DEADLINE.as_secs())))?
        .map_err(|cause| failed(cause.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(failed(format!("{}; {}", output.status, String::from_utf8_lossy(&output.stderr).trim())))
}

/// An OCI archive with one image of one layer that holds `program`.
fn archive(program: &[u8], name: &str) -> io::Result<Vec<u8>> {
    let mut layer = tar::Builder::new(Vec::new());
    append(&mut layer, "usr/bin/pause", 0o755, program)?;
    let layer = layer.into_inner()?;
    let config = bytes(&json!({
        "architecture": facts::architecture(),
        "os": "linux",
        "config": {"Entrypoint": ["/usr/bin/pause"], "User": "65532:65532"},
        "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]},
    }));
    let manifest = bytes(&json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", &layer)],
    }));
    let mut entry = descriptor("application/vnd.oci.image.manifest.v1+json", &manifest);
    entry["annotations"] = json!({"io.containerd.image.name": name});
    let index = bytes(&json!({"schemaVersion": 2, "manifests": [entry]}));

    let mut archive = tar::Builder::new(Vec::new());
    append(&mut archive, "oci-layout", 0o644, br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    append(&mut archive, "index.json", 0o644, &index)?;
    for blob in [&layer, &config, &manifest] {
        let path = format!("blobs/{}", digest(blob).replace(':', "/"));
        append(&mut archive, &path, 0o644, blob)?;
    }
    archive.into_inner()
}

fn append(archive: &mut tar::Builder<Vec<u8>>, path: &str, mode: u32, contents: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(contents.len() as u64);
    header.set_mode(mode);
    archive.append_data(&mut header, path, contents)
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn digest(bytes: &[u8]) -> String {
    hoist_release::Digest::of(bytes).to_string()
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": digest(bytes), "size": bytes.len()})
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, io::Read as _};

    use super::*;

    #[test]
    fn the_archive_names_the_image_and_every_digest_holds() {
        let archive = archive(b"program", &name("abc")).expect("an archive");
        let mut files = BTreeMap::new();
        for entry in tar::Archive::new(archive.as_slice()).entries().expect("entries") {
            let mut entry = entry.expect("an entry");
            let path = entry.path().expect("a path").display().to_string();
            let mut contents = Vec::new();
            entry.read_to_end(&mut contents).expect("contents");
            files.insert(path, contents);
        }
        for (path, contents) in files.iter().filter(|(path, _)| path.starts_with("blobs/")) {
            assert_eq!(path, &format!("blobs/{}", digest(contents).replace(':', "/")));
        }
        let index: Value = serde_json::from_slice(&files["index.json"]).expect("JSON");
        let entry = &index["manifests"][0];
        assert_eq!(entry["annotations"]["io.containerd.image.name"], "hoist.internal/pause:abc");
        let blob = |of: &Value| {
            let digest = of["digest"].as_str().expect("a digest").replace(':', "/");
            files[&format!("blobs/{digest}")].clone()
        };
        let manifest: Value = serde_json::from_slice(&blob(entry)).expect("JSON");
        let layer = blob(&manifest["layers"][0]);
        let config: Value = serde_json::from_slice(&blob(&manifest["config"])).expect("JSON");
        assert_eq!(config["rootfs"]["diff_ids"][0], digest(&layer));
    }
}
