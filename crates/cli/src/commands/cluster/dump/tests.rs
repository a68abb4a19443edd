//! Whole dumps of an API server in memory.

use clap::Parser;
use hoist_testkit::{FakeApi, fixtures};

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: DumpArguments,
}

fn world() -> FakeApi {
    let mut namespace = Namespace::default();
    namespace.metadata.name = Some("clusters-demo".to_owned());
    let mut pod = k8s_openapi::api::core::v1::Pod {
        metadata: fixtures::metadata("clusters-demo", "etcd-0"),
        ..Default::default()
    };
    pod.status = serde_json::from_value(serde_json::json!({"containerStatuses": [
        {"name": "etcd", "image": "", "imageID": "", "ready": true, "restartCount": 0, "state": {"running": {}}},
    ]}))
    .unwrap();
    fixtures::secrets_of_hosted_cluster()
        .iter()
        .fold(FakeApi::new().with(&fixtures::hosted_cluster()).with(&fixtures::node_pool()), |fake, secret| {
            fake.with(secret)
        })
        .with(&namespace)
        .with(&pod)
}

async fn dump_of(fake: &FakeApi, folder: &std::path::Path, more: &[&str]) -> Result<()> {
    let folder_text = folder.to_str().unwrap();
    let line = [&["dump", "--name", "demo", "--artifact-dir", folder_text], more].concat();
    let Line { arguments } = Line::parse_from(line);
    let session = Session::with_client(fake.client());
    collect(&session, &arguments, "clusters-demo", Folder::at(folder, ARCHIVE)?, &Printer::new()).await
}

fn read(folder: &tempfile::TempDir, path: &str) -> String {
    fs_err::read_to_string(folder.path().join(path)).unwrap()
}

#[tokio::test]
async fn objects_are_written_without_secrets_and_archived() {
    let folder = tempfile::tempdir().unwrap();
    dump_of(&world(), folder.path(), &[]).await.unwrap();
    assert!(read(&folder, "namespaces/clusters/hypershift.openshift.io/hostedclusters.yaml").contains("name: demo"));
    assert!(read(&folder, "namespaces/clusters/hypershift.openshift.io/nodepools.yaml").contains("clusterName: demo"));
    let secrets = read(&folder, "namespaces/clusters/core/secrets.yaml");
    assert!(secrets.contains("name: demo-pull-secret") && secrets.contains(".dockerconfigjson: REDACTED"), "{secrets}");
    let mut archive =
        tar::Archive::new(flate2::read::GzDecoder::new(fs_err::File::open(folder.path().join(ARCHIVE)).unwrap()));
    let paths: Vec<String> =
        archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
    assert!(paths.contains(&"namespaces/clusters-demo/core/pods.yaml".to_owned()), "{paths:?}");
}

#[tokio::test]
async fn what_cannot_be_read_is_listed_and_the_rest_is_written() {
    let (fake, folder) = (world(), tempfile::tempdir().unwrap());
    fake.refuse("LIST secrets clusters/", 403);
    fake.refuse("GET pods/log clusters-demo/etcd-0", 500);
    dump_of(&fake, folder.path(), &["--archive-dump=false", "--dump-guest-cluster=true"]).await.unwrap();
    let missing = read(&folder, "not-read.txt");
    assert!(missing.contains("secrets in clusters: cannot list secrets"), "{missing}");
    assert!(missing.contains("log of clusters-demo/etcd-0 container etcd"), "{missing}");
    assert!(missing.contains("the hosted cluster: it has no kubeconfig yet"), "{missing}");
    assert!(!folder.path().join(ARCHIVE).exists());
    assert!(folder.path().join("namespaces/clusters/core/configmaps.yaml").exists());
}

#[tokio::test]
async fn without_the_essentials_it_fails_and_keeps_what_it_has() {
    let (fake, folder) = (world(), tempfile::tempdir().unwrap());
    fake.refuse("LIST pods clusters-demo/", 403);
    let error = dump_of(&fake, folder.path(), &[]).await.unwrap_err().to_string();
    assert!(error.contains("namespaces/clusters-demo/core/pods.yaml"), "{error}");
    assert!(folder.path().join(ARCHIVE).exists());
}

#[tokio::test]
async fn a_cluster_that_never_was_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let error = dump_of(&FakeApi::new(), folder.path(), &[]).await.unwrap_err().to_string();
    assert!(error.starts_with("HostedCluster clusters/demo does not exist"), "{error}");
    assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn an_earlier_dump_is_not_mixed_with_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    dump_of(&world(), folder.path(), &[]).await.unwrap();
    let error = dump_of(&world(), folder.path(), &[]).await.unwrap_err().to_string();
    assert!(error.contains("it holds an earlier dump (namespaces)"), "{error}");
}
