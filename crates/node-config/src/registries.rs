//! containerd's `hosts.toml` files: which registries are trusted, mirrored, taken without a check, or never asked.
//!
//! containerd reads them anew at each pull, by the host of the image reference; no service restarts for them. **Source:**
//! containerd `core/remotes/docker/config/hosts.go`: hosts are tried in the order of the file, the `server` last; a host without
//! the capability `pull` is not asked; without `server`, capabilities at the top are overruled.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::{HostFile, NodeConfig, paths};

/// Folder of what holds for every registry that has none of its own.
const DEFAULT: &str = "_default";
/// Nobody can own this name (RFC 2606).
const NOBODY: &str = "https://not-allowed.invalid";
/// What may be asked of a registry that is not pulled from.
const NO_PULL: &str = "capabilities = ['push']\n";

/// The files for all registries of a node.
pub fn registry_files(config: &NodeConfig) -> Vec<HostFile> {
    let settings = &config.settings;
    let mut files = Vec::new();
    if !settings.trust_bundle_pem.is_empty() {
        files.push(HostFile::public(authority_path(DEFAULT), settings.trust_bundle_pem.clone()));
    }
    if !settings.trust_bundle_pem.is_empty() || !settings.registry_policy.allowed.is_empty() {
        files.push(HostFile::public(hosts_path(DEFAULT), for_others(config)));
    }
    for trust in &config.registries {
        files.push(HostFile::public(authority_path(&trust.host), trust.certificate_authority_pem.clone()));
    }
    for host in named_hosts(config) {
        files.push(HostFile::public(hosts_path(host), for_host(config, host)));
    }
    files
}

/// Registries that have a file of their own.
fn named_hosts(config: &NodeConfig) -> BTreeSet<&str> {
    let policy = &config.settings.registry_policy;
    let trusted = config.registries.iter().map(|trust| trust.host.as_str());
    let mirrored = config.settings.mirrors.iter().map(|mirror| mirror.source.as_str());
    let others = policy.insecure.iter().chain(&policy.blocked).chain(&policy.allowed).map(String::as_str);
    trusted.chain(mirrored).chain(others).collect()
}

fn for_others(config: &NodeConfig) -> String {
    let mut text = String::new();
    if !config.settings.registry_policy.allowed.is_empty() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "server = {}", literal(NOBODY));
        text.push_str(NO_PULL);
    }
    text.push_str(&tls(config, DEFAULT));
    text
}

fn for_host(config: &NodeConfig, host: &str) -> String {
    let policy = &config.settings.registry_policy;
    let contains = |list: &[String]| list.iter().any(|entry| entry == host);
    let is_insecure = contains(&policy.insecure);
    let mirrors = mirrors(config, host);
    let is_pulled_from = !contains(&policy.blocked)
        && (policy.allowed.is_empty() || contains(&policy.allowed))
        && !mirrors.values().any(|mirror| mirror.replaces_source);
    let upstream = if host == "docker.io" { "registry-1.docker.io" } else { host };

    let mut text = String::new();
    match (is_pulled_from, is_insecure) {
        (false, _) => {
            let _ = writeln!(text, "server = {}", literal(&format!("https://{upstream}")));
            text.push_str(NO_PULL);
        }
        (true, true) => {
            let _ = writeln!(text, "server = {}", literal(&format!("http://{upstream}")));
        }
        (true, false) => {
            let _ = writeln!(text, "server = {}", literal(&format!("https://{upstream}")));
            text.push_str(&tls(config, host));
        }
    }
    let mut in_order: Vec<_> = mirrors.iter().collect();
    in_order.sort_by_key(|(_, mirror)| mirror.place);
    for ((mirror_host, prefix), mirror) in in_order {
        let capabilities = if mirror.resolves_tags { "['pull', 'resolve']" } else { "['pull']" };
        let is_insecure = policy.insecure.iter().any(|entry| entry == mirror_host);
        entry(&mut text, config, "https", mirror_host, prefix, capabilities, is_insecure);
        if is_insecure {
            entry(&mut text, config, "http", mirror_host, prefix, capabilities, false);
        }
    }
    if is_pulled_from && is_insecure {
        // First with TLS, whoever signed for it; then, as `server`, without.
        entry(&mut text, config, "https", upstream, "", "['pull', 'resolve']", true);
    }
    text
}

fn entry(
    text: &mut String,
    config: &NodeConfig,
    scheme: &str,
    host: &str,
    prefix: &str,
    capabilities: &str,
    is_unchecked: bool,
) {
    let path = if prefix.is_empty() { String::new() } else { format!("/v2/{prefix}") };
    let url = literal(&format!("{scheme}://{host}{path}"));
    let _ = writeln!(text, "\n[host.{url}]\ncapabilities = {capabilities}");
    if !prefix.is_empty() {
        text.push_str("override_path = true\n");
    }
    if is_unchecked {
        text.push_str("skip_verify = true\n");
    } else if scheme == "https" {
        text.push_str(&tls(config, host));
    }
}

/// The authorities of a registry, if it has others than the system's.
fn tls(config: &NodeConfig, host: &str) -> String {
    let own = config.registries.iter().any(|trust| trust.host == host).then(|| authority_path(host));
    let all = (!config.settings.trust_bundle_pem.is_empty()).then(|| authority_path(DEFAULT));
    let authorities: Vec<String> = own.iter().chain(&all).map(|path| literal(path)).collect();
    match authorities.as_slice() {
        [] => String::new(),
        [one] => format!("ca = {one}\n"),
        many => format!("ca = [{}]\n", many.join(", ")),
    }
}

/// What all entries for one mirror of a host come to.
#[derive(Default)]
struct Merged {
    place: usize,
    resolves_tags: bool,
    replaces_source: bool,
}

fn mirrors<'a>(config: &'a NodeConfig, host: &str) -> BTreeMap<(&'a str, &'a str), Merged> {
    let mut found: BTreeMap<(&str, &str), Merged> = BTreeMap::new();
    for (place, mirror) in config.settings.mirrors.iter().enumerate().filter(|(_, mirror)| mirror.source == host) {
        let merged = found
            .entry((mirror.host.as_str(), mirror.prefix.as_str()))
            .or_insert_with(|| Merged { place, ..Merged::default() });
        merged.resolves_tags |= mirror.resolves_tags;
        merged.replaces_source |= mirror.replaces_source;
    }
    found
}

fn authority_path(host: &str) -> String {
    format!("{}/{host}/ca.crt", paths::REGISTRY_HOSTS)
}

fn hosts_path(host: &str) -> String {
    format!("{}/{host}/hosts.toml", paths::REGISTRY_HOSTS)
}

/// A TOML literal string; quotes and line ends cannot occur in paths and image references, and are dropped.
pub(crate) fn literal(text: &str) -> String {
    let clean: String = text.chars().filter(|c| *c != '\'' && !c.is_control()).collect();
    format!("'{clean}'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RegistryMirror, fixtures};

    /// All files, each under its path.
    fn shown(config: &NodeConfig) -> String {
        let files = registry_files(config);
        files.iter().flat_map(|file| ["# ", &file.path, "\n", &file.contents, "\n"]).collect()
    }

    fn mirror(source: &str, host: &str, prefix: &str) -> RegistryMirror {
        RegistryMirror {
            source: source.into(),
            host: host.into(),
            prefix: prefix.into(),
            resolves_tags: false,
            replaces_source: false,
        }
    }

    #[test]
    fn trust_of_a_registry() {
        insta::assert_snapshot!(shown(&fixtures::node_config()));
    }

    #[test]
    fn mirrors_in_their_order_with_trust_and_prefix() {
        let mut config = fixtures::node_config();
        config.settings.trust_bundle_pem = "BUNDLE\n".into();
        config.settings.mirrors = vec![
            mirror("docker.io", "z.test:5000", "hub"),
            RegistryMirror { resolves_tags: true, ..mirror("docker.io", "registry.test:5000", "") },
            RegistryMirror { resolves_tags: true, ..mirror("docker.io", "z.test:5000", "hub") },
            RegistryMirror { replaces_source: true, ..mirror("quay.io", "z.test:5000", "") },
        ];
        insta::assert_snapshot!(shown(&config));
    }

    #[test]
    fn insecure_blocked_and_allowed_registries() {
        let mut config = fixtures::node_config();
        config.registries.clear();
        config.settings.registry_policy.insecure = vec!["plain.test:5000".into()];
        config.settings.registry_policy.blocked = vec!["bad.test".into()];
        config.settings.mirrors = vec![mirror("bad.test", "plain.test:5000", "")];
        insta::assert_snapshot!(shown(&config));
        config.settings.registry_policy.blocked.clear();
        config.settings.registry_policy.allowed = vec!["plain.test:5000".into()];
        insta::assert_snapshot!("only_allowed_registries", shown(&config));
    }

    #[test]
    fn a_quote_cannot_end_a_string() {
        assert_eq!(literal("a'b\nc"), "'abc'");
    }
}
