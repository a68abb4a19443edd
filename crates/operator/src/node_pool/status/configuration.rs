//! Whether the ConfigMaps of `spec.config` and `spec.tuningConfig` can be used.

use hoist_api::conditions::{ALL_IS_WELL, NodePoolConditionType as Type, Reason};
use hoist_controller::conditions::{Status, Verdict};

use super::{Facts, cut};

pub(super) fn verdicts(facts: &Facts<'_>) -> Vec<Verdict> {
    let Some(checked) = facts.configuration else {
        let unknown = |type_| {
            Verdict::new(type_, Status::Unknown, Reason::StatusUnknown, "the ConfigMaps of this pool were not read yet")
        };
        return vec![unknown(Type::ValidMachineConfig), unknown(Type::ValidTuningConfig)];
    };
    let machine = checked.machine.as_ref().map(|configuration| configuration.notes.as_slice());
    let tuning = checked.tuning.as_ref().map(|tuning| tuning.notes.as_slice());
    vec![verdict(Type::ValidMachineConfig, machine), verdict(Type::ValidTuningConfig, tuning)]
}

fn verdict(type_: Type, outcome: Result<&[String], &Vec<String>>) -> Verdict {
    match outcome {
        Ok([]) => Verdict::new(type_, true, Reason::AsExpected, ALL_IS_WELL),
        Ok(notes) => {
            Verdict::new(type_, true, Reason::AsExpected, cut(&format!("{ALL_IS_WELL}; {}", notes.join("; "))))
        }
        Err(faults) => Verdict::new(
            type_,
            false,
            Reason::InvalidConfiguration,
            cut(&format!("hosts keep their last configuration: {}", faults.join("; "))),
        ),
    }
}
