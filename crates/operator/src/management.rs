//! Facts about the management cluster that validation needs: nodes, storage classes, networks. Watched, not asked for.

use futures::{Stream, StreamExt};
use hoist_plan::observed::{Management as Facts, StorageClass as Class};
use ipnet::IpNet;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::networking::v1::ServiceCIDR;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::runtime::reflector::{self, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};

const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

/// The facts, kept up to date by [`Management::watch`].
#[derive(Clone)]
pub struct Management {
    nodes: Store<Node>,
    classes: Store<StorageClass>,
    service_cidrs: Store<ServiceCIDR>,
}

/// The writing ends of the stores.
pub struct Writers {
    nodes: reflector::store::Writer<Node>,
    classes: reflector::store::Writer<StorageClass>,
    service_cidrs: reflector::store::Writer<ServiceCIDR>,
}

impl Management {
    /// Empty facts and what fills them.
    pub fn new() -> (Self, Writers) {
        let writers = Writers {
            nodes: reflector::store::Writer::default(),
            classes: reflector::store::Writer::default(),
            service_cidrs: reflector::store::Writer::default(),
        };
        let facts = Self {
            nodes: writers.nodes.as_reader(),
            classes: writers.classes.as_reader(),
            service_cidrs: writers.service_cidrs.as_reader(),
        };
        (facts, writers)
    }

    /// Facts that do not change, for tests.
    pub fn fixed(nodes: Vec<Node>, classes: Vec<StorageClass>) -> Self {
        let (facts, mut writers) = Self::new();
        fill(&mut writers.nodes, nodes);
        fill(&mut writers.classes, classes);
        fill(&mut writers.service_cidrs, Vec::new());
        facts
    }

    /// Follows the management cluster; an item each time when something changed that validation may judge differently.
    pub fn watch(client: &Client, writers: Writers) -> impl Stream<Item = ()> + Send + 'static {
        let nodes = watcher(Api::<Node>::all(client.clone()), watcher::Config::default())
            .default_backoff()
            .modify(trim_node)
            .reflect(writers.nodes);
        let nodes = crate::watches::changed(nodes, |node| (is_schedulable(node), pod_networks(node), addresses(node)));
        let classes = watcher(Api::<StorageClass>::all(client.clone()), watcher::Config::default())
            .default_backoff()
            .modify(|class| {
                class.managed_fields_mut().clear();
                class.parameters = None;
            })
            .reflect(writers.classes)
            .touched_objects();
        let service_cidrs = watcher(Api::<ServiceCIDR>::all(client.clone()), watcher::Config::default())
            .default_backoff()
            .modify(|cidr| cidr.managed_fields_mut().clear())
            .reflect(writers.service_cidrs)
            .touched_objects();
        futures::stream::select_all([
            nodes.filter_map(|node| async { node.ok().map(|_| ()) }).boxed(),
            classes.filter_map(|class| async { class.ok().map(|_| ()) }).boxed(),
            service_cidrs.filter_map(|cidr| async { cidr.ok().map(|_| ()) }).boxed(),
        ])
    }

    /// Waits until everything was read once; a kind that the management cluster does not serve (ServiceCIDR before 1.33) is not
    /// waited for.
    pub async fn ready(&self) {
        let _ = self.nodes.wait_until_ready().await;
        let _ = self.classes.wait_until_ready().await;
    }

    /// The facts as of now.
    pub fn facts(&self) -> Facts {
        let nodes = self.nodes.state();
        let mut schedulable_nodes: Vec<String> =
            nodes.iter().filter(|node| is_schedulable(node)).map(|node| node.name_any()).collect();
        schedulable_nodes.sort_unstable();
        let mut storage_classes: Vec<Class> = self
            .classes
            .state()
            .iter()
            .map(|class| Class {
                name: class.name_any(),
                is_default: class.annotations().get(DEFAULT_CLASS).is_some_and(|value| value == "true"),
            })
            .collect();
        storage_classes.sort_unstable_by(|left, right| left.name.cmp(&right.name));
        let service_networks = self
            .service_cidrs
            .state()
            .iter()
            .filter_map(|cidr| cidr.spec.as_ref())
            .flat_map(|spec| spec.cidrs.iter().flatten())
            .filter_map(|cidr| cidr.parse().ok())
            .collect();
        Facts {
            pod_networks: nodes.iter().flat_map(|node| pod_networks(node)).collect(),
            service_networks,
            schedulable_nodes,
            node_addresses: nodes.iter().flat_map(|node| addresses(node)).collect(),
            node_port_range: None,
            storage_classes,
            router: None,
            taken_routes: Vec::new(),
        }
    }
}

fn fill<K>(writer: &mut reflector::store::Writer<K>, objects: Vec<K>)
where
    K: kube::Resource<DynamicType = ()> + Clone + 'static,
{
    writer.apply_watcher_event(&watcher::Event::Init);
    for object in objects {
        writer.apply_watcher_event(&watcher::Event::InitApply(object));
    }
    writer.apply_watcher_event(&watcher::Event::InitDone);
}

/// Image lists make up most of a Node.
fn trim_node(node: &mut Node) {
    node.managed_fields_mut().clear();
    if let Some(status) = &mut node.status {
        status.images = None;
        status.volumes_attached = None;
        status.volumes_in_use = None;
    }
}

fn is_schedulable(node: &Node) -> bool {
    let spec = node.spec.as_ref();
    let is_cordoned = spec.and_then(|spec| spec.unschedulable).unwrap_or_default();
    let is_ready = node
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten())
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    is_ready && !is_cordoned
}

fn pod_networks(node: &Node) -> Vec<IpNet> {
    let Some(spec) = &node.spec else { return Vec::new() };
    let listed = spec.pod_cidrs.clone().or_else(|| spec.pod_cidr.clone().map(|cidr| vec![cidr])).unwrap_or_default();
    listed.iter().filter_map(|cidr| cidr.parse().ok()).collect()
}

fn addresses(node: &Node) -> Vec<std::net::IpAddr> {
    node.status
        .iter()
        .flat_map(|status| status.addresses.iter().flatten())
        .filter(|address| address.type_ == "InternalIP" || address.type_ == "ExternalIP")
        .filter_map(|address| address.address.parse().ok())
        .collect()
}
