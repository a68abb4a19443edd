//! What `Layout::export_archive` writes, read by the payload's own containerd. Needs root, for containerd.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

#[path = "support/fixture.rs"]
mod fixture;
#[path = "support/payload.rs"]
mod payload;

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fixture::Fixture;
use hoist_registry::Layout;

struct Containerd {
    folder: tempfile::TempDir,
    process: Child,
}

impl Containerd {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let config = format!(
            "version = 3\nroot = \"{}\"\nstate = \"{}\"\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\", \"io.containerd.cri.v1.images\", \"io.containerd.cri.v1.runtime\", \"io.containerd.nri.v1.nri\"]\n[grpc]\naddress = \"{}\"\n[ttrpc]\naddress = \"{}\"\n",
            at("root"),
            at("state"),
            at("sock"),
            at("sock.ttrpc")
        );
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let process = Command::new(payload::program("containerd", "containerd"))
            .args(["--config", &at("config.toml")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect(payload::NEEDS_PAYLOAD);
        let containerd = Self { folder, process };
        let end = Instant::now() + Duration::from_secs(20);
        while UnixStream::connect(containerd.socket()).is_err() {
            let log = || std::fs::read_to_string(containerd.folder.path().join("log")).unwrap();
            assert!(Instant::now() < end, "containerd does not listen: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
        containerd
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("sock")
    }

    /// Runs `ctr` and returns what it prints.
    fn ctr(&self, arguments: &[&str], input: &[u8]) -> String {
        let mut child = Command::new(payload::program("containerd", "ctr"))
            .arg("--address")
            .arg(self.socket())
            .args(["--namespace", "k8s.io", "--timeout", "30s"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "ctr {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Containerd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "needs the payload"]
fn containerd_imports_an_exported_archive_under_the_names_that_pods_use() {
    let fixture = Fixture::new(100_000);
    let layout = Layout::open(fixture.folder()).unwrap();
    let operator = layout.digest("operator:0.1.0").unwrap().clone();
    let by_digest = format!("10.200.0.10:5000/hoist/release@{operator}");
    let by_tag = "10.200.0.10:5000/hoist/operator:0.1.0".to_owned();
    let mut archive = Vec::new();
    layout
        .export_archive(&[(operator.clone(), by_digest.clone()), (operator.clone(), by_tag.clone())], &mut archive)
        .unwrap();

    let containerd = Containerd::start();
    // With the transfer service, which is `ctr`'s default, and without.
    containerd.ctr(&["images", "import", "-"], &archive);
    containerd.ctr(&["images", "import", "--local", "--snapshotter", "native", "-"], &archive);
    let listed = containerd.ctr(&["images", "ls"], b"");
    for name in [by_digest, by_tag] {
        let line = listed.lines().find(|line| line.starts_with(&format!("{name} "))).expect(&listed);
        assert!(line.contains(operator.as_str()), "{line}");
    }
}
