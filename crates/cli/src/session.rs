//! The connection to the management cluster: which one, through which proxy, with a deadline on every call.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::args::kubeconfig::KubeconfigFlags;
use crate::failure::usage;

/// Longest a single call may take; watches are not calls.
const CALL_DEADLINE: Duration = Duration::from_secs(30);
/// Longest a connection may take to come up.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// A client and what its kubeconfig says besides.
pub struct Session {
    client: Client,
    server: String,
    proxy: Option<http::Uri>,
}

impl Session {
    /// Reads the kubeconfig. Talks to nobody yet.
    pub async fn open(flags: &KubeconfigFlags) -> Result<Self> {
        Self::open_as(flags, None).await
    }

    /// Like [`Self::open`], as another user if one is named.
    pub async fn open_as(flags: &KubeconfigFlags, user: Option<&str>) -> Result<Self> {
        let mut config = match &flags.kubeconfig {
            Some(path) => from_file(path).await?,
            None => inferred().await?,
        };
        if let Some(user) = user {
            config.auth_info.impersonate = Some(user.to_owned());
        }
        Self::of_config(config)
    }

    /// A session with another cluster, whose kubeconfig was read elsewhere; `adjust` may change the way there.
    pub async fn of_kubeconfig(kubeconfig: Kubeconfig, adjust: impl FnOnce(&mut Config)) -> Result<Self> {
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
            .await
            .context("the kubeconfig cannot be used")?;
        adjust(&mut config);
        Self::of_config(config)
    }

    fn of_config(mut config: Config) -> Result<Self> {
        config.connect_timeout = Some(CONNECT_DEADLINE);
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let proxy = config.proxy_url.clone();
        let client = Client::try_from(config).context("the kubeconfig of the management cluster cannot be used")?;
        Ok(Self { client, server, proxy })
    }

    /// A session around a ready client, for tests.
    #[cfg(test)]
    pub fn with_client(client: Client) -> Self {
        Self { client, server: "https://management.example".to_owned(), proxy: None }
    }

    /// The client.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The proxy of the kubeconfig (`proxy-url`) or of the environment.
    pub fn proxy(&self) -> Option<&http::Uri> {
        self.proxy.as_ref()
    }

    /// Runs one call with a deadline; an error says what was tried and what to do.
    ///
    /// - `action`: verb and object, such as `read HostedCluster clusters/demo`.
    pub async fn call<T>(&self, action: &str, call: impl Future<Output = kube::Result<T>>) -> Result<T> {
        match tokio::time::timeout(CALL_DEADLINE, call).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.explain(action, error)),
            Err(_) => Err(anyhow!(
                "cannot {action}: the management cluster at {} did not answer within {} s",
                self.server,
                CALL_DEADLINE.as_secs()
            )),
        }
    }

    /// An error of the client in words; the client's own text shows its types.
    pub fn explain(&self, action: &str, error: kube::Error) -> anyhow::Error {
        match error {
            kube::Error::Api(status) if status.code == 403 => {
                anyhow!("cannot {action}: {}; use a kubeconfig with that right", status.message)
            }
            kube::Error::Api(status) if status.code == 401 => {
                anyhow!(
                    "cannot {action}: the management cluster at {} does not know the user of the kubeconfig",
                    self.server
                )
            }
            kube::Error::Api(status) if is_missing_kind(&status) => anyhow!(
                "cannot {action}: the management cluster at {} has no such kind; install Hoist there first with `hcp install`",
                self.server
            ),
            kube::Error::Api(status) => anyhow!("cannot {action}: {}", status.message),
            kube::Error::Service(source) => {
                let via = self.proxy.as_ref().map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default();
                anyhow!(
                    "cannot {action}: the management cluster at {}{via} cannot be reached: {}; check that it runs and that the kubeconfig is its own",
                    self.server,
                    innermost(source.as_ref())
                )
            }
            other => anyhow::Error::new(other).context(format!("cannot {action}")),
        }
    }
}

/// The API server says "page not found" in plain text when it does not serve a path at all.
fn is_missing_kind(status: &kube::core::Status) -> bool {
    status.code == 404
        && (status.message.contains("page not found")
            || status.message.contains("could not find the requested resource"))
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

async fn from_file(path: &Path) -> Result<Config> {
    if !path.exists() {
        return Err(usage(format!("--kubeconfig {}: there is no such file", path.display())));
    }
    let kubeconfig =
        Kubeconfig::read_from(path).with_context(|| format!("--kubeconfig {} cannot be read", path.display()))?;
    Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .with_context(|| format!("--kubeconfig {} cannot be used", path.display()))
}

async fn inferred() -> Result<Config> {
    let named = std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty());
    match Kubeconfig::read() {
        Ok(kubeconfig) => Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
            .await
            .context("the kubeconfig cannot be used"),
        Err(error) if named.is_some() => Err(anyhow::Error::new(error).context("$KUBECONFIG cannot be read")),
        Err(_) => Config::incluster().map_err(|_| {
            usage(
                "no management cluster is named: expected --kubeconfig, $KUBECONFIG or ~/.kube/config; \
                 on one machine: `hcp local up`, then `export KUBECONFIG=$(hcp local kubeconfig --path)`",
            )
        }),
    }
}
