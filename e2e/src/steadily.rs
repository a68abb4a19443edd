//! Requests that are made all the while something else is done.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::ensure;

/// One request; an error is a failure.
pub type Request<'a> = Box<dyn Fn() -> anyhow::Result<String> + Sync + 'a>;

/// Between two requests of one client.
const PAUSE: Duration = Duration::from_millis(300);

/// How requests went.
#[derive(Debug, Default)]
pub struct Requests {
    /// How many there were.
    pub count: u32,
    /// What failed.
    pub failures: Vec<String>,
    /// Most that failed in a row.
    pub longest_gap: u32,
}

/// Makes requests, three a second, until told to stop.
pub fn steadily(request: &Request<'_>, is_over: &AtomicBool) -> Requests {
    let (mut requests, mut gap) = (Requests::default(), 0);
    while !is_over.load(Ordering::Relaxed) {
        requests.count += 1;
        gap = match request() {
            Ok(_) => 0,
            Err(error) => {
                requests.failures.push(format!("{error:#}"));
                gap + 1
            }
        };
        requests.longest_gap = requests.longest_gap.max(gap);
        thread::sleep(PAUSE);
    }
    requests
}

/// Does `work` while requests are made. Two that fail in a row are a failure: a single one may meet a node that is busy and has
/// not yet learnt where a Service leads.
pub fn without_a_gap(request: &Request<'_>, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let is_over = AtomicBool::new(false);
    let (outcome, requests) = thread::scope(|scope| {
        let client = scope.spawn(|| steadily(request, &is_over));
        let outcome = work();
        is_over.store(true, Ordering::Relaxed);
        (outcome, client.join().unwrap_or_default())
    });
    outcome?;
    ensure!(requests.count > 0, "no request was made");
    ensure!(requests.longest_gap < 2, "requests failed in a row meanwhile: {requests:?}");
    Ok(())
}
