//! Supervision of real processes.

use std::time::Instant;

use hoist_node_config::Ready;

use super::*;

struct Bench {
    folder: tempfile::TempDir,
    folders: Folders,
    commands: mpsc::Sender<Command>,
    task: tokio::task::JoinHandle<Result<(), Error>>,
}

impl Bench {
    fn start(units: &[Unit]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let folders = Folders {
            units: folder.path().join("units"),
            logs: folder.path().join("logs"),
            run: folder.path().join("run"),
        };
        fs::create_dir_all(&folders.units).expect("a folder");
        for unit in units {
            write_unit(&folders, unit);
        }
        let (commands, task) = supervise_again(&folders);
        Self { folder, folders, commands, task }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    async fn process(&self, unit: &str) -> Process {
        let path = record::path(&self.folders.run, unit);
        eventually(|| record::read(&path).filter(|process| process.is_alive())).await
    }

    async fn stop(self) {
        self.commands.send(Command::Stop).await.expect("a supervisor");
        self.task.await.expect("no panic").expect("no error");
    }
}

fn supervise_again(folders: &Folders) -> (mpsc::Sender<Command>, tokio::task::JoinHandle<Result<(), Error>>) {
    let (commands, receiver) = mpsc::channel(4);
    let folders = folders.clone();
    (commands, tokio::spawn(async move { supervise(&folders, receiver).await }))
}

fn write_unit(folders: &Folders, unit: &Unit) {
    let path = folders.units.join(format!("{}.json", unit.name));
    fs::write(path, serde_json::to_vec(unit).expect("JSON")).expect("written");
}

fn shell(name: &str, script: &str) -> Unit {
    Unit::new(name, ["/bin/sh", "-c", script])
}

/// Waits for what other processes do; fails after ten seconds.
async fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "it never came true");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_killed_service_is_back_within_a_second_and_leaves_no_zombie() {
    let bench = Bench::start(&[shell("a", "exec sleep 1000")]);
    let first = bench.process("a").await;
    first.signal(Signal::SIGKILL).expect("killed");
    let killed = Instant::now();
    let path = record::path(&bench.folders.run, "a");
    let second = eventually(|| record::read(&path).filter(|process| *process != first && process.is_alive())).await;
    assert!(killed.elapsed() < Duration::from_secs(1), "{:?}", killed.elapsed());
    // A zombie would still have an entry.
    assert!(!Path::new(&format!("/proc/{}", first.pid)).exists());
    bench.stop().await;
    assert!(!second.is_alive());
}

#[tokio::test]
async fn a_unit_starts_only_when_the_one_before_it_is_ready() {
    let bench = Bench::start(&[]);
    let (gate, mark) = (bench.path("gate"), bench.path("mark"));
    write_unit(&bench.folders, &shell("first", "exec sleep 1000").ready_when(Ready::File(gate.clone())));
    write_unit(&bench.folders, &shell("second", &format!("touch {mark}; exec sleep 1000")).after("first"));
    bench.commands.send(Command::Reload).await.expect("a supervisor");
    bench.process("first").await;
    assert!(!record::path(&bench.folders.run, "second").exists());
    fs::write(&gate, "").expect("written");
    eventually(|| Path::new(&mark).exists().then_some(())).await;
    bench.stop().await;
}

#[tokio::test]
async fn reload_starts_new_stops_missing_restarts_changed_and_leaves_the_rest() {
    let bench = Bench::start(&[
        shell("kept", "exec sleep 1000"),
        shell("changed", "exec sleep 1000"),
        shell("gone", "exec sleep 1000"),
    ]);
    let (kept, changed, gone) =
        (bench.process("kept").await, bench.process("changed").await, bench.process("gone").await);
    fs::remove_file(bench.folders.units.join("gone.json")).expect("removed");
    write_unit(&bench.folders, &shell("changed", "exec sleep 2000"));
    write_unit(&bench.folders, &shell("new", "exec sleep 1000"));
    fs::write(bench.folders.units.join("broken.json"), "{").expect("written");
    bench.commands.send(Command::Reload).await.expect("a supervisor");
    let new = bench.process("new").await;
    assert!(kept.is_alive() && new.is_alive());
    assert!(!changed.is_alive() && !gone.is_alive());
    bench.stop().await;
    assert!(!kept.is_alive() && !new.is_alive());
}

#[tokio::test]
async fn a_successor_ends_what_a_killed_supervisor_left_and_starts_it_once() {
    let bench = Bench::start(&[shell("a", "exec sleep 1000")]);
    let orphan = bench.process("a").await;
    // As if killed: nothing gets to stop its service.
    bench.task.abort();
    let (commands, task) = supervise_again(&bench.folders);
    let path = record::path(&bench.folders.run, "a");
    let next = eventually(|| record::read(&path).filter(|process| *process != orphan && process.is_alive())).await;
    assert!(!orphan.is_alive());
    commands.send(Command::Stop).await.expect("a supervisor");
    task.await.expect("no panic").expect("no error");
    assert!(!next.is_alive());
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_tried_again_until_it_does() {
    let bench = Bench::start(&[]);
    let program = bench.path("program");
    write_unit(&bench.folders, &Unit::new("a", [program.clone()]));
    bench.commands.send(Command::Reload).await.expect("a supervisor");
    fs::write(&program, "#!/bin/sh\nexec sleep 1000\n").expect("written");
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    bench.process("a").await;
    bench.stop().await;
}

#[tokio::test]
async fn output_goes_to_the_units_log() {
    let bench = Bench::start(&[shell("a", "echo out; echo err >&2; exec sleep 1000")]);
    let log = bench.folders.logs.join("a.log");
    eventually(|| fs::read_to_string(&log).ok().filter(|text| text == "out\nerr\n")).await;
    bench.stop().await;
}
