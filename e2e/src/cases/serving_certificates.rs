//! A certificate of the user's own for the user's own name of the API server, on the real thing.

use std::time::Duration;

use anyhow::{Context, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};

use super::create::{CLUSTER, NAMESPACE, kubeconfig};
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::{World, expect_condition, file_prefix};

const OWN_NAME: &str = "kube.demo.example.com";
const SECRET: &str = "demo-own-certificate";
const CUSTOM_KUBECONFIG: &str = "demo-custom-admin-kubeconfig";
/// From a change of the spec to a kube-apiserver that runs with it.
const ROLLED_OUT: Duration = Duration::from_secs(90);

pub fn shown(world: &mut World) -> anyhow::Result<()> {
    let admin = kubeconfig(world, CLUSTER)?;
    let (certificate, key) = issue()?;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET, "namespace": "clusters"},
        "type": "kubernetes.io/tls",
        "data": {"tls.crt": STANDARD.encode(certificate), "tls.key": STANDARD.encode(key)}
    });
    world.create_in(world.fact("kubeconfig")?, &secret, &[])?.success()?;

    // Names by which nodes and the control plane reach the API server stay Hoist's.
    let named = |names: Value| json!([{"names": names, "servingCertificate": {"name": SECRET}}]);
    patch(world, &named(json!(["kubernetes.default.svc"])), &Value::Null)?;
    eventually("a name that is Hoist's own is refused", Duration::from_secs(15), || {
        let cluster = world.object("clusters", "hostedcluster", CLUSTER)?;
        let message = expect_condition(&cluster, "ValidConfiguration", "False", Some("InvalidConfiguration"))?;
        ensure!(message.contains("namedCertificates[0]") && message.contains("kubernetes.default.svc"), "{message}");
        Ok(())
    })?;

    patch(world, &named(json!([OWN_NAME])), &json!(OWN_NAME))?;
    let by_own_name = ["get", "--raw", "/version", "--tls-server-name", OWN_NAME];
    // By an authority that the administrator's kubeconfig does not know, so it is not Hoist's.
    eventually("the own certificate is shown under its name", ROLLED_OUT, || {
        let said = world.kubectl_in(&admin, &by_own_name)?.refusal()?;
        ensure!(said.contains("unknown authority"), "{said}");
        Ok(())
    })?;
    // Under all other names it is Hoist's, which the administrator's kubeconfig knows.
    eventually("the API answers under its own names", ROLLED_OUT, || {
        world.kubectl_in(&admin, &["get", "--raw", "/version"])?.success()?;
        world
            .kubectl_in(&admin, &["get", "--raw", "/version", "--tls-server-name", "kubernetes.default.svc"])?
            .success()
    })?;
    let custom = eventually("the kubeconfig for the own name knows its authority", Duration::from_secs(20), || {
        let secret = world.object("clusters", "secret", CUSTOM_KUBECONFIG)?;
        let text =
            String::from_utf8(STANDARD.decode(secret["data"]["kubeconfig"].as_str().context("no kubeconfig")?)?)?;
        ensure!(text.contains(OWN_NAME), "another name");
        let path = with_authority_of(&admin, &text)?;
        world.kubectl_in(&path, &by_own_name)?.success()?;
        Ok(path)
    })?;
    // Hoist's own authority is in it, too.
    eventually("the API answers", Duration::from_secs(20), || {
        world.kubectl_in(&custom, &["get", "--raw", "/version"])?.success()
    })?;
    let cluster = world.object("clusters", "hostedcluster", CLUSTER)?;
    expect_condition(&cluster, "ServingCertificatesValid", "True", None)?;

    let change = json!({"spec": {"kubeAPIServerDNSName": null, "configuration": null}}).to_string();
    let arguments = ["--namespace", "clusters", "patch", "hostedcluster", CLUSTER, "--type=merge", "--patch", &change];
    world.kubectl(&arguments)?.success()?;
    eventually("kube-apiserver runs as before, and the kubeconfig for the own name is gone", ROLLED_OUT, || {
        let deployment = world.object(NAMESPACE, "deployment", "kube-apiserver")?;
        ensure!(!deployment["spec"].to_string().contains("tls-sni-cert-key"), "shown still");
        let status = &deployment["status"];
        ensure!(status["observedGeneration"] == deployment["metadata"]["generation"], "{status}");
        ensure!(status["replicas"] == 1 && status["updatedReplicas"] == 1 && status["readyReplicas"] == 1, "{status}");
        let left =
            ["--namespace", "clusters", "get", "secret", CUSTOM_KUBECONFIG, "--ignore-not-found", "--output", "name"];
        let left = world.kubectl(&left)?.success()?;
        ensure!(left.trim().is_empty(), "{left} is still there");
        Ok(())
    })?;
    world.kubectl(&["--namespace", "clusters", "delete", "secret", SECRET])?.success()?;
    Ok(())
}

fn patch(world: &World, certificates: &Value, name: &Value) -> anyhow::Result<()> {
    let change = json!({"spec": {
        "kubeAPIServerDNSName": name,
        "configuration": {"apiServer": {"servingCerts": {"namedCertificates": certificates}}}
    }})
    .to_string();
    let arguments = ["--namespace", "clusters", "patch", "hostedcluster", CLUSTER, "--type=merge", "--patch", &change];
    world.kubectl(&arguments)?.success()?;
    Ok(())
}

/// A certificate for the own name by an authority that nobody knows, with that authority behind it, and its key.
fn issue() -> anyhow::Result<(String, String)> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let leaf = CertificateParams::new(vec![OWN_NAME.to_owned()])?.signed_by(&key, &authority)?;
    Ok((format!("{}{}", leaf.pem(), authority.pem()), key.serialize_pem()))
}

/// The administrator's kubeconfig with what another one checks the server's certificate against: the own name is in no DNS.
fn with_authority_of(admin: &str, custom: &str) -> anyhow::Result<String> {
    const FIELD: &str = "certificate-authority-data";
    let line_of = |text: &str| text.lines().find(|line| line.contains(FIELD)).map(str::to_owned);
    let theirs = line_of(custom).context("the custom kubeconfig names no authority")?;
    let text = fs_err::read_to_string(admin)?;
    let ours = line_of(&text).context("the kubeconfig names no authority")?;
    let path = std::env::temp_dir().join(format!("{}own-name.kubeconfig", file_prefix()));
    fs_err::write(&path, text.replace(ours.trim(), theirs.trim()))?;
    Ok(path.to_str().context("the temporary folder has no readable name")?.to_owned())
}
