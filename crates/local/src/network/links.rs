//! Links, addresses and routes of the calling thread's network namespace, over netlink.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    os::fd::{AsRawFd, BorrowedFd},
};

use futures::TryStreamExt;
use ipnet::Ipv4Net;
use rtnetlink::{Handle, LinkBridge, LinkUnspec, LinkVeth, RouteMessageBuilder, packet_route::route::RouteType};
use tokio::runtime::Runtime;

/// Why a link could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No netlink socket.
    #[error("cannot open a netlink socket")]
    Open {
        /// What the system said.
        source: io::Error,
    },
    /// The kernel refused a change.
    #[error("cannot {action} `{name}`")]
    Change {
        /// What was tried.
        action: &'static str,
        /// The link, address or route.
        name: String,
        /// What the kernel said.
        source: Box<rtnetlink::Error>,
    },
    /// There is no link of that name.
    #[error("there is no link `{name}` in this network namespace")]
    Absent {
        /// Its name.
        name: String,
    },
}

/// A netlink connection. It stays in the namespace in which it was opened.
pub struct Links {
    runtime: Runtime,
    handle: Handle,
}

impl Links {
    /// Opens a connection to the calling thread's network namespace.
    pub fn open() -> Result<Self, Error> {
        let failed = |source| Error::Open { source };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
        let handle = {
            let _inside = runtime.enter();
            let (connection, handle, _) = rtnetlink::new_connection().map_err(failed)?;
            runtime.spawn(connection);
            handle
        };
        Ok(Self { runtime, handle })
    }

    /// The index of a link, or none when there is no such link.
    pub fn index(&self, name: &str) -> Option<u32> {
        let mut found = self.handle.link().get().match_name(name.to_owned()).execute();
        self.runtime.block_on(found.try_next()).ok().flatten().map(|link| link.header.index)
    }

    /// Makes a bridge.
    pub fn add_bridge(&self, name: &str) -> Result<(), Error> {
        let request = self.handle.link().add(LinkBridge::new(name).up().build()).execute();
        self.run("make bridge", name, request)
    }

    /// Makes a pair of connected links.
    pub fn add_veth(&self, name: &str, peer: &str) -> Result<(), Error> {
        let request = self.handle.link().add(LinkVeth::new(name, peer).build()).execute();
        self.run("make link pair", name, request)
    }

    /// Deletes a link; one that is not there is fine.
    pub fn delete(&self, name: &str) -> Result<(), Error> {
        let Some(index) = self.index(name) else { return Ok(()) };
        match self.run("delete link", name, self.handle.link().del(index).execute()) {
            // A namespace that ends takes its links along, and with each the other end.
            Err(_) if self.index(name).is_none() => Ok(()),
            outcome => outcome,
        }
    }

    /// Switches a link on.
    pub fn set_up(&self, name: &str) -> Result<(), Error> {
        let message = LinkUnspec::new_with_index(self.require(name)?).up().build();
        self.run("switch on link", name, self.handle.link().set(message).execute())
    }

    /// Makes a link a port of a bridge.
    pub fn attach(&self, name: &str, bridge: &str) -> Result<(), Error> {
        let bridge = self.require(bridge)?;
        let message = LinkUnspec::new_with_index(self.require(name)?).controller(bridge).up().build();
        self.run("attach link", name, self.handle.link().set(message).execute())
    }

    /// Moves a link to another namespace, where it is called `new_name`.
    pub fn hand_over(&self, name: &str, namespace: BorrowedFd<'_>, new_name: &str) -> Result<(), Error> {
        let message = LinkUnspec::new_with_index(self.require(name)?)
            .setns_by_fd(namespace.as_raw_fd())
            .name(new_name.to_owned())
            .build();
        self.run("hand over link", name, self.handle.link().set(message).execute())
    }

    /// Gives a link an address.
    pub fn add_address(&self, name: &str, address: Ipv4Addr, prefix: u8) -> Result<(), Error> {
        let request = self.handle.address().add(self.require(name)?, IpAddr::V4(address), prefix).replace().execute();
        self.run("give an address to link", name, request)
    }

    /// Adds or replaces a route to `destination` through `gateway`.
    pub fn add_route(&self, destination: Ipv4Net, gateway: Ipv4Addr) -> Result<(), Error> {
        let message = RouteMessageBuilder::<Ipv4Addr>::new()
            .destination_prefix(destination.network(), destination.prefix_len())
            .gateway(gateway)
            .build();
        let request = self.handle.route().add(message).replace().execute();
        self.run("add route to", &destination.to_string(), request)
    }

    /// Answers everything without a better route with "unreachable", so that callers fail at once.
    pub fn refuse_the_rest(&self) -> Result<(), Error> {
        let message = RouteMessageBuilder::<Ipv4Addr>::new()
            .destination_prefix(Ipv4Addr::UNSPECIFIED, 0)
            .kind(RouteType::Unreachable)
            .build();
        self.run("refuse routes to", "0.0.0.0/0", self.handle.route().add(message).replace().execute())
    }

    fn require(&self, name: &str) -> Result<u32, Error> {
        self.index(name).ok_or_else(|| Error::Absent { name: name.to_owned() })
    }

    fn run(
        &self,
        action: &'static str,
        name: &str,
        request: impl Future<Output = Result<(), rtnetlink::Error>>,
    ) -> Result<(), Error> {
        let failed = |source| Error::Change { action, name: name.to_owned(), source: Box::new(source) };
        self.runtime.block_on(request).map_err(failed)
    }
}
