//! What is said of repairs.

use hoist_api::NodePool;
use hoist_api::conditions::{NodePoolConditionType as Type, Reason};
use hoist_controller::conditions::Verdict;
use kube::ResourceExt;

use super::{Facts, cut};

/// `AutorepairEnabled`: mirrors the spec, and tells who is repaired and what keeps others from it.
pub(super) fn verdict(pool: &NodePool, facts: &Facts<'_>) -> Verdict {
    let is_wanted = pool.spec.management.auto_repair;
    let mut words: Vec<String> = facts.outlook.map(|outlook| outlook.wrong.clone()).unwrap_or_default();
    if let Some(outlook) = facts.outlook.filter(|outlook| !outlook.decision.held.is_empty()) {
        words.push(format!(
            "not repaired: {}, since more than {} hosts are ill and the cause may not be in them (next step: mend it, or set \
             the annotation {})",
            outlook.decision.held.join(", "),
            outlook.most,
            hoist_api::annotations::MACHINE_HEALTH_CHECK_MAX_UNHEALTHY
        ));
    }
    let repairs = facts.hosts.iter().filter_map(|host| {
        let update = host.status.as_ref()?.update.as_ref().filter(|update| update.repair.is_some())?;
        Some(format!("host {} {}", host.name_any(), update.in_words()))
    });
    words.extend(repairs);
    Verdict::new(Type::AutorepairEnabled, is_wanted, Reason::AsExpected, cut(&words.join("; ")))
}
