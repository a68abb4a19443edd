//! Keys of stored data in a pass: what the rotation is decided from, and what is said of it.

use hoist_api::HostedControlPlane;
use hoist_api::annotations::COPY_OF;
use hoist_api::conditions::{ConditionType as Type, Reason};
use hoist_api::hosted_cluster::secret_encryption::{
    EncryptionMigrationState, SecretEncryptionKeyStatus, SecretEncryptionStatus,
};
use hoist_control_plane::ComponentName;
use hoist_control_plane::encryption::rotation::{self, Facts, Inputs, MissingKey, NamedKey, Rotation};
use hoist_control_plane::encryption::{self, Key};
use hoist_controller::Pass;
use hoist_controller::conditions::Verdict;
use hoist_plan::Plan;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;

use super::observe::Observed;
use super::status::Judged;
use crate::guest::State;

/// Takes up what the user wants; `None` without encryption.
pub fn begin(
    control_plane: &HostedControlPlane,
    plan: &Plan,
    observed: &Observed,
    pass: &Pass<'_>,
    now: Timestamp,
) -> Result<Option<Rotation>, MissingKey> {
    let Some(wanted) = &plan.encryption else { return Ok(None) };
    let Some(active) = named_key(observed, &wanted.active_key) else { return Ok(None) };
    let backup = wanted.backup_key.as_ref().and_then(|name| named_key(observed, name));
    let inputs = Inputs {
        active: &active,
        backup: backup.as_ref(),
        live: pass.typed::<Secret>(encryption::SECRET).as_ref().and_then(encryption::read),
        has_data: pass.live("Deployment", ComponentName::KubeApiServer.as_ref()).is_some(),
        status: control_plane.status.as_ref().and_then(|status| status.secret_encryption.as_ref()),
        now,
    };
    rotation::begin(&inputs).map(Some)
}

/// The key in a copy, under the name that the user gave its Secret.
fn named_key(observed: &Observed, copy: &str) -> Option<NamedKey> {
    let secret = observed.secrets.iter().find(|secret| secret.name_any() == copy)?;
    let key = Key::new(secret.data.as_ref()?.get("key")?.0.clone());
    let original = secret.annotations().get(COPY_OF).map_or(copy, String::as_str);
    Some(NamedKey { secret: original.to_owned(), key })
}

/// The status after this pass; `None` when nothing was applied.
pub fn advanced(judged: &Judged<'_>, now: Timestamp) -> Option<SecretEncryptionStatus> {
    let applied = judged.outcome?.ok()?;
    let rotation = applied.rotation.as_ref()?;
    let rewritten = judged.guest.and_then(|(state, _)| state.rewritten.as_ref());
    let facts = Facts {
        is_converged: applied.is_converged,
        migrated: rewritten.filter(|last| last.outcome.is_ok()).map(|last| last.migration.as_str()),
    };
    Some(rotation.advance(&facts, now))
}

/// What is said of it; nothing without encryption.
pub fn verdict(status: Option<&SecretEncryptionStatus>, guest: Option<&State>) -> Option<Verdict> {
    let status = status?;
    let name = |key: &Option<SecretEncryptionKeyStatus>| {
        let aescbc = key.as_ref().and_then(|key| key.aescbc.as_ref());
        aescbc.map_or("none", |aescbc| aescbc.secret.name.as_str()).to_owned()
    };
    let verdict = |is_done: bool, reason: Reason, message: String| {
        Some(Verdict::new(Type::EtcdDataEncryptionUpToDate, is_done, reason, message))
    };
    let target = name(&status.target_key);
    let Some(entry) = rotation::in_progress(status) else {
        let message = format!("everything is encrypted with the key in Secret {}", name(&status.active_key));
        return verdict(true, Reason::AsExpected, message);
    };
    match entry.state {
        EncryptionMigrationState::ReadOnlyDeploy => verdict(
            false,
            Reason::ReadOnlyDeploy,
            format!("every API server learns to read with the key in Secret {target}; the former key is kept"),
        ),
        EncryptionMigrationState::WritePromote => verdict(
            false,
            Reason::WritePromote,
            format!("every API server begins to write with the key in Secret {target}; the former key is kept"),
        ),
        _ => match failure(guest, status) {
            Some(cause) => verdict(
                false,
                Reason::MigrationFailed,
                format!(
                    "not everything could be stored again with the key in Secret {target}, so the former key is kept: {cause}; it is tried again"
                ),
            ),
            None => verdict(
                false,
                Reason::Migrating,
                format!(
                    "everything is stored again with the key in Secret {target}; the former key is kept until then"
                ),
            ),
        },
    }
}

fn failure<'a>(guest: Option<&'a State>, status: &SecretEncryptionStatus) -> Option<&'a String> {
    let last = guest?.rewritten.as_ref()?;
    let rotation = rotation::migration(status)?;
    last.outcome.as_ref().err().filter(|_| last.migration == rotation)
}

#[cfg(test)]
pub(super) mod tests;
