//! `hcp local status`: each part of an instance and what is not as it should be.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    Error,
    hosts::{self, HostState},
};
use crate::{
    daemon,
    host::Host,
    instance::Instance,
    management::{self, api},
    network::{Links, namespace, switch},
};

/// The state of an instance.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Its name.
    pub instance: String,
    /// Its folder.
    pub state_dir: PathBuf,
    /// The administrator's kubeconfig of the management cluster.
    pub kubeconfig: PathBuf,
    /// A `kubectl` of the release.
    pub kubectl: PathBuf,
    /// The pull secret of the instance's registry, a `.dockerconfigjson`.
    pub pull_secret: PathBuf,
    /// The instance's registry, `host:port`.
    pub registry: String,
    /// Its certificate authority, PEM.
    pub registry_trust_bundle: PathBuf,
    /// The loopback proxy, `http://127.0.0.1:port`.
    pub proxy: String,
    /// Its parts.
    pub parts: Vec<Part>,
    /// Its hosts.
    pub hosts: Vec<HostState>,
}

/// One part of an instance.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// `Running` or `Down`.
    pub state: &'static str,
    /// What is wrong, or how it is.
    pub message: String,
}

impl Status {
    /// Whether every part runs.
    pub fn is_up(&self) -> bool {
        self.parts.iter().all(|part| part.state == RUNNING) && self.hosts.iter().all(|host| host.state == RUNNING)
    }
}

const RUNNING: &str = "Running";

/// Looks at everything; changes nothing, and needs no lock.
pub async fn status(instance: &Instance) -> Result<Status, Error> {
    let record = instance.record()?;
    let hosts: Vec<HostState> = Host::list(instance)?.iter().map(hosts::state).collect();
    let proxy = format!("http://127.0.0.1:{}", record.proxy_port);
    let mut parts = vec![
        part("switch", look_at_switch(instance)),
        part(
            "daemon",
            daemon::running(instance)
                .map(|process| format!("process {}", process.pid))
                .ok_or_else(|| "it does not run; `hcp local up` starts it".to_owned()),
        ),
    ];
    let api = look_at_api(instance).await;
    parts.push(part("management API", api));
    parts.push(part("services", look_at_services(instance).await));
    parts.push(part("registry", look_at_registry(instance).await));
    Ok(Status {
        instance: instance.name().to_owned(),
        state_dir: instance.state_dir().to_owned(),
        kubeconfig: instance.kubeconfig(),
        kubectl: instance.kubectl(),
        pull_secret: instance.pull_secret(),
        registry: management::registry_host(),
        registry_trust_bundle: instance.registry_trust_bundle(),
        proxy,
        parts,
        hosts,
    })
}

fn part(name: &str, outcome: Result<String, String>) -> Part {
    let (state, message) = match outcome {
        Ok(message) => (RUNNING, message),
        Err(message) => ("Down", message),
    };
    Part { name: name.to_owned(), state, message }
}

fn look_at_switch(instance: &Instance) -> Result<String, String> {
    let namespace = switch::open(instance).map_err(|error| crate::error_chain(&error))?;
    let bridge = crate::address_plan::BRIDGE;
    let found = namespace::within(namespace, || Links::open().map(|links| links.index(bridge).is_some()));
    match found {
        Ok(Ok(true)) => Ok(format!("bridge {bridge}, {}", crate::address_plan::NODE_NETWORK)),
        Ok(Ok(false)) => Err(format!("bridge {bridge} is missing; `hcp local up` makes it")),
        Ok(Err(error)) => Err(crate::error_chain(&error)),
        Err(error) => Err(error.to_string()),
    }
}

async fn look_at_api(instance: &Instance) -> Result<String, String> {
    let client = api::client(instance).map_err(|error| crate::error_chain(&error))?;
    api::is_ready(&client).await?;
    let nodes = api::ready_nodes(&client).await?;
    let (ready, all) = nodes;
    if ready == all {
        Ok(format!("{ready} of {all} nodes ready"))
    } else {
        Err(format!("{ready} of {all} nodes ready"))
    }
}

async fn look_at_services(instance: &Instance) -> Result<String, String> {
    let client = api::client(instance).map_err(|error| crate::error_chain(&error))?;
    management::look_at_services(&client).await
}

async fn look_at_registry(instance: &Instance) -> Result<String, String> {
    let options = management::registry_options(instance).map_err(|error| crate::error_chain(&error))?;
    management::look_at_registry(options, &crate::machine::cache_dir()).await
}
