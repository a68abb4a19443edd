//! NodePools: create and destroy.

pub mod create;
pub mod destroy;
pub mod manifest;
mod release;
