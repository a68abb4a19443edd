//! Publishing by Route: one port of the router for everything, told apart by names.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::create::{ROUTER_DOMAIN, is_plain_again, kubeconfig};
use super::join::ready_nodes;
use hoist_e2e::eventually::eventually;
use hoist_e2e::host_network;
use hoist_e2e::world::{World, expect_condition, write_file};

const CLUSTER: &str = "named";
const HOST: &str = "named-0";

pub fn by_name(world: &mut World) -> anyhow::Result<()> {
    create(world)?;
    let router = world.object("hypershift", "service", "router")?;
    let port = router["spec"]["ports"][0]["nodePort"].as_u64().context("the router has no port")?;
    let api = name_of("kube-apiserver");
    let cluster = eventually("the hosted API is available", Duration::from_secs(90), || {
        let cluster = world.object("clusters", "hostedcluster", CLUSTER)?;
        expect_condition(&cluster, "Available", "True", Some("AsExpected"))?;
        Ok(cluster)
    })?;
    // No name server knows the names here.
    let told = expect_condition(&cluster, "ExternalDNSReachable", "False", Some("ExternalDNSHostNotReachable"))?;
    ensure!(told.contains(&api), "of a name that nobody knows: {told}");
    let shown = world.hcp(&["status", CLUSTER])?.success()?;
    ensure!(shown.contains("ExternalDNSReachable=False"), "hcp status does not tell: {shown}");
    let expected = json!({"host": api, "port": port});
    let status = &cluster["status"];
    ensure!(status["controlPlaneEndpoint"] == expected, "the endpoint is {}", status["controlPlaneEndpoint"]);
    let ignition = format!("{}:{port}", name_of("ignition-server"));
    ensure!(status["ignitionEndpoint"] == ignition.as_str(), "hosts join at {}", status["ignitionEndpoint"]);
    for service in ["kube-apiserver", "konnectivity-server"] {
        let service = world.object(&format!("clusters-{CLUSTER}"), "service", service)?;
        ensure!(service["spec"]["type"] == "ClusterIP", "published beside the router: {}", service["spec"]);
    }

    // The address is the management node's, the name is said in the hello.
    let management = world.management_host()?;
    let address = host_network::address(world.status()?, &management)?;
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let text = fs_err::read_to_string(&kubeconfig)?;
    ensure!(text.contains(&format!("https://{api}:{port}")), "the kubeconfig leads elsewhere");
    let server = format!("--server=https://{address}:{port}");
    let by = |name: &str| {
        world.kubectl_in(&kubeconfig, &[&server, &format!("--tls-server-name={name}"), "get", "--raw", "/readyz"])
    };
    by(&api)?.success()?;
    let told = by(&format!("other.{ROUTER_DOMAIN}"))?.refusal()?;
    ensure!(told.contains("unrecognized name"), "of a name that leads nowhere: {told}");
    refused(world, &api)?;

    let text = text
        .replace(&format!("https://{api}:{port}"), &format!("https://{address}:{port}\n    tls-server-name: {api}"));
    let kubeconfig = write_file("named-at-address.kubeconfig", &text)?;
    a_host_joins(world, &kubeconfig, &address)?;
    world.refresh()?;
    only_who_is_allowed(world, &kubeconfig, &format!("{address}:{port}"))?;
    world.hcp(&["destroy", "cluster", "none", "--name", CLUSTER])?.success()?;
    is_plain_again(world, HOST)?;
    world.local(&["host", "remove", HOST])?.success()?;
    Ok(())
}

fn name_of(route: &str) -> String {
    format!("{route}-clusters-{CLUSTER}.{ROUTER_DOMAIN}")
}

fn create(world: &World) -> anyhow::Result<()> {
    let pull_secret = world.fact("pullSecret")?;
    let arguments = [
        "create",
        "cluster",
        "none",
        "--name",
        CLUSTER,
        "--expose-through-load-balancer",
        // So that the API server is published by Route as well.
        "--external-dns-domain",
        ROUTER_DOMAIN,
        "--pull-secret",
        pull_secret,
        "--control-plane-availability-policy",
        "SingleReplica",
        "--node-pool-replicas",
        "1",
    ];
    world.hcp(&arguments)?.success()?;
    Ok(())
}

/// Another cluster that wants a name of this one.
fn refused(world: &World, taken: &str) -> anyhow::Result<()> {
    let mut second = world.object("clusters", "hostedcluster", CLUSTER)?;
    let spec = &mut second["spec"];
    for id in ["infraID", "clusterID", "issuerURL"] {
        spec.as_object_mut().context("no spec")?.remove(id);
    }
    for mapping in spec["services"].as_array_mut().context("no services")? {
        if mapping["service"] == "Konnectivity" {
            mapping["servicePublishingStrategy"] = json!({"type": "Route", "route": {"hostname": taken}});
        }
    }
    let second = json!({
        "apiVersion": second["apiVersion"], "kind": second["kind"], "spec": second["spec"],
        "metadata": {"name": "namesake", "namespace": "clusters"},
    });
    world.create_in(world.fact("kubeconfig")?, &second, &[])?.success()?;
    eventually("the taken name is told", Duration::from_secs(15), || {
        let cluster = world.object("clusters", "hostedcluster", "namesake")?;
        let told = expect_condition(&cluster, "ValidConfiguration", "False", None)?;
        ensure!(told.contains(taken) && told.contains(&format!("HostedCluster clusters/{CLUSTER}")), "{told}");
        Ok(())
    })?;
    world.kubectl(&["--namespace", "clusters", "delete", "hostedcluster", "namesake", "--timeout=60s"])?.success()?;
    Ok(())
}

/// The API server is for one host alone, for a while: nobody else gets in, and that host does.
fn only_who_is_allowed(world: &World, kubeconfig: &str, router: &str) -> anyhow::Result<()> {
    let host = host_network::address(world.status()?, HOST)?;
    let allow = |blocks: Value| {
        let patch = json!({"spec": {"networking": {"apiServer": {"allowedCIDRBlocks": blocks}}}}).to_string();
        let patch = ["--namespace", "clusters", "patch", "hostedcluster", CLUSTER, "--type=merge", "--patch", &patch];
        world.kubectl(&patch)?.success()
    };
    allow(json!([format!("{host}/32")]))?;
    let outcome = eventually("others are kept out", Duration::from_secs(15), || {
        let told = world.kubectl_in(kubeconfig, &["get", "--raw", "/readyz"])?.refusal()?;
        ensure!(told.contains("access denied"), "they are told {told}");
        let name = name_of("kube-apiserver");
        let line = format!(
            "curl --silent --fail --insecure --max-time 5 --connect-to {name}:443:{router} https://{name}/readyz"
        );
        world.in_host(HOST, &line)?.success().context("the host that is allowed is kept out")
    });
    allow(Value::Null)?;
    outcome?;
    eventually("everybody gets in again", Duration::from_secs(15), || {
        world.kubectl_in(kubeconfig, &["get", "--raw", "/readyz"])?.success()
    })?;
    Ok(())
}

/// A host that finds the names joins by them, and its pods reach the API and are reached through konnectivity.
fn a_host_joins(world: &mut World, kubeconfig: &str, address: &str) -> anyhow::Result<()> {
    world.local(&["host", "add", HOST])?.success()?;
    let names = ["kube-apiserver", "konnectivity-server", "ignition-server"].map(name_of).join(" ");
    let line = world.hcp(&["create", "join-command", "--name", CLUSTER, "--uses", "1"])?.success()?;
    world
        .in_host(HOST, &format!("cp /etc/hosts /etc/hosts.before && echo '{address} {names}' >> /etc/hosts"))?
        .success()?;
    world.in_host(HOST, line.trim())?.success()?;
    eventually("the host is a Ready node", Duration::from_secs(60), || {
        let ready = ready_nodes(world, kubeconfig)?;
        ensure!(ready == [HOST], "Ready: {ready:?}");
        Ok(())
    })?;
    eventually("logs are read through konnectivity", Duration::from_secs(60), || {
        let pods = ["--namespace", "kube-system", "logs", "--selector", "k8s-app=konnectivity-agent", "--tail=1"];
        let said = world.kubectl_in(kubeconfig, &pods)?.success()?;
        ensure!(!said.is_empty(), "nothing was said");
        let cluster = world.object("clusters", "hostedcluster", CLUSTER)?;
        expect_condition(&cluster, "DataPlaneConnectionAvailable", "True", None)?;
        expect_condition(&cluster, "ControlPlaneConnectionAvailable", "True", None)
    })?;
    let config: Value = serde_json::from_str(&world.in_host(HOST, "cat /etc/hoist/api-proxy.json")?.success()?)?;
    ensure!(config["endpoints"][0]["viaRouter"] == true, "the host reaches the API otherwise: {config}");
    Ok(())
}
