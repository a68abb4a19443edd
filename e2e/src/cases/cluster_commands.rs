//! What `hcp` does with clusters and NodePools beyond the first of each: every platform's objects, `nodepool`, `--port-forward`.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::create::CLUSTER;
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::{World, file_prefix};

/// NodePool that exists for one case.
const POOL: &str = "second";

/// What every platform renders is taken by the API server, with every rule of the definitions.
pub fn rendered_is_taken(world: &mut World) -> anyhow::Result<()> {
    let pull_secret = world.fact("pullSecret")?.to_owned();
    let releases = world.object("hypershift", "configmap", "supported-versions")?;
    let image =
        serde_json::from_str::<serde_json::Value>(releases["data"]["releases"].as_str().unwrap_or_default())?["1.36.3"]
            .as_str()
            .context("no release 1.36.3")?
            .to_owned();
    let rendered = std::env::temp_dir().join(format!("{}rendered.yaml", file_prefix()));
    let path = rendered.to_string_lossy().into_owned();
    let platforms: [(&str, &[&str]); 3] = [
        ("none", &["--external-api-server-address", "192.0.2.10"]),
        (
            "agent",
            &["--agent-namespace", "agents", "--api-server-address", "192.0.2.10", "--default-dual", "--arch", "arm64"],
        ),
        (
            "kubevirt",
            &[
                "--host-device-name",
                "example.com/gpu",
                "--infra-storage-class-mapping",
                "a/b",
                "--qos-class",
                "Guaranteed",
            ],
        ),
    ];
    let shared = [
        "--feature-set",
        "TechPreviewNoUpgrade",
        "--disable-cluster-capabilities",
        "Console,Ingress",
        "--olm-disable-default-sources",
        "--kas-dns-name",
        "api.example.net",
        "--ovn-kubernetes-mtu",
        "1400",
        "--pausedUntil",
        "true",
        "--auto-repair",
    ];
    for (platform, own) in platforms {
        for more in [&[][..], &shared[..]] {
            let base = [
                "create",
                "cluster",
                platform,
                "--name",
                "rendered",
                "--namespace",
                "clusters",
                "--pull-secret",
                &pull_secret,
                "--release-image",
                &image,
                "--render-into",
                &path,
            ];
            world.hcp(&[&base[..], own, more].concat())?.success()?;
            world
                .kubectl(&[
                    "apply",
                    "--server-side",
                    "--force-conflicts",
                    "--validate=strict",
                    "--dry-run=server",
                    "--filename",
                    &path,
                ])?
                .success()
                .with_context(|| format!("platform {platform} with {more:?}"))?;
        }
    }
    Ok(())
}

/// A second NodePool: checked against its cluster, created, and gone again, however often it is destroyed.
pub fn node_pools(world: &mut World) -> anyhow::Result<()> {
    let create = |more: &[&str]| {
        world.hcp(&[&["create", "nodepool", "none", "--cluster-name", CLUSTER, "--replicas", "1"], more].concat())
    };
    let newer = "registry.example.com/hoist/release:1.37.0";
    for (more, expected) in [
        (vec!["--name", CLUSTER], "already exists"),
        (vec!["--name", POOL, "--release-image", newer], "newer than control plane version"),
        (vec!["--name", POOL, "--arch", "arm64"], "arm64"),
    ] {
        let said = create(&more)?.refusal()?;
        ensure!(said.contains(expected), "{more:?} says: {said}");
    }
    let said = world.hcp(&["create", "nodepool", "kubevirt", "--name", POOL, "--cluster-name", CLUSTER])?.refusal()?;
    ensure!(said.contains("is of platform None"), "another platform says: {said}");
    let left = world.kubectl(&["--namespace", "clusters", "get", "nodepools", "--output", "name"])?.success()?;
    ensure!(!left.contains(POOL), "a refused command left {left}");

    let said = create(&["--name", POOL])?.success()?;
    ensure!(said == format!("NodePool {POOL} created\n"), "it says: {said}");
    eventually("the operator takes the NodePool up", Duration::from_secs(30), || {
        let pool = world.object("clusters", "nodepool", POOL)?;
        ensure!(
            pool["status"]["conditions"].as_array().is_some_and(|conditions| !conditions.is_empty()),
            "no conditions"
        );
        Ok(())
    })?;
    world.hcp(&["destroy", "nodepool", "--name", POOL])?.success()?;
    eventually("the NodePool is gone", Duration::from_secs(30), || {
        let left = world.kubectl(&["--namespace", "clusters", "get", "nodepools", "--output", "name"])?.success()?;
        ensure!(!left.contains(POOL), "there is {left}");
        Ok(())
    })?;
    world.hcp(&["destroy", "nodepool", "--name", POOL])?.success()?;
    Ok(())
}

/// The hosted API answers at a port of this machine for as long as the command runs.
pub fn port_forward(world: &mut World) -> anyhow::Result<()> {
    let path = std::env::temp_dir().join(format!("{}forwarded.kubeconfig", file_prefix()));
    let mut forward = Command::new(world.program())
        .args(["create", "kubeconfig", "--name", CLUSTER, "--port-forward"])
        .env("KUBECONFIG", world.fact("kubeconfig")?)
        .stdin(Stdio::null())
        .stdout(fs_err::File::create(&path)?.into_parts().0)
        .stderr(Stdio::piped())
        .spawn()
        .context("failed to start hcp")?;
    let answered = eventually("the forwarded API answers", Duration::from_secs(20), || {
        let kubeconfig = fs_err::read_to_string(&path)?;
        ensure!(kubeconfig.contains("server: https://localhost:"), "the kubeconfig is {kubeconfig}");
        for _ in 0..3 {
            let said = world.kubectl_in(&path.to_string_lossy(), &["get", "namespace", "kube-system"])?.success()?;
            ensure!(said.contains("Active"), "it says {said}");
        }
        Ok(())
    });
    kill(Pid::from_raw(i32::try_from(forward.id())?), Signal::SIGINT)?;
    let outcome = forward.wait()?;
    let mut said = String::new();
    forward.stderr.take().context("no standard error")?.read_to_string(&mut said)?;
    answered.with_context(|| said.clone())?;
    ensure!(outcome.success(), "interrupted, it ended with {outcome}: {said}");
    Ok(())
}
