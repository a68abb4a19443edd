//! Logs of services, kept from growing without end.
//!
//! Services write to their file themselves, so that they survive their supervisor; the file is therefore copied and
//! emptied in place, and lines written in between those two moments are lost.

use std::{
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
    process::Stdio,
    time::Duration,
};

use fs_err as fs;
use tracing::warn;

/// How often sizes are looked at.
pub(super) const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// Size from which a log is cut. A busy kubelet writes this in about a day.
const LIMIT: u64 = 10 << 20;

/// Opens the log of a unit for a service's standard output and error.
pub(super) fn open(folder: &Path, unit: &str) -> io::Result<(Stdio, Stdio)> {
    let path = folder.join(format!("{unit}.log"));
    // Appending makes every write go to the end, also after the file was emptied.
    let file = fs::OpenOptions::new().create(true).append(true).open(&path)?.into_parts().0;
    let copy = file.try_clone()?;
    Ok((file.into(), copy.into()))
}

/// Cuts every log that is too long.
pub(super) fn cut_all(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_some_and(|extension| extension == "log")
            && let Err(cause) = cut(&path, LIMIT)
        {
            warn!(log = %path.display(), %cause, "log not cut");
        }
    }
}

/// Keeps the last half of `limit` in `<log>.1` and empties the log, if it is longer than `limit`.
fn cut(path: &Path, limit: u64) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    if length <= limit {
        return Ok(());
    }
    file.seek(SeekFrom::Start(length - limit / 2))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let mut old = path.as_os_str().to_owned();
    old.push(".1");
    fs::write(old, tail)?;
    file.set_len(0)
}

#[cfg(test)]
mod tests {
    use std::{fs::OpenOptions, io::Write as _};

    use super::*;

    #[test]
    fn a_long_log_keeps_its_end_and_its_writer() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.log");
        let mut writer = OpenOptions::new().create(true).append(true).open(&path).expect("a log");
        writer.write_all(&[b'a'; 50]).expect("written");
        writer.write_all(&[b'b'; 60]).expect("written");
        cut(&path, 100).expect("cut");
        assert_eq!(std::fs::read(folder.path().join("a.log.1")).expect("the end"), [b'b'; 50]);
        writer.write_all(b"next").expect("written");
        assert_eq!(std::fs::read(&path).expect("the log"), b"next");
    }

    #[test]
    fn a_short_log_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.log");
        std::fs::write(&path, "short").expect("written");
        cut(&path, 100).expect("nothing to do");
        assert_eq!(std::fs::read_to_string(&path).expect("the log"), "short");
    }
}
