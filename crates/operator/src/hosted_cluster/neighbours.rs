//! What a HostedCluster must know of the others: names that lead to them already.

use std::sync::{Arc, OnceLock};

use hoist_api::HostedCluster;
use hoist_plan::routes::{Route, routes};
use jiff::Timestamp;
use kube::ResourceExt;
use kube::runtime::reflector::Store;

use super::namespace_of;

/// All HostedClusters, as their controller's watch keeps them. Cloning shares them.
#[derive(Clone, Default)]
pub struct HostedClusters(Arc<OnceLock<Store<HostedCluster>>>);

impl HostedClusters {
    /// From now on these are all. The first store stays.
    pub fn follow(&self, store: &Store<HostedCluster>) {
        let _ = self.0.set(store.clone());
    }

    /// Routes of those that are older than `hosted_cluster`, each with `<namespace>/<name>`: who came first keeps a name.
    pub fn older_routes(&self, hosted_cluster: &HostedCluster, domain: Option<&str>) -> Vec<(Route, String)> {
        let Some(store) = self.0.get() else { return Vec::new() };
        store
            .state()
            .iter()
            .filter(|other| age(other) < age(hosted_cluster))
            .flat_map(|other| {
                let own_name = other.spec.kube_api_server_dns_name.as_deref();
                let routes = routes(&other.spec.services, own_name, &namespace_of(other), domain);
                let owner = format!("{}/{}", other.namespace().unwrap_or_default(), other.name_any());
                routes.into_iter().map(move |route| (route, owner.clone()))
            })
            .collect()
    }
}

/// Orders HostedClusters; of the same second, by name.
fn age(hosted_cluster: &HostedCluster) -> (Option<Timestamp>, Option<String>, String) {
    let created = hosted_cluster.creation_timestamp().map(|created| created.0);
    (created, hosted_cluster.namespace(), hosted_cluster.name_any())
}

#[cfg(test)]
mod tests {
    use hoist_api::hosted_cluster::services::{
        HostnamePublishingStrategy, PublishingStrategyType, ServicePublishingStrategy, ServicePublishingStrategyMapping,
    };
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use kube::runtime::{reflector, watcher};

    use super::*;

    fn cluster(name: &str, second: i64) -> HostedCluster {
        let mut cluster = hoist_testkit::fixtures::hosted_cluster();
        cluster.metadata.name = Some(name.to_owned());
        cluster.metadata.creation_timestamp = Some(Time(Timestamp::from_second(second).unwrap()));
        cluster.spec.services = vec![ServicePublishingStrategyMapping {
            service_publishing_strategy: ServicePublishingStrategy {
                type_: PublishingStrategyType::Route,
                route: Some(HostnamePublishingStrategy { hostname: Some("api.example.com".to_owned()) }),
                ..ServicePublishingStrategy::default()
            },
            ..ServicePublishingStrategyMapping::default()
        }];
        cluster
    }

    #[test]
    fn only_older_clusters_hold_a_name() {
        let (reader, mut writer) = reflector::store();
        for cluster in [cluster("first", 1), cluster("second", 2), cluster("third", 2)] {
            writer.apply_watcher_event(&watcher::Event::Apply(cluster));
        }
        let clusters = HostedClusters::default();
        clusters.follow(&reader);
        let owners = |cluster: &HostedCluster| {
            let mut owners: Vec<String> =
                clusters.older_routes(cluster, None).into_iter().map(|(_, owner)| owner).collect();
            owners.sort_unstable();
            owners
        };
        assert_eq!(owners(&cluster("first", 1)), Vec::<String>::new());
        assert_eq!(owners(&cluster("second", 2)), ["clusters/first"]);
        assert_eq!(owners(&cluster("third", 2)), ["clusters/first", "clusters/second"]);
    }
}
