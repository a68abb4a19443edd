//! Where images are found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// Mirrors of one repository.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageContentSource {
    /// The repository that users name.
    #[schemars(length(max = 255))]
    pub source: String,
    /// Where its content is, best first.
    #[schemars(length(max = 255), inner(length(max = 255)), extend("x-kubernetes-list-type" = "set"))]
    pub mirrors: Option<Vec<String>>,
}
