//! Why reading, copying or pushing an image failed, in the words that a condition or a command line prints.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use hoist_release::{Digest, ReleaseError};

use crate::{LayoutError, UnpackError};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why an operation on a registry failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection, or it broke again and again.
    #[error("registry {endpoint} cannot be reached; check that it runs, its address and the proxy")]
    Unreachable {
        /// Host and port, or socket.
        endpoint: String,
        /// What the transport says.
        #[source]
        source: Cause,
    },
    /// The TLS handshake failed on the registry's certificate.
    #[error("the certificate of registry {endpoint} is not trusted; add its authority to the trust bundle")]
    Untrusted {
        /// Host and port.
        endpoint: String,
        /// What the TLS library says.
        #[source]
        source: Cause,
    },
    /// 401 or 403.
    #[error(
        "registry {endpoint} refuses access to {object} ({status}, {credentials}); check the pull secret's entry for {endpoint}"
    )]
    Unauthorized {
        /// Host and port.
        endpoint: String,
        /// Repository or image.
        object: String,
        /// HTTP status code.
        status: u16,
        /// Whether credentials were sent: `with the pull secret's credentials` or `without credentials`.
        credentials: &'static str,
    },
    /// 404.
    #[error("{object} does not exist; check its name, tag and digest")]
    NotFound {
        /// Image or blob.
        object: String,
    },
    /// Content is not what its digest says.
    #[error("{object} has digest {found}, expected {expected}; the registry or something on the way changed it")]
    DigestMismatch {
        /// Image or blob.
        object: String,
        /// Digest that was asked for.
        expected: Digest,
        /// Digest of what arrived.
        found: Digest,
    },
    /// Content is larger than allowed.
    #[error("{object} is larger than the {limit} bytes that are accepted")]
    TooLarge {
        /// Image, document or blob.
        object: String,
        /// The cap in bytes.
        limit: u64,
    },
    /// The whole operation took too long.
    #[error("{operation} was not finished after {} s; try again or check the way to the registry", .limit.as_secs())]
    Deadline {
        /// What was being done, with its object.
        operation: String,
        /// The deadline.
        limit: Duration,
        /// Why the latest attempt before it failed, if one did.
        #[source]
        source: Option<Box<Error>>,
    },
    /// The image exists but is something else.
    #[error("{reference} is not a Hoist release image: {cause}")]
    NotARelease {
        /// The image.
        reference: String,
        /// What is missing or different.
        cause: String,
        /// The parser's error, if there is one.
        #[source]
        source: Option<Box<ReleaseError>>,
    },
    /// A release lacks a component.
    #[error("the release is not complete")]
    Release(#[from] ReleaseError),
    /// An answer that the registry API does not allow at this point.
    #[error("registry {endpoint} answers {status} to {request}{detail}")]
    Unexpected {
        /// Host and port.
        endpoint: String,
        /// HTTP status code.
        status: u16,
        /// Method and object.
        request: String,
        /// The registry's own words, shortened, with a leading colon; may be empty.
        detail: String,
    },
    /// A document of the registry cannot be understood.
    #[error("{object} is no valid {expected}")]
    Malformed {
        /// Image or answer.
        object: String,
        /// What it should be.
        expected: &'static str,
        /// What the parser says.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// The address policy of the caller forbids this endpoint.
    #[error(
        "registry {host} is at {address}, which images may not come from; use a registry outside the management cluster's own addresses"
    )]
    ForbiddenAddress {
        /// Host as named.
        host: String,
        /// What it resolves to.
        address: IpAddr,
    },
    /// The trust bundle or the proxy cannot be used.
    #[error("{what} cannot be used")]
    Configuration {
        /// What was given.
        what: &'static str,
        /// Why.
        #[source]
        source: Cause,
    },
    /// A layer cannot be unpacked safely.
    #[error("a layer of {object} cannot be unpacked")]
    Unpack {
        /// The image.
        object: String,
        /// Why.
        #[source]
        source: UnpackError,
    },
    /// The image layout on disk cannot be used.
    #[error("the image layout cannot be used")]
    Layout(#[from] LayoutError),
    /// A local file cannot be read or written.
    #[error("{} cannot be {verb}", .path.display())]
    File {
        /// `read` or `written`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// A reason in the form that conditions use, stable across versions.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "RegistryUnreachable",
            Self::Untrusted { .. } => "RegistryNotTrusted",
            Self::Unauthorized { .. } => "RegistryUnauthorized",
            Self::NotFound { .. } => "ImageNotFound",
            Self::DigestMismatch { .. } => "DigestMismatch",
            Self::TooLarge { .. } => "ImageTooLarge",
            Self::Deadline { source: Some(last), .. } => last.reason(),
            Self::Deadline { source: None, .. } => "RegistryTimeout",
            Self::NotARelease { .. } => "NotAReleaseImage",
            Self::Release(_) => "ReleaseIncomplete",
            Self::Unexpected { .. } | Self::Malformed { .. } => "RegistryError",
            Self::ForbiddenAddress { .. } => "RegistryForbidden",
            Self::Configuration { .. } => "InvalidRegistryConfiguration",
            Self::Unpack { .. } => "ImageNotUnpacked",
            Self::Layout(_) => "InvalidImageLayout",
            Self::File { .. } => "FileError",
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Deadline { .. } => true,
            Self::Unexpected { status, .. } => *status >= 500 || *status == 429,
            _ => false,
        }
    }

    pub(crate) fn file(verb: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File { verb, path: path.to_owned(), source }
    }
}
