//! Networks of an instance: the switch, the dead end behind it, and the ports of its hosts.
//!
//! Nothing here ever touches the machine's own network namespace: links are made inside the
//! switch's namespace and move from there.

mod links;
pub mod namespace;
pub mod switch;

pub use links::Links;
