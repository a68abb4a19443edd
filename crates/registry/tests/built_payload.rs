//! The payload as it was built: whole, honest about its versions, and small enough to move.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

#[path = "support/payload.rs"]
mod payload;
#[path = "support/server.rs"]
mod server;

use std::process::Command;

use hoist_registry::{Client, DockerConfig, Layout, Options};
use hoist_release::{ImageReference, component, oci};
use server::{PASSWORD, Registry, USER};

fn layout() -> Layout {
    Layout::open(&payload::cache().join("layout")).expect(payload::NEEDS_PAYLOAD)
}

fn releases(layout: &Layout) -> Vec<String> {
    layout.names().filter(|(name, _)| name.starts_with("release:")).map(|(name, _)| name.to_owned()).collect()
}

#[test]
#[ignore = "needs the payload"]
fn every_release_is_whole_and_every_image_says_where_it_comes_from() {
    let layout = layout();
    let repository: ImageReference = "registry.example.com/hoist/release".parse().unwrap();
    assert!(releases(&layout).len() >= 2, "an upgrade needs two releases: {:?}", releases(&layout));
    for name in releases(&layout) {
        let release = layout.release(&name, &repository).unwrap();
        assert_eq!(format!("release:{}", release.version), name);
        assert!(
            release.missing(&component::REQUIRED).is_empty(),
            "{name}: {:?}",
            release.missing(&component::REQUIRED)
        );
        for (name, component) in &release.components {
            let manifest = layout.manifest(&component.digest).unwrap();
            assert_eq!(manifest.layers.len(), 1, "{name}");
            assert_eq!(manifest.layers[0].media_type, oci::LAYER_ZSTD, "{name}");
            let config: serde_json::Value =
                serde_json::from_slice(&layout.blob(&manifest.config.digest).unwrap()).unwrap();
            let labels = &config["config"]["Labels"];
            assert_eq!(labels[oci::ANNOTATION_TITLE], name.as_str());
            assert_eq!(labels[oci::ANNOTATION_VERSION], component.version, "{name}");
            assert_eq!(labels[oci::ANNOTATION_SOURCE], component.source, "{name}");
            assert!(!component.version.is_empty() && !component.source.is_empty(), "{name}");
        }
    }
}

#[test]
#[ignore = "needs the payload"]
fn kubernetes_binaries_report_the_version_of_their_release() {
    let layout = layout();
    let repository: ImageReference = "registry.example.com/hoist/release".parse().unwrap();
    for name in releases(&layout) {
        let release = layout.release(&name, &repository).unwrap();
        for binary in [component::KUBE_APISERVER, component::KUBELET] {
            let folder = tempfile::tempdir().unwrap();
            layout.unpack(&release.components[binary].digest, folder.path()).unwrap();
            let output = Command::new(folder.path().join("usr/bin").join(binary)).arg("--version").output().unwrap();
            let expected = format!("Kubernetes v{}", release.version);
            assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), expected, "{binary}");
        }
    }
}

#[tokio::test]
#[ignore = "needs the payload"]
async fn the_whole_payload_is_served_by_its_own_registry() {
    let (layout, registry) = (layout(), Registry::start());
    let push = Client::new(Options { unix_socket: Some(registry.socket()), ..Options::default() }).unwrap();
    let pushed = push.push_layout(&layout, &registry.address(), "hoist").await.unwrap();
    let client = Client::new(Options {
        trust_bundle_pem: Some(registry.authority().into_bytes()),
        docker_config: Some(DockerConfig::single(&registry.address(), USER, PASSWORD.into())),
        ..Options::default()
    })
    .unwrap();
    for image in pushed.iter().filter(|image| image.repository() == "hoist/release") {
        let release = client.fetch_release(image).await.unwrap();
        assert_eq!(Some(release.version.to_string().as_str()), image.tag());
        let folder = tempfile::tempdir().unwrap();
        for name in [component::KUBELET, component::CONTAINERD, component::RUNC, component::CNI_PLUGINS] {
            client.fetch_component_files(&release, name, folder.path()).await.unwrap();
        }
        for binary in ["kubelet", "containerd", "containerd-shim-runc-v2", "ctr", "runc", "bridge", "portmap"] {
            assert!(folder.path().join("usr/bin").join(binary).is_file(), "{binary}");
        }
    }
}
