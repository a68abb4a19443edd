//! From a HostedCluster to what is made of it: namespace and HostedControlPlane. Pure and infallible.

#[cfg(test)]
mod every;

use std::collections::BTreeMap;

use hoist_api::hosted_cluster::configuration::ClusterConfiguration;
use hoist_api::hosted_cluster::platform::{PlatformSpec, PlatformType};
use hoist_api::hosted_cluster::references::{LocalObjectReference, NameReference};
use hoist_api::hosted_cluster::{AescbcSpec, SecretEncryptionSpec};
use hoist_api::hosted_control_plane::HostedControlPlaneSpec;
use hoist_api::{HostedCluster, HostedControlPlane, annotations, labels};
use hoist_plan::Identity;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::core::ObjectMeta;

use super::namespace_of;
use crate::copies;

/// Which names references have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// The user's, in the HostedCluster's namespace.
    Original,
    /// Those of the copies in the control plane namespace.
    Copies,
}

/// The names of everything that belongs to the cluster. Nothing owns the HostedControlPlane: owners in another namespace do not
/// exist for Kubernetes.
pub fn identity(hosted_cluster: &HostedCluster) -> Identity {
    Identity {
        hosted_cluster_namespace: hosted_cluster.namespace().unwrap_or_default(),
        hosted_cluster_name: hosted_cluster.name_any(),
        namespace: namespace_of(hosted_cluster),
        infra_id: hosted_cluster.spec.infra_id.clone().unwrap_or_default(),
        cluster_id: hosted_cluster.spec.cluster_id.clone().unwrap_or_default(),
        owner: None,
    }
}

/// The control plane namespace: restricted, and known as what it is.
///
/// `level` is the pod security level, if another than `restricted` is wanted.
pub fn namespace(identity: &Identity, level: Option<&str>) -> Namespace {
    let mut own = identity.labels();
    own.insert(labels::HOSTED_CONTROL_PLANE_NAMESPACE.to_owned(), "true".to_owned());
    own.insert("security.openshift.io/scc.podSecurityLabelSync".to_owned(), "false".to_owned());
    for mode in ["enforce", "audit", "warn"] {
        own.insert(format!("pod-security.kubernetes.io/{mode}"), level.unwrap_or("restricted").to_owned());
    }
    Namespace {
        metadata: ObjectMeta {
            name: Some(identity.namespace.clone()),
            labels: Some(own),
            annotations: identity.metadata("").annotations,
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    }
}

/// The HostedControlPlane.
pub fn control_plane(hosted_cluster: &HostedCluster, identity: &Identity) -> HostedControlPlane {
    let mut metadata = identity.metadata(&identity.hosted_cluster_name);
    metadata.annotations.get_or_insert_default().extend(passed_on(hosted_cluster));
    HostedControlPlane { metadata, spec: control_plane_spec(hosted_cluster, Names::Copies), status: None }
}

/// As HyperShift: where hosts come from is none of a control plane's concern on platform Agent.
fn of_control_plane(platform: &PlatformSpec) -> PlatformSpec {
    match platform.type_ {
        PlatformType::Agent => PlatformSpec { type_: PlatformType::None, ..PlatformSpec::default() },
        _ => platform.clone(),
    }
}

fn passed_on(hosted_cluster: &HostedCluster) -> BTreeMap<String, String> {
    hosted_cluster
        .annotations()
        .iter()
        .filter(|(key, _)| hoist_plan::annotations::is_passed_on(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Its spec.
pub fn control_plane_spec(hosted_cluster: &HostedCluster, names: Names) -> HostedControlPlaneSpec {
    let spec = &hosted_cluster.spec;
    let reference = |original: &LocalObjectReference, copy: &str| match names {
        _ if original.name.is_empty() => LocalObjectReference::default(),
        Names::Original => original.clone(),
        Names::Copies => LocalObjectReference::new(copy),
    };
    HostedControlPlaneSpec {
        release_image: spec.release.image.clone(),
        control_plane_release_image: spec.control_plane_release.as_ref().map(|release| release.image.clone()),
        cluster_id: spec.cluster_id.clone().unwrap_or_default(),
        infra_id: spec.infra_id.clone().unwrap_or_default(),
        update_service: spec.update_service.clone(),
        channel: spec.channel.clone(),
        platform: match names {
            Names::Original => spec.platform.clone(),
            Names::Copies => of_control_plane(&spec.platform),
        },
        controller_availability_policy: spec.controller_availability_policy,
        infrastructure_availability_policy: spec.infrastructure_availability_policy,
        dns: spec.dns.clone().unwrap_or_default(),
        networking: spec.networking.clone(),
        kube_api_server_dns_name: spec.kube_api_server_dns_name.clone(),
        autoscaling: spec.autoscaling.clone(),
        auto_node: spec.auto_node.clone(),
        etcd: spec.etcd.clone(),
        services: spec.services.clone(),
        pull_secret: reference(&spec.pull_secret, copies::PULL_SECRET),
        ssh_key: reference(&spec.ssh_key, copies::SSH_KEY),
        issuer_url: spec.issuer_url.clone(),
        service_account_signing_key: spec
            .service_account_signing_key
            .as_ref()
            .map(|key| reference(key, copies::SERVICE_ACCOUNT_KEY)),
        secret_encryption: spec.secret_encryption.as_ref().map(|encryption| SecretEncryptionSpec {
            type_: encryption.type_,
            kms: encryption.kms.clone(),
            aescbc: encryption.aescbc.as_ref().map(|keys| AescbcSpec {
                active_key: reference(&keys.active_key, copies::ACTIVE_ENCRYPTION_KEY),
                backup_key: keys.backup_key.as_ref().map(|key| reference(key, copies::BACKUP_ENCRYPTION_KEY)),
            }),
        }),
        additional_trust_bundle: spec
            .additional_trust_bundle
            .as_ref()
            .map(|bundle| reference(bundle, copies::TRUST_BUNDLE)),
        configuration: spec.configuration.clone().map(|configuration| match names {
            Names::Original => configuration,
            Names::Copies => with_copies(configuration),
        }),
        operator_configuration: spec.operator_configuration.clone(),
        audit_webhook: spec.audit_webhook.as_ref().map(|secret| reference(secret, copies::AUDIT_WEBHOOK)),
        image_content_sources: spec.image_content_sources.clone(),
        fips: spec.fips,
        kubeconfig: None,
        olm_catalog_placement: spec.olm_catalog_placement,
        capabilities: spec.capabilities.clone(),
        monitoring: spec.monitoring.clone(),
        paused_until: spec.paused_until.clone(),
        node_selector: spec.node_selector.clone(),
        tolerations: spec.tolerations.clone(),
        labels: spec.labels.clone(),
    }
}

/// The same with the names of copies.
fn with_copies(mut configuration: ClusterConfiguration) -> ClusterConfiguration {
    let rename = |reference: &mut Option<NameReference>, copy: &dyn Fn(&str) -> String| {
        if let Some(reference) = reference.as_mut().filter(|reference| !reference.name.is_empty()) {
            reference.name = copy(&reference.name);
        }
    };
    if let Some(api_server) = &mut configuration.api_server {
        rename(&mut api_server.client_ca, &|_| copies::CLIENT_AUTHORITIES.to_owned());
        let certificates = api_server.serving_certs.iter_mut();
        for certificate in certificates.flat_map(|certificates| certificates.named_certificates.iter_mut().flatten()) {
            rename(&mut certificate.serving_certificate, &copies::named_certificate);
        }
    }
    let providers = configuration.authentication.iter_mut();
    for provider in providers.flat_map(|authentication| authentication.oidc_providers.iter_mut().flatten()) {
        rename(&mut provider.issuer.issuer_certificate_authority, &|_| copies::ISSUER_AUTHORITIES.to_owned());
    }
    if let Some(proxy) = &mut configuration.proxy {
        rename(&mut proxy.trusted_ca, &|_| copies::PROXY_TRUST_BUNDLE.to_owned());
    }
    if let Some(image) = &mut configuration.image {
        rename(&mut image.additional_trusted_ca, &|_| copies::IMAGE_TRUST.to_owned());
    }
    configuration
}

/// Whether a namespace that exists is the one that [`namespace`] makes, or nobody's yet.
pub fn is_own(namespace: &Namespace, identity: &Identity) -> bool {
    let wanted = format!("{}/{}", identity.hosted_cluster_namespace, identity.hosted_cluster_name);
    namespace.annotations().get(annotations::HOSTED_CLUSTER) == Some(&wanted)
}
