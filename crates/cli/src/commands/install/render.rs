//! `install render`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;

use crate::apply::Object;
use crate::commands::Context;
use crate::commands::install::{InstallFlags, objects};
use crate::printer::yaml;
use crate::session::Session;

/// `install render`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp install render --registry registry.example.com --pull-secret pull-secret.json > hoist.yaml
  hcp install render --registry registry.example.com --outputs crds --format json")]
pub struct RenderArguments {
    #[command(flatten)]
    flags: InstallFlags,
    /// Form of the manifests
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Which manifests
    #[arg(long, value_enum, default_value_t)]
    outputs: Outputs,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// Render Secrets too
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, hide_default_value = true, hide_possible_values = true)]
    render_sensitive: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Documents with separators.
    #[default]
    Yaml,
    /// One list.
    Json,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Outputs {
    /// Everything.
    #[default]
    All,
    /// CustomResourceDefinitions only; needs no registry.
    Crds,
    /// Everything else.
    Resources,
}

/// Runs `install render`.
pub async fn render(arguments: RenderArguments, context: &Context) -> Result<()> {
    arguments.flags.check()?;
    let objects = if arguments.outputs == Outputs::Crds {
        objects::definitions()?
    } else {
        arguments.flags.registry()?;
        // Rendering needs no management cluster; one that is at hand may know the way to the registry.
        let session = Session::open(&arguments.flags.kubeconfig).await.ok();
        let proxy = session.and_then(|session| session.proxy().map(ToString::to_string));
        objects::all(&arguments.flags, proxy, &context.printer).await?
    };
    let wanted: Vec<Object> = objects
        .into_iter()
        .filter(|object| match arguments.outputs {
            Outputs::All => true,
            Outputs::Crds => object.kind() == "CustomResourceDefinition",
            Outputs::Resources => object.kind() != "CustomResourceDefinition",
        })
        .filter(|object| arguments.render_sensitive || object.kind() != "Secret")
        .collect();
    let text = match arguments.format {
        Format::Yaml => wanted
            .iter()
            .map(|object| Ok(format!("{}---\n", yaml::document(object.manifest())?)))
            .collect::<Result<String>>()?,
        Format::Json => {
            let items: Vec<_> = wanted.iter().map(Object::manifest).collect();
            serde_json::to_string_pretty(&json!({"apiVersion": "v1", "kind": "List", "items": items}))?
        }
    };
    match &arguments.output_file {
        Some(path) => fs_err::write(path, text).context("--output-file cannot be written"),
        None => Ok(context.printer.data(&text)?),
    }
}
