//! Whether manifests are printed instead of applied, and where to.

use std::path::PathBuf;

/// The flag group.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct RenderFlags {
    /// Print the manifests and apply nothing
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, hide_default_value = true, hide_possible_values = true, help_heading = "Output")]
    pub render: bool,
    /// Write the manifests to this file; implies --render
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub render_into: Option<PathBuf>,
    /// Render Secrets too
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, hide_default_value = true, hide_possible_values = true, help_heading = "Output")]
    pub render_sensitive: bool,
}

impl RenderFlags {
    /// Whether manifests are printed instead of applied.
    pub fn renders(&self) -> bool {
        self.render || self.render_into.is_some()
    }
}
