//! Update: from one release or configuration to another, while the host stays a node, or comes back as a new one. A repair is an
//! update to what should run already.
//!
//! Everything is fetched and verified before anything changes. From then on a record on disk says what ran before: an update
//! that is killed is gone on with by the next one, and one whose kubelet does not come up is taken back.

mod record;
mod services;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use hoist_host::{HostRoot, facts, prepare, undo::Journal};
use hoist_node_config::{
    HostFacts, NodeConfig, Stage,
    join::{Failure, Report},
    paths,
};

use crate::{
    arguments::UpdateArguments,
    cause::{Cause, chain},
    host_configuration,
    join::node_api,
    lock, pause_image, payload,
    payload::Payload,
    progress::{Progress, say},
    state::{self, State},
};
use record::Record;

/// An update that is at work is waited for this long: it ends before.
const LOCK_PATIENCE: Duration = Duration::from_secs(20 * 60);
/// How long the hosted cluster may take to hold the configuration that was ordered, and its API to answer.
const CONTENT_DEADLINE: Duration = Duration::from_secs(60);
/// How often a result is told, and the pause between.
const TELLINGS: u32 = 5;
const TELL_AGAIN: Duration = Duration::from_secs(2);
const REPORT: &str =
    "see `hoist-node status` and /var/log/hoist on the host; run its join line again when that is mended";

/// How an update ended.
enum Ended {
    /// The host runs what it shall.
    Updated,
    /// It runs what it ran before.
    NotUpdated(Cause),
    /// It runs neither as it should.
    Broken(Cause),
}

/// Whether an update was begun and is not over, with what it leads to.
pub(crate) fn unfinished(root: &HostRoot) -> Option<UpdateArguments> {
    let record = Record::load(root).ok().flatten()?;
    Some(UpdateArguments { revision: record.revision, replace: record.replace, repair: record.repair })
}

/// Runs the update, tells the cluster how it ended, and ends with the truth.
pub(crate) async fn update(arguments: &UpdateArguments) -> ExitCode {
    let root = HostRoot::this_host();
    match run(&root, arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            tracing::error!(%cause, revision = arguments.revision, "not updated");
            say(format!("Not updated: {cause}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(root: &HostRoot, arguments: &UpdateArguments) -> Result<(), Cause> {
    let _lock = lock::take("hoist-node update", LOCK_PATIENCE).await?;
    let state = State::load(root)?.filter(|state| state.stage == Stage::Joined);
    let state = state.ok_or_else(|| Cause::new("this host is no node", "join it first"))?;
    let mut update = Update {
        root,
        facts: HostFacts { swap_allowed: state.swap_allowed, ..facts::detect(root) },
        journal: Journal::open(root).map_err(|cause| Cause::of(&cause, "check /var/lib/hoist/node"))?,
        state,
        progress: Progress::new(),
    };
    let ended = update.go(arguments).await?;
    update.tell(&ended).await;
    match ended {
        Ended::Updated => Ok(()),
        Ended::NotUpdated(cause) | Ended::Broken(cause) => Err(cause),
    }
}

struct Update<'a> {
    root: &'a HostRoot,
    state: State,
    facts: HostFacts,
    journal: Journal,
    progress: Progress,
}

impl Update<'_> {
    /// An error means that nothing was decided: the same update is to be tried again.
    async fn go(&mut self, arguments: &UpdateArguments) -> Result<Ended, Cause> {
        let record = Record::load(self.root)?;
        if let Some(record) = record.as_ref().filter(|record| record.failure.is_some()) {
            return self.put_back(record).await;
        }
        let is_there = self.state.revision.as_ref() == Some(&arguments.revision)
            && (arguments.repair.is_none() || self.state.last_repair == arguments.repair);
        if is_there && record.as_ref().is_none_or(|record| record.revision == arguments.revision) {
            // Killed before it could say so, or asked twice.
            Record::remove(self.root)?;
            return Ok(Ended::Updated);
        }
        // What runs is what the last join or update left; in the middle of an update, what it came from.
        let remembered = state::load_config(self.root)?;
        let current = remembered.ok_or_else(|| Cause::new("this host has lost its node configuration", REPORT))?;
        let (wanted, pull_secret) = self.wanted(&current, &arguments.revision).await?;
        tracing::info!(
            revision = wanted.revision,
            version = wanted.kubernetes_version,
            arguments.replace,
            arguments.repair,
            "the update begins"
        );
        self.report(Stage::Updating, None, 1).await;
        let payload = match self.fetch(&wanted, &pull_secret).await {
            Ok(payload) => payload,
            Err(cause) => return self.not_fetched(record, cause).await,
        };
        let record = if let Some(record) = record {
            // The cluster may want something else by now; what ran before is the same.
            let UpdateArguments { replace, repair, .. } = arguments.clone();
            Record { revision: wanted.revision.clone(), replace, repair, ..record }
        } else {
            record::keep_programs(self.root)?;
            Record {
                revision: wanted.revision.clone(),
                replace: arguments.replace,
                repair: arguments.repair.clone(),
                previous: current,
                previous_sandbox: record::sandbox_image(self.root)?,
                failure: None,
            }
        };
        record.save(self.root)?;
        tracing::info!("everything is there; what runs is changed");
        match self.change(&record, &wanted, &pull_secret, &payload).await {
            Ok(()) => {
                self.state.revision = Some(wanted.revision.clone());
                self.state.versions = payload.versions();
                self.state.last_repair = record.repair.or(self.state.last_repair.take());
                self.state.save(self.root)?;
                Record::remove(self.root)?;
                tracing::info!("the node is Ready");
                Ok(Ended::Updated)
            }
            Err(cause) => {
                let record = Record { failure: Some((cause.cause, cause.next_step)), ..record };
                record.save(self.root)?;
                self.put_back(&record).await
            }
        }
    }

    /// The configuration that was ordered, as the hosted cluster holds it, and its pull secret.
    async fn wanted(&self, current: &NodeConfig, revision: &str) -> Result<(NodeConfig, Vec<u8>), Cause> {
        let api = node_api(self.root, current)?;
        let started = Instant::now();
        loop {
            let read = async {
                let config = api.node_config(&self.state.node_pool).await?;
                host_configuration::fetch(self.root, &api, &config).await?;
                Ok((config, api.pull_secret().await?))
            };
            let cause = match read.await {
                Ok((config, pull_secret)) if config.revision == revision => return Ok((config, pull_secret)),
                Ok((config, _)) => format!("the hosted cluster holds revision {:?}, not {revision:?}", config.revision),
                Err::<_, crate::api::Error>(error) => chain(&error),
            };
            if started.elapsed() > CONTENT_DEADLINE {
                return Err(Cause::new(cause, "it is tried again as long as it is ordered"));
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    async fn fetch(&self, config: &NodeConfig, pull_secret: &[u8]) -> Result<Payload, Cause> {
        prepare::folders(self.root)
            .map_err(|cause| Cause::of(&cause, "check the space and rights of /opt and /var"))?;
        // A host that cannot have what its pool configures now keeps what it has.
        host_configuration::check(self.root, &self.facts, config)?;
        let next_step = "check the registry, the cluster's pull secret and this host's way to the registry";
        payload::fetch(self.root, config, pull_secret, self.state.this_host.proxy.as_ref(), &self.progress)
            .await
            .map_err(|cause| Cause::new(cause.cause, next_step))
    }

    /// Nothing has changed yet, unless an earlier run of this update changed it.
    async fn not_fetched(&mut self, record: Option<Record>, cause: Cause) -> Result<Ended, Cause> {
        match record {
            None => Ok(Ended::NotUpdated(cause)),
            Some(record) => {
                let record = Record { failure: Some((cause.cause, cause.next_step)), ..record };
                record.save(self.root)?;
                self.put_back(&record).await
            }
        }
    }

    async fn change(
        &mut self,
        record: &Record,
        config: &NodeConfig,
        pull_secret: &[u8],
        payload: &Payload,
    ) -> Result<(), Cause> {
        if record.replace {
            services::empty(self.root)?;
        }
        let changed = payload.install(self.root)?;
        let (pause, key) = payload.pause();
        let sandbox = pause_image::name(&key);
        let started = self.start(config, &sandbox, pull_secret, &changed)?;
        crate::join::services::await_containerd().await?;
        pause_image::import(self.root, &pause, &sandbox).await?;
        services::await_node(self.root, config, &self.state.this_host.node_name, started, record.replace).await
    }

    /// Brings up what ran before, from what lies on this host.
    async fn put_back(&mut self, record: &Record) -> Result<Ended, Cause> {
        let (cause, next_step) = record.failure.clone().unwrap_or_default();
        let version = &record.previous.kubernetes_version;
        tracing::warn!(cause, version, "what ran before is put back");
        let outcome = self.bring_up_previous(record).await;
        Record::remove(self.root)?;
        Ok(match outcome {
            Ok(()) => {
                Ended::NotUpdated(Cause::new(format!("Kubernetes {version} was put back and runs: {cause}"), next_step))
            }
            Err(second) => Ended::Broken(Cause::new(
                format!("Kubernetes {version}, put back, does not come up either ({}): {cause}", second.cause),
                REPORT,
            )),
        })
    }

    async fn bring_up_previous(&mut self, record: &Record) -> Result<(), Cause> {
        let changed = record::put_programs_back(self.root)?;
        let changed: Vec<&str> = changed.iter().map(String::as_str).collect();
        let pull_secret = self.root.read(paths::KUBELET_PULL_CREDENTIALS).ok().flatten().unwrap_or_default();
        let started = self.start(&record.previous, &record.previous_sandbox, pull_secret.as_bytes(), &changed)?;
        crate::join::services::await_containerd().await?;
        if let Some(program) = record::sandbox_program(self.root, &record.previous_sandbox) {
            pause_image::import(self.root, &program, &record.previous_sandbox).await?;
        }
        let name = &self.state.this_host.node_name;
        services::await_node(self.root, &record.previous, name, started, record.replace).await
    }

    /// Starts everything with this configuration. Returns when kubelet was told to start anew.
    fn start(
        &mut self,
        config: &NodeConfig,
        sandbox_image: &str,
        pull_secret: &[u8],
        changed_programs: &[&str],
    ) -> Result<jiff::Timestamp, Cause> {
        state::save_config(self.root, config)?;
        let node = crate::join::services::Node { root: self.root, config, facts: &self.facts, sandbox_image };
        let started = jiff::Timestamp::now();
        // The key is for a first contact only, which was long ago.
        node.start(&mut self.state, &mut self.journal, pull_secret, "", changed_programs)?;
        services::restart_kubelet(self.root)?;
        Ok(started)
    }

    async fn tell(&self, ended: &Ended) {
        match ended {
            Ended::Updated => self.report(Stage::Joined, None, TELLINGS).await,
            Ended::NotUpdated(cause) => self.report(Stage::Joined, Some(cause), TELLINGS).await,
            Ended::Broken(cause) => self.report(Stage::Failed, Some(cause), TELLINGS).await,
        }
    }

    /// A result that could not be told is told when the order, which stands until then, comes again.
    async fn report(&self, stage: Stage, failure: Option<&Cause>, tellings: u32) {
        let report = Report {
            stage,
            failed_stage: failure.map(|_| Stage::Updating),
            failure: failure.map(|cause| Failure { cause: cause.cause.clone(), next_step: cause.next_step.clone() }),
            times: self.progress.times().clone(),
            versions: self.state.versions.clone(),
            revision: self.state.revision.clone(),
            last_repair: self.state.last_repair.clone(),
        };
        let name = &self.state.this_host.node_name;
        for telling in 1..=tellings {
            let told = match self.state.server() {
                Ok(server) => server.report(name, &self.state.report_token, &report).await,
                Err(cause) => Err(cause),
            };
            match told {
                Ok(()) => return,
                Err(cause) => tracing::warn!(%stage, %cause, "not reported"),
            }
            if telling < tellings {
                tokio::time::sleep(TELL_AGAIN).await;
            }
        }
    }
}
