//! Gives the etcd of one hosted cluster a file system so small that it can be filled.

use anyhow::ensure;

use crate::world::World;

/// Room for the database, two segments of etcd's log (64 MB each, reserved in full) and little more.
const SIZE: &str = "180m";
/// Never more than this is written, whatever file system it meets.
const MOST_BLOCKS: u32 = 3200;

/// The folder `member` of etcd's volume, now on a file system of its own. Dropping it takes that away again: only for clusters
/// that are destroyed afterwards.
#[derive(Debug)]
pub struct SmallVolume<'a> {
    world: &'a World,
    node: String,
    folder: String,
}

impl<'a> SmallVolume<'a> {
    /// Moves what `etcd-0` in `namespace` has to a small file system and restarts it there.
    ///
    /// The file system goes into the volume and not over it: mounts on the volume itself reach kubelet's bind mount of it, and
    /// kubelet would take both away.
    pub fn put_under(world: &'a World, namespace: &str) -> anyhow::Result<Self> {
        let node = world.management_host()?;
        let claim = world.object(namespace, "persistentvolumeclaim", "data-etcd-0")?;
        let pod = world.object(namespace, "pod", "etcd-0")?;
        let volume = claim["spec"]["volumeName"].as_str().unwrap_or_default();
        let uid = pod["metadata"]["uid"].as_str().unwrap_or_default();
        ensure!(!volume.is_empty() && !uid.is_empty(), "etcd-0 of {namespace} has no volume yet");
        let folder = format!("/var/lib/hoist/volumes/{volume}/member");
        let line = format!(
            "set -e; for p in $(pgrep -x etcd); do if grep -q {uid} /proc/$p/cgroup; then found=$p; fi; done; \
             kill -STOP $found; copy=$(mktemp -d); cp -a {folder}/. $copy/; \
             mount -t tmpfs -o size={SIZE} hoist-e2e {folder}; cp -a $copy/. {folder}/; rm -r $copy; \
             chown 65532:65532 {folder}; chmod 700 {folder}; kill -9 $found"
        );
        let small = Self { world, node: node.clone(), folder };
        world.in_host(&node, &line)?.success()?;
        Ok(small)
    }

    /// Fills it to the last byte.
    pub fn fill(&self) -> anyhow::Result<()> {
        let folder = &self.folder;
        // The machine's own disk must never be filled by a mistake here.
        let line = format!(
            "test \"$(stat -f -c %T {folder})\" = tmpfs || exit 9; \
             dd if=/dev/zero of={folder}/filler bs=64k count={MOST_BLOCKS} 2>/dev/null; \
             df --output=avail {folder} | tail -n 1"
        );
        let left = self.world.in_host(&self.node, &line)?.success()?;
        ensure!(left.trim() == "0", "{left} KiB are free still");
        Ok(())
    }

    /// Makes room again.
    pub fn free(&self) -> anyhow::Result<()> {
        self.world.in_host(&self.node, &format!("rm -f {}/filler", self.folder))?.success()?;
        Ok(())
    }
}

impl Drop for SmallVolume<'_> {
    fn drop(&mut self) {
        // Lazily: etcd may have it open.
        let _ = self.world.in_host(&self.node, &format!("umount -l {}", self.folder));
    }
}
