//! A management node: a local host prepared by the code that prepares any node, from outside.

use std::{fmt::Write as _, net::IpAddr};

use hoist_host::{HostRoot, facts, init_system, prepare, sysctl};
use hoist_node_config::{
    CniNetwork, Endpoint, FirewallTool, HostFile, KubeletSettings, NetworkProvider, NodeConfig, PodNetwork,
    PoolSettings, RegistryTrust, ServingFiles, ThisHost, cni_conflist, files, kubeconfig, paths, units,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Map, json};

use super::{CLUSTER_NAME, Certificates, Error, Payload, certificates::first_node, payload::registry_host};
use crate::{
    address_plan as plan,
    host::{self, Host, Role},
    instance::Instance,
    network::switch,
};

/// Folder of static pods.
pub(super) const MANIFESTS: &str = "/etc/kubernetes/manifests";
/// Certificate and key of kubelet's own port.
const SERVING: (&str, &str) = ("/var/lib/kubelet/pki/serving.crt", "/var/lib/kubelet/pki/serving.key");
/// Components whose programs a node runs itself.
const COMPONENTS: [&str; 5] = ["hoist", "containerd", "runc", "cni-plugins", "kubelet"];
/// Programs of those components that nodes use; images hold others as well.
const PROGRAMS: [&str; 10] = [
    "hoist-node",
    "containerd",
    "containerd-shim-runc-v2",
    "ctr",
    "runc",
    "bridge",
    "host-local",
    "loopback",
    "portmap",
    "kubelet",
];
/// A node's /24 has 254 addresses, one of them the bridge's.
const MAX_PODS: u32 = 240;

/// Prepares a running host and starts its services. Says whether anything was different.
pub(super) fn prepare(
    instance: &Instance,
    host: &Host,
    payload: &Payload,
    certificates: &Certificates,
) -> Result<bool, Error> {
    let Role::Management { index } = host.role() else { return Ok(false) };
    let failed = |source| Error::Prepare { node: host.name().to_owned(), source };
    let root = HostRoot::at(host.root()?);
    let pods = plan::management_pods(index).ok_or_else(|| host::Error::NoAddress { name: host.name().to_owned() })?;
    set_kernel(host)?;
    switch::add_pod_route(instance, pods, host.address())?;
    prepare::folders(&root).map_err(failed)?;
    let mut changed = install_programs(host, &root, payload)?;

    let address = IpAddr::V4(host.address());
    let config = node_config(index, payload, certificates);
    let facts = facts::detect(&root);
    let this_host = ThisHost { node_name: host.name().to_owned(), node_addresses: vec![address], proxy: None };
    let mut files = files(&config, &facts, &this_host, &payload.image("pause")?);
    let own = certificates.node(host.name(), address)?;
    let credential = kubeconfig::Credential::Embedded { certificate: &own.client.0, key: &own.client.1 };
    let cni = CniNetwork { subnets: vec![pods.into()], mtu: None, host_ports: Some(FirewallTool::Nftables) };
    files.extend([
        HostFile::private(
            paths::KUBELET_KUBECONFIG,
            kubeconfig::kubeconfig(&config.api_url(), &config.api_certificate_authority_pem, &credential),
        ),
        HostFile::private(SERVING.0, own.server.0),
        HostFile::private(SERVING.1, own.server.1),
        HostFile::private(paths::KUBELET_PULL_CREDENTIALS, certificates.pull_secret.clone()),
        HostFile::public(paths::CNI_CONFLIST, cni_conflist(&cni)),
    ]);
    fs_err::create_dir_all(root.path(MANIFESTS))
        .map_err(|source| Error::Io { action: "make the folder of static pods", source })?;
    let written = prepare::write_files(&root, &files).map_err(failed)?;
    let units = units(&config, &facts, &this_host);
    prepare::remove_other_units(&root, &units).map_err(failed)?;
    let services = |source| Error::Services { node: host.name().to_owned(), source };
    let installed = init_system::detect(&root).and_then(|init| init.install(&root, &units)).map_err(services)?;
    if installed {
        reread_inittab(host);
    } else if changed || !written.is_empty() {
        restart_services(host)?;
    }
    changed |= installed || !written.is_empty();
    Ok(changed)
}

/// Sets what the host's own network needs. `sysctl` runs inside, since these belong to the network
/// namespace; a kernel without bridge filtering has nothing to set.
fn set_kernel(host: &Host) -> Result<(), Error> {
    let mut script = String::new();
    for (name, value) in sysctl::REQUIRED {
        let path = format!("/proc/sys/{}", name.replace('.', "/"));
        // Writing to a String cannot fail.
        let _ = writeln!(script, "if [ -e {path} ]; then echo {value} > {path}; fi");
    }
    host.output(&["sh", "-e", "-c", &script])?;
    Ok(())
}

/// Unpacks the components that are not there yet and puts their programs in place.
fn install_programs(host: &Host, root: &HostRoot, payload: &Payload) -> Result<bool, Error> {
    let failed = |source| Error::Prepare { node: host.name().to_owned(), source };
    let mut changed = false;
    for component in COMPONENTS {
        let digest = payload.digest(component)?;
        let folder = root.path(&format!("{}/{component}-{}", paths::PAYLOAD, &digest.hex()[..16]));
        if !folder.exists() {
            let unfinished = folder.with_extension("unfinished");
            crate::files::remove_folder(&unfinished)
                .and_then(|()| fs_err::create_dir_all(&unfinished))
                .map_err(|source| Error::Io { action: "make a folder for a component", source })?;
            payload
                .layout
                .unpack(&digest, &unfinished)
                .map_err(|source| Error::Payload { path: payload.layout.folder().to_owned(), source })?;
            fs_err::rename(&unfinished, &folder)
                .map_err(|source| Error::Io { action: "put a component in place", source })?;
        }
        for program in PROGRAMS {
            let source = folder.join("usr/bin").join(program);
            if source.exists() {
                changed |= prepare::install_program(root, program, &source).map_err(failed)?;
            }
        }
    }
    Ok(changed)
}

fn reread_inittab(host: &Host) {
    if let Some(init) = host.init() {
        let _ = kill(Pid::from_raw(init.pid), Signal::SIGHUP);
    }
}

/// Ends the supervisor, which init starts again, and waits for its end: its old containerd would answer for a moment more, and
/// be gone in the middle of the next import.
const RESTART: &str = "old=$(pgrep -x hoist-node); [ -n \"$old\" ] || exit 0; kill -TERM $old; \
    for attempt in $(seq 400); do alive=; for p in $old; do [ -d /proc/$p ] && alive=1; done; \
    [ -n \"$alive\" ] || exit 0; sleep 0.05; done; exit 1";

/// Ends the supervisor, which ends its services; init starts it again at once. Pods live on.
fn restart_services(host: &Host) -> Result<(), Error> {
    host.output(&["sh", "-c", RESTART])?;
    Ok(())
}

fn node_config(index: u8, payload: &Payload, certificates: &Certificates) -> NodeConfig {
    let api = first_node();
    let mut overrides = Map::new();
    overrides.insert("registryPullQPS".to_owned(), json!(0));
    // Here run control planes: none of them shall wait five minutes for its next try.
    overrides.insert("crashLoopBackOff".to_owned(), json!({"maxContainerRestartPeriod": "5s"}));
    NodeConfig {
        revision: String::new(),
        cluster: CLUSTER_NAME.to_owned(),
        node_pool: CLUSTER_NAME.to_owned(),
        kubernetes_version: payload.release.version.to_string(),
        release_image: payload.release.reference.to_string(),
        cluster_dns: vec![plan::DNS_SERVICE.into()],
        cluster_domain: "cluster.local".to_owned(),
        api_endpoints: vec![Endpoint::new(api.to_string(), plan::API_PORT)],
        api_address: api,
        api_port: plan::API_PORT,
        konnectivity_endpoints: Vec::new(),
        konnectivity_port: 0,
        api_certificate_authority_pem: certificates
            .text(hoist_pki::table::names::ROOT_CA, hoist_pki::table::names::CA_CERTIFICATE_KEY)
            .to_owned(),
        kubelet_client_certificate_authority_pem: certificates.kubelet_client_authority().to_owned(),
        registries: vec![RegistryTrust {
            host: registry_host(),
            certificate_authority_pem: certificates.registry_authority().to_owned(),
        }],
        labels: std::collections::BTreeMap::new(),
        taints: Vec::new(),
        kubelet: KubeletSettings {
            max_pods: Some(MAX_PODS),
            static_pod_path: (index == 0).then(|| MANIFESTS.to_owned()),
            serving: Some(ServingFiles { certificate: SERVING.0.to_owned(), key: SERVING.1.to_owned() }),
            has_fixed_kubeconfig: true,
            overrides,
            ..KubeletSettings::default()
        },
        pod_network: PodNetwork { provider: NetworkProvider::Other, mtu: None },
        settings: PoolSettings::default(),
    }
}
