//! The control plane of a management cluster as static pods, from the same builders as hosted ones.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hoist_api::names as api_names;
use hoist_pki::table::control_plane;
use hoist_pki::{AlternativeName, Change, Data, KeySource};
use ipnet::IpNet;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;

use crate::etcd::{CLIENT_PORT, PEER_PORT};
use crate::files::{self, Kind};
use crate::kube_apiserver::audit;
use crate::workload::static_pod::{Site, static_pod};
use crate::{etcd, kube_apiserver, kube_controller_manager, kube_scheduler};

/// What the static pods of one node need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticPods {
    /// Name of the cluster.
    pub cluster_name: String,
    /// Address of the node, at which nodes and clients reach the API server.
    pub node_address: IpAddr,
    /// Further names and addresses of the API server.
    pub api_server_names: Vec<AlternativeName>,
    /// Network of pods.
    pub pod_network: IpNet,
    /// Prefix length of a node's part of it.
    pub host_prefix: u8,
    /// Network of Services.
    pub service_network: IpNet,
    /// The first address of it.
    pub kubernetes_service_ip: IpAddr,
    /// Images.
    pub images: StaticPodImages,
    /// Folder on the host with the files of [`StaticPods::files`], readable by user 65532.
    pub files_directory: String,
    /// Folder on the host for etcd's data, owned by user 65532, mode 0700.
    pub etcd_directory: String,
}

/// Images of static pods, as the container runtime knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the component of its name")]
pub struct StaticPodImages {
    pub etcd: String,
    pub kube_apiserver: String,
    pub kube_controller_manager: String,
    pub kube_scheduler: String,
}

/// A file below [`StaticPods::files_directory`].
#[derive(Clone, PartialEq, Eq)]
pub struct HostFile {
    /// Path relative to the folder, such as `secrets/root-ca/ca.crt`.
    pub path: String,
    /// Contents; secret unless below `configmaps/`.
    pub contents: Vec<u8>,
}

/// Files, and what is to be known of them.
pub struct HostFiles {
    /// All files.
    pub files: Vec<HostFile>,
    /// Secrets by name, to be kept and passed to the next call.
    pub secrets: BTreeMap<String, Data>,
    /// What was made now.
    pub changes: Vec<Change>,
    /// Look again then.
    pub next_renewal: Option<Timestamp>,
}

impl std::fmt::Debug for HostFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("HostFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl StaticPods {
    /// etcd and kube-apiserver, then kube-controller-manager and kube-scheduler, which exit when they come before the API
    /// server is ready: write their manifests when it is.
    pub fn pods(&self) -> [Pod; 4] {
        let with_data = |data| Site { files_directory: self.files_directory.clone(), data };
        let without = with_data(BTreeMap::new());
        let etcd_data = BTreeMap::from([(etcd::pod::DATA_VOLUME.to_owned(), self.etcd_directory.clone())]);
        [
            static_pod(&etcd::pod::pod(&self.etcd()), &with_data(etcd_data)),
            static_pod(&kube_apiserver::pod::pod(&self.kube_apiserver()), &without),
            static_pod(&kube_controller_manager::pod(&self.kube_controller_manager()), &without),
            static_pod(&kube_scheduler::pod(&self.kube_scheduler()), &without),
        ]
    }

    /// Settings of etcd: one member, on loopback.
    pub fn etcd(&self) -> etcd::pod::Settings {
        etcd::pod::Settings {
            image: self.images.etcd.clone(),
            name: "etcd".to_owned(),
            advertised_host: "127.0.0.1".to_owned(),
            initial_cluster: format!("etcd=https://127.0.0.1:{PEER_PORT}"),
            token: self.cluster_name.clone(),
            listen_address: "127.0.0.1".to_owned(),
            termination_grace_period: 5,
        }
    }

    /// Settings of kube-apiserver.
    pub fn kube_apiserver(&self) -> kube_apiserver::pod::Settings {
        kube_apiserver::pod::Settings {
            image: self.images.kube_apiserver.clone(),
            etcd_servers: vec![format!("https://127.0.0.1:{CLIENT_PORT}")],
            advertise_address: self.node_address,
            endpoint_reconciler: "lease",
            service_network: self.service_network,
            issuer_url: "https://kubernetes.default.svc".to_owned(),
            is_encrypted: false,
            has_break_glass: false,
            konnectivity: None,
            wait_for_etcd: None,
            goaway_chance: "0",
            is_audited: true,
            configuration: hoist_plan::ApiServerConfiguration::default(),
            tuning: hoist_plan::ApiServerTuning::default(),
            shutdown_delay: 0,
            termination_grace_period: 5,
        }
    }

    /// Settings of kube-controller-manager.
    pub fn kube_controller_manager(&self) -> kube_controller_manager::Settings {
        kube_controller_manager::Settings {
            image: self.images.kube_controller_manager.clone(),
            cluster_name: self.cluster_name.clone(),
            node_networks: Some((self.pod_network, self.host_prefix)),
            service_network: self.service_network,
            elects_leader: false,
            // There is one node, and without it nothing runs at all. When only the API was away for a minute, its pods, all hosted
            // clusters among them, must not be cut off from their Services because nobody could hear the node meanwhile.
            node_grace: "24h",
        }
    }

    /// Settings of kube-scheduler.
    pub fn kube_scheduler(&self) -> kube_scheduler::Settings {
        kube_scheduler::Settings { image: self.images.kube_scheduler.clone(), elects_leader: false }
    }

    /// All files that the pods read, from the Secrets of the last call (none at first).
    pub fn files(
        &self,
        existing: &BTreeMap<String, Data>,
        now: Timestamp,
        keys: &dyn KeySource,
    ) -> Result<HostFiles, hoist_pki::Error> {
        let published = hoist_plan::HostPort::new(self.node_address.to_string(), kube_apiserver::PORT).https_url();
        let loopback = format!("https://localhost:{}", kube_apiserver::PORT);
        let rows = control_plane::rows(&control_plane::Inputs {
            namespace: "kube-system".to_owned(),
            host_cluster_domain: hoist_plan::network::CLUSTER_DOMAIN.to_owned(),
            api_server_names: [
                vec![AlternativeName::Ip(self.node_address), AlternativeName::Ip(self.kubernetes_service_ip)],
                self.api_server_names.clone(),
            ]
            .concat(),
            etcd_names: Vec::new(),
            konnectivity_names: Vec::new(),
            published_api_server: Some(published),
            custom_api_server: None,
            internal_api_server: loopback.clone(),
            operator_api_server: loopback,
            service_account_key: None,
            guest_operator_user: api_names::GUEST_OPERATOR_USER.to_owned(),
            guest_operator_admin_user: api_names::GUEST_OPERATOR_ADMIN_USER.to_owned(),
            break_glass: None,
            client_authorities: String::new(),
            custom_api_server_authorities: String::new(),
        });
        let desired = hoist_pki::desired(&rows, existing, now, keys)?;
        let mut all = Vec::new();
        for (name, data) in &desired.secrets {
            all.extend(data.iter().map(|(key, contents)| HostFile {
                path: files::relative(Kind::Secret, name, key),
                contents: contents.clone(),
            }));
        }
        for (name, data) in &desired.bundles {
            all.extend(data.iter().map(|(key, contents)| HostFile {
                path: files::relative(Kind::ConfigMap, name, key),
                contents: contents.clone().into_bytes(),
            }));
        }
        all.push(HostFile {
            path: files::relative(Kind::ConfigMap, audit::CONFIG_MAP, audit::KEY),
            // JSON is YAML.
            contents: audit::writes().to_string().into_bytes(),
        });
        Ok(HostFiles {
            files: all,
            secrets: desired.secrets.into_iter().map(|(name, data)| (name.to_owned(), data)).collect(),
            changes: desired.changes,
            next_renewal: desired.next_renewal,
        })
    }
}
