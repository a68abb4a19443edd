//! Virtual machines of a NodePool of platform KubeVirt.

mod host_device;

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use serde_json::{Map, Value, json};

use crate::args::go_bool::GoBool;
use crate::args::key_value::{self, KeyValue};
use crate::args::quantity::Quantity;
use crate::failure::usage;

use host_device::HostDevice;

/// Smallest root volume, in GiB; HyperShift's.
const SMALLEST_ROOT_VOLUME: u32 = 16;
/// Access modes of a volume.
const ACCESS_MODES: [&str; 4] = ["ReadWriteOnce", "ReadWriteMany", "ReadOnly", "ReadWriteOncePod"];

/// The flag group, on clusters and on NodePools.
#[derive(Debug, Clone, clap::Args)]
pub struct KubevirtNodePoolFlags {
    /// Memory of each virtual machine
    #[arg(long, value_name = "QUANTITY", default_value = "4Gi", help_heading = "Virtual machines")]
    pub memory: Quantity,
    /// Cores of each virtual machine
    #[arg(long, value_name = "COUNT", default_value_t = 2, help_heading = "Virtual machines")]
    pub cores: u32,
    /// Size of the root volume in GiB, at least 16
    #[arg(long, value_name = "GIB", default_value_t = 32, help_heading = "Virtual machines")]
    pub root_volume_size: u32,
    /// StorageClass of the root volume; the default class when left out
    #[arg(
        long,
        value_name = "CLASS",
        default_value = "",
        hide_default_value = true,
        help_heading = "Virtual machines"
    )]
    pub root_volume_storage_class: String,
    /// Access modes of the root volume; comma-separated
    #[arg(
        long, value_name = "MODE", value_delimiter = ',', help_heading = "Virtual machines",
        value_parser = PossibleValuesParser::new(ACCESS_MODES)
    )]
    pub root_volume_access_modes: Vec<String>,
    /// Volume mode of the root volume
    #[arg(
        long, value_name = "MODE", help_heading = "Virtual machines",
        value_parser = PossibleValuesParser::new(["Block", "Filesystem"])
    )]
    pub root_volume_volume_mode: Option<String>,
    /// Whether boot images are kept in a volume of the infrastructure cluster
    #[arg(
        long, value_name = "STRATEGY", help_heading = "Virtual machines",
        value_parser = PossibleValuesParser::new(["None", "PVC"])
    )]
    pub root_volume_cache_strategy: Option<String>,
    /// Container disk to boot from; the release's own when left out
    #[arg(
        long,
        value_name = "IMAGE",
        default_value = "",
        hide_default_value = true,
        help_heading = "Virtual machines"
    )]
    pub containerdisk: String,
    /// Several queues for each network interface
    #[arg(
        long, value_name = "SETTING", default_value = "Enable", help_heading = "Virtual machines",
        value_parser = PossibleValuesParser::new(["Enable", "Disable"])
    )]
    pub network_multiqueue: String,
    /// Quality of service of the machines' pods
    #[arg(
        long, value_name = "CLASS", default_value = "Burstable", help_heading = "Virtual machines",
        value_parser = PossibleValuesParser::new(["Burstable", "Guaranteed"])
    )]
    pub qos_class: String,
    /// Network of the infrastructure cluster to attach; repeatable
    #[arg(long, value_name = "name:NAMESPACE/NETWORK", help_heading = "Virtual machines")]
    pub additional_network: Vec<AdditionalNetwork>,
    /// Attach the pod network too; without it an additional network is needed
    #[arg(long, value_name = "BOOL", default_value_t = GoBool(true), help_heading = "Virtual machines")]
    pub attach_default_network: GoBool,
    /// Nodes of the infrastructure cluster that may run the machines; comma-separated
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', help_heading = "Virtual machines")]
    pub vm_node_selector: Vec<KeyValue>,
    /// Device of the infrastructure cluster's nodes to pass through; one unless counted; repeatable
    #[arg(long, value_name = "NAME[,count:N]", help_heading = "Virtual machines")]
    pub host_device_name: Vec<HostDevice>,
}

/// One network beside the pod network: `name:namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdditionalNetwork(String);

impl std::str::FromStr for AdditionalNetwork {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name =
            text.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case("name")).map(|(_, name)| name.trim());
        let parts = name.and_then(|name| name.split_once('/'));
        match (name, parts) {
            (Some(name), Some((namespace, network)))
                if !namespace.is_empty() && !network.is_empty() && !network.contains('/') && !name.contains(',') =>
            {
                Ok(Self(name.to_owned()))
            }
            _ => Err(format!(
                "{text:?} is no network: write name:NAMESPACE/NETWORK, the NetworkAttachmentDefinition of the infrastructure cluster"
            )),
        }
    }
}

impl KubevirtNodePoolFlags {
    /// Refuses what no machine can be.
    pub fn check(&self) -> Result<()> {
        if self.cores < 1 {
            return Err(usage("--cores 0: CPU cores inside the machine must be a value greater or equal 1"));
        }
        if self.root_volume_size < SMALLEST_ROOT_VOLUME {
            return Err(usage(format!(
                "--root-volume-size {}: the root volume size [{}] must be greater than or equal to {SMALLEST_ROOT_VOLUME}",
                self.root_volume_size, self.root_volume_size
            )));
        }
        if !self.attach_default_network.0 && self.additional_network.is_empty() {
            return Err(usage(
                "missing --additional-network. when --attach-default-network is false configuring an additional network is mandatory",
            ));
        }
        if self.additional_network.len() > 20 {
            return Err(usage(format!(
                "--additional-network is given {} times: expected at most 20",
                self.additional_network.len()
            )));
        }
        if self.host_device_name.len() > 10 {
            return Err(usage(format!(
                "--host-device-name is given {} times: expected at most 10",
                self.host_device_name.len()
            )));
        }
        Ok(())
    }

    /// `spec.platform` of the NodePool.
    pub fn platform(&self) -> Value {
        let mut compute = json!({"cores": self.cores, "memory": self.memory.to_string()});
        // The default is left to the API server, as HyperShift's command line does.
        if self.qos_class != "Burstable" {
            compute["qosClass"] = self.qos_class.as_str().into();
        }
        let mut kubevirt = json!({
            "attachDefaultNetwork": self.attach_default_network.0,
            "compute": compute,
            "networkInterfaceMultiqueue": self.network_multiqueue,
            "rootVolume": self.root_volume(),
        });
        if !self.additional_network.is_empty() {
            kubevirt["additionalNetworks"] =
                self.additional_network.iter().map(|network| json!({"name": network.0})).collect();
        }
        if !self.vm_node_selector.is_empty() {
            kubevirt["nodeSelector"] = key_value::object(&self.vm_node_selector).into();
        }
        if !self.host_device_name.is_empty() {
            kubevirt["hostDevices"] = self.host_device_name.iter().map(HostDevice::manifest).collect();
        }
        json!({"type": "KubeVirt", "kubevirt": kubevirt})
    }

    fn root_volume(&self) -> Value {
        let mut persistent = json!({"size": Quantity::gibibytes(self.root_volume_size).to_string()});
        if !self.root_volume_storage_class.is_empty() {
            persistent["storageClass"] = self.root_volume_storage_class.as_str().into();
        }
        if !self.root_volume_access_modes.is_empty() {
            persistent["accessModes"] = self.root_volume_access_modes.clone().into();
        }
        if let Some(mode) = &self.root_volume_volume_mode {
            persistent["volumeMode"] = mode.as_str().into();
        }
        let mut volume = Map::new();
        volume.insert("type".to_owned(), "Persistent".into());
        volume.insert("persistent".to_owned(), persistent);
        if let Some(strategy) = &self.root_volume_cache_strategy {
            volume.insert("cacheStrategy".to_owned(), json!({"type": strategy}));
        }
        if !self.containerdisk.is_empty() {
            volume.insert("diskImage".to_owned(), json!({"containerDiskImage": self.containerdisk}));
        }
        volume.into()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use rstest::rstest;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: KubevirtNodePoolFlags,
    }

    fn flags(arguments: &[&str]) -> KubevirtNodePoolFlags {
        Line::parse_from(["hcp"].iter().chain(arguments)).flags
    }

    #[test]
    fn the_defaults_are_hypershifts() {
        assert_eq!(
            flags(&[]).platform(),
            json!({"type": "KubeVirt", "kubevirt": {
                "attachDefaultNetwork": true,
                "compute": {"cores": 2, "memory": "4Gi"},
                "networkInterfaceMultiqueue": "Enable",
                "rootVolume": {"type": "Persistent", "persistent": {"size": "32Gi"}},
            }})
        );
    }

    #[test]
    fn a_device_without_a_count_is_one_device() {
        let platform = flags(&["--host-device-name", "example.com/gpu", "--host-device-name", "b,count:3"]).platform();
        assert_eq!(
            platform["kubevirt"]["hostDevices"],
            json!([{"count": 1, "deviceName": "example.com/gpu"}, {"count": 3, "deviceName": "b"}])
        );
    }

    #[rstest]
    #[case(&["--cores", "0"], "CPU cores inside the machine must be a value greater or equal 1")]
    #[case(&["--root-volume-size", "15"], "the root volume size [15] must be greater than or equal to 16")]
    #[case(&["--attach-default-network=false"], "missing --additional-network")]
    fn what_no_machine_can_be_is_refused(#[case] arguments: &[&str], #[case] message: &str) {
        let error = flags(arguments).check().unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }

    #[rstest]
    #[case("name:ns/nad", true)]
    #[case("ns/nad", false)]
    #[case("name:nad", false)]
    #[case("name:/nad", false)]
    #[case("name:a/b/c", false)]
    fn a_network_is_named_with_its_namespace(#[case] text: &str, #[case] fine: bool) {
        assert_eq!(text.parse::<AdditionalNetwork>().is_ok(), fine);
    }
}
