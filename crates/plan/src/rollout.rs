//! Which hosts of a NodePool are updated next: pure, from what the pool wants and how its hosts are.
//!
//! On platform None there is no machine to make or to throw away: a surge is not possible, and a host that is replaced leaves
//! as a node and comes back as a new one.

use hoist_api::node_pool::management::{NodePoolManagement, UpgradeStrategy, UpgradeType};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// How a pool wants its hosts updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strategy {
    /// Whether the Node goes and comes back anew.
    pub replace: bool,
    /// How many hosts may be away at once; `None` when only those are updated whose Node somebody deleted.
    pub at_once: Option<usize>,
}

impl Strategy {
    /// Of a pool with `hosts` hosts.
    ///
    /// There is always a way forward: at least one host may be away. `maxSurge` asks for more machines than there are, so a
    /// surge of 1 with `maxUnavailable` 0 means one after the other.
    pub fn of(management: &NodePoolManagement, hosts: usize) -> Self {
        match management.upgrade_type {
            UpgradeType::InPlace => {
                let most = management.in_place.as_ref().and_then(|in_place| in_place.max_unavailable.as_ref());
                Self { replace: false, at_once: Some(scaled(most, hosts)) }
            }
            UpgradeType::Replace => {
                let replace = &management.replace;
                let most = replace.rolling_update.as_ref().and_then(|rolling| rolling.max_unavailable.as_ref());
                let is_by_hand = replace.strategy == Some(UpgradeStrategy::OnDelete);
                Self { replace: true, at_once: (!is_by_hand).then(|| scaled(most, hosts)) }
            }
        }
    }
}

/// A number or a share of `hosts`, rounded down; at least one. What is neither counts as one.
fn scaled(value: Option<&IntOrString>, hosts: usize) -> usize {
    let number = match value {
        Some(IntOrString::Int(number)) => usize::try_from(*number).unwrap_or_default(),
        Some(IntOrString::String(text)) => {
            let percent: Option<usize> = text.trim().strip_suffix('%').and_then(|text| text.parse().ok());
            percent.map_or(1, |percent| hosts.saturating_mul(percent) / 100)
        }
        None => 1,
    };
    number.max(1)
}

/// How one host of the pool is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// The revision that it runs; `None` when it never said, and then its version decides alone.
    pub revision: Option<String>,
    /// Version of its kubelet, if known.
    pub version: Option<String>,
    /// Whether its Node is Ready.
    pub is_ready: bool,
    /// Whether it has joined: one that is on its way gets the newest configuration anyway, and one that leaves needs none.
    pub has_joined: bool,
    /// Whether its Node was deleted by somebody while the host goes on.
    pub is_deleted: bool,
    /// The update that it is in.
    pub update: Option<Update>,
}

/// An update that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The revision that it leads to.
    pub revision: String,
    /// Whether it failed.
    pub has_failed: bool,
    /// Whether it failed long enough ago to be tried again.
    pub is_due: bool,
}

/// What all hosts shall run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The revision.
    pub revision: String,
    /// The Kubernetes version of it.
    pub version: String,
}

impl Member {
    /// Whether it runs something else than `target`.
    pub fn is_outdated(&self, target: &Target) -> bool {
        match (&self.revision, &self.version) {
            (Some(revision), _) => *revision != target.revision,
            (None, Some(version)) => *version != target.version,
            (None, None) => false,
        }
    }
}

/// What to do now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// Hosts whose update begins, or begins again.
    pub begin: Vec<String>,
    /// Hosts whose update goes on towards another revision.
    pub redirect: Vec<String>,
    /// Hosts that wait for their turn, or for their Node to be deleted.
    pub waiting: Vec<String>,
}

/// Decides. The answer to the same question is always the same, and begun updates count before new ones.
pub fn decide(members: &[Member], target: &Target, strategy: Strategy) -> Decision {
    let mut decision = Decision::default();
    let joined: Vec<&Member> = members.iter().filter(|member| member.has_joined).collect();
    let (mut begun, mut has_failed) = (0, false);
    for member in &joined {
        let Some(update) = &member.update else { continue };
        let is_same = update.revision == target.revision;
        if !update.has_failed {
            begun += 1;
            if !is_same {
                decision.redirect.push(member.name.clone());
            }
        } else if member.is_outdated(target) {
            has_failed |= is_same;
            if update.is_due || !is_same {
                begun += 1;
                decision.begin.push(member.name.clone());
            }
        }
    }
    let is_idle = |member: &Member| member.update.as_ref().is_none_or(|update| update.has_failed);
    let broken = joined.iter().filter(|member| is_idle(member) && !member.is_ready);
    let broken = broken.filter(|member| !decision.begin.contains(&member.name)).count();
    let mut away = begun + broken;
    let mut outdated: Vec<&&Member> =
        joined.iter().filter(|member| member.update.is_none() && member.is_outdated(target)).collect();
    // A host that is away already costs nobody anything more.
    outdated.sort_by_key(|member| (member.is_ready, member.name.as_str()));
    for member in outdated {
        let may_begin = match strategy.at_once {
            // Whatever is wrong with one host may be wrong with all: the others stay as they are.
            _ if has_failed => false,
            None => member.is_deleted,
            // When nobody hears from the nodes, all of them seem to be away: that must not empty them all.
            Some(most) if !member.is_ready => begun < most,
            Some(most) => away < most,
        };
        if may_begin {
            begun += 1;
            away += usize::from(member.is_ready);
            decision.begin.push(member.name.clone());
        } else {
            decision.waiting.push(member.name.clone());
        }
    }
    decision
}

#[cfg(test)]
mod tests;
