//! Machinery of controllers: API calls with deadlines, apply set, orphan sweep, conditions, lease, metrics, events.
//!
//! It knows Kubernetes and our API types, and nothing of hosted clusters: what it does is the same for each controller.

pub mod apply_set;
pub mod calls;
pub mod clock;
pub mod conditions;
pub mod error_chain;
pub mod events;
pub mod lease;
pub mod metrics;
pub mod object_id;
pub mod probes;
pub mod resources;
pub mod status;

pub use apply_set::{ApplySet, Outcome, Pass, Scope};
pub use calls::{ApiError, Calls};
pub use clock::Clock;
pub use error_chain::error_chain;
pub use object_id::ObjectId;

#[cfg(test)]
mod tests;
