//! OCI registry client: read, verify, copy and push release images.
//!
//! Everything that arrives is checked against the digest it was asked for before anything else looks at it, and every call has a
//! deadline and a size cap, because registries are named by tenants.

mod client;
mod docker_config;
mod error;
mod layout;
mod observer;
mod unpack;

pub use client::{AddressPolicy, Client, Options};
pub use docker_config::{DockerConfig, DockerConfigError};
pub use error::Error;
pub use layout::{Layout, LayoutError};
pub use observer::Observer;
pub use unpack::{UnpackError, unpack_layer};
