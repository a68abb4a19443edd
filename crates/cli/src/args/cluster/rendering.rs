//! Whether manifests are printed instead of applied, and where to.

use std::path::PathBuf;

use crate::args::go_bool::GoBool;

/// The flag group.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct RenderFlags {
    /// Print the manifests and apply nothing
    #[arg(long, value_name = "BOOL", default_value_t, hide_default_value = true, help_heading = "Output")]
    pub render: GoBool,
    /// Write the manifests to this file; implies --render
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub render_into: Option<PathBuf>,
    /// Render Secrets too
    #[arg(long, value_name = "BOOL", default_value_t, hide_default_value = true, help_heading = "Output")]
    pub render_sensitive: GoBool,
}

impl RenderFlags {
    /// Whether manifests are printed instead of applied.
    pub fn renders(&self) -> bool {
        self.render.0 || self.render_into.is_some()
    }
}
