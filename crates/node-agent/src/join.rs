//! Join: from a plain host to a Ready node, in stages that can each be interrupted and gone on with.
//!
//! Running it again is always right: what is done is recognised by what lies on the host, not by a memory of having done it.

mod contact;
mod identity;
mod reporter;
pub(crate) mod services;

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use hoist_host::{
    HostRoot, facts,
    preflight::{self, INJECT, Needs, Readings},
    prepare,
    undo::Journal,
};
use hoist_node_config::{HostFacts, NodeConfig, Stage, paths};

use crate::{
    api::ClusterApi,
    arguments::JoinArguments,
    cause::Cause,
    key, lock, pause_image, payload,
    progress::{Progress, checks_line, say},
    proxy,
    server::Server,
    state::{self, State},
};
use contact::Target;
use reporter::Reporter;
pub(crate) use services::node_api;

/// A credential that ends sooner is not begun with.
const LEAST_VALIDITY: jiff::SignedDuration = jiff::SignedDuration::from_secs(60);
/// How long a cluster that just started may take to have what nodes read.
const CONTENT_DEADLINE: Duration = Duration::from_secs(60);
/// How long an API that does not answer at all is tried.
const UNREACHABLE_DEADLINE: Duration = Duration::from_secs(10);

/// Where and why a join stopped.
struct Stopped {
    stage: Stage,
    cause: Cause,
}

fn at(stage: Stage) -> impl Fn(Cause) -> Stopped {
    move |cause| Stopped { stage, cause }
}

/// Runs the join; prints as it goes and ends with the truth.
pub(crate) async fn join(arguments: &JoinArguments) -> ExitCode {
    let mut progress = Progress::new();
    let mut reporter = Reporter::silent();
    let outcome = stages(arguments, &mut progress, &mut reporter).await;
    let code = match outcome {
        Ok(state) => {
            progress.succeeded(&format!(
                "Joined: node {} of cluster {} (NodePool {}) is Ready",
                state.this_host.node_name, state.cluster, state.node_pool
            ));
            say("  see how it is doing with `hoist-node status`, leave with `hoist-node leave`");
            ExitCode::SUCCESS
        }
        Err(Stopped { stage, cause }) => {
            progress.failed("Not joined", stage, &cause);
            reporter.failed(stage, &cause, progress.times());
            ExitCode::FAILURE
        }
    };
    reporter.flush().await;
    code
}

async fn stages(arguments: &JoinArguments, progress: &mut Progress, reporter: &mut Reporter) -> Result<State, Stopped> {
    let contacted = at(Stage::Contacted);
    if !nix::unistd::geteuid().is_root() {
        let cause =
            Cause::new("not running as root, which a node needs", "run the same line as root, for example with sudo");
        return Err(Stopped { stage: Stage::Preflight, cause });
    }
    let root = HostRoot::this_host();
    let _lock = lock::take("hoist-node join", Duration::ZERO).await.map_err(&contacted)?;
    let earlier = State::load(&root).map_err(&contacted)?;
    let target = Target::of(arguments, earlier.as_ref()).map_err(&contacted)?;
    let proxy = proxy::from_environment().or_else(|| earlier.as_ref().and_then(|state| state.this_host.proxy.clone()));
    let server = Server::new(&target.url, &target.cluster, target.pin, proxy.as_ref())
        .map_err(|error| contacted(error.cause()))?;
    say(format!("Joining cluster {} through {}", target.cluster, target.url));
    let skew = server.contact().await.map_err(|error| contacted(error.cause()))?;
    let this_host = identity::this_host(arguments, earlier.as_ref(), &target, proxy).map_err(&contacted)?;
    progress
        .done(Stage::Contacted, &format!("the server has the pinned key; this host is node {}", this_host.node_name));

    let preflight_stage = at(Stage::Preflight);
    let mut facts = facts::detect(&root);
    facts.swap_allowed = arguments.allow_swap || earlier.as_ref().is_some_and(|state| state.swap_allowed);
    let needs = Needs {
        swap_allowed: facts.swap_allowed,
        is_resumed: earlier.as_ref().is_some_and(|state| state.stage >= Stage::Credential),
        node_name: this_host.node_name.clone(),
    };
    let checks = preflight::run(&readings(&facts, skew).map_err(&preflight_stage)?, &needs);
    progress.checks(&checks);
    let failure = preflight::summary(&checks).map(|(cause, next_step)| Cause { cause, next_step });
    let mut journal =
        Journal::open(&root).map_err(|cause| preflight_stage(Cause::of(&cause, "check /var/lib/hoist/node")))?;
    let is_unknown = earlier.is_none() && !root.path(paths::BOOTSTRAP_KEY).exists();
    if earlier.is_none() {
        prepare::record(&root, &mut journal)
            .map_err(|cause| preflight_stage(Cause::of(&cause, "check that /var/lib is writable")))?;
    }
    let host_key = key::load_or_make(&root).map_err(&preflight_stage)?;
    if failure.is_none() {
        progress.done(Stage::Preflight, &checks_line(&checks));
    }

    let credential_stage = at(Stage::Credential);
    let mut state = match reusable(earlier, &root, &target) {
        Some(state) if failure.is_none() => state,
        earlier => {
            let contact = contact::Contact {
                server: &server,
                target: &target,
                this_host: &this_host,
                facts: &facts,
                request_pem: &host_key.request_pem,
                failure: failure.clone(),
            };
            let enrolled = contact.enroll(earlier, progress).await;
            if is_unknown && enrolled.as_ref().is_err_and(|refused| refused.is_rejection) {
                forget(&mut journal).map_err(&credential_stage)?;
            }
            // A host that cannot be told of must still hear why it was not taken.
            match (enrolled, failure.clone()) {
                (_, Some(cause)) => return Err(preflight_stage(cause)),
                (enrolled, None) => enrolled.map_err(|refused| credential_stage(refused.cause))?,
            }
        }
    };
    state.save(&root).map_err(&credential_stage)?;
    *reporter = Reporter::start(&state, &facts).map_err(|error| credential_stage(error.cause()))?;
    let (config, pull_secret) =
        configuration(&root, &state, &host_key.key_pem, progress).await.map_err(&credential_stage)?;
    state::save_config(&root, &config).map_err(&credential_stage)?;
    progress
        .done(Stage::Credential, &format!("NodePool {}, Kubernetes {}", state.node_pool, config.kubernetes_version));
    finish(&mut state, &root, Stage::Credential, progress, reporter).map_err(&credential_stage)?;

    let payload_stage = at(Stage::Payload);
    prepare::folders(&root)
        .map_err(|cause| payload_stage(Cause::of(&cause, "check the space and rights of /opt and /var")))?;
    let payload = payload::fetch(&root, &config, &pull_secret, state.this_host.proxy.as_ref(), progress)
        .await
        .map_err(&payload_stage)?;
    let mut changed_programs = payload.install(&root).map_err(&payload_stage)?;
    if services::install_agent(&root).map_err(&payload_stage)? {
        changed_programs.push("hoist-node");
    }
    state.versions = payload.versions();
    progress.done(Stage::Payload, &format!("verified against {}", payload.release.reference));
    finish(&mut state, &root, Stage::Payload, progress, reporter).map_err(&payload_stage)?;

    let runtime_stage = at(Stage::Runtime);
    let (pause, key) = payload.pause();
    let sandbox_image = pause_image::name(&key);
    let node = services::Node { root: &root, config: &config, facts: &facts, sandbox_image: &sandbox_image };
    node.start(&mut state, &mut journal, &pull_secret, &host_key.key_pem, &changed_programs).map_err(&runtime_stage)?;
    services::await_containerd().await.map_err(&runtime_stage)?;
    pause_image::import(&root, &pause, &sandbox_image).await.map_err(&runtime_stage)?;
    progress.done(Stage::Runtime, "containerd answers");
    finish(&mut state, &root, Stage::Runtime, progress, reporter).map_err(&runtime_stage)?;

    let kubelet_stage = at(Stage::Kubelet);
    services::await_certificate(&root, progress).await.map_err(&kubelet_stage)?;
    progress.done(Stage::Kubelet, "kubelet has its own certificate");
    finish(&mut state, &root, Stage::Kubelet, progress, reporter).map_err(&kubelet_stage)?;

    let ready_stage = at(Stage::NodeReady);
    services::await_ready(&root, &config, &state.this_host.node_name, progress).await.map_err(&ready_stage)?;
    progress.done(Stage::NodeReady, "the node is Ready");
    finish(&mut state, &root, Stage::NodeReady, progress, reporter).map_err(&ready_stage)?;

    let joined_stage = at(Stage::Joined);
    // From here on kubelet renews its certificate with itself.
    state.credential = None;
    state.revision = Some(config.revision.clone()).filter(|revision| !revision.is_empty());
    root.remove(paths::KUBELET_BOOTSTRAP_KUBECONFIG)
        .map_err(|cause| joined_stage(Cause::of(&cause, "run the same line again")))?;
    finish(&mut state, &root, Stage::Joined, progress, reporter).map_err(&joined_stage)?;
    Ok(state)
}

/// Takes away what a join that was turned down wrote: nobody will ever ask for it.
fn forget(journal: &mut Journal) -> Result<(), Cause> {
    let failed = journal.undo().map_err(|cause| Cause::of(&cause, "remove /var/lib/hoist by hand"))?;
    lock::remove();
    match failed.first() {
        None => Ok(()),
        Some(first) => Err(Cause::new(
            format!("this host was turned down, and {:?} could not be undone: {}", first.step, first.cause),
            "correct that, then make a new line with `hcp create join-command`",
        )),
    }
}

/// Notes a finished stage here and on the management side.
fn finish(
    state: &mut State,
    root: &HostRoot,
    reached: Stage,
    progress: &Progress,
    reporter: &Reporter,
) -> Result<(), Cause> {
    state.stage = reached;
    state.save(root)?;
    reporter.reached(reached, progress.times(), state);
    Ok(())
}

fn readings(facts: &HostFacts, skew: Option<i64>) -> Result<Readings, Cause> {
    let mut readings = Readings::take(facts, skew);
    if let Ok(injection) = std::env::var(INJECT) {
        readings.inject(&injection).map_err(|cause| Cause::of(&cause, format!("correct or unset {INJECT}")))?;
    }
    Ok(readings)
}

/// An earlier enrolment that still opens the API: by kubelet's own certificate or by a credential with time left.
fn reusable(earlier: Option<State>, root: &HostRoot, target: &Target) -> Option<State> {
    let state = earlier?;
    let is_same = state.cluster == target.cluster && state.ca_pin == target.pin;
    let has_certificate = root.path(paths::KUBELET_CLIENT_CERTIFICATE).exists();
    let has_time = state.credential.as_ref().is_some_and(|credential| {
        let ends = credential.not_after.parse::<jiff::Timestamp>();
        ends.is_ok_and(|ends| ends.duration_since(jiff::Timestamp::now()) > LEAST_VALIDITY)
    });
    (is_same && (has_certificate || has_time)).then_some(state)
}

/// What the cluster wants of its nodes: read with the credential, or remembered where that has served its time.
async fn configuration(
    root: &HostRoot,
    state: &State,
    key_pem: &str,
    progress: &Progress,
) -> Result<(NodeConfig, Vec<u8>), Cause> {
    let Some(credential) = &state.credential else {
        let remembered = state::load_config(root)?;
        let pull_secret = root.read(paths::KUBELET_PULL_CREDENTIALS).unwrap_or_default();
        return match (remembered, pull_secret) {
            (Some(config), Some(pull_secret)) => Ok((config, pull_secret.into_bytes())),
            _ => Err(Cause::new(
                "this host has lost its node configuration",
                "run `hoist-node leave --force` and join again",
            )),
        };
    };
    let api = ClusterApi::new(
        &credential.api_endpoints,
        &credential.certificate_authority_pem,
        &credential.certificate_pem,
        key_pem,
        state.this_host.proxy.as_ref(),
    )
    .map_err(|cause| Cause::of(&cause, "run the same line again"))?;
    let started = std::time::Instant::now();
    let mut told = false;
    loop {
        let read = async { Ok((api.node_config(&state.node_pool).await?, api.pull_secret().await?)) };
        let error: crate::api::Error = match read.await {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        let patience = match error {
            crate::api::Error::Unreachable { .. } => UNREACHABLE_DEADLINE,
            _ => CONTENT_DEADLINE,
        };
        if !error.may_pass() || started.elapsed() > patience {
            return Err(Cause::of(
                &error,
                "check that the published address of the API is reachable from this host and that the cluster is Available (`hcp status`)",
            ));
        }
        if !told && started.elapsed() > Duration::from_secs(3) {
            progress.note(&format!("waiting: {error}"));
            told = true;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Times by stage, as reports carry them.
type Times = BTreeMap<String, u64>;
