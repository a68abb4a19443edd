//! `hcp local up`: everything of the instance is there and runs.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use super::Error;
use crate::{
    daemon,
    host::{Host, Role},
    instance::{self, Instance, Lock, Record},
    machine, management,
    network::switch,
    process,
    progress::{Progress, stage},
};

/// What `up` may be told.
#[derive(Clone, Copy, Debug, Default)]
pub struct UpOptions {
    /// Nodes of the management cluster; none means as many as there are, at least one.
    pub management_nodes: Option<u8>,
}

/// Brings an instance up, or whatever is missing of it. Says whether anything was missing.
pub async fn up(instance: &Instance, options: UpOptions, progress: &dyn Progress) -> Result<bool, Error> {
    machine::check()?;
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (lock, folders_made) = prepare(instance)?;
    let made_switch = stage(progress, "network", async { foundation(instance, folders_made) }).await?;
    let mut changed = made_switch;
    let port = instance.record()?.proxy_port;
    let (payload, certificates) = management::credentials(instance, port).await?;
    changed |= stage(progress, "daemon", async { Ok::<_, Error>(daemon::ensure(instance, made_switch)?) }).await?;
    let count = options.management_nodes.unwrap_or(1);
    // Boxed, because it is a state of thirty kilobytes.
    changed |= Box::pin(management::up(instance, &payload, &certificates, count, progress)).await?;
    changed |= stage(progress, "hosts", async { start_workers(instance) }).await?;
    drop(lock);
    Ok(changed)
}

/// Brings up what lies below the management cluster: the folder, the machine's settings, the
/// switch, and every host that exists. Says whether anything was missing.
pub fn machine_up(instance: &Instance) -> Result<bool, Error> {
    machine::check()?;
    let (_lock, folders_made) = prepare(instance)?;
    let mut changed = foundation(instance, folders_made)?;
    for host in Host::list(instance)? {
        changed |= host.start()?;
    }
    Ok(changed)
}

fn prepare(instance: &Instance) -> Result<(Lock, Vec<PathBuf>), Error> {
    let folders_made = make_folder(instance)?;
    Ok((instance.lock()?, folders_made))
}

/// Record, settings and switch; says whether the switch had to be made.
fn foundation(instance: &Instance, folders_made: Vec<PathBuf>) -> Result<bool, Error> {
    let mut record = record(instance, folders_made)?;
    let mut remembered = std::mem::take(&mut record.settings);
    let boot = process::boot_id();
    if record.boot != boot {
        remembered.clear();
        record.boot = boot;
    }
    machine::apply(instance, &mut remembered, |settings| {
        settings.clone_into(&mut record.settings);
        record.write(instance).map_err(Error::from)
    })?;
    Ok(switch::ensure(instance)?)
}

fn start_workers(instance: &Instance) -> Result<bool, Error> {
    let mut changed = false;
    for host in Host::list(instance)? {
        if host.role() == Role::Worker {
            changed |= host.start()?;
        }
    }
    Ok(changed)
}

/// Makes the state folder; returns the folders above it that had to be made.
fn make_folder(instance: &Instance) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Io { action: "make the instance's folder", source };
    let missing = |path: &&Path| !path.exists();
    let mut made: Vec<PathBuf> =
        instance.state_dir().ancestors().skip(1).take_while(missing).map(Path::to_owned).collect();
    made.reverse();
    fs_err::create_dir_all(instance.run_dir()).map_err(failed)?;
    // Keys and tokens are inside.
    let closed = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs_err::set_permissions(instance.state_dir(), closed).map_err(failed)?;
    Ok(made)
}

fn record(instance: &Instance, folders_made: Vec<PathBuf>) -> Result<Record, Error> {
    match instance.record() {
        Ok(record) => Ok(record),
        Err(instance::Error::Absent { .. }) => {
            let record = Record {
                name: instance.name().to_owned(),
                proxy_port: free_port()?,
                boot: process::boot_id(),
                settings: Vec::new(),
                folders_made,
            };
            record.write(instance)?;
            Ok(record)
        }
        Err(error) => Err(error.into()),
    }
}

/// A port of 127.0.0.1 that is free now.
fn free_port() -> Result<u16, Error> {
    let failed = |source| Error::Io { action: "find a free port on 127.0.0.1", source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    Ok(listener.local_addr().map_err(failed)?.port())
}
