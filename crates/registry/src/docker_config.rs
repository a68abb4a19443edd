//! Pull secrets: the `.dockerconfigjson` form, and which of its entries is for an image.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hoist_release::ImageReference;
use secrecy::SecretString;
use serde::Deserialize;

/// Credentials per registry. `Debug` shows the registries only.
#[derive(Clone, Default)]
pub struct DockerConfig {
    entries: BTreeMap<String, Credentials>,
}

/// A user name and its password.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: SecretString,
}

/// Why a pull secret cannot be used. Says where, never what: the content is secret.
#[derive(Debug, thiserror::Error)]
pub enum DockerConfigError {
    /// Not the JSON of a `.dockerconfigjson`.
    #[error(
        "the pull secret is no Docker configuration (line {line}, column {column}); expected {{\"auths\":{{\"<registry>\":{{\"auth\":\"…\"}}}}}}"
    )]
    Malformed {
        /// Line of the first error.
        line: usize,
        /// Column of the first error.
        column: usize,
    },
    /// One entry has neither `auth` nor user name and password, or its `auth` is not base64 of `user:password`.
    #[error("the pull secret's entry for {registry} is not usable; expected \"auth\" with base64 of user:password")]
    Entry {
        /// Key of the entry.
        registry: String,
    },
    /// There is no entry at all.
    #[error("the pull secret names no registry; expected at least one entry under \"auths\"")]
    Empty,
}

#[derive(Deserialize)]
struct Stored {
    auths: BTreeMap<String, StoredEntry>,
}

#[derive(Deserialize)]
struct StoredEntry {
    #[serde(default)]
    auth: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
}

impl DockerConfig {
    /// Reads the content of a `.dockerconfigjson`.
    pub fn parse(json: &[u8]) -> Result<Self, DockerConfigError> {
        let stored: Stored = serde_json::from_slice(json)
            .map_err(|error| DockerConfigError::Malformed { line: error.line(), column: error.column() })?;
        if stored.auths.is_empty() {
            return Err(DockerConfigError::Empty);
        }
        let entries = stored
            .auths
            .into_iter()
            .map(|(registry, entry)| match entry.credentials() {
                Some(credentials) => Ok((normalise(&registry), credentials)),
                None => Err(DockerConfigError::Entry { registry }),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { entries })
    }

    /// A configuration with one entry.
    pub fn single(registry: &str, username: &str, password: SecretString) -> Self {
        let credentials = Credentials { username: username.to_owned(), password };
        Self { entries: BTreeMap::from([(normalise(registry), credentials)]) }
    }

    /// The registries (with path, where an entry has one) that there are credentials for.
    pub fn registries(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The entry with the longest path that holds the image, as kubelet chooses it.
    pub(crate) fn for_image(&self, image: &ImageReference) -> Option<&Credentials> {
        let full = format!("{}/{}", image.registry(), image.repository());
        self.entries
            .iter()
            .filter(|(key, _)| {
                full.strip_prefix(key.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
            .max_by_key(|(key, _)| key.len())
            .map(|(_, credentials)| credentials)
    }
}

impl StoredEntry {
    fn credentials(self) -> Option<Credentials> {
        let (username, password) = if self.auth.is_empty() {
            (self.username, self.password)
        } else {
            let decoded = STANDARD.decode(self.auth.trim()).ok()?;
            let decoded = String::from_utf8(decoded).ok()?;
            let (username, password) = decoded.split_once(':')?;
            (username.to_owned(), password.to_owned())
        };
        (!username.is_empty()).then(|| Credentials { username, password: password.into() })
    }
}

/// Docker writes keys with a scheme and an API path; only host, port and repository path matter.
fn normalise(key: &str) -> String {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let key = key.trim_end_matches('/');
    let key = key.strip_suffix("/v1").or_else(|| key.strip_suffix("/v2")).unwrap_or(key);
    key.to_ascii_lowercase()
}

impl fmt::Debug for DockerConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.entries.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn config(json: &str) -> DockerConfig {
        DockerConfig::parse(json.as_bytes()).unwrap()
    }

    fn image(text: &str) -> ImageReference {
        text.parse().unwrap()
    }

    #[test]
    fn the_entry_with_the_longest_path_wins() {
        let config = config(
            r#"{"auths":{"https://r.example.com/v1/":{"auth":"YTox"},"r.example.com/team":{"auth":"Yjoy"},"r.example.com/te":{"auth":"Yzoz"}}}"#,
        );
        let user = |text| config.for_image(&image(text)).map(|found| found.username.as_str());
        assert_eq!(user("r.example.com/team/app:1"), Some("b"));
        assert_eq!(user("r.example.com/teams/app:1"), Some("a"));
        assert_eq!(user("r.example.com:5000/team/app:1"), None);
    }

    #[test]
    fn a_password_may_contain_colons() {
        let config = config(&format!(r#"{{"auths":{{"r.example.com":{{"auth":"{}"}}}}}}"#, STANDARD.encode("me:a:b")));
        let found = config.for_image(&image("r.example.com/a")).unwrap();
        assert_eq!(found.password.expose_secret(), "a:b");
    }

    #[test]
    fn errors_and_debug_never_show_the_secret() {
        let secret = "c2VjcmV0"; // base64 of "secret", without a colon
        let error =
            DockerConfig::parse(format!(r#"{{"auths":{{"r":{{"auth":"{secret}"}}}}}}"#).as_bytes()).unwrap_err();
        assert!(!error.to_string().contains(secret) && error.to_string().contains("entry for r "), "{error}");
        let error = DockerConfig::parse(br#"{"auths": "hunter2""#).unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        let shown = format!("{:?}", DockerConfig::single("r.example.com", "me", "hunter2".into()));
        assert_eq!(shown, r#"{"r.example.com"}"#);
    }

    #[test]
    fn an_empty_configuration_is_refused() {
        assert!(matches!(DockerConfig::parse(br#"{"auths":{}}"#), Err(DockerConfigError::Empty)));
    }
}
