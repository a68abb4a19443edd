//! What a management cluster is made of: the newest release of the payload's image layout.

use std::path::Path;

use hoist_registry::Layout;
use hoist_release::{Digest, ImageReference, Release};

use super::Error;
use crate::address_plan as plan;

/// Repository of release images and their components in every instance's registry.
const REPOSITORY: &str = "hoist/release";

/// The opened payload.
#[derive(Debug)]
pub struct Payload {
    /// The image layout.
    pub layout: Layout,
    /// The newest release in it, as it is in the instance's registry.
    pub release: Release,
}

/// The instance's registry, `host:port`.
pub fn registry_host() -> String {
    let first = plan::management_node(0).unwrap_or(plan::SWITCH_ADDRESS);
    format!("{first}:{}", plan::REGISTRY_PORT)
}

impl Payload {
    /// Opens the payload in the cache.
    pub fn open(cache: &Path) -> Result<Self, Error> {
        let path = cache.join("payload/layout");
        let failed = |source| Error::Payload { path: path.clone(), source };
        let layout = Layout::open(&path).map_err(failed)?;
        let none = || Error::NoRelease { path: path.clone() };
        let names: Vec<&str> = layout.names().map(|(name, _)| name).collect();
        let name = newest_release(&names).ok_or_else(none)?;
        let repository: ImageReference = format!("{}/{REPOSITORY}", registry_host()).parse().map_err(|_| none())?;
        let release = layout.release(name, &repository).map_err(failed)?;
        Ok(Self { layout, release })
    }

    /// Pull specification of a component.
    pub fn image(&self, component: &str) -> Result<String, Error> {
        Ok(self.release.component(component)?.to_string())
    }

    /// Digest of a component's image.
    pub fn digest(&self, component: &str) -> Result<Digest, Error> {
        // `component` reports a missing one by name.
        self.release.component(component)?;
        Ok(self.release.components[component].digest.clone())
    }

    /// Names and digests of all named images of the layout, as one text that changes with them.
    pub fn fingerprint(&self) -> String {
        let mut lines: Vec<String> =
            self.layout.names().map(|(name, entry)| format!("{name} {}\n", entry.digest)).collect();
        lines.sort();
        lines.concat()
    }
}

/// The `release:<version>` of the highest version.
fn newest_release<'a>(names: &[&'a str]) -> Option<&'a str> {
    names
        .iter()
        .filter_map(|name| {
            let version: Vec<u64> =
                name.strip_prefix("release:")?.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
            Some((version, *name))
        })
        .max()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_release_is_found_by_number_not_by_letter() {
        let names = ["release:1.9.10", "release:1.36.3", "operator:9.0.0", "release:1.35.4"];
        assert_eq!(newest_release(&names), Some("release:1.36.3"));
        assert_eq!(newest_release(&["operator:0.1.0"]), None);
    }

    #[test]
    fn the_registry_is_on_the_first_management_node() {
        assert_eq!(registry_host(), "10.200.0.10:5000");
    }
}
