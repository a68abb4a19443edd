//! What each command says when it succeeds, against an API server in memory.

use hoist_api::hosted_cluster::references::LocalObjectReference;
use hoist_api::hosted_cluster::status::HostedClusterStatus;
use hoist_api::{HostedCluster, NodePool};
use hoist_testkit::{FakeApi, fixtures};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node};
use serde_json::json;

use super::platforms::with_files;
use super::program::Program;

const HOSTED: &str = "apiVersion: v1\nkind: Config\nclusters: [{name: cluster, cluster: {server: 'https://192.0.2.10:30443'}}]\n\
                      users: [{name: admin, user: {token: t}}]\ncontexts: [{name: admin, context: {cluster: cluster, user: admin}}]\n";

/// A management cluster with an operator, a node and namespaces.
fn management() -> FakeApi {
    let supported: ConfigMap = serde_json::from_value(json!({
        "metadata": {"namespace": "hypershift", "name": "supported-versions"},
        "data": {
            "supported-versions": r#"{"versions":["1.36","1.35"]}"#,
            "releases": r#"{"1.36.3":"r.example.com/hoist/release:1.36.3"}"#,
        },
    }))
    .unwrap();
    let node: Node = serde_json::from_value(json!({
        "metadata": {"name": "management-1"},
        "status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.10"}]},
    }))
    .unwrap();
    let namespace = |name: &str| serde_json::from_value::<Namespace>(json!({"metadata": {"name": name}})).unwrap();
    FakeApi::new().with(&supported).with(&node).with(&namespace("clusters")).with(&namespace("agents"))
}

fn run(fake: &FakeApi, arguments: &[&str]) -> String {
    let program = with_files(Program::hypershift());
    program.file("kubeconfig", &fake.serve());
    program.run(&[arguments, &["--kubeconfig", "kubeconfig"]].concat())
}

fn hosted_cluster() -> HostedCluster {
    let mut cluster = fixtures::hosted_cluster();
    let kubeconfig = Some(LocalObjectReference::new("demo-admin-kubeconfig"));
    cluster.status = Some(HostedClusterStatus { kubeconfig, ..HostedClusterStatus::default() });
    cluster
}

#[test]
fn a_new_cluster_is_told_line_by_line_as_in_the_field_notes() {
    let fake = management();
    let arguments = [
        "create",
        "cluster",
        "kubevirt",
        "--name=example",
        "--node-pool-replicas=2",
        "--pull-secret=pull-secret",
        "--memory=6Gi",
        "--cores=2",
    ];
    insta::assert_snapshot!("create_cluster_kubevirt", run(&fake, &arguments));
    let pool: NodePool = fake.get("clusters", "example");
    assert_eq!(pool.spec.platform.kubevirt.unwrap().compute.unwrap().cores, Some(2));
}

#[test]
fn every_object_of_a_new_cluster_is_told() {
    let fake = management();
    let arguments = [
        "create",
        "cluster",
        "agent",
        "--agent-namespace=agents",
        "--name=vcluster2",
        "--pull-secret=pull-secret",
        "--ssh-key=key.pub",
        "--base-domain=int.example.net",
    ];
    insta::assert_snapshot!("create_cluster_agent", run(&fake, &arguments));
    let again = run(&fake, &arguments);
    assert!(
        again.contains("exit code: 1") && again.contains("HostedCluster clusters/vcluster2 already exists"),
        "{again}"
    );
}

#[test]
fn what_is_applied_is_what_is_rendered_and_the_infrastructures_label() {
    let fake = management();
    let arguments = [
        "create",
        "cluster",
        "agent",
        "--agent-namespace=agents",
        "--name=a",
        "--infra-id=a-1",
        "--pull-secret=pull-secret",
        "--release-image=r.example.com/hoist/release:1.36.3",
        "--api-server-address=192.0.2.10",
    ];
    let program = with_files(Program::hypershift());
    program.file("kubeconfig", &fake.serve());
    let rendered = program.run(&[&arguments[..], &["--render-into=out.yaml"]].concat());
    let applied = program.run(&[&arguments[..], &["--kubeconfig=kubeconfig"]].concat());
    assert!(rendered.contains("exit code: 0") && applied.contains("exit code: 0"), "{rendered}\n{applied}");
    let rendered = program.read("out.yaml");
    let document = rendered.split("---\n").find(|document| document.contains("kind: HostedCluster")).unwrap();
    let rendered: HostedCluster = serde_saphyr::from_str(document).unwrap();
    let applied: HostedCluster = fake.get("clusters", "a");
    assert_eq!(applied.spec, rendered.spec);
    assert_eq!(applied.metadata.labels.unwrap()[hoist_api::labels::AUTO_CREATED_FOR_INFRA], "a-1");
}

#[test]
fn node_pools_come_and_go() {
    let fake = management().with(&hosted_cluster());
    let run = |arguments: &[&str]| run(&fake, arguments);
    let create = ["create", "nodepool", "none", "--name=workers", "--cluster-name=demo", "--replicas=3"];
    insta::assert_snapshot!("create_nodepool", run(&create));
    let again = run(&create);
    assert!(again.contains("exit code: 1") && again.contains("NodePool clusters/workers already exists"), "{again}");
    insta::assert_snapshot!("destroy_nodepool", run(&["destroy", "nodepool", "--name=workers"]));
    insta::assert_snapshot!("destroy_nodepool_again", run(&["destroy", "nodepool", "--name=workers"]));
}

#[test]
fn kubeconfigs_of_one_and_of_all() {
    let secret = fixtures::secret("clusters", "demo-admin-kubeconfig", &[("kubeconfig", HOSTED.as_bytes())]);
    let fake = management().with(&hosted_cluster()).with(&secret);
    insta::assert_snapshot!("kubeconfig", run(&fake, &["create", "kubeconfig", "--name=demo"]));
    insta::assert_snapshot!("kubeconfig_of_all", run(&fake, &["create", "kubeconfig"]));
    let forwarded = run(&fake, &["create", "kubeconfig", "--name=demo", "--port-forward"]);
    assert!(
        forwarded.contains("exit code: 1") && forwarded.contains("no Pod of kube-apiserver in clusters-demo is Ready"),
        "{forwarded}"
    );
    assert!(!forwarded.contains("server:"), "nothing is printed that does not work: {forwarded}");
}
