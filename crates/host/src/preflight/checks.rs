//! What preflight makes of its readings. Pure.

use std::net::{IpAddr, Ipv4Addr};

use hoist_node_config::{CgroupVersion, validate_node_name};

use super::{Check, Needs, Outcome, Readings, readings::REQUIRED_TOOLS};

/// Source: Kubernetes' own kernel requirement for cgroups and overlay in containers.
const OLDEST_KERNEL: (u32, u32) = (4, 18);
/// Programs of a release take 300 MiB, images of the first pods 400 MiB unpacked; below this the join cannot end well.
const LEAST_DISK: u64 = 1 << 30;
/// Room for a few workloads' images.
const USEFUL_DISK: u64 = 5 << 30;
/// kubelet, containerd and system pods use about 250 MiB.
const LEAST_MEMORY: u64 = 480 << 20;
/// Leaves as much again for workloads.
const USEFUL_MEMORY: u64 = 900 << 20;
/// The host's first certificate begins five minutes before it is made, to allow for clocks that are a little behind.
const MOST_SKEW_SECONDS: u64 = 240;
/// Logs of different hosts can no longer be compared.
const NOTABLE_SKEW_SECONDS: u64 = 5;
/// Distributions that the join was tried on or is known to suit; any other is welcome and merely said to be unknown.
const KNOWN_DISTRIBUTIONS: [&str; 16] = [
    "almalinux",
    "alpine",
    "amzn",
    "arch",
    "centos",
    "debian",
    "fedora",
    "flatcar",
    "gentoo",
    "ol",
    "opensuse-leap",
    "opensuse-tumbleweed",
    "rhel",
    "rocky",
    "sles",
    "ubuntu",
];
/// Ports of a node: number, whether UDP, who needs it.
const PORTS: [(u16, bool, &str); 4] = [
    (10250, false, "kubelet"),
    (10248, false, "kubelet's health"),
    (10256, false, "kube-proxy's health"),
    (8472, true, "the pod network (VXLAN)"),
];

/// Ports of the local proxy, on the API's address only.
const PROXY_PORTS: [(u16, &str); 2] = [(6443, "the API"), (8132, "konnectivity")];

/// Judges `readings`. Every check is in the result, also those that passed.
pub fn evaluate(readings: &Readings, needs: &Needs) -> Vec<Check> {
    let mut checks = vec![
        root(readings),
        architecture(readings),
        kernel(readings),
        control_groups(readings),
        init(readings),
        swap(readings, needs),
        disk(readings, needs),
        memory(readings),
        processors(readings),
        clock(readings),
        node_name(needs),
        ports(readings, needs),
        tools(readings),
        overlay(readings),
        kubelet(readings, needs),
        networks(readings),
        firewall(readings),
        distribution(readings),
    ];
    if readings.selinux_enforcing {
        checks.push(warn(
            "selinux",
            "SELinux enforces its policy, which does not know Hoist's programs".to_owned(),
            "if pods are denied things, install the container-selinux policy or set SELinux to permissive",
        ));
    }
    checks
}

fn check(name: &str, outcome: Outcome, detail: String, next_step: &str) -> Check {
    Check { name: name.to_owned(), outcome, detail, next_step: next_step.to_owned() }
}

fn pass(name: &str, detail: impl Into<String>) -> Check {
    check(name, Outcome::Pass, detail.into(), "")
}

fn warn(name: &str, detail: String, next_step: &str) -> Check {
    check(name, Outcome::Warn, detail, next_step)
}

fn fail(name: &str, detail: String, next_step: &str) -> Check {
    check(name, Outcome::Fail, detail, next_step)
}

/// Says so when the reading behind a check was put in.
fn noting(mut check: Check, readings: &Readings, reading: &str) -> Check {
    if readings.injected.contains_key(reading) {
        check.detail = format!("{} (this reading was injected by {})", check.detail, super::INJECT);
    }
    check
}

fn root(readings: &Readings) -> Check {
    if readings.is_root {
        return pass("root", "running as root");
    }
    fail(
        "root",
        "not running as root, which kubelet and containerd need".to_owned(),
        "run the same line as root, for example with sudo",
    )
}

fn architecture(readings: &Readings) -> Check {
    let (found, wanted) = (&readings.facts.architecture, &readings.payload_architecture);
    if found == wanted {
        return pass("architecture", found.clone());
    }
    fail("architecture", format!("{found}; the release is built for {wanted}"), "use a host of that architecture")
}

fn kernel(readings: &Readings) -> Check {
    let release = &readings.facts.kernel;
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let found = if version >= OLDEST_KERNEL {
        pass("kernel", release.clone())
    } else {
        let (major, minor) = OLDEST_KERNEL;
        fail("kernel", format!("Linux {release}; {major}.{minor} or newer is needed"), "boot a newer kernel")
    };
    noting(found, readings, "kernel")
}

fn control_groups(readings: &Readings) -> Check {
    let needed: &[&str] = match readings.facts.cgroup_version {
        CgroupVersion::V1 => &["cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids"],
        CgroupVersion::V2 => &["cpu", "cpuset", "memory", "pids"],
    };
    let missing: Vec<&str> =
        needed.iter().copied().filter(|name| !readings.controllers.iter().any(|found| found == name)).collect();
    let version = match readings.facts.cgroup_version {
        CgroupVersion::V1 => "v1",
        CgroupVersion::V2 => "v2",
    };
    if missing.is_empty() {
        return pass("cgroups", version);
    }
    fail(
        "cgroups",
        format!("cgroup {version} without the controllers {}", missing.join(", ")),
        "mount these controllers below /sys/fs/cgroup, or enable them on the kernel command line",
    )
}

fn init(readings: &Readings) -> Check {
    match &readings.init_problem {
        None if readings.facts.systemd => pass("init", "systemd"),
        None => pass("init", "System V init, with Hoist's own supervisor"),
        Some(problem) => fail("init", problem.clone(), "start the host with systemd, or give its init an /etc/inittab"),
    }
}

fn swap(readings: &Readings, needs: &Needs) -> Check {
    let devices = readings.swap.join(", ");
    let found = if readings.swap.is_empty() {
        pass("swap", "off")
    } else if needs.swap_allowed {
        warn("swap", format!("on ({devices}) and accepted; pods do not use it"), "watch the latency of workloads")
    } else {
        fail(
            "swap",
            format!("on ({devices}); with it kubelet cannot keep its promises about memory"),
            "run `swapoff -a` and take the swap lines out of /etc/fstab, or join with --allow-swap",
        )
    };
    noting(found, readings, "swap")
}

fn disk(readings: &Readings, needs: &Needs) -> Check {
    let free = readings.disk_free_bytes;
    let text = format!("{} MiB free for /var/lib and /opt", free >> 20);
    let found = if free < LEAST_DISK && !needs.is_resumed {
        fail("disk", format!("{text}; at least {} MiB are needed", LEAST_DISK >> 20), "free or add disk space")
    } else if free < USEFUL_DISK {
        warn(
            "disk",
            format!("{text}; {} MiB leave room for workloads", USEFUL_DISK >> 20),
            "add disk space before workloads come",
        )
    } else {
        pass("disk", text)
    };
    noting(found, readings, "disk-free")
}

fn memory(readings: &Readings) -> Check {
    let total = readings.facts.memory_bytes;
    let text = format!("{} MiB", total >> 20);
    let found = if total < LEAST_MEMORY {
        fail("memory", format!("{text}; at least {} MiB are needed", LEAST_MEMORY >> 20), "give the host more memory")
    } else if total < USEFUL_MEMORY {
        warn("memory", format!("{text}; little is left for workloads"), "give the host more memory")
    } else {
        pass("memory", text)
    };
    noting(found, readings, "memory")
}

fn processors(readings: &Readings) -> Check {
    let count = readings.facts.cpus;
    if count >= 2 {
        return pass("processors", count.to_string());
    }
    warn(
        "processors",
        format!("{count}; two or more are useful"),
        "give the host another processor if pods stay pending",
    )
}

fn clock(readings: &Readings) -> Check {
    let found = match readings.clock_skew_seconds {
        None => pass("clock", "not compared: the server was not asked"),
        Some(skew) if skew.unsigned_abs() > MOST_SKEW_SECONDS => fail(
            "clock",
            format!("{}; more than {MOST_SKEW_SECONDS} s makes certificates invalid", describe_skew(skew)),
            "set the clock, for example by starting a time service (chrony, systemd-timesyncd), and run the same line again",
        ),
        Some(skew) if skew.unsigned_abs() > NOTABLE_SKEW_SECONDS => {
            warn("clock", describe_skew(skew), "start a time service (chrony, systemd-timesyncd)")
        }
        Some(skew) => pass("clock", describe_skew(skew)),
    };
    noting(found, readings, "clock-skew")
}

fn describe_skew(skew: i64) -> String {
    match skew {
        0 => "equal to the server's".to_owned(),
        1.. => format!("{skew} s ahead of the server's"),
        _ => format!("{} s behind the server's", skew.unsigned_abs()),
    }
}

fn node_name(needs: &Needs) -> Check {
    match validate_node_name(&needs.node_name) {
        Ok(()) => pass("node name", needs.node_name.clone()),
        Err(problem) => fail(
            "node name",
            format!("{:?}: {problem}", needs.node_name),
            "set another host name, or pass --node-name NAME",
        ),
    }
}

fn ports(readings: &Readings, needs: &Needs) -> Check {
    if needs.is_resumed {
        return pass("ports", "in use by this host's own node");
    }
    let taken = |port: u16, is_udp: bool| {
        readings.listeners.iter().any(|listener| listener.port == port && listener.is_udp == is_udp)
    };
    let mut problems: Vec<String> = PORTS
        .iter()
        .filter(|(port, is_udp, _)| taken(*port, *is_udp))
        .map(|(port, is_udp, who)| format!("{}/{} (for {who})", port, if *is_udp { "udp" } else { "tcp" }))
        .collect();
    // The API's address is ours alone; only somebody who listens on all addresses is in its way.
    let api = IpAddr::V4(Ipv4Addr::new(172, 20, 0, 1));
    let in_the_way =
        |listener: &super::Listener| !listener.is_udp && (listener.address.is_unspecified() || listener.address == api);
    for (port, who) in PROXY_PORTS {
        if readings.listeners.iter().any(|listener| listener.port == port && in_the_way(listener)) {
            problems.push(format!("{port}/tcp on {api} (for the local proxy to {who})"));
        }
    }
    let found = if problems.is_empty() {
        pass("ports", "free")
    } else {
        fail(
            "ports",
            format!("in use: {}", problems.join(", ")),
            "stop what listens there (`ss -lntup` shows it), for example another kubelet",
        )
    };
    noting(found, readings, "port-in-use")
}

fn tools(readings: &Readings) -> Check {
    if readings.missing_tools.is_empty() {
        return pass("tools", "present");
    }
    let reasons: Vec<String> = REQUIRED_TOOLS
        .iter()
        .filter(|(tool, _)| readings.missing_tools.contains(tool))
        .map(|(tool, reason)| format!("{tool} ({reason})"))
        .collect();
    fail(
        "tools",
        format!("missing: {}", reasons.join(", ")),
        "install the package that holds them, usually util-linux or mount",
    )
}

fn overlay(readings: &Readings) -> Check {
    if readings.has_overlay {
        return pass("overlay", "this kernel has overlay file systems");
    }
    fail(
        "overlay",
        "this kernel has no overlay file system, which images need".to_owned(),
        "load the kernel module: `modprobe overlay`",
    )
}

fn kubelet(readings: &Readings, needs: &Needs) -> Check {
    if !readings.foreign_kubelet || needs.is_resumed {
        return pass("kubelet", "no other kubelet has data here");
    }
    fail(
        "kubelet",
        "/var/lib/kubelet is not empty: this host is, or was, a node of another cluster".to_owned(),
        "take the host out of that cluster (`kubeadm reset`, or `hoist-node leave --force`) and empty /var/lib/kubelet",
    )
}

fn networks(readings: &Readings) -> Check {
    if readings.earlier_networks.is_empty() {
        return pass("networks", "no other pod network comes first");
    }
    warn(
        "networks",
        format!("/etc/cni/net.d holds {}, which comes before 10-hoist.conflist", readings.earlier_networks.join(", ")),
        "remove the file if pods end up in the wrong network",
    )
}

fn firewall(readings: &Readings) -> Check {
    match (readings.facts.has_nft, readings.facts.has_iptables) {
        (true, _) => pass("host ports", "nft"),
        (false, true) => pass("host ports", "iptables"),
        (false, false) => warn(
            "host ports",
            "neither nft nor iptables is installed; pods with hostPort cannot start".to_owned(),
            "install nftables if you need hostPort; everything else works without",
        ),
    }
}

fn distribution(readings: &Readings) -> Check {
    let os_release = &readings.facts.os_release;
    let name = if os_release.pretty_name.is_empty() { &os_release.id } else { &os_release.pretty_name };
    let found = if KNOWN_DISTRIBUTIONS.contains(&os_release.id.as_str()) {
        pass("distribution", name.clone())
    } else {
        let name = if name.is_empty() { "a distribution without os-release" } else { name };
        warn("distribution", format!("{name} was not tried yet; nothing depends on it"), "nothing; tell us how it went")
    };
    noting(found, readings, "os-id")
}

#[cfg(test)]
mod tests;
