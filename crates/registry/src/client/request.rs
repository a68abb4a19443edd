//! One request to a registry: authorisation on demand, retries when they can help, and answers turned into errors.

use std::error::Error as StdError;
use std::time::Duration;

use hoist_release::ImageReference;
use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};

use super::auth::Access;
use super::{Client, LAST_FAILURE, transport};
use crate::Error;

/// Attempts at one idempotent request, with growing pauses; the deadline may end them earlier.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Tokens and error texts are smaller than this.
const SMALL: u64 = 256 << 10;

impl Client {
    /// `https://<registry>/v2/<repository>/<rest>`.
    pub(super) fn url(&self, image: &ImageReference, rest: &str) -> Result<Url, Error> {
        let scheme = if self.options().unix_socket.is_some() { "http" } else { "https" };
        let text = format!("{scheme}://{}/v2/{}/{rest}", image.registry(), image.repository());
        let url = Url::parse(&text)
            .map_err(|source| Error::Configuration { what: "the registry's address", source: source.into() })?;
        match transport::forbidden_literal(&url, self.options().address_policy.as_ref()) {
            Some((host, address)) => Err(Error::ForbiddenAddress { host, address }),
            None => Ok(url),
        }
    }

    /// Sends a request, answers a 401 challenge once, and returns whatever else comes back.
    pub(super) async fn send(
        &self,
        image: &ImageReference,
        access: Access,
        method: Method,
        url: Url,
        complete: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, Error> {
        let prepare = || complete(self.inner.http.request(method.clone(), url.clone()));
        let mut request = prepare();
        if let Some(header) = self.cached_authorization(image, access).await {
            request = request.header(AUTHORIZATION, header);
        }
        let response = request.send().await.map_err(|error| self.transport_error(image, error))?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let challenge: Vec<String> = response
            .headers()
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok().map(str::to_owned))
            .collect();
        match self.authorize(image, access, &challenge).await? {
            Some(header) => {
                prepare().header(AUTHORIZATION, header).send().await.map_err(|error| self.transport_error(image, error))
            }
            None => Ok(response),
        }
    }

    /// Runs `attempt` again while its error may pass by itself.
    pub(super) async fn retry<T, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match attempt().await {
                Err(error) if error.is_transient() => {
                    tracing::debug!(%error, ?pause, "trying the registry again");
                    // Outside an operation nobody waits for it.
                    let _ = LAST_FAILURE.try_with(|last| {
                        if let Ok(mut last) = last.lock() {
                            *last = Some(error);
                        }
                    });
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                outcome => return outcome,
            }
        }
        attempt().await
    }

    /// A failed connection, told apart by its cause.
    pub(super) fn transport_error(&self, image: &ImageReference, error: reqwest::Error) -> Error {
        let endpoint = self.endpoint(image);
        // The address may hold a token in its query.
        let error = error.without_url();
        let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
        while let Some(current) = cause {
            if let Some(forbidden) = current.downcast_ref::<transport::Forbidden>() {
                return Error::ForbiddenAddress { host: forbidden.host.clone(), address: forbidden.address };
            }
            if let Some(rustls::Error::InvalidCertificate(_)) = tls_error(current) {
                return Error::Untrusted { endpoint, source: error.into() };
            }
            cause = current.source();
        }
        Error::Unreachable { endpoint, source: error.into() }
    }

    /// What an answer other than success means. `object` is what was asked for.
    pub(super) async fn status_error(
        &self,
        image: &ImageReference,
        response: Response,
        request: String,
        object: String,
    ) -> Error {
        let endpoint = self.endpoint(image);
        match response.status() {
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Error::Unauthorized {
                endpoint,
                object,
                status: status.as_u16(),
                credentials: match self.credentials(image) {
                    Some(_) => "with the pull secret's credentials",
                    None => "without credentials",
                },
            },
            StatusCode::NOT_FOUND => Error::NotFound { object },
            status => {
                let detail = match self.read_small(image, response, "the error").await {
                    Ok(body) if !body.is_empty() => {
                        let text = String::from_utf8_lossy(&body);
                        format!(
                            ": {}",
                            text.chars().filter(|letter| !letter.is_control()).take(200).collect::<String>()
                        )
                    }
                    _ => String::new(),
                };
                Error::Unexpected { endpoint, status: status.as_u16(), request, detail }
            }
        }
    }

    pub(super) async fn read_small(
        &self,
        image: &ImageReference,
        response: Response,
        what: &str,
    ) -> Result<Vec<u8>, Error> {
        self.read_capped(image, response, SMALL, || format!("{what} of registry {}", self.endpoint(image))).await
    }

    /// The whole body, refused as soon as it is known to exceed `limit`.
    pub(super) async fn read_capped(
        &self,
        image: &ImageReference,
        mut response: Response,
        limit: u64,
        object: impl Fn() -> String,
    ) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.transport_error(image, error))? {
            if (body.len() + chunk.len()) as u64 > limit {
                return Err(Error::TooLarge { object: object(), limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// TLS errors travel inside one or two `io::Error`, which hide them from `source`.
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    match error.downcast_ref::<std::io::Error>() {
        Some(io) => tls_error(io.get_ref()?),
        None => error.downcast_ref(),
    }
}
