//! Installing again, rendering, dumping: what people do with an installation that runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::create::{CLUSTER, NAMESPACE, ROUTER_DOMAIN, WITH_ROUTER, installing};
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::{World, expect_condition, file_prefix};

/// Generations and pods of the hosted cluster's control plane.
fn state_of_control_plane(world: &World) -> anyhow::Result<BTreeMap<String, String>> {
    let kinds = "deployments,statefulsets,services,secrets,configmaps,pods,hostedcontrolplanes";
    let text = world.kubectl(&["get", kinds, "-n", NAMESPACE, "-o", "json"])?.success()?;
    let list: Value = serde_json::from_str(&text)?;
    let mut state = BTreeMap::new();
    for item in list["items"].as_array().context("no list")? {
        let metadata = &item["metadata"];
        let name =
            format!("{} {}", item["kind"].as_str().unwrap_or_default(), metadata["name"].as_str().unwrap_or_default());
        // Status changes by itself; who was made anew, or whose spec was written, shows here.
        let content = if item["kind"] == "Secret" || item["kind"] == "ConfigMap" {
            metadata["resourceVersion"].to_string()
        } else {
            metadata["generation"].to_string()
        };
        state.insert(name, format!("{} {content}", metadata["uid"]));
    }
    Ok(state)
}

/// Another operator image: the operator is rolled out, the hosted cluster is not touched.
pub fn install_again(world: &mut World) -> anyhow::Result<()> {
    let operator = world.object("hypershift", "deployment", "operator")?;
    let image = operator["spec"]["template"]["spec"]["containers"][0]["image"].as_str().context("no image")?.to_owned();
    let (repository, digest) = image.split_once('@').context("the image is not pinned")?;
    // The same content under another name: as far as Kubernetes can tell, another image.
    let other = format!("{repository}:again@{digest}");
    let before = state_of_control_plane(world)?;
    let arguments = installing(world, &["install"], &["--hypershift-image", &other, "--wait-until-available"])?;
    world.hcp(&arguments)?.success()?;
    let after = world.object("hypershift", "deployment", "operator")?;
    ensure!(after["spec"]["template"]["spec"]["containers"][0]["image"] == other.as_str(), "the image is the old one");
    let router =
        world.object("hypershift", "deployment", "router")?["spec"]["template"]["spec"]["containers"][0].clone();
    ensure!(router["image"] == other.as_str(), "nothing was said of the router, and it is the old one");
    for (program, knows) in
        [(&router, &router["command"]), (&after, &after["spec"]["template"]["spec"]["containers"][0]["env"])]
    {
        ensure!(knows.to_string().contains(ROUTER_DOMAIN), "the domain of Routes is lost: {program}");
    }
    // The new operator has looked at everything once it leads and says so.
    world
        .kubectl(&[
            "wait",
            &format!("hostedcluster/{CLUSTER}"),
            "-n",
            "clusters",
            "--for=condition=ReconciliationSucceeded",
            "--timeout=60s",
        ])?
        .success()?;
    std::thread::sleep(std::time::Duration::from_secs(10));
    let now = state_of_control_plane(world)?;
    let changed: Vec<_> = now.iter().filter(|(name, state)| before.get(*name) != Some(*state)).collect();
    ensure!(changed.is_empty() && now.len() == before.len(), "changed by another operator: {changed:?}");
    let arguments = installing(world, &["install"], &["--hypershift-image", &image, "--wait-until-available"])?;
    world.hcp(&arguments)?.success()?;
    Ok(())
}

/// What is rendered is what is installed: applying it changes nothing.
pub fn render(world: &mut World) -> anyhow::Result<()> {
    let folder = folder("chart");
    let file = format!("{}install.yaml", folder.display());
    let arguments = installing(
        world,
        &["install", "render"],
        &[&WITH_ROUTER[..], &["--render-sensitive", "--output-file", &file]].concat(),
    )?;
    world.hcp(&arguments)?.success()?;
    let apply = [
        "apply",
        "--server-side",
        "--force-conflicts",
        "--field-manager=hypershift",
        "--dry-run=server",
        "-o",
        "json",
        "-f",
        &file,
    ];
    let applied: Value = serde_json::from_str(&world.kubectl(&apply)?.success()?)?;
    for item in applied["items"].as_array().context("no list")? {
        let (kind, name) =
            (item["kind"].as_str().unwrap_or_default(), item["metadata"]["name"].as_str().unwrap_or_default());
        let namespace = item["metadata"]["namespace"].as_str().unwrap_or("default");
        let installed = world.object(namespace, kind, name)?;
        ensure!(
            item["metadata"]["resourceVersion"] == installed["metadata"]["resourceVersion"],
            "{kind} {name} would be changed by its own manifest"
        );
    }
    let chart = folder.display().to_string();
    let arguments = installing(world, &["install", "helm"], &["--output-dir", &chart])?;
    world.hcp(&arguments)?.success()?;
    for file in ["Chart.yaml", "values.yaml", "templates/deployment-operator.yaml"] {
        ensure!(folder.join(file).is_file(), "the chart has no {file}");
    }
    Ok(())
}

/// ServiceMonitors and alerts come when their kinds do.
pub fn monitoring(world: &mut World) -> anyhow::Result<()> {
    let kinds =
        [("ServiceMonitor", "servicemonitors"), ("PodMonitor", "podmonitors"), ("PrometheusRule", "prometheusrules")];
    let definitions: Vec<Value> = kinds.iter().map(|(kind, plural)| definition(kind, plural)).collect();
    let file = format!("{}.json", folder("monitoring").display());
    fs_err::write(&file, serde_json::json!({"apiVersion": "v1", "kind": "List", "items": definitions}).to_string())?;
    world.kubectl(&["apply", "-f", &file])?.success()?;
    let outcome = (|| {
        for (_, plural) in kinds {
            let name = format!("crd/{plural}.monitoring.coreos.com");
            world.kubectl(&["wait", &name, "--for=condition=Established", "--timeout=30s"])?.success()?;
        }
        world.hcp(&installing(world, &["install"], &["--wait-until-available"])?)?.success()?;
        let rules = world.object("hypershift", "prometheusrule", "hoist")?;
        ensure!(
            rules["spec"]["groups"][0]["rules"].as_array().is_some_and(|rules| rules.len() >= 5),
            "few alerts: {rules}"
        );
        world.object("hypershift", "servicemonitor", "operator")?;
        world.object("hypershift", "podmonitor", "bootstrap")?;
        Ok(())
    })();
    world.kubectl(&["delete", "-f", &file])?.success()?;
    outcome
}

fn definition(kind: &str, plural: &str) -> Value {
    serde_json::json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.monitoring.coreos.com")},
        "spec": {
            "group": "monitoring.coreos.com", "scope": "Namespaced",
            "names": {"kind": kind, "listKind": format!("{kind}List"), "plural": plural, "singular": kind.to_lowercase()},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            }}}],
        },
    })
}

/// A dump of both clusters: everything is there, and no secret is.
pub fn dump(world: &mut World) -> anyhow::Result<()> {
    let folder = folder("dump");
    let path = folder.display().to_string();
    let said = world.hcp(&[
        "dump",
        "cluster",
        "--name",
        CLUSTER,
        "--artifact-dir",
        &path,
        "--dump-guest-cluster",
        "--dump-guest-cluster-through-kube-service",
    ])?;
    said.success()?;
    let missing = fs_err::read_to_string(folder.join("not-read.txt")).unwrap_or_default();
    ensure!(missing.is_empty(), "not read: {missing}");
    for file in [
        "hypershift-dump.tar.gz",
        "namespaces/clusters/hypershift.openshift.io/hostedclusters.yaml",
        "namespaces/clusters-demo/apps/statefulsets.yaml",
        "namespaces/clusters-demo/pods/etcd-0/etcd/etcd/logs/current.log",
        "hostedcluster-demo/cluster-scoped-resources/core/nodes.yaml",
        "hostedcluster-demo/namespaces/kube-system/core/configmaps.yaml",
    ] {
        let length = fs_err::metadata(folder.join(file)).with_context(|| format!("the dump has no {file}"))?.len();
        ensure!(length > 0, "{file} is empty");
    }
    let secrets = world.kubectl(&["get", "secrets", "-n", NAMESPACE, "-o", "json"])?.success()?;
    let secrets: Value = serde_json::from_str(&secrets)?;
    let mut values = Vec::new();
    for secret in secrets["items"].as_array().context("no list")? {
        values.extend(secret["data"].as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str()));
    }
    for file in files(&folder)? {
        let text = fs_err::read(&file)?;
        let text = String::from_utf8_lossy(&text);
        ensure!(!text.contains("PRIVATE KEY-----"), "{} holds a private key", file.display());
        // Short values are words that occur anywhere.
        let leaked = values.iter().find(|value| value.len() > 100 && text.contains(**value));
        ensure!(leaked.is_none(), "{} holds a value of a Secret", file.display());
    }
    Ok(())
}

fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("{}{name}", file_prefix()))
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// Objects that nothing acts upon say so themselves.
pub fn unserved(world: &mut World) -> anyhow::Result<()> {
    let backup = json!({
        "apiVersion": "hypershift.openshift.io/v1beta1", "kind": "HCPEtcdBackup",
        "metadata": {"name": "nightly", "namespace": NAMESPACE},
        "spec": {"storage": {"storageType": "S3", "s3": {
            "bucket": "backups", "region": "eu-west-1", "keyPrefix": "nightly", "credentials": {"name": "store"}
        }}}
    });
    let sizing = json!({
        "apiVersion": "scheduling.hypershift.openshift.io/v1alpha1", "kind": "ClusterSizingConfiguration",
        "metadata": {"name": "cluster"},
        "spec": {"sizes": [{"name": "small", "criteria": {"from": 0}}]}
    });
    let kubeconfig = world.fact("kubeconfig")?.to_owned();
    let kinds = [
        (backup, "hcpetcdbackup", "BackupCompleted"),
        (sizing, "clustersizingconfiguration", "ClusterSizingConfigurationValid"),
    ];
    for (object, kind, type_) in kinds {
        world.create_in(&kubeconfig, &object, &[])?.success()?;
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let told = eventually(&format!("{kind} says that nothing acts upon it"), Duration::from_secs(15), || {
            expect_condition(&world.object(NAMESPACE, kind, name)?, type_, "False", None)
        });
        world.kubectl(&["--namespace", NAMESPACE, "delete", kind, name])?.success()?;
        let message = told?;
        ensure!(message.contains("this version of Hoist"), "no reason: {message}");
    }
    Ok(())
}
