//! `release info`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use hoist_registry::Layout;
use hoist_release::{ImageReference, Release};
use serde_json::{Value, json};

use crate::args::kubeconfig::KubeconfigFlags;
use crate::args::output::OutputFlags;
use crate::commands::Context;
use crate::commands::release::registry::{self, RegistryFlags};
use crate::failure::usage;
use crate::printer::Table;

/// Longest look into one release image.
const DEADLINE: Duration = Duration::from_secs(60);
/// Begins the names of release images in a layout.
const RELEASE_PREFIX: &str = "release:";

/// `release info`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp release info registry.example.com/hoist/release:1.36.3 --pull-secret pull-secret.json
  hcp release info registry.example.com/hoist/release:1.36.3 --component etcd
  hcp release info ~/.cache/hoist/payload/layout

Credentials and trust that are not named are those of the installation on the management cluster.")]
pub struct InfoArguments {
    /// A release image, or a folder with an OCI image layout
    #[arg(value_name = "IMAGE|DIR")]
    source: String,
    /// Print the image of this component only
    #[arg(long, value_name = "NAME")]
    component: Option<String>,
    #[command(flatten)]
    registry: RegistryFlags,
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
    #[command(flatten)]
    output: OutputFlags,
}

/// Runs `release info`.
pub async fn info(arguments: InfoArguments, context: &Context) -> Result<()> {
    let folder = PathBuf::from(&arguments.source);
    let releases = if folder.is_dir() {
        from_layout(&folder)?
    } else {
        let image: ImageReference = arguments
            .source
            .parse()
            .map_err(|error| usage(format!("{:?} is neither a folder nor an image: {error}", arguments.source)))?;
        let options = arguments.registry.completed(&arguments.kubeconfig).await?;
        let client = registry::client(options, DEADLINE, None)?;
        vec![client.fetch_release(&image).await.with_context(|| format!("cannot read release image {image}"))?]
    };
    if let Some(name) = &arguments.component {
        let images =
            releases.iter().map(|release| Ok(release.component(name)?.to_string())).collect::<Result<Vec<_>>>()?;
        return Ok(context.printer.data(&images.join("\n"))?);
    }
    let documents: Vec<Value> = releases.iter().map(document).collect();
    let value = match documents.as_slice() {
        [one] => one.clone(),
        _ => Value::Array(documents),
    };
    context
        .printer
        .document(arguments.output.output, &value, || releases.iter().map(text).collect::<Vec<_>>().join("\n"))
}

/// The releases of a layout, newest first.
fn from_layout(folder: &Path) -> Result<Vec<Release>> {
    let layout = Layout::open(folder).with_context(|| format!("{} is no OCI image layout", folder.display()))?;
    // A layout has no registry; the name only fills the form of a reference.
    let repository: ImageReference = "localhost/hoist/release".parse()?;
    let names: Vec<String> =
        layout.names().map(|(name, _)| name.to_owned()).filter(|name| name.starts_with(RELEASE_PREFIX)).collect();
    let mut releases = names
        .iter()
        .map(|name| layout.release(name, &repository).with_context(|| format!("{name} in {}", folder.display())))
        .collect::<Result<Vec<_>>>()?;
    if releases.is_empty() {
        return Err(anyhow!(
            "{} holds no release image: expected one named {RELEASE_PREFIX}<version>",
            folder.display()
        ));
    }
    releases.sort_by(|a, b| b.version.cmp(&a.version));
    Ok(releases)
}

fn document(release: &Release) -> Value {
    let components: serde_json::Map<String, Value> = release
        .components
        .iter()
        .map(|(name, component)| {
            let value = json!({"digest": component.digest.to_string(), "version": component.version, "source": component.source});
            (name.to_string(), value)
        })
        .collect();
    json!({
        "version": release.version.to_string(),
        "image": release.reference.to_string(),
        "previous": release.previous.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "components": components,
    })
}

fn text(release: &Release) -> String {
    let mut table = Table::new(&["COMPONENT", "VERSION", "DIGEST"]);
    for (name, component) in &release.components {
        table.row([name.to_string(), component.version.clone(), component.digest.to_string()]);
    }
    let previous: Vec<String> = release.previous.iter().map(ToString::to_string).collect();
    let upgrades = if previous.is_empty() { "none".to_owned() } else { previous.join(", ") };
    format!(
        "Version:        {}\nImage:          {}\nUpgrades from:  {upgrades}\n\n{}",
        release.version,
        release.reference,
        table.text(0)
    )
}
