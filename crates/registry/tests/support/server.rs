//! The payload's registry as the local instance runs it: TLS with passwords on a port, no authentication on a socket, one storage.

use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hoist_release::Digest;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::payload::{NEEDS_PAYLOAD, program};

pub const USER: &str = "puller";
pub const PASSWORD: &str = "correct:horse";

pub struct Registry {
    folder: tempfile::TempDir,
    port: u16,
    authority: String,
    processes: Vec<Child>,
}

impl Registry {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = write_certificates(folder.path());
        let hash = bcrypt::hash(PASSWORD, 4).unwrap();
        std::fs::write(folder.path().join("htpasswd"), format!("{USER}:{hash}\n")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut registry = Self { folder, port, authority, processes: Vec::new() };
        let at = |name: &str| registry.folder.path().join(name).display().to_string();
        let tcp = format!(
            "http:\n  addr: 127.0.0.1:{port}\n  tls:\n    certificate: {}\n    key: {}\nauth:\n  htpasswd:\n    realm: hoist\n    path: {}\n",
            at("tls.crt"),
            at("tls.key"),
            at("htpasswd")
        );
        let socket = format!("http:\n  net: unix\n  addr: {}\n", registry.socket().display());
        registry.run("tcp.yaml", &tcp);
        registry.run("socket.yaml", &socket);
        registry.wait_until("it listens", |registry| TcpStream::connect(("127.0.0.1", registry.port)).is_ok());
        registry.wait_until("its socket listens", |registry| UnixStream::connect(registry.socket()).is_ok());
        registry
    }

    fn run(&mut self, name: &str, listener: &str) {
        let storage = self.folder.path().join("storage");
        let text = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\n{listener}",
            storage.display()
        );
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let log = std::fs::File::create(path.with_extension("log")).unwrap();
        let child = Command::new(program("registry", "registry"))
            .arg("serve")
            .arg(&path)
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect(NEEDS_PAYLOAD);
        self.processes.push(child);
    }

    fn wait_until(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !done(self) {
            assert!(Instant::now() < end, "the registry was not ready until {what}: {}", self.logs());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn logs(&self) -> String {
        ["tcp.log", "socket.log"]
            .map(|name| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default())
            .join("\n")
    }

    #[allow(dead_code, reason = "not every test that shares this file needs it")]
    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("push.sock")
    }

    /// The authority of its certificate, in PEM.
    pub fn authority(&self) -> String {
        self.authority.clone()
    }

    /// Changes one byte of a stored blob, as a broken disk or an intruder would.
    #[allow(dead_code, reason = "not every test that shares this file breaks things")]
    pub fn tamper(&self, digest: &Digest) {
        let hex = digest.hex();
        let path =
            self.folder.path().join("storage/docker/registry/v2/blobs/sha256").join(&hex[..2]).join(hex).join("data");
        let mut content = std::fs::read(&path).unwrap();
        let middle = content.len() / 2;
        content[middle] ^= 1;
        std::fs::write(path, content).unwrap();
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn authority() -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params, KeyPair::generate().unwrap())
}

/// An authority that signed nothing.
#[allow(dead_code, reason = "not every test that shares this file breaks things")]
pub fn authority_of_nobody() -> String {
    let (params, key) = authority();
    params.self_signed(&key).unwrap().pem()
}

fn write_certificates(folder: &Path) -> String {
    let (params, key) = authority();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let server_key = KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&server_key, &issuer).unwrap();
    std::fs::write(folder.join("tls.crt"), certificate.pem()).unwrap();
    std::fs::write(folder.join("tls.key"), server_key.serialize_pem()).unwrap();
    authority
}
