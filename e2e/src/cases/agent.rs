//! Platform Agent, from manifests that were rendered, changed and applied: its control plane is served, a host joins it, and
//! what is not served is told. Its API server also takes client certificates of an authority of the user's own.

use std::time::Duration;

use anyhow::{Context, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::json;

use super::create::{is_plain_again, kubeconfig};
use super::join::{ready_nodes, release_image};
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::{World, expect_condition, write_file};

const CLUSTER: &str = "bare";
const AGENTS: &str = "agents";
const HOST: &str = "bare-0";
const AUTHORITY: &str = "own-clients";
const USER: &str = "alice";

pub fn served(world: &mut World) -> anyhow::Result<()> {
    world.kubectl(&["create", "namespace", AGENTS])?.success()?;
    let (authority, certificate, key) = issue()?;
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": AUTHORITY, "namespace": "clusters"},
        "data": {"ca-bundle.crt": authority},
    });
    world.create_in(world.fact("kubeconfig")?, &map, &[])?.success()?;
    let manifests = write_file("bare.yaml", &manifests(world)?)?;
    let apply = ["apply", "--filename", &manifests];
    world.kubectl(&apply)?.success()?;
    let kubeconfig = eventually("the hosted API answers", Duration::from_secs(90), || {
        let cluster = world.object("clusters", "hostedcluster", CLUSTER)?;
        expect_condition(&cluster, "Available", "True", Some("AsExpected"))?;
        let told = expect_condition(&cluster, "FieldsHonoured", "False", Some("NotServed"))?;
        ensure!(told.contains("spec.platform.agent") && told.contains("join-command"), "{told}");
        let kubeconfig = kubeconfig(world, CLUSTER)?;
        world.kubectl_in(&kubeconfig, &["get", "--raw", "/readyz"])?.success()?;
        Ok(kubeconfig)
    })?;
    let generation =
        |kind| Ok::<_, anyhow::Error>(world.object("clusters", kind, CLUSTER)?["metadata"]["generation"].clone());
    let before = (generation("hostedcluster")?, generation("nodepool")?);
    world.kubectl(&apply)?.success()?;
    let after = (generation("hostedcluster")?, generation("nodepool")?);
    ensure!(before == after, "applied again, something changed: generations {before:?}, then {after:?}");
    let plane = world.object("clusters-bare", "hostedcontrolplane", CLUSTER)?;
    ensure!(plane["spec"]["platform"]["type"] == "None", "the platform is {}", plane["spec"]["platform"]);
    known_by_certificate(world, &kubeconfig, &certificate, &key)?;

    world.local(&["host", "add", HOST])?.success()?;
    let line = world.hcp(&["create", "join-command", "--name", CLUSTER, "--uses", "1"])?.success()?;
    world.in_host(HOST, line.trim())?.success()?;
    eventually("the host is a Ready node", Duration::from_secs(60), || {
        let ready = ready_nodes(world, &kubeconfig)?;
        ensure!(ready == [HOST], "Ready: {ready:?}");
        let pool = world.object("clusters", "nodepool", CLUSTER)?;
        expect_condition(&pool, "Ready", "True", Some("AsExpected"))
    })?;
    world.hcp(&["destroy", "cluster", "agent", "--name", CLUSTER])?.success()?;
    is_plain_again(world, HOST)?;
    world.local(&["host", "remove", HOST])?.success()?;
    world.kubectl(&["--namespace", "clusters", "delete", "configmap", AUTHORITY])?.success()?;
    world.kubectl(&["delete", "namespace", AGENTS])?.success()?;
    Ok(())
}

/// What the command line renders, with the authority in it, and in the order in which nothing finds what it needs.
fn manifests(world: &World) -> anyhow::Result<String> {
    let pull_secret = world.fact("pullSecret")?;
    let release = release_image(world)?;
    let rendered = world
        .hcp(&[
            "create",
            "cluster",
            "agent",
            "--name",
            CLUSTER,
            "--agent-namespace",
            AGENTS,
            "--pull-secret",
            pull_secret,
            "--release-image",
            &release,
            "--control-plane-availability-policy",
            "SingleReplica",
            "--node-pool-replicas",
            "1",
            "--render",
            "--render-sensitive",
        ])?
        .success()?;
    let mut changed = false;
    let documents = rendered.trim_start_matches("---\n").split("\n---\n").map(|document| {
        let is_cluster = document.contains("kind: HostedCluster");
        changed |= is_cluster;
        let configuration = format!("  configuration: {{apiServer: {{clientCA: {{name: {AUTHORITY}}}}}}}");
        if is_cluster { document.replacen("  configuration: {}", &configuration, 1) } else { document.to_owned() }
    });
    let mut documents: Vec<String> = documents.collect();
    documents.reverse();
    let text = documents.join("\n---\n");
    ensure!(changed && text.contains(AUTHORITY), "no HostedCluster was rendered: {rendered}");
    Ok(text)
}

/// An authority, and a certificate of a user with its key.
fn issue() -> anyhow::Result<(String, String, String)> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, AUTHORITY);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let mut user = CertificateParams::default();
    user.distinguished_name.push(DnType::CommonName, USER);
    user.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = user.signed_by(&key, &authority)?;
    Ok((authority.pem(), certificate.pem(), key.serialize_pem()))
}

fn known_by_certificate(world: &World, admin: &str, certificate: &str, key: &str) -> anyhow::Result<()> {
    let text = fs_err::read_to_string(admin)?;
    let replaced = |text: &str, field: &str, value: &str| -> anyhow::Result<String> {
        let line = text.lines().find(|line| line.contains(field)).with_context(|| format!("no {field}"))?;
        let indent = &line[..line.find(field).unwrap_or_default()];
        Ok(text.replace(line, &format!("{indent}{field}: {}", STANDARD.encode(value))))
    };
    let text = replaced(&text, "client-certificate-data", certificate)?;
    let path = write_file("bare-user.kubeconfig", &replaced(&text, "client-key-data", key)?)?;
    let who = world.kubectl_in(&path, &["auth", "whoami", "--output", "jsonpath={.status.userInfo.username}"])?;
    let who = who.success()?;
    ensure!(who == USER, "the API server knows {who:?}");
    Ok(())
}
