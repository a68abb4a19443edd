//! The cases in the order in which they build on each other; a file a theme.

mod admission;
mod agent;
mod api_rules;
mod bad_input;
mod break_glass;
mod cluster_commands;
mod cluster_operators;
mod command_line;
mod conditions;
mod configuration;
mod control_plane_faults;
mod create;
mod faults;
mod host_configuration;
mod instances;
mod join;
mod join_faults;
mod keys;
mod leaving;
mod local;
mod operations;
mod other_management;
mod repair;
mod requests;
mod rollout;
mod routes;
mod serving_certificates;
mod tokens;
mod traces;
mod unheard;
mod uninstall;
mod wrong_manifests;

use hoist_e2e::world::World;

/// One case.
pub struct Case {
    /// A sentence.
    pub name: &'static str,
    /// What it does; an error is a failure.
    pub run: fn(&mut World) -> anyhow::Result<()>,
    /// Whether the cases that follow cannot run without it.
    pub decisive: bool,
    /// Neighbours of different lanes run at the same time, those of one lane in order.
    pub lane: Option<&'static str>,
}

impl Case {
    const fn new(name: &'static str, run: fn(&mut World) -> anyhow::Result<()>) -> Self {
        Self { name, run, decisive: false, lane: None }
    }

    const fn decisive(name: &'static str, run: fn(&mut World) -> anyhow::Result<()>) -> Self {
        Self { name, run, decisive: true, lane: None }
    }

    const fn beside(lane: &'static str, name: &'static str, run: fn(&mut World) -> anyhow::Result<()>) -> Self {
        Self { name, run, decisive: false, lane: Some(lane) }
    }
}

/// All cases.
pub fn all() -> Vec<Case> {
    vec![
        Case::new("traces: the comparison sees whatever is left", traces::comparison_sees_everything),
        Case::new("traces: a packet of the instance's ranges on lo is counted", traces::counter_counts),
        Case::decisive("local: up brings every part to ready", local::up),
        Case::new("local: a second up changes nothing", local::up_again),
        Case::new("local: a lock names its holder", command_line::lock_names_its_holder),
        Case::new("local: a service for the machine's start, or a clear refusal", command_line::service),
        Case::decisive("install: the operator becomes available", create::install),
        Case::new("local: what needs root says so, and the rest works without", command_line::without_root),
        Case::new("bad input: refused by the command line before anything is created", bad_input::refused_by_the_cli),
        Case::decisive("create: the hosted API answers with the Secret's kubeconfig", create::create),
        Case::new("create: conditions, columns and pods are as promised with zero nodes", create::zero_nodes),
        Case::new("parts: ClusterOperators say what waits for nodes", cluster_operators::without_nodes),
        Case::new("create: Secrets are encrypted at rest", create::encrypted_at_rest),
        Case::new("api: every rule of the API holds, in its own words", api_rules::hold),
        Case::new("install: what is rendered is what is installed", operations::render),
        Case::new("install: another operator leaves the hosted cluster alone", operations::install_again),
        Case::new("api: objects that nothing acts upon say so", operations::unserved),
        Case::new("install: alerts come where their kinds are served", operations::monitoring),
        Case::new(
            "create: what every platform renders is taken by the API server",
            cluster_commands::rendered_is_taken,
        ),
        Case::new("nodepool: created, refused and destroyed by the command line", cluster_commands::node_pools),
        Case::new("kubeconfig: --port-forward reaches the hosted API", cluster_commands::port_forward),
        Case::new("conditions: no default StorageClass is told and heals", conditions::no_default_storage_class),
        Case::beside(
            "demo",
            "configuration: what is honoured reaches the API server, what is not is told",
            configuration::honoured,
        ),
        Case::beside("demo", "keys: another key reaches everything that is stored", keys::rotated),
        Case::beside(
            "demo",
            "break-glass: a certificate is signed, works, and is taken back",
            break_glass::used_and_revoked,
        ),
        Case::beside(
            "demo",
            "serving certificates: one's own is shown under its name alone",
            serving_certificates::shown,
        ),
        Case::beside("demo", "admission: what the HostedCluster decides is not changed inside", admission::guarded),
        Case::beside("wrong", "bad input: a condition says it within 15 s", bad_input::told_by_a_condition),
        Case::beside(
            "wrong",
            "bad input: wrong manifests are refused or told within 15 s",
            wrong_manifests::told_by_conditions,
        ),
        Case::beside("nodes", "conditions: HighlyAvailable names the missing nodes", conditions::too_few_nodes),
        Case::beside(
            "secret",
            "conditions: a changed pull secret is copied within 15 s",
            conditions::changed_pull_secret,
        ),
        Case::beside(
            "disk",
            "faults: disk full under etcd is told, and nothing is lost",
            control_plane_faults::disk_full,
        ),
        Case::new("conditions: unschedulable, image not pullable, registry away", conditions::registry_away),
        Case::new("bad input: the operator cannot read Secrets it must not", bad_input::rights_of_the_operator),
        Case::new("join: wrong, revoked, used-up tokens and a wrong pin are refused", join::bad_tokens),
        Case::decisive("join: two plain hosts become Ready nodes", join::two_hosts),
        Case::new("join: web pods on both hosts answer through a Service by name", join::web_pods),
        Case::new(
            "parts: ClusterOperators are well with nodes, and one whose pods go is not",
            cluster_operators::with_nodes,
        ),
        Case::new("join: logs and exec go through konnectivity", join::logs_and_exec),
        Case::new("dump: both clusters, and no secret", operations::dump),
        Case::new("join: a second run of the join line changes nothing", join::join_again),
        Case::new(
            "update: pools move from 1.35 to 1.36 host by host, in place and anew, and a workload stays reachable",
            rollout::one_after_the_other,
        ),
        Case::beside(
            "configured",
            "configuration of hosts: what a pool wants is there, and gone with it",
            host_configuration::of_hosts,
        ),
        Case::beside(
            "requests",
            "requests: foreign ones and extra names stay pending and are reported",
            requests::foreign,
        ),
        Case::beside(
            "requests",
            "requests: a credential is worth nothing with another key",
            requests::replayed_credential,
        ),
        Case::beside(
            "requests",
            "requests: a Node of somebody else cannot be taken over by its name",
            requests::taken_node_name,
        ),
        Case::beside("twins", "join: failed checks are told, an unknown distribution joins", join_faults::preflight),
        Case::beside("twins", "join: a second host of the same name is told of the first", join_faults::same_name),
        Case::beside(
            "tokens",
            "tokens: expired, foreign, revoked and wrong ones get one answer",
            tokens::good_for_nothing,
        ),
        Case::beside(
            "twins",
            "join: goes on after the network was lost and after it was killed",
            join_faults::interrupted,
        ),
        Case::beside("agent", "agent: a control plane is served, and a host joins it", agent::served),
        Case::beside("routes", "routes: a cluster behind the router, known by its names alone", routes::by_name),
        Case::beside("unheard", "faults: nodes of an API that was away are not taken for lost", unheard::not_lost),
        Case::beside("proxy", "join: a host behind an HTTPS proxy", join_faults::behind_a_proxy),
        Case::beside("repair", "repair: a broken host comes back as a new node, a lost one is told", repair::by_itself),
        Case::new("faults: the management API away for a minute", control_plane_faults::management_api_away),
        Case::new("leave: a dead machine is removed", join_faults::dead_machine),
        Case::new("faults: any process killed inside a host is back within 5 s", faults::killed_processes),
        Case::new("faults: etcd and kube-apiserver killed come back with all data", faults::control_plane_killed),
        Case::new("faults: the operator killed at any moment", faults::operator_killed),
        Case::new("faults: a worker rebooted comes back", faults::worker_rebooted),
        Case::new("faults: everything killed, up brings back the same cluster", faults::everything_killed),
        Case::new("join: leave restores the host", join::leave),
        Case::new("leave: hcp remove host drains, removes the Node and restores the host", leaving::remove_host),
        Case::new("leave: a host that is stopped stays off until it is started", leaving::stop_and_start),
        Case::new("install: on an older Kubernetes that is none of ours", other_management::older),
        Case::new("uninstall: refused while a hosted cluster exists", uninstall::refused),
        Case::new("instances: a second one beside the first, killed and taken down", instances::side_by_side),
        Case::new("destroy: hosts are plain again, a silent one when it comes back", create::destroy),
        Case::new("uninstall: leaves nothing on the management cluster", uninstall::leaves_nothing),
        Case::new("traces: no packet of the instance's ranges was seen outside", traces::no_packet_outside),
    ]
}
