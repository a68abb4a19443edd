//! Fixtures and an API server in memory, for tests.
//!
//! A development dependency only. One valid base exists per kind, changed fluently, so that a test shows what it is about.

pub mod every_field;
pub mod fake_api;
pub mod fixtures;

pub use fake_api::FakeApi;
