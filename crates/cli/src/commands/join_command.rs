//! `create join-command`: the one line that makes a Linux host a node.
//!
//! The line trusts nobody on the way: the program it downloads is checked against a hash in the line, and the program checks the
//! server against the pin in the line. That is why the download itself needs no trusted certificate.

use anyhow::{Result, anyhow, bail};
use clap::Args;
use hoist_api::names;
use hoist_deployment::{BOOTSTRAP_INFO, BOOTSTRAP_INFO_HOIST_NODE, BOOTSTRAP_INFO_PIN};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use secrecy::ExposeSecret as _;

use crate::args::cluster_reference::ClusterReference;
use crate::args::kubeconfig::KubeconfigFlags;
use crate::commands::join_token::{self, TokenFlags};
use crate::commands::{Context, cluster};
use crate::session::Session;

/// `create join-command`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp create join-command --name demo
  hcp create join-command --name demo --node-pool demo --ttl 24h --uses 20
  ssh root@host \"$(hcp create join-command --name demo)\"

The host needs a Linux kernel, root, sha256sum, and curl or wget. TMPDIR chooses where the program
is put while it runs; HTTPS_PROXY is obeyed.")]
pub struct CreateArguments {
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
    #[command(flatten)]
    cluster: ClusterReference,
    #[command(flatten)]
    token: TokenFlags,
}

/// What the line is made of.
struct Line<'a> {
    server: &'a str,
    cluster: &'a str,
    hash: &'a str,
    pin: &'a str,
    token: &'a str,
}

/// Runs `create join-command`.
pub async fn create(arguments: CreateArguments, context: &Context) -> Result<()> {
    let control_plane = arguments.cluster.control_plane_namespace()?;
    join_token::check(&arguments.token)?;
    let session = Session::open(&arguments.kubeconfig).await?;
    let (namespace, name) = (&arguments.cluster.namespace, &arguments.cluster.name);
    let info: Api<ConfigMap> = Api::namespaced(session.client(), names::OPERATOR_NAMESPACE);
    let action = format!("read ConfigMap {}/{BOOTSTRAP_INFO}", names::OPERATOR_NAMESPACE);
    let (hosted_cluster, info) = futures::future::try_join(
        cluster::read(&session, namespace, name),
        session.call(&action, info.get_opt(BOOTSTRAP_INFO)),
    )
    .await?;
    let endpoint =
        hosted_cluster.status.as_ref().and_then(|status| status.ignition_endpoint.clone()).unwrap_or_default();
    if endpoint.is_empty() {
        bail!(
            "HostedCluster {namespace}/{name} has no address for joining hosts yet; see what is awaited with `hcp status {name}`"
        );
    }
    let data = info.and_then(|info| info.data).unwrap_or_default();
    let value = |key: &str| {
        data.get(key).map(|text| text.trim_start_matches("sha256:").to_owned()).filter(|text| is_sha256(text)).ok_or_else(|| {
            anyhow!("ConfigMap {}/{BOOTSTRAP_INFO} has no usable {key}: the operator writes it when it starts; check that it runs (`kubectl get pods -n {}`)", names::OPERATOR_NAMESPACE, names::OPERATOR_NAMESPACE)
        })
    };
    let (hash, pin) = (value(BOOTSTRAP_INFO_HOIST_NODE)?, value(BOOTSTRAP_INFO_PIN)?);
    let token = join_token::make(&session, &arguments.cluster, &control_plane, &arguments.token).await?;
    let line =
        Line { server: &endpoint, cluster: &control_plane, hash: &hash, pin: &pin, token: token.expose_secret() };
    Ok(context.printer.data(&line.text())?)
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

impl Line<'_> {
    /// The line, for any POSIX shell. It may be pasted, sent over ssh or put behind `sudo`.
    fn text(&self) -> String {
        let Self { server, cluster, hash, pin, token } = self;
        let url = format!("https://{server}/hoist-node");
        let steps = [
            "set -e".to_owned(),
            "f=$(mktemp)".to_owned(),
            "trap \"rm -f $f\" EXIT".to_owned(),
            format!(
                "if command -v curl >/dev/null; then curl -fsSk --connect-timeout 10 -o \"$f\" {url}; \
                 elif command -v wget >/dev/null; then wget -q --no-check-certificate -O \"$f\" {url}; \
                 else echo \"hoist: curl or wget is needed; install one of them\" >&2; exit 1; fi"
            ),
            format!(
                "echo \"{hash}  $f\" | sha256sum -c >/dev/null 2>&1 || \
                 {{ echo \"hoist: the program from {server} is not the expected one; make a new join command\" >&2; exit 1; }}"
            ),
            "chmod 700 \"$f\"".to_owned(),
            format!("\"$f\" join --server https://{server} --cluster {cluster} --ca-pin sha256:{pin} --token {token}"),
        ];
        format!("sh -c '{}'", steps.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use data_encoding::HEXLOWER;

    use super::*;

    fn line(hash: &str) -> String {
        let pin = "b".repeat(64);
        Line { server: "192.0.2.10:30001", cluster: "clusters-demo", hash, pin: &pin, token: "jt-x.secret" }.text()
    }

    /// Runs the line with a `curl` that writes a script in place of the program.
    fn run(hash: Option<&str>) -> std::process::Output {
        use std::os::unix::fs::OpenOptionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let program = "#!/bin/sh\necho \"$@\"\n";
        let curl = format!(
            "#!/bin/sh\nwhile [ $# -gt 0 ]; do [ \"$1\" = -o ] && f=$2; shift; done\nprintf '%s' '{program}' > \"$f\"\n"
        );
        let path = folder.path().join("curl");
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(&path).unwrap();
        std::io::Write::write_all(&mut file, curl.as_bytes()).unwrap();
        drop(file);
        let right = HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(program.as_bytes()));
        let search = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        Command::new("sh")
            .args(["-c", &line(hash.unwrap_or(&right))])
            .env("PATH", search)
            .env("TMPDIR", folder.path())
            .output()
            .unwrap()
    }

    #[test]
    fn it_is_one_line_that_a_posix_shell_understands() {
        let line = line(&"a".repeat(64));
        assert_eq!(line.lines().count(), 1);
        assert!(Command::new("sh").args(["-n", "-c", &line]).status().unwrap().success());
        insta::assert_snapshot!(line);
    }

    #[test]
    fn a_program_with_the_right_hash_is_run_with_everything_it_needs() {
        let output = run(None);
        assert!(output.status.success(), "{output:?}");
        let expected = format!(
            "join --server https://192.0.2.10:30001 --cluster clusters-demo --ca-pin sha256:{} --token jt-x.secret\n",
            "b".repeat(64)
        );
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }

    #[test]
    fn a_program_with_another_hash_is_not_run() {
        let output = run(Some(&"a".repeat(64)));
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        assert!(String::from_utf8(output.stderr).unwrap().contains("is not the expected one"));
    }
}
