//! Takes a static pod of the management node away and gives it back.

use std::time::Duration;

use anyhow::ensure;

use crate::eventually::eventually;
use crate::world::World;

/// Where kubelet reads static pods.
const MANIFESTS: &str = "/etc/kubernetes/manifests";
/// Where a manifest waits meanwhile: on the same file system, so that kubelet sees a whole file when it comes back.
const ASIDE: &str = "/etc/kubernetes";

/// A static pod that was stopped. Dropping it starts it again.
#[derive(Debug)]
pub struct StaticPod<'a> {
    world: &'a World,
    node: String,
    name: String,
    is_away: bool,
}

impl<'a> StaticPod<'a> {
    /// Stops `name` and waits until its containers are gone.
    pub fn stop(world: &'a World, node: &str, name: &str) -> anyhow::Result<Self> {
        let crictl = "/opt/hoist/bin/ctr --address /run/hoist/containerd/containerd.sock --namespace k8s.io";
        world.in_host(node, &format!("mv {MANIFESTS}/{name}.json {ASIDE}/{name}.json"))?.success()?;
        let pod = Self { world, node: node.to_owned(), name: name.to_owned(), is_away: true };
        eventually(&format!("{name} has ended"), Duration::from_secs(45), || {
            let left = format!(
                "{crictl} containers ls 'labels.\"io.kubernetes.pod.name\"=={name}-{node}' -q | while read c; do \
                 {crictl} tasks ls -q | grep \"^$c\"; done; true"
            );
            let left = world.in_host(node, &left)?.success()?;
            ensure!(left.trim().is_empty(), "still there: {left}");
            Ok(())
        })?;
        Ok(pod)
    }

    /// Lets kubelet start it again.
    pub fn start(mut self) -> anyhow::Result<()> {
        self.put_back()
    }

    fn put_back(&mut self) -> anyhow::Result<()> {
        let name = &self.name;
        self.world.in_host(&self.node, &format!("mv {ASIDE}/{name}.json {MANIFESTS}/{name}.json"))?.success()?;
        self.is_away = false;
        Ok(())
    }
}

impl Drop for StaticPod<'_> {
    fn drop(&mut self) {
        if self.is_away {
            let _ = self.put_back();
        }
    }
}
