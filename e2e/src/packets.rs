//! Counts packets of an instance's own ranges on the machine's own interfaces, where none may ever be seen.

use std::io::Write;
use std::net::UdpSocket;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use nix::sys::socket::{setsockopt, sockopt};
use serde_json::Value;

use crate::command::run;

/// How the names of these tables begin; a table is named after the instance that it watches.
pub const TABLE_PREFIX: &str = "hoist_e2e_";

/// Nodes, pods and Services of the management cluster and the way out of the switch; then pods, Services and the API address
/// of hosted clusters.
const RANGES: &str =
    "10.200.0.0/24, 10.201.0.0/16, 10.202.0.0/16, 10.203.0.0/30, 10.132.0.0/14, 172.31.0.0/16, 172.20.0.1/32";
/// An address of each range.
const PROBES: [&str; 7] =
    ["10.200.0.10", "10.201.0.2", "10.202.0.1", "10.203.0.2", "10.132.0.2", "172.31.0.1", "172.20.0.1"];

/// A counter on all interfaces of the machine, `lo` included.
#[derive(Debug)]
pub struct Counter {
    table: String,
}

impl Counter {
    /// The counter that watches `instance`.
    pub fn new(instance: &str) -> Self {
        Self { table: format!("{TABLE_PREFIX}{}", instance.replace('-', "_")) }
    }

    /// Starts at 0.
    pub fn start(&self) -> anyhow::Result<()> {
        self.stop()?;
        // Before anything else may rewrite or drop the packet.
        let rules = format!(
            "table inet {} {{
                counter seen {{ }}
                set ranges {{ type ipv4_addr; flags interval; elements = {{ {RANGES} }} }}
                set pairs {{ type ipv4_addr . ipv4_addr; flags dynamic; size 65535; }}
                chain note {{ counter name seen update @pairs {{ ip saddr . ip daddr }}; }}
                chain look {{ ip saddr @ranges goto note; ip daddr @ranges goto note; }}
                chain received {{ type filter hook prerouting priority -400; jump look; }}
                chain sent {{ type filter hook output priority -400; jump look; }}
            }}",
            self.table
        );
        let mut nft = Command::new("nft").args(["--file", "-"]).stdin(Stdio::piped()).spawn().context("no nft")?;
        nft.stdin.take().context("nft takes no input")?.write_all(rules.as_bytes())?;
        ensure!(nft.wait()?.success(), "nft refused the counter's rules");
        Ok(())
    }

    /// Packets so far, and between which addresses.
    pub fn read(&self) -> anyhow::Result<(u64, Vec<String>)> {
        let text = run("nft", &["--json", "list", "table", "inet", &self.table], &[])?.success()?;
        let list: Value = serde_json::from_str(&text)?;
        let objects = list["nftables"].as_array().context("nft lists nothing")?;
        let named = |kind: &str, name: &str| {
            objects.iter().map(|object| &object[kind]).find(|object| object["name"] == name).cloned()
        };
        let packets = named("counter", "seen").and_then(|counter| counter["packets"].as_u64());
        let pairs = named("set", "pairs").map(|set| set["elem"].clone()).unwrap_or_default();
        let pairs = pairs.as_array().into_iter().flatten().map(ToString::to_string).collect();
        Ok((packets.context("the counter is gone")?, pairs))
    }

    /// Removes the counter; one that is not there is fine.
    pub fn stop(&self) -> anyhow::Result<()> {
        let tables = run("nft", &["list", "tables"], &[])?.success()?;
        if tables.lines().any(|line| line == format!("table inet {}", self.table)) {
            run("nft", &["delete", "table", "inet", &self.table], &[])?.success()?;
        }
        Ok(())
    }
}

/// Sends one packet to an address of each range, over `lo`, so that none leaves the machine. Returns how many.
pub fn probe() -> anyhow::Result<u64> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    setsockopt(&socket, sockopt::BindToDevice, &"lo".into()).context("failed to bind to lo")?;
    for address in PROBES {
        socket.send_to(b"probe", (address, 9)).with_context(|| format!("failed to send to {address}"))?;
    }
    Ok(PROBES.len() as u64)
}
