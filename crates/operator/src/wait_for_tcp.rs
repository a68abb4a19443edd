//! `hoist-operator wait-for-tcp HOST:PORT`: ends as soon as something accepts connections there.
//!
//! It is the init container of a hosted kube-apiserver, which gives up when etcd does not answer within 20 s of its start.

use std::net::{TcpStream, ToSocketAddrs};
use std::thread::sleep;
use std::time::Duration;

const COMMAND: &str = "wait-for-tcp";
/// Longest wait for one address, which may silently swallow packets while it is being set up.
const CONNECT: Duration = Duration::from_secs(1);
/// Between two rounds: every tenth of a second here is one for whoever waits for a cluster.
const PAUSE: Duration = Duration::from_millis(50);

/// The address to wait for, when the command line asks for that and nothing else.
pub fn requested(mut arguments: impl Iterator<Item = String>) -> Option<String> {
    (arguments.nth(1)? == COMMAND).then(|| arguments.next()).flatten()
}

/// Waits. The name is resolved anew in each round, since it may not exist yet.
pub fn wait(address: &str) {
    eprintln!("waiting for {address}");
    while !accepts(address) {
        sleep(PAUSE);
    }
}

fn accepts(address: &str) -> bool {
    address
        .to_socket_addrs()
        .is_ok_and(|mut addresses| addresses.any(|address| TcpStream::connect_timeout(&address, CONNECT).is_ok()))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn arguments(texts: &[&str]) -> Option<String> {
        requested(texts.iter().map(|text| (*text).to_owned()))
    }

    #[test]
    fn only_its_own_command_is_taken() {
        assert_eq!(
            arguments(&["hoist-operator", "wait-for-tcp", "etcd-client:2379"]).as_deref(),
            Some("etcd-client:2379")
        );
        assert_eq!(arguments(&["hoist-operator"]), None);
        assert_eq!(arguments(&["hoist-operator", "wait-for-tcp"]), None);
        assert_eq!(arguments(&["hoist-operator", "--namespace", "wait-for-tcp"]), None);
    }

    #[test]
    fn it_ends_when_something_listens_and_not_before() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        assert!(accepts(&address));
        drop(listener);
        assert!(!accepts(&address));
        assert!(!accepts("no address at all"));
    }
}
