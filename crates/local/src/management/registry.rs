//! The instance's registry: a static pod of two containers over one folder.
//!
//! What everybody pulls from is read-only and asks for a password; pushing is only possible over a
//! UNIX socket that no pod and no network reaches.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use hoist_registry::{Client, Options};
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use super::{
    Certificates, Error, Payload,
    payload::registry_host,
    static_pods::{USER, own_folder, with_files_hash, write_pod, write_readable},
};
use crate::{address_plan as plan, host::Host, instance::Instance};

/// Folder in the node's /var: configuration, images and the socket.
const FOLDER: &str = "lib/hoist/registry";
/// Marks what was pushed; compared before anything is pushed again.
const PUSHED: &str = "pushed";
/// Time for the registry to open its socket.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Pause between two looks at the socket.
const START_PAUSE: Duration = Duration::from_millis(50);
/// Time for a whole push: a gigabyte onto a slow disk.
const PUSH_TIMEOUT: Duration = Duration::from_secs(600);
/// Time for an answer when only the state is asked for.
const LOOK_TIMEOUT: Duration = Duration::from_secs(10);
/// One image at most; the biggest component has 30 MB.
const SIZE_CAP: u64 = 4 << 30;

/// Writes the registry's files and its pod. Says whether anything was different.
pub(super) async fn start(
    host: &Host,
    payload: &Arc<Payload>,
    certificates: &Arc<Certificates>,
) -> Result<bool, Error> {
    let (host, payload, certificates) = (host.clone(), Arc::clone(payload), Arc::clone(certificates));
    tokio::task::spawn_blocking(move || {
        let folder = own_folder(&host, FOLDER, 0o750)?;
        for name in ["data", "socket"] {
            own_folder(&host, &format!("{FOLDER}/{name}"), 0o700)?;
        }
        let (certificate, key) = certificates.registry_server();
        let mut changed = false;
        let files = [
            ("tls.crt", certificate.to_owned()),
            ("tls.key", key.to_owned()),
            ("htpasswd", certificates.htpasswd.clone()),
            ("serve.json", serving(&host)),
            ("push.json", pushing()),
        ];
        for (name, contents) in &files {
            changed |= write_readable(&folder.join("config").join(name), contents.as_bytes())
                .map_err(|source| Error::Io { action: "write the registry's configuration", source })?;
        }
        let pod = with_files_hash(
            pod(&payload.image("registry")?),
            files.iter().map(|(name, contents)| (*name, contents.as_bytes())),
        );
        Ok(changed | write_pod(&host, &pod)?)
    })
    .await?
}

/// Pushes the payload unless the registry has it. Says whether it was pushed.
pub(super) async fn fill(host: &Host, payload: &Arc<Payload>) -> Result<bool, Error> {
    let folder = host.var().join(FOLDER);
    let mark = folder.join(PUSHED);
    let fingerprint = payload.fingerprint();
    if fs_err::read_to_string(&mark).is_ok_and(|pushed| pushed == fingerprint) {
        return Ok(false);
    }
    // Through /proc, because the socket's path below the state folder may be too long for a socket.
    let socket = host.root()?.join("var").join(FOLDER).join("socket/push.sock");
    wait_for(&socket, host).await?;
    let options =
        Options { unix_socket: Some(socket), deadline: PUSH_TIMEOUT, size_cap: SIZE_CAP, ..Options::default() };
    let failed = |source| Error::Registry(Box::new(source));
    let client = Client::new(options).map_err(failed)?;
    client.push_layout(&payload.layout, &registry_host(), "hoist").await.map_err(failed)?;
    crate::files::write(&mark, fingerprint, 0o644)
        .map_err(|source| Error::Io { action: "remember what the registry has", source })?;
    Ok(true)
}

/// How this machine reaches the instance's registry: through the daemon's proxy, with the pull
/// secret.
pub fn options(instance: &Instance) -> Result<Options, Error> {
    let read = |path: std::path::PathBuf| {
        fs_err::read(path).map_err(|source| Error::Io { action: "read the instance's credentials", source })
    };
    let port = instance
        .record()
        .map(|record| record.proxy_port)
        .map_err(|error| Error::Io { action: "read the instance's record", source: std::io::Error::other(error) })?;
    Ok(Options {
        trust_bundle_pem: Some(read(instance.registry_trust_bundle())?),
        docker_config: hoist_registry::DockerConfig::parse(&read(instance.pull_secret())?).ok(),
        proxy: Some(format!("http://127.0.0.1:{port}")),
        deadline: LOOK_TIMEOUT,
        ..Options::default()
    })
}

/// Whether the registry serves the payload's newest release; says which, or why not.
pub async fn look(options: Options, cache: &Path) -> Result<String, String> {
    let chain = |error: &dyn std::error::Error| crate::error_chain(error);
    let payload = Payload::open(cache).map_err(|error| chain(&error))?;
    let client = Client::new(options).map_err(|error| chain(&error))?;
    let release = client.fetch_release(&payload.release.reference).await.map_err(|error| chain(&error))?;
    Ok(format!("serves {}", release.version))
}

async fn wait_for(socket: &Path, host: &Host) -> Result<(), Error> {
    let start = Instant::now();
    while let Err(error) = tokio::net::UnixStream::connect(socket).await {
        if start.elapsed() > START_TIMEOUT {
            return Err(Error::Late {
                what: "the instance's registry",
                seconds: START_TIMEOUT.as_secs(),
                last: format!("its socket does not answer: {error}"),
                look: format!("hcp local host logs {} --unit kubelet", host.name()),
            });
        }
        tokio::time::sleep(START_PAUSE).await;
    }
    Ok(())
}

/// Configuration of what is pulled from. JSON, which the registry reads as the YAML it is.
fn serving(host: &Host) -> String {
    let mut configuration = common();
    configuration["storage"]["maintenance"] =
        json!({"readonly": {"enabled": true}, "uploadpurging": {"enabled": false}});
    configuration["http"] = json!({
        "addr": format!("{}:{}", host.address(), plan::REGISTRY_PORT),
        "tls": {"certificate": "/etc/registry/tls.crt", "key": "/etc/registry/tls.key", "minimumtls": "tls1.2"},
    });
    configuration["auth"] = json!({"htpasswd": {"realm": "hoist", "path": "/etc/registry/htpasswd"}});
    format!("{configuration:#}\n")
}

/// Configuration of what is pushed to.
fn pushing() -> String {
    let mut configuration = common();
    configuration["http"] = json!({"net": "unix", "addr": "/run/registry/push.sock"});
    format!("{configuration:#}\n")
}

fn common() -> serde_json::Value {
    json!({
        "version": "0.1",
        "log": {"level": "warn", "accesslog": {"disabled": true}},
        "storage": {
            "filesystem": {"rootdirectory": "/var/lib/registry"},
            "maintenance": {"uploadpurging": {"enabled": false}},
        },
    })
}

fn pod(image: &str) -> Pod {
    let container = |name: &str, configuration: &str, mounts: serde_json::Value| {
        json!({
            "name": name,
            "image": image,
            "command": ["/usr/bin/registry", "serve", format!("/etc/registry/{configuration}.json")],
            // Its exporter of traces asks the network unless it is told not to.
            "env": [{"name": "OTEL_TRACES_EXPORTER", "value": "none"}],
            "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true,
                "capabilities": {"drop": ["ALL"]},
            },
            "volumeMounts": mounts,
        })
    };
    let path = |name: &str, folder: &str| json!({"name": name, "hostPath": {"path": format!("/var/{FOLDER}/{folder}"), "type": "Directory"}});
    let mount =
        |name: &str, path: &str, read_only: bool| json!({"name": name, "mountPath": path, "readOnly": read_only});
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "registry", "namespace": "kube-system", "labels": {"app": "registry"}},
        "spec": {
            "hostNetwork": true,
            "enableServiceLinks": false,
            "priorityClassName": "system-node-critical",
            "terminationGracePeriodSeconds": 2,
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": USER,
                "runAsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                container("serve", "serve", json!([
                    mount("config", "/etc/registry", true),
                    mount("data", "/var/lib/registry", true),
                ])),
                container("push", "push", json!([
                    mount("config", "/etc/registry", true),
                    mount("data", "/var/lib/registry", false),
                    mount("socket", "/run/registry", false),
                ])),
            ],
            "volumes": [path("config", "config"), path("data", "data"), path("socket", "socket")],
        },
    });
    serde_json::from_value(pod).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_of_the_registry() {
        insta::assert_json_snapshot!(pod("10.200.0.10:5000/hoist/release@sha256:0"));
    }

    #[test]
    fn what_is_pushed_to_listens_on_no_network() {
        assert!(pushing().contains(r#""net": "unix""#), "{}", pushing());
    }
}
