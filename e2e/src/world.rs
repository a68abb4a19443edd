//! The instance under test and the commands that speak to it.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::command::{Said, run};

/// The instance under test. A copy is another view of the same instance, for a case that runs beside others.
#[derive(Debug, Clone)]
pub struct World {
    hcp: String,
    instance: String,
    state_dir: Option<String>,
    status: Option<Value>,
    /// One command at a time changes an instance; others would be refused.
    turn: Arc<Mutex<()>>,
}

impl World {
    /// A world that is not up yet.
    pub fn new(hcp: &str, instance: &str) -> Self {
        Self { hcp: hcp.to_owned(), instance: instance.to_owned(), state_dir: None, status: None, turn: Arc::default() }
    }

    /// The same in a state folder of its own.
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.state_dir = Some(folder.to_string_lossy().into_owned());
        self
    }

    /// Path of the `hcp` under test.
    pub fn program(&self) -> &str {
        &self.hcp
    }

    /// Name of the instance.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// The instance's status as last read.
    pub fn status(&self) -> anyhow::Result<&Value> {
        self.status.as_ref().context("no status was read")
    }

    /// Runs `hcp` with the management cluster's kubeconfig.
    pub fn hcp(&self, arguments: &[&str]) -> anyhow::Result<Said> {
        let kubeconfig =
            self.status.as_ref().and_then(|status| status["kubeconfig"].as_str()).unwrap_or("/nonexistent");
        run(&self.hcp, arguments, &[("KUBECONFIG", kubeconfig)])
    }

    /// Runs `hcp local …` for this instance.
    pub fn local(&self, arguments: &[&str]) -> anyhow::Result<Said> {
        let only_looks = arguments.starts_with(&["host", "exec"]) || arguments.starts_with(&["status"]);
        let _turn = (!only_looks).then(|| self.turn.lock().unwrap_or_else(PoisonError::into_inner));
        run(&self.hcp, &self.local_arguments(arguments), &[])
    }

    /// The arguments of `hcp` that mean `hcp local …` for this instance.
    pub fn local_arguments<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        let mut all = vec!["local"];
        all.extend_from_slice(arguments);
        // Behind `--` stand other programs' arguments.
        let end = all.iter().position(|argument| *argument == "--").unwrap_or(all.len());
        all.splice(end..end, ["--instance", self.instance.as_str()]);
        if let Some(folder) = &self.state_dir {
            all.splice(end..end, ["--state-dir", folder.as_str()]);
        }
        all
    }

    /// Reads the instance's status anew and keeps it.
    pub fn refresh(&mut self) -> anyhow::Result<&Value> {
        let text = self.local(&["status", "--output", "json"])?.success()?;
        let status = serde_json::from_str(&text).context("`hcp local status --output json` is no JSON")?;
        Ok(self.status.insert(status))
    }

    /// A field of the instance's status that is a string.
    pub fn fact(&self, field: &str) -> anyhow::Result<&str> {
        self.status
            .as_ref()
            .and_then(|status| status[field].as_str())
            .with_context(|| format!("`hcp local status` has no field {field}"))
    }

    /// Name of the first management node, which is a local host as well.
    pub fn management_host(&self) -> anyhow::Result<String> {
        let hosts = self.status.as_ref().and_then(|status| status["hosts"].as_array()).context("no status was read")?;
        let found = hosts.iter().find(|host| host["role"] == "management").context("there is no management host")?;
        Ok(found["name"].as_str().unwrap_or_default().to_owned())
    }

    /// Runs `kubectl` against the management cluster.
    pub fn kubectl(&self, arguments: &[&str]) -> anyhow::Result<Said> {
        self.kubectl_in(self.fact("kubeconfig")?, arguments)
    }

    /// Runs `kubectl` against a hosted cluster whose kubeconfig lies in `kubeconfig`.
    pub fn kubectl_in(&self, kubeconfig: &str, arguments: &[&str]) -> anyhow::Result<Said> {
        // kubectl's cache outlives it, in the user's home folder where nothing else is said.
        let cache = std::env::temp_dir().join(format!("{}kubectl", file_prefix()));
        let environment = [("KUBECONFIG", kubeconfig), ("KUBECACHEDIR", &cache.to_string_lossy())];
        run(self.fact("kubectl")?, arguments, &environment)
    }

    /// Creates `object` in a hosted cluster as the user that `arguments` name.
    pub fn create_in(&self, kubeconfig: &str, object: &Value, arguments: &[&str]) -> anyhow::Result<Said> {
        let path = write_file("object.json", &object.to_string())?;
        let mut all = vec!["create", "--filename", path.as_str()];
        all.extend_from_slice(arguments);
        let said = self.kubectl_in(kubeconfig, &all);
        fs_err::remove_file(&path)?;
        said
    }

    /// An object of the management cluster.
    pub fn object(&self, namespace: &str, kind: &str, name: &str) -> anyhow::Result<Value> {
        let text = self.kubectl(&["--namespace", namespace, "get", kind, name, "--output", "json"])?.success()?;
        serde_json::from_str(&text).with_context(|| format!("{kind} {namespace}/{name} is no JSON"))
    }

    /// Runs a shell line inside a local host.
    pub fn in_host(&self, host: &str, line: &str) -> anyhow::Result<Said> {
        self.local(&["host", "exec", host, "--", "sh", "-c", line])
    }

    /// Whether the instance is there, in whatever state.
    pub fn exists(&self) -> anyhow::Result<bool> {
        Ok(self.local(&["status", "--output", "json"])?.stdout.contains("stateDir"))
    }

    /// Takes the instance down.
    pub fn down(&mut self) -> anyhow::Result<()> {
        self.local(&["down"])?.success()?;
        self.status = None;
        Ok(())
    }
}

/// How the names of this run's temporary files begin.
pub fn file_prefix() -> String {
    format!("hoist-e2e-{}-", std::process::id())
}

/// Writes a temporary file of this run; returns its path, which no other call gets.
pub fn write_file(name: &str, text: &str) -> anyhow::Result<String> {
    static WRITTEN: AtomicU32 = AtomicU32::new(0);
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("{}{number}-{name}", file_prefix()));
    fs_err::write(&path, text)?;
    Ok(path.to_string_lossy().into_owned())
}

/// Removes the temporary files of this run, which begin with [`file_prefix`].
pub fn remove_files() -> anyhow::Result<()> {
    for entry in fs_err::read_dir(std::env::temp_dir())? {
        let path = entry?.path();
        let ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&file_prefix()));
        match (ours, path.is_dir()) {
            (true, true) => fs_err::remove_dir_all(&path)?,
            (true, false) => fs_err::remove_file(&path)?,
            (false, _) => {}
        }
    }
    Ok(())
}

/// The condition `type_` of an object: its status, reason and message.
pub fn condition(object: &Value, type_: &str) -> anyhow::Result<(String, String, String)> {
    let conditions = object["status"]["conditions"].as_array().context("the object has no conditions")?;
    let found = conditions
        .iter()
        .find(|condition| condition["type"] == type_)
        .with_context(|| format!("there is no condition {type_}"))?;
    let field = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    Ok((field("status"), field("reason"), field("message")))
}

/// Fails unless condition `type_` has `status` (and `reason`, where given).
pub fn expect_condition(object: &Value, type_: &str, status: &str, reason: Option<&str>) -> anyhow::Result<String> {
    let (found, why, message) = condition(object, type_)?;
    ensure!(found == status, "{type_} is {found}/{why} ({message}), expected {status}");
    if let Some(reason) = reason {
        ensure!(why == reason, "{type_} has reason {why} ({message}), expected {reason}");
    }
    Ok(message)
}
