//! `create nodepool` and `destroy nodepool`.

use rstest::rstest;

use super::platforms::with_files;
use super::program::Program;

const IMAGE: &str = "--release-image=registry.example.com/hoist/release:1.36.3";

#[rstest]
#[case("create_nodepool", &["create", "nodepool", "--help"])]
#[case("create_nodepool_none", &["create", "nodepool", "none", "--help"])]
#[case("create_nodepool_agent", &["create", "nodepool", "agent", "--help"])]
#[case("create_nodepool_kubevirt", &["create", "nodepool", "kubevirt", "--help"])]
#[case("destroy_nodepool", &["destroy", "nodepool", "--help"])]
fn help_is_printed_with_examples(#[case] name: &str, #[case] arguments: &[&str]) {
    let run = Program::hcp().run(arguments);
    assert!(run.contains("exit code: 0"), "{run}");
    insta::assert_snapshot!(format!("help_{name}"), run);
}

#[rstest]
#[case("none", &[])]
#[case("agent", &["--agentLabelSelector", "size=medium"])]
#[case("kubevirt", &["--memory", "8Gi", "--host-device-name", "example.com/gpu"])]
fn with_a_release_image_a_pool_renders_without_a_cluster(#[case] platform: &str, #[case] more: &[&str]) {
    let base = ["create", "nodepool", platform, "--name=workers", "--cluster-name=demo", IMAGE, "--render"];
    insta::assert_snapshot!(format!("rendered_{platform}"), Program::hcp().run(&[&base, more].concat()));
}

#[rstest]
fn the_two_names_have_their_own_defaults(#[values("agent", "kubevirt", "none")] platform: &str) {
    let run = Program::hypershift().run(&["create", "nodepool", platform, IMAGE, "--render", "--node-count", "3"]);
    let upgrade = if platform == "none" { "upgradeType: InPlace" } else { "upgradeType: Replace" };
    for expected in ["name: example", "clusterName: example", "replicas: 3", upgrade, "exit code: 0"] {
        assert!(run.contains(expected), "{expected}: {run}");
    }
    let run = Program::hcp().run(&["create", "nodepool", platform, "--name=a", IMAGE, "--render"]);
    let upgrade = if platform == "kubevirt" { "upgradeType: Replace" } else { "upgradeType: InPlace" };
    assert!(run.contains(upgrade) && run.contains("replicas: 2"), "{run}");
}

#[rstest]
#[case("no_name", &["create", "nodepool", "none"])]
#[case("name", &["create", "nodepool", "none", "--name", "Not_A_Label"])]
#[case("cluster_name", &["create", "nodepool", "none", "--name", "a", "--cluster-name", "B"])]
#[case("replicas", &["create", "nodepool", "none", "--name", "a", "--replicas", "-1"])]
#[case("image", &["create", "nodepool", "none", "--name", "a", "--release-image", "1.36.3"])]
#[case("architecture", &["create", "nodepool", "kubevirt", "--name", "a", "--arch", "arm64"])]
#[case("root_volume", &["create", "nodepool", "kubevirt", "--name", "a", "--root-volume-size", "1"])]
#[case("selector", &["create", "nodepool", "agent", "--name", "a", "--agentLabelSelector", "=x"])]
#[case("destroy_no_name", &["destroy", "nodepool"])]
#[case("destroy_name", &["destroy", "nodepool", "--name", "a/b"])]
fn bad_input_is_refused_before_anything_is_asked_or_written(#[case] name: &str, #[case] arguments: &[&str]) {
    let run = with_files(Program::hcp()).run(arguments);
    assert!(run.contains("exit code: 2"), "{run}");
    insta::assert_snapshot!(format!("refused_{name}"), run);
}
