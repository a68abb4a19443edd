//! The server's certificate, and its renewal while serving.
//!
//! The authority is sent along with the certificate: hosts pin its key, and find it in the handshake itself.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::sync::watch;
use tracing::{error, info};

use crate::metrics::Metrics;

/// kubelet swaps mounted files within a minute; there is no hurry beyond that.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// Where the certificate lies.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    folder: PathBuf,
}

impl Files {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The authority, in PEM.
    pub(crate) fn certificate_authority(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    fn read(&self) -> anyhow::Result<[Vec<u8>; 3]> {
        let read = |name: &str| fs_err::read(self.folder.join(name)).map_err(anyhow::Error::from);
        Ok([read("tls.crt")?, read("tls.key")?, read("ca.crt")?])
    }
}

/// The configuration with these PEM texts: certificate, key, authority.
pub(crate) fn configuration([certificate, key, authority]: &[Vec<u8>; 3]) -> anyhow::Result<ServerConfig> {
    let mut chain =
        CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>().context("tls.crt is not PEM")?;
    for authority in CertificateDer::pem_slice_iter(authority) {
        let authority = authority.context("ca.crt is not PEM")?;
        if !chain.contains(&authority) {
            chain.push(authority);
        }
    }
    let key = PrivateKeyDer::from_pem_slice(key).context("tls.key holds no private key in PEM")?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("tls.crt and tls.key do not belong together")?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The current configuration, replaced whenever the files change. Fails if there is none to begin with.
pub(crate) fn watch(files: Files, metrics: Arc<Metrics>) -> anyhow::Result<watch::Receiver<Arc<ServerConfig>>> {
    let mut texts = files.read().context("failed to read the server's certificate")?;
    let (sender, receiver) = watch::channel(Arc::new(configuration(&texts)?));
    note_expiry(&texts, &metrics);
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(CHECK_INTERVAL);
        loop {
            ticks.tick().await;
            // While files are being swapped, reading may fail or find halves; the next look finds both.
            let Ok(found) = files.read() else { continue };
            if found == texts {
                continue;
            }
            match configuration(&found) {
                Ok(config) => {
                    info!("certificate renewed");
                    note_expiry(&found, &metrics);
                    sender.send_replace(Arc::new(config));
                    texts = found;
                }
                Err(cause) => error!(cause = format!("{cause:#}"), "new certificate not usable; the old one stays"),
            }
        }
    });
    Ok(receiver)
}

fn note_expiry(texts: &[Vec<u8>; 3], metrics: &Metrics) {
    let pem = String::from_utf8_lossy(&texts[0]);
    if let Ok(facts) = hoist_pki::CertificateFacts::from_pem(&pem) {
        metrics.certificate_expires(facts.not_after.as_second());
    }
}
