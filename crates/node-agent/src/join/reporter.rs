//! Tells the management side how far this host is, beside the work and never in its way.

use std::{collections::BTreeMap, time::Duration};

use hoist_node_config::{
    HostFacts, Stage,
    join::{Failure, Report},
};
use tokio::{sync::mpsc, task::JoinHandle};
use tracing::warn;

use super::Times;
use crate::{cause::Cause, server, state::State};

/// A report that is not there by then is not worth waiting for.
const FLUSH_DEADLINE: Duration = Duration::from_secs(5);

/// Sends reports in order.
pub(super) struct Reporter {
    sender: Option<mpsc::UnboundedSender<Report>>,
    task: Option<JoinHandle<()>>,
    base: BTreeMap<String, String>,
}

impl Reporter {
    /// One that has nobody to report to yet.
    pub(super) fn silent() -> Self {
        Self { sender: None, task: None, base: BTreeMap::new() }
    }

    /// One that reports for this host.
    pub(super) fn start(state: &State, facts: &HostFacts) -> Result<Self, server::Error> {
        let server = state.server()?;
        let (name, token) = (state.this_host.node_name.clone(), state.report_token.clone());
        let (sender, mut reports) = mpsc::unbounded_channel::<Report>();
        let task = tokio::spawn(async move {
            while let Some(report) = reports.recv().await {
                if let Err(cause) = server.report(&name, &token, &report).await {
                    warn!(stage = %report.stage, %cause, "not reported");
                }
            }
        });
        let base = BTreeMap::from([
            ("kernel".to_owned(), facts.kernel.clone()),
            ("os".to_owned(), facts.os_release.pretty_name.clone()),
        ]);
        Ok(Self { sender: Some(sender), task: Some(task), base })
    }

    /// A stage was finished.
    pub(super) fn reached(&self, stage: Stage, times: &Times, joined: &State) {
        let mut versions = self.base.clone();
        versions.extend(joined.versions.clone());
        let revision = joined.revision.clone();
        self.send(Report {
            stage,
            failed_stage: None,
            failure: None,
            times: times.clone(),
            versions,
            revision,
            last_repair: None,
        });
    }

    /// The join stopped.
    pub(super) fn failed(&self, stage: Stage, cause: &Cause, times: &Times) {
        self.send(Report {
            stage: Stage::Failed,
            failed_stage: Some(stage),
            failure: Some(Failure { cause: cause.cause.clone(), next_step: cause.next_step.clone() }),
            times: times.clone(),
            versions: self.base.clone(),
            revision: None,
            last_repair: None,
        });
    }

    fn send(&self, report: Report) {
        if let Some(sender) = &self.sender {
            // The task ends only with the sender.
            let _ = sender.send(report);
        }
    }

    /// Waits, not for long, until everything was sent.
    pub(super) async fn flush(self) {
        drop(self.sender);
        if let Some(task) = self.task {
            let _ = tokio::time::timeout(FLUSH_DEADLINE, task).await;
        }
    }
}
