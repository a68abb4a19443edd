//! What the hosts of a cluster are told: `spec.configuration.proxy`, `spec.configuration.image`, `spec.imageContentSources`.

use std::collections::BTreeSet;

use hoist_api::hosted_cluster::configuration::image::ImageSpec;
use hoist_api::hosted_cluster::configuration::proxy::ProxySpec;
use hoist_pki::CertificateFacts;
use hoist_release::{Location, Mirror};

use super::{Findings, Inputs, secrets};
use crate::Network;
use crate::hosts::{Hosts, Proxy};
use crate::network::CLUSTER_DOMAIN;

const PROXY: &str = "spec.configuration.proxy";
const IMAGE: &str = "spec.configuration.image";

/// The settings, and entries of the spec that containerd has no equivalent for, each with the reason.
pub(super) fn hosts(inputs: &Inputs<'_>, network: Option<&Network>, findings: &mut Findings) -> (Hosts, Vec<String>) {
    let configuration = inputs.spec.configuration.clone().unwrap_or_default();
    let mut hosts = Hosts::default();
    if let Some(spec) = &configuration.proxy {
        hosts.proxy = proxy(spec, network, findings);
        hosts.proxy_trust_bundle = proxy_trust(spec, inputs, findings);
    }
    if let Some(spec) = &configuration.image {
        image(spec, inputs, &mut hosts, findings);
    }
    let mut unserved = Vec::new();
    for (index, source) in inputs.spec.image_content_sources.iter().flatten().enumerate() {
        for mirror in source.mirrors.iter().flatten() {
            match Mirror::of(&source.source, mirror) {
                Ok(mirror) => hosts.mirrors.push(mirror),
                Err(error) => unserved.push(format!("spec.imageContentSources[{index}] ({error})")),
            }
        }
    }
    (hosts, unserved)
}

fn proxy(spec: &ProxySpec, network: Option<&Network>, findings: &mut Findings) -> Option<Proxy> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let (http, https) = (text(&spec.http_proxy), text(&spec.https_proxy));
    for (field, url, schemes) in [("httpProxy", &http, &["http"][..]), ("httpsProxy", &https, &["http", "https"][..])] {
        if !url.is_empty() && !is_proxy(url, schemes) {
            // The URL may hold a password.
            findings.invalid::<()>(format!(
                "{PROXY}.{field} is no address of a proxy: expected {}://[user:password@]host:port",
                schemes.join(" or ")
            ));
        }
    }
    let except = text(&spec.no_proxy);
    if except.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'')) {
        findings.invalid::<()>(format!(
            "{PROXY}.noProxy is {except:?}: expected hosts, domains and networks, comma-separated, without spaces and quotes"
        ));
    }
    if http.is_empty() && https.is_empty() {
        return None;
    }
    Some(Proxy { http, https, except: complete(&except, network?) })
}

/// As OpenShift completes it: whatever is part of the cluster is reached without the proxy.
fn complete(except: &str, network: &Network) -> String {
    let mut all: BTreeSet<String> =
        except.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect();
    all.extend([".svc".to_owned(), format!(".{CLUSTER_DOMAIN}"), "localhost".to_owned(), "127.0.0.1".to_owned()]);
    all.insert(network.node_api.ip().to_string());
    all.extend([network.cluster_network, network.service_network].map(|network| network.to_string()));
    all.extend(network.machine_networks.iter().map(ToString::to_string));
    all.into_iter().collect::<Vec<_>>().join(",")
}

fn is_proxy(url: &str, schemes: &[&str]) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.trim_end_matches('/');
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    schemes.contains(&scheme)
        && !host.is_empty()
        && !host.contains('/')
        && url.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '\\' | '`'))
        && host.rsplit_once(':').is_none_or(|(_, port)| port.ends_with(']') || port.parse::<u16>().is_ok())
}

fn proxy_trust(spec: &ProxySpec, inputs: &Inputs<'_>, findings: &mut Findings) -> Option<String> {
    let name = spec.trusted_ca.as_ref().map(|reference| reference.name.as_str()).filter(|name| !name.is_empty())?;
    let field = format!("{PROXY}.trustedCA");
    secrets::trusted(inputs, &field, name, findings)
}

fn image(spec: &ImageSpec, inputs: &Inputs<'_>, hosts: &mut Hosts, findings: &mut Findings) {
    let sources = spec.registry_sources.clone().unwrap_or_default();
    let mut registries = |field: &str, list: &Option<Vec<String>>| -> Vec<String> {
        let place = format!("{IMAGE}.registrySources.{field}");
        list.iter().flatten().filter_map(|text| registry(&place, text, findings)).collect()
    };
    hosts.insecure_registries = registries("insecureRegistries", &sources.insecure_registries);
    hosts.blocked_registries = registries("blockedRegistries", &sources.blocked_registries);
    hosts.allowed_registries = registries("allowedRegistries", &sources.allowed_registries);
    if sources.container_runtime_search_registries.is_some_and(|registries| !registries.is_empty()) {
        findings.invalid::<()>(format!(
            "{IMAGE}.registrySources.containerRuntimeSearchRegistries is not served: kubelet completes short names to docker.io \
             itself; remove it, and name registries in full"
        ));
    }
    let name = spec.additional_trusted_ca.as_ref().map(|reference| reference.name.as_str());
    let Some(name) = name.filter(|name| !name.is_empty()) else { return };
    let field = format!("{IMAGE}.additionalTrustedCA");
    for (key, pem) in secrets::config_map(inputs, &field, name, "HOST", findings).into_iter().flatten() {
        // Keys of a ConfigMap have no colons: as in OpenShift, two dots stand before the port.
        let host = key.replacen("..", ":", 1);
        let is_host = Location::parse(&host).is_ok_and(|location| location.path.is_empty());
        match CertificateFacts::from_pem(pem) {
            Ok(_) if is_host => hosts.registry_authorities.push((host, pem.clone())),
            Ok(_) => {
                findings.invalid::<()>(format!(
                    "{field}: key {key:?} of ConfigMap {name:?} is no registry: expected HOST or HOST..PORT"
                ));
            }
            Err(error) => {
                findings.invalid::<()>(format!("{field}: key {key:?} of ConfigMap {name:?}: {error}"));
            }
        }
    }
}

/// What is not enforced must not look as if it were: so patterns and parts of registries are refused.
fn registry(place: &str, text: &str, findings: &mut Findings) -> Option<String> {
    match Location::parse(text) {
        Ok(location) if location.path.is_empty() => Some(location.host),
        Ok(_) => findings.invalid(format!(
            "{place} has {text:?}, a part of a registry: containerd knows whole registries only; expected host[:port]"
        )),
        Err(error) => findings.invalid(format!("{place}: {error}")),
    }
}
