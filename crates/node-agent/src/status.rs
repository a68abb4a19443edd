//! Status: how this host is doing as a node, in one look.

use std::{net::TcpStream, os::unix::net::UnixStream, process::ExitCode, time::Duration};

use hoist_host::{HostRoot, init_system};
use hoist_node_config::{Ready, Stage, Unit, paths};
use serde::Serialize;

use crate::{
    arguments::{Output, StatusArguments},
    cause::{Cause, chain},
    join::node_api,
    progress::say,
    state::{self, State},
};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    cluster: String,
    node_pool: String,
    node: String,
    addresses: Vec<String>,
    stage: Stage,
    ready: bool,
    message: String,
    services: Vec<Service>,
    versions: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct Service {
    name: String,
    state: &'static str,
}

/// Prints the status. Fails when this host is no Ready node.
pub(crate) async fn status(arguments: &StatusArguments) -> ExitCode {
    match look().await {
        Ok(Some(status)) => {
            match arguments.output {
                Output::Json => say(format!("{:#}", serde_json::json!(status))),
                Output::Table => print(&status),
            }
            if status.ready { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Ok(None) => {
            match arguments.output {
                Output::Json => say("null"),
                Output::Table => {
                    say("This host is no node. Join with the line that `hcp create join-command` prints.");
                }
            }
            ExitCode::FAILURE
        }
        Err(cause) => {
            eprintln!("hoist-node: {cause}");
            ExitCode::FAILURE
        }
    }
}

async fn look() -> Result<Option<Status>, Cause> {
    let root = HostRoot::this_host();
    let Some(state) = State::load(&root)? else { return Ok(None) };
    let node = &state.this_host.node_name;
    let (ready, message) = match state::load_config(&root)? {
        None => (false, "the node's configuration was not read yet".to_owned()),
        Some(config) => match node_api(&root, &config)?.node(node).await {
            Ok(Some(node)) => (node.is_ready, node.message),
            Ok(None) => (false, "the cluster has no such node".to_owned()),
            Err(cause) => (false, chain(&cause)),
        },
    };
    let services = state.units.iter().map(|name| service(&root, name)).collect();
    Ok(Some(Status {
        cluster: state.cluster.clone(),
        node_pool: state.node_pool.clone(),
        node: node.clone(),
        addresses: state.this_host.node_addresses.iter().map(ToString::to_string).collect(),
        stage: state.stage,
        ready,
        message,
        services,
        versions: state.versions.clone(),
    }))
}

fn service(root: &HostRoot, name: &str) -> Service {
    let text = root.read(&format!("{}/{name}.json", paths::UNITS)).ok().flatten().unwrap_or_default();
    let ready = serde_json::from_str::<Unit>(&text).ok().and_then(|unit| unit.ready);
    let is_running = init_system::detect(root).is_ok_and(|init| init.is_running(name));
    Service { name: name.to_owned(), state: judge(is_running, ready.as_ref().map(answers)) }
}

/// A service without an endpoint of its own is judged by its process alone.
fn judge(is_running: bool, answers: Option<bool>) -> &'static str {
    match (is_running, answers) {
        (false, _) => "not running",
        (true, Some(false)) => "not answering",
        (true, _) => "running",
    }
}

fn answers(ready: &Ready) -> bool {
    match ready {
        Ready::UnixSocket(path) => UnixStream::connect(path).is_ok(),
        Ready::Tcp(address) => {
            address.parse().is_ok_and(|address| TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok())
        }
        Ready::File(path) => std::path::Path::new(path).exists(),
    }
}

fn print(status: &Status) {
    say(format!("Cluster    {} (NodePool {})", status.cluster, status.node_pool));
    say(format!("Node       {} ({})", status.node, status.addresses.join(", ")));
    say(format!("Stage      {}", status.stage));
    say(format!(
        "Ready      {}{}",
        if status.ready { "yes" } else { "NO: " },
        if status.ready { "" } else { &status.message }
    ));
    for service in &status.services {
        let is_well = service.state == "running";
        let state = if is_well { service.state.to_owned() } else { service.state.to_uppercase() };
        say(format!("Service    {:<12} {state}", service.name));
    }
    for (name, version) in &status.versions {
        say(format!("Version    {name:<12} {version}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_runs_when_its_process_does_and_its_endpoint_if_it_has_one_answers() {
        assert_eq!(judge(true, None), "running");
        assert_eq!(judge(true, Some(true)), "running");
        assert_eq!(judge(true, Some(false)), "not answering");
        assert_eq!(judge(false, None), "not running");
        assert_eq!(judge(false, Some(true)), "not running", "somebody else answers there");
    }
}
