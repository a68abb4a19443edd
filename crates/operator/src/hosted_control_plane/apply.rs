//! From a plan to objects in the control plane namespace, in the one order that works:
//! Services (their ports go into kubeconfigs), Secrets and ConfigMaps, etcd and kube-apiserver at once, then what needs them.

use std::sync::Arc;
use std::time::Duration;

use hoist_api::control_plane_component::{ComponentResource, ControlPlaneComponentSpec, ControlPlaneComponentStatus};
use hoist_api::dynamic::dynamic;
use hoist_api::{ControlPlaneComponent, HostedControlPlane};
use hoist_control_plane::encryption::rotation::Rotation;
use hoist_control_plane::pki::Given;
use hoist_control_plane::revocation::{self, Revocation};
use hoist_control_plane::{
    Component, ComponentName, Contents, EndpointsPending, Pki, audit_policy, authentication, components, endpoints,
    etcd, pki, services,
};
use hoist_controller::conditions::merge;
use hoist_controller::{ApiError, Pass, Scope, resources};
use hoist_plan::{Endpoints, Plan};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Secret, Service};
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};
use strum::IntoEnumIterator;

use super::encryption;
use super::error::Error;
use super::observe::Observed;
use super::workloads::Progress;
use super::{convergence, pods};
use crate::context::Context;
use crate::kept_releases;

/// What applying learned.
pub struct Applied {
    /// Where the cluster is published, or what is missing.
    pub endpoints: Result<Endpoints, EndpointsPending>,
    /// ClusterIP of the API server's Service.
    pub api_server_ip: Option<String>,
    /// Certificates.
    pub pki: Pki,
    /// How far each component is.
    pub progress: Vec<Progress>,
    /// Keys of stored data; `None` without encryption.
    pub rotation: Option<Rotation>,
    /// Requests to take break-glass certificates back, as this pass found them.
    pub revocations: Vec<Revocation>,
    /// Whether every pod of kube-apiserver that still exists was started with what was applied.
    pub is_converged: bool,
}

impl Applied {
    /// How far one component is.
    pub fn of(&self, name: ComponentName) -> Option<&Progress> {
        self.progress.iter().find(|progress| progress.name == name)
    }

    /// Whether the hosted API answers.
    pub fn is_api_available(&self) -> bool {
        self.of(ComponentName::KubeApiServer).is_some_and(Progress::is_available)
    }

    /// How long until a certificate is due.
    pub fn look_again(&self, now: Timestamp) -> Option<Duration> {
        let due = self.pki.next_renewal?.duration_since(now);
        Some(Duration::try_from(due).unwrap_or_default().max(Duration::from_secs(60)))
    }
}

/// Applies everything.
pub async fn apply(
    ctx: &Arc<Context>,
    control_plane: &HostedControlPlane,
    plan: &Plan,
    observed: &Observed,
) -> Result<Applied, Error> {
    let namespace = &plan.identity.namespace;
    let scope = scope(namespace);
    let mut pass = ctx.sets.begin(&ctx.client, &scope).await?;
    let wanted_services = services(plan);
    pass.apply(wanted_services.iter().map(dynamic).collect()).await?;
    if pass.live("StatefulSet", ComponentName::Etcd.as_ref()).is_none() {
        make_claims(ctx, plan).await?;
    }
    let live_services: Vec<Service> =
        wanted_services.iter().filter_map(|service| pass.typed(&service.name_any())).collect();
    let endpoints = endpoints(plan, &live_services, &ctx.front.services());
    let api_server_ip = live_services
        .iter()
        .find(|service| service.name_any() == "kube-apiserver")
        .and_then(|service| service.spec.as_ref()?.cluster_ip.clone())
        .filter(|address| !address.is_empty() && address != "None");

    let existing: Vec<Secret> =
        pass.all_live("Secret").filter_map(|secret| secret.clone().try_parse::<Secret>().ok()).collect();
    let revocations = revocation::begin(&observed.revocations, &existing);
    let pki = make_pki(ctx, plan, endpoints.as_ref().ok(), existing, &revocations, observed).await?;
    let mut secrets = pki.secrets.clone();
    secrets.extend(revocation::secrets(plan, &revocations));
    let rotation = encryption::begin(control_plane, plan, observed, &pass, ctx.clock.now())?;
    secrets.extend(rotation.as_ref().map(|rotation| hoist_control_plane::encryption::secret(plan, &rotation.keys)));
    let mut needed: Vec<DynamicObject> = secrets.iter().map(dynamic).collect();
    needed.extend(pki.config_maps.iter().map(dynamic));
    let own_maps: Vec<ConfigMap> =
        audit_policy(plan).into_iter().chain(authentication(plan)).chain([revocation::signers(plan, &pki)]).collect();
    needed.extend(own_maps.iter().map(dynamic));
    needed.push(dynamic(&releases(plan, observed)));
    needed.extend(ComponentName::iter().map(|name| dynamic(&component_object(plan, name))));
    let contents = Contents::of(
        secrets.iter().chain(&observed.secrets),
        pki.config_maps.iter().chain(&observed.config_maps).chain(&own_maps),
    );
    let mut workloads = Vec::new();
    for Component { name, mut objects } in components(plan, &contents) {
        if let Some(workload) = objects.pop() {
            workloads.push((name, workload));
        }
        needed.extend(objects);
    }
    pass.apply(needed).await?;

    let mut progress = Vec::new();
    let (independent, dependent): (Vec<_>, Vec<_>) =
        workloads.into_iter().partition(|(name, _)| name.depends_on().is_empty());
    pass.apply(independent.iter().map(|(_, workload)| workload.clone()).collect()).await?;
    for (name, _) in &independent {
        progress.push(Progress::of(&pass, *name, &[]));
    }
    let mut ready = Vec::new();
    for (name, workload) in dependent {
        let withheld = waits_for(name, &progress);
        if withheld.is_empty() {
            ready.push(workload);
        } else {
            pass.keep(&workload)?;
        }
        progress.push(Progress::of(&pass, name, &withheld));
    }
    pass.apply(ready).await?;
    // Their first look was before they were applied.
    for entry in progress.iter_mut().filter(|entry| !entry.name.depends_on().is_empty()) {
        *entry = Progress::of(&pass, entry.name, &entry.withheld);
    }
    publish_components(ctx, control_plane, plan, &pass, &progress, observed).await?;
    let is_converged = progress
        .iter()
        .find(|entry| entry.name == ComponentName::KubeApiServer)
        .is_some_and(|entry| convergence::is_converged(entry, &pass, &observed.pods));
    let outcome = pass.finish().await?;
    ctx.metrics.wrote(super::NAME, outcome.applied + outcome.swept);
    Ok(Applied { endpoints, api_server_ip, pki, progress, rotation, revocations, is_converged })
}

/// Makes etcd's claims before anything else, so that volumes are made while keys are. They are no part of the set: what holds
/// data is never swept.
async fn make_claims(ctx: &Context, plan: &Plan) -> Result<(), ApiError> {
    let api: Api<PersistentVolumeClaim> = Api::namespaced(ctx.client.clone(), &plan.identity.namespace);
    for claim in etcd::claims(plan) {
        ctx.calls.create(&api, &claim).await?;
    }
    Ok(())
}

/// How far the components are, without changing anything.
pub async fn look(ctx: &Context, namespace: &str) -> Result<Vec<Progress>, ApiError> {
    let scope = scope(namespace);
    let pass = ctx.sets.begin(&ctx.client, &scope).await?;
    Ok(ComponentName::iter().map(|name| Progress::of(&pass, name, &[])).collect())
}

/// What of the namespace this controller owns.
pub fn scope(namespace: &str) -> Scope {
    Scope {
        name: super::NAME.to_owned(),
        namespace: Some(namespace.to_owned()),
        kinds: [
            ("v1", "Secret"),
            ("v1", "ConfigMap"),
            ("v1", "Service"),
            ("apps/v1", "StatefulSet"),
            ("apps/v1", "Deployment"),
            ("policy/v1", "PodDisruptionBudget"),
            ("hypershift.openshift.io/v1beta1", "ControlPlaneComponent"),
        ]
        .map(|(version, kind)| resources::resource(version, kind))
        .to_vec(),
    }
}

/// A component that was made before waits too: during an upgrade it moves only after what it depends on.
fn waits_for(name: ComponentName, progress: &[Progress]) -> Vec<ComponentName> {
    name.depends_on()
        .iter()
        .filter(|needed| {
            !progress.iter().any(|entry| entry.name == **needed && entry.is_available() && entry.is_complete())
        })
        .copied()
        .collect()
}

/// Making keys keeps a processor busy, so it does not happen on the threads that serve everybody.
async fn make_pki(
    ctx: &Context,
    plan: &Plan,
    endpoints: Option<&Endpoints>,
    existing: Vec<Secret>,
    revocations: &[Revocation],
    observed: &Observed,
) -> Result<Pki, Error> {
    let existing = if plan.is_pki_frozen { existing } else { revocation::kept(existing, revocations) };
    let service_account_key = plan.service_account_signing_key.as_ref().and_then(|name| {
        let value = observed.facts.secrets.get(name)?.get("key")?;
        String::from_utf8(value.clone()).ok()
    });
    let given = Given {
        service_account_key,
        client_authorities: client_authorities(plan, observed),
        custom_api_server_authorities: custom_authorities(plan, observed),
        former: revocation::former(revocations),
    };
    let (plan, endpoints, now, keys) = (plan.clone(), endpoints.cloned(), ctx.clock.now(), Arc::clone(&ctx.keys));
    let made = tokio::task::spawn_blocking(move || {
        let mut made = pki(&plan, endpoints.as_ref(), &existing, &given, now, keys.as_ref())?;
        if plan.is_pki_frozen {
            made.freeze(&existing);
        }
        Ok::<_, hoist_pki::Error>(made)
    })
    .await
    .map_err(|_| Error::Interrupted)??;
    for change in made.changes.iter().filter(|change| !change.reason.is_empty()) {
        tracing::info!(secret = change.name, reason = change.reason, "renewed a certificate");
    }
    Ok(made)
}

/// The user's own authorities of client certificates.
fn client_authorities(plan: &Plan, observed: &Observed) -> String {
    let map = plan.api_server_configuration.client_authorities.as_ref();
    map.and_then(|name| observed.facts.config_maps.get(name)?.get("ca-bundle.crt")).cloned().unwrap_or_default()
}

/// What the certificate that is shown for the user's own name may be checked against: whatever comes with it. Its authority may
/// be one that no machine knows.
fn custom_authorities(plan: &Plan, observed: &Observed) -> String {
    let own = plan.custom_api_server_name.as_ref();
    let certificate = own.and_then(|name| plan.api_server_configuration.certificate_for(name));
    let Some(data) = certificate.and_then(|certificate| observed.facts.secrets.get(&certificate.secret)) else {
        return String::new();
    };
    let text = |key: &str| data.get(key).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let mut all = String::new();
    for pem in ["ca.crt", "tls.crt"].into_iter().filter_map(text) {
        all.push_str(pem.trim_end());
        all.push('\n');
    }
    all
}

/// What this control plane and its nodes run.
fn releases(plan: &Plan, observed: &Observed) -> ConfigMap {
    let of_pools = observed.node_pools.iter().filter_map(|(pool, release)| {
        let release = release.as_ref().ok()?;
        Some((pool.spec.release.image.as_str(), release.as_ref()))
    });
    let own = (observed.image.as_str(), &plan.release);
    kept_releases::config_map(&plan.identity, of_pools.chain([own]))
}

fn component_object(plan: &Plan, name: ComponentName) -> ControlPlaneComponent {
    ControlPlaneComponent {
        metadata: plan.identity.metadata(name.as_ref()),
        spec: ControlPlaneComponentSpec::default(),
        status: None,
    }
}

/// The status of each ControlPlaneComponent, written only where it changed.
async fn publish_components(
    ctx: &Context,
    control_plane: &HostedControlPlane,
    plan: &Plan,
    pass: &Pass<'_>,
    progress: &[Progress],
    observed: &Observed,
) -> Result<(), ApiError> {
    let api: Api<ControlPlaneComponent> = Api::namespaced(ctx.client.clone(), &plan.identity.namespace);
    let troubles = pods::troubles(&observed.pods);
    for entry in progress {
        let Some(component) = pass.typed::<ControlPlaneComponent>(entry.name.as_ref()) else { continue };
        let before = component.status.clone().unwrap_or_default();
        let kind = entry.name.workload();
        let status = ControlPlaneComponentStatus {
            conditions: merge(
                &before.conditions,
                &entry.verdicts(&troubles),
                control_plane.metadata.generation,
                ctx.clock.now(),
            ),
            // The last version that was complete stays until the next one is.
            version: if entry.is_complete() { Some(plan.release.version.to_string()) } else { before.version.clone() },
            resources: vec![ComponentResource {
                kind: kind.to_string(),
                group: "apps".to_owned(),
                name: entry.name.to_string(),
            }],
            observed_generation: entry.generation,
        };
        ctx.calls.publish_status(&api, &component, component.status.as_ref(), &status).await?;
    }
    Ok(())
}
