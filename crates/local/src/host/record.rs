//! What is remembered of a host: `host.json` in its folder, written last when one is made.

use std::{
    io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::files;

/// What a host is for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Role {
    /// A node of the management cluster, counted from 0.
    Management {
        /// Its number.
        index: u8,
    },
    /// A plain machine for the user.
    Worker,
}

/// The record of a host.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its address on the instance's switch.
    pub address: Ipv4Addr,
    /// The read-only root file system below its own.
    pub base: PathBuf,
}

impl Record {
    pub(super) fn path(folder: &Path) -> PathBuf {
        folder.join("host.json")
    }

    /// Reads the record in a host's folder, or none when there is none.
    pub(super) fn read(folder: &Path) -> io::Result<Option<Self>> {
        match fs_err::read(Self::path(folder)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        files::write_json(&Self::path(folder), self, 0o644)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_as_written_and_a_folder_without_one_is_no_host() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Record::read(folder.path()).unwrap(), None);
        let record = Record {
            name: "worker-1".to_owned(),
            role: Role::Management { index: 2 },
            address: Ipv4Addr::new(10, 200, 0, 12),
            base: PathBuf::from("/base"),
        };
        record.write(folder.path()).unwrap();
        assert_eq!(Record::read(folder.path()).unwrap(), Some(record));
    }
}
