//! The flags that `install` and its subcommands share, and what they make of an installation.

use std::str::FromStr as _;

use anyhow::{Context as _, Result};
use clap::builder::PossibleValuesParser;
use clap::{Args, Command};
use hoist_api::names;
use hoist_deployment::{ExternalTrafficPolicy, Monitoring, Router, RouterType, Settings};
use hoist_release::ImageReference;
use strum::VariantNames as _;

use crate::args::go_bool::GoBool;
use crate::args::key_value::KeyValue;
use crate::args::kubeconfig::KubeconfigFlags;
use crate::commands::release::registry::RegistryFlags;
use crate::failure::usage;
use crate::printer::Printer;

use super::unserved::UnservedFlags;

/// Flags that are not inherited by `render` and `helm`.
const OWN: [&str; 3] = ["wait_until_available", "wait_until_crds_established", "install_scope"];

/// What is installed.
#[derive(Debug, Clone, Args)]
pub struct InstallFlags {
    #[command(flatten)]
    pub kubeconfig: KubeconfigFlags,
    #[command(flatten)]
    pub access: RegistryFlags,
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
    /// Install the operator without replicas, to run it beside the cluster
    #[arg(long, value_name = "BOOL", default_value = "false")]
    pub development: GoBool,
    /// What OpenShift's own monitoring scrapes; elsewhere, ServiceMonitors and alerts come with the kinds
    #[arg(long, value_name = "SCOPE", default_value = "None", value_parser = PossibleValuesParser::new(["None", "OperatorOnly", "All"]))]
    platform_monitoring: String,
    /// Run a router, and reach it so; services of hosted clusters can then be published by Route. Left out, a router that is
    /// installed stays as it is
    #[arg(long, value_name = "TYPE", value_parser = PossibleValuesParser::new(RouterType::VARIANTS))]
    router: Option<String>,
    /// Domain of names for Routes that have none; all names below it must lead to the router
    #[arg(long, value_name = "DOMAIN", requires = "router")]
    router_domain: Option<String>,
    /// Local: the router sees the addresses of clients, so that allowedCIDRBlocks can be enforced; then only nodes on which it runs
    /// accept connections for it
    #[arg(
        long,
        value_name = "POLICY",
        requires = "router",
        default_value = "Cluster",
        value_parser = PossibleValuesParser::new(ExternalTrafficPolicy::VARIANTS)
    )]
    router_external_traffic_policy: String,
    /// Environment of the operator besides its own
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',')]
    additional_operator_env_vars: Vec<KeyValue>,
    /// Log every step of the operator
    #[arg(long, value_name = "BOOL", default_value = "false")]
    enable_ci_debug_output: GoBool,
    #[command(flatten)]
    unserved: UnservedFlags,
}

impl InstallFlags {
    /// Refuses what cannot be, and says what is accepted without effect.
    pub fn check(&self, printer: &Printer) -> Result<()> {
        if self.namespace != names::OPERATOR_NAMESPACE {
            return Err(usage(format!(
                "--namespace {:?} is not supported: expected {:?}, which is part of the bootstrap server's name in its certificate",
                self.namespace,
                names::OPERATOR_NAMESPACE
            )));
        }
        if let Some(variable) = self.additional_operator_env_vars.iter().find(|variable| !is_variable(&variable.key)) {
            return Err(usage(format!(
                "--additional-operator-env-vars {:?}: expected NAME=VALUE with a name of letters, digits and '_', such as RUST_LOG=debug",
                variable.key
            )));
        }
        self.image()?;
        if let Some(domain) = self.router_domain.as_deref().filter(|domain| !hoist_plan::routes::is_host_name(domain)) {
            return Err(usage(format!(
                "--router-domain {domain:?} is no domain: expected one such as apps.example.com"
            )));
        }
        self.unserved.answer(printer)?;
        if self.platform_monitoring == "All" {
            printer.warn(
                "Flag is not honoured in full",
                &[
                    ("flag", "--platform-monitoring=All"),
                    ("instead", "the operator's namespace is labelled for OpenShift's monitoring, those of control planes are not"),
                ],
            );
        }
        Ok(())
    }

    /// The operator's image, if one is named.
    pub fn image(&self) -> Result<Option<ImageReference>> {
        let parse =
            |image: &String| image.parse().map_err(|error| usage(format!("--hypershift-image {image:?}: {error}")));
        self.hypershift_image.as_ref().map(parse).transpose()
    }

    /// The registry, which must be named.
    pub fn registry(&self) -> Result<&str> {
        self.registry.as_deref().filter(|registry| !registry.is_empty()).ok_or_else(|| {
            usage("--registry is required: expected the host and port of the registry that holds hoist/release; `hcp local status --output json` names the one of a local instance")
        })
    }

    /// Completes settings with what the flags say. Monitoring objects are made when the cluster has their kinds.
    pub fn settings(&self, mut settings: Settings, serves_monitoring: bool) -> Result<Settings> {
        settings.registry_trust_bundle = self.access.trust_bundle().context("--additional-trust-bundle")?;
        settings.pull_secret = self.access.pull_secret()?;
        self.image_pull_policy.clone_into(&mut settings.image_pull_policy);
        settings.operator_replicas = match (self.development.0, self.unserved.wants_webhook()) {
            (true, _) => 0,
            (false, true) => 2,
            (false, false) => 1,
        };
        if self.enable_ci_debug_output.0 {
            settings.operator_env.insert("RUST_LOG".to_owned(), "debug".to_owned());
        }
        settings.operator_env.extend(
            self.additional_operator_env_vars.iter().map(|variable| (variable.key.clone(), variable.value.clone())),
        );
        // The parser takes nothing else.
        let published = self.router.as_deref().and_then(|type_| RouterType::from_str(type_).ok());
        let policy = ExternalTrafficPolicy::from_str(&self.router_external_traffic_policy).unwrap_or_default();
        settings.router = published.map(|published| Router {
            published,
            domain: self.router_domain.clone(),
            external_traffic_policy: policy,
        });
        let of_platform = self.platform_monitoring != "None";
        settings.monitoring = match (of_platform, serves_monitoring) {
            (true, _) => Monitoring::OpenShift,
            (false, true) => Monitoring::Objects,
            (false, false) => Monitoring::None,
        };
        Ok(settings)
    }
}

/// What C programs can read from their environment.
fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Lets `render` and `helm` inherit the flags, wherever on the line they stand.
pub fn persistent(command: Command) -> Command {
    command.mut_args(|argument| {
        let inherited = !OWN.contains(&argument.get_id().as_str()) && argument.get_id() != "help";
        if inherited { argument.global(true) } else { argument }
    })
}
