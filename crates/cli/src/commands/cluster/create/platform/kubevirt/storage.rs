//! `--infra-storage-class-mapping` and its sister for snapshots: `INFRA/GUEST[,group=GROUP]`.

use std::str::FromStr;

use serde_json::{Value, json};

/// A class of the infrastructure cluster and its name in the hosted cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassMapping {
    infra: String,
    guest: String,
    group: Option<String>,
}

/// A text that is no mapping.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is no mapping: write INFRA/GUEST or INFRA/GUEST,group=GROUP, such as fast/kubevirt-fast")]
pub struct InvalidMapping(String);

impl ClassMapping {
    /// The mapping as it stands in a manifest.
    ///
    /// - `class`: what both names end with, such as `StorageClassName`.
    pub fn manifest(&self, class: &str) -> Value {
        let mut manifest = json!({});
        if let Some(group) = &self.group {
            manifest["group"] = group.as_str().into();
        }
        manifest[format!("guest{class}")] = self.guest.as_str().into();
        manifest[format!("infra{class}")] = self.infra.as_str().into();
        manifest
    }
}

impl FromStr for ClassMapping {
    type Err = InvalidMapping;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidMapping(text.to_owned());
        let (classes, options) = text.split_once(',').map_or((text, None), |(classes, rest)| (classes, Some(rest)));
        let group = match options {
            None => None,
            Some(options) => {
                let group = options.trim().strip_prefix("group=").map(str::trim).ok_or_else(invalid)?;
                if group.is_empty() || group.contains(',') {
                    return Err(invalid());
                }
                Some(group.to_owned())
            }
        };
        match classes.split_once('/') {
            Some((infra, guest)) if !infra.is_empty() && !guest.is_empty() && !guest.contains('/') => {
                Ok(Self { infra: infra.trim().to_owned(), guest: guest.trim().to_owned(), group })
            }
            _ => Err(invalid()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_mapping_may_belong_to_a_group() {
        let mapping: ClassMapping = "infra1/guest1,group=group1".parse().unwrap();
        assert_eq!(
            mapping.manifest("VolumeSnapshotClassName"),
            json!({"group": "group1", "guestVolumeSnapshotClassName": "guest1", "infraVolumeSnapshotClassName": "infra1"})
        );
    }

    #[rstest]
    #[case("infra")]
    #[case("infra/")]
    #[case("/guest")]
    #[case("a/b/c")]
    #[case("a/b,c")]
    #[case("a/b,group=")]
    fn other_texts_are_refused(#[case] text: &str) {
        assert_eq!(text.parse::<ClassMapping>(), Err(InvalidMapping(text.to_owned())));
    }
}
