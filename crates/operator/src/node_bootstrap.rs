//! Hosts on their way into a hosted cluster and out of it: credentials, certificate requests, Nodes, farewell.

pub mod approval;
pub mod credential;
pub mod drain;
pub mod error;
pub mod host;
pub mod leaving;
pub mod mirror;
pub mod ownership;
pub mod tokens;
pub mod updating;

use std::sync::Arc;

use futures::{Stream, StreamExt};
use hoist_api::Host;
use kube::Api;
use kube::runtime::Controller;
use kube::runtime::controller::Config;

use crate::context::Context;
use crate::watches;

/// Runs the controller of Hosts.
pub fn run(ctx: Arc<Context>) -> impl Stream<Item = ()> + Send {
    let (store, changes) = watches::own::<Host>(Api::all(ctx.client.clone()));
    // Reports of a host change its status often; these facts are what the controller acts on.
    let changes = watches::changed(changes, |host| {
        let status = host.status.as_ref();
        (
            watches::wish(host),
            status.and_then(|status| status.stage),
            status.map(|status| (status.bootstrap.is_some(), status.node.clone())),
            status.map(|status| (status.revision.clone(), status.update.clone())),
        )
    });
    Controller::for_stream(changes, store)
        .with_config(Config::default().concurrency(ctx.settings.concurrency))
        .reconcile_on(ctx.triggers.hosts())
        .run(host::reconcile, host::error_policy, ctx)
        .map(|_| ())
}
