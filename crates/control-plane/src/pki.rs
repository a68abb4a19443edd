//! Secrets and ConfigMaps of a hosted control plane's certificates: `hoist_pki`'s table with this plan's names.

use std::collections::BTreeMap;

use hoist_api::{labels, names as api_names};
use hoist_pki::table::control_plane::{self, BreakGlass};
use hoist_pki::table::names;
use hoist_pki::{AlternativeName, Change, Data, KeySource};
use hoist_plan::{Endpoints, Plan};
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};

use crate::kube_apiserver::API_SERVER_SERVICE;

/// DNS domain of management clusters, which HyperShift takes as given too.
const MANAGEMENT_DOMAIN: &str = "cluster.local";

/// What a control plane's namespace should hold of certificates.
#[derive(Debug, Clone, PartialEq)]
pub struct Pki {
    /// Secrets.
    pub secrets: Vec<Secret>,
    /// Bundles.
    pub config_maps: Vec<ConfigMap>,
    /// What was made now.
    pub changes: Vec<Change>,
    /// Look again then.
    pub next_renewal: Option<Timestamp>,
}

impl Pki {
    /// Puts back what exists, however old or foreign it is: the user looks after it. Only what is missing is made.
    pub fn freeze(&mut self, existing: &[Secret]) {
        for secret in &mut self.secrets {
            let live = existing.iter().find(|live| live.metadata.name == secret.metadata.name);
            if let Some(data) = live.and_then(|live| live.data.as_ref()) {
                secret.data = Some(data.clone());
            }
        }
        let is_new = |name: &str| !existing.iter().any(|live| live.metadata.name.as_deref() == Some(name));
        self.changes.retain(|change| is_new(change.name));
        self.next_renewal = None;
    }

    /// A bundle.
    pub fn bundle(&self, config_map: &str) -> Option<&str> {
        let map = self.config_maps.iter().find(|candidate| candidate.metadata.name.as_deref() == Some(config_map))?;
        map.data.as_ref()?.get(names::CA_CERTIFICATE_KEY).map(String::as_str)
    }

    /// A value of a Secret as text.
    pub fn text(&self, secret: &str, key: &str) -> Option<&str> {
        let secret = self.secrets.iter().find(|candidate| candidate.metadata.name.as_deref() == Some(secret))?;
        std::str::from_utf8(&secret.data.as_ref()?.get(key)?.0).ok()
    }
}

/// What users give to the certificates, PEM each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Their own service-account key.
    pub service_account_key: Option<String>,
    /// Authorities of client certificates of their own.
    pub client_authorities: String,
    /// What their own certificate for their own name of the API server may be checked against.
    pub custom_api_server_authorities: String,
    /// Former authorities of break-glass certificates that still count.
    pub former: BreakGlass,
}

/// Keeps what is good in `existing` (the Secrets of the namespace, ours or not) and makes the rest.
///
/// Without `endpoints` there is no `admin-kubeconfig` yet.
pub fn pki(
    plan: &Plan,
    endpoints: Option<&Endpoints>,
    existing: &[Secret],
    given: &Given,
    now: Timestamp,
    keys: &dyn KeySource,
) -> Result<Pki, hoist_pki::Error> {
    let rows = control_plane::rows(&inputs(plan, endpoints, given));
    let desired = hoist_pki::desired(&rows, &by_name(existing), now, keys)?;
    Ok(Pki {
        secrets: desired.secrets.iter().map(|(name, data)| secret(plan, name, data)).collect(),
        config_maps: desired.bundles.iter().map(|(name, data)| config_map(plan, name, data.clone())).collect(),
        changes: desired.changes,
        next_renewal: desired.next_renewal,
    })
}

/// Secrets as `hoist_pki` takes them.
pub fn by_name(secrets: &[Secret]) -> BTreeMap<String, Data> {
    secrets
        .iter()
        .filter_map(|secret| {
            let data = secret.data.iter().flatten().map(|(key, value)| (key.clone(), value.0.clone())).collect();
            Some((secret.metadata.name.clone()?, data))
        })
        .collect()
}

fn inputs(plan: &Plan, endpoints: Option<&Endpoints>, given: &Given) -> control_plane::Inputs {
    let namespace = &plan.identity.namespace;
    let mut api_server_names =
        vec![AlternativeName::Ip(plan.network.node_api.ip()), AlternativeName::Ip(plan.network.kubernetes_service_ip)];
    let published_name = |host: Option<&str>, known: Option<&str>| known.or(host).map(AlternativeName::of);
    api_server_names.extend(published_name(
        plan.publishing.api_server.host(),
        endpoints.map(|endpoints| endpoints.api_server.host.as_str()),
    ));
    api_server_names.extend(plan.custom_api_server_name.as_deref().map(AlternativeName::of));
    let konnectivity_names = published_name(
        plan.publishing.konnectivity.host(),
        endpoints.map(|endpoints| endpoints.konnectivity.host.as_str()),
    );
    control_plane::Inputs {
        namespace: namespace.clone(),
        host_cluster_domain: MANAGEMENT_DOMAIN.to_owned(),
        api_server_names,
        etcd_names: Vec::new(),
        konnectivity_names: konnectivity_names
            .into_iter()
            .chain([AlternativeName::Ip(plan.network.node_konnectivity().ip())])
            .collect(),
        published_api_server: endpoints.map(|endpoints| endpoints.api_server.https_url()),
        custom_api_server: endpoints.and_then(|endpoints| {
            let name = plan.custom_api_server_name.as_ref()?;
            Some(format!("https://{name}:{}", endpoints.api_server.port))
        }),
        internal_api_server: format!("https://{API_SERVER_SERVICE}:6443"),
        operator_api_server: format!("https://{API_SERVER_SERVICE}.{namespace}.svc:6443"),
        service_account_key: given.service_account_key.clone(),
        guest_operator_user: api_names::GUEST_OPERATOR_USER.to_owned(),
        guest_operator_admin_user: api_names::GUEST_OPERATOR_ADMIN_USER.to_owned(),
        break_glass: Some(given.former.clone()),
        client_authorities: given.client_authorities.clone(),
        custom_api_server_authorities: given.custom_api_server_authorities.clone(),
    }
}

fn secret(plan: &Plan, name: &str, data: &Data) -> Secret {
    let mut metadata = plan.identity.metadata(name);
    if data.contains_key(names::KUBECONFIG_KEY) {
        metadata.labels.get_or_insert_default().insert(labels::KUBECONFIG.to_owned(), "local".to_owned());
    }
    Secret {
        metadata,
        type_: Some("Opaque".to_owned()),
        data: Some(data.iter().map(|(key, value)| (key.clone(), ByteString(value.clone()))).collect()),
        ..Secret::default()
    }
}

fn config_map(plan: &Plan, name: &str, data: BTreeMap<String, String>) -> ConfigMap {
    ConfigMap { metadata: plan.identity.metadata(name), data: Some(data), ..ConfigMap::default() }
}
