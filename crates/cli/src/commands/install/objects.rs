//! What is installed: `hoist-deployment` builds the objects from what the registry holds.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use hoist_deployment::Settings;
use hoist_release::{ImageReference, Release, component};
use semver::Version;

use crate::apply::Object;
use crate::commands::install::{InstallFlags, releases};
use crate::failure::usage;
use crate::printer::Printer;

/// Every object, in the order in which they are applied.
pub async fn all(flags: &InstallFlags, proxy: Option<String>, printer: &Printer) -> Result<Vec<Object>> {
    let mut options = flags.access.options()?;
    options.proxy = flags.access.registry_proxy.clone().or(proxy);
    let releases = releases::read(flags.registry()?, options).await?;
    let Some((_, release)) = releases.last_key_value() else { bail!("the registry holds no release") };
    let image = match &flags.hypershift_image {
        Some(image) => {
            image.parse::<ImageReference>().map_err(|error| usage(format!("--hypershift-image: {error}")))?
        }
        None => release
            .component(component::HOIST)
            .context("the newest release has no operator; pass --hypershift-image")?,
    };
    printer.info("Found releases", &[("versions", &versions(&releases)), ("operator", &image.to_string())]);
    let images = releases.iter().map(|(version, release)| (version.clone(), release.reference.to_string())).collect();
    let mut settings = Settings::new(image.to_string(), images);
    settings.registry_trust_bundle = flags.access.trust_bundle()?;
    settings.pull_secret = flags.access.pull_secret()?;
    Ok(hoist_deployment::objects(&settings)
        .into_iter()
        .map(Object::from)
        .map(|object| pulled(object, &flags.image_pull_policy))
        .collect())
}

/// The definitions alone.
pub fn definitions() -> Result<Vec<Object>> {
    hoist_api::custom_resource_definitions()
        .into_iter()
        .map(|definition| Ok(Object::new(serde_json::to_value(definition)?)))
        .collect()
}

fn versions(releases: &BTreeMap<Version, Release>) -> String {
    releases.keys().rev().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Sets when nodes pull the images of a workload.
fn pulled(mut object: Object, policy: &str) -> Object {
    if object.kind() == "Deployment" {
        let containers = object.manifest_mut()["spec"]["template"]["spec"]["containers"].as_array_mut();
        for container in containers.into_iter().flatten() {
            container["imagePullPolicy"] = policy.into();
        }
    }
    object
}
