//! Paths of a host that no configuration may touch: the kernel's, Hoist's own, and those that make the host what it is.

use crate::paths;

const KERNEL: &str = "it is the kernel's";
const HOIST: &str = "Hoist keeps its own there, and removes it when the host leaves";
const KUBELET: &str = "kubelet keeps its credentials and the volumes of pods there";
const ACCOUNTS: &str = "accounts are the host's own";
const IDENTITY: &str = "it makes the host what it is";
const BOOT: &str = "how the host boots is its owner's affair";

/// Paths, with all below them, and why.
const GUARDED: [(&str, &str); 29] = [
    ("/proc", KERNEL),
    ("/sys", KERNEL),
    ("/dev", KERNEL),
    ("/boot", BOOT),
    ("/efi", BOOT),
    (paths::ETC, HOIST),
    (paths::OPT, HOIST),
    (paths::STATE, HOIST),
    (paths::LOGS, HOIST),
    (paths::RUN, HOIST),
    (paths::CNI_CONFLIST, HOIST),
    ("/run/containerd", HOIST),
    ("/run/flannel", HOIST),
    ("/var/log/pods", HOIST),
    ("/var/log/containers", HOIST),
    (paths::KUBELET_ROOT, KUBELET),
    ("/etc/passwd", ACCOUNTS),
    ("/etc/passwd-", ACCOUNTS),
    ("/etc/shadow", ACCOUNTS),
    ("/etc/shadow-", ACCOUNTS),
    ("/etc/group", ACCOUNTS),
    ("/etc/group-", ACCOUNTS),
    ("/etc/gshadow", ACCOUNTS),
    ("/etc/gshadow-", ACCOUNTS),
    ("/etc/hostname", IDENTITY),
    ("/etc/machine-id", IDENTITY),
    ("/etc/inittab", IDENTITY),
    ("/etc/fstab", IDENTITY),
    ("/etc/resolv.conf", "name servers are the host's own; a KubeletConfig's resolvConf chooses another file for pods"),
];

/// Beginnings of file names that are guarded wherever they end.
const GUARDED_NAMES: [(&str, &str); 2] =
    [("/etc/ssh/ssh_host_", IDENTITY), ("/etc/systemd/system/hoist-", "units of that name are Hoist's own")];

/// Takes an absolute, clean path that is not guarded, and is not above one that is.
pub fn guard(path: &str) -> Result<(), String> {
    let is_clean = path.len() > 1
        && path.starts_with('/')
        && path[1..].split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        && !path.chars().any(char::is_control);
    if !is_clean {
        return Err(format!(
            "path {path:?} cannot be used: expected an absolute path without `.`, `..` and doubled slashes"
        ));
    }
    let is_within = |inner: &str, outer: &str| {
        inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
    };
    for (guarded, why) in GUARDED {
        if is_within(path, guarded) {
            return Err(format!("path {path:?} is refused: {why}; remove it"));
        }
        if is_within(guarded, path) {
            return Err(format!("path {path:?} is refused: {guarded} is below it, and {why}; remove it"));
        }
    }
    match GUARDED_NAMES.iter().find(|(guarded, _)| path.starts_with(guarded) || is_within(guarded, path)) {
        Some((_, why)) => Err(format!("path {path:?} is refused: {why}; remove it")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/etc/sysctl.d/99-own.conf")]
    #[case("/etc/passwdx")]
    #[case("/etc/hoister")]
    #[case("/usr/local/bin/tool")]
    #[case("/etc/systemd/system/own.service")]
    #[case("/etc/ssh/sshd_config.d/a.conf")]
    fn others_are_free(#[case] path: &str) {
        assert_eq!(guard(path), Ok(()));
    }

    #[rstest]
    #[case("/proc/sys/vm/x", "kernel")]
    #[case("/dev/sda", "kernel")]
    #[case("/etc/shadow", "accounts")]
    #[case("/etc/hoist/units/x.json", "Hoist")]
    #[case("/var/lib/kubelet/kubeconfig", "kubelet")]
    #[case("/etc", "below it")]
    #[case("/var/lib", "below it")]
    #[case("/etc/ssh", "what it is")]
    #[case("/etc/ssh/ssh_host_rsa_key", "what it is")]
    #[case("/etc/systemd/system", "Hoist's own")]
    #[case("/etc/systemd/system/hoist-kubelet.service.d/x.conf", "Hoist's own")]
    #[case("/", "absolute path")]
    #[case("etc/x", "absolute path")]
    #[case("/etc/../etc/shadow", "absolute path")]
    #[case("/etc//shadow", "absolute path")]
    #[case("/tmp/", "absolute path")]
    fn guarded_ones_are_refused_with_the_reason(#[case] path: &str, #[case] words: &str) {
        let fault = guard(path).unwrap_err();
        assert!(fault.contains(words), "{fault}");
    }
}
