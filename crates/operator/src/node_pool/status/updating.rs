//! How far a rollout is: which hosts run something else than the pool wants, and what holds them.

use std::sync::Arc;

use hoist_api::conditions::{NodePoolConditionType as Type, Reason};
use hoist_api::host::{HostUpdate, UpdatePhase};
use hoist_api::node_pool::management::UpgradeType;
use hoist_api::{Host, NodePool};
use hoist_controller::conditions::{Status, Verdict};
use hoist_node_config::configuration_of;
use k8s_openapi::api::core::v1::Node;
use kube::ResourceExt;

use super::{Facts, cut};
use crate::node_facts::kubelet_version;
use crate::node_pool::rollout::members;

/// `UpdatingVersion` and `UpdatingConfig`.
pub(super) fn verdicts(pool: &NodePool, facts: &Facts<'_>, own: &[&Arc<Node>], skew: Option<&Verdict>) -> Vec<Verdict> {
    let rollout = Rollout { pool, facts, refused: skew.filter(|skew| skew.status == Status::False) };
    vec![rollout.version(own), rollout.configuration()]
}

/// Whether no host runs anything else than the pool wants, as far as that is known.
pub(super) fn is_complete(verdicts: &[Verdict]) -> bool {
    verdicts.iter().all(|verdict| {
        let is_ours = [Type::UpdatingVersion, Type::UpdatingConfig].iter().any(|type_| verdict.type_ == type_.as_ref());
        !is_ours || verdict.status == Status::False
    })
}

struct Rollout<'a> {
    pool: &'a NodePool,
    facts: &'a Facts<'a>,
    /// That the version cannot be run with this control plane.
    refused: Option<&'a Verdict>,
}

impl Rollout<'_> {
    fn version(&self, own: &[&Arc<Node>]) -> Verdict {
        let Some(Ok(release)) = self.facts.release else { return nothing(Type::UpdatingVersion) };
        let wanted = release.version.to_string();
        let of_nodes = own.iter().filter_map(|node| Some((node.name_any(), kubelet_version(node)?)));
        // The Node of a host that is replaced is away, its update is not over.
        let away = members(self.facts.hosts, &[], jiff::Timestamp::UNIX_EPOCH).into_iter();
        let away = away.filter(|member| member.has_joined && own.iter().all(|node| node.name_any() != member.name));
        let away = away.filter_map(|member| Some((member.name, member.version?)));
        let old = of_nodes.chain(away).filter(|(_, version)| *version != wanted).map(|(name, version)| {
            let how = self.how(&name);
            (name.clone(), format!("{name} runs {version}{how}"))
        });
        self.verdict(
            Type::UpdatingVersion,
            &format!("version in progress. Target version: {wanted}"),
            &old.collect::<Vec<_>>(),
        )
    }

    fn configuration(&self) -> Verdict {
        let Some(target) = self.facts.target else { return nothing(Type::UpdatingConfig) };
        let wanted = configuration_of(&target.revision);
        let old = members(self.facts.hosts, &[], jiff::Timestamp::UNIX_EPOCH).into_iter();
        let old = old.filter(|member| {
            let runs = member.revision.as_deref().map(configuration_of);
            member.has_joined && runs.is_some_and(|runs| runs != wanted)
        });
        let old = old.map(|member| {
            let runs = configuration_of(member.revision.as_deref().unwrap_or_default());
            (member.name.clone(), format!("{} has {runs}{}", member.name, self.how(&member.name)))
        });
        self.verdict(
            Type::UpdatingConfig,
            &format!("config in progress. Target config: {wanted}"),
            &old.collect::<Vec<_>>(),
        )
    }

    /// `old`: hosts that run something else, each with what is to be said of it.
    fn verdict(&self, type_: Type, what: &str, old: &[(String, String)]) -> Verdict {
        if old.is_empty() {
            return self.ending(type_).unwrap_or_else(|| nothing(type_));
        }
        let failed = old.iter().find(|(name, _)| self.update(name).is_some_and(|it| it.phase == UpdatePhase::Failed));
        let words: Vec<String> = old.iter().map(|(_, words)| words.clone()).collect();
        let (reason, message) = match (self.refused, failed) {
            (Some(refused), _) => (Reason::UnsupportedSkew, format!("not begun: {}", refused.message)),
            (None, Some(_)) => (self.failed(), format!("Updating {what}; {}", words.join("; "))),
            (None, None) => (Reason::Progressing, format!("Updating {what}; {}", words.join("; "))),
        };
        Verdict::new(type_, true, reason, cut(&message))
    }

    /// The last host runs what it shall, and does not take pods again yet.
    fn ending(&self, type_: Type) -> Option<Verdict> {
        let conditions = &self.pool.status.as_ref()?.conditions;
        conditions.iter().find(|said| said.type_ == type_.as_ref() && said.status == "True")?;
        let is_ending = |host: &&Host| {
            let update = host.status.as_ref().and_then(|status| status.update.as_ref());
            update.is_some_and(|update| update.repair.is_none() && update.phase != UpdatePhase::Failed)
        };
        let host = self.facts.hosts.iter().find(is_ending)?.name_any();
        Some(Verdict::new(
            type_,
            true,
            Reason::Progressing,
            format!("{host} has changed and is about to take pods again"),
        ))
    }

    fn failed(&self) -> Reason {
        match self.pool.spec.management.upgrade_type {
            UpgradeType::InPlace => Reason::InplaceUpgradeFailed,
            UpgradeType::Replace => Reason::ReplaceUpgradeFailed,
        }
    }

    fn host(&self, name: &str) -> Option<&Host> {
        self.facts.hosts.iter().find(|host| host.name_any() == name)
    }

    fn update(&self, name: &str) -> Option<&HostUpdate> {
        self.host(name)?.status.as_ref()?.update.as_ref()
    }

    /// What goes on with a host, as the end of a sentence.
    fn how(&self, name: &str) -> String {
        let Some(host) = self.host(name) else { return ", and no host says that it is its node".to_owned() };
        let Some(update) = host.status.as_ref().and_then(|status| status.update.as_ref()) else {
            let strategy = hoist_plan::rollout::Strategy::of(&self.pool.spec.management, self.facts.hosts.len());
            return match strategy.at_once {
                None => " until its Node is deleted".to_owned(),
                Some(_) => " and waits".to_owned(),
            };
        };
        let said = update.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
        match update.phase {
            _ if update.repair.is_some() => format!(" and {}", update.in_words()),
            UpdatePhase::Calling | UpdatePhase::Draining => format!(" and is drained{said}"),
            UpdatePhase::Ordered => " and changes".to_owned(),
            UpdatePhase::Failed => format!(" and could not change{said}"),
        }
    }
}

fn nothing(type_: Type) -> Verdict {
    Verdict::new(type_, false, Reason::AsExpected, "")
}
