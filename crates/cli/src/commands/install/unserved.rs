//! Flags of HyperShift's `install` that have no meaning without OpenShift or a cloud: known, and answered one by one.
//!
//! A flag that is harmless is accepted and what it would have done is printed; one whose absence would be missed is refused.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};

use crate::args::go_bool::GoBool;
use crate::failure::usage;
use crate::printer::Printer;

/// What becomes of a flag.
#[derive(Debug, Clone, Copy)]
enum Answer {
    /// Accepted; the text says what is the case instead.
    Noted(&'static str),
    /// Refused unless its value is the first text; the second says what would be right.
    Refused(&'static str, &'static str),
}
use Answer::{Noted, Refused};

const NO_CLOUD: &str = "this installation serves no cloud; leave it out";
const NO_DNS: &str = "Hoist runs no external-dns; leave it out and give clusters names or addresses of your own (--external-api-server-address)";
const NO_WEBHOOK: &str =
    "defaults and checks are in the CustomResourceDefinitions, so no webhook runs; the operator gets a second replica";

/// Name, name of the value, default that help shows, and the answer.
const FLAGS: &[(&str, &str, &str, Answer)] = &[
    ("enable-defaulting-webhook", "BOOL", "false", Noted(NO_WEBHOOK)),
    ("enable-validating-webhook", "BOOL", "false", Noted(NO_WEBHOOK)),
    ("enable-conversion-webhook", "BOOL", "true", Noted(NO_WEBHOOK)),
    ("exclude-etcd", "BOOL", "false", Noted("no definitions belong to etcd; nothing is left out")),
    ("metrics-set", "SET", "Telemetry", Noted("metrics are not filtered; choose in your ServiceMonitors")),
    (
        "slos-alerts",
        "BOOL",
        "false",
        Noted("the alerts are part of every installation where the kind PrometheusRule is served"),
    ),
    ("monitoring-dashboards", "BOOL", "false", Noted("there are no dashboards yet")),
    (
        "cert-rotation-scale",
        "DURATION",
        "24h",
        Noted("certificates have fixed lifetimes and are renewed well before their end"),
    ),
    (
        "enable-etcd-recovery",
        "BOOL",
        "true",
        Noted("members of etcd are restarted; those that lost their data are not replaced"),
    ),
    (
        "enable-dedicated-request-serving-isolation",
        "BOOL",
        "true",
        Noted("no nodes are dedicated to API servers; use --node-selector and --toleration of clusters"),
    ),
    ("enable-size-tagging", "BOOL", "false", Noted("clusters are not labelled with a size")),
    ("enable-cpo-overrides", "BOOL", "false", Noted("one operator serves all clusters; there is no image to override")),
    (
        "enable-admin-rbac-generation",
        "BOOL",
        "false",
        Noted("no roles for people are made; bind your own to hypershift.openshift.io"),
    ),
    ("limit-crd-install", "PLATFORMS", "", Noted("all definitions are installed; none belongs to one platform alone")),
    ("tech-preview-no-upgrade", "BOOL", "false", Noted("no feature is behind a gate")),
    ("private-platform", "PLATFORM", "None", Refused("None", "expected None: this installation serves no cloud")),
    (
        "enable-audit-log-persistence",
        "BOOL",
        "false",
        Refused("false", "audit logs are not kept on volumes; leave it out"),
    ),
    (
        "enable-uwm-telemetry-remote-write",
        "BOOL",
        "false",
        Refused("false", "it configures OpenShift's own monitoring; leave it out"),
    ),
    (
        "rhobs-monitoring",
        "BOOL",
        "false",
        Refused("false", "it needs OpenShift's observability operator; leave it out"),
    ),
    ("managed-service", "NAME", "", Refused("", "Hoist is part of no managed service; leave it out")),
    (
        "hcp-egress-block-cidrs",
        "CIDRS",
        "",
        Refused("", "egress of control planes is not limited by it; write a NetworkPolicy of your own"),
    ),
    ("image-refs", "FILE", "", Refused("", "all programs are in one image; name it with --hypershift-image")),
    (
        "registry-overrides",
        "MAP",
        "",
        Refused(
            "",
            "release images are read where they are; copy them with `hcp release mirror` and name that registry with --registry",
        ),
    ),
    ("aws-private-creds", "FILE", "", Refused("", NO_CLOUD)),
    ("aws-private-secret", "NAME", "", Refused("", NO_CLOUD)),
    ("aws-private-secret-key", "KEY", "", Refused("", NO_CLOUD)),
    ("aws-private-region", "REGION", "", Refused("", NO_CLOUD)),
    ("oidc-storage-provider-s3-region", "REGION", "", Refused("", NO_CLOUD)),
    ("oidc-storage-provider-s3-bucket-name", "NAME", "", Refused("", NO_CLOUD)),
    ("oidc-storage-provider-s3-credentials", "FILE", "", Refused("", NO_CLOUD)),
    ("oidc-storage-provider-s3-secret", "NAME", "", Refused("", NO_CLOUD)),
    ("oidc-storage-provider-s3-secret-key", "KEY", "", Refused("", NO_CLOUD)),
    ("gcp-project", "NAME", "", Refused("", NO_CLOUD)),
    ("gcp-region", "REGION", "", Refused("", NO_CLOUD)),
    ("aro-hcp-key-vault-users-client-id", "ID", "", Refused("", NO_CLOUD)),
    ("external-dns-provider", "NAME", "", Refused("", NO_DNS)),
    ("external-dns-credentials", "FILE", "", Refused("", NO_DNS)),
    ("external-dns-secret", "NAME", "", Refused("", NO_DNS)),
    ("external-dns-domain-filter", "DOMAIN", "", Refused("", NO_DNS)),
    ("external-dns-txt-owner-id", "ID", "", Refused("", NO_DNS)),
    ("external-dns-image", "IMAGE", "", Refused("", NO_DNS)),
];

/// The flags that were given, with their values.
#[derive(Debug, Clone, Default)]
pub struct UnservedFlags {
    given: Vec<(&'static str, String)>,
}

impl UnservedFlags {
    /// Refuses the first that must be refused, then prints what the others would have done.
    pub fn answer(&self, printer: &Printer) -> anyhow::Result<()> {
        let answers =
            || self.given.iter().filter_map(|(name, value)| answer_to(name).map(|answer| (name, value, answer)));
        for (name, value, answer) in answers() {
            if let Refused(accepted, right) = answer
                && value != accepted
            {
                return Err(usage(format!("--{name} {value:?} is not supported on this installation: {right}")));
            }
        }
        for (name, value, answer) in answers() {
            if let Noted(instead) = answer {
                printer.warn("Flag is not honoured", &[("flag", &format!("--{name}={value}")), ("instead", instead)]);
            }
        }
        Ok(())
    }

    /// Whether a webhook was asked for; HyperShift then runs two operators.
    pub fn wants_webhook(&self) -> bool {
        self.given.iter().any(|(name, value)| name.ends_with("-webhook") && value == "true")
    }
}

fn answer_to(name: &str) -> Option<Answer> {
    FLAGS.iter().find(|(found, ..)| *found == name).map(|(.., answer)| *answer)
}

impl FromArgMatches for UnservedFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = FLAGS
            .iter()
            .filter(|(name, ..)| matches.value_source(name) == Some(ValueSource::CommandLine))
            .filter_map(|(name, ..)| matches.get_one::<String>(name).map(|value| (*name, value.clone())))
            .collect();
        Ok(Self { given })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for UnservedFlags {
    fn augment_args(command: Command) -> Command {
        FLAGS.iter().fold(command, |command, (name, value_name, default, answer)| {
            let argument = Arg::new(*name).long(*name).value_name(*value_name);
            let argument = match answer {
                Noted(instead) => {
                    let default = if default.is_empty() { String::new() } else { format!(" [default: {default}]") };
                    argument.help(format!("{}{default}", capitalized(instead))).help_heading("Accepted without effect")
                }
                Refused(_, right) => argument
                    .help(format!("Refused: {right}"))
                    .help_heading("Known and not supported")
                    .hide_short_help(true),
            };
            let argument = if *value_name == "BOOL" {
                argument.value_parser(|text: &str| text.parse::<GoBool>().map(|value| value.to_string()))
            } else {
                argument
            };
            command.arg(argument)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
