//! Having an object reconciled because of something that no watch of its controller sees: an event inside a hosted cluster.
//!
//! Sending never waits: a full queue means that passes are due anyway, and every pass looks at everything.

use std::sync::{Mutex, PoisonError};

use futures::Stream;
use hoist_api::{Host, HostedControlPlane, NodePool};
use kube::runtime::reflector::ObjectRef;
use tokio::sync::mpsc;

/// Far more than objects that change at the same moment; beyond it the resync catches up.
const QUEUE: usize = 4096;

/// Queues into the controllers.
pub struct Triggers {
    control_planes: Queue<HostedControlPlane>,
    node_pools: Queue<NodePool>,
    hosts: Queue<Host>,
}

struct Queue<K: kube::runtime::reflector::Lookup> {
    sender: mpsc::Sender<ObjectRef<K>>,
    receiver: Mutex<Option<mpsc::Receiver<ObjectRef<K>>>>,
}

impl<K> Queue<K>
where
    K: kube::Resource<DynamicType = ()> + 'static,
{
    fn new() -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        Self { sender, receiver: Mutex::new(Some(receiver)) }
    }

    fn send(&self, namespace: &str, name: &str) {
        if self.sender.try_send(ObjectRef::new(name).within(namespace)).is_err() {
            tracing::debug!(namespace, name, "a trigger was dropped");
        }
    }

    fn stream(&self) -> impl Stream<Item = ObjectRef<K>> + Send + 'static {
        let receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner).take();
        futures::stream::unfold(receiver, |receiver| async {
            let mut receiver = receiver?;
            receiver.recv().await.map(|object| (object, Some(receiver)))
        })
    }
}

impl Default for Triggers {
    fn default() -> Self {
        Self { control_planes: Queue::new(), node_pools: Queue::new(), hosts: Queue::new() }
    }
}

impl Triggers {
    /// Looks at a HostedControlPlane soon.
    pub fn control_plane(&self, namespace: &str, name: &str) {
        self.control_planes.send(namespace, name);
    }

    /// Looks at a NodePool soon.
    pub fn node_pool(&self, namespace: &str, name: &str) {
        self.node_pools.send(namespace, name);
    }

    /// Looks at a Host soon.
    pub fn host(&self, namespace: &str, name: &str) {
        self.hosts.send(namespace, name);
    }

    /// The receiving end; ends at once when it was taken before.
    pub fn control_planes(&self) -> impl Stream<Item = ObjectRef<HostedControlPlane>> + Send + 'static {
        self.control_planes.stream()
    }

    /// As [`Self::control_planes`].
    pub fn node_pools(&self) -> impl Stream<Item = ObjectRef<NodePool>> + Send + 'static {
        self.node_pools.stream()
    }

    /// As [`Self::control_planes`].
    pub fn hosts(&self) -> impl Stream<Item = ObjectRef<Host>> + Send + 'static {
        self.hosts.stream()
    }
}
