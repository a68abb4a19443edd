//! From a table and the existing Secrets to the Secrets that should be. Idempotent: what is valid is kept byte for byte.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::certificate::reason_to_reissue;
use crate::table::{Row, names};
use crate::{Authority, Error, KeySource, Kubeconfig, Leaf};

/// Data of one Secret.
pub type Data = BTreeMap<String, Vec<u8>>;

/// What should be.
#[derive(Clone, PartialEq, Eq)]
pub struct Desired {
    /// Secrets by name.
    pub secrets: BTreeMap<&'static str, Data>,
    /// ConfigMaps by name.
    pub bundles: BTreeMap<&'static str, BTreeMap<String, String>>,
    /// What was made now, in table order.
    pub changes: Vec<Change>,
    /// When the first of the certificates is due: look again then.
    pub next_renewal: Option<Timestamp>,
}

/// One Secret that was made or made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Name of the Secret.
    pub name: &'static str,
    /// Why; empty when there was none before.
    pub reason: String,
}

/// Keeps what is still good in `existing` and makes the rest.
///
/// `existing` holds the data of the Secrets that exist, by name; unknown ones are ignored. Fails when an authority or the
/// service-account key exists and cannot be used, because replacing it would cut off the cluster's nodes.
pub fn desired(
    rows: &[Row],
    existing: &BTreeMap<String, Data>,
    now: Timestamp,
    keys: &dyn KeySource,
) -> Result<Desired, Error> {
    let mut maker = Maker { existing, now, keys, authorities: BTreeMap::new(), result: Desired::empty() };
    for row in rows {
        maker.make(row)?;
    }
    Ok(maker.result)
}

impl Desired {
    fn empty() -> Self {
        Self { secrets: BTreeMap::new(), bundles: BTreeMap::new(), changes: Vec::new(), next_renewal: None }
    }

    /// A value as text; certificates and kubeconfigs are.
    pub fn text(&self, secret: &str, key: &str) -> Option<&str> {
        std::str::from_utf8(self.secrets.get(secret)?.get(key)?).ok()
    }
}

impl std::fmt::Debug for Desired {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Desired")
            .field("secrets", &self.secrets.keys())
            .field("changes", &self.changes)
            .field("next_renewal", &self.next_renewal)
            .finish_non_exhaustive()
    }
}

struct Maker<'a> {
    existing: &'a BTreeMap<String, Data>,
    now: Timestamp,
    keys: &'a dyn KeySource,
    authorities: BTreeMap<&'static str, Authority>,
    result: Desired,
}

impl Maker<'_> {
    fn make(&mut self, row: &Row) -> Result<(), Error> {
        match row {
            Row::Authority { name, lifetime } => self.authority(name, *lifetime),
            Row::Leaf { name, signer, subject, names, usage, lifetime, stem } => {
                let leaf = Leaf { subject: subject.clone(), names: names.clone(), usage: *usage, lifetime: *lifetime };
                self.leaf(name, signer, &leaf, stem)
            }
            Row::SigningKey { name, given } => self.signing_key(name, given.as_deref()),
            Row::Kubeconfig { name, client, authority, server, more } => {
                self.kubeconfig(name, client, authority, server, more)
            }
            Row::Bundle { name, authorities, more } => self.bundle(name, authorities, more),
        }
    }

    fn authority(&mut self, name: &'static str, lifetime: SignedDuration) -> Result<(), Error> {
        let authority = match self.existing.get(name) {
            None => {
                self.changed(name, String::new());
                Authority::generate_for(name, lifetime, self.now, self.keys)?
            }
            Some(data) => {
                let broken = |source| Error::BrokenAuthority { name: name.to_owned(), source };
                let (Some(certificate), Some(key)) =
                    (text(data, names::CA_CERTIFICATE_KEY), text(data, names::CA_PRIVATE_KEY))
                else {
                    return Err(broken(None));
                };
                let authority = Authority::from_pem(certificate, key).map_err(|error| broken(Some(Box::new(error))))?;
                if self.now >= authority.facts().renewal_time() {
                    self.changed(name, format!("it ends at {}", authority.facts().not_after));
                    authority.renew(lifetime, self.now)?
                } else {
                    authority
                }
            }
        };
        self.due(authority.facts().renewal_time());
        let data = Data::from([
            (names::CA_CERTIFICATE_KEY.to_owned(), authority.certificate_pem().as_bytes().to_vec()),
            (names::CA_PRIVATE_KEY.to_owned(), authority.key_pem().into_bytes()),
        ]);
        self.result.secrets.insert(name, data);
        self.authorities.insert(name, authority);
        Ok(())
    }

    fn leaf(&mut self, name: &'static str, signer: &'static str, leaf: &Leaf, stem: &str) -> Result<(), Error> {
        let authority = self.authorities.get(signer).ok_or_else(|| missing(name, signer))?;
        let (certificate_key, private_key) = (format!("{stem}.crt"), format!("{stem}.key"));
        let kept = self.existing.get(name).map(|data| match (text(data, &certificate_key), text(data, &private_key)) {
            (Some(certificate), Some(key)) => match reason_to_reissue(leaf, certificate, key, authority, self.now) {
                None => Ok((certificate.to_owned(), key.to_owned())),
                Some(reason) => Err(reason),
            },
            _ => Err(format!("it lacks `{certificate_key}` or `{private_key}`")),
        });
        let (pair, reason) = match kept {
            Some(Ok(pair)) => (pair, None),
            Some(Err(reason)) => (new_pair(authority, leaf, self.now, self.keys)?, Some(reason)),
            None => (new_pair(authority, leaf, self.now, self.keys)?, Some(String::new())),
        };
        let data = Data::from([
            (names::CA_CERTIFICATE_KEY.to_owned(), authority.certificate_pem().as_bytes().to_vec()),
            (certificate_key, pair.0.clone().into_bytes()),
            (private_key, pair.1.into_bytes()),
        ]);
        if let Some(reason) = reason {
            self.changed(name, reason);
        }
        self.due(crate::CertificateFacts::from_pem(&pair.0)?.renewal_time());
        self.result.secrets.insert(name, data);
        Ok(())
    }

    fn signing_key(&mut self, name: &'static str, given: Option<&str>) -> Result<(), Error> {
        let existing = self.existing.get(name);
        let broken = |source| Error::BrokenSigningKey {
            name: name.to_owned(),
            key: names::SERVICE_ACCOUNT_PRIVATE_KEY.to_owned(),
            source,
        };
        let pem = match (given, existing) {
            (Some(given), _) => given.to_owned(),
            (None, Some(data)) => {
                text(data, names::SERVICE_ACCOUNT_PRIVATE_KEY).ok_or_else(|| broken(None))?.to_owned()
            }
            (None, None) => self.keys.rsa()?.serialize_pem(),
        };
        let key = rcgen::KeyPair::from_pem(&pem).map_err(|source| broken(Some(Box::new(Error::Key { source }))))?;
        let data = Data::from([
            (names::SERVICE_ACCOUNT_PRIVATE_KEY.to_owned(), pem.into_bytes()),
            (names::SERVICE_ACCOUNT_PUBLIC_KEY.to_owned(), key.public_key_pem().into_bytes()),
        ]);
        match existing {
            None => self.changed(name, String::new()),
            Some(old) if *old != data => self.changed(name, "another key was given".to_owned()),
            Some(_) => {}
        }
        self.result.secrets.insert(name, data);
        Ok(())
    }

    fn kubeconfig(
        &mut self,
        name: &'static str,
        client: &'static str,
        authority: &'static str,
        server: &str,
        more: &str,
    ) -> Result<(), Error> {
        let authority = self.authorities.get(authority).ok_or_else(|| missing(name, authority))?;
        let part = |key: &str| self.result.text(client, key).ok_or_else(|| missing(name, client));
        let rendered = Kubeconfig {
            server,
            certificate_authority_pem: &joined(authority.certificate_pem(), more),
            client_certificate_pem: part("tls.crt")?,
            client_key_pem: part("tls.key")?,
            proxy_url: None,
        }
        .render();
        let data = Data::from([(names::KUBECONFIG_KEY.to_owned(), rendered.into_bytes())]);
        match self.existing.get(name) {
            None => self.changed(name, String::new()),
            Some(old) if *old != data => self.changed(name, "what it is made of changed".to_owned()),
            Some(_) => {}
        }
        self.result.secrets.insert(name, data);
        Ok(())
    }

    fn bundle(&mut self, name: &'static str, authorities: &[&'static str], more: &str) -> Result<(), Error> {
        let mut bundle = String::new();
        for authority in authorities {
            let authority = self.authorities.get(authority).ok_or_else(|| missing(name, authority))?;
            bundle.push_str(authority.certificate_pem());
        }
        let bundle = joined(&bundle, more);
        self.result.bundles.insert(name, BTreeMap::from([(names::CA_CERTIFICATE_KEY.to_owned(), bundle)]));
        Ok(())
    }

    fn changed(&mut self, name: &'static str, reason: String) {
        self.result.changes.push(Change { name, reason });
    }

    fn due(&mut self, moment: Timestamp) {
        self.result.next_renewal = Some(self.result.next_renewal.map_or(moment, |earlier| earlier.min(moment)));
    }
}

fn new_pair(
    authority: &Authority,
    leaf: &Leaf,
    now: Timestamp,
    keys: &dyn KeySource,
) -> Result<(String, String), Error> {
    let issued = authority.issue(leaf, now, keys)?;
    Ok((issued.certificate_pem, issued.key_pem))
}

/// Two PEM texts as one; the first ends its last line.
fn joined(first: &str, second: &str) -> String {
    format!("{first}{}{second}", if first.is_empty() || first.ends_with('\n') { "" } else { "\n" })
}

fn text<'a>(data: &'a Data, key: &str) -> Option<&'a str> {
    std::str::from_utf8(data.get(key)?).ok()
}

fn missing(row: &str, needs: &str) -> Error {
    Error::Table { row: row.to_owned(), needs: needs.to_owned() }
}
