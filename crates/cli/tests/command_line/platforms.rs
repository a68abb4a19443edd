//! `create cluster` and `destroy cluster` on every platform.

use rstest::rstest;

use super::program::{Program, pull_secret};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA me@example\n";
const MIRRORS: &str =
    "- source: registry.example.com/hoist\n  mirrors:\n  - mirror.example.com/hoist\n- source: other.example.com\n";
const KUBECONFIG: &str =
    "apiVersion: v1\nkind: Config\nclusters: [{name: a, cluster: {server: 'https://infra.example.com'}}]\n";

/// Files that command lines of these tests name.
pub fn with_files(program: Program) -> Program {
    program.file("pull-secret", &pull_secret());
    program.file("garbage", "fake");
    program.file("key.pub", KEY);
    program.file("mirrors.yaml", MIRRORS);
    program.file("infra.kubeconfig", KUBECONFIG);
    program
}

/// The least that renders on a platform, secrets included.
fn least(platform: &str) -> String {
    let own: &[&str] = match platform {
        "agent" => &["--agent-namespace", "agents", "--api-server-address", "fakeAddress"],
        "none" => &["--external-api-server-address", "fakeAddress"],
        _ => &[],
    };
    let shared = [
        "--name",
        "example",
        "--pull-secret",
        "pull-secret",
        "--infra-id",
        "fake-infra-id",
        "--render",
        "--render-sensitive",
    ];
    let arguments: Vec<&str> = ["create", "cluster", platform].iter().chain(&shared).chain(own).copied().collect();
    with_files(Program::hypershift()).run(&arguments)
}

#[rstest]
#[case("create_cluster_agent", &["create", "cluster", "agent", "--help"])]
#[case("create_cluster_kubevirt", &["create", "cluster", "kubevirt", "--help"])]
#[case("destroy_cluster", &["destroy", "cluster", "--help"])]
#[case("destroy_cluster_agent", &["destroy", "cluster", "agent", "--help"])]
fn help_is_printed_with_examples(#[case] name: &str, #[case] arguments: &[&str]) {
    let run = Program::hcp().run(arguments);
    assert!(run.contains("exit code: 0"), "{run}");
    insta::assert_snapshot!(format!("help_{name}"), run);
}

#[rstest]
fn the_other_name_shows_in_usage_and_lists_the_platforms(
    #[values("create", "destroy")] verb: &str,
    #[values("agent", "aws", "azure", "gcp", "kubevirt", "none", "openstack", "powervs")] platform: &str,
) {
    let run = Program::hypershift().run(&[verb, "cluster", "-h"]);
    assert!(run.contains(&format!("Usage: hypershift {verb} cluster")), "{run}");
    assert!(run.contains(&format!("\n  {platform}")), "{run}");
}

#[rstest]
#[case("aws", &["--name", "x", "--region=eu-central-1"])]
#[case("azure", &[])]
#[case("gcp", &["--name", "x", "--no-such-flag"])]
#[case("openstack", &["--openstack-node-flavor", "m1.xlarge", "-x"])]
#[case("powervs", &["--help"])]
fn platforms_that_are_not_served_say_so_whatever_their_flags(
    #[values(&["create", "cluster"], &["destroy", "cluster"], &["create", "nodepool"])] command: &[&str],
    #[case] platform: &str,
    #[case] more: &[&str],
) {
    let arguments: Vec<&str> = command.iter().chain(&[platform]).chain(more).copied().collect();
    let run = Program::hcp().run(&arguments);
    let expected =
        format!("platform {platform} is not supported on this installation, which serves agent, kubevirt and none");
    assert!(run.contains("exit code: 2") && run.contains(&expected), "{run}");
}

#[rstest]
#[case(&["create", "infra", "aws", "--name", "x"], "works on the infrastructure of a cloud")]
#[case(&["create", "iam", "azure"], "works on the infrastructure of a cloud")]
#[case(&["create", "operator-roles"], "works on the infrastructure of a cloud")]
#[case(&["create", "bastion", "aws", "--help"], "works on the infrastructure of a cloud")]
#[case(&["destroy", "infra", "aws"], "works on the infrastructure of a cloud")]
#[case(&["destroy", "iam"], "works on the infrastructure of a cloud")]
#[case(&["create", "oadp-backup", "--hc-name", "x"], "OADP operator")]
#[case(&["create", "oadp-schedule"], "OADP operator")]
fn commands_with_nothing_to_work_on_say_so_whatever_their_flags(#[case] arguments: &[&str], #[case] reason: &str) {
    let run = Program::hypershift().run(arguments);
    assert!(
        run.contains("exit code: 2") && run.contains("is not supported on this installation") && run.contains(reason),
        "{run}"
    );
}

#[rstest]
#[case("agent")]
#[case("kubevirt")]
fn the_least_that_renders(#[case] platform: &str) {
    insta::assert_snapshot!(format!("least_{platform}"), least(platform));
}

#[test]
fn agent_and_none_differ_in_their_platform_and_nowhere_else() {
    let (agent, none) = (least("agent"), least("none"));
    let differing: Vec<&str> = agent.lines().filter(|line| !none.lines().any(|other| other == *line)).collect();
    assert_eq!(
        differing,
        ["    agent:", "      agentNamespace: agents", "    type: Agent", "    agent: {}", "    type: Agent"]
    );
    assert_eq!(agent.lines().count() - none.lines().count(), 3);
}

#[test]
fn every_flag_of_kubevirt_finds_its_field() {
    insta::assert_snapshot!(with_files(Program::hcp()).run(&[
        "create",
        "cluster",
        "kubevirt",
        "--name=example",
        "--pull-secret=pull-secret",
        "--infra-id=example-abcde",
        "--base-domain=example.net",
        "--external-dns-domain=dns.example.net",
        "--infra-kubeconfig-file=infra.kubeconfig",
        "--infra-namespace=machines",
        "--infra-storage-class-mapping=infra1/guest1",
        "--infra-storage-class-mapping=infra2/guest2,group=group2",
        "--infra-volumesnapshot-class-mapping=infrasnap/guestsnap",
        "--node-pool-replicas=2",
        "--memory=12288Mi",
        "--cores=4",
        "--root-volume-size=64",
        "--root-volume-storage-class=fast",
        "--root-volume-access-modes=ReadWriteOnce,ReadWriteMany",
        "--root-volume-volume-mode=Block",
        "--root-volume-cache-strategy=PVC",
        "--containerdisk=registry.example.com/disk:1",
        "--network-multiqueue=Disable",
        "--qos-class=Guaranteed",
        "--additional-network=name:ns1/nad1",
        "--additional-network=name:ns2/nad2",
        "--attach-default-network=false",
        "--vm-node-selector=zone=a,gpu=yes",
        "--host-device-name=example.com/gpu",
        "--host-device-name=example.com/nic,count:2",
        "--render",
        "--render-sensitive",
    ]));
}

#[test]
fn every_shared_flag_beyond_the_usual_finds_its_field() {
    let run = with_files(Program::hypershift()).run(&[
        "create",
        "cluster",
        "agent",
        "--name=example",
        "--pull-secret=pull-secret",
        "--infra-id=example-abcde",
        "--agent-namespace=agents",
        "--agentLabelSelector=size=medium,zone in (a,b)",
        "--api-server-address=192.0.2.10",
        "--default-dual",
        "--generate-ssh",
        "--image-content-sources=mirrors.yaml",
        "--feature-set=TechPreviewNoUpgrade",
        "--disable-cluster-capabilities=ImageRegistry,Console",
        "--disable-cluster-capabilities=Ingress",
        "--enable-cluster-capabilities=baremetal",
        "--fips",
        "--olm-catalog-placement=Guest",
        "--olm-disable-default-sources",
        "--kas-dns-name=api.example.net",
        "--ovn-kubernetes-mtu=1400",
        "--arch=arm64",
        "--auto-repair",
        "--node-upgrade-type=replace",
        "--control-plane-operator-image=registry.example.com/operator:1",
        "--render",
        "--render-sensitive",
    ]);
    insta::assert_snapshot!(run);
}

#[test]
fn networks_of_type_other_have_settings_of_their_own() {
    let run = with_files(Program::hcp()).run(&[
        "create",
        "cluster",
        "kubevirt",
        "--name=a",
        "--pull-secret=pull-secret",
        "--network-type=Other",
        "--disable-multi-network",
        "--allocate-node-cidrs=Enabled",
        "--service-publishing-strategy=NodePort",
        "--api-server-address=192.0.2.10",
        "--render",
    ]);
    for expected in ["disableMultiNetwork: true", "allocateNodeCIDRs: Enabled", "service: OIDC", "exit code: 0"] {
        assert!(run.contains(expected), "{expected}: {run}");
    }
}

#[test]
fn a_load_balancer_on_none_renders_as_hypershift_does_and_with_an_address_without_routes() {
    let base = ["create", "cluster", "none", "--name=a", "--pull-secret=pull-secret", "--expose-through-load-balancer"];
    let with = |more: &[&str]| with_files(Program::hcp()).run(&[&base, more].concat());
    let rendered = with(&["--render"]);
    assert!(rendered.contains("type: LoadBalancer") && rendered.matches("type: Route").count() == 3, "{rendered}");
    let mixed = with(&["--render", "--external-api-server-address=192.0.2.10"]);
    assert!(mixed.contains("type: LoadBalancer") && mixed.matches("type: NodePort").count() == 4, "{mixed}");
}

#[test]
fn placeholders_render_with_a_warning() {
    let program = with_files(Program::hcp());
    let run = program.run(&[
        "create",
        "cluster",
        "agent",
        "--name=a",
        "--agent-namespace=",
        "--pull-secret=garbage",
        "--ssh-key=garbage",
        "--additional-trust-bundle=garbage",
        "--release-image=placeholder",
        "--external-dns-domain=example.net",
        "--api-server-address=fakeAddress",
        "--render",
    ]);
    let (_, told) = run.split_once("--- stderr").unwrap();
    let told: Vec<&str> = told.lines().filter_map(|line| line.split_once('\t').map(|(_, rest)| rest)).collect();
    assert!(run.contains("exit code: 0") && run.contains("agentNamespace: \"\""), "{run}");
    insta::assert_snapshot!("placeholders", told.join("\n"));
}

#[test]
fn a_kubeconfig_is_needed_only_for_what_is_left_open() {
    let program = with_files(Program::hcp());
    let run = program.run(&[
        "create",
        "cluster",
        "agent",
        "--name=a",
        "--agent-namespace=agents",
        "--pull-secret=pull-secret",
        "--render",
    ]);
    insta::assert_snapshot!("address_left_open", run);
    let run = program.run(&[
        "create",
        "cluster",
        "kubevirt",
        "--name=a",
        "--pull-secret=pull-secret",
        "--release-stream=stable",
        "--render",
    ]);
    insta::assert_snapshot!("stream_left_open", run);
}

#[rstest]
#[case("agent_no_namespace", "agent", &[])]
#[case("agent_namespace", "agent", &["--agent-namespace", "Not_A_Label"])]
#[case("agent_empty_namespace", "agent", &["--agent-namespace", ""])]
#[case("agent_selector", "agent", &["--agent-namespace", "a", "--agentLabelSelector", "a b"])]
#[case("agent_architecture", "agent", &["--agent-namespace", "a", "--arch", "s390x"])]
#[case("kubevirt_architecture", "kubevirt", &["--arch", "arm64"])]
#[case("kubevirt_architecture_unknown", "kubevirt", &["--arch", "riscv64"])]
#[case("kubevirt_memory", "kubevirt", &["--memory", "much"])]
#[case("kubevirt_cores", "kubevirt", &["--cores", "0"])]
#[case("kubevirt_root_volume", "kubevirt", &["--root-volume-size", "8"])]
#[case("kubevirt_network", "kubevirt", &["--additional-network", "nad"])]
#[case("kubevirt_no_network", "kubevirt", &["--attach-default-network=false"])]
#[case("kubevirt_device", "kubevirt", &["--host-device-name", "gpu,count:many"])]
#[case("kubevirt_mapping", "kubevirt", &["--infra-storage-class-mapping", "fast"])]
#[case("kubevirt_namespace_alone", "kubevirt", &["--infra-namespace", "machines"])]
#[case("kubevirt_kubeconfig_alone", "kubevirt", &["--infra-kubeconfig-file", "infra.kubeconfig"])]
#[case("kubevirt_kubeconfig", "kubevirt", &["--infra-namespace", "machines", "--infra-kubeconfig-file", "garbage"])]
#[case("kubevirt_address", "kubevirt", &["--api-server-address", "192.0.2.10"])]
#[case("dual_elsewhere", "kubevirt", &["--default-dual"])]
#[case("dual_and_network", "agent", &["--agent-namespace", "a", "--default-dual", "--cluster-cidr", "10.0.0.0/16"])]
#[case("feature_set", "kubevirt", &["--feature-set", "Everything"])]
#[case("capability_unknown", "kubevirt", &["--disable-cluster-capabilities", "Coffee"])]
#[case("capability_both", "kubevirt", &["--disable-cluster-capabilities", "Console", "--enable-cluster-capabilities", "Console"])]
#[case("capability_ingress", "kubevirt", &["--disable-cluster-capabilities", "Ingress"])]
#[case("multi_network", "kubevirt", &["--disable-multi-network"])]
#[case("mtu", "kubevirt", &["--network-type", "Other", "--ovn-kubernetes-mtu", "1400"])]
#[case("mtu_range", "kubevirt", &["--ovn-kubernetes-mtu", "100"])]
#[case("node_cidrs", "kubevirt", &["--allocate-node-cidrs"])]
#[case("mirrors", "kubevirt", &["--image-content-sources", "garbage"])]
#[case("kas_name", "kubevirt", &["--kas-dns-name", "https://api"])]
#[case("infra_json", "kubevirt", &["--infra-json", "infra.json"])]
#[case("trust_bundle", "none", &["--additional-trust-bundle", "garbage"])]
fn bad_input_is_refused_before_anything_is_asked_or_written(
    #[case] name: &str,
    #[case] platform: &str,
    #[case] more: &[&str],
) {
    let base = ["create", "cluster", platform, "--name", "demo", "--pull-secret", "pull-secret"];
    let run = with_files(Program::hcp()).run(&[&base, more].concat());
    assert!(run.contains("exit code: 2"), "{run}");
    insta::assert_snapshot!(format!("refused_{name}"), run);
}

#[rstest]
#[case(&["--name=Not_A_Label", "--feature-set=Everything"], "--name")]
#[case(&["--name=a", "--feature-set=Everything", "--disable-cluster-capabilities=Ingress"], "--feature-set")]
#[case(&["--name=a", "--disable-cluster-capabilities=Ingress", "--disable-multi-network"], "--disable-cluster-capabilities")]
#[case(&["--name=Not_A_Label", "--wait"], "--wait requires")]
fn the_first_complaint_is_hypershifts(#[case] more: &[&str], #[case] first: &str) {
    let base = ["create", "cluster", "kubevirt", "--pull-secret", "pull-secret"];
    let run = with_files(Program::hcp()).run(&[&base, more].concat());
    assert!(run.contains(&format!("Error: {first}")), "{run}");
}

#[rstest]
#[case("none")]
#[case("agent")]
#[case("kubevirt")]
fn a_cluster_is_destroyed_by_name(#[case] platform: &str) {
    let run = Program::hypershift().run(&["destroy", "cluster", platform]);
    assert!(run.contains("exit code: 2") && run.contains("--name"), "{run}");
    let all = [
        "--name=a",
        "--namespace=b",
        "--cluster-grace-period=1m",
        "--infra-id=c",
        "--destroy-cloud-resources=false",
        "--force",
    ];
    let run = Program::hcp().run(&[&["destroy", "cluster", platform][..], &all].concat());
    assert!(run.contains("no management cluster is named"), "every flag is understood: {run}");
}

#[test]
fn flags_may_come_before_the_platform() {
    let run = with_files(Program::hypershift()).run(&[
        "create",
        "cluster",
        "--name=a",
        "--pull-secret",
        "pull-secret",
        "kubevirt",
        "--memory=6Gi",
        "--render",
    ]);
    assert!(run.contains("exit code: 0") && run.contains("memory: 6Gi"), "{run}");
}

#[rstest]
fn what_is_listed_has_three_forms(
    #[values("table", "text", "json", "yaml")] form: &str,
    #[values(&["get", "hosts"], &["list", "join-tokens", "--name=a"])] command: &[&str],
) {
    let run = Program::hcp().run(&[command, &["--output", form]].concat());
    assert!(run.contains("no management cluster is named"), "{run}");
}
