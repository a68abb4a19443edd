//! `install render`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use serde_json::{Value, json};

use crate::apply::Object;
use crate::args::go_bool::GoBool;
use crate::commands::Context;
use crate::commands::install::{InstallFlags, Scope, objects, template};
use crate::printer::yaml;
use crate::session::Session;

/// `install render`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp install render --registry registry.example.com --pull-secret pull-secret.json > hoist.yaml
  hcp install render --registry registry.example.com --outputs crds --format json
  hcp install render --registry registry.example.com --template > template.yaml

ServiceMonitors and alerts are rendered with --platform-monitoring OperatorOnly; `install` makes them
where their kinds are served.")]
pub struct RenderArguments {
    /// Render one OpenShift Template with parameters instead of plain manifests
    #[arg(long, value_name = "BOOL", default_value = "false", conflicts_with = "outputs")]
    template: GoBool,
    /// Form of the manifests
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Which manifests
    #[arg(long, value_enum, default_value_t)]
    outputs: Scope,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// Render Secrets too
    #[arg(long, value_name = "BOOL", default_value = "false")]
    render_sensitive: GoBool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Documents with separators.
    #[default]
    Yaml,
    /// One list.
    Json,
}

/// Runs `install render`.
pub async fn render(flags: &InstallFlags, arguments: &RenderArguments, context: &Context) -> Result<()> {
    flags.check(&context.printer)?;
    let manifests = if arguments.outputs == Scope::Crds {
        objects::definitions().iter().map(|object| object.manifest().clone()).collect()
    } else {
        flags.registry()?;
        // Rendering needs no management cluster; one that is at hand may know the way to the registry.
        let session = Session::open(&flags.kubeconfig).await.ok();
        let proxy = session.and_then(|session| session.proxy().map(ToString::to_string));
        let settings = objects::settings(flags, proxy, false, &context.printer).await?;
        if arguments.template.0 {
            vec![template::template(settings, arguments.render_sensitive.0)]
        } else {
            plain(&objects::all(&settings), arguments.outputs, arguments.render_sensitive.0)
        }
    };
    let text = written(&manifests, arguments.format)?;
    match &arguments.output_file {
        Some(path) => write(path, &text, arguments.render_sensitive.0).context("--output-file cannot be written"),
        None => Ok(context.printer.data(&text)?),
    }
}

fn plain(all: &[Object], scope: Scope, with_secrets: bool) -> Vec<Value> {
    all.iter()
        .filter(|object| scope.holds(object))
        .filter(|object| with_secrets || object.kind() != "Secret")
        .map(|object| object.manifest().clone())
        .collect()
}

fn written(manifests: &[Value], format: Format) -> Result<String> {
    match (format, manifests) {
        (Format::Yaml, _) => {
            manifests.iter().map(|manifest| Ok(format!("{}---\n", yaml::document(manifest)?))).collect()
        }
        (Format::Json, [one]) => Ok(serde_json::to_string_pretty(one)?),
        (Format::Json, all) => Ok(serde_json::to_string_pretty(
            &json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": all}),
        )?),
    }
}

/// Writes the file; with Secrets in it, for its owner alone.
fn write(path: &Path, text: &str, is_sensitive: bool) -> Result<()> {
    let mode = if is_sensitive { 0o600 } else { 0o644 };
    let mut file = fs_err::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}
