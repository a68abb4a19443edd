//! The real program: installation, dumps, explanations, versions, completions, man pages.

mod command_line {
    pub mod program;
}

use command_line::program::{Program, pull_secret};
use rstest::rstest;

#[rstest]
#[case("install_render", &["install", "render", "-h"])]
#[case("install_helm", &["install", "helm", "-h"])]
#[case("dump_cluster", &["dump", "cluster", "--help"])]
#[case("explain", &["explain", "--help"])]
#[case("version", &["version", "--help"])]
#[case("man", &["man", "--help"])]
fn help(#[case] name: &str, #[case] arguments: &[&str]) {
    let run = Program::hcp().run(arguments);
    assert!(run.contains("exit code: 0"), "{run}");
    insta::assert_snapshot!(format!("help_{name}"), run);
}

#[rstest]
#[case("cloud", &["install", "--aws-private-region", "us-east-1"])]
#[case("cloud_of_render", &["install", "render", "--external-dns-provider=aws"])]
#[case("private_platform", &["install", "--private-platform", "AWS"])]
#[case("audit", &["install", "--enable-audit-log-persistence"])]
#[case("overrides", &["install", "--registry-overrides", "a=b"])]
#[case("bool", &["install", "--development=maybe"])]
#[case("policy", &["install", "--image-pull-policy", "Sometimes"])]
#[case("monitoring", &["install", "--platform-monitoring", "Some"])]
#[case("variable", &["install", "--additional-operator-env-vars", "1A=b"])]
#[case("image", &["install", "--registry", "r.example.com", "--hypershift-image", "Not An Image"])]
#[case("scope", &["install", "--install-scope", "some"])]
#[case("wait_for_nothing", &["install", "--install-scope", "crds", "--wait-until-available"])]
#[case("wait_of_render", &["install", "--wait-until-available", "render"])]
#[case("template_and_outputs", &["install", "render", "--template", "--outputs", "crds"])]
#[case("format", &["install", "render", "--outputs", "crds", "--format", "toml"])]
#[case("render_without_registry", &["install", "render"])]
#[case("helm_without_registry", &["install", "helm"])]
#[case("helm_into_a_foreign_folder", &["install", "helm", "--registry", "r.example.com", "--output-dir", "."])]
#[case("dump_without_folder", &["dump", "cluster", "--name", "demo"])]
#[case("dump_into_a_file", &["dump", "cluster", "--name", "demo", "--artifact-dir", "pull-secret"])]
#[case("dump_of_no_label", &["dump", "cluster", "--name", "Demo", "--artifact-dir", "out"])]
#[case("dump_in_no_time", &["dump", "cluster", "--artifact-dir", "out", "--timeout", "0s"])]
#[case("explain_nonsense", &["explain", "Nonsense"])]
#[case("explain_nearly", &["explain", "etcd"])]
#[case("version_of_no_namespace", &["version", "--namespace", "A"])]
#[case("man_into_a_file", &["man", "pull-secret"])]
fn refusals(#[case] name: &str, #[case] arguments: &[&str]) {
    let program = Program::hcp();
    program.file("pull-secret", &pull_secret());
    let run = program.run(arguments);
    assert!(run.contains("exit code: 2"), "{run}");
    assert_eq!(program.list("."), ["pull-secret"], "nothing is made halfway");
    insta::assert_snapshot!(format!("refused_{name}"), run);
}

#[test]
fn flags_without_effect_are_named_and_shared_flags_stand_anywhere() {
    let run = Program::hypershift().run(&[
        "install",
        "--enable-conversion-webhook=false",
        "--metrics-set=SRE",
        "render",
        "--outputs=crds",
        "--platform-monitoring",
        "All",
        "--exclude-etcd",
    ]);
    assert!(run.contains("exit code: 0") && run.contains("kind: CustomResourceDefinition"), "{run}");
    let notes: Vec<&str> = run.lines().filter_map(|line| line.split_once("\tWARN\t")).map(|(_, note)| note).collect();
    insta::assert_snapshot!(notes.join("\n"));
}

#[test]
fn a_dump_of_a_management_cluster_that_is_away_makes_nothing() {
    let program = Program::hcp();
    let kubeconfig = "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]\n\
                      users: [{name: a, user: {}}]\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n";
    program.file("kubeconfig", kubeconfig);
    let run =
        program.run(&["dump", "cluster", "--name", "demo", "--artifact-dir", "out", "--kubeconfig", "kubeconfig"]);
    assert!(run.contains("exit code: 1") && run.contains("http://127.0.0.1:1 cannot be reached"), "{run}");
    assert_eq!(program.list("."), ["kubeconfig"]);
}

#[test]
fn definitions_render_as_one_list_of_json_into_a_file() {
    let program = Program::hcp();
    let run =
        program.run(&["install", "render", "--outputs", "crds", "--format", "json", "--output-file", "crds.json"]);
    assert!(run.contains("exit code: 0") && !run.contains("kind"), "{run}");
    let list: serde_json::Value = serde_json::from_str(&program.read("crds.json")).unwrap();
    assert_eq!(list["kind"], "List");
    assert!(list["items"].as_array().unwrap().iter().all(|item| item["kind"] == "CustomResourceDefinition"));
}

#[rstest]
#[case("condition", &["explain", "etcdavailable"])]
#[case("condition_of_two_kinds", &["explain", "ReconciliationActive"])]
#[case("condition_with_status", &["explain", "Available=False", "--output", "yaml"])]
#[case("reason", &["explain", "Unschedulable"])]
fn explanations(#[case] name: &str, #[case] arguments: &[&str]) {
    let run = Program::hcp().run(arguments);
    assert!(run.contains("exit code: 0"), "{run}");
    insta::assert_snapshot!(format!("explain_{name}"), run);
}

#[test]
fn all_conditions_are_listed() {
    let run = Program::hcp().run(&["explain"]);
    assert!(run.contains("exit code: 0") && run.contains("CONDITION") && run.contains("\nAutorepairEnabled"), "{run}");
}

#[test]
fn the_commit_alone_is_one_word() {
    let run = Program::hypershift().run(&["version", "--commit-only"]);
    let commit = run.lines().nth(2).unwrap();
    assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()) || commit == "unknown", "{run}");
    let line = Program::hypershift().run(&["version", "--client-only"]);
    assert!(line.contains(&format!(": {commit}. Latest supported Kubernetes: 1.")), "{line}");
}

#[test]
fn as_a_plugin_of_kubectl_it_speaks_of_kubectl() {
    let run = Program::kubectl().run(&["status", "-h"]);
    assert!(run.contains("Usage: kubectl hcp status"), "{run}");
    let refusal = Program::kubectl().run(&["explain", "Nonsense"]);
    assert!(refusal.contains("`kubectl hcp explain`"), "{refusal}");
    let script = Program::kubectl().run(&["completion", "bash"]);
    assert!(script.contains("-o default kubectl-hcp"), "{script}");
}

#[rstest]
#[case(Program::hcp(), "hcp")]
#[case(Program::hypershift(), "hypershift")]
#[case(Program::kubectl(), "kubectl-hcp")]
fn bash_completes_commands_and_flags_under_every_name(#[case] program: Program, #[case] name: &str) {
    let run = program.run(&["completion", "bash"]);
    let script = run.split_once("--- stdout\n").unwrap().1.split_once("--- stderr").unwrap().0;
    program.file("completion.bash", script);
    let complete = |words: &[&str]| {
        let words = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
        program.bash(&format!(
            "source completion.bash; COMP_WORDS=({name} {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             function=$(complete -p {name} | sed 's/.*-F \\([^ ]*\\).*/\\1/'); \
             $function {name} \"${{COMP_WORDS[$COMP_CWORD]}}\" \"${{COMP_WORDS[$((COMP_CWORD - 1))]}}\"; echo \"${{COMPREPLY[@]}}\""
        ))
    };
    assert_eq!(complete(&["expl"]).trim(), "explain");
    assert_eq!(complete(&["dump", "cluster", "--artifact"]).trim(), "--artifact-dir");
}

#[test]
fn every_command_has_a_man_page() {
    let program = Program::hcp();
    let run = program.run(&["man", "man"]);
    assert!(run.contains("exit code: 0"), "{run}");
    let pages = program.list("man");
    for page in ["hcp.1", "hcp-create-cluster-none.1", "hcp-install-render.1", "hcp-dump-cluster.1"] {
        assert!(pages.iter().any(|found| found == page), "{page}: {pages:?}");
    }
    assert!(program.read("man/hcp-dump-cluster.1").contains("artifact\\-dir"));
}
