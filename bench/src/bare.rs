//! The bare start: etcd and kube-apiserver as plain processes with the flags, certificates and encryption of a hosted
//! control plane, on loopback.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hoist_e2e::world::World;
use serde_json::Value;

use crate::api::Api;

const ETCD_PORT: u16 = 23790;
const PEER_PORT: u16 = 23800;
const API_PORT: u16 = 26443;

/// A control plane's two programs, taken out of their pods.
pub struct Bare {
    folder: tempfile::TempDir,
    etcd: Vec<String>,
    api_server: Vec<String>,
    api: Api,
}

impl Bare {
    /// Reads flags and files of the control plane in `namespace`; `kubeconfig` is its administrator's.
    pub fn of(world: &World, namespace: &str, kubeconfig: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let etcd = world.object(namespace, "statefulset", "etcd")?;
        let api_server = world.object(namespace, "deployment", "kube-apiserver")?;
        let etcd = command(world, namespace, &etcd, "etcd", folder.path())?;
        let api_server = command(world, namespace, &api_server, "kube-apiserver", folder.path())?;
        let server = format!("https://127.0.0.1:{API_PORT}");
        let local: String = kubeconfig
            .lines()
            .filter(|line| !line.trim_start().starts_with("proxy-url"))
            .map(|line| match line.split_once("server:") {
                Some((before, _)) => format!("{before}server: {server}\n"),
                None => format!("{line}\n"),
            })
            .collect();
        Ok(Self { folder, etcd, api_server, api: Api::new(&local)? })
    }

    /// Seconds from the start of both programs to the first authenticated list of namespaces.
    pub async fn start(&self) -> anyhow::Result<f64> {
        let data = self.folder.path().join("data");
        if data.exists() {
            fs_err::remove_dir_all(&data)?;
        }
        fs_err::create_dir(&data)?;
        let started = Instant::now();
        let _etcd = Running::start(&self.etcd, self.folder.path())?;
        let _api_server = Running::start(&self.api_server, self.folder.path())?;
        self.api.until("/api/v1/namespaces", Duration::from_secs(60), |_| true).await?;
        Ok(started.elapsed().as_secs_f64())
    }
}

/// A process that ends with its value.
struct Running(Child);

impl Running {
    fn start(command: &[String], folder: &Path) -> anyhow::Result<Self> {
        let (program, arguments) = command.split_first().context("an empty command")?;
        let log =
            fs_err::File::create(folder.join(format!("{}.log", program.rsplit('/').next().unwrap_or("program"))))?;
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(log.into_parts().0))
            .spawn()
            .with_context(|| format!("failed to start {program}"))?;
        Ok(Self(child))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both may be gone already; nothing is left to do then.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The container's command with its mounted files laid out below `folder` and its addresses on loopback.
fn command(world: &World, namespace: &str, workload: &Value, name: &str, folder: &Path) -> anyhow::Result<Vec<String>> {
    let pod = &workload["spec"]["template"]["spec"];
    let container = pod["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|container| container["name"] == name)
        .with_context(|| format!("there is no container {name}"))?;
    let mut roots: Vec<(String, PathBuf)> = Vec::new();
    for mount in container["volumeMounts"].as_array().into_iter().flatten() {
        let path = mount["mountPath"].as_str().context("a mount without a path")?;
        let below = folder.join(name).join(path.trim_start_matches('/'));
        fs_err::create_dir_all(&below)?;
        let volume = pod["volumes"].as_array().into_iter().flatten().find(|volume| volume["name"] == mount["name"]);
        if let Some(volume) = volume {
            write_volume(world, namespace, volume, &below)?;
        }
        roots.push((path.to_owned(), below));
    }
    // The longest path first: `/a/b` must not be taken for something below `/a`.
    roots.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));

    let mut words = vec![binary(world, namespace, container, name, folder)?];
    let given = ["command", "args"].iter().flat_map(|field| container[*field].as_array().into_iter().flatten()).skip(1);
    for word in given {
        let mut argument = word.as_str().context("an argument that is no string")?.to_owned();
        for (path, below) in &roots {
            if let Some(position) = argument.find(&format!("={path}")) {
                argument.replace_range(position + 1..=position + path.len(), &below.to_string_lossy());
                break;
            }
        }
        words.push(argument);
    }
    words.extend(overrides(name, folder));
    Ok(words)
}

/// The very program that the pod runs, taken out of its image.
fn binary(world: &World, namespace: &str, container: &Value, name: &str, folder: &Path) -> anyhow::Result<String> {
    let image = container["image"].as_str().with_context(|| format!("container {name} of {namespace} has no image"))?;
    let target = folder.join(format!("{name}.program"));
    let host = world.management_host()?;
    // Every image's file system is mounted for the container that runs it: the process shows it.
    let line = format!("cat /proc/$(pgrep -xo {name})/exe");
    let output = std::process::Command::new(world.program())
        .args(["local", "host", "exec", &host, "--instance", world.instance(), "--", "sh", "-c", &line])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .with_context(|| format!("failed to read the program of {image}"))?;
    fs_err::write(&target, output.stdout)?;
    let mut permissions = fs_err::metadata(&target)?.permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    fs_err::set_permissions(&target, permissions)?;
    Ok(target.to_string_lossy().into_owned())
}

/// Flags given twice: the last one counts.
fn overrides(name: &str, folder: &Path) -> Vec<String> {
    match name {
        "etcd" => vec![
            format!("--data-dir={}", folder.join("data").display()),
            "--name=bare".to_owned(),
            format!("--listen-client-urls=https://127.0.0.1:{ETCD_PORT}"),
            format!("--advertise-client-urls=https://127.0.0.1:{ETCD_PORT}"),
            format!("--listen-peer-urls=https://127.0.0.1:{PEER_PORT}"),
            format!("--initial-advertise-peer-urls=https://127.0.0.1:{PEER_PORT}"),
            format!("--initial-cluster=bare=https://127.0.0.1:{PEER_PORT}"),
            "--initial-cluster-state=new".to_owned(),
            "--listen-metrics-urls=http://127.0.0.1:23810".to_owned(),
        ],
        _ => vec![
            format!("--etcd-servers=https://127.0.0.1:{ETCD_PORT}"),
            format!("--secure-port={API_PORT}"),
            "--bind-address=127.0.0.1".to_owned(),
        ],
    }
}

fn write_volume(world: &World, namespace: &str, volume: &Value, below: &Path) -> anyhow::Result<()> {
    let mut sources = vec![volume];
    sources.extend(volume["projected"]["sources"].as_array().into_iter().flatten());
    for source in sources {
        let secret = source["secret"]["secretName"].as_str().or(source["secret"]["name"].as_str());
        if let Some(secret) = secret {
            for (key, value) in world.object(namespace, "secret", secret)?["data"].as_object().into_iter().flatten() {
                write(below, &source["secret"], key, &STANDARD.decode(value.as_str().unwrap_or_default())?)?;
            }
        }
        if let Some(config_map) = source["configMap"]["name"].as_str() {
            for (key, value) in
                world.object(namespace, "configmap", config_map)?["data"].as_object().into_iter().flatten()
            {
                write(below, &source["configMap"], key, value.as_str().unwrap_or_default().as_bytes())?;
            }
        }
    }
    Ok(())
}

/// Writes one key; `items` may give it another path.
fn write(below: &Path, source: &Value, key: &str, content: &[u8]) -> anyhow::Result<()> {
    let path = match source["items"].as_array() {
        None => Some(key),
        Some(items) => items.iter().find(|item| item["key"] == key).and_then(|item| item["path"].as_str()),
    };
    if let Some(path) = path {
        let file = below.join(path);
        if let Some(parent) = file.parent() {
            fs_err::create_dir_all(parent)?;
        }
        fs_err::write(file, content)?;
    }
    Ok(())
}
