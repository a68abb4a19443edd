//! What `hcp` says to who may not, or not now.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use hoist_e2e::command::{Said, run};
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::{World, file_prefix};

/// Two `up` at once: the second is told which process works on the instance, and the first is not disturbed.
pub fn lock_names_its_holder(world: &mut World) -> anyhow::Result<()> {
    let lock = format!("{}/lock", world.fact("stateDir")?);
    let mut first = Command::new(world.program())
        .args(world.local_arguments(&["up"]))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("failed to start hcp")?;
    let id = first.id().to_string();
    let pid = Pid::from_raw(i32::try_from(first.id())?);
    let held = eventually("the first up holds the lock", Duration::from_secs(10), || {
        let holder = fs_err::read_to_string(&lock)?;
        ensure!(holder.lines().next() == Some(id.as_str()), "the lock says {holder}");
        Ok(())
    });
    // Stopped, so that it still holds the lock when the second asks.
    let second = held.and_then(|()| {
        kill(pid, Signal::SIGSTOP)?;
        world.local(&["up"])
    });
    kill(pid, Signal::SIGCONT)?;
    let outcome = first.wait()?;
    let said = second?.refusal()?;
    ensure!(said.contains(&format!("process {id}")), "the holder's process is not named: {said}");
    ensure!(said.contains("local up"), "the holder's command is not named: {said}");
    ensure!(outcome.success(), "the first up failed: {outcome}");
    world.local(&["up"])?.success()?;
    Ok(())
}

/// Where systemd runs the service is installed and `down` takes it away; elsewhere it is refused before anything happens.
pub fn service(world: &mut World) -> anyhow::Result<()> {
    let said = world.local(&["up", "--install-service"])?;
    let units = run("sh", &["-c", "ls /etc/systemd/system 2>/dev/null; true"], &[])?.success()?;
    let unit = units.lines().find(|unit| unit.starts_with(&format!("hoist-{}-", world.instance())));
    if std::path::Path::new("/run/systemd/system").is_dir() {
        said.success()?;
        let unit = unit.with_context(|| format!("no service among {units}"))?;
        run("systemctl", &["is-enabled", unit], &[])?.success()?;
    } else {
        let said = said.refusal()?;
        ensure!(said.contains("expected systemd") && said.contains("hcp local up"), "it says: {said}");
        ensure!(unit.is_none(), "a refused command left {unit:?}");
    }
    Ok(())
}

/// A user with no rights at all, and no home folder.
fn as_nobody(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<Said> {
    let mut all = vec!["--reuid=65534", "--regid=65534", "--clear-groups", "--", program];
    all.extend_from_slice(arguments);
    run("setpriv", &all, environment)
}

pub fn without_root(world: &mut World) -> anyhow::Result<()> {
    // The one under test may lie where nobody else may look.
    let folder = std::env::temp_dir().join(format!("{}nobody", file_prefix()));
    fs_err::create_dir_all(&folder)?;
    fs_err::set_permissions(&folder, PermissionsExt::from_mode(0o755))?;
    let program = folder.join("hcp");
    fs_err::copy(world.program(), &program)?;
    let program = program.to_string_lossy().into_owned();

    for arguments in [
        &["up"][..],
        &["down"],
        &["status"],
        &["kubeconfig"],
        &["logs"],
        &["host", "add", "nobodys"],
        &["host", "list"],
        &["host", "exec", "management-1", "--", "true"],
        &["host", "stop", "management-1"],
        &["host", "start", "management-1"],
        &["host", "remove", "nobodys"],
    ] {
        let said = as_nobody(&program, &world.local_arguments(arguments), &[])?;
        let text = format!("{}{}", said.stdout, said.stderr);
        ensure!(said.code == 1, "{arguments:?} ended with {}: {text}", said.code);
        ensure!(text.contains("needs root") && text.contains("sudo"), "{arguments:?} does not say what to do: {text}");
    }
    let hosts = world.local(&["host", "list"])?.success()?;
    ensure!(!hosts.contains("nobodys"), "a refused command made a host: {hosts}");

    let pull_secret = folder.join("pull-secret.json");
    fs_err::copy(world.fact("pullSecret")?, &pull_secret)?;
    fs_err::set_permissions(&pull_secret, PermissionsExt::from_mode(0o644))?;
    let pull_secret = pull_secret.to_string_lossy().into_owned();
    let image = format!("{}/hoist/release:1.36.3", world.fact("registry")?);
    let render = [
        "create",
        "cluster",
        "none",
        "--name",
        "rendered",
        "--pull-secret",
        &pull_secret,
        "--external-api-server-address",
        "192.0.2.7",
        "--release-image",
        &image,
        "--render",
    ];
    for (arguments, expected) in [
        (&render[..], "kind: HostedCluster"),
        (&["version", "--client-only"], "Client Version"),
        (&["completion", "bash"], "complete"),
    ] {
        let text = as_nobody(&program, arguments, &[])?.success().with_context(|| format!("{arguments:?}"))?;
        ensure!(text.contains(expected), "{arguments:?} printed {text}");
    }

    // A kubeconfig that one may read is enough for everything that speaks with the management cluster.
    let kubeconfig = folder.join("kubeconfig");
    fs_err::write(&kubeconfig, world.local(&["kubeconfig"])?.success()?)?;
    fs_err::set_permissions(&kubeconfig, PermissionsExt::from_mode(0o644))?;
    let said = as_nobody(&program, &["status", "no-such"], &[("KUBECONFIG", &kubeconfig.to_string_lossy())])?.refusal();
    let said = said?;
    ensure!(said.contains("no-such") && !said.contains("root"), "the management cluster was not asked: {said}");
    fs_err::remove_dir_all(&folder)?;
    Ok(())
}
