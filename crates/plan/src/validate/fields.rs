//! Fields that have no effect are told, never ignored in silence.

use hoist_api::conditions::{ConditionType, Reason};

use super::{Findings, Inputs};
use crate::Finding;
use crate::fields::{HOSTED_CLUSTER, not_honoured, sentence};

/// `more` are entries of fields that are honoured as a whole, each with the reason.
pub(super) fn check(inputs: &Inputs<'_>, more: Vec<String>, findings: &mut Findings) {
    let without = not_honoured(HOSTED_CLUSTER, inputs.spec);
    if !without.is_empty() || !more.is_empty() {
        findings.notice(Finding {
            condition: ConditionType::FieldsHonoured,
            status: false,
            reason: Reason::NotServed,
            message: sentence(&without, more),
        });
    }
}
