use clap::Parser;
use hoist_api::hosted_cluster::AvailabilityPolicy;
use hoist_api::{HostedCluster, NodePool};
use hoist_testkit::{FakeApi, fixtures};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node, Secret};
use serde_json::json;
use tempfile::NamedTempFile;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: NoneArguments,
}

/// What a test starts from; the pull secret file lives as long as it does.
struct Given {
    arguments: NoneArguments,
    _pull_secret: NamedTempFile,
}

fn given(more: &[&str]) -> Given {
    let pull_secret = NamedTempFile::new().unwrap();
    fs_err::write(pull_secret.path(), r#"{"auths":{"r.example.com":{"auth":"YTpi"}}}"#).unwrap();
    let path = pull_secret.path().to_str().unwrap().to_owned();
    let arguments = ["hcp", "--name", "demo", "--pull-secret", &path].into_iter().chain(more.iter().copied());
    Given { arguments: Line::parse_from(arguments).arguments, _pull_secret: pull_secret }
}

fn node() -> Node {
    let info = json!({
        "architecture": "amd64", "bootID": "", "containerRuntimeVersion": "", "kernelVersion": "", "kubeProxyVersion": "",
        "kubeletVersion": "", "machineID": "", "operatingSystem": "linux", "osImage": "", "systemUUID": "",
    });
    let status = json!({"addresses": [{"type": "InternalIP", "address": "192.0.2.10"}], "nodeInfo": info});
    serde_json::from_value(json!({"metadata": {"name": "management-1"}, "status": status})).unwrap()
}

fn management() -> FakeApi {
    let supported: ConfigMap = serde_json::from_value(json!({
        "metadata": {"namespace": "hypershift", "name": "supported-versions"},
        "data": {
            "supported-versions": r#"{"versions":["1.36","1.35"]}"#,
            "releases": r#"{"1.35.4":"r.example.com/hoist/release:1.35.4","1.36.3":"r.example.com/hoist/release:1.36.3"}"#,
            "server-version": "9.9.9",
        },
    }))
    .unwrap();
    FakeApi::new().with(&node()).with(&supported)
}

fn with_namespace(fake: FakeApi) -> FakeApi {
    fake.with(&serde_json::from_value::<Namespace>(json!({"metadata": {"name": "clusters"}})).unwrap())
}

async fn write_to(fake: &FakeApi, more: &[&str]) -> Result<()> {
    let given = given(more);
    let input = Input::check(&given.arguments, AvailabilityPolicy::SingleReplica)?;
    let session = Session::with_client(fake.client());
    write(&session, &given.arguments.flags, input, NoneArguments::ADDRESS_FLAG, &Printer::new()).await
}

#[tokio::test]
async fn everything_is_written_once_and_the_cluster_after_its_secrets() {
    let fake = management();
    write_to(&fake, &["--node-pool-replicas", "2"]).await.unwrap();
    assert_eq!(
        fake.writes(),
        [
            "APPLY namespaces clusters",
            "APPLY secrets clusters/demo-pull-secret",
            "APPLY secrets clusters/demo-etcd-encryption-key",
            "CREATE hostedclusters clusters/demo",
            "APPLY nodepools clusters/demo",
        ]
    );
    let key: Secret = fake.get("clusters", "demo-etcd-encryption-key");
    assert_eq!(key.data.unwrap()["key"].0.len(), 32);
    let pool: NodePool = fake.get("clusters", "demo");
    assert_eq!(pool.spec.replicas, Some(2));
}

#[tokio::test]
async fn what_is_left_out_comes_from_the_management_cluster() {
    let fake = with_namespace(management());
    write_to(&fake, &[]).await.unwrap();
    let cluster: HostedCluster = fake.get("clusters", "demo");
    assert_eq!(cluster.spec.release.image, "r.example.com/hoist/release:1.36.3");
    let address = cluster.spec.services[0].service_publishing_strategy.node_port.as_ref().unwrap().address.clone();
    assert_eq!(address, "192.0.2.10");
    let infra_id = cluster.spec.infra_id.clone().unwrap();
    assert_eq!(cluster.metadata.labels.unwrap()[hoist_api::labels::AUTO_CREATED_FOR_INFRA], infra_id);
}

#[tokio::test]
async fn a_cluster_that_exists_is_refused_and_nothing_is_written() {
    let fake = with_namespace(management()).with(&fixtures::hosted_cluster());
    let error = write_to(&fake, &[]).await.unwrap_err().to_string();
    assert!(error.starts_with("HostedCluster clusters/demo already exists"), "{error}");
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_cluster_that_the_server_refuses_leaves_nothing_behind() {
    let fake = management();
    fake.refuse("CREATE hostedclusters", 422);
    write_to(&fake, &[]).await.unwrap_err();
    assert_eq!(fake.writes(), ["APPLY namespaces clusters", "DELETE namespaces clusters"]);

    let fake = with_namespace(management());
    fake.refuse("APPLY nodepools", 422);
    write_to(&fake, &[]).await.unwrap_err();
    assert!(!fake.writes().iter().any(|write| write.contains("secrets") || write.contains("hostedclusters")));
}

#[tokio::test]
async fn without_an_operator_it_is_said_how_to_install_one() {
    let fake = FakeApi::new().with(&node());
    let error = write_to(&fake, &[]).await.unwrap_err().to_string();
    assert!(error.contains("hcp install") && error.contains("--release-image"), "{error}");
}

#[tokio::test]
async fn versions_that_differ_are_refused_when_asked_to_be_checked() {
    let session = Session::with_client(management().client());
    let error = management::check_version(&session).await.unwrap_err().to_string();
    assert!(error.contains("the operator 9.9.9"), "{error}");
}

#[tokio::test]
async fn nodes_of_another_architecture_than_the_management_clusters_are_refused() {
    let fake = with_namespace(management());
    let error = write_to(&fake, &["--arch", "arm64"]).await.unwrap_err().to_string();
    assert!(error.starts_with("--arch arm64: the nodes of the management cluster are amd64"), "{error}");
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_stream_is_looked_up_among_the_supported_releases() {
    let fake = with_namespace(management());
    write_to(&fake, &["--release-stream", "1.35"]).await.unwrap();
    let cluster: HostedCluster = fake.get("clusters", "demo");
    assert_eq!(cluster.spec.release.image, "r.example.com/hoist/release:1.35.4");
}

#[derive(Parser)]
struct AgentLine {
    #[command(flatten)]
    arguments: AgentArguments,
}

async fn write_agent(fake: &FakeApi, namespace: &str) -> Result<()> {
    let pull_secret = NamedTempFile::new().unwrap();
    fs_err::write(pull_secret.path(), r#"{"auths":{"r.example.com":{"auth":"YTpi"}}}"#).unwrap();
    let path = pull_secret.path().to_str().unwrap();
    let line = ["hcp", "--name", "demo", "--pull-secret", path, "--agent-namespace", namespace];
    let arguments = AgentLine::parse_from(line).arguments;
    let input = Input::check(&arguments, AvailabilityPolicy::HighlyAvailable)?;
    let session = Session::with_client(fake.client());
    write(&session, &arguments.flags, input, AgentArguments::ADDRESS_FLAG, &Printer::new()).await
}

#[tokio::test]
async fn agents_may_live_beside_their_cluster_even_before_its_namespace_is_there() {
    let fake = management();
    write_agent(&fake, "clusters").await.unwrap();
    let cluster: HostedCluster = fake.get("clusters", "demo");
    assert_eq!(cluster.spec.platform.agent.unwrap().agent_namespace, "clusters");
    assert_eq!(cluster.spec.services[0].service_publishing_strategy.node_port.as_ref().unwrap().address, "192.0.2.10");
}

#[tokio::test]
async fn a_namespace_of_agents_that_is_not_there_is_refused_and_nothing_is_written() {
    let fake = with_namespace(management());
    let error = write_agent(&fake, "agents").await.unwrap_err().to_string();
    assert!(error.starts_with("--agent-namespace agents: the management cluster has no such namespace"), "{error}");
    assert_eq!(fake.writes(), Vec::<String>::new());
}
