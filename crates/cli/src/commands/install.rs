//! `install`, `install render` and `uninstall`: the operator on a management cluster.

mod objects;
mod releases;
mod render;
mod uninstall;

use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use futures::StreamExt as _;
use futures::future::try_join_all;
use hoist_api::names;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt as _};

use crate::apply::{Mode, Object};
use crate::args::kubeconfig::KubeconfigFlags;
use crate::commands::Context;
use crate::commands::release::registry::RegistryFlags;
use crate::failure::usage;
use crate::printer::Printer;
use crate::session::Session;

pub use uninstall::{UninstallArguments, uninstall};

/// Field manager of the installation, as HyperShift has it.
const FIELD_MANAGER: &str = "hypershift";
/// Longest wait for the CRDs to be served.
const ESTABLISH_DEADLINE: Duration = Duration::from_secs(60);
/// Longest wait for the operator, as in HyperShift.
const AVAILABLE_DEADLINE: Duration = Duration::from_secs(300);

/// `install`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  hcp install --registry registry.example.com --pull-secret pull-secret.json --wait-until-available
  hcp install render --registry registry.example.com --pull-secret pull-secret.json > hoist.yaml

On one machine: hcp install --registry \"$(hcp local status --output json | jq -r .registry)\" \\
    --pull-secret \"$(hcp local status --output json | jq -r .pullSecret)\" \\
    --additional-trust-bundle \"$(hcp local status --output json | jq -r .registryTrustBundle)\""
)]
pub struct InstallArguments {
    #[command(subcommand)]
    render: Option<InstallCommand>,
    #[command(flatten)]
    flags: InstallFlags,
    /// Wait until the operator and the bootstrap server are available
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, hide_default_value = true, hide_possible_values = true)]
    wait_until_available: bool,
}

#[derive(Debug, Subcommand)]
enum InstallCommand {
    /// Print the manifests instead of applying them
    Render(render::RenderArguments),
}

/// What is installed.
#[derive(Debug, Clone, Args)]
pub struct InstallFlags {
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
    #[command(flatten)]
    access: RegistryFlags,
    /// Registry that holds the release images, in the repository hoist/release
    #[arg(long, value_name = "HOST[:PORT]")]
    registry: Option<String>,
    /// Image of the operator [default: the one in the newest release]
    #[arg(long, value_name = "IMAGE")]
    hypershift_image: Option<String>,
    /// Namespace of the operator
    #[arg(long, default_value = names::OPERATOR_NAMESPACE)]
    namespace: String,
    /// When nodes pull the operator's image
    #[arg(long, value_name = "POLICY", default_value = "IfNotPresent", value_parser = PossibleValuesParser::new(["Always", "IfNotPresent", "Never"]))]
    image_pull_policy: String,
}

impl InstallFlags {
    fn check(&self) -> Result<()> {
        if self.namespace != names::OPERATOR_NAMESPACE {
            return Err(usage(format!(
                "--namespace {:?} is not supported: expected {:?}, which is part of the bootstrap server's name in its certificate",
                self.namespace,
                names::OPERATOR_NAMESPACE
            )));
        }
        Ok(())
    }

    fn registry(&self) -> Result<&str> {
        self.registry.as_deref().filter(|registry| !registry.is_empty()).ok_or_else(|| {
            usage("--registry is required: expected the host and port of the registry that holds hoist/release; `hcp local status --output json` names the one of a local instance")
        })
    }
}

/// Runs `install` or `install render`.
pub async fn install(arguments: InstallArguments, context: &Context) -> Result<()> {
    if let Some(InstallCommand::Render(arguments)) = arguments.render {
        return render::render(arguments, context).await;
    }
    arguments.flags.check()?;
    arguments.flags.registry()?;
    let session = Session::open(&arguments.flags.kubeconfig).await?;
    let proxy = session.proxy().map(ToString::to_string);
    let objects = objects::all(&arguments.flags, proxy, &context.printer).await?;
    let (definitions, rest): (Vec<Object>, Vec<Object>) =
        objects.into_iter().partition(|object| object.kind() == "CustomResourceDefinition");
    try_join_all(definitions.iter().map(|object| object.apply(&session, FIELD_MANAGER, Mode::Keep))).await?;
    for object in &definitions {
        context.printer.applied(object.kind(), object.namespace(), object.name());
    }
    established(&session, &definitions).await?;
    for object in &rest {
        object.apply(&session, FIELD_MANAGER, Mode::Keep).await?;
        context.printer.applied(object.kind(), object.namespace(), object.name());
    }
    if arguments.wait_until_available {
        let deployments: Vec<&str> =
            rest.iter().filter(|object| object.kind() == "Deployment").map(Object::name).collect();
        available(&session, &deployments, &context.printer).await?;
    }
    Ok(())
}

/// Waits until the API server serves every definition; objects of these kinds would be refused before.
async fn established(session: &Session, definitions: &[Object]) -> Result<()> {
    let api: Api<CustomResourceDefinition> = Api::all(session.client());
    let waits = definitions.iter().map(|definition| {
        let api = api.clone();
        async move {
            let wait = await_condition(api, definition.name(), conditions::is_crd_established());
            match tokio::time::timeout(ESTABLISH_DEADLINE, wait).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => {
                    Err(anyhow::Error::new(error).context(format!("cannot watch {}", definition.describe())))
                }
                Err(_) => Err(anyhow!(
                    "{} is not served after {} s; see its conditions with `kubectl describe crd {}`",
                    definition.describe(),
                    ESTABLISH_DEADLINE.as_secs(),
                    definition.name()
                )),
            }
        }
    });
    try_join_all(waits).await.map(|_| ())
}

/// Waits until every Deployment is available with its newest pods.
async fn available(session: &Session, names_: &[&str], printer: &Printer) -> Result<()> {
    let api: Api<Deployment> = Api::namespaced(session.client(), names::OPERATOR_NAMESPACE);
    let mut pending: Vec<&str> = names_.to_vec();
    let mut waiting = printer.waiting("Waiting for the operator");
    let work = async {
        let mut events = watcher(api, watcher::Config::default()).default_backoff().boxed();
        while !pending.is_empty() {
            match events.next().await {
                Some(Ok(Event::Apply(deployment) | Event::InitApply(deployment))) => {
                    let name = deployment.name_any();
                    if is_rolled_out(&deployment) {
                        pending.retain(|pending| *pending != name);
                    }
                    waiting.update(&format!("Deployments {}", pending.join(", ")));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => waiting.update(&format!("the management cluster ({error})")),
                None => {
                    return Err(anyhow!(
                        "the management cluster closed the watch on Deployments; run the command again"
                    ));
                }
            }
        }
        Ok(())
    };
    match tokio::time::timeout(AVAILABLE_DEADLINE, work).await {
        Ok(outcome) => outcome?,
        Err(_) => {
            return Err(anyhow!(
                "Deployments {} in {} are not available after {} s; see why with `kubectl describe pods -n {}`",
                pending.join(", "),
                names::OPERATOR_NAMESPACE,
                AVAILABLE_DEADLINE.as_secs(),
                names::OPERATOR_NAMESPACE
            ));
        }
    }
    drop(waiting);
    printer.info("The operator is available", &[("namespace", names::OPERATOR_NAMESPACE)]);
    Ok(())
}

fn is_rolled_out(deployment: &Deployment) -> bool {
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let Some(status) = &deployment.status else { return false };
    status.observed_generation >= deployment.metadata.generation
        && status.updated_replicas.unwrap_or_default() >= wanted
        && status.available_replicas.unwrap_or_default() >= wanted
}
