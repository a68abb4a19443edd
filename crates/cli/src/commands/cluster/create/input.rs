//! Everything that can be checked without asking anybody: names, files, images, networks.
//!
//! The order is HyperShift's: name, pull secret, `--wait`, form of the name, the platform's own flags, then the rest.

mod content;
mod credentials;
mod image;
mod mirrors;
mod networks;
mod ssh_key;

use anyhow::Result;
use hoist_api::hosted_cluster::AvailabilityPolicy;
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use secrecy::SecretBox;
use serde_json::Value;

use crate::args::cluster::{ClusterFlags, WaitGoal};
use crate::args::{architecture, names};
use crate::failure::usage;

use super::platform::{PlatformFlags, PlatformInput};
pub use image::check as check_image;
pub use networks::address;
pub use ssh_key::SshKey;

/// Characters of generated identifiers: no vowels, so that no words come out. Kubernetes uses the same.
const IDENTIFIER_CHARACTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// Longest infra ID, as in HyperShift.
const INFRA_ID_LENGTH: usize = 27;
/// Random characters at the end of an infra ID.
const INFRA_ID_RANDOM: usize = 5;

/// What the manifests need besides the flags, checked.
pub struct Input {
    /// What the platform adds.
    pub platform: PlatformInput,
    /// Content of the pull secret file.
    pub pull_secret: SecretBox<Vec<u8>>,
    /// The SSH key.
    pub ssh_key: Option<SshKey>,
    /// PEM of authorities to trust.
    pub trust_bundle: Option<String>,
    /// `spec.imageContentSources`.
    pub image_content_sources: Option<Value>,
    /// Key of the encryption at rest.
    pub encryption_key: SecretBox<[u8; 32]>,
    /// Identifier of the infrastructure.
    pub infra_id: String,
    /// Release image; empty until the newest one is looked up, and when rendering without one.
    pub release_image: String,
    /// Copies of the control plane.
    pub availability: AvailabilityPolicy,
    /// What is fine for a manifest and for nothing else.
    pub warnings: Vec<String>,
}

/// What must be given, in HyperShift's order.
pub fn required(platform: &impl PlatformFlags) -> Result<()> {
    let flags = platform.shared();
    platform.required()?;
    if flags.name.is_empty() {
        return Err(usage("--name is required: expected a DNS-1123 label, such as --name demo"));
    }
    if flags.pull_secret.as_ref().is_none_or(|path| path.as_os_str().is_empty()) {
        return Err(usage(
            "--pull-secret is required: expected a file with the registry's credentials (.dockerconfigjson); `hcp local status` names the one of a local instance",
        ));
    }
    Ok(())
}

impl Input {
    /// Checks the flags and reads the files that they name.
    pub fn check<P: PlatformFlags>(platform: &P, availability: AvailabilityPolicy) -> Result<Self> {
        let flags = platform.shared();
        required(platform)?;
        if flags.wait.wait.0 && flags.nodes.node_pool_replicas < 1 {
            return Err(usage("--wait requires --node-pool-replicas > 0"));
        }
        if flags.wait.wait_for == Some(WaitGoal::Nodes) && flags.nodes.node_pool_replicas < 1 {
            return Err(usage("--wait-for nodes requires --node-pool-replicas > 0"));
        }
        names::dns_label(&flags.name).map_err(|text| usage(format!("--name {text}")))?;
        names::dns_label(&flags.namespace).map_err(|text| usage(format!("--namespace {text}")))?;
        names::control_plane_namespace(&flags.namespace, &flags.name)
            .map_err(|text| usage(format!("--name: {text}")))?;
        let platform_input = platform.check()?;
        architecture::check(&flags.nodes.arch, platform_input.name)?;
        content::check(flags)?;
        networks::check(flags, platform_input.name, P::ADDRESS_FLAG, platform_input.publishing.address())?;

        let mut warnings = effects(flags, platform_input.name)?;
        let mut lenient = |checked: Result<()>| match checked {
            Err(error) if flags.render.renders() => {
                warnings.push(error.to_string());
                Ok(())
            }
            other => other,
        };
        let pull_secret = credentials::pull_secret(flags, &mut lenient)?;
        let ssh_key = ssh_key::ssh_key(flags, &mut lenient)?;
        let trust_bundle = credentials::trust_bundle(flags, &mut lenient)?;
        lenient(check_image("--release-image", &flags.release_image))?;
        let image_content_sources = mirrors::image_content_sources(flags)?;
        let infra_id = match flags.infra_id.as_deref().filter(|given| !given.is_empty()) {
            Some(given) => checked_infra_id(given)?,
            None => infra_id(&flags.name),
        };
        paused_until(flags)?;
        let mut encryption_key = [0_u8; 32];
        rand::rng().fill(&mut encryption_key);
        Ok(Self {
            platform: platform_input,
            pull_secret: SecretBox::new(Box::new(pull_secret)),
            ssh_key,
            trust_bundle,
            image_content_sources,
            encryption_key: SecretBox::new(Box::new(encryption_key)),
            infra_id,
            release_image: flags.release_image.clone(),
            availability: flags.availability(availability),
            warnings,
        })
    }
}

/// Flags that have no effect on the platform: refused where the cluster would not be what was asked for, told elsewhere.
fn effects(flags: &ClusterFlags, platform: &str) -> Result<Vec<String>> {
    if flags.infra_json.is_some() {
        return Err(usage(format!(
            "--infra-json is not supported: it describes the infrastructure of a cloud, and platform {platform} has none; leave it out"
        )));
    }
    let mut told = Vec::new();
    if flags.render.renders() && flags.release_image.is_empty() && flags.release_stream.is_empty() {
        told.push(
            "the manifests name no release image: fill in spec.release.image before they are applied, or render with --release-image"
                .to_owned(),
        );
    }
    if platform != "KubeVirt" && flags.external_dns_domain.as_deref().is_some_and(|domain| !domain.is_empty()) {
        told.push(format!("--external-dns-domain has no effect on platform {platform}, which names no services"));
    }
    if flags.control_plane_operator_image.as_deref().is_some_and(|image| !image.is_empty()) {
        told.push(
            "--control-plane-operator-image becomes an annotation and has no effect: one operator serves all clusters, and `hcp install` chooses its image"
                .to_owned(),
        );
    }
    Ok(told)
}

/// `<name>-<5 characters>`, the name cut so that the whole has at most 27.
fn infra_id(name: &str) -> String {
    let cut: String = name.chars().take(INFRA_ID_LENGTH - INFRA_ID_RANDOM - 1).collect();
    format!("{}-{}", cut.trim_end_matches('-'), random_identifier(INFRA_ID_RANDOM))
}

/// Lower-case letters and digits from the system's source of randomness.
pub fn random_identifier(length: usize) -> String {
    let mut random = rand::rng();
    (0..length).filter_map(|_| IDENTIFIER_CHARACTERS.choose(&mut random)).map(|byte| char::from(*byte)).collect()
}

fn checked_infra_id(given: &str) -> Result<String> {
    names::dns_label(given).map_err(|text| usage(format!("--infra-id {text}")))?;
    Ok(given.to_owned())
}

fn paused_until(flags: &ClusterFlags) -> Result<()> {
    let Some(given) = flags.paused_until.as_deref().filter(|given| !given.is_empty()) else { return Ok(()) };
    let is_word = ["true", "True", "false", "False"].contains(&given);
    if !is_word && given.parse::<jiff::Timestamp>().is_err() {
        return Err(usage(format!(
            "--pausedUntil {given:?}: expected a date in RFC3339 format, such as 2030-01-31T08:00:00Z, or true"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_infra_id_is_the_cut_name_and_five_characters() {
        let id = infra_id("a-name-that-is-too-long-for-it");
        assert_eq!(id.len(), INFRA_ID_LENGTH);
        assert!(id.starts_with("a-name-that-is-too-lo"), "{id}");
        assert_ne!(infra_id("demo"), infra_id("demo"));
        assert_eq!(names::dns_label(&infra_id("aaaaaaaaaaaaaaaaaaaa-b")), Ok(()));
    }
}
