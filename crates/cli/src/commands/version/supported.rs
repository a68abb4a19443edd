//! The ConfigMap `supported-versions`, in which the operator says what it hosts.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, anyhow};
use hoist_api::names;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use semver::Version;
use serde::Deserialize;

use crate::session::Session;

/// What the ConfigMap says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SupportedVersions {
    versions: Vec<String>,
    releases: BTreeMap<Version, String>,
    server_version: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    versions: Vec<String>,
}

impl SupportedVersions {
    /// Reads the ConfigMap, if there is one.
    pub async fn read(session: &Session) -> Result<Option<Self>> {
        Self::read_in(session, names::OPERATOR_NAMESPACE).await
    }

    /// Reads the ConfigMap of an operator in another namespace.
    pub async fn read_in(session: &Session, namespace: &str) -> Result<Option<Self>> {
        let api: Api<ConfigMap> = Api::namespaced(session.client(), namespace);
        let object = format!("ConfigMap {namespace}/{}", names::SUPPORTED_VERSIONS);
        let map = session.call(&format!("read {object}"), api.get_opt(names::SUPPORTED_VERSIONS)).await?;
        map.map(|map| {
            Self::parse(&map.data.unwrap_or_default()).with_context(|| format!("{object} cannot be understood"))
        })
        .transpose()
    }

    fn parse(data: &BTreeMap<String, String>) -> Result<Self> {
        let listed = data.get("supported-versions").ok_or_else(|| anyhow!("key supported-versions is missing"))?;
        let listed: Listed = serde_json::from_str(listed).context("key supported-versions")?;
        let releases = match data.get("releases") {
            Some(text) => serde_json::from_str(text).context("key releases")?,
            None => BTreeMap::new(),
        };
        Ok(Self { versions: listed.versions, releases, server_version: data.get("server-version").cloned() })
    }

    /// Minor versions, newest first.
    pub fn versions(&self) -> &[String] {
        &self.versions
    }

    /// Version of the operator.
    pub fn server_version(&self) -> Option<&str> {
        self.server_version.as_deref()
    }

    /// Release images by version.
    pub fn releases(&self) -> &BTreeMap<Version, String> {
        &self.releases
    }

    /// The release image of the newest version.
    pub fn newest_image(&self) -> Result<String> {
        self.releases.last_key_value().map(|(_, image)| image.clone()).ok_or_else(|| {
            anyhow!(
                "the operator knows no release image (ConfigMap {}/{}, key releases); name one with --release-image",
                names::OPERATOR_NAMESPACE,
                names::SUPPORTED_VERSIONS
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_newest_release_is_newest_by_number_and_not_by_letter() {
        let supported = SupportedVersions::parse(&data(&[
            ("supported-versions", r#"{"versions":["1.36","1.9"]}"#),
            ("releases", r#"{"1.9.0":"r/a:1.9.0","1.36.3":"r/a:1.36.3"}"#),
        ]))
        .unwrap();
        assert_eq!(supported.newest_image().unwrap(), "r/a:1.36.3");
        assert_eq!(supported.versions(), ["1.36", "1.9"]);
    }

    #[test]
    fn without_releases_a_release_image_is_asked_for() {
        let supported = SupportedVersions::parse(&data(&[("supported-versions", r#"{"versions":["1.36"]}"#)])).unwrap();
        assert!(supported.newest_image().unwrap_err().to_string().contains("--release-image"));
    }
}
