//! The names, kept current by one watch of HostedControlPlanes.

use std::future::Future;
use std::sync::Arc;

use futures::StreamExt as _;
use hoist_api::HostedControlPlane;
use hoist_controller::probes::Readiness;
use kube::runtime::watcher::Event;
use kube::runtime::{WatchStreamExt as _, reflector, watcher};
use kube::{Api, Client, ResourceExt as _};
use tokio::sync::watch;

use crate::names::Names;

/// The names as of now, and the future that keeps them current. `readiness` is set once all are known.
pub fn follow(
    client: Client,
    namespace: String,
    domain: Option<String>,
    readiness: Readiness,
) -> (watch::Receiver<Arc<Names>>, impl Future<Output = ()>) {
    let (sender, names) = watch::channel(Arc::default());
    let following = async move {
        let (store, writer) = reflector::store();
        let mut events = watcher(Api::<HostedControlPlane>::all(client), watcher::Config::default())
            .modify(trim)
            .default_backoff()
            .reflect(writer)
            .boxed();
        while let Some(event) = events.next().await {
            match event {
                // Half a list is no news: names that are missing in it exist.
                Ok(Event::Init | Event::InitApply(_)) => {}
                Ok(Event::InitDone | Event::Apply(_) | Event::Delete(_)) => {
                    let all = store.state();
                    let found = Names::of(all.iter().map(Arc::as_ref), &namespace, domain.as_deref());
                    publish(&sender, found);
                    readiness.set();
                }
                Err(cause) => {
                    tracing::warn!(%cause, "hosted clusters are not watched right now; names stay as they are");
                }
            }
        }
    };
    (names, following)
}

fn publish(sender: &watch::Sender<Arc<Names>>, found: Names) {
    sender.send_if_modified(|current| {
        let is_news = **current != found;
        if is_news {
            tracing::info!(names = found.count(), "names changed");
            *current = Arc::new(found);
        }
        is_news
    });
}

/// Without what nobody reads here.
fn trim(control_plane: &mut HostedControlPlane) {
    control_plane.managed_fields_mut().clear();
    control_plane.annotations_mut().clear();
    control_plane.status = None;
}
