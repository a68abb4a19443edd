use clap::Parser;
use hoist_testkit::{FakeApi, fixtures};
use rstest::rstest;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    flags: NodePoolFlags,
}

fn flags(more: &[&str]) -> NodePoolFlags {
    Line::parse_from(["hcp", "--name", "workers", "--cluster-name", "demo"].iter().chain(more)).flags
}

async fn checked(fake: &FakeApi, name: &str, platform: &str, more: &[&str]) -> Result<String> {
    release_image(&Session::with_client(fake.client()), &flags(more), name, platform).await
}

#[tokio::test]
async fn the_release_image_is_the_clusters_unless_another_is_given() {
    let cluster = fixtures::hosted_cluster();
    let fake = FakeApi::new().with(&cluster);
    assert_eq!(checked(&fake, "workers", "None", &[]).await.unwrap(), cluster.spec.release.image);
    let given = "r.example.com/hoist/release:1.36.3";
    assert_eq!(checked(&fake, "workers", "None", &["--release-image", given]).await.unwrap(), given);
}

#[rstest]
#[case(
    "workers",
    "KubeVirt",
    "is of platform None and takes no NodePool of platform KubeVirt; use `create nodepool none`"
)]
#[case("demo", "None", "NodePool clusters/demo already exists")]
#[tokio::test]
async fn what_does_not_go_with_the_cluster_is_refused(
    #[case] name: &str,
    #[case] platform: &str,
    #[case] message: &str,
) {
    let fake = FakeApi::new().with(&fixtures::hosted_cluster()).with(&fixtures::node_pool());
    let error = checked(&fake, name, platform, &[]).await.unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_cluster_that_is_not_there_is_named() {
    let error = checked(&FakeApi::new(), "workers", "None", &[]).await.unwrap_err().to_string();
    assert!(error.starts_with("HostedCluster clusters/demo does not exist"), "{error}");
}
