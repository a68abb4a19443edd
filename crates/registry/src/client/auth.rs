//! Answers to a registry's `WWW-Authenticate`: basic credentials or a bearer token fetched with them.
//!
//! Credentials go only where the challenge of the registry itself sends them, and only over TLS.

use std::collections::HashMap;

use hoist_release::ImageReference;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{Client, transport};
use crate::Error;
use crate::docker_config::Credentials;

/// What a request wants to do with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Access {
    Pull,
    Push,
}

impl Access {
    fn actions(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "pull,push",
        }
    }
}

/// Authorization headers that worked, per registry, repository and access.
#[derive(Default)]
pub(super) struct Tokens(Mutex<HashMap<(String, String, Access), HeaderValue>>);

#[derive(Debug, PartialEq, Eq)]
enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String> },
}

#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    token: Option<SecretString>,
    #[serde(default)]
    access_token: Option<SecretString>,
}

impl Client {
    pub(super) async fn cached_authorization(&self, image: &ImageReference, access: Access) -> Option<HeaderValue> {
        self.inner.tokens.0.lock().await.get(&key(image, access)).cloned()
    }

    /// Turns a 401's challenge into an Authorization header; `None` when nothing we have could help.
    pub(super) async fn authorize(
        &self,
        image: &ImageReference,
        access: Access,
        challenge: &[String],
    ) -> Result<Option<HeaderValue>, Error> {
        let credentials = self.credentials(image);
        let header = match challenge.iter().find_map(|text| parse(text)) {
            Some(Challenge::Basic) => credentials.map(basic),
            Some(Challenge::Bearer { realm, service }) => {
                Some(self.fetch_token(image, access, &realm, service.as_deref(), credentials).await?)
            }
            None => None,
        };
        if let Some(header) = &header {
            self.inner.tokens.0.lock().await.insert(key(image, access), header.clone());
        }
        Ok(header)
    }

    pub(super) fn credentials(&self, image: &ImageReference) -> Option<&Credentials> {
        self.options().docker_config.as_ref()?.for_image(image)
    }

    async fn fetch_token(
        &self,
        image: &ImageReference,
        access: Access,
        realm: &str,
        service: Option<&str>,
        credentials: Option<&Credentials>,
    ) -> Result<HeaderValue, Error> {
        let malformed = |what| Error::Malformed {
            object: format!("the authentication challenge of registry {} ({what})", self.endpoint(image)),
            expected: "token service",
            source: None,
        };
        let mut url = reqwest::Url::parse(realm).map_err(|_| malformed("its realm is no address"))?;
        if url.scheme() != "https" && self.options().unix_socket.is_none() {
            return Err(malformed("its realm is not https"));
        }
        if let Some((host, address)) = transport::forbidden_literal(&url, self.options().address_policy.as_ref()) {
            return Err(Error::ForbiddenAddress { host, address });
        }
        url.query_pairs_mut().append_pair("scope", &format!("repository:{}:{}", image.repository(), access.actions()));
        if let Some(service) = service {
            url.query_pairs_mut().append_pair("service", service);
        }
        let mut request = self.inner.http.get(url);
        if let Some(credentials) = credentials {
            request = request.header(reqwest::header::AUTHORIZATION, basic(credentials));
        }
        let response = request.send().await.map_err(|error| self.transport_error(image, error))?;
        if !response.status().is_success() {
            return Err(self.status_error(image, response, "GET a token".to_owned(), image.to_string()).await);
        }
        let body = self.read_small(image, response, "the token").await?;
        let answer: TokenAnswer = serde_json::from_slice(&body).map_err(|_| malformed("its answer is no token"))?;
        let token = answer.token.or(answer.access_token).ok_or_else(|| malformed("its answer has no token"))?;
        let mut header = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(|_| malformed("its token is no header text"))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

fn key(image: &ImageReference, access: Access) -> (String, String, Access) {
    (image.registry().to_owned(), image.repository().to_owned(), access)
}

fn basic(credentials: &Credentials) -> HeaderValue {
    use base64::Engine as _;
    let text = format!("{}:{}", credentials.username, credentials.password.expose_secret());
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    let mut header = HeaderValue::from_str(&format!("Basic {encoded}")).expect("base64 is header text");
    header.set_sensitive(true);
    header
}

fn parse(challenge: &str) -> Option<Challenge> {
    let (scheme, rest) = challenge.trim().split_once(' ').unwrap_or((challenge.trim(), ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut realm = None;
    let mut service = None;
    for (name, value) in parameters(rest) {
        match name.to_ascii_lowercase().as_str() {
            "realm" => realm = Some(value),
            "service" => service = Some(value),
            _ => {}
        }
    }
    Some(Challenge::Bearer { realm: realm?, service })
}

/// `name="value"` pairs; a quoted value may hold commas.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ',']).to_owned();
        let (value, remaining) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        found.push((name, value.to_owned()));
        rest = remaining;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_with_a_comma_does_not_break_the_realm() {
        let text = r#"Bearer realm="https://auth.example.com/token",scope="repository:a/b:pull,push",service="registry.example.com""#;
        assert_eq!(
            parse(text),
            Some(Challenge::Bearer {
                realm: "https://auth.example.com/token".into(),
                service: Some("registry.example.com".into())
            })
        );
    }

    #[test]
    fn basic_and_unknown_schemes_are_told_apart() {
        assert_eq!(parse(r#"Basic realm="hoist""#), Some(Challenge::Basic));
        assert_eq!(parse("basic"), Some(Challenge::Basic));
        assert_eq!(parse("Negotiate"), None);
        assert_eq!(parse(r#"Bearer service="no realm""#), None);
    }
}
