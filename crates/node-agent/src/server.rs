//! The bootstrap server, as a host talks to it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hoist_node_config::{
    ProxySettings,
    join::{Confidential, JoinRequest, JoinResponse, ORDERS_WAIT_LIMIT, Orders, Refusal, Report},
};
use jiff::Timestamp;
use reqwest::{Method, Response, StatusCode, header::DATE};

use crate::{
    cause::{Cause, chain},
    pin::{Distrust, Pin, PinVerifier},
    proxy, tls,
};

/// The server waits up to 20 s for a credential.
const JOIN_DEADLINE: Duration = Duration::from_secs(30);
const DEADLINE: Duration = Duration::from_secs(10);
/// How often a server that cannot be reached is told that this host is restored, and the pause between.
const TELLINGS: u32 = 3;
const TELL_AGAIN: Duration = Duration::from_secs(1);
/// Answers are small; more is no answer of ours.
const ANSWER_LIMIT: usize = 256 * 1024;

/// Why the server did not give a good answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// No connection.
    #[error("cannot reach {server}: {cause}")]
    Unreachable { server: String, cause: String },
    /// It is another server than the join line meant.
    #[error("{server} is not the pinned server: its certificate is not of the authority {pin}")]
    OtherAuthority { server: String, pin: Pin },
    /// Its certificate is not valid by this host's clock.
    #[error("the certificate of {server} is not valid at {now}, by this host's clock")]
    Clock { server: String, now: Timestamp },
    /// It said no.
    #[error("{server} refused: {message}")]
    Refused { server: String, status: StatusCode, message: String, gone: bool },
    /// It said something else.
    #[error("{server} answered something that is not our protocol: {cause}")]
    Malformed { server: String, cause: String },
    /// We could not even ask.
    #[error("failed to set up the connection to {server}: {cause}")]
    Setup { server: String, cause: String },
}

impl Error {
    /// Whether asking again may help.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => {
                matches!(*status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS)
            }
            _ => false,
        }
    }

    /// Whether the server wants nothing to do with this host and has noted nothing of it.
    pub(crate) fn is_rejection(&self) -> bool {
        matches!(self, Self::Refused { status: StatusCode::UNAUTHORIZED | StatusCode::CONFLICT, .. })
    }

    /// Whether the pinned server itself said that the cluster is gone for good.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Refused { gone: true, status: StatusCode::GONE, .. })
    }

    /// Cause and next step.
    pub(crate) fn cause(&self) -> Cause {
        let next_step = match self {
            Self::Unreachable { .. } => {
                "check the address and port in the join line, this host's route to it and any firewall between"
            }
            Self::OtherAuthority { .. } => {
                "make a new line with `hcp create join-command`; if that does not help, somebody is answering in the server's place"
            }
            Self::Clock { .. } => "set this host's clock and run the same line again",
            Self::Refused { status: StatusCode::UNAUTHORIZED, .. } => {
                "make a new line with `hcp create join-command`; tokens expire, run out of uses and can be revoked"
            }
            Self::Refused { gone: true, .. } => "run `hoist-node leave --force` if this host was a node of it",
            Self::Refused { status: StatusCode::CONFLICT, .. } => {
                "add --node-name NAME to the line, with a name that no other host of the cluster has"
            }
            Self::Refused { status: StatusCode::FORBIDDEN, .. } => {
                "do what the cause says, then run the same line again"
            }
            Self::Refused { .. } => {
                "look at `hcp status` and `hcp get hosts` on the management side, then run the same line again"
            }
            Self::Malformed { .. } | Self::Setup { .. } => {
                "check that --server is the address that `hcp create join-command` prints"
            }
        };
        Cause::of(self, next_step)
    }
}

/// One bootstrap server and one cluster on it.
#[derive(Debug)]
pub(crate) struct Server {
    url: String,
    cluster: String,
    pin: Pin,
    http: reqwest::Client,
    distrust: Arc<Mutex<Option<Distrust>>>,
}

impl Server {
    pub(crate) fn new(url: &str, cluster: &str, pin: Pin, proxy: Option<&ProxySettings>) -> Result<Self, Error> {
        let url = url.trim_end_matches('/').to_owned();
        let setup = |cause: String| Error::Setup { server: url.clone(), cause };
        if !url.starts_with("https://") {
            return Err(setup("--server must begin with https://".to_owned()));
        }
        let verifier = Arc::new(PinVerifier::new(pin, tls::provider()));
        let distrust = verifier.distrust();
        let tls = tls::pinned(verifier).map_err(|cause| setup(chain(&cause)))?;
        let http = proxy::client(tls, proxy).map_err(|cause| setup(chain(&cause)))?;
        Ok(Self { url, cluster: cluster.to_owned(), pin, http, distrust })
    }

    /// Contacts the server. Returns this host's clock minus the server's, seconds, if it said the time.
    pub(crate) async fn contact(&self) -> Result<Option<i64>, Error> {
        let request = self.http.get(format!("{}/healthz", self.url)).timeout(DEADLINE);
        let response = self.send(request).await?;
        let date = response
            .headers()
            .get(DATE)
            .and_then(|date| jiff::fmt::rfc2822::parse(date.to_str().ok()?).ok())
            .map(|date| date.timestamp());
        Ok(date.map(|date| Timestamp::now().as_second() - date.as_second()))
    }

    /// Trades the token in `request` for a credential.
    pub(crate) async fn join(&self, request: &JoinRequest) -> Result<JoinResponse, Error> {
        let url = format!("{}/v1/clusters/{}/join", self.url, self.cluster);
        let response = self.send(self.http.post(url).json(request).timeout(JOIN_DEADLINE)).await?;
        self.json(response).await
    }

    /// Says how far this host is.
    pub(crate) async fn report(&self, host: &str, token: &Confidential, report: &Report) -> Result<(), Error> {
        let request = self.host_request(Method::POST, host, "report", token).json(report).timeout(DEADLINE);
        self.send(request).await.map(drop)
    }

    /// Waits for an order, as long as the protocol allows.
    pub(crate) async fn orders(&self, host: &str, token: &Confidential) -> Result<Orders, Error> {
        let wait = Duration::from_secs(ORDERS_WAIT_LIMIT);
        let what = format!("orders?wait={ORDERS_WAIT_LIMIT}");
        let request = self.host_request(Method::GET, host, &what, token).timeout(wait + DEADLINE);
        let response = self.send(request).await?;
        self.json(response).await
    }

    /// Says that this host is restored.
    pub(crate) async fn left(&self, host: &str, token: &Confidential) -> Result<(), Error> {
        let tell = || self.send(self.host_request(Method::POST, host, "left", token).timeout(DEADLINE));
        // Restoring takes a while, in which the server may close the connection that the order came by; that shows only when
        // it is used again.
        for _ in 1..TELLINGS {
            match tell().await {
                Err(error) if error.is_transient() => tokio::time::sleep(TELL_AGAIN).await,
                told => return told.map(drop),
            }
        }
        tell().await.map(drop)
    }

    fn host_request(&self, method: Method, host: &str, what: &str, token: &Confidential) -> reqwest::RequestBuilder {
        let url = format!("{}/v1/clusters/{}/hosts/{host}/{what}", self.url, self.cluster);
        self.http.request(method, url).bearer_auth(token.expose())
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response, Error> {
        *self.distrust.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let response = request.send().await.map_err(|cause| self.not_sent(&cause))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let server = self.url.clone();
        let refusal: Refusal =
            self.json(response).await.unwrap_or_else(|_| Refusal { message: format!("status {status}"), gone: false });
        Err(Error::Refused { server, status, message: refusal.message, gone: refusal.gone })
    }

    fn not_sent(&self, cause: &reqwest::Error) -> Error {
        let server = self.url.clone();
        match *self.distrust.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(Distrust::OtherAuthority) => Error::OtherAuthority { server, pin: self.pin },
            Some(Distrust::Clock) => Error::Clock { server, now: Timestamp::now() },
            Some(Distrust::Certificate) | None => {
                let cause = if cause.is_timeout() { "no answer in time".to_owned() } else { innermost(cause) };
                Error::Unreachable { server, cause }
            }
        }
    }

    async fn json<T: serde::de::DeserializeOwned>(&self, mut response: Response) -> Result<T, Error> {
        let malformed = |cause: String| Error::Malformed { server: self.url.clone(), cause };
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|cause| malformed(innermost(&cause)))? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_LIMIT {
                return Err(malformed(format!("more than {ANSWER_LIMIT} bytes")));
            }
        }
        // Only the place: the text could hold the report token.
        serde_json::from_slice(&body)
            .map_err(|error| malformed(format!("line {} column {} of its JSON", error.line(), error.column())))
    }
}

/// The last cause of an HTTP error is the one that says something: "connection refused".
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    let mut current: &dyn std::error::Error = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}

#[cfg(test)]
mod tests;
