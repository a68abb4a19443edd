//! Everything that can be checked without asking anybody: names, files, images, networks.
//!
//! The order is HyperShift's: name, pull secret, `--wait`, form of the name, then the rest.

mod networks;

use std::path::PathBuf;

use anyhow::Result;
use hoist_api::hosted_cluster::AvailabilityPolicy;
use hoist_release::ImageReference;
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use secrecy::SecretBox;

use crate::args::cluster::ClusterFlags;
use crate::args::{files, names};
use crate::failure::usage;

/// Characters of generated identifiers: no vowels, so that no words come out. Kubernetes uses the same.
const IDENTIFIER_CHARACTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// Longest infra ID, as in HyperShift.
const INFRA_ID_LENGTH: usize = 27;
/// Random characters at the end of an infra ID.
const INFRA_ID_RANDOM: usize = 5;

/// What the manifests need besides the flags, checked.
pub struct Input {
    /// Content of the pull secret file.
    pub pull_secret: SecretBox<Vec<u8>>,
    /// The SSH public key.
    pub ssh_key: Option<String>,
    /// PEM of authorities to trust.
    pub trust_bundle: Option<String>,
    /// Key of the encryption at rest.
    pub encryption_key: SecretBox<[u8; 32]>,
    /// Identifier of the infrastructure.
    pub infra_id: String,
    /// Where the control plane is published; none until it is looked up.
    pub address: Option<String>,
    /// Release image; empty until the newest one is looked up, and when rendering without one.
    pub release_image: String,
    /// Copies of the control plane.
    pub availability: AvailabilityPolicy,
}

impl Input {
    /// Checks the flags and reads the files that they name.
    pub fn check(flags: &ClusterFlags, address: Option<&str>, availability: AvailabilityPolicy) -> Result<Self> {
        if flags.name.is_empty() {
            return Err(usage("--name is required: expected a DNS-1123 label, such as --name demo"));
        }
        let Some(pull_secret) = &flags.pull_secret else {
            return Err(usage(
                "--pull-secret is required: expected a file with the registry's credentials (.dockerconfigjson); `hcp local status` names the one of a local instance",
            ));
        };
        if flags.wait && flags.node_pool_replicas < 1 {
            return Err(usage("--wait requires --node-pool-replicas > 0"));
        }
        names::dns_label(&flags.name).map_err(|text| usage(format!("--name {text}")))?;
        names::dns_label(&flags.namespace).map_err(|text| usage(format!("--namespace {text}")))?;
        names::control_plane_namespace(&flags.namespace, &flags.name)
            .map_err(|text| usage(format!("--name: {text}")))?;
        let pull_secret = files::pull_secret(pull_secret)?;
        let ssh_key = optional(flags.ssh_key.as_ref(), |path| files::ssh_public_key(path))?;
        let trust_bundle = optional(flags.additional_trust_bundle.as_ref(), |path| files::trust_bundle(path))?;
        let release_image = release_image(&flags.release_image)?;
        let infra_id = match &flags.infra_id {
            Some(given) => checked_infra_id(given)?,
            None => infra_id(&flags.name),
        };
        etcd_size(flags)?;
        paused_until(flags)?;
        architecture(flags)?;
        if flags.node_upgrade_type.as_deref().is_some_and(|given| given.eq_ignore_ascii_case("Replace")) {
            return Err(usage(
                "--node-upgrade-type Replace is not supported: platform None has no machines to replace; expected InPlace",
            ));
        }
        if flags.wait_for == Some(crate::args::cluster::WaitGoal::Nodes) && flags.node_pool_replicas < 1 {
            return Err(usage("--wait-for nodes requires --node-pool-replicas > 0"));
        }
        flags.refuse_unserved()?;
        networks::check(flags, address)?;
        let address = address.map(checked_address).transpose()?;
        let mut encryption_key = [0_u8; 32];
        rand::rng().fill(&mut encryption_key);
        Ok(Self {
            pull_secret: SecretBox::new(Box::new(pull_secret)),
            ssh_key,
            trust_bundle,
            encryption_key: SecretBox::new(Box::new(encryption_key)),
            infra_id,
            address,
            release_image,
            availability: flags.availability(availability),
        })
    }
}

fn optional<T>(path: Option<&PathBuf>, read: impl FnOnce(&PathBuf) -> Result<T>) -> Result<Option<T>> {
    path.map(read).transpose()
}

fn release_image(given: &str) -> Result<String> {
    if !given.is_empty() {
        given.parse::<ImageReference>().map_err(|error| usage(format!("--release-image: {error}")))?;
    }
    Ok(given.to_owned())
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

fn etcd_size(flags: &ClusterFlags) -> Result<()> {
    let Some(size) = &flags.etcd_storage_size else { return Ok(()) };
    let digits = size.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &size[digits.len()..];
    let is_number = digits.parse::<f64>().is_ok_and(|number| number > 0.0) && !digits.starts_with('+');
    if !is_number || !["", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti"].contains(&unit) {
        return Err(usage(format!(
            "--etcd-storage-size {size:?} is no quantity: expected a number with a unit, such as 8Gi"
        )));
    }
    Ok(())
}

fn paused_until(flags: &ClusterFlags) -> Result<()> {
    let Some(given) = &flags.paused_until else { return Ok(()) };
    let is_word = ["true", "True", "false", "False"].contains(&given.as_str());
    if !is_word && given.parse::<jiff::Timestamp>().is_err() {
        return Err(usage(format!(
            "--pausedUntil {given:?}: expected a date in RFC3339 format, such as 2030-01-31T08:00:00Z, or true"
        )));
    }
    Ok(())
}

fn architecture(flags: &ClusterFlags) -> Result<()> {
    if flags.arch == "amd64" {
        return Ok(());
    }
    Err(usage(format!(
        "--arch {:?} is not supported: expected amd64, which is what releases are built for",
        flags.arch
    )))
}

/// An address is written into certificates and handed to hosts: a host name or an IP address, nothing around it.
fn checked_address(given: &str) -> Result<String> {
    let is_name = !given.is_empty()
        && given.len() <= 253
        && given.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
    // Four numbers that are no address would pass as a host name.
    let looks_numeric = given.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if given.parse::<std::net::IpAddr>().is_ok() || (is_name && !looks_numeric) {
        return Ok(given.to_owned());
    }
    Err(usage(format!(
        "--external-api-server-address {given:?}: expected a host name or an IP address without scheme and port, such as 192.0.2.10"
    )))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn an_infra_id_is_the_cut_name_and_five_characters() {
        let id = infra_id("a-name-that-is-too-long-for-it");
        assert_eq!(id.len(), INFRA_ID_LENGTH);
        assert!(id.starts_with("a-name-that-is-too-lo"), "{id}");
        assert_ne!(infra_id("demo"), infra_id("demo"));
        assert_eq!(names::dns_label(&infra_id("aaaaaaaaaaaaaaaaaaaa-b")), Ok(()));
    }

    #[rstest]
    #[case("https://192.0.2.10")]
    #[case("192.0.2.10:6443")]
    #[case("192.0.2.300")]
    #[case("")]
    #[case("a b")]
    fn addresses_with_anything_around_them_are_refused(#[case] given: &str) {
        assert!(checked_address(given).is_err());
    }

    #[rstest]
    #[case("192.0.2.10")]
    #[case("2001:db8::1")]
    #[case("api.example.com")]
    fn host_names_and_addresses_are_fine(#[case] given: &str) {
        assert_eq!(checked_address(given).unwrap(), given);
    }
}
