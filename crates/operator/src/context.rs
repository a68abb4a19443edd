//! What every reconcile is given: clients, caches, clock and settings.

use std::sync::Arc;

use hoist_controller::events::Events;
use hoist_controller::metrics::Metrics;
use hoist_controller::{ApplySet, Calls, Clock};
use hoist_pki::KeySource;
use kube::Client;

use crate::front::Front;
use crate::guest::Guests;
use crate::hosted_cluster::neighbours::HostedClusters;
use crate::hosted_cluster::published_name::Lookups;
use crate::management::Management;
use crate::references::References;
use crate::releases::Releases;
use crate::rights::Rights;
use crate::settings::Settings;
use crate::triggers::Triggers;

/// Shared by all controllers.
pub struct Context {
    /// The management cluster.
    pub client: Client,
    /// Calls to it.
    pub calls: Calls,
    /// Objects applied on it.
    pub sets: ApplySet,
    /// The time.
    pub clock: Clock,
    /// New keys.
    pub keys: Arc<dyn KeySource>,
    /// What was given at start.
    pub settings: Settings,
    /// Numbers.
    pub metrics: Metrics,
    /// Words.
    pub events: Events,
    /// Release images that were read.
    pub releases: Releases,
    /// What was read of the objects that HostedClusters name.
    pub references: References,
    /// Likewise of those that NodePools name.
    pub pool_references: References,
    /// Facts about the management cluster.
    pub management: Management,
    /// Connections into hosted clusters.
    pub guests: Guests,
    /// The operator's own rights in namespaces.
    pub rights: Rights,
    /// Services that stand before all hosted clusters.
    pub front: Front,
    /// Every HostedCluster, once its controller runs.
    pub hosted_clusters: HostedClusters,
    /// Published names that were looked up.
    pub lookups: Lookups,
    /// Ways to have an object looked at from elsewhere.
    pub triggers: Triggers,
}
