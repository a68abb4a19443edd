//! What was applied last, by name alone: it is what has to be taken back when it is no longer wanted.

use std::collections::{BTreeMap, BTreeSet};

use hoist_node_config::{HostConfiguration, paths};
use serde::{Deserialize, Serialize};

use super::{Error, units};
use crate::HostRoot;

/// What a path is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    Directory,
    File,
    Link,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Record {
    pub(super) paths: BTreeMap<String, Kind>,
    pub(super) units: BTreeSet<String>,
    pub(super) sysctls: BTreeMap<String, String>,
}

impl Record {
    pub(super) fn of(wanted: &HostConfiguration) -> Self {
        let directories = wanted.directories.iter().map(|directory| (directory.path.clone(), Kind::Directory));
        let files = wanted.files.iter().map(|file| (file.path.clone(), Kind::File));
        let links = wanted.links.iter().map(|link| (link.path.clone(), Kind::Link));
        let of_units = units::files(&wanted.units).map(|(path, _)| (path, Kind::File));
        Self {
            paths: directories.chain(files).chain(links).chain(of_units).collect(),
            units: wanted.units.iter().map(|unit| unit.name.clone()).collect(),
            sysctls: wanted.sysctls.clone(),
        }
    }

    pub(super) fn read(root: &HostRoot) -> Result<Self, Error> {
        let failed = |source| Error::Path { path: paths::HOST_CONFIGURATION_RECORD.to_owned(), source };
        match root.read(paths::HOST_CONFIGURATION_RECORD).map_err(failed)? {
            Some(text) => serde_json::from_str(&text).map_err(|cause| failed(cause.into())),
            None => Ok(Self::default()),
        }
    }

    pub(super) fn write(&self, root: &HostRoot) -> Result<(), Error> {
        let failed = |source| Error::Path { path: paths::HOST_CONFIGURATION_RECORD.to_owned(), source };
        let text = serde_json::to_vec(self).map_err(|cause| failed(cause.into()))?;
        root.write(paths::HOST_CONFIGURATION_RECORD, 0o600, &text).map_err(failed)?;
        Ok(())
    }
}
