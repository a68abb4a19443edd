//! Certificate authorities, leaf certificates and kubeconfigs, pure over an injected clock and key source.
//!
//! A whole set of certificates is a list of [`table::Row`]s; [`desired()`] keeps what is still good of the existing Secrets
//! and makes the rest. Nothing here reads a clock, a disk or an API.

pub mod authority;
pub mod certificate;
pub mod desired;
mod error;
pub mod keys;
pub mod kubeconfig;
pub mod leaf;
pub mod lifetime;
pub mod pin;
pub mod request;
pub mod table;
#[cfg(test)]
mod tests;

pub use authority::Authority;
pub use certificate::CertificateFacts;
pub use desired::{Change, Data, Desired, desired};
pub use error::Error;
pub use keys::{KeySource, SystemKeys};
pub use kubeconfig::Kubeconfig;
pub use leaf::{AlternativeName, Leaf, Subject, Usage};
pub use request::CertificateRequest;
pub use table::Row;
