//! How long commands tell what they are doing.

use std::time::{Duration, Instant};

/// Hears about the stages of a command, one after the other.
pub trait Progress: Send + Sync {
    /// A stage begins.
    fn started(&self, stage: &str);
    /// A part of a stage is done; `total` may grow.
    fn advanced(&self, stage: &str, done: u64, total: u64) {
        let _ = (stage, done, total);
    }
    /// A stage is done; `changed` is false when there was nothing to do.
    fn finished(&self, stage: &str, took: Duration, changed: bool);
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn started(&self, _: &str) {}
    fn finished(&self, _: &str, _: Duration, _: bool) {}
}

/// Runs one stage; `work` says whether it changed anything.
pub async fn stage<E>(
    progress: &dyn Progress,
    name: &str,
    work: impl Future<Output = Result<bool, E>>,
) -> Result<bool, E> {
    let start = Instant::now();
    progress.started(name);
    let changed = work.await?;
    progress.finished(name, start.elapsed(), changed);
    Ok(changed)
}
