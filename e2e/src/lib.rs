//! How a test or a measurement speaks to a real instance: through `hcp` and `kubectl`, as a user does.

pub mod command;
pub mod connect_proxy;
pub mod eventually;
pub mod host_network;
pub mod identity_provider;
pub mod machine;
pub mod packets;
pub mod power;
pub mod signing_request;
pub mod small_volume;
pub mod static_pod;
pub mod steadily;
pub mod world;
