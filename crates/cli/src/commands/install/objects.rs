//! What is installed: `hoist-deployment` builds the objects from what the registry holds.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use hoist_deployment::{MONITORING_API, MONITORING_KINDS, Settings};
use hoist_release::{Release, component};
use semver::Version;

use crate::apply::Object;
use crate::commands::install::{InstallFlags, releases};
use crate::printer::Printer;
use crate::session::Session;

/// Reads the registry; everything that an installation is made of.
pub async fn settings(
    flags: &InstallFlags,
    proxy: Option<String>,
    serves_monitoring: bool,
    printer: &Printer,
) -> Result<Settings> {
    let mut options = flags.access.options()?;
    options.proxy = flags.access.registry_proxy.clone().or(proxy);
    let image = flags.image()?;
    let releases = releases::read(flags.registry()?, options).await?;
    let Some((_, release)) = releases.last_key_value() else { bail!("the registry holds no release") };
    let image = match image {
        Some(image) => image,
        None => release
            .component(component::HOIST)
            .context("the newest release has no operator; pass --hypershift-image")?,
    };
    printer.info("Found releases", &[("versions", &versions(&releases)), ("operator", &image.to_string())]);
    let images = releases.iter().map(|(version, release)| (version.clone(), release.reference.to_string())).collect();
    flags.settings(Settings::new(image.to_string(), images), serves_monitoring)
}

/// Every object, in the order in which they are applied.
pub fn all(settings: &Settings) -> Vec<Object> {
    hoist_deployment::objects(settings).into_iter().map(Object::from).collect()
}

/// The definitions alone.
pub fn definitions() -> Vec<Object> {
    hoist_api::custom_resource_definitions()
        .iter()
        .map(|definition| Object::from(hoist_api::dynamic::dynamic(definition)))
        .collect()
}

/// Whether the management cluster has the kinds of Prometheus' operator.
pub async fn serves_monitoring(session: &Session) -> Result<bool> {
    let client = session.client();
    let listed = async {
        match client.list_api_group_resources(MONITORING_API).await {
            Ok(list) => Ok(list.resources),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    };
    let resources = session.call(&format!("list the kinds of {MONITORING_API}"), listed).await?;
    Ok(MONITORING_KINDS.iter().all(|kind| resources.iter().any(|resource| resource.kind == *kind)))
}

fn versions(releases: &BTreeMap<Version, Release>) -> String {
    releases.keys().rev().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
