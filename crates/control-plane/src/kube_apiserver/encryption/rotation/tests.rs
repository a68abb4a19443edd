//! The whole way of a key, and every way in which it can be left.

use hoist_api::hosted_cluster::secret_encryption::EncryptionMigrationState as State;

use super::*;

fn key(byte: u8) -> NamedKey {
    NamedKey { secret: format!("key-{byte}"), key: Key::new([byte; 32]) }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A cluster as the operator sees it from pass to pass.
struct Cluster {
    active: NamedKey,
    backup: Option<NamedKey>,
    live: Option<Keys>,
    has_data: bool,
    status: Option<SecretEncryptionStatus>,
    second: i64,
    /// Keys that some stored value is encrypted with; `None` is plain text.
    stored: Vec<Option<Key>>,
    /// What servers that still run were started with.
    servers: Vec<Keys>,
}

impl Cluster {
    fn new(active: u8) -> Self {
        Self {
            active: key(active),
            backup: None,
            live: None,
            has_data: false,
            status: None,
            second: 100,
            stored: Vec::new(),
            servers: Vec::new(),
        }
    }

    /// One that runs with its first key and stored something.
    fn running(active: u8) -> Self {
        let mut cluster = Self::new(active);
        cluster.settle();
        cluster.write();
        cluster
    }

    fn begin(&self) -> Result<Rotation, MissingKey> {
        begin(&Inputs {
            active: &self.active,
            backup: self.backup.as_ref(),
            live: self.live.clone(),
            has_data: self.has_data,
            status: self.status.as_ref(),
            now: at(self.second),
        })
    }

    /// One pass of the operator; servers of the former form stay beside one of the new form until [`Self::roll_out`].
    fn pass(&mut self) -> Rotation {
        self.second += 10;
        let rotation = self.begin().unwrap();
        self.live = Some(rotation.keys.clone());
        self.has_data = true;
        self.servers.retain(|server| *server != rotation.keys);
        self.servers.push(rotation.keys.clone());
        let is_converged = self.servers.iter().all(|server| *server == rotation.keys);
        let migration = rotation.migration();
        if migration.is_some() {
            let write = rotation.keys.keys[0].clone();
            self.stored = vec![Some(write)];
        }
        self.status = Some(rotation.advance(&Facts { is_converged, migrated: migration.as_deref() }, at(self.second)));
        self.check();
        rotation
    }

    fn roll_out(&mut self) {
        let newest = self.servers.pop().unwrap();
        self.servers = vec![newest];
    }

    /// Every server writes something.
    fn write(&mut self) {
        for server in &self.servers {
            self.stored.push((!server.writes_plain).then(|| server.keys[0].clone()));
        }
        self.check();
    }

    /// Whatever is stored, every server can read it.
    fn check(&self) {
        for server in &self.servers {
            for stored in self.stored.iter().flatten() {
                assert!(server.keys.contains(stored), "{server:?} cannot read {stored:?}");
            }
        }
    }

    /// Passes and rollouts until nothing changes, with writes at every moment.
    fn settle(&mut self) {
        for _ in 0..12 {
            self.pass();
            self.write();
            self.roll_out();
            self.write();
        }
        assert!(in_progress(self.status.as_ref().unwrap()).is_none(), "{:?}", self.status);
    }

    fn state(&self) -> State {
        self.status.as_ref().unwrap().history.as_ref().unwrap()[0].state
    }
}

#[test]
fn a_new_cluster_has_its_key_at_once_and_nothing_to_do() {
    let mut cluster = Cluster::new(1);
    let rotation = cluster.pass();
    assert_eq!(rotation.keys, Keys::encrypting(vec![key(1).key]));
    let status = cluster.status.clone().unwrap();
    assert_eq!(status.active_key.as_ref().and_then(hash_of), Some(key(1).key.hash().as_str()));
    assert_eq!((status.target_key.is_none(), status.history.is_none()), (true, true));
    cluster.pass();
    assert_eq!(cluster.status.unwrap(), status);
}

#[test]
fn a_new_key_is_read_everywhere_before_one_server_writes_with_it_and_the_former_goes_last() {
    let mut cluster = Cluster::running(1);
    cluster.active = key(2);
    let (one, two) = (key(1).key, key(2).key);
    assert_eq!(cluster.pass().keys.keys, [one.clone(), two.clone()]);
    cluster.write();
    assert_eq!(cluster.state(), State::ReadOnlyDeploy);
    cluster.pass();
    assert_eq!(cluster.state(), State::ReadOnlyDeploy, "one server still runs without the new key");
    cluster.roll_out();
    cluster.pass();
    assert_eq!(cluster.state(), State::WritePromote);
    assert_eq!(cluster.pass().keys.keys, [two.clone(), one]);
    cluster.write();
    assert_eq!(cluster.state(), State::WritePromote, "one server still writes with the former key");
    cluster.roll_out();
    cluster.pass();
    assert_eq!(cluster.state(), State::Migrating);
    assert!(cluster.status.as_ref().unwrap().target_key.is_some());
    cluster.pass();
    assert_eq!(cluster.state(), State::Completed);
    let status = cluster.status.clone().unwrap();
    assert_eq!(status.active_key.as_ref().and_then(hash_of), Some(two.hash().as_str()));
    assert!(status.target_key.is_none() && status.history.unwrap()[0].completion_time.is_some());
    assert_eq!(cluster.pass().keys.keys, [two]);
}

#[test]
fn servers_are_converged_but_not_migrated_for_as_long_as_the_rewriting_takes() {
    let mut cluster = Cluster::running(1);
    cluster.active = key(2);
    for _ in 0..2 {
        cluster.pass();
        cluster.roll_out();
        cluster.pass();
    }
    let rotation = cluster.begin().unwrap();
    let migration = rotation.migration().unwrap();
    let state = |migrated: Option<&str>| {
        let facts = Facts { is_converged: true, migrated };
        rotation.advance(&facts, at(1)).history.unwrap()[0].state
    };
    assert_eq!(state(None), State::Migrating);
    assert_eq!(state(Some("another@1970-01-01T00:00:00Z")), State::Migrating);
    assert_eq!(state(Some(&migration)), State::Completed);
}

#[test]
fn another_key_in_between_drops_none_that_something_may_be_written_with() {
    for passes in 0..8 {
        let mut cluster = Cluster::running(1);
        cluster.active = key(2);
        for _ in 0..passes {
            cluster.pass();
            cluster.write();
            cluster.roll_out();
        }
        // Back to the former key, or on to a third one.
        for next in [1, 3] {
            cluster.active = key(next);
            cluster.settle();
            assert_eq!(cluster.live.clone().unwrap().keys, [key(next).key], "after {passes} passes");
            assert!(cluster.stored.iter().all(|stored| *stored == Some(key(next).key)));
        }
    }
}

#[test]
fn an_interrupted_change_is_told_and_the_list_of_changes_stays_short() {
    let mut cluster = Cluster::running(1);
    for next in 2..9 {
        cluster.active = key(next);
        cluster.pass();
        cluster.write();
    }
    let history = cluster.status.clone().unwrap().history.unwrap();
    assert_eq!(history.len(), HISTORY);
    assert_eq!((history[0].state, history[1].state), (State::ReadOnlyDeploy, State::Interrupted));
    assert_eq!(history[0].from.fingerprint, history[1].to.fingerprint);
    cluster.settle();
}

#[test]
fn a_cluster_that_was_not_encrypted_learns_the_key_before_it_uses_it() {
    let mut cluster = Cluster::new(1);
    cluster.has_data = true;
    cluster.stored = vec![None];
    // A server of before knows no key at all.
    cluster.servers = vec![Keys { keys: Vec::new(), writes_plain: true }];
    assert!(cluster.pass().keys.writes_plain);
    cluster.write();
    cluster.settle();
    assert!(cluster.stored.iter().all(|stored| *stored == Some(key(1).key)));
    assert_eq!(cluster.status.unwrap().history.unwrap()[0].from.fingerprint, NO_KEY);
}

#[test]
fn a_backup_key_is_read_and_one_from_before_is_written_again_before_it_may_go() {
    // As versions before left it: both keys given, nothing written again.
    let mut cluster = Cluster::new(2);
    cluster.backup = Some(key(1));
    cluster.has_data = true;
    cluster.live = Some(Keys::encrypting(vec![key(2).key, key(1).key]));
    cluster.servers = cluster.live.clone().into_iter().collect();
    cluster.stored = vec![Some(key(1).key), Some(key(2).key)];
    cluster.pass();
    cluster.backup = None;
    cluster.pass();
    assert!(cluster.live.clone().unwrap().keys.contains(&key(1).key), "removed too early");
    cluster.settle();
    assert_eq!(cluster.live.clone().unwrap().keys, [key(2).key]);
    cluster.backup = Some(key(1));
    assert_eq!(cluster.pass().keys.keys, [key(2).key, key(1).key]);
}

#[test]
fn a_key_that_is_needed_and_nowhere_changes_nothing_and_is_named() {
    let mut cluster = Cluster::running(1);
    cluster.active = key(2);
    cluster.live = None;
    let missing = cluster.begin().unwrap_err();
    insta::assert_snapshot!(missing.to_string().replace(&key(1).key.hash(), "HASH"), @"stored data is encrypted with a key of which only the hash HASH is left (it was in Secret key-1): it is neither in Secret kas-secret-encryption-config-file nor in those that spec.secretEncryption.aescbc names; name a Secret with it in spec.secretEncryption.aescbc.backupKey");
    cluster.backup = Some(key(1));
    let found = cluster.begin().unwrap();
    assert_eq!((found.keys.keys, found.keys.writes_plain), (vec![key(1).key, key(2).key], false));
}

#[test]
fn the_same_key_in_another_secret_is_no_change() {
    let mut cluster = Cluster::running(1);
    cluster.active.secret = "moved".to_owned();
    cluster.pass();
    let status = cluster.status.unwrap();
    assert_eq!(status.active_key.unwrap().aescbc.unwrap().secret.name, "moved");
    assert!(status.history.is_none());
}

#[test]
fn keys_are_not_printed() {
    assert!(!format!("{:?}", key(7)).contains("7, 7"));
}
