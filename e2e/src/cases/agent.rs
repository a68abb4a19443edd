//! Platform Agent, from manifests that were rendered, changed and applied: its control plane is served, a host joins it, and
//! what is not served is told. Its API server also takes client certificates of an authority of the user's own, and tokens of an
//! OpenID Connect provider.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::{Value, json};

use super::create::{is_plain_again, kubeconfig};
use super::join::{ready_nodes, release_image};
use hoist_e2e::command::Said;
use hoist_e2e::eventually::eventually;
use hoist_e2e::host_network;
use hoist_e2e::identity_provider::IdentityProvider;
use hoist_e2e::world::{World, expect_condition, write_file};

const CLUSTER: &str = "bare";
const AGENTS: &str = "agents";
const HOST: &str = "bare-0";
const AUTHORITY: &str = "own-clients";
const USER: &str = "alice";
const PROVIDER_PORT: u16 = 5556;
const PROVIDER_AUTHORITY: &str = "own-provider";
const AUDIENCE: &str = "hosted-clusters";

pub fn served(world: &mut World) -> anyhow::Result<()> {
    world.kubectl(&["create", "namespace", AGENTS])?.success()?;
    let (authority, certificate, key) = issue()?;
    let management = world.management_host()?;
    let address: IpAddr = host_network::address(world.status()?, &management)?.parse()?;
    let provider = IdentityProvider::start(world.status()?, &management, SocketAddr::new(address, PROVIDER_PORT))?;
    for (name, authority) in [(AUTHORITY, &authority), (PROVIDER_AUTHORITY, &provider.certificate)] {
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "clusters"},
            "data": {"ca-bundle.crt": authority},
        });
        world.create_in(world.fact("kubeconfig")?, &map, &[])?.success()?;
    }
    let configuration = json!({
        "apiServer": {"clientCA": {"name": AUTHORITY}},
        "authentication": {"type": "OIDC", "oidcProviders": [{
            "name": "own",
            "issuer": {
                "issuerURL": provider.issuer,
                "audiences": [AUDIENCE],
                "issuerCertificateAuthority": {"name": PROVIDER_AUTHORITY},
            },
            "claimMappings": {
                "username": {"claim": "sub", "prefixPolicy": "NoPrefix"},
                "groups": {"claim": "groups", "prefix": "own:"},
            },
        }]},
    });
    let manifests = write_file("bare.yaml", &manifests(world, &configuration)?)?;
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
    known_by_token(world, &kubeconfig, &provider)?;

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
    world.kubectl(&["--namespace", "clusters", "delete", "configmap", AUTHORITY, PROVIDER_AUTHORITY])?.success()?;
    world.kubectl(&["delete", "namespace", AGENTS])?.success()?;
    Ok(())
}

/// What the command line renders, with a configuration of its own, and in the order in which nothing finds what it needs.
fn manifests(world: &World, configuration: &Value) -> anyhow::Result<String> {
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
        // JSON is YAML as well.
        let configuration = format!("  configuration: {configuration}");
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
    let text = with_line(&text, "client-certificate-data", "client-certificate-data", &STANDARD.encode(certificate))?;
    let text = with_line(&text, "client-key-data", "client-key-data", &STANDARD.encode(key))?;
    let path = write_file("bare-user.kubeconfig", &text)?;
    let who = world.kubectl_in(&path, &["auth", "whoami", "--output", "jsonpath={.status.userInfo.username}"])?;
    let who = who.success()?;
    ensure!(who == USER, "the API server knows {who:?}");
    Ok(())
}

fn known_by_token(world: &World, admin: &str, provider: &IdentityProvider) -> anyhow::Result<()> {
    let who = |token: &str| -> anyhow::Result<Said> {
        let text = with_line(&fs_err::read_to_string(admin)?, "client-certificate-data", "token", token)?;
        // Whoever shows a certificate is not asked for a token.
        let text: String =
            text.lines().filter(|line| !line.contains("client-key-data")).flat_map(|line| [line, "\n"]).collect();
        let path = write_file("bare-token.kubeconfig", &text)?;
        world.kubectl_in(&path, &["auth", "whoami", "--output", "json"])
    };
    let token = provider.token(AUDIENCE, "bob", &["builders"])?;
    // It asks the provider for its keys when it starts, and again every few seconds.
    let said = eventually("a token of the provider is taken", Duration::from_secs(30), || who(&token)?.success())?;
    let user: Value = serde_json::from_str(&said)?;
    let (name, groups) = (&user["status"]["userInfo"]["username"], &user["status"]["userInfo"]["groups"]);
    ensure!(name == "bob" && *groups == json!(["own:builders", "system:authenticated"]), "{name} of {groups}");
    let refusal = who(&provider.token("others", "bob", &[])?)?.refusal()?;
    ensure!(refusal.contains("Unauthorized") || refusal.contains("must be logged in"), "for others: {refusal}");
    Ok(())
}

/// `text` with `name: value` in place of the line that has `field`.
fn with_line(text: &str, field: &str, name: &str, value: &str) -> anyhow::Result<String> {
    let line = text.lines().find(|line| line.contains(field)).with_context(|| format!("no {field}"))?;
    let indent = &line[..line.find(field).unwrap_or_default()];
    Ok(text.replace(line, &format!("{indent}{name}: {value}")))
}
