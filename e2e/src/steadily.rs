//! Requests that are made all the while something else is done.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::ensure;

/// One request; an error is a failure.
pub type Request<'a> = Box<dyn Fn() -> anyhow::Result<String> + Sync + 'a>;

/// Between two requests of one client.
const PAUSE: Duration = Duration::from_millis(300);

/// Makes requests, three a second, until told to stop: how many, and what failed.
pub fn steadily(request: &Request<'_>, is_over: &AtomicBool) -> (u32, Vec<String>) {
    let (mut count, mut failures) = (0, Vec::new());
    while !is_over.load(Ordering::Relaxed) {
        count += 1;
        if let Err(error) = request() {
            failures.push(format!("{error:#}"));
        }
        thread::sleep(PAUSE);
    }
    (count, failures)
}

/// Does `work` while requests are made, and fails when one of either fails.
pub fn without_a_gap(request: &Request<'_>, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let is_over = AtomicBool::new(false);
    let (outcome, (count, failures)) = thread::scope(|scope| {
        let client = scope.spawn(|| steadily(request, &is_over));
        let outcome = work();
        is_over.store(true, Ordering::Relaxed);
        (outcome, client.join().unwrap_or_default())
    });
    outcome?;
    ensure!(count > 0, "no request was made");
    ensure!(failures.is_empty(), "{} of {count} requests failed meanwhile: {failures:?}", failures.len());
    Ok(())
}
