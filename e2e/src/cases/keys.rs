//! Another key for what is encrypted at rest, on the real thing: proved by what lies in etcd.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::create::{CLUSTER, NAMESPACE, kubeconfig};
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::{World, expect_condition};

const NEW_KEY: &str = "demo-second-key";
/// Three rollouts of kube-apiserver, and everything stored again.
const ROTATED: Duration = Duration::from_secs(180);
/// What a stored value begins with that is encrypted.
const ENCRYPTED: &str = "k8s:enc:aescbc:v1:";

pub fn rotated(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    for namespace in ["default", "kube-system"] {
        let create = ["--namespace", namespace, "create", "secret", "generic", "before", "--from-literal=key=before"];
        world.kubectl_in(&kubeconfig, &create)?.success()?;
    }
    let former = keys_in_etcd(world)?;
    ensure!(former.len() == 1, "keys before the change: {former:?}");
    let key = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": NEW_KEY, "namespace": "clusters"},
        "data": {"key": STANDARD.encode(b"another key of thirty-two bytes.")}
    });
    world.create_in(world.fact("kubeconfig")?, &key, &[])?.success()?;
    let change = json!({"spec": {"secretEncryption": {"aescbc": {"activeKey": {"name": NEW_KEY}}}}}).to_string();
    let patch = ["--namespace", "clusters", "patch", "hostedcluster", CLUSTER, "--type=merge", "--patch", &change];
    world.kubectl(&patch)?.success()?;
    eventually("the change of keys is told", Duration::from_secs(20), || {
        let cluster = world.object("clusters", "hostedcluster", CLUSTER)?;
        expect_condition(&cluster, "EtcdDataEncryptionUpToDate", "False", None)
    })?;
    eventually("everything is stored with the new key", ROTATED, || {
        let cluster = world.object("clusters", "hostedcluster", CLUSTER)?;
        let status = &cluster["status"]["secretEncryption"];
        ensure!(status["activeKey"]["aescbc"]["secret"]["name"] == NEW_KEY, "{status}");
        ensure!(status["history"][0]["state"] == "Completed" && status["targetKey"].is_null(), "{status}");
        expect_condition(&cluster, "EtcdDataEncryptionUpToDate", "True", None)
    })?;
    let current = keys_in_etcd(world)?;
    ensure!(current.len() == 1 && current != former, "keys after the change: {current:?}, before: {former:?}");
    eventually("kube-apiserver has forgotten the former key", Duration::from_secs(60), || {
        let secret = world.object(NAMESPACE, "secret", "kas-secret-encryption-config-file")?;
        let text = STANDARD.decode(secret["data"]["config.yaml"].as_str().context("no configuration")?)?;
        let configuration: Value = serde_json::from_slice(&text)?;
        let keys = &configuration["resources"][0]["providers"][0]["aescbc"]["keys"];
        ensure!(keys.as_array().is_some_and(|keys| keys.len() == 1), "more than one key");
        let deployment = world.object(NAMESPACE, "deployment", "kube-apiserver")?;
        let status = &deployment["status"];
        ensure!(status["observedGeneration"] == deployment["metadata"]["generation"], "{status}");
        ensure!(status["replicas"] == 1 && status["updatedReplicas"] == 1 && status["readyReplicas"] == 1, "{status}");
        Ok(())
    })?;
    for namespace in ["default", "kube-system"] {
        let get = ["--namespace", namespace, "get", "secret", "before", "--output", "jsonpath={.data.key}"];
        // The only API server was just replaced: a connection may still meet the former one.
        let value =
            eventually("the API answers", Duration::from_secs(20), || world.kubectl_in(&kubeconfig, &get)?.success())?;
        ensure!(STANDARD.decode(value.trim())? == b"before", "the Secret of before reads {value}");
        eventually("the API answers", Duration::from_secs(20), || {
            let delete = ["--namespace", namespace, "delete", "secret", "before", "--ignore-not-found"];
            world.kubectl_in(&kubeconfig, &delete)?.success()
        })?;
    }
    Ok(())
}

/// Names of the keys that Secrets and ConfigMaps lie encrypted with, read from etcd itself.
fn keys_in_etcd(world: &World) -> anyhow::Result<BTreeSet<String>> {
    let pod = world.object(NAMESPACE, "pod", "etcd-0")?;
    let address = pod["status"]["podIP"].as_str().context("etcd has no address")?;
    let secret = world.object(NAMESPACE, "secret", "etcd-client-tls")?;
    let node = world.management_host()?;
    let file = |key: &str| secret["data"][key].as_str().with_context(|| format!("Secret etcd-client-tls has no {key}"));
    let write = format!(
        "mkdir -p /tmp/e2e-etcd; cd /tmp/e2e-etcd; echo {} | base64 -d > ca; echo {} | base64 -d > crt; echo {} | base64 -d > key",
        file("ca.crt")?,
        file("etcd-client.crt")?,
        file("etcd-client.key")?
    );
    world.in_host(&node, &write)?.success()?;
    let mut found = BTreeSet::new();
    for resource in ["secrets", "configmaps"] {
        // From the prefix to the next possible one.
        let (first, end) = (format!("/kubernetes.io/{resource}/"), format!("/kubernetes.io/{resource}0"));
        let request = json!({"key": STANDARD.encode(first), "range_end": STANDARD.encode(end)});
        let line = format!(
            "cd /tmp/e2e-etcd; curl --silent --fail --max-time 10 --cacert ca --cert crt --key key \
             --connect-to ::{address}:2379 --data '{request}' https://etcd-client:2379/v3/kv/range"
        );
        let said: Value = serde_json::from_str(&world.in_host(&node, &line)?.success()?)?;
        let values = said["kvs"].as_array().with_context(|| format!("etcd has no {resource}: {said}"))?;
        for value in values {
            let bytes = STANDARD.decode(value["value"].as_str().unwrap_or_default())?;
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(64)]).into_owned();
            match start.strip_prefix(ENCRYPTED).and_then(|rest| rest.split_once(':')) {
                Some((name, _)) => found.insert(name.to_owned()),
                None => bail!("{} is not encrypted", value["key"]),
            };
        }
    }
    world.in_host(&node, "rm -r /tmp/e2e-etcd")?.success()?;
    Ok(found)
}
