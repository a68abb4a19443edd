//! Keys, certificates and credentials of an instance, kept in its folder and renewed by `up`.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hoist_control_plane::{HostFile, StaticPods, static_pods::StaticPodImages};
use hoist_pki::{AlternativeName, Data, Kubeconfig, Row, Subject, SystemKeys, Usage, lifetime, table::names};
use jiff::Timestamp;
use rand::distr::{Alphanumeric, SampleString};
use serde_json::json;

use super::{CLUSTER_NAME, Error, payload::registry_host};
use crate::{address_plan as plan, files, instance::Instance};

/// Signs the registry's certificate.
const REGISTRY_CA: &str = "registry-ca";
/// The registry's certificate.
const REGISTRY_SERVER: &str = "registry-server";
/// A node's certificate for the API.
const NODE_CLIENT: &str = "node-client";
/// A node's certificate for its own port.
const NODE_SERVER: &str = "node-server";
/// User of the registry.
const REGISTRY_USER: &str = "hoist";
/// Length of the registry's password: 190 bits.
const PASSWORD_LENGTH: usize = 32;
/// The registry checks the password on every request. The password is random and long, so nothing
/// is won by a slow check.
const BCRYPT_COST: u32 = 4;

/// What `up` hands to hosts.
#[derive(Debug)]
pub struct Certificates {
    folder: PathBuf,
    /// Files of the control plane's static pods.
    pub control_plane: Vec<HostFile>,
    secrets: BTreeMap<String, Data>,
    registry: BTreeMap<String, Data>,
    /// The registry's user and hashed password.
    pub htpasswd: String,
    /// `.dockerconfigjson` with the password.
    pub pull_secret: String,
}

/// Keys and certificates of one node, PEM.
pub struct NodeCertificates {
    /// For the API.
    pub client: (String, String),
    /// For its own port.
    pub server: (String, String),
}

impl Certificates {
    /// Keeps what is still good and makes the rest; writes kubeconfig, pull secret and the
    /// registry's authority.
    pub fn ensure(instance: &Instance, proxy_port: u16) -> Result<Self, Error> {
        let folder = instance.pki_dir();
        let now = Timestamp::now();
        let control_plane_dir = folder.join("control-plane");
        let made = static_pods(no_images(), "").files(&read(&control_plane_dir)?, now, &SystemKeys)?;
        write(&control_plane_dir, &made.secrets)?;

        let registry_dir = folder.join("registry");
        let registry = hoist_pki::desired(&registry_rows(), &read(&registry_dir)?, now, &SystemKeys)?;
        let registry: BTreeMap<String, Data> =
            registry.secrets.into_iter().map(|(name, data)| (name.to_owned(), data)).collect();
        write(&registry_dir, &registry)?;

        let (htpasswd, pull_secret) = registry_credentials(&registry_dir)?;
        let certificates =
            Self { folder, control_plane: made.files, secrets: made.secrets, registry, htpasswd, pull_secret };
        certificates.publish(instance, proxy_port).map_err(io("write the instance's credentials"))?;
        Ok(certificates)
    }

    fn publish(&self, instance: &Instance, proxy_port: u16) -> std::io::Result<()> {
        let server = format!("https://{}:{}", first_node(), plan::API_PORT);
        let proxy = format!("http://127.0.0.1:{proxy_port}");
        let kubeconfig = Kubeconfig {
            server: &server,
            certificate_authority_pem: self.text(names::ROOT_CA, names::CA_CERTIFICATE_KEY),
            client_certificate_pem: self.text(names::SYSTEM_ADMIN, "tls.crt"),
            client_key_pem: self.text(names::SYSTEM_ADMIN, "tls.key"),
            proxy_url: Some(&proxy),
        };
        files::write_if_changed(&instance.kubeconfig(), kubeconfig.render(), 0o600)?;
        files::write_if_changed(&instance.pull_secret(), &self.pull_secret, 0o600)?;
        files::write_if_changed(&instance.registry_trust_bundle(), self.registry_authority(), 0o644)?;
        Ok(())
    }

    /// A value of the control plane's Secrets.
    pub fn text(&self, secret: &str, key: &str) -> &str {
        text(&self.secrets, secret, key)
    }

    /// The registry's authority, PEM.
    pub fn registry_authority(&self) -> &str {
        text(&self.registry, REGISTRY_CA, names::CA_CERTIFICATE_KEY)
    }

    /// The registry's certificate and key, PEM.
    pub fn registry_server(&self) -> (&str, &str) {
        (text(&self.registry, REGISTRY_SERVER, "tls.crt"), text(&self.registry, REGISTRY_SERVER, "tls.key"))
    }

    /// The authorities of those who may call kubelets, PEM.
    pub fn kubelet_client_authority(&self) -> &str {
        self.text(names::KUBELET_CLIENT_SIGNER, names::CA_CERTIFICATE_KEY)
    }

    /// Keeps or makes the certificates of a node.
    pub fn node(&self, name: &str, address: IpAddr) -> Result<NodeCertificates, Error> {
        let folder = self.folder.join("nodes").join(name);
        let mut existing = read(&folder)?;
        let signer = self.secrets.get(names::CLUSTER_SIGNER).cloned().unwrap_or_default();
        existing.insert(names::CLUSTER_SIGNER.to_owned(), signer);
        let made = hoist_pki::desired(&node_rows(name, address), &existing, Timestamp::now(), &SystemKeys)?;
        let mut made: BTreeMap<String, Data> =
            made.secrets.into_iter().map(|(name, data)| (name.to_owned(), data)).collect();
        // It is kept with the control plane's.
        made.remove(names::CLUSTER_SIGNER);
        write(&folder, &made)?;
        let pair = |secret| (text(&made, secret, "tls.crt").to_owned(), text(&made, secret, "tls.key").to_owned());
        Ok(NodeCertificates { client: pair(NODE_CLIENT), server: pair(NODE_SERVER) })
    }
}

/// The static pods of the first node.
pub(super) fn static_pods(images: StaticPodImages, folder: &str) -> StaticPods {
    StaticPods {
        cluster_name: CLUSTER_NAME.to_owned(),
        node_address: first_node(),
        api_server_names: Vec::new(),
        pod_network: plan::MANAGEMENT_PODS.into(),
        host_prefix: 24,
        service_network: plan::MANAGEMENT_SERVICES.into(),
        kubernetes_service_ip: plan::KUBERNETES_SERVICE.into(),
        images,
        files_directory: format!("{folder}/files"),
        etcd_directory: format!("{folder}/etcd"),
    }
}

/// Certificates do not depend on images.
fn no_images() -> StaticPodImages {
    let none = String::new;
    StaticPodImages { etcd: none(), kube_apiserver: none(), kube_controller_manager: none(), kube_scheduler: none() }
}

/// The address at which the API is reached.
pub(super) fn first_node() -> IpAddr {
    plan::management_node(0).unwrap_or(plan::SWITCH_ADDRESS).into()
}

fn registry_rows() -> Vec<Row> {
    vec![
        Row::Authority { name: REGISTRY_CA, lifetime: lifetime::AUTHORITY },
        Row::Leaf {
            name: REGISTRY_SERVER,
            signer: REGISTRY_CA,
            subject: Subject::user("registry"),
            names: vec![AlternativeName::Ip(first_node())],
            usage: Usage::Server,
            lifetime: lifetime::LEAF,
            stem: names::TLS_STEM,
        },
    ]
}

fn node_rows(node: &str, address: IpAddr) -> Vec<Row> {
    let leaf = |name, names, usage| Row::Leaf {
        name,
        signer: names::CLUSTER_SIGNER,
        subject: Subject::member(format!("system:node:{node}"), "system:nodes"),
        names,
        usage,
        lifetime: lifetime::LEAF,
        stem: names::TLS_STEM,
    };
    let spoken_for = vec![AlternativeName::Dns(node.to_owned()), AlternativeName::Ip(address)];
    vec![
        Row::Authority { name: names::CLUSTER_SIGNER, lifetime: lifetime::AUTHORITY },
        leaf(NODE_CLIENT, Vec::new(), Usage::Client),
        leaf(NODE_SERVER, spoken_for, Usage::Server),
    ]
}

/// The registry's password file and the pull secret that holds the same password.
fn registry_credentials(folder: &Path) -> Result<(String, String), Error> {
    let path = folder.join("password");
    let password = match fs_err::read_to_string(&path) {
        Ok(password) if password.len() == PASSWORD_LENGTH => password,
        _ => {
            let password = Alphanumeric.sample_string(&mut rand::rng(), PASSWORD_LENGTH);
            files::write(&path, &password, 0o600).map_err(io("write the registry's password"))?;
            password
        }
    };
    let path = folder.join("htpasswd");
    let known = fs_err::read_to_string(&path).unwrap_or_default();
    let hash = known.trim().strip_prefix(&format!("{REGISTRY_USER}:")).unwrap_or_default();
    let htpasswd = if bcrypt::verify(&password, hash).unwrap_or(false) {
        known
    } else {
        let hash = bcrypt::hash(&password, BCRYPT_COST)
            .map_err(|error| io("hash the registry's password")(std::io::Error::other(error)))?;
        let line = format!("{REGISTRY_USER}:{hash}\n");
        files::write(&path, &line, 0o600).map_err(io("write the registry's password file"))?;
        line
    };
    let authorization = STANDARD.encode(format!("{REGISTRY_USER}:{password}"));
    let secret = json!({"auths": {registry_host(): {"auth": authorization}}});
    Ok((htpasswd, format!("{secret}\n")))
}

/// Reads `<folder>/<secret>/<key>`.
fn read(folder: &Path) -> Result<BTreeMap<String, Data>, Error> {
    let mut secrets = BTreeMap::new();
    let failed = || io("read the management cluster's certificates");
    for (name, path) in entries(folder).map_err(failed())? {
        if !path.is_dir() {
            continue;
        }
        let mut data = Data::new();
        for (key, file) in entries(&path).map_err(failed())? {
            data.insert(key, fs_err::read(file).map_err(failed())?);
        }
        secrets.insert(name, data);
    }
    Ok(secrets)
}

fn entries(folder: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    fs_err::read_dir(folder)?
        .map(|entry| entry.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())))
        .collect()
}

fn write(folder: &Path, secrets: &BTreeMap<String, Data>) -> Result<(), Error> {
    let failed = || io("write the management cluster's certificates");
    for (name, data) in secrets {
        let folder = folder.join(name);
        fs_err::create_dir_all(&folder).map_err(failed())?;
        for (key, contents) in data {
            files::write_if_changed(&folder.join(key), contents, 0o600).map_err(failed())?;
        }
    }
    Ok(())
}

fn text<'a>(secrets: &'a BTreeMap<String, Data>, secret: &str, key: &str) -> &'a str {
    let value = secrets.get(secret).and_then(|data| data.get(key));
    value.and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default()
}

fn io(action: &'static str) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Io { action, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_keeps_every_key_and_the_password() {
        let folder = tempfile::tempdir().unwrap();
        let instance = Instance::new("test", Some(folder.path())).unwrap();
        let first = Certificates::ensure(&instance, 4711).unwrap();
        let node = first.node("management-0", first_node()).unwrap();
        let second = Certificates::ensure(&instance, 4711).unwrap();
        assert!(first.control_plane == second.control_plane);
        assert_eq!(first.pull_secret, second.pull_secret);
        assert_eq!(first.htpasswd, second.htpasswd);
        assert_eq!(first.registry_server(), second.registry_server());
        assert_eq!(node.server, second.node("management-0", first_node()).unwrap().server);
    }

    #[test]
    fn the_kubeconfig_goes_through_the_loopback_proxy() {
        let folder = tempfile::tempdir().unwrap();
        let instance = Instance::new("test", Some(folder.path())).unwrap();
        Certificates::ensure(&instance, 4711).unwrap();
        let kubeconfig = fs_err::read_to_string(instance.kubeconfig()).unwrap();
        assert!(kubeconfig.contains("https://10.200.0.10:6443") && kubeconfig.contains("http://127.0.0.1:4711"));
    }
}
