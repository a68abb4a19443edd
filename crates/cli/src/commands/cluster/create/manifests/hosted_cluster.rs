//! The HostedCluster.

use serde_json::{Value, json};

use crate::args::cluster::ClusterFlags;
use crate::args::key_value;
use crate::args::toleration::Toleration;
use crate::commands::cluster::create::input::Input;

use super::secrets::ENCRYPTION_KEY_SUFFIX;
use super::{TRUST_BUNDLE, services};

/// Annotation of `--control-plane-operator-image`.
const CONTROL_PLANE_OPERATOR_IMAGE: &str = "hypershift.openshift.io/control-plane-operator-image";
/// Size of each of etcd's volumes unless said otherwise.
const ETCD_SIZE: &str = "8Gi";

/// The manifest.
pub fn hosted_cluster(flags: &ClusterFlags, input: &Input) -> Value {
    let mut spec = json!({
        "autoscaling": {},
        "capabilities": capabilities(flags),
        "configuration": configuration(flags),
        "controllerAvailabilityPolicy": input.availability.as_ref(),
        "dns": dns(flags, input),
        "etcd": etcd(flags),
        "fips": flags.content.fips.0,
        "infraID": input.infra_id,
        "networking": networking(flags),
        "olmCatalogPlacement": flags.content.olm_catalog_placement.to_lowercase(),
        "platform": input.platform.hosted_cluster,
        "pullSecret": {"name": format!("{}-pull-secret", flags.name)},
        "release": {"image": input.release_image},
        "secretEncryption": {
            "type": "aescbc",
            "aescbc": {"activeKey": {"name": format!("{}{ENCRYPTION_KEY_SUFFIX}", flags.name)}},
        },
        "services": services::services(&input.platform.publishing),
        "sshKey": {},
    });
    if input.ssh_key.is_some() {
        spec["sshKey"]["name"] = format!("{}-ssh-key", flags.name).into();
    }
    if input.trust_bundle.is_some() {
        spec["additionalTrustBundle"] = json!({"name": TRUST_BUNDLE});
    }
    if let Some(sources) = &input.image_content_sources {
        spec["imageContentSources"] = sources.clone();
    }
    if let Some(operators) = operator_configuration(flags) {
        spec["operatorConfiguration"] = operators;
    }
    let texts = [
        ("infrastructureAvailabilityPolicy", &flags.infra_availability_policy),
        ("kubeAPIServerDNSName", &flags.kas_dns_name),
        ("pausedUntil", &flags.paused_until),
    ];
    for (field, value) in texts {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            spec[field] = value.into();
        }
    }
    let placement = &flags.placement;
    if !placement.node_selector.is_empty() {
        spec["nodeSelector"] = key_value::object(&placement.node_selector).into();
    }
    if !placement.pods_labels.is_empty() {
        spec["labels"] = key_value::object(&placement.pods_labels).into();
    }
    if !placement.toleration.is_empty() {
        spec["tolerations"] = placement.toleration.iter().map(Toleration::manifest).collect();
    }
    json!({
        "apiVersion": "hypershift.openshift.io/v1beta1",
        "kind": "HostedCluster",
        "metadata": metadata(flags),
        "spec": spec,
        "status": {"controlPlaneEndpoint": {"host": "", "port": 0}},
    })
}

fn metadata(flags: &ClusterFlags) -> Value {
    let mut metadata = json!({"name": flags.name, "namespace": flags.namespace});
    let mut annotations = key_value::object(&flags.annotations);
    if let Some(image) = flags.control_plane_operator_image.as_deref().filter(|image| !image.is_empty()) {
        annotations.insert(CONTROL_PLANE_OPERATOR_IMAGE.to_owned(), image.into());
    }
    if !annotations.is_empty() {
        metadata["annotations"] = annotations.into();
    }
    if !flags.labels.is_empty() {
        metadata["labels"] = key_value::object(&flags.labels).into();
    }
    metadata
}

fn dns(flags: &ClusterFlags, input: &Input) -> Value {
    let given = flags.base_domain.as_deref().filter(|domain| !domain.is_empty());
    let mut dns = json!({"baseDomain": given.unwrap_or(input.platform.base_domain)});
    if let Some(prefix) = flags.base_domain_prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
        dns["baseDomainPrefix"] = if prefix == "none" { "" } else { prefix }.into();
    }
    dns
}

fn etcd(flags: &ClusterFlags) -> Value {
    let size = flags.etcd.storage_size.as_ref().map_or_else(|| ETCD_SIZE.to_owned(), ToString::to_string);
    let mut volume = json!({"size": size});
    if let Some(class) = flags.etcd.storage_class.as_deref().filter(|class| !class.is_empty()) {
        volume["storageClassName"] = class.into();
    }
    json!({
        "managementType": "Managed",
        "managed": {"storage": {"type": "PersistentVolume", "persistentVolume": volume}},
    })
}

fn networking(flags: &ClusterFlags) -> Value {
    let flags = &flags.networks;
    let mut networking = json!({
        "clusterNetwork": cidrs(flags.cluster()),
        "networkType": flags.network_type,
        "serviceNetwork": cidrs(flags.service()),
    });
    if !flags.machine_cidr.is_empty() {
        networking["machineNetwork"] = cidrs(flags.machine_cidr.iter().map(String::as_str));
    }
    if let Some(allocate) = flags.allocate_node_cidrs {
        networking["allocateNodeCIDRs"] = if allocate { "Enabled" } else { "Disabled" }.into();
    }
    networking
}

fn cidrs<'a>(texts: impl IntoIterator<Item = &'a str>) -> Value {
    texts.into_iter().map(|text| json!({"cidr": text})).collect()
}

fn capabilities(flags: &ClusterFlags) -> Value {
    let mut capabilities = json!({});
    let lists = [
        ("disabled", &flags.content.disable_cluster_capabilities),
        ("enabled", &flags.content.enable_cluster_capabilities),
    ];
    for (field, names) in lists {
        let mut once: Vec<&str> = Vec::new();
        for name in names {
            if !once.contains(&name.as_str()) {
                once.push(name);
            }
        }
        if !once.is_empty() {
            capabilities[field] = once.into();
        }
    }
    capabilities
}

fn configuration(flags: &ClusterFlags) -> Value {
    let mut configuration = json!({});
    if let Some(set) = flags.content.feature_set.as_deref().filter(|set| !set.is_empty()) {
        configuration["featureGate"] = json!({"featureSet": set});
    }
    if flags.content.olm_disable_default_sources.0 {
        configuration["operatorhub"] = json!({"disableAllDefaultSources": true});
    }
    configuration
}

fn operator_configuration(flags: &ClusterFlags) -> Option<Value> {
    let mut network = json!({});
    if flags.networks.disable_multi_network.0 {
        network["disableMultiNetwork"] = true.into();
    }
    if let Some(mtu) = flags.networks.ovn_kubernetes_mtu {
        network["ovnKubernetesConfig"] = json!({"mtu": mtu});
    }
    (network != json!({})).then(|| json!({"clusterNetworkOperator": network}))
}
