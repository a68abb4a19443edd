//! The second half of a host's start: its file systems, and the step into them.
//!
//! Only kernel file systems and the host's own two folders are mounted: when this is done nothing
//! of the machine can be reached by path from inside.

use std::path::Path;

use nix::{
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, unshare},
    unistd::{chdir, pivot_root, sethostname},
};

use super::{Error, Orders, devices, mounting, step};
use crate::cgroup::{Cgroups, Group, Kind, Version};

/// Builds the host's file systems and makes them this process's root.
pub(super) fn enter(orders: &Orders) -> Result<(), Error> {
    // Read before the old root goes: the host's own /proc shows only what is mounted in it.
    let cgroups = Cgroups::detect()?;
    let root = orders.folder.join("root");

    // Not by the starter: changing the root moves everyone in a mount namespace, and the starter
    // still has to reach the machine's files.
    unshare(CloneFlags::CLONE_NEWNS).map_err(step("make a mount namespace"))?;
    // Otherwise every mount below would appear on the machine as well.
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .map_err(step("keep the host's mounts to itself"))?;
    let place = |target: &str| root.join(target.trim_start_matches('/'));

    let layers = format!(
        "lowerdir={},upperdir={},workdir={}",
        orders.base.display(),
        orders.folder.join("upper").display(),
        orders.folder.join("work").display()
    );
    file_system("overlay", &root, "/", MsFlags::empty(), &layers)?;
    // Container runtimes stack overlays below /var, which the kernel does not do on an overlay.
    let var = orders.folder.join("var");
    mount(Some(&var), &place("/var"), None::<&str>, MsFlags::MS_BIND, None::<&str>).map_err(mounting("/var"))?;

    let safe = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    file_system("proc", &place("/proc"), "/proc", safe, "")?;
    file_system("sysfs", &place("/sys"), "/sys", safe, "")?;
    mount_cgroups(&cgroups, &root)?;
    file_system("tmpfs", &place("/run"), "/run", MsFlags::MS_NOSUID | MsFlags::MS_NODEV, "mode=755")?;
    fs_err::create_dir_all(place("/run/lock")).map_err(step("make /run/lock"))?;
    devices::make(&place("/dev"))?;

    chdir(&root).map_err(step("go to the host's root"))?;
    // The old root is stacked on the new one and then taken away, so that no folder is needed.
    pivot_root(".", ".").map_err(step("make the host's root the root"))?;
    umount2(".", MntFlags::MNT_DETACH).map_err(step("let go of the machine's file systems"))?;
    chdir("/").map_err(step("go to /"))?;
    // Container runtimes and kubelets expect mounts to spread, as they do below systemd.
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_SHARED, None::<&str>)
        .map_err(step("share mounts within the host"))?;

    sethostname(&orders.host).map_err(step("set the host's name"))?;
    Group::delegate(cgroups.hierarchies());
    Ok(())
}

fn mount_cgroups(cgroups: &Cgroups, root: &Path) -> Result<(), Error> {
    let safe = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let inside = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
    if cgroups.version() == Version::V1 {
        let folder = Path::new("/sys/fs/cgroup");
        file_system("tmpfs", &inside(folder), "/sys/fs/cgroup", safe, "mode=755")?;
    }
    for hierarchy in cgroups.hierarchies() {
        let target = inside(&hierarchy.mount_point);
        fs_err::create_dir_all(&target).map_err(step("make a control group's mount point"))?;
        let (kind, options) = match &hierarchy.kind {
            Kind::V1 { options } => ("cgroup", options.as_str()),
            Kind::V2 => ("cgroup2", ""),
        };
        mount(Some(kind), &target, Some(kind), safe, Some(options)).map_err(mounting(&hierarchy.mount_point))?;
    }
    Ok(())
}

fn file_system(kind: &str, target: &Path, shown: &str, flags: MsFlags, options: &str) -> Result<(), Error> {
    mount(Some(kind), target, Some(kind), flags, Some(options)).map_err(mounting(shown))
}
