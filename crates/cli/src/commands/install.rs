//! `install`, `install render`, `install helm` and `uninstall`: the operator on a management cluster.

mod chart;
mod definitions;
mod flags;
mod helm;
mod objects;
mod releases;
mod render;
mod router;
mod template;
mod uninstall;
mod unserved;
mod wait;

use anyhow::Result;
use clap::{Args, Subcommand};
use futures::future::try_join_all;

use crate::apply::{Mode, Object};
use crate::args::go_bool::GoBool;
use crate::commands::Context;
use crate::failure::usage;
use crate::session::Session;

use flags::InstallFlags;
pub use flags::persistent;
pub use uninstall::{UninstallArguments, uninstall};

/// Field manager of the installation, as HyperShift has it.
const FIELD_MANAGER: &str = "hypershift";

/// `install`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp install --registry registry.example.com --pull-secret pull-secret.json --wait-until-available
  hcp install --registry registry.example.com --install-scope crds --wait-until-crds-established
  hcp install render --registry registry.example.com --pull-secret pull-secret.json > hoist.yaml
  hcp install helm --registry registry.example.com --output-dir ./chart
  hcp install --registry registry.example.com --router LoadBalancer --router-domain apps.example.com

Installing again with another --hypershift-image upgrades the operator; hosted clusters stay as they are.

On one machine: hcp install --registry \"$(hcp local status --output json | jq -r .registry)\" \\
    --pull-secret \"$(hcp local status --output json | jq -r .pullSecret)\" \\
    --additional-trust-bundle \"$(hcp local status --output json | jq -r .registryTrustBundle)\"")]
pub struct InstallArguments {
    #[command(subcommand)]
    command: Option<InstallCommand>,
    #[command(flatten)]
    flags: InstallFlags,
    /// Wait until the operator and the bootstrap server are available
    #[arg(long, value_name = "BOOL", default_value = "false")]
    wait_until_available: GoBool,
    /// Wait until the API server serves the kinds, also when nothing else is installed
    #[arg(long, value_name = "BOOL", default_value = "false")]
    wait_until_crds_established: GoBool,
    /// What to install
    #[arg(long, value_name = "SCOPE", value_enum, default_value_t)]
    install_scope: Scope,
}

/// Which of the objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Scope {
    /// Everything.
    #[default]
    All,
    /// CustomResourceDefinitions only; needs no registry.
    Crds,
    /// Everything else.
    Resources,
}

impl Scope {
    /// Whether objects of this kind belong to it.
    fn holds(self, object: &Object) -> bool {
        let is_definition = object.kind() == "CustomResourceDefinition";
        match self {
            Self::All => true,
            Self::Crds => is_definition,
            Self::Resources => !is_definition,
        }
    }
}

#[derive(Debug, Subcommand)]
enum InstallCommand {
    /// Print the manifests instead of applying them
    Render(render::RenderArguments),
    /// Write a Helm chart of the manifests
    Helm(helm::HelmArguments),
}

impl InstallArguments {
    /// `render` and `helm` wait for nothing.
    fn refuse_own_flags(&self, command: &str) -> Result<()> {
        let given = [
            ("--wait-until-available", self.wait_until_available.0),
            ("--wait-until-crds-established", self.wait_until_crds_established.0),
            ("--install-scope", self.install_scope != Scope::All),
        ];
        match given.iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) => Err(usage(format!(
                "{flag} has no meaning for `install {command}`, which applies nothing: expected it with `install` alone"
            ))),
            None => Ok(()),
        }
    }
}

/// Runs `install` and its subcommands.
pub async fn install(arguments: InstallArguments, context: &Context) -> Result<()> {
    match &arguments.command {
        Some(InstallCommand::Render(render)) => {
            arguments.refuse_own_flags("render")?;
            render::render(&arguments.flags, render, context).await
        }
        Some(InstallCommand::Helm(helm)) => {
            arguments.refuse_own_flags("helm")?;
            helm::helm(&arguments.flags, helm, context).await
        }
        None => apply(&arguments, context).await,
    }
}

async fn apply(arguments: &InstallArguments, context: &Context) -> Result<()> {
    let (flags, scope) = (&arguments.flags, arguments.install_scope);
    flags.check(&context.printer)?;
    if scope != Scope::Crds {
        flags.registry()?;
    }
    if scope == Scope::Crds && arguments.wait_until_available.0 {
        return Err(usage(
            "--wait-until-available waits for the operator, which --install-scope crds leaves out: expected --wait-until-crds-established",
        ));
    }
    let session = Session::open(&flags.kubeconfig).await?;
    let all = if scope == Scope::Crds {
        objects::definitions()
    } else {
        let serves_monitoring = objects::serves_monitoring(&session).await?;
        let proxy = session.proxy().map(ToString::to_string);
        let mut settings = objects::settings(flags, proxy, serves_monitoring, &context.printer).await?;
        if settings.router.is_none() {
            settings.router = router::installed(&session).await?;
        }
        objects::all(&settings)
    };
    let (definitions, rest): (Vec<Object>, Vec<Object>) =
        all.into_iter().filter(|object| scope.holds(object)).partition(|object| Scope::Crds.holds(object));
    let is_foreign = try_join_all(
        definitions.iter().map(|object| definitions::is_foreign(&session, object.name(), &context.printer)),
    )
    .await?;
    let own: Vec<&Object> =
        definitions.iter().zip(is_foreign).filter(|(_, is_foreign)| !is_foreign).map(|(object, _)| object).collect();
    try_join_all(own.iter().map(|object| object.apply(&session, FIELD_MANAGER, Mode::Keep))).await?;
    for object in own {
        context.printer.applied(object.kind(), object.namespace(), object.name());
    }
    // Objects of these kinds would be refused before.
    if !rest.is_empty() || arguments.wait_until_crds_established.0 {
        wait::established(&session, &definitions).await?;
    }
    for object in &rest {
        object.apply(&session, FIELD_MANAGER, Mode::Keep).await?;
        context.printer.applied(object.kind(), object.namespace(), object.name());
    }
    if arguments.wait_until_available.0 {
        // Without an operator nobody makes the certificate that the bootstrap server waits for.
        let awaited = |object: &&Object| {
            object.kind() == "Deployment" && (!flags.development.0 || object.name() == hoist_deployment::OPERATOR)
        };
        let deployments: Vec<&str> = rest.iter().filter(awaited).map(Object::name).collect();
        wait::available(&session, &deployments, &context.printer).await?;
    }
    Ok(())
}
