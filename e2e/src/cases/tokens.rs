//! Join tokens that are good for nothing: one answer to all of them, so that nobody learns which one was nearly right.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::json;

use super::create::CLUSTER;
use super::join::{join_line, plain, word_after};
use hoist_e2e::eventually::eventually;
use hoist_e2e::signing_request::of_host;
use hoist_e2e::world::World;

const OTHER: &str = "other";

pub fn good_for_nothing(world: &mut World) -> anyhow::Result<()> {
    let pull_secret = world.fact("pullSecret")?.to_owned();
    let single = ["--control-plane-availability-policy", "SingleReplica"];
    let mut create = vec!["create", "cluster", "none", "--name", OTHER, "--pull-secret", &pull_secret];
    create.extend(single);
    world.hcp(&create)?.success()?;
    let expired = world.hcp(&["create", "join-command", "--name", CLUSTER, "--ttl", "1s"])?.success()?;
    world.local(&["host", "add", "stranger"])?.success()?;
    let before = plain(world, "stranger")?;

    let here = join_line(world, "1")?;
    let token = word_after(&here, "--token")?;
    let foreign = eventually("the other cluster has a join line", Duration::from_secs(30), || {
        Ok(world.hcp(&["create", "join-command", "--name", OTHER])?.success()?.trim().to_owned())
    })?;
    let foreign = word_after(&foreign, "--token")?;

    // The line that a person runs.
    for (what, line) in [("expired", expired.trim().to_owned()), ("foreign", here.replace(&token, &foreign))] {
        let started = Instant::now();
        let refused = world.in_host("stranger", &line)?.refusal()?;
        ensure!(started.elapsed() < Duration::from_secs(15), "{what}: it took {:?}", started.elapsed());
        for word in ["join token is not valid", "hcp create join-command"] {
            ensure!(refused.contains(word), "{what}: the refusal does not say {word:?}: {refused}");
        }
        let left = plain(world, "stranger")?;
        ensure!(left == before, "{what}: left on the host:\n{left}\nbefore:\n{before}");
    }

    // And the very bytes of the answer.
    let (id, secret) = token.split_once('.').context("a token is <id>.<secret>")?;
    let revoked = word_after(&join_line(world, "1")?, "--token")?;
    let revoked_id = revoked.split_once('.').context("a token is <id>.<secret>")?.0;
    world.hcp(&["revoke", "join-token", revoked_id, "--name", CLUSTER])?.success()?;
    let tokens = [
        ("expired", word_after(expired.trim(), "--token")?),
        ("foreign", foreign),
        ("revoked", revoked.clone()),
        ("guessed", format!("{id}.{}", "0".repeat(secret.len()))),
        ("unknown", format!("no-such-token.{secret}")),
        ("malformed", "nonsense".to_owned()),
        ("empty", String::new()),
    ];
    let mut answers = BTreeSet::new();
    for (what, token) in &tokens {
        let answer = present(world, &here, token)?;
        ensure!(answer.starts_with("401 "), "{what}: {answer}");
        answers.insert(answer);
    }
    ensure!(answers.len() == 1, "wrong tokens are told apart by {answers:?}");
    let object = world.kubectl(&["--namespace", "clusters-other", "get", "hosts", "--output", "name"])?.success()?;
    ensure!(object.trim().is_empty(), "a refused host left {object}");
    world.local(&["host", "remove", "stranger"])?.success()?;
    world.hcp(&["destroy", "cluster", "none", "--name", OTHER])?.success()?;
    Ok(())
}

/// Shows a token to the server in a request that is right otherwise; returns status and body.
fn present(world: &World, line: &str, token: &str) -> anyhow::Result<String> {
    let request = json!({
        "token": token, "nodeName": "stranger", "csrPem": of_host()?, "addresses": [], "hoistVersion": "0.1.0",
        "facts": {
            "architecture": "amd64", "kernel": "6.1.0", "osRelease": {}, "cgroupVersion": "V1", "systemd": false,
            "canLowerOomScore": false, "swapOn": false, "cpus": 2, "memoryBytes": 4_294_967_296_u64, "addresses": [],
            "resolvConf": null, "hasNft": true, "hasIptables": false,
        },
    });
    let (server, cluster) = (word_after(line, "--server")?, word_after(line, "--cluster")?);
    let command = format!(
        "curl --silent --insecure --max-time 10 --data '{request}' --write-out ' %{{http_code}}' {server}/v1/clusters/{cluster}/join"
    );
    let said = world.in_host("stranger", &command)?.success()?;
    let (body, status) = said.rsplit_once(' ').context("curl printed no status")?;
    Ok(format!("{status} {body}"))
}
