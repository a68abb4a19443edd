//! `explain`: what conditions and reasons mean.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use hoist_api::explanations::{self, CONDITIONS, Condition, NODE_POOL_CONDITIONS, REASONS, Reason, Well};
use serde::Serialize;

use crate::args::output::OutputFlags;
use crate::commands::Context;
use crate::failure::usage;
use crate::printer::Table;

const OF_CLUSTERS: &str = "HostedCluster";
const OF_POOLS: &str = "NodePool";

/// `explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp explain                              all conditions
  hcp explain EtcdAvailable                what it means, and each reason it may have
  hcp explain Unschedulable                what a reason means, and what to do")]
pub struct ExplainArguments {
    /// Condition type or reason, in any case; all conditions when left out
    #[arg(value_name = "CONDITION")]
    subject: Option<String>,
    #[command(flatten)]
    output: OutputFlags,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExplainedCondition {
    condition: &'static str,
    of: &'static str,
    when_all_is_well: &'static str,
    meaning: &'static str,
    reasons: Vec<ExplainedReason>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExplainedReason {
    reason: &'static str,
    meaning: &'static str,
    next: &'static str,
}

/// Runs `explain`.
pub fn explain(arguments: &ExplainArguments, context: &Context) -> Result<()> {
    let (printer, output) = (&context.printer, arguments.output.output);
    let Some(subject) = &arguments.subject else {
        let all: Vec<ExplainedCondition> = CONDITIONS
            .iter()
            .map(|condition| explained(OF_CLUSTERS, condition))
            .chain(NODE_POOL_CONDITIONS.iter().map(|condition| explained(OF_POOLS, condition)))
            .collect();
        return printer.document(output, &all, || overview(&all));
    };
    // As `status` and `kubectl wait` write it.
    let name = subject.split_once('=').map_or(subject.as_str(), |(type_, _)| type_);
    let found: Vec<ExplainedCondition> = [
        explanations::condition(name).map(|condition| explained(OF_CLUSTERS, condition)),
        explanations::node_pool_condition(name).map(|condition| explained(OF_POOLS, condition)),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !found.is_empty() {
        return printer.document(output, &found, || found.iter().map(screen).collect::<Vec<_>>().join("\n"));
    }
    match explanations::reason(name) {
        Some(reason) => {
            let reason = ExplainedReason::from(reason);
            printer.document(output, &reason, || reason_text(&reason, 0))
        }
        None => Err(unknown(name, context.invocation.name())),
    }
}

fn explained(of: &'static str, condition: &Condition) -> ExplainedCondition {
    let reasons = condition.reasons.iter().filter_map(|name| explanations::reason(name)).map(ExplainedReason::from);
    ExplainedCondition {
        condition: condition.type_,
        of,
        when_all_is_well: match condition.well {
            Well::True => "True",
            Well::False => "False",
            Well::Either => "True or False",
        },
        meaning: condition.meaning,
        reasons: reasons.collect(),
    }
}

impl From<&Reason> for ExplainedReason {
    fn from(reason: &Reason) -> Self {
        Self { reason: reason.reason, meaning: reason.meaning, next: reason.next }
    }
}

fn overview(all: &[ExplainedCondition]) -> String {
    let mut table = Table::new(&["CONDITION", "OF", "WELL", "MEANING"]);
    for explained in all {
        table.row([explained.condition, explained.of, explained.when_all_is_well, explained.meaning]);
    }
    table.text(0)
}

fn screen(explained: &ExplainedCondition) -> String {
    let ExplainedCondition { condition, of, when_all_is_well, meaning, reasons } = explained;
    let mut text = format!("{condition} of {of}: {when_all_is_well} when all is well\n\n  {meaning}\n");
    if !reasons.is_empty() {
        text.push_str("\nReasons\n");
    }
    for reason in reasons {
        text.push_str(&reason_text(reason, 2));
    }
    text
}

fn reason_text(reason: &ExplainedReason, indent: usize) -> String {
    let ExplainedReason { reason, meaning, next } = reason;
    let mut text = String::new();
    let _ = writeln!(text, "{:indent$}{reason}: {meaning}\n{:indent$}    Next: {next}", "", "");
    text
}

fn unknown(name: &str, program: &str) -> anyhow::Error {
    let known = CONDITIONS
        .iter()
        .chain(NODE_POOL_CONDITIONS)
        .map(|condition| condition.type_)
        .chain(REASONS.iter().map(|reason| reason.reason));
    let wanted = name.to_ascii_lowercase();
    let mut alike: Vec<&str> = known
        .filter(|known| {
            let known = known.to_ascii_lowercase();
            wanted.len() > 2 && (known.contains(&wanted) || wanted.contains(&known))
        })
        .collect();
    alike.dedup();
    let hint = if alike.is_empty() { ";".to_owned() } else { format!(": did you mean {}?", alike.join(", ")) };
    usage(format!("{name:?} is no condition or reason that Hoist knows{hint} `{program} explain` lists all conditions"))
}
