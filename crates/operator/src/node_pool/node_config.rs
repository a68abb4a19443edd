//! The configuration that hosts of a NodePool read when they join.

use std::collections::BTreeMap;

use hoist_api::{NodePool, labels};
use hoist_control_plane::Pki;
use hoist_node_config::pool::PoolConfiguration;
use hoist_node_config::{
    ClusterProxy, Endpoint, KubeletSettings, NetworkProvider, NodeConfig, PodNetwork, PoolSettings, RegistryMirror,
    RegistryPolicy, RegistryTrust, Taint,
};
use hoist_pki::table::names;
use hoist_plan::{Endpoints, HostPort, Plan, PublishedVia};
use hoist_release::Release;
use kube::ResourceExt;

/// Builds it. Holds no secret: every host of the cluster may read it.
pub fn node_config(
    plan: &Plan,
    endpoints: &Endpoints,
    pki: &Pki,
    pool: &NodePool,
    release: &Release,
    trust_bundle: &str,
) -> NodeConfig {
    let authority = |secret| pki.text(secret, names::CA_CERTIFICATE_KEY).unwrap_or_default().to_owned();
    NodeConfig {
        // Computed over the rest, when that is complete.
        revision: String::new(),
        cluster: plan.identity.hosted_cluster_name.clone(),
        node_pool: pool.name_any(),
        kubernetes_version: release.version.to_string(),
        release_image: release.reference.to_string(),
        cluster_dns: vec![plan.network.dns_service_ip],
        cluster_domain: hoist_plan::network::CLUSTER_DOMAIN.to_owned(),
        api_endpoints: vec![endpoint(&endpoints.api_server, &plan.publishing.api_server)],
        api_address: plan.network.node_api.ip(),
        api_port: plan.network.node_api.port(),
        konnectivity_endpoints: vec![endpoint(&endpoints.konnectivity, &plan.publishing.konnectivity)],
        konnectivity_port: plan.network.node_konnectivity().port(),
        api_certificate_authority_pem: authority(names::ROOT_CA),
        kubelet_client_certificate_authority_pem: authority(names::KUBELET_CLIENT_SIGNER),
        registries: registries(plan, release, trust_bundle),
        labels: node_labels(pool),
        taints: taints(pool),
        kubelet: KubeletSettings::default(),
        pod_network: PodNetwork {
            provider: match plan.network.provider {
                hoist_plan::NetworkProvider::Hoist => NetworkProvider::Hoist,
                hoist_plan::NetworkProvider::Other => NetworkProvider::Other,
            },
            mtu: None,
        },
        settings: PoolSettings::default(),
    }
}

/// Adds what users configure on hosts: the pool's own configuration, and the cluster's proxy, mirrors and registries.
pub fn configure(config: &mut NodeConfig, plan: &Plan, pool: PoolConfiguration, trust_bundle: &str) {
    let hosts = &plan.hosts;
    config.kubelet.overrides = pool.kubelet;
    let of_cluster = hosts.mirrors.iter().map(|mirror| RegistryMirror {
        source: mirror.source_host.clone(),
        host: mirror.host.clone(),
        prefix: mirror.prefix.clone(),
        resolves_tags: false,
        replaces_source: false,
    });
    let mut allowed = hosts.allowed_registries.clone();
    if !allowed.is_empty() {
        // Without these no node becomes Ready.
        let needed = [registry_of(&config.release_image), plan.release.reference.registry().to_owned()];
        allowed.extend(needed);
        allowed.sort_unstable();
        allowed.dedup();
    }
    for (host, pem) in &hosts.registry_authorities {
        if let Some(trust) = config.registries.iter_mut().find(|trust| trust.host == *host) {
            let before = trust.certificate_authority_pem.trim_end();
            trust.certificate_authority_pem = format!("{before}\n{pem}");
        } else {
            let trust = RegistryTrust { host: host.clone(), certificate_authority_pem: pem.clone() };
            config.registries.push(trust);
        }
    }
    config.settings = PoolSettings {
        container_runtime_log_level: pool.container_runtime_log_level,
        // The pool's own come first: they are nearer.
        mirrors: pool.mirrors.into_iter().chain(of_cluster).collect(),
        registry_policy: RegistryPolicy {
            insecure: hosts.insecure_registries.clone(),
            blocked: hosts.blocked_registries.clone(),
            allowed,
        },
        trust_bundle_pem: trust_bundle.to_owned(),
        proxy: hosts.proxy.as_ref().map(|proxy| ClusterProxy {
            http_proxy: proxy.http.clone(),
            https_proxy: proxy.https.clone(),
            no_proxy: proxy.except.clone(),
        }),
        host_configuration: None,
    };
}

fn registry_of(image: &str) -> String {
    image.split('/').next().unwrap_or_default().to_owned()
}

/// The registries that a node pulls from: its own release's and, for DaemonSets, the control plane's.
fn registries(plan: &Plan, release: &Release, trust_bundle: &str) -> Vec<RegistryTrust> {
    if trust_bundle.is_empty() {
        return Vec::new();
    }
    let mut hosts = vec![release.reference.registry(), plan.release.reference.registry()];
    hosts.dedup();
    hosts
        .into_iter()
        .map(|host| RegistryTrust { host: host.to_owned(), certificate_authority_pem: trust_bundle.to_owned() })
        .collect()
}

/// Labels that kubelet may set for itself; the operator sets the others on the Node.
fn node_labels(pool: &NodePool) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> =
        pool.spec.node_labels.clone().unwrap_or_default().into_iter().filter(|(key, _)| is_kubelets_own(key)).collect();
    all.insert(labels::NODE_POOL.to_owned(), pool.name_any());
    all
}

/// Source: the NodeRestriction admission plugin.
fn is_kubelets_own(key: &str) -> bool {
    let Some((prefix, _)) = key.split_once('/') else { return true };
    let is_below = |domain: &str| prefix == domain || prefix.ends_with(&format!(".{domain}"));
    let is_reserved = is_below("kubernetes.io") || is_below("k8s.io");
    !is_reserved || prefix.ends_with("kubelet.kubernetes.io") || prefix.ends_with("node.kubernetes.io")
}

fn endpoint(published: &HostPort, via: &PublishedVia) -> Endpoint {
    Endpoint { via_router: via.is_route(), ..Endpoint::new(&published.host, published.port) }
}

fn taints(pool: &NodePool) -> Vec<Taint> {
    pool.spec
        .taints
        .iter()
        .flatten()
        .map(|taint| Taint { key: taint.key.clone(), value: taint.value.clone(), effect: taint.effect.to_string() })
        .collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn configured(change: impl FnOnce(&mut Plan), pool: PoolConfiguration, trust: &str) -> NodeConfig {
        let mut plan = hoist_plan::fixtures::plan();
        change(&mut plan);
        let release = hoist_plan::fixtures::release("1.36.3");
        let pki = Pki { secrets: Vec::new(), config_maps: Vec::new(), changes: Vec::new(), next_renewal: None };
        let endpoints = hoist_plan::fixtures::endpoints();
        let node_pool = hoist_testkit::fixtures::node_pool();
        let mut config = node_config(&plan, &endpoints, &pki, &node_pool, &release, "RELEASES\n");
        configure(&mut config, &plan, pool, trust);
        config
    }

    #[test]
    fn what_users_configure_reaches_the_hosts() {
        let pool = PoolConfiguration {
            kubelet: serde_json::Map::from_iter([("maxPods".to_owned(), 40.into())]),
            mirrors: vec![RegistryMirror {
                source: "quay.io".into(),
                host: "near.test".into(),
                prefix: String::new(),
                resolves_tags: true,
                replaces_source: false,
            }],
            ..PoolConfiguration::default()
        };
        let config = configured(
            |plan| {
                plan.hosts.mirrors = vec![hoist_release::Mirror::of("quay.io", "far.test/quay").unwrap()];
                plan.hosts.allowed_registries = vec!["quay.io".to_owned()];
                plan.hosts.registry_authorities = vec![("near.test".to_owned(), "NEAR\n".to_owned())];
                plan.hosts.proxy = Some(hoist_plan::Proxy {
                    http: String::new(),
                    https: "http://proxy.test:3128".to_owned(),
                    except: "localhost".to_owned(),
                });
            },
            pool,
            "BUNDLE\n",
        );
        insta::assert_json_snapshot!((&config.kubelet.overrides, &config.registries, &config.settings));
    }

    #[rstest]
    #[case("tier", true)]
    #[case("example.com/tier", true)]
    #[case("node-role.kubernetes.io/web", false)]
    #[case("topology.kubernetes.io/zone", false)]
    #[case("node.kubernetes.io/rack", true)]
    #[case("kubernetes.io/role", false)]
    fn only_labels_that_the_api_lets_kubelet_set_are_left_to_it(#[case] key: &str, #[case] is_own: bool) {
        assert_eq!(is_kubelets_own(key), is_own);
    }
}
