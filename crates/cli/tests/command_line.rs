//! The real program: exit code, standard output and standard error of what needs no cluster.

mod command_line {
    mod definitions;
    mod node_pools;
    mod platforms;
    pub mod program;
    mod success;
}

use command_line::program::{Program, pull_secret};
use rstest::rstest;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA me@example\n";

#[rstest]
#[case("top", &["--help"])]
#[case("create_cluster", &["create", "cluster", "--help"])]
#[case("create_cluster_none", &["create", "cluster", "none", "--help"])]
#[case("join_command", &["create", "join-command", "--help"])]
#[case("destroy", &["destroy", "cluster", "none", "--help"])]
#[case("install", &["install", "--help"])]
#[case("status", &["status", "--help"])]
#[case("local", &["local", "--help"])]
#[case("local_up", &["local", "up", "--help"])]
#[case("local_host", &["local", "host", "--help"])]
#[case("local_host_stop", &["local", "host", "stop", "--help"])]
#[case("local_host_start", &["local", "host", "start", "--help"])]
#[case("local_host_exec", &["local", "host", "exec", "--help"])]
#[case("release_mirror", &["release", "mirror", "--help"])]
fn help_is_printed_with_examples(#[case] name: &str, #[case] arguments: &[&str]) {
    let run = Program::hcp().run(arguments);
    assert!(run.contains("exit code: 0"), "{run}");
    insta::assert_snapshot!(format!("help_{name}"), run);
}

#[test]
fn the_least_that_renders_is_what_hypershift_renders() {
    let program = Program::hypershift();
    program.file("pull-secret", &pull_secret());
    insta::assert_snapshot!(program.run(&[
        "create",
        "cluster",
        "none",
        "--name",
        "example",
        "--pull-secret",
        "pull-secret",
        "--external-api-server-address",
        "fakeAddress",
        "--infra-id",
        "fake-infra-id",
        "--render",
        "--render-sensitive",
    ]));
}

#[test]
fn secrets_are_rendered_only_when_asked_for() {
    let program = Program::hcp();
    program.file("pull-secret", &pull_secret());
    program.file("key.pub", KEY);
    let run = program.run(&[
        "create",
        "cluster",
        "none",
        "--name",
        "example",
        "--pull-secret",
        "pull-secret",
        "--external-api-server-address",
        "192.0.2.10",
        "--ssh-key",
        "key.pub",
        "--render",
    ]);
    assert!(!run.contains("kind: Secret") && run.contains("name: example-ssh-key"), "{run}");
    assert!(run.contains("controllerAvailabilityPolicy: HighlyAvailable"), "hcp's own default: {run}");
}

#[test]
fn every_flag_finds_its_field() {
    let program = Program::hcp();
    program.file("pull-secret", &pull_secret());
    program.file("key.pub", KEY);
    program.file("ca.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    insta::assert_snapshot!(program.run(&[
        "create",
        "cluster",
        "none",
        "--name=example",
        "--namespace=team",
        "--pull-secret=pull-secret",
        "--ssh-key=key.pub",
        "--external-api-server-address=192.0.2.10",
        "--infra-id=example-abcde",
        "--additional-trust-bundle=ca.crt",
        "--base-domain=example.net",
        "--base-domain-prefix=none",
        "--release-image=registry.example.com/hoist/release:1.36.3",
        "--control-plane-availability-policy=SingleReplica",
        "--infra-availability-policy=HighlyAvailable",
        "--annotations=a=b=c",
        "--labels=team=blue",
        "--etcd-storage-class=fast",
        "--etcd-storage-size=4Gi",
        "--service-cidr=172.29.0.0/16",
        "--cluster-cidr=10.128.0.0/16",
        "--machine-cidr=192.0.2.0/24",
        "--network-type=Other",
        "--allocate-node-cidrs",
        "--node-selector=role=infra,zone=a",
        "--pods-labels=tier=gold",
        "--toleration=key=key1,value=value1,effect=noSchedule",
        "--toleration=key=key2,operator=exists",
        "--nodepool-replicas=2",
        "--node-drain-timeout=10m",
        "--node-volume-detach-timeout=90s",
        "--pausedUntil=true",
        "--node-upgrade-type=inplace",
        "--render",
        "--render-sensitive",
    ]));
}

#[test]
fn a_negative_number_of_replicas_makes_no_node_pool_and_a_file_takes_the_manifests() {
    let program = Program::hcp();
    program.file("pull-secret", &pull_secret());
    let run = program.run(&[
        "create",
        "cluster",
        "none",
        "--name",
        "example",
        "--pull-secret",
        "pull-secret",
        "--external-api-server-address",
        "192.0.2.10",
        "--node-pool-replicas",
        "-1",
        "--render-into",
        "out.yaml",
    ]);
    let written = program.read("out.yaml");
    assert!(run.contains("exit code: 0") && !run.contains("kind:"), "{run}");
    assert!(written.contains("kind: HostedCluster") && !written.contains("kind: NodePool"), "{written}");
    assert!(written.ends_with("---\n"), "every document is followed by a separator");
}

#[rstest]
#[case("no_name", &[])]
#[case("no_pull_secret", &["--name", "demo"])]
#[case("pull_secret_missing", &["--name", "demo", "--pull-secret", "nowhere"])]
#[case("pull_secret_malformed", &["--name", "demo", "--pull-secret", "garbage"])]
#[case("wait_without_nodes", &["--name", "Demo", "--pull-secret", "garbage", "--wait"])]
#[case("name_no_label", &["--name", "Demo_1", "--pull-secret", "pull-secret"])]
#[case("ssh_key_malformed", &["--name", "demo", "--pull-secret", "pull-secret", "--ssh-key", "garbage"])]
#[case("release_image_malformed", &["--name", "demo", "--pull-secret", "pull-secret", "--release-image", "1.36.3"])]
#[case("networks_overlap", &["--name", "demo", "--pull-secret", "pull-secret", "--service-cidr", "10.132.0.0/16"])]
#[case("network_of_the_node_api", &["--name", "demo", "--pull-secret", "pull-secret", "--service-cidr", "172.20.0.0/16"])]
#[case("network_of_the_address", &["--name", "demo", "--pull-secret", "pull-secret", "--external-api-server-address", "10.132.0.9"])]
#[case("network_malformed", &["--name", "demo", "--pull-secret", "pull-secret", "--cluster-cidr", "10.132.0.1/14"])]
#[case("address_with_port", &["--name", "demo", "--pull-secret", "pull-secret", "--external-api-server-address", "192.0.2.1:6443"])]
#[case("generate_and_given_key", &["--name", "demo", "--pull-secret", "pull-secret", "--ssh-key", "key.pub", "--generate-ssh"])]
#[case("other_architecture", &["--name", "demo", "--pull-secret", "pull-secret", "--arch", "s390x"])]
#[case("size", &["--name", "demo", "--pull-secret", "pull-secret", "--etcd-storage-size", "big"])]
#[case("paused", &["--name", "demo", "--pull-secret", "pull-secret", "--pausedUntil", "tomorrow"])]
#[case("toleration", &["--name", "demo", "--pull-secret", "pull-secret", "--toleration", "key=a,effect=never"])]
#[case("unknown_flag", &["--name", "demo", "--nmae", "x"])]
fn bad_input_is_refused_before_anything_is_asked_or_written(#[case] name: &str, #[case] more: &[&str]) {
    let program = Program::hcp();
    program.file("pull-secret", &pull_secret());
    program.file("garbage", "fake");
    program.file("key.pub", KEY);
    let arguments: Vec<&str> = ["create", "cluster", "none"].iter().chain(more).copied().collect();
    let run = program.run(&arguments);
    assert!(run.contains("exit code: 2"), "{run}");
    insta::assert_snapshot!(format!("create_refused_{name}"), run);
}

#[test]
fn without_a_kubeconfig_it_is_said_where_one_would_be_looked_for() {
    insta::assert_snapshot!(Program::hcp().run(&["status", "demo"]));
}

#[test]
fn a_management_cluster_that_is_away_is_named_with_what_was_tried() {
    let program = Program::hcp();
    program.file("pull-secret", &pull_secret());
    // Port 1 of the loopback interface: nobody listens there.
    let kubeconfig = "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]\n\
                      users: [{name: a, user: {}}]\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n";
    program.file("kubeconfig", kubeconfig);
    let run = program.run(&["create", "kubeconfig", "--name", "demo", "--kubeconfig", "kubeconfig"]);
    assert!(run.contains("exit code: 1"), "{run}");
    assert!(
        run.contains(
            "cannot read HostedCluster clusters/demo: the management cluster at http://127.0.0.1:1 cannot be reached"
        ),
        "{run}"
    );
}

#[rstest]
#[case("install_without_registry", &["install"])]
#[case("install_elsewhere", &["install", "--registry", "r.example.com", "--namespace", "other"])]
#[case("port_forward_of_all", &["create", "kubeconfig", "--port-forward"])]
#[case("token_too_long", &["create", "join-token", "--name", "demo", "--ttl", "9000h"])]
#[case("token_of_nothing", &["create", "join-token", "--name", "demo", "--uses", "0"])]
#[case("release_of_nothing", &["release", "info", "nonsense"])]
#[case("mirror_to_nowhere", &["release", "mirror", "r.example.com/hoist/release:1.36.3", "--to", "not a registry"])]
#[case("instance_name", &["local", "status", "--instance", "Not_A_Label"])]
#[case("instance_absent", &["local", "kubeconfig", "--state-dir", "/nowhere/at/all"])]
#[case("verb_alone", &["create"])]
fn other_refusals(#[case] name: &str, #[case] arguments: &[&str]) {
    let run = Program::hcp().run(arguments);
    assert!(!run.contains("exit code: 0"), "{run}");
    insta::assert_snapshot!(format!("refused_{name}"), run);
}

#[test]
fn the_version_of_the_program_needs_nobody() {
    let run = Program::hcp().run(&["version", "--client-only"]);
    assert!(
        run.contains("exit code: 0") && run.contains(&format!("Client Version: hoist {}", env!("CARGO_PKG_VERSION"))),
        "{run}"
    );
}

#[rstest]
#[case("bash")]
#[case("zsh")]
#[case("fish")]
fn completions_name_the_program_by_the_name_it_was_called(#[case] shell: &str) {
    let run = Program::hypershift().run(&["completion", shell]);
    assert!(run.contains("exit code: 0") && run.contains("hypershift") && run.contains("join-command"), "{run}");
}

#[test]
fn definitions_render_without_a_registry() {
    let run = Program::hcp().run(&["install", "render", "--outputs", "crds"]);
    assert!(run.contains("exit code: 0") && run.contains("name: hostedclusters.hypershift.openshift.io"), "{run}");
    assert!(!run.contains("kind: Namespace"), "{run}");
}
