//! Local hosts: machines of namespaces, each with a plain Debian root file system of its own.
//!
//! A host is a folder of the instance and, while it runs, an init. Its power can be pulled at any
//! time (its init killed) and it starts again from the folder.

mod error;
mod exec;
mod file_system;
mod record;

use std::{
    fmt::Write as _,
    io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

pub use error::Error;
pub use record::{Record, Role};

use crate::{
    address_plan as plan,
    cgroup::{Cgroups, Group},
    files, init,
    instance::{self, Instance},
    network::switch,
    process::Process,
};

/// A host that exists.
#[derive(Clone, Debug)]
pub struct Host {
    instance: Instance,
    record: Record,
}

impl Host {
    /// Makes a host, switched off.
    ///
    /// - `base`: folder of the read-only root file system below it.
    pub fn create(instance: &Instance, name: &str, role: Role, base: &Path) -> Result<Self, Error> {
        let reserved = name.starts_with("management-") && role == Role::Worker;
        if !instance::is_label(name) || reserved {
            return Err(Error::Name { name: name.to_owned() });
        }
        let others = Self::list(instance)?;
        if others.iter().any(|other| other.name() == name) {
            return Err(Error::Exists { name: name.to_owned() });
        }
        let taken: Vec<Ipv4Addr> = others.iter().map(Self::address).collect();
        let address = match role {
            Role::Management { index } => plan::management_node(index),
            Role::Worker => plan::next_worker(&taken),
        };
        let address = address.ok_or_else(|| Error::NoAddress { name: name.to_owned() })?;
        // The folder behind the link, so that a newer base leaves this host as it is.
        let base = fs_err::canonicalize(base).map_err(|_| Error::NoBase { path: base.to_owned() })?;
        let record = Record { name: name.to_owned(), role, address, base };
        let host = Self { instance: instance.clone(), record };
        file_system::create(&host)?;
        Ok(host)
    }

    /// All hosts of an instance, management nodes first, then by address.
    pub fn list(instance: &Instance) -> Result<Vec<Self>, Error> {
        let folder = instance.hosts_dir();
        let failed = |source| Error::Io { action: "read the record", name: "*".to_owned(), source };
        let entries = match fs_err::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut hosts = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            // A folder without a record is one that was being made, or removed, when that was
            // interrupted.
            if let Some(record) = Record::read(&path).map_err(failed)? {
                hosts.push(Self { instance: instance.clone(), record });
            }
        }
        hosts.sort_by_key(Self::address);
        Ok(hosts)
    }

    /// One host by name.
    pub fn load(instance: &Instance, name: &str) -> Result<Self, Error> {
        let hosts = Self::list(instance)?;
        let known: Vec<&str> = hosts.iter().map(Self::name).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        hosts.into_iter().find(|host| host.name() == name).ok_or(Error::Absent { name: name.to_owned(), known })
    }

    /// Its name, which is also the name it has inside.
    pub fn name(&self) -> &str {
        &self.record.name
    }

    /// What it is for.
    pub fn role(&self) -> Role {
        self.record.role
    }

    /// Its address on the instance's switch.
    pub fn address(&self) -> Ipv4Addr {
        self.record.address
    }

    /// Its folder on the machine.
    pub fn folder(&self) -> PathBuf {
        self.instance.hosts_dir().join(self.name())
    }

    /// Its /var, a real folder of the machine, there whether it runs or not.
    pub fn var(&self) -> PathBuf {
        self.folder().join("var")
    }

    /// Its init while it runs.
    pub fn init(&self) -> Option<Process> {
        let text = fs_err::read(self.run_record()).ok()?;
        serde_json::from_slice::<Process>(&text).ok().filter(Process::is_alive)
    }

    /// Its root directory as the machine sees it, while it runs.
    ///
    /// Absolute links inside lead out of it: use only paths known to hold none.
    pub fn root(&self) -> Result<PathBuf, Error> {
        let init = self.init().ok_or_else(|| Error::Off { name: self.name().to_owned() })?;
        Ok(PathBuf::from(format!("/proc/{}/root", init.pid)))
    }

    /// Switches it on; says whether it was off.
    pub fn start(&self) -> Result<bool, Error> {
        if self.init().is_some() {
            return Ok(false);
        }
        if !self.record.base.is_dir() {
            return Err(Error::NoBase { path: self.record.base.clone() });
        }
        file_system::require_real(&self.folder())?;
        // What a killed init or a killed starter left.
        self.clean_up()?;
        let orders = init::Orders {
            instance: self.instance.name().to_owned(),
            state_dir: self.instance.state_dir().to_owned(),
            host: self.name().to_owned(),
            address: self.address(),
            base: self.record.base.clone(),
            folder: self.folder(),
        };
        let failed = |source| Error::Io { action: "run the starter", name: self.name().to_owned(), source };
        let mut starter = Command::new(self.instance.program())
            .args(["local-init", "boot"])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        if let Some(stdin) = starter.stdin.take() {
            serde_json::to_writer(stdin, &orders).map_err(|error| failed(error.into()))?;
        }
        let output = starter.wait_with_output().map_err(failed)?;
        if !output.status.success() {
            let mut cause = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
            if cause.is_empty() {
                let _ = write!(cause, "its starter ended with {}", output.status);
            }
            self.clean_up()?;
            return Err(Error::Start { name: self.name().to_owned(), cause });
        }
        Ok(true)
    }

    /// Pulls its power; one that is off is fine.
    pub fn stop(&self) -> Result<(), Error> {
        if let Some(init) = self.init() {
            let _ = kill(Pid::from_raw(init.pid), Signal::SIGKILL);
        }
        self.clean_up()
    }

    /// Pulls its power and erases it.
    pub fn remove(&self) -> Result<(), Error> {
        self.stop()?;
        let failed = |source| Error::Io { action: "remove the folder", name: self.name().to_owned(), source };
        // First the record: a removal that is interrupted leaves a folder that is no host.
        files::remove(&Record::path(&self.folder())).map_err(failed)?;
        files::remove_folder(&self.folder()).map_err(failed)
    }

    fn clean_up(&self) -> Result<(), Error> {
        self.group()?.destroy().map_err(|source| Error::Cgroup { name: self.name().to_owned(), source })?;
        switch::remove_port(&self.instance, self.address())?;
        files::remove(&self.run_record()).map_err(|source| Error::Io {
            action: "remove the process record",
            name: self.name().to_owned(),
            source,
        })
    }

    fn group(&self) -> Result<Group, Error> {
        let cgroups = Cgroups::detect().map_err(|source| Error::Cgroup { name: self.name().to_owned(), source })?;
        Ok(cgroups.host(&self.instance.cgroup_name(), self.name()))
    }

    fn run_record(&self) -> PathBuf {
        self.instance.run_dir().join(format!("{}.json", self.name()))
    }
}
