//! Fields and annotations of HyperShift that are taken and have no effect, each with the reason.

use std::fmt::Write as _;

use hoist_plan::annotations::{Effect, TABLE};
use hoist_plan::fields::{Field, HOSTED_CLUSTER, NODE_POOL};

use super::{GENERATED, cell};

/// The page.
pub fn page() -> String {
    let mut page = format!(
        "{GENERATED}\n# Taken, and without effect\n\nWhat an object sets of these is named by its condition `FieldsHonoured` or \
         `AnnotationsHonoured`. Every other field and annotation has an effect, or is refused.\n"
    );
    fields(&mut page, "HostedCluster", HOSTED_CLUSTER);
    fields(&mut page, "NodePool", NODE_POOL);
    page.push_str("\n## Annotations\n\n| annotation | why |\n|---|---|\n");
    for annotation in TABLE {
        if let Effect::NotHonoured(why) = annotation.effect {
            // Writing to a String cannot fail.
            let _ = writeln!(page, "| `{}` | {} |", annotation.key, cell(why));
        }
    }
    page
}

fn fields(page: &mut String, kind: &str, table: &[Field]) {
    let _ = write!(page, "\n## Fields of {kind}\n\n| field | why |\n|---|---|\n");
    for field in table {
        let _ = writeln!(page, "| `spec.{}` | {} |", field.path, cell(field.why));
    }
}
