//! Release images.

use anyhow::Result;
use hoist_release::ImageReference;

use crate::failure::usage;

/// Checks that `given`, if anything, names an image.
pub fn check(flag: &str, given: &str) -> Result<()> {
    if given.is_empty() {
        return Ok(());
    }
    given.parse::<ImageReference>().map(|_| ()).map_err(|error| usage(format!("{flag}: {error}")))
}
