//! Things die; nothing acknowledged is lost.

use std::time::Duration;

use anyhow::ensure;

use super::create::{CLUSTER, NAMESPACE, kubeconfig};
use super::join::ready_nodes;
use hoist_e2e::eventually::eventually;
use hoist_e2e::power;
use hoist_e2e::world::World;

pub fn killed_processes(world: &mut World) -> anyhow::Result<()> {
    for process in ["kubelet", "containerd", "hoist-node"] {
        let old = world.in_host("worker-1", &format!("pgrep -xo {process}"))?.success()?;
        world.in_host("worker-1", &format!("kill -9 {}", old.trim()))?.success()?;
        eventually(&format!("{process} is back"), Duration::from_secs(5), || {
            let new = world.in_host("worker-1", &format!("pgrep -xo {process}"))?.success()?;
            ensure!(new != old, "still the process that was killed");
            Ok(())
        })?;
    }
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    eventually("worker-1 is Ready", Duration::from_secs(60), || {
        ensure!(ready_nodes(world, &kubeconfig)?.contains(&"worker-1".to_owned()), "not Ready");
        Ok(())
    })
}

pub fn control_plane_killed(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    world.kubectl_in(&kubeconfig, &["create", "configmap", "acknowledged", "--from-literal=key=value"])?.success()?;
    let node = world.management_host()?;
    for (component, process) in [("etcd", "etcd"), ("kube-apiserver", "kube-apiserver")] {
        let pod_selector = format!("hypershift.openshift.io/control-plane-component={component}");
        let uid = world
            .kubectl(&[
                "--namespace",
                NAMESPACE,
                "get",
                "pods",
                "--selector",
                &pod_selector,
                "--output",
                "jsonpath={.items[0].metadata.uid}",
            ])?
            .success()?;
        // Every process of that name whose cgroup names the pod: the management cluster's own is spared.
        let kill = format!(
            "for p in $(pgrep -x {process}); do grep -q {} /proc/$p/cgroup && kill -9 $p; done; true",
            uid.trim()
        );
        world.in_host(&node, &kill)?.success()?;
        eventually(&format!("the API serves again after {component} was killed"), Duration::from_secs(60), || {
            let value = world
                .kubectl_in(&kubeconfig, &["get", "configmap", "acknowledged", "--output", "jsonpath={.data.key}"])?
                .success()?;
            ensure!(value == "value", "the acknowledged object reads {value}");
            world
                .kubectl_in(&kubeconfig, &["annotate", "--overwrite", "configmap", "acknowledged", "after=kill"])?
                .success()
        })?;
    }
    Ok(())
}

pub fn operator_killed(world: &mut World) -> anyhow::Result<()> {
    let pull_secret = world.fact("pullSecret")?.to_owned();
    world
        .hcp(&[
            "create",
            "cluster",
            "none",
            "--name",
            "survivor",
            "--pull-secret",
            &pull_secret,
            "--control-plane-availability-policy",
            "SingleReplica",
        ])?
        .success()?;
    let node = world.management_host()?;
    // Bounded: six kills while the control plane is being made.
    for _ in 0..6 {
        world.in_host(&node, "pkill -9 -x hoist-operator; sleep 1; true")?.success()?;
    }
    eventually("the cluster is available all the same", Duration::from_secs(180), || {
        let cluster = world.object("clusters", "hostedcluster", "survivor")?;
        hoist_e2e::world::expect_condition(&cluster, "Available", "True", None)?;
        Ok(())
    })?;
    world.hcp(&["destroy", "cluster", "none", "--name", "survivor"])?.success()?;
    Ok(())
}

pub fn worker_rebooted(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let boot = |world: &World| {
        world.kubectl_in(&kubeconfig, &["get", "node", "worker-1", "--output", "jsonpath={.metadata.uid}"])?.success()
    };
    let before = boot(world)?;
    power::cut_host(world.refresh()?, "worker-1")?;
    world.local(&["up"])?.success()?;
    eventually("worker-1 is Ready again", Duration::from_secs(90), || {
        ensure!(boot(world)? == before, "the Node was made anew");
        let kubelet = world.in_host("worker-1", "pgrep -x kubelet")?;
        kubelet.success()?;
        ensure!(ready_nodes(world, &kubeconfig)?.contains(&"worker-1".to_owned()), "not Ready");
        Ok(())
    })
}

pub fn everything_killed(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let uid = world.kubectl(&["get", "namespace", "kube-system", "--output", "jsonpath={.metadata.uid}"])?.success()?;
    let hosted = world
        .kubectl_in(&kubeconfig, &["get", "namespace", "kube-system", "--output", "jsonpath={.metadata.uid}"])?
        .success()?;
    power::cut_machine(world.refresh()?)?;
    world.local(&["up"])?.success()?;
    world.refresh()?;
    let now = world.kubectl(&["get", "namespace", "kube-system", "--output", "jsonpath={.metadata.uid}"])?.success()?;
    ensure!(uid == now, "another management cluster came back");
    eventually("the hosted cluster and both nodes are back", Duration::from_secs(180), || {
        let now = world
            .kubectl_in(&kubeconfig, &["get", "namespace", "kube-system", "--output", "jsonpath={.metadata.uid}"])?
            .success()?;
        ensure!(hosted == now, "another hosted cluster came back");
        let ready = ready_nodes(world, &kubeconfig)?;
        ensure!(ready == ["worker-1", "worker-2"], "ready nodes: {ready:?}");
        Ok(())
    })
}
