//! The node's services: configured, started, waited for.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use hoist_host::{
    HostRoot, prepare,
    undo::{Journal, Step},
};
use hoist_node_config::{
    Endpoint, HostFacts, HostFile, NodeConfig, Unit, files,
    kubeconfig::{Credential, kubeconfig},
    paths, units,
};

use crate::{
    api::ClusterApi,
    cause::{Cause, chain},
    host_configuration,
    progress::Progress,
    state::State,
};

const CONTAINERD_DEADLINE: Duration = Duration::from_secs(60);
const CERTIFICATE_DEADLINE: Duration = Duration::from_secs(120);
const READY_DEADLINE: Duration = Duration::from_secs(300);
/// Something that takes longer deserves a word about what is waited for.
const QUIET: Duration = Duration::from_secs(15);
const INTERVAL: Duration = Duration::from_millis(100);

/// Puts this program where services and people find it. Returns whether another one was there, or none.
pub(super) fn install_agent(root: &HostRoot) -> Result<bool, Cause> {
    let own = Path::new("/proc/self/exe");
    let installed = root.path(paths::HOIST_NODE);
    let is_same = match (fs_err::read(own), fs_err::read(&installed)) {
        (Ok(own), Ok(installed)) => own == installed,
        _ => false,
    };
    if is_same {
        return Ok(false);
    }
    prepare::install_program(root, "hoist-node", own)
        .map_err(|cause| Cause::of(&cause, "check the space and rights of /opt"))
}

/// What a node's services are made from.
pub(crate) struct Node<'a> {
    pub(crate) root: &'a HostRoot,
    pub(crate) config: &'a NodeConfig,
    pub(crate) facts: &'a HostFacts,
    pub(crate) sandbox_image: &'a str,
}

impl Node<'_> {
    /// Writes all configuration, and starts all services; those that run already are restarted only if something of
    /// theirs changed.
    pub(crate) fn start(
        &self,
        state: &mut State,
        journal: &mut Journal,
        pull_secret: &[u8],
        key_pem: &str,
        changed_programs: &[&str],
    ) -> Result<(), Cause> {
        let failed = |error: &(dyn std::error::Error + 'static)| {
            Cause::of(error, "correct the cause and run the same line again")
        };
        journal
            .record(Step::RemoveAddress { interface: "lo".to_owned(), address: self.config.api_address })
            .map_err(|cause| failed(&cause))?;
        prepare::kernel().map_err(|cause| failed(&cause))?;
        host_configuration::apply(self.root, journal, self.facts, self.config)?;
        let units = units(self.config, self.facts, &state.this_host);
        state.units = units.iter().map(|unit| unit.name.clone()).collect();
        state.save(self.root)?;
        prepare::remove_other_units(self.root, &units).map_err(|cause| failed(&cause))?;
        let mut all = files(self.config, self.facts, &state.this_host, self.sandbox_image);
        all.extend(self.credentials(state, pull_secret, key_pem));
        prepare::remove_other_registries(self.root, &all).map_err(|cause| failed(&cause))?;
        let changed = prepare::write_files(self.root, &all).map_err(|cause| failed(&cause))?;
        let init = prepare::install_services(self.root, journal, &units).map_err(|cause| failed(&cause))?;
        let was_running = units.iter().any(is_running);
        init.start(&units).map_err(|cause| failed(&cause))?;
        if was_running {
            for unit in units.iter().filter(|unit| is_affected(unit, &changed, changed_programs)) {
                init.restart(&unit.name).map_err(|cause| failed(&cause))?;
            }
        }
        Ok(())
    }

    fn credentials(&self, state: &State, pull_secret: &[u8], key_pem: &str) -> Vec<HostFile> {
        let mut files =
            vec![HostFile::private(paths::KUBELET_PULL_CREDENTIALS, String::from_utf8_lossy(pull_secret).into_owned())];
        if let Some(credential) = &state.credential {
            let embedded = Credential::Embedded { certificate: &credential.certificate_pem, key: key_pem };
            files.push(HostFile::private(
                paths::KUBELET_BOOTSTRAP_KUBECONFIG,
                kubeconfig(&self.config.api_url(), &self.config.api_certificate_authority_pem, &embedded),
            ));
        }
        files
    }
}

/// Whether a unit's service is up, as far as that can be seen from its endpoint.
fn is_running(unit: &Unit) -> bool {
    match &unit.ready {
        Some(hoist_node_config::Ready::UnixSocket(path)) => std::os::unix::net::UnixStream::connect(path).is_ok(),
        _ => false,
    }
}

/// The API proxy and the CNI waiter read their files themselves.
fn is_affected(unit: &Unit, changed_files: &[String], changed_programs: &[&str]) -> bool {
    let folder = format!("{}/{}/", paths::ETC, unit.name);
    let program = unit.argv.first().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    // containerd reads what is said of registries at each pull.
    let is_read_anew = |path: &str| path.starts_with(paths::REGISTRY_HOSTS);
    changed_programs.contains(&program)
        || changed_files.iter().any(|path| path.starts_with(&folder) && !is_read_anew(path))
}

/// Waits until containerd answers.
pub(crate) async fn await_containerd() -> Result<(), Cause> {
    let started = Instant::now();
    while tokio::net::UnixStream::connect(paths::CONTAINERD_SOCKET).await.is_err() {
        if started.elapsed() > CONTAINERD_DEADLINE {
            return Err(Cause::new(
                format!(
                    "containerd does not answer within {} s{}",
                    CONTAINERD_DEADLINE.as_secs(),
                    last_words("containerd")
                ),
                "look at /var/log/hoist/containerd.log, or journalctl -u hoist-containerd",
            ));
        }
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(())
}

/// Waits until kubelet has a client certificate of its own.
pub(super) async fn await_certificate(root: &HostRoot, progress: &Progress) -> Result<(), Cause> {
    let started = Instant::now();
    let mut told = false;
    while !root.path(paths::KUBELET_CLIENT_CERTIFICATE).exists() {
        if started.elapsed() > CERTIFICATE_DEADLINE {
            return Err(Cause::new(
                format!(
                    "kubelet got no certificate within {} s: its request was not approved, or never arrived{}",
                    CERTIFICATE_DEADLINE.as_secs(),
                    last_words("kubelet")
                ),
                "see why with `hcp get hosts` on the management side, and look at /var/log/hoist/kubelet.log, or journalctl -u hoist-kubelet",
            ));
        }
        if !told && started.elapsed() > QUIET {
            progress.note(&format!("waiting for kubelet's certificate{}", last_words("kubelet")));
            told = true;
        }
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(())
}

/// A client with kubelet's own certificate, over the node's own API address.
pub(crate) fn node_api(root: &HostRoot, config: &NodeConfig) -> Result<ClusterApi, Cause> {
    let pem = root.read(paths::KUBELET_CLIENT_CERTIFICATE).ok().flatten().unwrap_or_default();
    let endpoint = Endpoint::new(config.api_address.to_string(), config.api_port);
    ClusterApi::new(&[endpoint], &config.api_certificate_authority_pem, &pem, &pem, None)
        .map_err(|cause| Cause::of(&cause, "look at kubelet's log"))
}

/// Waits until the Node is Ready; says what it waits for when that takes long.
pub(super) async fn await_ready(
    root: &HostRoot,
    config: &NodeConfig,
    name: &str,
    progress: &Progress,
) -> Result<(), Cause> {
    let started = Instant::now();
    let api = node_api(root, config)?;
    let mut told = String::new();
    loop {
        let why = match api.node(name).await {
            Ok(Some(node)) if node.is_ready => return Ok(()),
            Ok(Some(node)) => node.message,
            Ok(None) => "kubelet has not registered the node".to_owned(),
            Err(cause) => chain(&cause),
        };
        if started.elapsed() > READY_DEADLINE {
            return Err(Cause::new(
                format!("node {name} is not Ready after {} s: {why}", READY_DEADLINE.as_secs()),
                "look at the pods of this node with `kubectl get pods -A -o wide`, and at /var/log/hoist/kubelet.log, or journalctl -u hoist-kubelet",
            ));
        }
        if started.elapsed() > QUIET && told != why {
            progress.note(&format!("waiting: {why}"));
            told = why;
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// What a service said last, where our own supervisor keeps its log.
pub(crate) fn last_words(unit: &str) -> String {
    let text = fs_err::read(format!("{}/{unit}.log", paths::LOGS)).unwrap_or_default();
    match last_line(&String::from_utf8_lossy(&text)) {
        Some(line) => format!("; its log ends with: {}", line.chars().take(300).collect::<String>()),
        None => String::new(),
    }
}

/// Lines in which an error is looked for: those of a start or two of a program that ends at once.
const LAST_LINES: usize = 60;

/// A line in the form of Kubernetes' programs: whether it is an error, whose it is, and what it says.
fn klog(line: &str) -> Option<(bool, &str, &str)> {
    let mut words = line.split_whitespace();
    let (first, _, process) = (words.next()?, words.next()?, words.next()?);
    let date = first.strip_prefix(['I', 'W', 'E', 'F'])?;
    let is_line = date.len() == 4 && date.chars().all(|digit| digit.is_ascii_digit());
    is_line.then_some((first.starts_with(['E', 'F']), process, line.split_once("] ")?.1))
}

/// The last error, of a process that has ended if there is one: the next may have said something, too, by now. Without an
/// error the last line.
fn last_line(log: &str) -> Option<&str> {
    let lines = || log.lines().rev().filter(|line| !line.trim().is_empty());
    let current = lines().find_map(klog).map(|(_, process, _)| process);
    let errors = || lines().take(LAST_LINES).filter_map(klog).filter(|(is_error, ..)| *is_error);
    let of_ended = errors().find(|(_, process, _)| Some(*process) != current);
    of_ended.or_else(|| errors().next()).map(|(.., text)| text).or_else(|| lines().next())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::none("Error: no such flag\n\n", Some("Error: no such flag"))]
    #[case::empty("\n", None)]
    #[case::of_one(
        "E1122 06:00:14.1  5 a.go:1] little memory\nI1122 06:00:15.7  5 b.go:2] bye\n",
        Some("little memory")
    )]
    #[case::of_the_one_before(
        "E1122 06:00:14.1  5 a.go:1] little memory\nE1122 06:00:15.7  9 b.go:2] no limit\n",
        Some("little memory")
    )]
    fn the_last_error_of_a_log_says_more_than_its_last_line(#[case] log: &str, #[case] expected: Option<&str>) {
        assert_eq!(last_line(log), expected);
    }

    #[test]
    fn only_services_whose_program_or_files_changed_are_restarted() {
        let containerd = Unit::new("containerd", ["/opt/hoist/bin/containerd"]);
        let kubelet = Unit::new("kubelet", ["/opt/hoist/bin/kubelet"]);
        let files = ["/etc/hoist/kubelet/config.yaml".to_owned(), "/etc/hoist/units/containerd.json".to_owned()];
        assert!(is_affected(&kubelet, &files, &[]));
        assert!(!is_affected(&containerd, &files, &[]));
        let registries = ["/etc/hoist/containerd/certs.d/docker.io/hosts.toml".to_owned()];
        assert!(!is_affected(&containerd, &registries, &[]));
        assert!(is_affected(&containerd, &[], &["containerd"]));
    }
}
