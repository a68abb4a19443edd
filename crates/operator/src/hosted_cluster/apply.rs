//! Namespace, rights, copies, HostedControlPlane, kubeconfig: in this order, because each needs the one before.

use std::sync::Arc;

use hoist_api::dynamic::dynamic;
use hoist_api::hosted_cluster::references::KubeconfigSecretRef;
use hoist_api::{HostedCluster, HostedControlPlane, annotations, names};
use hoist_controller::{Scope, resources};
use hoist_plan::Plan;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{DeleteParams, Preconditions};
use kube::core::{DynamicObject, ObjectMeta};
use kube::{Api, ResourceExt};

use super::build;
use super::error::Error;
use super::observe::Observed;
use crate::context::Context;
use crate::{copies, rights};

/// Applies everything; `true` when the HostedControlPlane was as it should be already.
pub async fn apply(
    ctx: &Arc<Context>,
    hosted_cluster: &HostedCluster,
    plan: &Plan,
    observed: &Observed,
) -> Result<bool, Error> {
    let identity = &plan.identity;
    ensure_namespace(ctx, hosted_cluster, plan).await?;
    ctx.rights.ensure(&ctx.client, &ctx.calls, &identity.namespace, rights::Scope::ControlPlane).await?;
    let scope = Scope {
        name: copies::SET.to_owned(),
        namespace: Some(identity.namespace.clone()),
        kinds: [("v1", "Secret"), ("v1", "ConfigMap"), ("hypershift.openshift.io/v1beta1", "HostedControlPlane")]
            .map(|(version, kind)| resources::resource(version, kind))
            .to_vec(),
    };
    let mut pass = ctx.sets.begin(&ctx.client, &scope).await?;
    pass.apply(copies::objects(identity, &observed.named, &observed.facts.secrets, &observed.facts.config_maps))
        .await?;
    pass.apply(vec![dynamic(&build::control_plane(hosted_cluster, identity))]).await?;
    let outcome = pass.finish().await?;
    ctx.metrics.wrote(super::NAME, outcome.applied + outcome.swept);
    if !outcome.is_idle() && observed.control_plane.is_some() {
        // The copies are not watched: an edit of the control plane brings a pass over it, a new pull secret alone would not.
        ctx.triggers.control_plane(&identity.namespace, &identity.hosted_cluster_name);
    }
    copy_kubeconfigs(ctx, hosted_cluster, observed.control_plane.as_ref()).await?;
    remove_custom_kubeconfig(ctx, hosted_cluster).await?;
    Ok(outcome.is_idle())
}

/// Tells the HostedControlPlane of the pause, and changes nothing else of it: what it was asked for last stays.
pub async fn pass_on_pause(
    ctx: &Arc<Context>,
    hosted_cluster: &HostedCluster,
    control_plane: Option<&HostedControlPlane>,
) -> Result<(), Error> {
    let paused_until = &hosted_cluster.spec.paused_until;
    let Some(live) = control_plane.filter(|live| live.spec.paused_until != *paused_until) else { return Ok(()) };
    let mut wanted = build::control_plane(hosted_cluster, &build::identity(hosted_cluster));
    wanted.spec = live.spec.clone();
    wanted.spec.paused_until.clone_from(paused_until);
    wanted.metadata.annotations = Some(live.annotations().clone());
    // Under the set's own name, so that the next complete pass takes the pause away again; unfinished, so that nothing is swept.
    let scope = Scope { name: copies::SET.to_owned(), namespace: live.namespace(), kinds: Vec::new() };
    let mut pass = ctx.sets.begin(&ctx.client, &scope).await?;
    pass.apply(vec![dynamic(&wanted)]).await?;
    Ok(())
}

async fn ensure_namespace(ctx: &Context, hosted_cluster: &HostedCluster, plan: &Plan) -> Result<(), Error> {
    let identity = &plan.identity;
    let api: Api<Namespace> = Api::all(ctx.client.clone());
    if let Some(existing) = ctx.calls.get(&api, &identity.namespace).await?
        && !build::is_own(&existing, identity)
    {
        return Err(Error::ForeignNamespace { namespace: identity.namespace.clone() });
    }
    let scope = Scope { name: "namespaces".to_owned(), namespace: None, kinds: Vec::new() };
    let level = hosted_cluster.annotations().get(annotations::POD_SECURITY_LEVEL);
    let wanted = vec![dynamic(&build::namespace(identity, level.map(String::as_str)))];
    let mut pass = ctx.sets.begin(&ctx.client, &scope).await?;
    pass.read(&wanted).await?;
    pass.apply(wanted).await?;
    Ok(())
}

/// The administrator's kubeconfigs beside the HostedCluster, as soon as there are any: they are good before the API server
/// answers.
pub async fn copy_kubeconfigs(
    ctx: &Context,
    hosted_cluster: &HostedCluster,
    control_plane: Option<&HostedControlPlane>,
) -> Result<(), Error> {
    let Some(status) = control_plane.and_then(|found| found.status.as_ref()) else { return Ok(()) };
    let cluster = hosted_cluster.name_any();
    let mut wanted = Vec::new();
    for (reference, copy) in [
        (&status.kube_config, names::admin_kubeconfig(&cluster)),
        (&status.custom_kubeconfig, names::custom_admin_kubeconfig(&cluster)),
    ] {
        let is_over = copy == names::custom_admin_kubeconfig(&cluster)
            && hosted_cluster.spec.kube_api_server_dns_name.as_ref().is_none_or(String::is_empty);
        let Some(reference) = reference.as_ref().filter(|_| !is_over) else { continue };
        wanted.extend(kubeconfig_copy(ctx, hosted_cluster, reference, copy).await?);
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let scope = Scope {
        name: format!("kubeconfig.{}", hosted_cluster.uid().unwrap_or_default()),
        namespace: hosted_cluster.namespace(),
        kinds: Vec::new(),
    };
    let mut pass = ctx.sets.begin(&ctx.client, &scope).await?;
    pass.read(&wanted).await?;
    pass.apply(wanted).await?;
    Ok(())
}

/// Takes the kubeconfig for the user's own name away when there is no such name any more.
async fn remove_custom_kubeconfig(ctx: &Context, hosted_cluster: &HostedCluster) -> Result<(), Error> {
    let has_name = hosted_cluster.spec.kube_api_server_dns_name.as_ref().is_some_and(|name| !name.is_empty());
    let published = hosted_cluster.status.as_ref().and_then(|status| status.custom_kubeconfig.as_ref());
    let Some(published) = published.filter(|_| !has_name) else { return Ok(()) };
    let api: Api<Secret> = Api::namespaced(ctx.client.clone(), &hosted_cluster.namespace().unwrap_or_default());
    let Some(secret) = ctx.calls.get(&api, &published.name).await? else { return Ok(()) };
    let is_ours =
        secret.owner_references().iter().any(|owner| Some(&owner.uid) == hosted_cluster.metadata.uid.as_ref());
    if is_ours {
        let preconditions = Preconditions { uid: secret.uid(), resource_version: None };
        let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
        ctx.calls.delete(&api, &published.name, &parameters).await?;
    }
    Ok(())
}

async fn kubeconfig_copy(
    ctx: &Context,
    hosted_cluster: &HostedCluster,
    reference: &KubeconfigSecretRef,
    copy: String,
) -> Result<Option<DynamicObject>, Error> {
    let from: Api<Secret> = Api::namespaced(ctx.client.clone(), &super::namespace_of(hosted_cluster));
    let Some(source) = ctx.calls.get(&from, &reference.name).await? else { return Ok(None) };
    let Some(kubeconfig) = source.data.as_ref().and_then(|data| data.get(&reference.key)).cloned() else {
        return Ok(None);
    };
    let metadata = build::identity(hosted_cluster).metadata("");
    Ok(Some(dynamic(&Secret {
        metadata: ObjectMeta {
            name: Some(copy),
            namespace: hosted_cluster.namespace(),
            owner_references: kube::Resource::controller_owner_ref(hosted_cluster, &()).map(|owner| vec![owner]),
            labels: metadata.labels,
            annotations: metadata.annotations,
            ..ObjectMeta::default()
        },
        type_: Some("Opaque".to_owned()),
        data: Some([("kubeconfig".to_owned(), kubeconfig)].into()),
        ..Secret::default()
    })))
}
