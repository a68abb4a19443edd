//! Everything the server says no with.
//!
//! All wrong tokens get the very same answer: which one of wrong, expired, used up, revoked or foreign it is, is said to
//! those who may read the JoinToken, not to whoever holds a string.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use hoist_node_config::join;

/// Why a request got no good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not the protocol.
    Malformed(String),
    /// Any wrong join token.
    Token,
    /// Any wrong report token.
    ReportToken,
    /// The node name belongs to another key, or its Host is on its way out.
    Conflict(String),
    /// The operator issues no credential to this host, for the reason given.
    NotAdmitted(String),
    /// No such host.
    NoHost,
    /// The cluster is gone for good.
    Gone,
    /// Body over the limit.
    TooLarge,
    /// Body did not arrive in time.
    TooSlow,
    /// More requests than one may send.
    TooMany,
    /// Something behind us is not there yet; worth another try.
    Unavailable(String),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Token | Self::ReportToken => StatusCode::UNAUTHORIZED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::NotAdmitted(_) => StatusCode::FORBIDDEN,
            Self::NoHost => StatusCode::NOT_FOUND,
            Self::Gone => StatusCode::GONE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Malformed(what) => format!("the request is malformed: {what}"),
            Self::Token => {
                "this join token is not valid here; make a new line with `hcp create join-command`".to_owned()
            }
            Self::ReportToken => "this report token is not valid for this host; join the host again".to_owned(),
            Self::Conflict(what) | Self::NotAdmitted(what) | Self::Unavailable(what) => what.clone(),
            Self::NoHost => {
                "there is no such host in this cluster any more; run `hoist-node leave --force` on it".to_owned()
            }
            Self::Gone => "this cluster no longer exists".to_owned(),
            Self::TooLarge => format!("the request is larger than {} bytes", join::BODY_LIMIT),
            Self::TooSlow => "the request did not arrive in time".to_owned(),
            Self::TooMany => "too many requests; try again in a few seconds".to_owned(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = join::Refusal { message: self.message(), gone: self == Self::Gone };
        let mut response = (self.status(), Json(body)).into_response();
        if matches!(self, Self::TooMany | Self::Unavailable(_)) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}
