//! Certificates of the bootstrap server: one authority to pin, one leaf.

use super::{Row, names};
use crate::{AlternativeName, Subject, Usage, lifetime};

/// The rows. `server_name` is what joining hosts check, whatever address they dial.
pub fn rows(server_name: &str) -> Vec<Row> {
    vec![
        Row::Authority { name: names::BOOTSTRAP_CA, lifetime: lifetime::AUTHORITY },
        Row::Leaf {
            name: names::BOOTSTRAP_SERVER,
            signer: names::BOOTSTRAP_CA,
            subject: Subject::user(server_name),
            names: AlternativeName::all([server_name]),
            usage: Usage::Server,
            lifetime: lifetime::LEAF,
            stem: names::TLS_STEM,
        },
    ]
}
