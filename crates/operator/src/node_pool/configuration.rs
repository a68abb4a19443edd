//! What the ConfigMaps of a NodePool say about its hosts: read here, judged in `hoist-node-config`.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use hoist_api::NodePool;
use hoist_api::hosted_cluster::references::LocalObjectReference;
use hoist_controller::ApiError;
use hoist_node_config::host_configuration::SIZE_LIMIT;
use hoist_node_config::pool::{self, PoolConfiguration, Source, Tuning};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, ResourceExt};

use crate::context::Context;
use crate::copies::Named;

/// What was made of the ConfigMaps, or everything that is wrong with them.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// `spec.config`.
    pub machine: Result<PoolConfiguration, Vec<String>>,
    /// `spec.tuningConfig`.
    pub tuning: Result<Tuning, Vec<String>>,
}

impl Checked {
    /// Both together, when both are valid: what hosts get. Otherwise they keep what they have.
    pub fn whole(&self) -> Option<PoolConfiguration> {
        let (Ok(machine), Ok(tuning)) = (&self.machine, &self.tuning) else { return None };
        let mut whole = machine.clone();
        whole.host.sysctls.extend(tuning.sysctls.clone());
        Some(whole)
    }
}

/// The ConfigMaps that a pool names, each once, and their versions; `None` for those that do not exist.
pub struct Observed {
    /// By field and name.
    sources: BTreeMap<String, Option<ConfigMap>>,
}

/// Reads them. The pool's namespace is its HostedCluster's, where the operator may read what is named.
pub async fn observe(ctx: &Context, pool: &NodePool) -> Result<Observed, ApiError> {
    let namespace = pool.namespace().unwrap_or_default();
    let api: Api<ConfigMap> = Api::namespaced(ctx.client.clone(), &namespace);
    let names: Vec<String> = named(pool).into_iter().map(|named| named.original).collect();
    let found = try_join_all(names.iter().map(|name| ctx.calls.get(&api, name))).await?;
    Ok(Observed { sources: names.into_iter().zip(found).collect() })
}

/// What the pool names, as `references` follows it.
pub fn named(pool: &NodePool) -> Vec<Named> {
    let mut names: Vec<&str> =
        references(pool.spec.config.as_ref()).chain(references(pool.spec.tuning_config.as_ref())).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| Named { original: name.to_owned(), copy: "".into(), is_secret: false }).collect()
}

fn references(list: Option<&Vec<LocalObjectReference>>) -> impl Iterator<Item = &str> {
    list.into_iter().flatten().map(|reference| reference.name.as_str()).filter(|name| !name.is_empty())
}

impl Observed {
    /// Resource version of a ConfigMap that exists.
    pub fn version(&self, name: &str) -> Option<&String> {
        self.sources.get(name)?.as_ref()?.metadata.resource_version.as_ref()
    }

    /// Judges it all.
    pub fn check(&self, pool: &NodePool) -> Checked {
        let machine = pool::machine_configuration(&self.sources(pool.spec.config.as_ref())).and_then(|configuration| {
            let size = serde_json::to_vec(&configuration.host).map_or(0, |bytes| bytes.len());
            if size > SIZE_LIMIT {
                return Err(vec![format!(
                    "spec.config: files and units of hosts come to {size} bytes (in base64), and at most {SIZE_LIMIT} fit into the \
                     Secret that hosts read; bring big files to hosts in images"
                )]);
            }
            Ok(configuration)
        });
        Checked { machine, tuning: pool::tuning(&self.sources(pool.spec.tuning_config.as_ref())) }
    }

    fn sources(&self, list: Option<&Vec<LocalObjectReference>>) -> Vec<Source> {
        let source = |name: &str| {
            let found = self.sources.get(name).and_then(Option::as_ref);
            Source { name: name.to_owned(), data: found.map(|map| map.data.clone().unwrap_or_default()) }
        };
        references(list).map(source).collect()
    }
}
