//! Which hosts a NodePool of platform Agent takes.

use serde_json::{Value, json};

use crate::args::label_selector::LabelSelector;

/// The flag group, on clusters and on NodePools.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct AgentNodePoolFlags {
    /// Labels that an Agent must have to become a node of the pool, such as size=medium
    #[arg(
        long = "agentLabelSelector",
        alias = "agent-label-selector",
        value_name = "SELECTOR",
        help_heading = "Nodes"
    )]
    pub label_selector: Option<LabelSelector>,
}

impl AgentNodePoolFlags {
    /// `spec.platform` of the NodePool.
    pub fn platform(&self) -> Value {
        let mut agent = json!({});
        if let Some(selector) = &self.label_selector {
            agent["agentLabelSelector"] = selector.manifest().clone();
        }
        json!({"type": "Agent", "agent": agent})
    }
}
