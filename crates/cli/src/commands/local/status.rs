//! `local status`.

use std::fmt::Write as _;

use anyhow::Result;
use hoist_local::commands::Status;

use crate::commands::Context;
use crate::commands::local::StatusArguments;
use crate::printer::{Printer, Table, Tone};

/// Runs `local status`.
pub async fn status(arguments: &StatusArguments, context: &Context) -> Result<()> {
    let instance = arguments.instance.instance()?;
    let status = hoist_local::commands::status(&instance).await?;
    context.printer.document(arguments.output.output, &status, || text(&status, &context.printer))
}

fn text(status: &Status, printer: &Printer) -> String {
    let mut text = String::new();
    let (tone, word) = if status.is_up() { (Tone::Good, "Up") } else { (Tone::Bad, "Not all up") };
    let _ = writeln!(text, "Instance {}  {}\n", status.instance, printer.tone(tone, word));
    for (label, value) in [
        ("Kubeconfig", status.kubeconfig.display().to_string()),
        ("kubectl", status.kubectl.display().to_string()),
        ("Pull secret", status.pull_secret.display().to_string()),
        ("Registry", status.registry.clone()),
        ("Trust bundle", status.registry_trust_bundle.display().to_string()),
        ("Proxy", status.proxy.clone()),
    ] {
        let _ = writeln!(text, "  {label:<14}{value}");
    }
    let state = |state: &str| printer.tone(if state == "Running" { Tone::Good } else { Tone::Bad }, state);
    let mut parts = Table::new(&["PART", "STATE", "MESSAGE"]);
    for part in &status.parts {
        parts.row([part.name.clone(), state(part.state), part.message.clone()]);
    }
    let mut hosts = Table::new(&["HOST", "ROLE", "ADDRESS", "STATE"]);
    for host in &status.hosts {
        hosts.row([host.name.clone(), host.role.to_owned(), host.address.to_string(), state(host.state)]);
    }
    let _ = write!(text, "\n{}", parts.text(2));
    if !hosts.is_empty() {
        let _ = write!(text, "\n{}", hosts.text(2));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use hoist_local::commands::Part;
    use hoist_local::commands::hosts::HostState;

    use super::*;

    #[test]
    fn a_part_that_is_down_shows_with_its_cause() {
        let part =
            |name: &str, state, message: &str| Part { name: name.to_owned(), state, message: message.to_owned() };
        let address = Ipv4Addr::new(10, 200, 0, 10);
        let status = Status {
            instance: "local".to_owned(),
            state_dir: "/state".into(),
            kubeconfig: "/state/kubeconfig".into(),
            kubectl: "/state/kubectl".into(),
            pull_secret: "/state/pull-secret.json".into(),
            registry: "10.200.0.10:5000".to_owned(),
            registry_trust_bundle: "/state/registry-ca.crt".into(),
            proxy: "http://127.0.0.1:12345".to_owned(),
            parts: vec![part("switch", "Running", "bridge hoist0"), part("daemon", "Down", "it does not run")],
            hosts: vec![HostState {
                name: "management-0".to_owned(),
                role: "management",
                address,
                state: "Running",
                pid: Some(7),
            }],
        };
        insta::assert_snapshot!(text(&status, &Printer::new()));
    }
}
