//! `release mirror`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use hoist_api::duration::GoDuration;
use hoist_registry::{Layout, Observer};
use hoist_release::ImageReference;
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::kubeconfig::KubeconfigFlags;
use crate::commands::Context;
use crate::commands::release::registry::{self, RegistryFlags};
use crate::failure::usage;
use crate::printer::Printer;

/// Repository of release images in a registry.
const REPOSITORY: &str = "hoist/release";
/// First part of [`REPOSITORY`], below which a layout is pushed.
const NAMESPACE: &str = "hoist";
/// Where `make payload` puts the releases that it built, below the cache folder.
const BUILT: &str = "payload/layout";

/// `release mirror`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp release mirror --to mirror.example.com/team --pull-secret pull-secret.json
  hcp release mirror registry.example.com/hoist/release:1.36.3 --to mirror.example.com \\
      --pull-secret pull-secret.json

A release goes to REGISTRY/hoist/release with its version as its tag, where `hcp install --registry`
looks for it. What is there already is not sent again. The pull secret needs an entry for every
registry that asks for credentials; what is not named is taken from the installation.")]
pub struct MirrorArguments {
    /// A release image, or a folder with an OCI image layout [default: the releases that were built here]
    #[arg(value_name = "IMAGE|DIR")]
    source: Option<String>,
    /// Registry to copy to, with an optional path
    #[arg(long, value_name = "REGISTRY[/PATH]")]
    to: String,
    /// Longest duration of the whole copy
    #[arg(long, value_name = "DURATION", default_value = "1h")]
    timeout: GoDuration,
    #[command(flatten)]
    registry: RegistryFlags,
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
}

/// Runs `release mirror`.
pub async fn mirror(arguments: MirrorArguments, context: &Context) -> Result<()> {
    let destination = destination(&arguments.to)?;
    let source = source(arguments.source.as_deref())?;
    let options = arguments.registry.completed(&arguments.kubeconfig).await?;
    let observer: Arc<dyn Observer> = Arc::new(Bars::new(context.printer.clone()));
    let images = match source {
        Source::Layout(folder) => {
            let layout =
                Layout::open(&folder).with_context(|| format!("{} is no OCI image layout", folder.display()))?;
            let to = registry::client(options, arguments.timeout.0, Some(observer))?;
            let pushed = to.push_layout(&layout, &arguments.to, NAMESPACE).await;
            pushed.with_context(|| format!("cannot copy {} to {}", folder.display(), arguments.to))?
        }
        Source::Image(image) => {
            let from = registry::client(options.clone(), arguments.timeout.0, Some(observer))?;
            let to = registry::client(options, arguments.timeout.0, None)?;
            let failed = || format!("cannot copy {image} to {destination}");
            let release = from.fetch_release(&image).await.with_context(failed)?;
            let tagged = destination.with_tag(&release.version.to_string())?;
            from.copy_release(&release.reference, &to, &tagged).await.with_context(failed)?;
            vec![tagged]
        }
    };
    let images: Vec<String> = images.iter().map(ToString::to_string).collect();
    Ok(context.printer.data(&images.join("\n"))?)
}

/// Where releases come from.
enum Source {
    Image(ImageReference),
    Layout(PathBuf),
}

fn source(named: Option<&str>) -> Result<Source> {
    let Some(named) = named else {
        let built = hoist_local::machine::cache_dir().join(BUILT);
        if !built.is_dir() {
            return Err(usage(format!(
                "no source is named and no releases were built here ({} is missing): name a release image, or run `make payload`",
                built.display()
            )));
        }
        return Ok(Source::Layout(built));
    };
    let folder = PathBuf::from(named);
    if folder.is_dir() {
        return Ok(Source::Layout(folder));
    }
    named
        .parse()
        .map(Source::Image)
        .map_err(|error| usage(format!("{named:?} is neither a folder nor an image: {error}")))
}

/// The repository below the registry that was named.
fn destination(to: &str) -> Result<ImageReference> {
    let reference: ImageReference = format!("{to}/{REPOSITORY}").parse().map_err(|_| {
        usage(format!("--to {to:?}: expected a registry with an optional path, such as mirror.example.com/team"))
    })?;
    Ok(reference)
}

/// A bar per image.
struct Bars {
    printer: Printer,
    bar: Mutex<Option<ProgressBar>>,
}

impl Bars {
    fn new(printer: Printer) -> Self {
        Self { printer, bar: Mutex::new(None) }
    }
}

impl Observer for Bars {
    fn image_started(&self, image: &ImageReference, bytes: u64) {
        if !self.printer.is_terminal() {
            return;
        }
        let bar = self.printer.bars().add(ProgressBar::new(bytes));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} [{bar:30}] {bytes}/{total_bytes}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        bar.set_message(image.manifest_key().chars().take(19).collect::<String>());
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    fn advanced(&self, bytes: u64) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            bar.inc(bytes);
        }
    }

    fn image_finished(&self, image: &ImageReference) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
        self.printer.note(&format!("copied {image}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_go_where_install_looks_for_them() {
        let to = |text: &str| destination(text).unwrap().to_string();
        assert_eq!(to("b.example.com:5000"), "b.example.com:5000/hoist/release");
        assert_eq!(to("b.example.com/team"), "b.example.com/team/hoist/release");
        for wrong in ["not a registry", "b.example.com/team:tag", "team", ""] {
            assert!(destination(wrong).is_err(), "{wrong}");
        }
    }
}
