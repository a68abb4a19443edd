//! Judgements over readings that were put together by hand.

use std::collections::BTreeMap;

use hoist_node_config::{HostFacts, OsRelease};
use rstest::rstest;

use super::*;
use crate::preflight::{Listener, summary};

fn good() -> Readings {
    Readings {
        is_root: true,
        facts: HostFacts {
            architecture: "amd64".into(),
            kernel: "6.1.0-18-amd64".into(),
            os_release: OsRelease { id: "debian".into(), version_id: "12".into(), pretty_name: "Debian 12".into() },
            cgroup_version: CgroupVersion::V2,
            systemd: true,
            can_lower_oom_score: true,
            swap_on: false,
            swap_allowed: false,
            cpus: 2,
            memory_bytes: 4 << 30,
            addresses: Vec::new(),
            resolv_conf: None,
            has_nft: true,
            has_iptables: false,
        },
        payload_architecture: "amd64".into(),
        controllers: ["cpu", "cpuset", "memory", "pids"].map(str::to_owned).to_vec(),
        swap: Vec::new(),
        disk_free_bytes: 50 << 30,
        clock_skew_seconds: Some(0),
        listeners: Vec::new(),
        missing_tools: Vec::new(),
        has_overlay: true,
        foreign_kubelet: false,
        earlier_networks: Vec::new(),
        selinux_enforcing: false,
        init_problem: None,
        injected: BTreeMap::new(),
    }
}

fn needs() -> Needs {
    Needs { swap_allowed: false, is_resumed: false, node_name: "w1".into() }
}

fn listener(address: &str, port: u16, is_udp: bool) -> Listener {
    Listener { address: address.parse().expect("an address"), port, is_udp }
}

fn remarkable(readings: &Readings, needs: &Needs) -> Vec<(String, Outcome)> {
    evaluate(readings, needs)
        .into_iter()
        .filter(|check| check.outcome != Outcome::Pass)
        .map(|check| (check.name, check.outcome))
        .collect()
}

#[test]
fn a_good_host_passes_everything() {
    assert_eq!(remarkable(&good(), &needs()), []);
    assert_eq!(summary(&evaluate(&good(), &needs())), None);
}

type Change = fn(&mut Readings);

#[rstest]
#[case("root", |r: &mut Readings| r.is_root = false)]
#[case("architecture", |r: &mut Readings| r.facts.architecture = "riscv64".into())]
#[case("kernel", |r: &mut Readings| r.facts.kernel = "4.17.19".into())]
#[case("cgroups", |r: &mut Readings| r.controllers.retain(|name| name != "memory"))]
#[case("init", |r: &mut Readings| r.init_problem = Some("no init".into()))]
#[case("swap", |r: &mut Readings| r.swap = vec!["/dev/sda2".into()])]
#[case("disk", |r: &mut Readings| r.disk_free_bytes = 100 << 20)]
#[case("memory", |r: &mut Readings| r.facts.memory_bytes = 256 << 20)]
#[case("clock", |r: &mut Readings| r.clock_skew_seconds = Some(-7200))]
#[case("ports", |r: &mut Readings| r.listeners.push(listener("127.0.0.1", 10250, false)))]
#[case("ports", |r: &mut Readings| r.listeners.push(listener("0.0.0.0", 8472, true)))]
#[case("ports", |r: &mut Readings| r.listeners.push(listener("::", 6443, false)))]
#[case("tools", |r: &mut Readings| r.missing_tools = vec!["mount"])]
#[case("overlay", |r: &mut Readings| r.has_overlay = false)]
#[case("kubelet", |r: &mut Readings| r.foreign_kubelet = true)]
fn what_cannot_work_fails_and_says_what_to_do(#[case] name: &str, #[case] change: Change) {
    let mut readings = good();
    change(&mut readings);
    assert_eq!(remarkable(&readings, &needs()), [(name.to_owned(), Outcome::Fail)]);
    let (cause, next_step) = summary(&evaluate(&readings, &needs())).expect("a failure");
    assert!(cause.starts_with(name) && !next_step.is_empty(), "{cause} / {next_step}");
}

#[rstest]
#[case("disk", |r: &mut Readings| r.disk_free_bytes = 2 << 30)]
#[case("memory", |r: &mut Readings| r.facts.memory_bytes = 600 << 20)]
#[case("processors", |r: &mut Readings| r.facts.cpus = 1)]
#[case("clock", |r: &mut Readings| r.clock_skew_seconds = Some(30))]
#[case("networks", |r: &mut Readings| r.earlier_networks = vec!["05-x.conf".into()])]
#[case("host ports", |r: &mut Readings| r.facts.has_nft = false)]
#[case("distribution", |r: &mut Readings| r.facts.os_release = OsRelease { id: "mylinux".into(), ..OsRelease::default() })]
#[case("distribution", |r: &mut Readings| r.facts.os_release = OsRelease::default())]
#[case("selinux", |r: &mut Readings| r.selinux_enforcing = true)]
fn what_works_with_a_catch_only_warns(#[case] name: &str, #[case] change: Change) {
    let mut readings = good();
    change(&mut readings);
    assert_eq!(remarkable(&readings, &needs()), [(name.to_owned(), Outcome::Warn)]);
}

#[test]
fn an_api_server_on_another_address_of_the_host_is_not_in_the_way() {
    let mut readings = good();
    readings.listeners.push(listener("192.0.2.10", 6443, false));
    assert_eq!(remarkable(&readings, &needs()), []);
}

#[test]
fn a_name_that_no_node_can_have_fails() {
    let needs = Needs { node_name: "My_Host".into(), ..needs() };
    assert_eq!(remarkable(&good(), &needs), [("node name".to_owned(), Outcome::Fail)]);
}

#[test]
fn accepted_swap_only_warns() {
    let mut readings = good();
    readings.swap = vec!["/dev/sda2".into()];
    let needs = Needs { swap_allowed: true, ..needs() };
    assert_eq!(remarkable(&readings, &needs), [("swap".to_owned(), Outcome::Warn)]);
}

#[test]
fn a_host_that_goes_on_with_its_join_is_not_in_its_own_way() {
    let mut readings = good();
    readings.listeners.push(listener("0.0.0.0", 10250, false));
    readings.foreign_kubelet = true;
    let needs = Needs { is_resumed: true, ..needs() };
    assert_eq!(remarkable(&readings, &needs), []);
}

#[test]
fn an_injected_reading_is_said_to_be_one() {
    let mut readings = good();
    readings.inject("clock-skew=7200").expect("well-formed");
    let checks = evaluate(&readings, &needs());
    let clock = checks.iter().find(|check| check.name == "clock").expect("the clock");
    assert_eq!(clock.outcome, Outcome::Fail);
    assert!(clock.detail.contains("injected by HOIST_NODE_INJECT"), "{}", clock.detail);
}
