//! The client: one set of credentials, trust and limits; cheap to clone.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hoist_release::ImageReference;

use crate::observer::Silent;
use crate::{DockerConfig, Error, Observer};

mod auth;
mod copy;
mod pull;
mod push;
mod release;
mod request;
mod tags;
mod transport;

use auth::Tokens;

/// Says whether images may come from an address; see [`Options::address_policy`].
pub type AddressPolicy = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// What a client is made from. The default reaches public registries without credentials.
#[derive(Clone)]
pub struct Options {
    /// Authorities to trust besides the machine's own, in PEM.
    pub trust_bundle_pem: Option<Vec<u8>>,
    /// Credentials.
    pub docker_config: Option<DockerConfig>,
    /// Proxy for every connection, as `http://host:port` or `socks5://host:port`. The environment is never consulted.
    pub proxy: Option<String>,
    /// Speak plain HTTP over this socket whatever registry a reference names. For pushing into the local instance.
    pub unix_socket: Option<PathBuf>,
    /// Longest duration of one whole call, retries included.
    pub deadline: Duration,
    /// Most bytes of one image, compressed and unpacked alike.
    pub size_cap: u64,
    /// Where half-loaded blobs are kept, so that a later call, by another process even, resumes them. Default: they are not.
    pub download_folder: Option<PathBuf>,
    /// Which addresses tenants' registries may have. Not consulted for a proxy's targets that are host names: there the proxy decides.
    pub address_policy: Option<AddressPolicy>,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            trust_bundle_pem: None,
            docker_config: None,
            proxy: None,
            unix_socket: None,
            deadline: Duration::from_secs(120),
            size_cap: 1 << 30,
            download_folder: None,
            address_policy: None,
            observer: Arc::new(Silent),
        }
    }
}

type LastFailure = Arc<Mutex<Option<Error>>>;

tokio::task_local! {
    /// Why the latest attempt of the current operation failed: what a deadline that ends the retries has to tell.
    static LAST_FAILURE: LastFailure;
}

/// Talks to registries.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    options: Options,
    tokens: Tokens,
}

impl Client {
    /// Makes a client; fails if the trust bundle or the proxy cannot be used.
    pub fn new(options: Options) -> Result<Self, Error> {
        let http = transport::build(&options)?;
        Ok(Self { inner: Arc::new(Inner { http, options, tokens: Tokens::default() }) })
    }

    fn options(&self) -> &Options {
        &self.inner.options
    }

    fn observer(&self) -> &dyn Observer {
        self.inner.options.observer.as_ref()
    }

    /// Runs a whole operation under the deadline.
    async fn within_deadline<T>(
        &self,
        operation: impl FnOnce() -> String,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let limit = self.options().deadline;
        let failure = LastFailure::default();
        match tokio::time::timeout(limit, LAST_FAILURE.scope(failure.clone(), work)).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => {
                let source = failure.lock().ok().and_then(|mut last| last.take()).map(Box::new);
                Err(Error::Deadline { operation: operation(), limit, source })
            }
        }
    }

    /// Who is at the other end, for messages.
    fn endpoint(&self, image: &ImageReference) -> String {
        match &self.options().unix_socket {
            Some(socket) => socket.display().to_string(),
            None => image.registry().to_owned(),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = self.options();
        formatter
            .debug_struct("Client")
            .field("docker_config", &options.docker_config)
            .field("unix_socket", &options.unix_socket)
            .field("deadline", &options.deadline)
            .finish_non_exhaustive()
    }
}
