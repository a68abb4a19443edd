//! Manifests that are wrong, applied as GitOps would: the API server refuses them, or a condition says what is wrong within 15 s,
//! and nothing is made halfway.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use hoist_e2e::eventually::eventually;
use hoist_e2e::world::{World, expect_condition};

/// Each way to be wrong: name, what is spoilt, the condition that must say so, and a word that its message must have.
type Wrong = (&'static str, fn(&mut Value), &'static str, &'static str);

const CONFIGURATION: &str = "ValidConfiguration";
const RELEASE: &str = "ValidReleaseImage";

const CASES: &[Wrong] = &[
    ("no-pull-secret", |spec| spec["pullSecret"]["name"] = json!("nobody"), CONFIGURATION, "\"nobody\""),
    ("bad-pull-secret", |spec| spec["pullSecret"]["name"] = json!("wrong-malformed"), CONFIGURATION, "wrong-malformed"),
    ("no-ssh-key", |spec| spec["sshKey"]["name"] = json!("nobody"), CONFIGURATION, "\"nobody\""),
    ("bad-ssh-key", |spec| spec["sshKey"]["name"] = json!("wrong-malformed"), CONFIGURATION, "public key"),
    (
        "no-encryption-key",
        |spec| spec["secretEncryption"]["aescbc"]["activeKey"]["name"] = json!("nobody"),
        CONFIGURATION,
        "\"nobody\"",
    ),
    ("bad-issuer", |spec| spec["issuerURL"] = json!("https://issuer.example.com/a?b=c"), CONFIGURATION, "issuerURL"),
    ("bad-release", |spec| spec["release"]["image"] = json!("Two-Words/:"), RELEASE, "Two-Words"),
    (
        "unknown-version",
        |spec| {
            let image = spec["release"]["image"].as_str().unwrap_or_default().to_owned();
            let repository = image.split('@').next().unwrap_or_default();
            spec["release"]["image"] = json!(format!("{repository}:9.9.9"));
        },
        RELEASE,
        ":9.9.9",
    ),
    (
        "pods-and-services",
        |spec| spec["networking"]["serviceNetwork"] = json!([{"cidr": "10.132.0.0/16"}]),
        CONFIGURATION,
        "10.132.0.0/16",
    ),
    (
        "management-pods",
        |spec| spec["networking"]["clusterNetwork"] = json!([{"cidr": "10.201.0.0/16"}]),
        CONFIGURATION,
        "the management cluster's pod network",
    ),
    (
        "node-api-address",
        |spec| spec["networking"]["serviceNetwork"] = json!([{"cidr": "172.20.0.0/16"}]),
        CONFIGURATION,
        "172.20.0.1",
    ),
    (
        "published-address",
        |spec| spec["networking"]["clusterNetwork"] = json!([{"cidr": "10.200.0.0/16"}]),
        CONFIGURATION,
        "published address",
    ),
    (
        "node-port-address",
        |spec| spec["services"][0]["servicePublishingStrategy"]["nodePort"]["address"] = json!("192.0.2.1"),
        CONFIGURATION,
        "192.0.2.1",
    ),
];

/// A file with JSON that goes when this does.
struct Manifest(PathBuf);

impl Manifest {
    fn new(name: &str, text: &str) -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("hoist-e2e-{}-{name}", std::process::id()));
        fs_err::write(&path, text)?;
        Ok(Self(path))
    }

    fn path(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }
}

impl Drop for Manifest {
    fn drop(&mut self) {
        let _ = fs_err::remove_file(&self.0);
    }
}

/// The objects that `hcp create cluster none --render` gives: those around the HostedCluster, and the HostedCluster.
fn rendered(world: &World) -> anyhow::Result<(Vec<Value>, Value)> {
    let pull_secret = world.fact("pullSecret")?.to_owned();
    let versions = world.object("hypershift", "configmap", "supported-versions")?;
    let releases: Value = serde_json::from_str(versions["data"]["releases"].as_str().unwrap_or_default())?;
    let image = releases["1.36.3"].as_str().context("no release 1.36.3")?;
    let text = world
        .hcp(&[
            "create",
            "cluster",
            "none",
            "--name",
            "wrong",
            "--pull-secret",
            &pull_secret,
            "--release-image",
            image,
            "--node-pool-replicas",
            "-1",
            "--control-plane-availability-policy",
            "SingleReplica",
            "--render",
            "--render-sensitive",
        ])?
        .success()?;
    let file = Manifest::new("wrong.yaml", &text)?;
    let list =
        world.kubectl(&["create", "--dry-run=client", "--output", "json", "--filename", &file.path()])?.success()?;
    // kubectl prints one object after the other.
    let objects: Vec<Value> =
        serde_json::Deserializer::from_str(&list).into_iter::<Value>().collect::<Result<_, _>>()?;
    let objects: Vec<Value> = objects
        .into_iter()
        .flat_map(|object| object["items"].as_array().cloned().unwrap_or_else(|| vec![object]))
        .collect();
    let (clusters, around): (Vec<Value>, Vec<Value>) =
        objects.into_iter().partition(|object| object["kind"] == "HostedCluster");
    Ok((around, clusters.into_iter().next().context("no HostedCluster was rendered")?))
}

fn named(cluster: &Value, name: &str) -> Value {
    let mut cluster = cluster.clone();
    cluster["metadata"]["name"] = json!(name);
    cluster["spec"]["infraID"] = json!(name);
    cluster
}

fn list(objects: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string()
}

pub fn told_by_conditions(world: &mut World) -> anyhow::Result<()> {
    let (mut around, cluster) = rendered(world)?;
    around.push(json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "wrong-malformed", "namespace": "clusters"},
        "stringData": {".dockerconfigjson": "not json", "id_rsa.pub": "no key"},
    }));
    let around = Manifest::new("wrong-around.json", &list(&around))?;
    world.kubectl(&["apply", "--filename", &around.path()])?.success()?;

    for (name, expected) in [("Not_A_Label", "RFC 1123"), ("", "name")] {
        let file = Manifest::new("wrong-name.json", &named(&cluster, name).to_string())?;
        let refusal = world.kubectl(&["apply", "--filename", &file.path()])?.refusal()?;
        ensure!(refusal.contains(expected), "name {name:?}: {refusal}");
    }

    let wrong: Vec<Value> = CASES
        .iter()
        .map(|(name, spoil, ..)| {
            let mut cluster = named(&cluster, &format!("wrong-{name}"));
            spoil(&mut cluster["spec"]);
            cluster
        })
        .chain([named(&cluster, &format!("wrong-{}", "a".repeat(55)))])
        .collect();
    let clusters = Manifest::new("wrong-clusters.json", &list(&wrong))?;
    world.kubectl(&["apply", "--filename", &clusters.path()])?.success()?;
    let applied = Instant::now();
    let told = || {
        let mut problems = Vec::new();
        for (name, _, condition, word) in CASES {
            problems.extend(told(world, &format!("wrong-{name}"), condition, word, applied).err());
        }
        problems.extend(told(world, &format!("wrong-{}", "a".repeat(55)), CONFIGURATION, "shorter", applied).err());
        let namespaces = world.kubectl(&["get", "namespaces", "--output", "name"])?.success()?;
        ensure!(!namespaces.contains("clusters-wrong"), "made halfway: {namespaces}");
        let problems: Vec<String> = problems.iter().map(|problem| format!("{problem:#}")).collect();
        ensure!(problems.is_empty(), "{}", problems.join("\n"));
        Ok(())
    };
    let outcome = told();
    world.kubectl(&["delete", "--filename", &clusters.path(), "--timeout=60s"])?.success()?;
    world
        .kubectl(&[
            "--namespace",
            "clusters",
            "delete",
            "secret",
            "wrong-malformed",
            "wrong-pull-secret",
            "wrong-etcd-encryption-key",
        ])?
        .success()?;
    outcome
}

/// All were applied at once, so the time counts from then for each.
fn told(world: &World, name: &str, condition: &str, needle: &str, since: Instant) -> anyhow::Result<()> {
    let left = super::bad_input::TOLD_WITHIN.saturating_sub(since.elapsed()).max(Duration::from_millis(1));
    eventually(&format!("{name}: {condition} is False"), left, || {
        let cluster = world.object("clusters", "hostedcluster", name)?;
        let message = expect_condition(&cluster, condition, "False", None)?;
        ensure!(message.contains(needle), "{condition} does not name {needle}: {message}");
        expect_condition(&cluster, "Available", "False", None)?;
        Ok(())
    })
}
