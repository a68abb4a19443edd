//! How commands reach a registry: with which credentials, trust and proxy.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use hoist_deployment::{OPERATOR_NAMESPACE, PULL_SECRET, REGISTRY_TRUST_BUNDLE, TRUST_BUNDLE_KEY};
use hoist_registry::{Client, DockerConfig, Observer, Options};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Api;

use crate::args::files;
use crate::args::kubeconfig::KubeconfigFlags;
use crate::session::Session;

/// The flag group.
#[derive(Debug, Clone, Default, Args)]
pub struct RegistryFlags {
    /// File with the registry's credentials (.dockerconfigjson)
    #[arg(long, value_name = "FILE", help_heading = "Registry")]
    pub pull_secret: Option<PathBuf>,
    /// File with certificate authorities (PEM) to trust besides the machine's own
    #[arg(long, value_name = "FILE", help_heading = "Registry")]
    pub additional_trust_bundle: Option<PathBuf>,
    /// Proxy on the way to the registry [default: the proxy-url of the kubeconfig]
    #[arg(long, value_name = "URL", help_heading = "Registry")]
    pub registry_proxy: Option<String>,
}

impl RegistryFlags {
    /// Options with credentials and trust, checked.
    pub fn options(&self) -> Result<Options> {
        let docker_config = match self.pull_secret()? {
            Some(content) => Some(DockerConfig::parse(&content).context("--pull-secret")?),
            None => None,
        };
        let trust_bundle_pem = self.trust_bundle()?.map(String::into_bytes);
        Ok(Options { docker_config, trust_bundle_pem, proxy: self.registry_proxy.clone(), ..Options::default() })
    }

    /// Content of the pull secret file, checked.
    pub fn pull_secret(&self) -> Result<Option<Vec<u8>>> {
        self.pull_secret.as_deref().map(files::pull_secret).transpose()
    }

    /// Content of the trust bundle file, checked.
    pub fn trust_bundle(&self) -> Result<Option<String>> {
        self.additional_trust_bundle.as_deref().map(files::trust_bundle).transpose()
    }

    /// Like [`Self::options`], and what is not named comes from the installation on the management cluster, if there is one at
    /// hand: its proxy, its pull secret and its trust bundle. A registry may be looked at without any cluster, so nothing here fails.
    pub async fn completed(&self, kubeconfig: &KubeconfigFlags) -> Result<Options> {
        let mut options = self.options()?;
        let Ok(session) = Session::open(kubeconfig).await else { return Ok(options) };
        if options.proxy.is_none() {
            options.proxy = session.proxy().map(ToString::to_string);
        }
        if options.docker_config.is_none() {
            options.docker_config = installed_pull_secret(&session).await;
        }
        if options.trust_bundle_pem.is_none() {
            options.trust_bundle_pem = installed_trust_bundle(&session).await;
        }
        Ok(options)
    }
}

async fn installed_pull_secret(session: &Session) -> Option<DockerConfig> {
    let api: Api<Secret> = Api::namespaced(session.client(), OPERATOR_NAMESPACE);
    let secret = session.call("read the installation's pull secret", api.get_opt(PULL_SECRET)).await.ok()??;
    DockerConfig::parse(&secret.data?.get(".dockerconfigjson")?.0).ok()
}

async fn installed_trust_bundle(session: &Session) -> Option<Vec<u8>> {
    let api: Api<ConfigMap> = Api::namespaced(session.client(), OPERATOR_NAMESPACE);
    let bundle =
        session.call("read the installation's trust bundle", api.get_opt(REGISTRY_TRUST_BUNDLE)).await.ok()??;
    Some(bundle.data?.get(TRUST_BUNDLE_KEY)?.clone().into_bytes())
}

/// A client that may take as long as a whole release needs.
pub fn client(options: Options, deadline: Duration, observer: Option<Arc<dyn Observer>>) -> Result<Client> {
    let mut options = Options { deadline, ..options };
    if let Some(observer) = observer {
        options.observer = observer;
    }
    Client::new(options).context("cannot prepare the way to the registry")
}
