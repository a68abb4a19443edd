//! `create cluster kubevirt`: nodes are virtual machines of this or of another cluster.

mod storage;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};

use crate::args::cluster::ClusterFlags;
use crate::args::kubevirt::KubevirtNodePoolFlags;
use crate::args::{files, names};
use crate::commands::cluster::create::input::address;
use crate::failure::usage;

use super::{PlatformFlags, PlatformInput, Publishing, external_dns};
use storage::ClassMapping;

/// The flags.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp create cluster kubevirt --name demo --node-pool-replicas 2 --pull-secret pull-secret.json \\
      --memory 6Gi --cores 2
  hcp create cluster kubevirt --name demo --node-pool-replicas 3 --pull-secret pull-secret.json \\
      --etcd-storage-class fast --infra-storage-class-mapping fast/kubevirt-fast
  hcp create cluster kubevirt --name demo --pull-secret pull-secret.json --render > demo.yaml")]
pub struct KubevirtArguments {
    #[command(flatten)]
    pub flags: ClusterFlags,
    /// Kubeconfig of the cluster that runs the virtual machines; the management cluster when left out
    #[arg(long, value_name = "FILE", help_heading = "Virtual machines")]
    pub infra_kubeconfig_file: Option<PathBuf>,
    /// Namespace of the virtual machines on that cluster
    #[arg(long, value_name = "NAMESPACE", help_heading = "Virtual machines")]
    pub infra_namespace: Option<String>,
    /// StorageClass of the infrastructure that the hosted cluster gets under its own name; repeatable
    #[arg(long, value_name = "INFRA/GUEST[,group=GROUP]", help_heading = "Virtual machines")]
    pub infra_storage_class_mapping: Vec<ClassMapping>,
    /// VolumeSnapshotClass of the infrastructure that the hosted cluster gets under its own name; repeatable
    #[arg(long, value_name = "INFRA/GUEST[,group=GROUP]", help_heading = "Virtual machines")]
    pub infra_volumesnapshot_class_mapping: Vec<ClassMapping>,
    /// Host name or address at which nodes of the management cluster are reached; for strategy NodePort
    #[arg(long, alias = "external-api-server-address", value_name = "ADDRESS", help_heading = "Networks")]
    pub api_server_address: Option<String>,
    /// How the cluster's services are reached
    #[arg(
        long, value_name = "STRATEGY", default_value = "Ingress", help_heading = "Networks",
        value_parser = PossibleValuesParser::new(["Ingress", "NodePort"])
    )]
    pub service_publishing_strategy: String,
    #[command(flatten)]
    pub pool: KubevirtNodePoolFlags,
}

impl KubevirtArguments {
    fn publishing(&self) -> Result<Publishing> {
        let given = self.api_server_address.as_deref().filter(|given| !given.is_empty());
        let address = given.map(|given| address(Self::ADDRESS_FLAG, given)).transpose()?;
        if self.service_publishing_strategy == "NodePort" {
            return Ok(Publishing::NodePort { address });
        }
        if address.is_some() {
            return Err(usage(
                "--api-server-address is supported only for NodePort service publishing strategy, service publishing strategy Ingress is used; \
                 add --service-publishing-strategy NodePort",
            ));
        }
        Ok(Publishing::Ingress { external_dns: external_dns(&self.flags).is_some() })
    }

    /// The namespace and the kubeconfig of another cluster for the machines: both or neither.
    fn infrastructure(&self) -> Result<Option<(String, Vec<u8>)>> {
        let namespace = self.infra_namespace.as_deref().filter(|namespace| !namespace.is_empty());
        match (namespace, &self.infra_kubeconfig_file) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(usage(
                "external infra cluster namespace was provided but a kubeconfig is missing: add --infra-kubeconfig-file",
            )),
            (None, Some(_)) => Err(usage(
                "external infra cluster kubeconfig was provided but an infra namespace is missing: add --infra-namespace",
            )),
            (Some(namespace), Some(path)) => {
                names::dns_label(namespace).map_err(|text| usage(format!("--infra-namespace {text}")))?;
                Ok(Some((namespace.to_owned(), files::kubeconfig("--infra-kubeconfig-file", path)?)))
            }
        }
    }

    fn storage_driver(&self) -> Option<Value> {
        if self.infra_storage_class_mapping.is_empty() && self.infra_volumesnapshot_class_mapping.is_empty() {
            return None;
        }
        let mut manual = json!({});
        let mappings = |mappings: &[ClassMapping], class| -> Value {
            mappings.iter().map(|mapping| mapping.manifest(class)).collect()
        };
        if !self.infra_storage_class_mapping.is_empty() {
            manual["storageClassMapping"] = mappings(&self.infra_storage_class_mapping, "StorageClassName");
        }
        if !self.infra_volumesnapshot_class_mapping.is_empty() {
            manual["volumeSnapshotClassMapping"] =
                mappings(&self.infra_volumesnapshot_class_mapping, "VolumeSnapshotClassName");
        }
        Some(json!({"type": "Manual", "manual": manual}))
    }
}

impl PlatformFlags for KubevirtArguments {
    const ADDRESS_FLAG: &'static str = "--api-server-address";

    fn shared(&self) -> &ClusterFlags {
        &self.flags
    }

    fn check(&self) -> Result<PlatformInput> {
        self.pool.check()?;
        let infrastructure = self.infrastructure()?;
        let mut kubevirt = json!({});
        // Without a domain of its own the cluster lives below the management cluster's.
        if self.flags.base_domain.as_deref().unwrap_or_default().is_empty() {
            kubevirt["baseDomainPassthrough"] = true.into();
        }
        if let Some((namespace, _)) = &infrastructure {
            kubevirt["credentials"] = json!({
                "infraKubeConfigSecret": {"name": format!("{}-infra-credentials", self.flags.name), "key": "kubeconfig"},
                "infraNamespace": namespace,
            });
        }
        if let Some(driver) = self.storage_driver() {
            kubevirt["storageDriver"] = driver;
        }
        Ok(PlatformInput {
            name: "KubeVirt",
            hosted_cluster: json!({"type": "KubeVirt", "kubevirt": kubevirt}),
            node_pool: self.pool.platform(),
            base_domain: "",
            upgrade_type: "Replace",
            publishing: self.publishing()?,
            infra_kubeconfig: infrastructure.map(|(_, kubeconfig)| kubeconfig),
            needed_namespace: None,
        })
    }
}
