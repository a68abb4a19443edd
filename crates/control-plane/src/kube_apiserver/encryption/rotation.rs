//! Another key, without a moment at which something could not be read.
//!
//! Every API server first learns to read with the new key (`ReadOnlyDeploy`), then each writes with it (`WritePromote`), then
//! all that was written before is written again (`Migrating`), and only then the former key goes. A step begins when no pod is
//! left that has not made the one before. Keys in use are those that kube-apiserver was given last: the user's Secret of a
//! former key may be gone long before.

use hoist_api::hosted_cluster::secret_encryption::{
    AescbcKeyStatus, EncryptionKeyFingerprint, EncryptionMigrationHistory, EncryptionMigrationState,
    SecretEncryptionKeyStatus, SecretEncryptionProvider, SecretEncryptionStatus, SecretReference,
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{Key, Keys};

/// Changes of keys that a status keeps. HyperShift's.
const HISTORY: usize = 5;
/// Stands for a key where there was none: what was stored before encryption.
const NO_KEY: &str = "identity";

/// A key, and the Secret that the user has it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedKey {
    /// Name of the Secret beside the HostedCluster.
    pub secret: String,
    /// The key.
    pub key: Key,
}

/// What a rotation is decided from.
#[derive(Debug, Clone)]
pub struct Inputs<'a> {
    /// Shall encrypt.
    pub active: &'a NamedKey,
    /// Shall still decrypt.
    pub backup: Option<&'a NamedKey>,
    /// What kube-apiserver was given last.
    pub live: Option<Keys>,
    /// Whether something may be stored already: kube-apiserver was made before.
    pub has_data: bool,
    /// What was published last.
    pub status: Option<&'a SecretEncryptionStatus>,
    /// Now.
    pub now: Timestamp,
}

/// Where a change of keys stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotation {
    /// To be published; a new wish of the user's is in it.
    pub status: SecretEncryptionStatus,
    /// What kube-apiserver shall be given.
    pub keys: Keys,
}

/// What was seen since.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// Whether every pod of kube-apiserver that still exists was started with [`Rotation::keys`].
    pub is_converged: bool,
    /// The [`Rotation::migration`] after which everything was written again.
    pub migrated: Option<&'a str>,
}

/// A key without which stored data cannot be read, and that is nowhere. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "stored data is encrypted with a key of which only the hash {hash} is left{}: it is neither in Secret {} nor in those \
     that spec.secretEncryption.aescbc names; name a Secret with it in spec.secretEncryption.aescbc.backupKey",
    .secret.as_ref().map(|name| format!(" (it was in Secret {name})")).unwrap_or_default(),
    super::SECRET
)]
pub struct MissingKey {
    /// Its hash.
    pub hash: String,
    /// The Secret that had it, as far as that is known.
    pub secret: Option<String>,
}

/// Takes up what the user wants, and says what kube-apiserver shall be given for the step that was published last.
///
/// A new key only ever becomes readable here: every later step is [`Rotation::advance`]'s, and is published before it is made.
pub fn begin(inputs: &Inputs<'_>) -> Result<Rotation, MissingKey> {
    let status = noticed(inputs);
    let pool = pool(inputs, &status);
    for (hash, secret) in needed(&status) {
        if !pool.iter().any(|key| key.hash() == hash) {
            return Err(MissingKey { hash, secret });
        }
    }
    let keys = match in_progress(&status).map(|entry| entry.state) {
        None => {
            let backup = inputs.backup.map(|backup| backup.key.clone());
            Keys::encrypting(first_of_all(
                &inputs.active.key.hash(),
                [inputs.active.key.clone()].into_iter().chain(backup),
            ))
        }
        Some(EncryptionMigrationState::ReadOnlyDeploy) => {
            let writes_plain = inputs.live.as_ref().map_or(status.active_key.is_none(), |live| live.writes_plain);
            Keys { keys: pool, writes_plain }
        }
        Some(_) => Keys::encrypting(first_of_all(&inputs.active.key.hash(), pool)),
    };
    Ok(Rotation { status, keys })
}

impl Rotation {
    /// The status after what was seen.
    pub fn advance(&self, facts: &Facts<'_>, now: Timestamp) -> SecretEncryptionStatus {
        use EncryptionMigrationState as State;
        let mut status = self.status.clone();
        let migration = self.migration();
        let Some(entry) = in_progress_mut(&mut status) else { return status };
        match entry.state {
            State::ReadOnlyDeploy if facts.is_converged => entry.state = State::WritePromote,
            State::WritePromote if facts.is_converged => entry.state = State::Migrating,
            State::Migrating if migration.is_some() && facts.migrated == migration.as_deref() => {
                entry.state = State::Completed;
                entry.completion_time = Some(whole_second(now));
                status.active_key = status.target_key.take();
            }
            _ => {}
        }
        status
    }

    /// As [`migration`].
    pub fn migration(&self) -> Option<String> {
        migration(&self.status)
    }
}

/// What has to be written again, as a name that no other change of keys has; `None` while there is nothing to do.
pub fn migration(status: &SecretEncryptionStatus) -> Option<String> {
    let entry = in_progress(status)?;
    let is_due = entry.state == EncryptionMigrationState::Migrating;
    is_due.then(|| format!("{}@{}", entry.to.fingerprint, entry.started_time.0))
}

/// The change of keys that is under way.
pub fn in_progress(status: &SecretEncryptionStatus) -> Option<&EncryptionMigrationHistory> {
    status.history.as_ref()?.first().filter(|entry| is_in_progress(entry))
}

fn in_progress_mut(status: &mut SecretEncryptionStatus) -> Option<&mut EncryptionMigrationHistory> {
    status.history.as_mut()?.first_mut().filter(|entry| is_in_progress(entry))
}

fn is_in_progress(entry: &EncryptionMigrationHistory) -> bool {
    !matches!(entry.state, EncryptionMigrationState::Completed | EncryptionMigrationState::Interrupted)
}

/// The status with what the user wants now.
fn noticed(inputs: &Inputs<'_>) -> SecretEncryptionStatus {
    let mut status = inputs.status.cloned().unwrap_or_default();
    let wanted = inputs.active.key.hash();
    let named = key_status(inputs.active);
    let current = |key: &Option<SecretEncryptionKeyStatus>| key.as_ref().and_then(hash_of).map(str::to_owned);
    match (current(&status.active_key), current(&status.target_key), &inputs.live) {
        (_, Some(target), _) if target == wanted && in_progress(&status).is_some() => status.target_key = Some(named),
        (_, Some(target), _) => start(&mut status, target, named, inputs.now),
        (Some(active), None, _) if active == wanted => status.active_key = Some(named),
        (Some(active), None, _) => start(&mut status, active, named, inputs.now),
        // A new cluster, or one whose only key is the wanted one: nothing else can have been written.
        (None, None, None) if !inputs.has_data => status.active_key = Some(named),
        (None, None, Some(live)) if !live.writes_plain && live.keys == [inputs.active.key.clone()] => {
            status.active_key = Some(named);
        }
        (None, None, Some(live)) if !live.writes_plain => {
            // With several keys nobody knows what is encrypted with which: everything is written again.
            let former = live.keys.iter().find(|key| **key != inputs.active.key).unwrap_or(&inputs.active.key).hash();
            start(&mut status, former, named, inputs.now);
        }
        (None, None, _) => start(&mut status, NO_KEY.to_owned(), named, inputs.now),
    }
    status
}

fn start(status: &mut SecretEncryptionStatus, from: String, to: SecretEncryptionKeyStatus, now: Timestamp) {
    if let Some(entry) = in_progress_mut(status) {
        entry.state = EncryptionMigrationState::Interrupted;
        entry.completion_time = Some(whole_second(now));
    }
    let fingerprint =
        |fingerprint: String| EncryptionKeyFingerprint { provider: SecretEncryptionProvider::AESCBC, fingerprint };
    let history = status.history.get_or_insert_default();
    history.insert(
        0,
        EncryptionMigrationHistory {
            state: EncryptionMigrationState::ReadOnlyDeploy,
            started_time: whole_second(now),
            completion_time: None,
            from: fingerprint(from),
            to: fingerprint(hash_of(&to).unwrap_or_default().to_owned()),
        },
    );
    history.truncate(HISTORY);
    status.target_key = Some(to);
}

/// Every key at hand: those in use in their order, the wanted ones behind them.
fn pool(inputs: &Inputs<'_>, status: &SecretEncryptionStatus) -> Vec<Key> {
    let wanted = [Some(inputs.active), inputs.backup].into_iter().flatten().map(|named| named.key.clone());
    if let Some(live) = &inputs.live {
        return distinct(live.keys.iter().cloned().chain(wanted));
    }
    let active = status.active_key.as_ref().and_then(hash_of).unwrap_or_default();
    first_of_all(active, wanted)
}

/// Hashes of the keys that stored data may be encrypted with, each with the Secret that had it.
fn needed(status: &SecretEncryptionStatus) -> Vec<(String, Option<String>)> {
    let of_key = |key: &SecretEncryptionKeyStatus| {
        let aescbc = key.aescbc.as_ref()?;
        Some((aescbc.data_hash.clone(), Some(aescbc.secret.name.clone())))
    };
    let mut needed: Vec<_> =
        [&status.active_key, &status.target_key].into_iter().flatten().filter_map(of_key).collect();
    let unfinished = status
        .history
        .iter()
        .flatten()
        .take_while(|entry| entry.state != EncryptionMigrationState::Completed)
        .flat_map(|entry| [&entry.from.fingerprint, &entry.to.fingerprint]);
    for hash in unfinished.filter(|hash| *hash != NO_KEY) {
        if !needed.iter().any(|(known, _)| known == hash) {
            needed.push((hash.clone(), None));
        }
    }
    needed
}

fn first_of_all(hash: &str, keys: impl IntoIterator<Item = Key>) -> Vec<Key> {
    let (mut first, others): (Vec<Key>, Vec<Key>) = keys.into_iter().partition(|key| key.hash() == hash);
    first.extend(others);
    distinct(first)
}

fn distinct(keys: impl IntoIterator<Item = Key>) -> Vec<Key> {
    keys.into_iter().fold(Vec::new(), |mut all, key| {
        if !all.contains(&key) {
            all.push(key);
        }
        all
    })
}

fn key_status(named: &NamedKey) -> SecretEncryptionKeyStatus {
    SecretEncryptionKeyStatus {
        provider: SecretEncryptionProvider::AESCBC,
        aescbc: Some(AescbcKeyStatus {
            secret: SecretReference { name: named.secret.clone() },
            data_hash: named.key.hash(),
        }),
    }
}

/// Hash of the key that a status speaks of.
pub fn hash_of(key: &SecretEncryptionKeyStatus) -> Option<&str> {
    Some(key.aescbc.as_ref()?.data_hash.as_str())
}

/// Kubernetes stores whole seconds; what is published must be what is read back.
fn whole_second(now: Timestamp) -> Time {
    Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
}

#[cfg(test)]
mod tests;
