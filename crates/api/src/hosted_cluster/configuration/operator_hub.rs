//! Catalogs of operators.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// Catalogs of operators; Hoist has none.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperatorHubSpec {
    /// None of the default catalogs.
    pub disable_all_default_sources: Option<bool>,
    /// Catalog by catalog.
    pub sources: Option<Vec<HubSource>>,
}

/// A default catalog.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HubSource {
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: Option<String>,
    /// Left out.
    pub disabled: Option<bool>,
}
