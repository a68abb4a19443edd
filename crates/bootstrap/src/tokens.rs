//! Join tokens and report tokens.
//!
//! Both are compared by hash and in constant time. A join token is looked up before anything else of a request is judged,
//! so that the order of checks tells nothing.

use hoist_api::join_token::{JoinToken, TokenUse};
use hoist_node_config::join::Confidential;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{
    Api, Client, ResourceExt as _,
    api::{Patch, PatchParams},
};
use rand::RngCore as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{kubernetes, refusal::Refusal};

/// A conflict means that another host took a use in the same moment; more than this many in a row do not happen.
const ATTEMPTS: usize = 8;

/// SHA-256 of a secret, lowercase hexadecimal.
pub(crate) fn hash(secret: &str) -> String {
    hoist_pki::pin::fingerprint(secret.as_bytes())
}

/// Whether `secret` hashes to `expected`.
pub(crate) fn matches(secret: &str, expected: &str) -> bool {
    // Hashing both sides once more makes the compared lengths equal whatever is stored.
    let (left, right) = (Sha256::digest(hash(secret)), Sha256::digest(expected));
    bool::from(left.as_slice().ct_eq(right.as_slice()))
}

/// A new secret of 256 bits.
pub(crate) fn random() -> Confidential {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    Confidential::new(URL_SAFE_NO_PAD.encode(bytes))
}

/// Finds the join token `<name>.<secret>` and checks that it may bring in a host with this key now.
///
/// A key that used the token before may use it again: it is the same host, going on.
pub(crate) async fn check(
    client: &Client,
    namespace: &str,
    token: &Confidential,
    key_fingerprint: Option<&str>,
    now: Timestamp,
) -> Result<JoinToken, Refusal> {
    let (name, secret) = token.expose().split_once('.').unwrap_or(("", token.expose()));
    // A name that cannot exist is looked up all the same, under one that does not: the time taken tells nothing.
    let name = if is_object_name(name) { name } else { "no-such-token" };
    let namespace = if is_object_name(namespace) { namespace } else { "no-such-namespace" };
    let api: Api<JoinToken> = Api::namespaced(client.clone(), namespace);
    let found = kubernetes::optional("get jointoken", api.get(name)).await?;
    let expected = found.as_ref().map_or("", |token| token.spec.secret_hash.as_str());
    let is_right = matches(secret, expected);
    let Some(found) = found.filter(|_| is_right) else { return Err(Refusal::Token) };
    let used_before = key_fingerprint.is_some_and(|key| has_used(&found, key));
    let is_valid = !found.spec.revoked
        && now < found.spec.expiration_time.0
        && found.metadata.deletion_timestamp.is_none()
        && (used_before || uses(&found) < found.spec.uses);
    if is_valid { Ok(found) } else { Err(Refusal::Token) }
}

fn has_used(token: &JoinToken, key_fingerprint: &str) -> bool {
    token
        .status
        .as_ref()
        .is_some_and(|status| status.used_by.iter().any(|used| used.key_fingerprint == key_fingerprint))
}

fn uses(token: &JoinToken) -> i32 {
    let count = token.status.as_ref().map_or(0, |status| status.used_by.len());
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Names of namespaces and of our tokens are DNS labels.
fn is_object_name(name: &str) -> bool {
    !name.contains('.') && hoist_node_config::validate_node_name(name).is_ok()
}

/// Counts one use of `token` by this host, once per key however often it is called.
pub(crate) async fn count_use(
    client: &Client,
    namespace: &str,
    mut token: JoinToken,
    key_fingerprint: &str,
    host: &str,
    now: Timestamp,
) -> Result<(), Refusal> {
    let api: Api<JoinToken> = Api::namespaced(client.clone(), namespace);
    let name = token.name_any();
    for _ in 0..ATTEMPTS {
        if has_used(&token, key_fingerprint) {
            return Ok(());
        }
        if uses(&token) >= token.spec.uses {
            return Err(Refusal::Token);
        }
        let mut used_by = token.status.clone().unwrap_or_default().used_by;
        used_by.push(TokenUse { key_fingerprint: key_fingerprint.to_owned(), host: host.to_owned(), time: Time(now) });
        // The version makes the API refuse the change if anybody else made one since.
        let patch = json!({
            "metadata": {"resourceVersion": token.metadata.resource_version},
            "status": {"used": used_by.len(), "usedBy": used_by},
        });
        let patch = Patch::Merge(&patch);
        let parameters = PatchParams::default();
        let call = api.patch_status(&name, &parameters, &patch);
        if kubernetes::unless_conflict("count a use of a jointoken", call).await?.is_some() {
            return Ok(());
        }
        token = kubernetes::optional("get jointoken", api.get(&name)).await?.ok_or(Refusal::Token)?;
    }
    Err(Refusal::Unavailable("too many hosts join at this moment; try again".to_owned()))
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn only_the_right_secret_matches_its_hash() {
        let secret = random();
        assert!(matches(secret.expose(), &hash(secret.expose())));
        assert!(!matches(secret.expose(), &hash("another")));
        assert!(!matches("", ""));
    }

    #[test]
    fn random_secrets_differ_and_are_long() {
        assert_ne!(random(), random());
        assert_eq!(random().expose().len(), 43);
    }

    #[test]
    fn names_that_would_change_the_request_path_are_not_asked_for() {
        assert!(is_object_name("jt-x1"));
        for name in ["", "../secrets", "a/b", "a?b", "a.b", "A"] {
            assert!(!is_object_name(name), "{name}");
        }
    }
}
