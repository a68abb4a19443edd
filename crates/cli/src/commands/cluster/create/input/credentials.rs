//! The files that prove something: the pull secret, and the authorities to trust.

use anyhow::Result;

use crate::args::cluster::ClusterFlags;
use crate::args::files;
use crate::failure::usage;

/// Content of `--pull-secret`.
pub fn pull_secret(flags: &ClusterFlags, lenient: &mut impl FnMut(Result<()>) -> Result<()>) -> Result<Vec<u8>> {
    let Some(path) = &flags.pull_secret else { return Err(usage("--pull-secret is required")) };
    let content = files::read("--pull-secret", path)?;
    lenient(files::check_pull_secret(path, &content))?;
    Ok(content)
}

/// Content of `--additional-trust-bundle`.
pub fn trust_bundle(
    flags: &ClusterFlags,
    lenient: &mut impl FnMut(Result<()>) -> Result<()>,
) -> Result<Option<String>> {
    let Some(path) = &flags.additional_trust_bundle else { return Ok(None) };
    let content = files::read_text("--additional-trust-bundle", path)?;
    files::refuse_private_key("--additional-trust-bundle", path, &content)?;
    lenient(files::check_trust_bundle(path, &content))?;
    Ok(Some(content))
}
