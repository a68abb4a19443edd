//! The page of conditions and reasons.

use std::fmt::Write as _;

use hoist_api::explanations::{CONDITIONS, Condition, NODE_POOL_CONDITIONS, REASONS, Well};

use super::{GENERATED, cell};

/// The page.
pub fn page() -> String {
    let mut page = format!("{GENERATED}\n# Conditions and reasons\n\n`hcp explain CONDITION` prints the same.\n");
    for (title, conditions) in
        [("HostedCluster and HostedControlPlane", CONDITIONS), ("NodePool", NODE_POOL_CONDITIONS)]
    {
        let _ =
            writeln!(page, "\n## {title}\n\n| condition | when all is well | meaning | reasons |\n|---|---|---|---|");
        for Condition { type_, well, meaning, reasons } in conditions {
            let well = match well {
                Well::True => "True",
                Well::False => "False",
                Well::Either => "either",
            };
            let _ = writeln!(page, "| {type_} | {well} | {} | {} |", cell(meaning), reasons.join(", "));
        }
    }
    page.push_str("\n## Reasons\n\n| reason | meaning | next |\n|---|---|---|\n");
    for reason in REASONS {
        let _ = writeln!(page, "| {} | {} | {} |", reason.reason, cell(reason.meaning), cell(reason.next));
    }
    page
}
