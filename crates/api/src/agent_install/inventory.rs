//! What a host is made of.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// What a host is made of.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostInventory {
    /// When it was told.
    pub report_time: Option<Time>,
    /// Its name.
    pub hostname: Option<String>,
    /// Address of its management controller.
    pub bmc_address: Option<String>,
    /// Its IPv6 address.
    pub bmc_v6_address: Option<String>,
    /// Processors.
    pub cpu: Option<HostCpu>,
    /// Memory.
    pub memory: Option<HostMemory>,
    /// Network interfaces.
    pub interfaces: Option<Vec<HostInterface>>,
    /// Disks.
    pub disks: Option<Vec<HostDisk>>,
    /// How it started.
    pub boot: Option<HostBoot>,
    /// Who made it.
    pub system_vendor: Option<HostSystemVendor>,
    /// Graphics processors.
    pub gpus: Option<Vec<HostGpu>>,
}

/// Processors.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostCpu {
    /// How many.
    pub count: Option<i64>,
    /// Their clock.
    pub clock_megahertz: Option<i64>,
    /// What they can.
    pub flags: Option<Vec<String>>,
    /// Their model.
    pub model_name: Option<String>,
    /// Their architecture.
    pub architecture: Option<String>,
}

/// Memory in bytes.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostMemory {
    /// Built in.
    pub physical_bytes: Option<i64>,
    /// Left by the firmware.
    pub usable_bytes: Option<i64>,
}

/// A network interface.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostInterface {
    /// Its name.
    pub name: Option<String>,
    /// Its hardware address.
    pub mac_address: Option<String>,
    /// Its addresses.
    #[serde(rename = "ipV4Addresses")]
    pub ip_v4_addresses: Vec<String>,
    /// Its IPv6 addresses.
    #[serde(rename = "ipV6Addresses")]
    pub ip_v6_addresses: Vec<String>,
    /// Largest packet.
    pub mtu: Option<i64>,
    /// Speed in Mbit/s.
    pub speed_mbps: Option<i64>,
    /// Whether a cable is in.
    pub has_carrier: Option<bool>,
    /// Its state.
    pub flags: Vec<String>,
    /// Its name in the firmware.
    pub bios_dev_name: Option<String>,
    /// Its id for DHCP.
    #[serde(rename = "clientID")]
    pub client_id: Option<String>,
    /// What it is.
    pub product: Option<String>,
    /// Who made it.
    pub vendor: Option<String>,
}

/// A disk.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostDisk {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its path.
    pub path: Option<String>,
    /// Its path by hardware.
    pub by_path: Option<String>,
    /// Its path by id.
    #[serde(rename = "byID")]
    pub by_id: Option<String>,
    /// Its place on the bus.
    pub hctl: Option<String>,
    /// Who made it.
    pub vendor: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// Its number.
    pub serial: Option<String>,
    /// Its world-wide name.
    pub wwn: Option<String>,
    /// Its size.
    pub size_bytes: Option<i64>,
    /// Kind of drive.
    pub drive_type: Option<String>,
    /// Whether something starts from it.
    pub bootable: Option<bool>,
    /// What it says of its health.
    pub smart: Option<String>,
    /// Whether a system may go there.
    pub installation_eligibility: Option<HostInstallationEligibility>,
    /// How quick it is.
    pub io_perf: Option<HostIoPerf>,
}

/// Whether a system may go to a disk.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostInstallationEligibility {
    /// It may.
    pub eligible: Option<bool>,
    /// Why not.
    pub not_eligible_reasons: Vec<String>,
}

/// How quick a disk is.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostIoPerf {
    /// 99th percentile of fsync.
    pub sync_duration_milliseconds: Option<i64>,
}

/// How a host started.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostBoot {
    /// Firmware's mode.
    pub current_boot_mode: Option<String>,
    /// Interface that it started from.
    pub pxe_interface: Option<String>,
    /// Kind of device that it started from.
    pub device_type: Option<String>,
}

/// Who made a host.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostSystemVendor {
    /// Its number.
    pub serial_number: Option<String>,
    /// What it is.
    pub product_name: Option<String>,
    /// Who made it.
    pub manufacturer: Option<String>,
    /// A virtual machine.
    #[serde(rename = "virtual")]
    pub is_virtual: Option<bool>,
}

/// A graphics processor.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostGpu {
    /// Its place on the bus.
    pub address: Option<String>,
    /// What it is, by number.
    #[serde(rename = "deviceID")]
    pub device_id: Option<String>,
    /// What it is.
    pub name: Option<String>,
    /// Who made it.
    pub vendor: Option<String>,
    /// Who made it, by number.
    #[serde(rename = "vendorID")]
    pub vendor_id: Option<String>,
}
