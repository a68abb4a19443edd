//! Certificates for when all else fails, on the real thing: asked for, used, taken back.

use std::time::Duration;

use anyhow::{Context, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::create::{CLUSTER, NAMESPACE, kubeconfig};
use hoist_e2e::eventually::eventually;
use hoist_e2e::signing_request;
use hoist_e2e::world::{World, expect_condition, file_prefix};

const NAME: &str = "e2e-break-glass";
const USER: &str = "system:customer-break-glass:e2e";
/// Two rollouts of kube-apiserver.
const REVOKED: Duration = Duration::from_secs(120);

pub fn used_and_revoked(world: &mut World) -> anyhow::Result<()> {
    let admin = kubeconfig(world, CLUSTER)?;
    let management = world.fact("kubeconfig")?.to_owned();
    let signer = format!("hypershift.openshift.io/{NAMESPACE}.customer-break-glass");
    let (request, key) = signing_request::of_user(NAME, &signer, USER, "system:masters")?;
    world.create_in(&management, &request, &[])?.success()?;
    let get = ["get", "certificatesigningrequest", NAME, "--output", "jsonpath={.status}"];
    ensure!(world.kubectl(&get)?.success()?.trim() == "{}", "it was decided before anybody let it through");
    let approval = json!({
        "apiVersion": "certificates.hypershift.openshift.io/v1alpha1", "kind": "CertificateSigningRequestApproval",
        "metadata": {"name": NAME, "namespace": NAMESPACE}
    });
    world.create_in(&management, &approval, &[])?.success()?;
    let certificate = eventually("the certificate is signed", Duration::from_secs(10), || {
        let get = ["get", "certificatesigningrequest", NAME, "--output", "jsonpath={.status.certificate}"];
        let text = world.kubectl(&get)?.success()?;
        ensure!(!text.trim().is_empty(), "no certificate yet");
        Ok(text.trim().to_owned())
    })?;
    let own = with_user(&admin, &certificate, &STANDARD.encode(key))?;
    // The case before may just have replaced the only API server.
    eventually("the certificate works", Duration::from_secs(20), || {
        let who = world.kubectl_in(&own, &["auth", "whoami", "--output", "jsonpath={.status.userInfo.username}"])?;
        ensure!(who.success()?.trim() == USER, "another user");
        world.kubectl_in(&own, &["get", "nodes"])?.success()
    })?;

    let revocation = json!({
        "apiVersion": "certificates.hypershift.openshift.io/v1alpha1", "kind": "CertificateRevocationRequest",
        "metadata": {"name": NAME, "namespace": NAMESPACE}, "spec": {"signerClass": "customer-break-glass"}
    });
    world.create_in(&management, &revocation, &[])?.success()?;
    eventually("the certificate is taken back", REVOKED, || {
        let request = world.object(NAMESPACE, "certificaterevocationrequest", NAME)?;
        for type_ in ["RootCertificatesRegenerated", "LeafCertificatesRegenerated", "NewCertificatesTrusted"] {
            expect_condition(&request, type_, "True", None)?;
        }
        expect_condition(&request, "PreviousCertificatesRevoked", "True", None)
    })?;
    // The only API server was just replaced: a connection may still meet the former one.
    eventually("it is refused, and the administrator is not", Duration::from_secs(20), || {
        world.kubectl_in(&admin, &["get", "nodes"])?.success()?;
        let refused = world.kubectl_in(&own, &["get", "nodes"])?.refusal()?;
        ensure!(refused.contains("Unauthorized") || refused.contains("must be logged in"), "{refused}");
        Ok(())
    })?;

    for (kind, namespace) in [
        ("certificaterevocationrequest", Some(NAMESPACE)),
        ("certificatesigningrequestapprovals.certificates.hypershift.openshift.io", Some(NAMESPACE)),
        ("certificatesigningrequest", None),
    ] {
        let mut arguments = vec!["delete", kind, NAME];
        arguments.extend(namespace.iter().flat_map(|namespace| ["--namespace", *namespace]));
        world.kubectl(&arguments)?.success()?;
    }
    Ok(())
}

/// The same kubeconfig with another user's certificate and key, both base64.
fn with_user(kubeconfig: &str, certificate: &str, key: &str) -> anyhow::Result<String> {
    let text = fs_err::read_to_string(kubeconfig)?;
    let mut changed = 0;
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            let Some((field, _)) = line.split_once(": ") else { return line.to_owned() };
            let value = match field.trim() {
                "client-certificate-data" => certificate,
                "client-key-data" => key,
                _ => return line.to_owned(),
            };
            changed += 1;
            format!("{field}: {value}")
        })
        .collect();
    ensure!(changed == 2, "the kubeconfig has another form than expected");
    let path = std::env::temp_dir().join(format!("{}break-glass.kubeconfig", file_prefix()));
    fs_err::write(&path, lines.join("\n"))?;
    Ok(path.to_str().context("the temporary folder has no readable name")?.to_owned())
}
