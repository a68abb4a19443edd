//! Images of the control plane in a node's containerd, so that nothing has to be pulled for it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use hoist_node_config::paths;

use super::{Error, Payload};
use crate::host::Host;

/// What the API and the registry need to come up.
pub(super) const FIRST: &[&str] = &["pause", "etcd", "kube-apiserver", "registry"];
/// What follows; the last ones are what hosted clusters are made of, present before the first.
pub(super) const REST: &[&str] =
    &["kube-controller-manager", "kube-scheduler", "kube-proxy", "coredns", "hoist", "konnectivity-server"];
/// Time for containerd to open its socket.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause between two attempts to reach containerd.
const START_PAUSE: Duration = Duration::from_millis(50);

/// Imports what is missing of `components`. Says whether anything was.
pub(super) async fn import(
    host: &Host,
    payload: &Arc<Payload>,
    components: &'static [&'static str],
) -> Result<bool, Error> {
    wait_for_containerd(host).await?;
    let (host, payload) = (host.clone(), Arc::clone(payload));
    tokio::task::spawn_blocking(move || {
        let present = host.output(&ctr(&["images", "list", "-q"]))?;
        let present: BTreeSet<&str> = std::str::from_utf8(&present).unwrap_or_default().lines().collect();
        let mut missing = Vec::new();
        for component in components {
            let image = payload.image(component)?;
            if !present.contains(image.as_str()) {
                missing.push((payload.digest(component)?, image));
            }
        }
        if missing.is_empty() {
            return Ok(false);
        }
        let path = payload.layout.folder().to_owned();
        host.feed(&ctr(&["images", "import", "-"]), |writer| payload.layout.export_archive(&missing, writer))?
            .map_err(|source| Error::Payload { path, source })?;
        Ok(true)
    })
    .await?
}

async fn wait_for_containerd(host: &Host) -> Result<(), Error> {
    let socket = host.root()?.join(paths::CONTAINERD_SOCKET.trim_start_matches('/'));
    let connected = async {
        while tokio::net::UnixStream::connect(&socket).await.is_err() {
            tokio::time::sleep(START_PAUSE).await;
        }
    };
    tokio::time::timeout(START_TIMEOUT, connected).await.map_err(|_| Error::Late {
        what: "containerd",
        seconds: START_TIMEOUT.as_secs(),
        last: "its socket does not answer".to_owned(),
        look: format!("hcp local host logs {} --unit containerd", host.name()),
    })
}

fn ctr<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["/opt/hoist/bin/ctr", "--address", paths::CONTAINERD_SOCKET, "--namespace", "k8s.io"];
    all.extend(arguments);
    all
}
