//! The client against the registry that ships in the payload: TLS, passwords, socket, proxies and broken connections are real.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

#[path = "../support/fixture.rs"]
mod fixture;
mod network;
#[path = "../support/payload.rs"]
mod payload;
#[path = "../support/server.rs"]
mod server;

use std::time::{Duration, Instant};

use fixture::Fixture;
use hoist_registry::{Client, DockerConfig, Error, Layout, Options};
use hoist_release::ImageReference;
use server::{PASSWORD, Registry, USER};

fn options(registry: &Registry) -> Options {
    Options {
        trust_bundle_pem: Some(registry.authority().into_bytes()),
        docker_config: Some(DockerConfig::single(&registry.address(), USER, PASSWORD.into())),
        deadline: Duration::from_secs(30),
        ..Options::default()
    }
}

fn client(registry: &Registry) -> Client {
    Client::new(options(registry)).unwrap()
}

/// Pushes the fixture through the socket, as the local instance does.
async fn filled(registry: &Registry, fixture: &Fixture) -> ImageReference {
    let layout = Layout::open(fixture.folder()).unwrap();
    let client = Client::new(Options { unix_socket: Some(registry.socket()), ..Options::default() }).unwrap();
    let pushed = client.push_layout(&layout, &registry.address(), "hoist").await.unwrap();
    let release = format!("{}/hoist/release:1.36.3", registry.address());
    let operator = format!("{}/hoist/operator:0.1.0", registry.address());
    assert_eq!(pushed.iter().map(ToString::to_string).collect::<Vec<_>>(), [release.clone(), operator]);
    release.parse().unwrap()
}

#[tokio::test]
#[ignore = "needs the payload"]
async fn a_layout_pushed_over_the_socket_is_a_release_over_tls() {
    let (registry, fixture) = (Registry::start(), Fixture::new(10_000));
    let image = filled(&registry, &fixture).await;
    let client = client(&registry);

    let release = client.fetch_release(&image).await.unwrap();
    assert_eq!(release.version.to_string(), "1.36.3");
    let layout = Layout::open(fixture.folder()).unwrap();
    assert_eq!(release, layout.release("release:1.36.3", &image).unwrap());
    assert_eq!(release, client.fetch_release(&release.reference).await.unwrap(), "by digest it is the same release");

    let destination = tempfile::tempdir().unwrap();
    client.fetch_component_files(&release, "etcd", destination.path()).await.unwrap();
    assert_eq!(std::fs::read(destination.path().join("usr/bin/etcd")).unwrap(), fixture.binary("etcd"));
    let error = client.fetch_component_files(&release, "nothing", destination.path()).await.unwrap_err();
    assert_eq!(error.reason(), "ReleaseIncomplete", "{error}");
}

#[tokio::test]
#[ignore = "needs the payload"]
async fn pushing_again_changes_nothing() {
    let (registry, fixture) = (Registry::start(), Fixture::new(10_000));
    let image = filled(&registry, &fixture).await;
    let before = client(&registry).resolve(&image).await.unwrap();
    assert_eq!(filled(&registry, &fixture).await, image);
    assert_eq!(client(&registry).resolve(&image).await.unwrap(), before);
    assert_eq!(client(&registry).tags(&image).await.unwrap(), ["1.36.3"]);
}

#[tokio::test]
#[ignore = "needs the payload"]
async fn wrong_and_missing_credentials_are_told_apart() {
    let (registry, fixture) = (Registry::start(), Fixture::new(100));
    let image = filled(&registry, &fixture).await;
    let wrong = DockerConfig::single(&registry.address(), USER, "wrong".into());
    for (config, expected) in
        [(Some(wrong), "401, with the pull secret's credentials"), (None, "401, without credentials")]
    {
        let client = Client::new(Options { docker_config: config, ..options(&registry) }).unwrap();
        let error = client.fetch_release(&image).await.unwrap_err();
        assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
#[ignore = "needs the payload"]
async fn the_network_port_does_not_take_pushes_of_strangers() {
    let (registry, fixture) = (Registry::start(), Fixture::new(100));
    let client = Client::new(Options { docker_config: None, ..options(&registry) }).unwrap();
    let layout = Layout::open(fixture.folder()).unwrap();
    let error = client.push_layout(&layout, &registry.address(), "hoist").await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
}

#[tokio::test]
#[ignore = "needs the payload"]
async fn a_foreign_authority_is_not_trusted() {
    let (registry, other) = (Registry::start(), server::authority_of_nobody());
    let image: ImageReference = format!("{}/hoist/release:1.36.3", registry.address()).parse().unwrap();
    for bundle in [Some(other.into_bytes()), None] {
        let client = Client::new(Options { trust_bundle_pem: bundle, ..options(&registry) }).unwrap();
        let error = client.fetch_release(&image).await.unwrap_err();
        assert!(matches!(error, Error::Untrusted { .. }), "{error:?}");
    }
}

#[tokio::test]
#[ignore = "needs the payload"]
async fn what_is_not_there_or_not_a_release_is_named() {
    let (registry, fixture) = (Registry::start(), Fixture::new(100));
    let image = filled(&registry, &fixture).await;
    let client = client(&registry);
    let missing = image.with_tag("9.9.9").unwrap();
    let error = client.fetch_release(&missing).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }) && error.to_string().contains("release:9.9.9"), "{error}");
    let operator: ImageReference = format!("{}/hoist/operator:0.1.0", registry.address()).parse().unwrap();
    let error = client.fetch_release(&operator).await.unwrap_err();
    assert!(matches!(error, Error::NotARelease { .. }), "{error}");
}

#[tokio::test]
#[ignore = "needs the payload"]
async fn a_release_is_copied_with_its_digests_and_reads_the_same() {
    let (source, target, fixture) = (Registry::start(), Registry::start(), Fixture::new(10_000));
    let image = filled(&source, &fixture).await;
    let original = client(&source).fetch_release(&image).await.unwrap();
    let elsewhere: ImageReference = format!("{}/mirror/of/hoist:stable", target.address()).parse().unwrap();
    let within: ImageReference = format!("{}/second/release:stable", source.address()).parse().unwrap();
    for (destination, registry) in [(elsewhere, &target), (within, &source)] {
        let copied = client(&source).copy_release(&image, &client(registry), &destination).await.unwrap();
        assert_eq!(copied.components, original.components);
        let read = client(registry).fetch_release(&destination).await.unwrap();
        assert_eq!(read, copied);
        assert_eq!(read.reference.digest(), original.reference.digest());
        let folder = tempfile::tempdir().unwrap();
        client(registry).fetch_component_files(&read, "hoist", folder.path()).await.unwrap();
        assert_eq!(std::fs::read(folder.path().join("usr/bin/hoist")).unwrap(), fixture.binary("hoist"));
    }
}

#[tokio::test]
#[ignore = "needs the payload"]
async fn a_download_that_is_cut_goes_on_where_it_stopped() {
    const SIZE: usize = 4_000_000;
    let (registry, fixture) = (Registry::start(), Fixture::new(SIZE));
    let image = filled(&registry, &fixture).await;
    let release = client(&registry).fetch_release(&image).await.unwrap();
    // The first connection ends after 1.5 MB, every later one after 1 MB more.
    let link = network::CuttingLink::to(registry.port(), &[1_500_000, 2_500_000, 3_500_000]).await;
    let through = ImageReference::repository_of(&format!("127.0.0.1:{}", link.port()), "hoist/release").unwrap();
    let downloads = tempfile::tempdir().unwrap();
    let client = Client::new(Options {
        docker_config: Some(DockerConfig::single(through.registry(), USER, PASSWORD.into())),
        download_folder: Some(downloads.path().to_owned()),
        ..options(&registry)
    })
    .unwrap();
    let destination = tempfile::tempdir().unwrap();
    client.fetch_component_files(&release.relocated(&through), "etcd", destination.path()).await.unwrap();
    assert_eq!(std::fs::read(destination.path().join("usr/bin/etcd")).unwrap(), fixture.binary("etcd"));
    assert!(link.cuts() >= 1, "the link was never cut");
    assert!(link.bytes() < SIZE + SIZE / 2, "{} bytes came for {SIZE}: it began from the start", link.bytes());
    assert_eq!(std::fs::read_dir(downloads.path()).unwrap().count(), 0, "nothing is left after success");
}

#[tokio::test]
#[ignore = "needs the payload"]
async fn content_changed_in_the_registry_is_refused() {
    let (registry, fixture) = (Registry::start(), Fixture::new(10_000));
    let image = filled(&registry, &fixture).await;
    let client = client(&registry);
    let release = client.fetch_release(&image).await.unwrap();
    registry.tamper(&fixture.layer("etcd"));
    let destination = tempfile::tempdir().unwrap();
    let error = client.fetch_component_files(&release, "etcd", destination.path()).await.unwrap_err();
    assert!(matches!(error, Error::DigestMismatch { .. }), "{error}");
    assert_eq!(std::fs::read_dir(destination.path()).unwrap().count(), 0, "nothing of it was unpacked");
}

#[tokio::test]
#[ignore = "needs the payload"]
async fn the_size_cap_holds_before_anything_is_loaded() {
    let (registry, fixture) = (Registry::start(), Fixture::new(100_000));
    let image = filled(&registry, &fixture).await;
    let client = Client::new(Options { size_cap: 50_000, ..options(&registry) }).unwrap();
    let release = client.fetch_release(&image).await.unwrap();
    let destination = tempfile::tempdir().unwrap();
    let error = client.fetch_component_files(&release, "etcd", destination.path()).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 50_000, .. }), "{error}");
}

#[tokio::test]
#[ignore = "needs the payload"]
async fn a_forbidden_address_is_refused_by_number_and_by_name() {
    let registry = Registry::start();
    let policy: hoist_registry::AddressPolicy = std::sync::Arc::new(|address| !address.is_loopback());
    let client = Client::new(Options { address_policy: Some(policy), ..options(&registry) }).unwrap();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        let image: ImageReference = format!("{host}:{}/hoist/release:1.36.3", registry.port()).parse().unwrap();
        let error = client.fetch_release(&image).await.unwrap_err();
        assert!(matches!(error, Error::ForbiddenAddress { .. }), "{host}: {error:?}");
    }
}

#[tokio::test]
#[ignore = "needs the payload"]
async fn a_proxy_carries_everything() {
    let (registry, fixture) = (Registry::start(), Fixture::new(10_000));
    let image = filled(&registry, &fixture).await;
    let proxy = network::ConnectProxy::start().await;
    let proxied = Options { proxy: Some(format!("http://127.0.0.1:{}", proxy.port())), ..options(&registry) };
    let release = Client::new(proxied).unwrap().fetch_release(&image).await.unwrap();
    assert_eq!(release.version.to_string(), "1.36.3");
    assert_eq!(proxy.targets(), [registry.address()]);
}

#[tokio::test]
#[ignore = "needs the payload"]
async fn a_registry_that_is_away_is_unreachable_and_a_silent_one_times_out() {
    let registry = Registry::start();
    let silent = network::Silent::start().await;
    let image = |port| format!("127.0.0.1:{port}/hoist/release:1.36.3").parse::<ImageReference>().unwrap();
    let client = Client::new(Options { deadline: Duration::from_secs(1), ..options(&registry) }).unwrap();
    let started = Instant::now();
    let error = client.fetch_release(&image(silent.port())).await.unwrap_err();
    assert!(matches!(error, Error::Deadline { .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(3));

    let away = registry.port();
    let options = options(&registry);
    drop(registry);
    let hurried = Options { deadline: Duration::from_millis(500), ..options.clone() };
    let error = Client::new(hurried).unwrap().fetch_release(&image(away)).await.unwrap_err();
    assert!(matches!(error, Error::Deadline { .. }), "{error:?}");
    assert_eq!(error.reason(), "RegistryUnreachable", "a deadline does not hide why nothing worked");
    let error = Client::new(options).unwrap().fetch_release(&image(away)).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}
