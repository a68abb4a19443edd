//! Files, links, folders, systemd units and kernel settings that users configure on the hosts of a pool.
//!
//! It may hold secrets, so it travels in a Secret that only hosts of the pool can read, and messages never quote its contents.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Key of it in its Secret.
pub const SECRET_KEY: &str = "host.json";
/// Most bytes of it: a Secret holds a mebibyte, and needs some for itself.
pub const SIZE_LIMIT: usize = 1_000_000;

/// What is wanted on a host besides the node itself. Paths are unique, clean and none of those that are guarded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HostConfiguration {
    /// Folders, parents first.
    pub directories: Vec<Directory>,
    /// Files.
    pub files: Vec<File>,
    /// Symbolic links.
    pub links: Vec<Link>,
    /// systemd units.
    pub units: Vec<SystemdUnit>,
    /// Kernel settings by dotted name.
    pub sysctls: BTreeMap<String, String>,
}

impl HostConfiguration {
    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A user or group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Owner {
    /// By number.
    Id(u32),
    /// By name; each host knows its own.
    Name(String),
}

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Directory {
    /// Path on the host.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// Owner; root when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Owner>,
    /// Group; root's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Owner>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct File {
    /// Path on the host.
    pub path: String,
    /// Permission bits; when absent, those of the host's own file that is appended to, or `rw-r--r--`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// Owner; when absent, as with the mode, or root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Owner>,
    /// Group; likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Owner>,
    /// What it holds.
    pub contents: FileContents,
    /// Whether a file of somebody else is replaced; otherwise such a host is refused.
    pub overwrite: bool,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FileContents {
    /// Exactly this.
    Whole(Bytes),
    /// What the host's own file holds, and this after it.
    Appended(Bytes),
}

/// A symbolic link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// Path on the host.
    pub path: String,
    /// Where it leads.
    pub target: String,
    /// Whether something of somebody else is replaced.
    pub overwrite: bool,
}

/// A systemd unit, or what is changed of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SystemdUnit {
    /// Name with its type, such as `a.service`.
    pub name: String,
    /// The unit's file; absent for a unit of the host's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contents: Option<String>,
    /// Drop-ins by file name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dropins: BTreeMap<String, String>,
    /// Whether it is enabled and runs, or is disabled and does not; absent: as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether it can be started at all; absent: as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask: Option<bool>,
}

/// Bytes, base64 in JSON, and not shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(|_| serde::de::Error::custom("not base64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_survive_the_way_and_are_never_shown() {
        let configuration = HostConfiguration {
            files: vec![File {
                path: "/etc/x".into(),
                mode: Some(0o600),
                user: Some(Owner::Id(3)),
                group: Some(Owner::Name("adm".into())),
                contents: FileContents::Whole(Bytes(b"secret\xff".to_vec())),
                overwrite: true,
            }],
            ..HostConfiguration::default()
        };
        let text = serde_json::to_string(&configuration).expect("JSON");
        assert_eq!(serde_json::from_str::<HostConfiguration>(&text).expect("the same"), configuration);
        assert!(!format!("{configuration:?}").contains("secret"));
    }
}
