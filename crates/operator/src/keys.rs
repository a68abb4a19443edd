//! Keys with one RSA key in reserve: making one takes up to a second of a processor, and a new cluster would wait for it.

use std::sync::{Arc, Mutex, PoisonError};

use hoist_pki::{Error, KeySource, SystemKeys};
use rcgen::KeyPair;

/// A source that makes the next RSA key while nobody waits for it.
#[derive(Clone, Default)]
pub struct SpareKeys {
    spare: Arc<Mutex<Option<KeyPair>>>,
}

impl SpareKeys {
    /// Makes the spare key unless there is one. Blocks for as long as that takes.
    pub fn fill(&self) {
        if self.spare().is_some() {
            return;
        }
        match SystemKeys.rsa() {
            Ok(key) => *self.spare() = Some(key),
            Err(error) => tracing::warn!(%error, "no spare key was made"),
        }
    }

    fn spare(&self) -> std::sync::MutexGuard<'_, Option<KeyPair>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeySource for SpareKeys {
    fn ecdsa(&self) -> Result<KeyPair, Error> {
        SystemKeys.ecdsa()
    }

    fn rsa(&self) -> Result<KeyPair, Error> {
        let taken = self.spare().take();
        match taken {
            Some(key) => Ok(key),
            None => SystemKeys.rsa(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spare_key_is_given_away_once() {
        let keys = SpareKeys::default();
        keys.fill();
        let spare = keys.spare().as_ref().map(KeyPair::serialize_pem).unwrap();
        assert_eq!(keys.rsa().unwrap().serialize_pem(), spare);
        assert_ne!(keys.rsa().unwrap().serialize_pem(), spare);
    }
}
