//! What the HostedCluster decides cannot be changed in the hosted cluster, and who tries is told where it can.

use std::time::Duration;

use anyhow::ensure;
use serde_json::json;

use super::create::{CLUSTER, kubeconfig};
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::World;

pub fn guarded(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let list = ["get", "validatingadmissionpolicybindings", "--output", "name"];
    let policies =
        eventually("the API answers", Duration::from_secs(20), || world.kubectl_in(&kubeconfig, &list)?.success())?;
    for name in ["config", "mirror", "icsp", "infra", "hoist-objects"] {
        ensure!(policies.contains(&format!("/{name}-binding\n")), "no binding of {name}: {policies}");
    }
    let tries: [&[&str]; 6] = [
        &["--namespace", "kube-system", "delete", "daemonset", "kube-proxy", "--dry-run=server"],
        &[
            "--namespace",
            "kube-system",
            "patch",
            "configmap",
            "coredns",
            "--type=merge",
            "--patch",
            r#"{"data":{"x":"y"}}"#,
        ],
        &["--namespace", "kube-system", "label", "service", "kube-dns", "app.kubernetes.io/managed-by-"],
        &["--namespace", "kube-system", "label", "service", "kube-dns", "hoist.internal/apply-set-"],
        &["delete", "clusterrolebinding", "hoist:operator", "--dry-run=server"],
        &["delete", "clusterversion", "version", "--dry-run=server"],
    ];
    for arguments in tries {
        // The case before replaced the only API server: a connection may still meet the former one.
        eventually("it is refused with the right place for it", Duration::from_secs(20), || {
            let said = world.kubectl_in(&kubeconfig, arguments)?.refusal()?;
            ensure!(said.contains("HostedCluster clusters/demo: change spec"), "{arguments:?}: {said}");
            Ok(())
        })?;
    }
    // What is the user's own is the user's to change, and so are pods and numbers of them.
    let map =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "namespace": "kube-system"}});
    world.create_in(&kubeconfig, &map, &[])?.success()?;
    world.kubectl_in(&kubeconfig, &["--namespace", "kube-system", "delete", "configmap", "mine"])?.success()?;
    world
        .kubectl_in(
            &kubeconfig,
            &["--namespace", "kube-system", "scale", "deployment", "coredns", "--replicas=1", "--dry-run=server"],
        )?
        .success()?;
    world.kubectl_in(&kubeconfig, &["label", "clusterversion", "version", "team=a", "--dry-run=server"])?.success()?;
    Ok(())
}
