//! What must be refused, or told within 15 s.

use std::time::Duration;

use anyhow::ensure;

use super::create::CLUSTER;
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::{World, expect_condition};

/// A condition must say what is wrong within this time.
pub const TOLD_WITHIN: Duration = Duration::from_secs(15);

fn create<'a>(name: &'a str, pull_secret: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec![
        "create",
        "cluster",
        "none",
        "--name",
        name,
        "--pull-secret",
        pull_secret,
        "--control-plane-availability-policy",
        "SingleReplica",
    ];
    arguments.extend_from_slice(more);
    arguments
}

pub fn refused_by_the_cli(world: &mut World) -> anyhow::Result<()> {
    let pull_secret = world.fact("pullSecret")?.to_owned();
    let malformed = std::env::temp_dir().join(format!("hoist-e2e-{}-pull-secret", std::process::id()));
    fs_err::write(&malformed, "not json")?;
    let malformed_path = malformed.to_string_lossy().into_owned();
    let published = world.fact("registry")?.split(':').next().unwrap_or_default().to_owned();
    let at_published = ["--external-api-server-address", &published, "--cluster-cidr", "10.200.0.0/16"];
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (vec!["create", "cluster", "none", "--name", "fine"], "--pull-secret is required"),
        (create("fine", &pull_secret, &["--ssh-key", &malformed_path]), "public key"),
        (create("fine", &pull_secret, &["--service-cidr", "172.20.0.0/16"]), "172.20.0.1"),
        (create("fine", &pull_secret, &at_published), &published),
        (create("fine", &pull_secret, &["--external-api-server-address", "192.0.2.300"]), "192.0.2.300"),
        (create("Not_A_Label", &pull_secret, &[]), "Not_A_Label"),
        (create("fine", "/no/such/file", &[]), "/no/such/file"),
        (create("fine", &malformed_path, &[]), "pull-secret"),
        (create("fine", &pull_secret, &["--ssh-key", "/no/such/key"]), "/no/such/key"),
        (create("fine", &pull_secret, &["--release-image", "two words"]), "release-image"),
        (create("fine", &pull_secret, &["--service-cidr", "10.132.0.0/16"]), "10.132.0.0"),
    ];
    for (arguments, named) in cases {
        let refusal = world.hcp(&arguments)?.refusal()?;
        ensure!(refusal.contains(named), "{arguments:?}: the refusal does not name {named}: {refusal}");
    }
    fs_err::remove_file(&malformed)?;
    let left = world
        .kubectl(&["--namespace", "clusters", "get", "hostedclusters,nodepools,secrets", "--output", "name"])?
        .success()?;
    ensure!(left.trim().is_empty(), "created halfway: {left}");
    Ok(())
}

pub fn told_by_a_condition(world: &mut World) -> anyhow::Result<()> {
    let pull_secret = world.fact("pullSecret")?.to_owned();
    let again = world.hcp(&create(CLUSTER, &pull_secret, &[]))?.refusal()?;
    ensure!(again.contains("already exists"), "a second cluster of the same name: {again}");

    let wrong_secret = std::env::temp_dir().join(format!("hoist-e2e-{}-wrong", std::process::id()));
    let registry = world.fact("registry")?.split('/').next().unwrap_or_default().to_owned();
    fs_err::write(&wrong_secret, format!(r#"{{"auths":{{"{registry}":{{"auth":"d3Jvbmc6d3Jvbmc="}}}}}}"#))?;
    let wrong_path = wrong_secret.to_string_lossy().into_owned();
    let unknown = format!("{registry}/hoist/release:9.9.9");
    let cases: Vec<(&str, Vec<&str>, &str)> = vec![
        (
            "bad-management-range",
            create("bad-management-range", &pull_secret, &["--service-cidr", "10.202.0.0/17"]),
            "ValidConfiguration",
        ),
        (
            "bad-node-address",
            create("bad-node-address", &pull_secret, &["--machine-cidr", "172.20.0.0/24"]),
            "ValidConfiguration",
        ),
        ("bad-release", create("bad-release", &pull_secret, &["--release-image", &unknown]), "ValidReleaseImage"),
        ("bad-credentials", create("bad-credentials", &wrong_path, &[]), "ValidReleaseImage"),
    ];
    for (name, arguments, condition) in cases {
        world.hcp(&arguments)?.success()?;
        let message = eventually(&format!("{name}: {condition} is False"), TOLD_WITHIN, || {
            let cluster = world.object("clusters", "hostedcluster", name)?;
            expect_condition(&cluster, condition, "False", None)
        })?;
        ensure!(message.len() > 20, "{name}: the message says nothing: {message}");
        world.hcp(&["destroy", "cluster", "none", "--name", name])?.success()?;
    }
    fs_err::remove_file(&wrong_secret)?;
    Ok(())
}

pub fn rights_of_the_operator(world: &mut World) -> anyhow::Result<()> {
    for (account, namespace) in [
        ("operator", "kube-system"),
        ("operator", "default"),
        ("bootstrap", "clusters-demo"),
        ("bootstrap", "hypershift"),
    ] {
        let said = world.kubectl(&[
            "auth",
            "can-i",
            "get",
            "secrets",
            "--namespace",
            namespace,
            "--as",
            &format!("system:serviceaccount:hypershift:{account}"),
        ])?;
        ensure!(said.stdout.trim() == "no", "{account} may read Secrets in {namespace}: {}", said.stdout);
    }
    Ok(())
}
