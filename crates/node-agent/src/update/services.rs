//! Services of a node in the middle of an update: stopped, emptied, and heard of again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use hoist_host::{HostRoot, init_system, teardown, wipe};
use hoist_node_config::NodeConfig;
use jiff::Timestamp;

use crate::{
    api::NodeReadiness,
    cause::{Cause, chain},
    join::{node_api, services::last_words},
};

/// How long kubelet may take to be heard of, and its node to be Ready. A new node needs its pods of the network first.
const READY: Duration = Duration::from_secs(150);
const READY_ANEW: Duration = Duration::from_secs(300);
const INTERVAL: Duration = Duration::from_millis(250);
/// A kubelet that was started so often is not waited for any longer: its settings or its host do not let it run. While
/// containerd starts anew, too, the first starts may fail.
const MOST_STARTS: usize = 6;
/// Those that run pods. The others go on: without them nobody would hear of this host, nor end what was begun.
const OF_PODS: [&str; 3] = ["kubelet", "cni", "containerd"];

/// Ends all pods and takes away what they left.
pub(super) fn empty(root: &HostRoot) -> Result<(), Cause> {
    let failed = |error: &(dyn std::error::Error + 'static)| Cause::of(error, "correct the cause");
    let init = init_system::detect(root).map_err(|cause| failed(&cause))?;
    init.stop(root, &OF_PODS).map_err(|cause| failed(&cause))?;
    teardown::end_pods().map_err(|cause| failed(&cause))?;
    wipe::wipe(root).map_err(|cause| failed(&cause))
}

/// Restarts kubelet, whatever changed: only what it says after that shows that it works.
pub(super) fn restart_kubelet(root: &HostRoot) -> Result<(), Cause> {
    let init = init_system::detect(root).and_then(|init| init.restart("kubelet"));
    init.map_err(|cause| Cause::of(&cause, "correct the cause"))
}

/// Waits until the kubelet that was started then says that its node is Ready.
pub(super) async fn await_node(
    root: &HostRoot,
    config: &NodeConfig,
    name: &str,
    since: Timestamp,
    is_new: bool,
) -> Result<(), Cause> {
    let deadline = if is_new { READY_ANEW } else { READY };
    let started = Instant::now();
    let api = node_api(root, config)?;
    let init = init_system::detect(root).map_err(|cause| Cause::of(&cause, "correct the cause"))?;
    // The one that is to end first is among them.
    let mut processes = BTreeSet::new();
    loop {
        processes.extend(init.process("kubelet"));
        let why = match api.node(name).await {
            Ok(Some(node)) => match judge(&node, &config.kubernetes_version, since) {
                None => return Ok(()),
                Some(why) => why,
            },
            Ok(None) => "kubelet has not registered the node".to_owned(),
            Err(cause) => chain(&cause),
        };
        let given_up = if processes.len() > MOST_STARTS {
            Some(format!("ended {} times", processes.len() - 1))
        } else if started.elapsed() > deadline {
            Some(format!("did not make node {name} Ready within {} s: {why}", deadline.as_secs()))
        } else {
            None
        };
        if let Some(what) = given_up {
            return Err(Cause::new(
                format!("kubelet {} {what}{}", config.kubernetes_version, last_words("kubelet")),
                "look at /var/log/hoist/kubelet.log on the host, or journalctl -u hoist-kubelet",
            ));
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Why the node does not count yet.
fn judge(node: &NodeReadiness, version: &str, since: Timestamp) -> Option<String> {
    if node.version != version {
        return Some(format!("its kubelet says that it is {}", node.version));
    }
    // Times of a Node are whole seconds.
    if node.heard.is_none_or(|heard| heard.as_second() < since.as_second()) {
        return Some("its kubelet was not heard of since it was started anew".to_owned());
    }
    (!node.is_ready).then(|| node.message.clone())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1.36.3", 100, true, None)]
    #[case("1.35.4", 100, true, Some("says that it is 1.35.4"))]
    #[case("1.36.3", 99, true, Some("not heard of"))]
    #[case("1.36.3", 101, false, Some("no network"))]
    fn only_what_the_new_kubelet_says_counts(
        #[case] version: &str,
        #[case] heard: i64,
        #[case] is_ready: bool,
        #[case] expected: Option<&str>,
    ) {
        let node = NodeReadiness {
            is_ready,
            message: "no network".into(),
            version: version.into(),
            heard: Timestamp::from_second(heard).ok(),
        };
        // A fraction of a second later than what a Node can say.
        let since = Timestamp::from_millisecond(100_900).expect("a time");
        let why = judge(&node, "1.36.3", since);
        match expected {
            None => assert_eq!(why, None),
            Some(part) => assert!(why.is_some_and(|why| why.contains(part))),
        }
    }
}
