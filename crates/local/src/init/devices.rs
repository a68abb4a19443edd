//! /dev of a host: the devices of any machine, and of the special ones those this machine has.

use std::{
    os::unix::fs::{FileTypeExt, MetadataExt, symlink},
    path::Path,
};

use nix::{
    mount::{MsFlags, mount},
    sys::stat::{Mode, SFlag, makedev, mknod, umask},
};

use super::{Error, mounting, step};

/// Character devices every host has: name, major, minor, mode.
const ALWAYS: [(&str, u64, u64, u32); 6] = [
    ("null", 1, 3, 0o666),
    ("zero", 1, 5, 0o666),
    ("full", 1, 7, 0o666),
    ("random", 1, 8, 0o666),
    ("urandom", 1, 9, 0o666),
    ("tty", 5, 0, 0o666),
];

/// Devices a host gets when the machine has them: kubelet reads kmsg, networks need tun,
/// rootless images fuse, and virtual machines the rest.
const IF_PRESENT: [&str; 7] = ["kmsg", "net/tun", "fuse", "kvm", "vhost-net", "vhost-vsock", "loop-control"];

/// Fills `dev`, which the old root's /dev can still be compared with.
pub(super) fn make(dev: &Path) -> Result<(), Error> {
    mount(Some("tmpfs"), dev, Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=755")).map_err(mounting("/dev"))?;
    for folder in ["pts", "shm", "mqueue", "net"] {
        fs_err::create_dir(dev.join(folder)).map_err(step("make a folder in /dev"))?;
    }
    let previous = umask(Mode::empty());
    let made = nodes(dev);
    umask(previous);
    made?;
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ] {
        symlink(target, dev.join(name)).map_err(step("make a link in /dev"))?;
    }
    let quiet = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    let terminals = "newinstance,ptmxmode=0666,mode=620,gid=5";
    mount(Some("devpts"), &dev.join("pts"), Some("devpts"), quiet, Some(terminals)).map_err(mounting("/dev/pts"))?;
    let no_devices = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), &dev.join("shm"), Some("tmpfs"), no_devices, Some("mode=1777"))
        .map_err(mounting("/dev/shm"))?;
    let queue = dev.join("mqueue");
    mount(Some("mqueue"), &queue, Some("mqueue"), no_devices | MsFlags::MS_NOEXEC, None::<&str>)
        .map_err(mounting("/dev/mqueue"))
}

fn nodes(dev: &Path) -> Result<(), Error> {
    let node = |name: &str, device, mode: u32| {
        mknod(&dev.join(name), SFlag::S_IFCHR, Mode::from_bits_truncate(mode), device).map_err(step("make a device"))
    };
    for (name, major, minor, mode) in ALWAYS {
        node(name, makedev(major, minor), mode)?;
    }
    for name in IF_PRESENT {
        match fs_err::metadata(Path::new("/dev").join(name)) {
            Ok(present) if present.file_type().is_char_device() => node(name, present.rdev(), present.mode() & 0o777)?,
            _ => {}
        }
    }
    Ok(())
}
