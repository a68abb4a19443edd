//! Connections into hosted clusters: one per HostedControlPlane, shared by all controllers, with tasks of its own.
//!
//! No reconcile ever waits for a hosted cluster. The tasks here do, each for its own cluster, and leave what they learn where
//! the controllers find it; that is how one tenant whose API hangs cannot slow another.

mod access;
mod content;
mod data_plane;
mod nodes;
mod report;
mod requests;
mod rewriting;
mod workloads;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hoist_controller::{ApplySet, Calls};
use hoist_plan::rollout::Target;
use k8s_openapi::api::core::v1::Node;
use kube::Client;
use kube::runtime::reflector::{self, Store};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

pub use access::{AccessError, Route};
pub use content::Content;
pub use report::Report;
pub use requests::Refusal;
pub use rewriting::Rewritten;
pub use workloads::{Workload, Workloads};

use crate::context::Context;

/// What is needed to connect. Two equal ones share a connection.
#[derive(Clone, PartialEq, Eq)]
pub struct Connection {
    /// The control plane namespace.
    pub namespace: String,
    /// Name of the HostedControlPlane.
    pub name: String,
    /// Namespace of the HostedCluster and its NodePools.
    pub hosted_cluster_namespace: String,
    /// Kubeconfig of the operator's own user.
    pub operator_kubeconfig: String,
    /// Kubeconfig of the operator as an administrator, used for nothing but its own rights, definitions and admission policies.
    pub admin_kubeconfig: String,
    /// How the API server is reached.
    pub route: Route,
}

/// What the tasks of a connection learned last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Whether the operator's rights and the content are in place, or why not.
    pub content: Option<Result<(), String>>,
    /// Whether a log was read through konnectivity; `None` before the first try.
    pub data_plane: Option<Result<(), String>>,
    /// Whether the Nodes were listed at least once: before that "no Node" means nothing.
    pub knows_nodes: bool,
    /// What the operator runs there; `None` before it was listed.
    pub workloads: Option<Workloads>,
    /// Certificate requests that stay pending, by name.
    pub refused: std::collections::BTreeMap<String, Refusal>,
    /// What was stored again with another key; `None` before the first try.
    pub rewritten: Option<Rewritten>,
}

/// One connection.
pub struct Guest {
    connection: Connection,
    shared: Arc<Shared>,
    /// Dropping it ends the tasks.
    _tasks: JoinSet<()>,
}

/// What the tasks share.
struct Shared {
    connection: Connection,
    client: Client,
    admin: Client,
    calls: Calls,
    sets: ApplySet,
    nodes: Store<Node>,
    /// True once the Nodes were listed. The store's own way to wait wakes only whoever asked last.
    knows_nodes: watch::Sender<bool>,
    content: watch::Sender<Option<Arc<Content>>>,
    report: watch::Sender<Option<Arc<Report>>>,
    migration: watch::Sender<Option<Arc<String>>>,
    state: Mutex<State>,
    nodes_changed: Notify,
    /// True once the operator's own user has its rights; before that its watches would only be refused.
    has_rights: watch::Sender<bool>,
}

impl Guest {
    /// A client with the rights of the operator's own user.
    pub fn client(&self) -> Client {
        self.shared.client.clone()
    }

    /// Calls for that client.
    pub fn calls(&self) -> Calls {
        self.shared.calls
    }

    /// The hosted cluster's Nodes.
    pub fn nodes(&self) -> Vec<Arc<Node>> {
        self.shared.nodes.state()
    }

    /// One Node.
    pub fn node(&self, name: &str) -> Option<Arc<Node>> {
        self.shared.nodes.get(&reflector::ObjectRef::new(name))
    }

    /// Whether the Nodes were read at least once: before that "no Node" means nothing.
    pub fn knows_nodes(&self) -> bool {
        *self.shared.knows_nodes.borrow()
    }

    /// What the tasks learned.
    pub fn state(&self) -> State {
        self.shared.state().clone()
    }

    /// A connection to `fake` that has seen `nodes`.
    #[cfg(test)]
    pub(crate) fn for_test(fake: &hoist_testkit::FakeApi, nodes: &[Node]) -> Self {
        let mut writer = reflector::store::Writer::default();
        let shared = tests::shared(fake, &writer);
        for node in nodes {
            writer.apply_watcher_event(&kube::runtime::watcher::Event::Apply(node.clone()));
        }
        shared.knows_nodes.send_replace(true);
        Self { connection: shared.connection.clone(), shared: Arc::new(shared), _tasks: JoinSet::new() }
    }

    /// What hosts of this NodePool shall run; `None` while that is not known, and while the pool or the cluster is paused.
    pub fn target(&self, node_pool: &str) -> Option<Target> {
        self.shared.content.borrow().as_ref()?.targets.get(node_pool).cloned()
    }

    /// Sets what the hosted cluster shall contain; applied soon, and again when it changes.
    pub fn set_content(&self, content: Content) {
        replace(&self.shared.content, content);
    }

    /// Leaves the hosted cluster's objects as they are, whoever changes them, until they are set again. Hosts go on renewing
    /// their certificates.
    pub fn rest(&self) {
        self.shared.content.send_replace(None);
        self.shared.report.send_replace(None);
        self.shared.migration.send_replace(None);
    }

    /// Sets what the hosted cluster shall say of itself; written soon, and again when it changes.
    pub fn set_report(&self, report: Report) {
        replace(&self.shared.report, report);
    }

    /// Has everything that is encrypted stored again, once for each `migration`.
    pub fn set_migration(&self, migration: Option<String>) {
        match migration {
            Some(migration) => replace(&self.shared.migration, migration),
            None => {
                self.shared.migration.send_if_modified(|current| current.take().is_some());
            }
        }
    }
}

fn replace<T: PartialEq>(place: &watch::Sender<Option<Arc<T>>>, value: T) {
    place.send_if_modified(|current| {
        let differs = current.as_deref() != Some(&value);
        if differs {
            *current = Some(Arc::new(value));
        }
        differs
    });
}

impl Shared {
    fn new(connection: Connection, client: Client, admin: Client, nodes: &reflector::store::Writer<Node>) -> Self {
        let calls = Calls::new("hoist-operator");
        Self {
            connection,
            client,
            admin,
            calls,
            sets: ApplySet::new(calls),
            nodes: nodes.as_reader(),
            knows_nodes: watch::channel(false).0,
            content: watch::channel(None).0,
            report: watch::channel(None).0,
            migration: watch::channel(None).0,
            state: Mutex::default(),
            nodes_changed: Notify::new(),
            has_rights: watch::channel(false).0,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state; whoever judges by it is told when that made a difference.
    fn learn(&self, ctx: &Context, change: impl FnOnce(&mut State)) {
        let differs = {
            let mut state = self.state();
            let before = state.clone();
            change(&mut state);
            *state != before
        };
        if differs {
            ctx.triggers.control_plane(&self.connection.namespace, &self.connection.name);
        }
    }
}

/// All connections.
#[derive(Default)]
pub struct Guests {
    connections: Mutex<HashMap<String, Arc<Guest>>>,
}

impl Guests {
    /// The connection of a control plane namespace, if its API server was up once.
    pub fn get(&self, namespace: &str) -> Option<Arc<Guest>> {
        self.lock().get(namespace).cloned()
    }

    /// Connects, or returns the connection that exists; another one takes its place when credentials or route changed.
    pub async fn ensure(&self, ctx: &Arc<Context>, connection: Connection) -> Result<Arc<Guest>, AccessError> {
        if let Some(guest) = self.get(&connection.namespace)
            && guest.connection == connection
        {
            return Ok(guest);
        }
        let client = access::client(&connection.operator_kubeconfig, &connection.route).await?;
        let admin = access::client(&connection.admin_kubeconfig, &connection.route).await?;
        let guest = Arc::new(connect(ctx, connection.clone(), client, admin));
        let mut connections = self.lock();
        connections.insert(connection.namespace, Arc::clone(&guest));
        ctx.metrics.set_guests(connections.len());
        Ok(guest)
    }

    /// Ends a connection: its control plane is going.
    pub fn stop(&self, ctx: &Context, namespace: &str) {
        let mut connections = self.lock();
        connections.remove(namespace);
        ctx.metrics.set_guests(connections.len());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Guest>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connect(ctx: &Arc<Context>, connection: Connection, client: Client, admin: Client) -> Guest {
    let writer = reflector::store::Writer::default();
    let shared = Arc::new(Shared::new(connection.clone(), client, admin, &writer));
    tracing::info!(namespace = connection.namespace, "connecting to a hosted cluster");
    let mut tasks = JoinSet::new();
    tasks.spawn(content::keep(Arc::clone(ctx), Arc::clone(&shared)));
    tasks.spawn(with_rights(&shared, nodes::follow(Arc::clone(ctx), Arc::clone(&shared), writer)));
    tasks.spawn(with_rights(&shared, requests::approve(Arc::clone(ctx), Arc::clone(&shared))));
    tasks.spawn(with_rights(&shared, data_plane::probe(Arc::clone(ctx), Arc::clone(&shared))));
    tasks.spawn(with_rights(&shared, workloads::follow(Arc::clone(ctx), Arc::clone(&shared))));
    tasks.spawn(with_rights(&shared, report::keep(Arc::clone(ctx), Arc::clone(&shared))));
    tasks.spawn(with_rights(&shared, rewriting::keep(Arc::clone(ctx), Arc::clone(&shared))));
    Guest { connection, shared, _tasks: tasks }
}

/// Begins `task` once the operator's own user has its rights.
fn with_rights<T>(shared: &Arc<Shared>, task: T) -> impl Future<Output = ()> + Send + use<T>
where
    T: Future<Output = ()> + Send,
{
    let mut has_rights = shared.has_rights.subscribe();
    async move {
        if has_rights.wait_for(|has_rights| *has_rights).await.is_ok() {
            task.await;
        }
    }
}

#[cfg(test)]
mod tests;
