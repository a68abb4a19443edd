//! Waits until something holds, with a deadline: tests look at a system from outside and have nothing to watch.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;

/// Calls `attempt` until it succeeds; after `limit` its last error is the answer.
pub fn eventually<T>(what: &str, limit: Duration, mut attempt: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let end = Instant::now() + limit;
    loop {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() >= end => {
                return Err(error).with_context(|| format!("not within {} s: {what}", limit.as_secs()));
            }
            Err(_) => thread::sleep(Duration::from_millis(200)),
        }
    }
}
