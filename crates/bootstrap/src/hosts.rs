//! All Host objects, kept current by one watch however many hosts wait for orders.

use std::{future::Future, sync::Arc};

use futures::StreamExt as _;
use hoist_api::host::Host;
use kube::{
    Api, Client, ResourceExt as _,
    runtime::{
        WatchStreamExt as _,
        reflector::{self, ObjectRef, Store},
        watcher,
    },
};
use tokio::sync::watch;
use tracing::warn;

/// A current view of all hosts.
#[derive(Debug, Clone)]
pub(crate) struct Hosts {
    store: Store<Host>,
    changes: watch::Receiver<u64>,
}

impl Hosts {
    /// The view, and the future that keeps it current.
    pub(crate) fn watch(client: Client) -> (Self, impl Future<Output = ()>) {
        let (store, writer) = reflector::store();
        let (notify, changes) = watch::channel(0);
        let reflector = async move {
            let mut events = watcher(Api::<Host>::all(client), watcher::Config::default())
                .modify(|host| host.managed_fields_mut().clear())
                .default_backoff()
                .reflect(writer)
                .boxed();
            while let Some(event) = events.next().await {
                match event {
                    Ok(_) => notify.send_modify(|version| *version += 1),
                    Err(cause) => warn!(%cause, "hosts are not watched right now; tried again"),
                }
            }
        };
        (Self { store, changes }, reflector)
    }

    /// A view that a test fills.
    #[cfg(test)]
    pub(crate) fn for_test() -> (Self, reflector::store::Writer<Host>, watch::Sender<u64>) {
        let (store, writer) = reflector::store();
        let (notify, changes) = watch::channel(0);
        (Self { store, changes }, writer, notify)
    }

    /// The host of this name, if there is one.
    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<Arc<Host>> {
        self.store.get(&ObjectRef::new(name).within(namespace))
    }

    /// Whether all hosts are known.
    pub(crate) fn is_complete(&self) -> bool {
        *self.changes.borrow() > 0
    }

    /// Notices of changes from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        let mut changes = self.changes.clone();
        changes.mark_unchanged();
        changes
    }
}
