//! What validation has to say to a person, in the form of a condition.

use hoist_api::conditions::{ConditionType, Reason};

/// One statement about the spec in the light of what was observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Condition that says it.
    pub condition: ConditionType,
    /// Status of that condition. `false` is bad news, except for `Degraded`, where `true` is.
    pub status: bool,
    /// Reason of that condition.
    pub reason: Reason,
    /// Names the field, the cause, what was expected and the next step.
    pub message: String,
}

impl Finding {
    /// Bad news: `condition` is False.
    pub fn refused(condition: ConditionType, reason: Reason, message: impl Into<String>) -> Self {
        Self { condition, status: false, reason, message: message.into() }
    }

    /// `ValidConfiguration=False, InvalidConfiguration`, the usual form.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::refused(ConditionType::ValidConfiguration, Reason::InvalidConfiguration, message)
    }
}
