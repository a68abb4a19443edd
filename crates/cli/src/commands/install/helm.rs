//! `install helm`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::commands::Context;
use crate::commands::install::{InstallFlags, chart, objects};
use crate::failure::usage;
use crate::session::Session;

/// `install helm`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp install helm --registry registry.example.com --pull-secret pull-secret.json --output-dir ./chart
  helm install hypershift ./chart --set-file pullSecret=pull-secret.json")]
pub struct HelmArguments {
    /// Folder of the chart; made when it does not exist
    #[arg(long, value_name = "FOLDER", default_value = "./chart")]
    output_dir: PathBuf,
}

/// Runs `install helm`.
pub async fn helm(flags: &InstallFlags, arguments: &HelmArguments, context: &Context) -> Result<()> {
    flags.check(&context.printer)?;
    flags.registry()?;
    let folder = &arguments.output_dir;
    let is_foreign = fs_err::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
        && !folder.join("Chart.yaml").is_file();
    if is_foreign {
        return Err(usage(format!(
            "--output-dir {}: the folder holds files that are no chart: expected a new or empty folder, or an earlier chart",
            folder.display()
        )));
    }
    let session = Session::open(&flags.kubeconfig).await.ok();
    let proxy = session.and_then(|session| session.proxy().map(ToString::to_string));
    let settings = objects::settings(flags, proxy, false, &context.printer).await?;
    let files = chart::files(&settings)?;
    // Templates of an earlier version that are no longer made would still be installed.
    for part in ["crds", "templates"] {
        let part = folder.join(part);
        if part.exists() {
            fs_err::remove_dir_all(&part).context("--output-dir cannot be written")?;
        }
    }
    for file in &files {
        let path = folder.join(&file.path);
        fs_err::create_dir_all(path.parent().unwrap_or(folder)).context("--output-dir cannot be written")?;
        fs_err::write(path, &file.text).context("--output-dir cannot be written")?;
    }
    context
        .printer
        .info("Wrote the chart", &[("folder", &folder.display().to_string()), ("files", &files.len().to_string())]);
    Ok(())
}
