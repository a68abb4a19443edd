//! What is, what is not as it should be, and what to do next, from the objects alone.

mod findings;

use std::fmt::Write as _;

use hoist_api::conditions::{ConditionType, NodePoolConditionType};
use hoist_api::host::HostUpdate;
use hoist_api::hosted_cluster::version::{ClusterVersionStatus, UpdateState};
use hoist_api::{ControlPlaneComponent, Host, HostedCluster, NodePool, names};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt as _;
use serde::Serialize;

use crate::commands::host;
use crate::printer::{Printer, Table, Tone};

use findings::Finding;

/// One screen.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    name: String,
    namespace: String,
    control_plane_namespace: String,
    state: String,
    endpoint: String,
    join_endpoint: String,
    network: String,
    versions: Versions,
    components: Vec<Component>,
    node_pools: Vec<Pool>,
    hosts: Vec<HostLine>,
    /// What is not as it should be.
    findings: Vec<Finding>,
    /// What is accepted in the spec and deliberately not done.
    notes: Vec<String>,
    next: String,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Versions {
    control_plane: String,
    cluster: String,
    desired: String,
    release_image: String,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    name: String,
    version: String,
    available: bool,
    rollout_complete: bool,
    message: String,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pool {
    name: String,
    desired: i32,
    current: i32,
    version: String,
    message: String,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct HostLine {
    name: String,
    node_pool: String,
    stage: String,
    version: String,
    address: String,
    message: String,
}

impl Report {
    /// Draws it up. `program` is the name to use in commands.
    pub fn new(
        cluster: &HostedCluster,
        components: &[ControlPlaneComponent],
        pools: &[NodePool],
        hosts: &[Host],
        program: &str,
    ) -> Self {
        let status = cluster.status.clone().unwrap_or_default();
        let (name, namespace) = (cluster.name_any(), cluster.namespace().unwrap_or_default());
        let endpoint = match status.control_plane_endpoint.host.as_str() {
            "" => String::new(),
            host => format!("https://{host}:{}", status.control_plane_endpoint.port),
        };
        let mut report = Self {
            control_plane_namespace: names::control_plane_namespace(&namespace, &name),
            state: state(cluster, &status.conditions),
            endpoint,
            join_endpoint: status.ignition_endpoint.unwrap_or_default(),
            network: message(&status.conditions, ConditionType::NetworkProvider),
            versions: Versions {
                control_plane: completed(status.control_plane_version.clone().map(ClusterVersionStatus::from).as_ref()),
                cluster: completed(status.version.as_ref()),
                desired: status.version.as_ref().map(|version| version.desired.version.clone()).unwrap_or_default(),
                release_image: cluster.spec.release.image.clone(),
            },
            components: components.iter().map(component).collect(),
            node_pools: pools.iter().map(pool).collect(),
            hosts: hosts.iter().map(host_line).collect(),
            findings: findings::find(cluster, pools, hosts),
            notes: notes(&status.conditions),
            next: String::new(),
            name,
            namespace,
        };
        report.next = report.next_step(program);
        report
    }

    /// The screen.
    pub fn text(&self, printer: &Printer) -> String {
        let mut text = String::new();
        let state_tone = match self.state.as_str() {
            "Available" => Tone::Good,
            "Deleting" | "Progressing" => Tone::Pending,
            _ => Tone::Bad,
        };
        let unknown = |text: &str| if text.is_empty() { "not yet".to_owned() } else { text.to_owned() };
        let _ = writeln!(text, "{}/{}  {}\n", self.namespace, self.name, printer.tone(state_tone, &self.state));
        let mut facts = vec![
            ("API", unknown(&self.endpoint)),
            ("Joining hosts", unknown(&self.join_endpoint)),
            ("Namespace", self.control_plane_namespace.clone()),
            ("Version", self.version_line()),
            ("Release", self.versions.release_image.clone()),
        ];
        if !self.network.is_empty() {
            facts.push(("Network", self.network.clone()));
        }
        for (label, value) in facts {
            let _ = writeln!(text, "  {label:<15}{value}");
        }
        self.tables(&mut text, printer);
        if !self.findings.is_empty() {
            let _ = writeln!(text, "\nNot as it should be");
            for finding in &self.findings {
                let what = printer.tone(Tone::Bad, &finding.what);
                let _ = writeln!(text, "  {what} ({}): {}", finding.reason, finding.message);
                if !finding.next.is_empty() && finding.next != "Nothing." {
                    let _ = writeln!(text, "      Next: {}", finding.next);
                }
            }
        }
        for note in &self.notes {
            let _ = writeln!(text, "\n{}", printer.tone(Tone::Faint, &format!("Note: {note}")));
        }
        let _ = writeln!(text, "\nNext: {}", self.next);
        text
    }

    fn tables(&self, text: &mut String, printer: &Printer) {
        let yes =
            |value: bool| if value { printer.tone(Tone::Good, "True") } else { printer.tone(Tone::Pending, "False") };
        if !self.components.is_empty() {
            let mut table = Table::new(&["COMPONENT", "VERSION", "AVAILABLE", "ROLLED OUT", "MESSAGE"]);
            for component in &self.components {
                let Component { name, version, available, rollout_complete, message } = component;
                let message = if *available && *rollout_complete { "" } else { message.as_str() };
                table.row([name.clone(), version.clone(), yes(*available), yes(*rollout_complete), message.to_owned()]);
            }
            let _ = write!(text, "\n{}", table.text(2));
        }
        if !self.node_pools.is_empty() {
            let mut table = Table::new(&["NODEPOOL", "DESIRED", "CURRENT", "VERSION", "MESSAGE"]);
            for pool in &self.node_pools {
                let Pool { name, desired, current, version, message } = pool;
                table.row([name.clone(), desired.to_string(), current.to_string(), version.clone(), message.clone()]);
            }
            let _ = write!(text, "\n{}", table.text(2));
        }
        if !self.hosts.is_empty() {
            let mut table = Table::new(&["HOST", "NODEPOOL", "STAGE", "VERSION", "ADDRESS", "MESSAGE"]);
            for host in &self.hosts {
                let tone = match host.stage.as_str() {
                    "Joined" | "NodeReady" => Tone::Good,
                    "Failed" => Tone::Bad,
                    _ => Tone::Pending,
                };
                let HostLine { name, node_pool, stage, version, address, message } = host;
                let stage = printer.tone(tone, stage);
                table.row([name.clone(), node_pool.clone(), stage, version.clone(), address.clone(), message.clone()]);
            }
            let _ = write!(text, "\n{}", table.text(2));
        }
    }

    fn version_line(&self) -> String {
        let Versions { control_plane, cluster, desired, .. } = &self.versions;
        match (cluster.as_str(), desired.as_str()) {
            ("", "") => "not yet known".to_owned(),
            ("", desired) => format!("{desired} is rolling out"),
            (cluster, desired) if cluster != desired && !desired.is_empty() => {
                format!("{cluster}, {desired} is rolling out (control plane {control_plane})")
            }
            (cluster, _) => cluster.to_owned(),
        }
    }

    fn next_step(&self, program: &str) -> String {
        let scope =
            if self.namespace == "clusters" { String::new() } else { format!(" --namespace {}", self.namespace) };
        let name = &self.name;
        if self.state == "Deleting" {
            return format!("wait, or follow it with `{program} destroy cluster none --name {name}{scope}`");
        }
        if self.state == "Refused" {
            return format!("correct the HostedCluster: `kubectl edit hostedcluster {name} -n {}`", self.namespace);
        }
        if self.state != "Available" {
            return match self.components.iter().find(|component| !component.available) {
                Some(component) => format!(
                    "{} is awaited; if it stays so: `kubectl describe pods -n {} -l {}={}`",
                    component.name,
                    self.control_plane_namespace,
                    hoist_api::labels::CONTROL_PLANE_COMPONENT,
                    component.name
                ),
                None => format!(
                    "the operator is awaited; if it stays so: `kubectl logs -n {} deployment/{}`",
                    names::OPERATOR_NAMESPACE,
                    names::OPERATOR
                ),
            };
        }
        if let Some(host) = self.hosts.iter().find(|host| host.stage == "Failed") {
            return format!("cure what host {} says, then run its join line again", host.name);
        }
        let missing: i32 = self.node_pools.iter().map(|pool| (pool.desired - pool.current).max(0)).sum();
        let joining =
            self.hosts.iter().any(|host| !["Joined", "NodeReady", "Leaving", "Left"].contains(&host.stage.as_str()));
        if joining {
            return format!("hosts are joining; `{program} get hosts --name {name}{scope}` shows how far they are");
        }
        if missing > 0 || self.hosts.is_empty() {
            return format!("join hosts: run on each what `{program} create join-command --name {name}{scope}` prints");
        }
        format!("use it: `{program} create kubeconfig --name {name}{scope} > {name}.kubeconfig`")
    }
}

fn state(cluster: &HostedCluster, conditions: &[Condition]) -> String {
    let is = |type_: ConditionType, status: &str| {
        conditions.iter().any(|condition| condition.type_ == type_.as_ref() && condition.status == status)
    };
    let refused =
        [ConditionType::ValidConfiguration, ConditionType::ValidReleaseImage, ConditionType::SupportedHostedCluster];
    if cluster.metadata.deletion_timestamp.is_some() {
        "Deleting"
    } else if is(ConditionType::Available, "True") {
        "Available"
    } else if refused.into_iter().any(|type_| is(type_, "False")) {
        "Refused"
    } else if is(ConditionType::Progressing, "True") {
        "Progressing"
    } else {
        "Not available"
    }
    .to_owned()
}

fn message(conditions: &[Condition], type_: ConditionType) -> String {
    let found = conditions.iter().find(|condition| condition.type_ == type_.as_ref());
    found.map(|condition| condition.message.clone()).unwrap_or_default()
}

fn notes(conditions: &[Condition]) -> Vec<String> {
    let told = [ConditionType::ServicesServed, ConditionType::AnnotationsHonoured, ConditionType::FieldsHonoured];
    let not_served = |condition: &&Condition| {
        condition.status != "True" && told.iter().any(|type_| condition.type_ == type_.as_ref())
    };
    conditions.iter().filter(not_served).map(|condition| condition.message.clone()).collect()
}

fn completed(version: Option<&ClusterVersionStatus>) -> String {
    let newest = version.and_then(|version| version.history.iter().find(|entry| entry.state == UpdateState::Completed));
    newest.map(|entry| entry.version.clone()).unwrap_or_default()
}

fn component(component: &ControlPlaneComponent) -> Component {
    let status = component.status.clone().unwrap_or_default();
    let find = |type_: &str| status.conditions.iter().find(|condition| condition.type_ == type_);
    let is_true = |type_: &str| find(type_).is_some_and(|condition| condition.status == "True");
    let unmet =
        ["Available", "RolloutComplete"].into_iter().filter_map(find).find(|condition| condition.status != "True");
    Component {
        name: component.name_any(),
        version: status.version.clone().unwrap_or_default(),
        available: is_true("Available"),
        rollout_complete: is_true("RolloutComplete"),
        message: unmet.map(|condition| condition.message.clone()).unwrap_or_default(),
    }
}

fn pool(pool: &NodePool) -> Pool {
    let status = pool.status.clone().unwrap_or_default();
    let find = |type_: NodePoolConditionType| status.conditions.iter().find(|found| found.type_ == type_.as_ref());
    // A rollout says more than that nodes are ready.
    let rollout = [NodePoolConditionType::UpdatingVersion, NodePoolConditionType::UpdatingConfig];
    let rollout = rollout.into_iter().filter_map(find).find(|condition| condition.status == "True");
    let telling = rollout.or_else(|| find(NodePoolConditionType::Ready));
    Pool {
        name: pool.name_any(),
        desired: pool.spec.replicas.unwrap_or_default(),
        current: status.replicas.unwrap_or_default(),
        version: status.version.unwrap_or_default(),
        message: telling.and_then(|condition| condition.message.clone()).unwrap_or_default(),
    }
}

fn host_line(host: &Host) -> HostLine {
    let status = host.status.clone().unwrap_or_default();
    let update = status.update.as_ref().map(HostUpdate::in_words);
    HostLine {
        name: host.name_any(),
        node_pool: host.spec.node_pool.clone(),
        stage: status.stage.map(|stage| stage.to_string()).unwrap_or_default(),
        version: status.kubelet_version.unwrap_or_default(),
        address: host::address(host),
        message: update.or(status.message).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
