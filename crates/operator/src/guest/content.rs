//! Keeping in a hosted cluster what shall be there.
//!
//! Two identities, in this order: the administrator gives the operator's own user its rights, and that user does the rest.

use std::sync::Arc;
use std::time::Duration;

use hoist_controller::{ApiError, Scope, error_chain, resources};
use hoist_guest::apply_sets;
use hoist_plan::rollout::Target;
use kube::core::DynamicObject;

use super::Shared;
use crate::context::Context;

/// Somebody may delete a DaemonSet of ours in the meantime; nobody watches for that.
const LOOK_AGAIN: Duration = Duration::from_secs(5 * 60);
/// First and longest pause after a failure.
const RETRY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

/// What a hosted cluster shall contain.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Content {
    /// Rights, applied by the administrator.
    pub access: Vec<DynamicObject>,
    /// Admission policies, applied by the administrator.
    pub admission: Vec<DynamicObject>,
    /// The rest, applied by the operator's own user; what others need comes first.
    pub objects: Vec<DynamicObject>,
    /// Objects that stay as they are, because what they should say is not known at the moment.
    pub kept: Vec<DynamicObject>,
    /// What the hosts of each NodePool shall run, as their configuration among the objects says.
    pub targets: std::collections::BTreeMap<String, Target>,
}

/// Applies the content whenever it changes, and from time to time.
pub async fn keep(ctx: Arc<Context>, shared: Arc<Shared>) {
    let mut wanted = shared.content.subscribe();
    let mut retry = RETRY.0;
    loop {
        let content = wanted.borrow_and_update().clone();
        let pause = match content {
            None => LOOK_AGAIN,
            Some(content) => {
                let outcome = apply(&ctx, &shared, &content).await;
                if let Err(error) = &outcome {
                    let namespace = &shared.connection.namespace;
                    tracing::warn!(
                        namespace,
                        error = error_chain(error),
                        "the hosted cluster's content was not applied"
                    );
                }
                let pause = if outcome.is_ok() { LOOK_AGAIN } else { retry };
                retry = if outcome.is_ok() { RETRY.0 } else { (retry * 2).min(RETRY.1) };
                let result = outcome.map_err(|error| error_chain(&error));
                shared.learn(&ctx, |state| state.content = Some(result));
                pause
            }
        };
        tokio::select! {
            changed = wanted.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(pause) => {}
        }
    }
}

pub(super) async fn apply(ctx: &Context, shared: &Shared, content: &Content) -> Result<(), ApiError> {
    let rights = Scope {
        name: apply_sets::ACCESS.to_owned(),
        namespace: None,
        kinds: ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]
            .map(|kind| resources::resource("rbac.authorization.k8s.io/v1", kind))
            .to_vec(),
    };
    let mut pass = shared.sets.begin(&shared.admin, &rights).await?;
    // Roles before bindings: a binding may be made only by who holds the role, and the administrator holds all that exist.
    let (bindings, roles): (Vec<_>, Vec<_>) = content
        .access
        .iter()
        .cloned()
        .partition(|object| object.types.as_ref().is_some_and(|types| types.kind.ends_with("Binding")));
    pass.apply(roles).await?;
    pass.apply(bindings).await?;
    let outcome = pass.finish().await?;
    ctx.metrics.wrote("guest", outcome.applied + outcome.swept);
    shared.has_rights.send_replace(true);

    let policies = Scope {
        name: apply_sets::ADMISSION.to_owned(),
        namespace: None,
        kinds: ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]
            .map(|kind| resources::resource("admissionregistration.k8s.io/v1", kind))
            .to_vec(),
    };
    let mut pass = shared.sets.begin(&shared.admin, &policies).await?;
    pass.apply(content.admission.clone()).await?;
    let outcome = pass.finish().await?;
    ctx.metrics.wrote("guest", outcome.applied + outcome.swept);

    let rest = Scope {
        name: apply_sets::CONTENT.to_owned(),
        namespace: Some("kube-system".to_owned()),
        kinds: [
            ("v1", "ConfigMap"),
            ("v1", "Secret"),
            ("v1", "ServiceAccount"),
            ("v1", "Service"),
            ("apps/v1", "DaemonSet"),
            ("apps/v1", "Deployment"),
            ("rbac.authorization.k8s.io/v1", "Role"),
            ("rbac.authorization.k8s.io/v1", "RoleBinding"),
        ]
        .map(|(version, kind)| resources::resource(version, kind))
        .to_vec(),
    };
    let mut pass = shared.sets.begin(&shared.client, &rest).await?;
    let (listed, elsewhere): (Vec<_>, Vec<_>) =
        content.objects.iter().cloned().partition(|object| object.metadata.namespace.as_deref() == Some("kube-system"));
    pass.read(&elsewhere).await?;
    let (workloads, needed): (Vec<_>, Vec<_>) = listed.into_iter().partition(|object| {
        object
            .types
            .as_ref()
            .is_some_and(|types| ["DaemonSet", "Deployment", "RoleBinding"].contains(&types.kind.as_str()))
    });
    for object in &content.kept {
        pass.keep(object)?;
    }
    pass.apply(elsewhere).await?;
    pass.apply(needed).await?;
    pass.apply(workloads).await?;
    let outcome = pass.finish().await?;
    ctx.metrics.wrote("guest", outcome.applied + outcome.swept);
    Ok(())
}
