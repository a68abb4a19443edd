//! Finds programs of the payload. A test that needs one fails when it is absent: it never skips.

use std::path::PathBuf;

/// What to say when a program is absent.
pub const NEEDS_PAYLOAD: &str = "run `cargo xtask payload build` first";

/// `name` in the folder `$HOIST_PAYLOAD_BIN`, else in the newest entry of `component` in the payload cache.
pub fn program(component: &str, name: &str) -> PathBuf {
    if let Some(folder) = std::env::var_os("HOIST_PAYLOAD_BIN") {
        return PathBuf::from(folder).join(name);
    }
    let folder = cache().join("bin").join(component);
    let mut found: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{} cannot be read ({error}); {NEEDS_PAYLOAD}", folder.display()))
        .map(|entry| entry.unwrap().path().join(name))
        .filter_map(|path| Some((std::fs::metadata(&path).ok()?.modified().unwrap(), path)))
        .collect();
    found.sort();
    found.pop().expect(NEEDS_PAYLOAD).1
}

/// The folder `payload` of the cache.
pub fn cache() -> PathBuf {
    let root = std::env::var_os("HOIST_CACHE").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache/hoist"),
        PathBuf::from,
    );
    root.join("payload")
}
