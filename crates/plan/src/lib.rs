//! The checked [`Plan`] of a hosted cluster: no choice is left open in it.
//!
//! [`validate::validate`] is the only way from what a user wrote to a Plan; builders behind it cannot fail.

pub mod addresses;
pub mod annotations;
pub mod authentication;
pub mod certificates;
pub mod configuration;
pub mod endpoints;
pub mod fields;
pub mod finding;
#[cfg(any(test, feature = "fixtures"))]
pub mod fixtures;
pub mod hosts;
pub mod identity;
pub mod images;
pub mod network;
pub mod observed;
pub mod plan;
pub mod priority;
pub mod publishing;
pub mod repair;
pub mod resources;
pub mod rollout;
pub mod routes;
pub mod scheduling;
pub mod tuning;
pub mod validate;

pub use authentication::Authentication;
pub use certificates::NamedCertificate;
pub use configuration::{ApiServerConfiguration, AuditPolicy, TlsSettings};
pub use endpoints::{Endpoints, HostPort};
pub use finding::Finding;
pub use hosts::{Hosts, Proxy};
pub use identity::Identity;
pub use images::Images;
pub use network::{Network, NetworkProvider};
pub use observed::Observed;
pub use plan::{Encryption, Etcd, Plan};
pub use priority::PriorityClasses;
pub use publishing::{PublishedVia, Publishing};
pub use resources::{ResourceOverrides, ResourceRequest};
pub use scheduling::Scheduling;
pub use tuning::ApiServerTuning;
pub use validate::{Checked, validate};
