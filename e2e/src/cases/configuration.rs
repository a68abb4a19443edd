//! `spec.configuration` on the real thing: what is honoured reaches kube-apiserver, what is not is told by name.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::create::{CLUSTER, NAMESPACE, kubeconfig};
use hoist_e2e::eventually::eventually;
use hoist_e2e::steadily::{Request, without_a_gap};
use hoist_e2e::world::{World, expect_condition};

const OWN_NAME: &str = "api.demo.example.com";
const API_SERVERS: &str = "hypershift.openshift.io/control-plane-component=kube-apiserver";
/// From a change of the spec to a kube-apiserver that runs with it.
const ROLLED_OUT: Duration = Duration::from_secs(90);

pub fn honoured(world: &mut World) -> anyhow::Result<()> {
    patch(
        world,
        &json!({"spec": {
            "kubeAPIServerDNSName": OWN_NAME,
            "configuration": {
                "apiServer": {"audit": {"profile": "WriteRequestBodies"}},
                "network": {"serviceNodePortRange": "20000-20100"},
                "operatorhub": {"disableAllDefaultSources": true}
            }
        }}),
    )?;
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    eventually("a Service gets a port of the range", ROLLED_OUT, || {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "in-range", "namespace": "default"},
            "spec": {"type": "NodePort", "ports": [{"port": 80}]}
        });
        world.kubectl_in(&kubeconfig, &["delete", "service", "in-range", "--ignore-not-found"])?.success()?;
        let made = world.create_in(&kubeconfig, &service, &["--output", "json"])?.success()?;
        let made: Value = serde_json::from_str(&made)?;
        let port = made["spec"]["ports"][0]["nodePort"].as_u64().context("no nodePort")?;
        ensure!((20_000..=20_100).contains(&port), "port {port}");
        Ok(())
    })?;
    eventually("the write stands in the audit log", Duration::from_secs(20), || {
        let log = world
            .kubectl(&["--namespace", NAMESPACE, "logs", "deployment/kube-apiserver", "--container", "kube-apiserver"])?
            .success()?;
        let is_it = |line: &&str| line.contains("audit.k8s.io/v1") && line.contains("\"in-range\"");
        let line = log.lines().find(|line| is_it(line) && line.contains("requestObject"));
        line.map(drop).context("no audit event with the Service's body")
    })?;
    let secret = world.object("clusters", "secret", &format!("{CLUSTER}-custom-admin-kubeconfig"))?;
    ensure!(secret["data"]["kubeconfig"].is_string(), "{secret}");
    let cluster = world.object("clusters", "hostedcluster", CLUSTER)?;
    ensure!(cluster["status"]["customKubeconfig"]["name"] == secret["metadata"]["name"], "{}", cluster["status"]);
    let told = expect_condition(&cluster, "FieldsHonoured", "False", Some("NotServed"))?;
    ensure!(told.contains("spec.configuration.operatorhub"), "{told}");
    ensure!(!told.contains("serviceNodePortRange") && !told.contains("kubeAPIServerDNSName"), "{told}");

    let read: Request<'_> = Box::new(|| world.kubectl_in(&kubeconfig, &["get", "--raw", "/api/v1/nodes"])?.success());
    // One kube-apiserver takes the other's place.
    without_a_gap(&read, || as_before(world, &kubeconfig))
}

fn as_before(world: &World, kubeconfig: &str) -> anyhow::Result<()> {
    patch(world, &json!({"spec": {"kubeAPIServerDNSName": null, "configuration": null}}))?;
    eventually("kube-apiserver runs as before", ROLLED_OUT, || {
        let deployment = world.object(NAMESPACE, "deployment", "kube-apiserver")?;
        ensure!(!deployment["spec"].to_string().contains("audit-policy-file"), "audited still");
        let status = &deployment["status"];
        ensure!(status["observedGeneration"] == deployment["metadata"]["generation"], "{status}");
        ensure!(status["updatedReplicas"] == 1 && status["readyReplicas"] == 1, "{status}");
        let cluster = world.object("clusters", "hostedcluster", CLUSTER)?;
        ensure!(expect_condition(&cluster, "FieldsHonoured", "False", None).is_err(), "told still");
        ensure!(world.object("clusters", "secret", &format!("{CLUSTER}-custom-admin-kubeconfig")).is_err(), "kept");
        // A Deployment does not count pods that are on their way out, and those are what Services must not lead to.
        let pods =
            world.kubectl(&["--namespace", NAMESPACE, "get", "pods", "--selector", API_SERVERS, "--output", "name"])?;
        let pods = pods.success()?;
        ensure!(pods.lines().count() == 1, "the former one is still there: {pods}");
        world.kubectl_in(kubeconfig, &["delete", "service", "in-range", "--ignore-not-found"])?.success()?;
        Ok(())
    })
}

fn patch(world: &World, change: &Value) -> anyhow::Result<()> {
    let change = change.to_string();
    let arguments = ["--namespace", "clusters", "patch", "hostedcluster", CLUSTER, "--type=merge", "--patch", &change];
    world.kubectl(&arguments)?.success()?;
    Ok(())
}
