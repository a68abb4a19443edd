//! Why certificates could not be read or made.

/// Why certificates could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A key could not be made.
    #[error("failed to make a {algorithm} key")]
    MakeKey {
        /// `ECDSA P-256` or `RSA 2048`.
        algorithm: &'static str,
        /// Cause.
        source: rcgen::Error,
    },
    /// A certificate could not be signed.
    #[error("failed to sign the certificate of {subject:?}")]
    Sign {
        /// Common name.
        subject: String,
        /// Cause.
        source: rcgen::Error,
    },
    /// A name cannot stand in a certificate.
    #[error("{name:?} cannot stand in a certificate as a DNS name: expected ASCII letters, digits, `-`, `.` and `*`")]
    Name {
        /// The name.
        name: String,
        /// Cause.
        source: rcgen::Error,
    },
    /// Not the PEM of a certificate.
    #[error("expected the PEM of an X.509 certificate: {detail}")]
    Certificate {
        /// What is wrong.
        detail: String,
    },
    /// Not the PEM of a private key.
    #[error("expected the PEM of a private key (ECDSA P-256 or RSA, PKCS#8, PKCS#1 or SEC1)")]
    Key {
        /// Cause.
        source: rcgen::Error,
    },
    /// Not the PEM of a PKCS#10 request, or its signature is wrong.
    #[error("expected the PEM of a PKCS#10 certificate request signed with its own key: {detail}")]
    Request {
        /// What is wrong.
        detail: String,
    },
    /// A Secret that should hold an authority does not. It is not replaced silently: that would cut off every client.
    #[error(
        "Secret {name} holds no usable certificate authority: expected keys `ca.crt` and `ca.key` that belong together; \
         restore it from a backup, or delete it to have a new one made, after which every node must join again"
    )]
    BrokenAuthority {
        /// Name of the Secret.
        name: String,
        /// Cause, when the parts could not be read at all.
        source: Option<Box<Error>>,
    },
    /// As [`Self::BrokenAuthority`], for the service-account key.
    #[error(
        "Secret {name} holds no usable service-account key: expected the PEM of an RSA private key under `{key}`; \
         restore it from a backup, or delete it to have a new one made, after which every service-account token is void"
    )]
    BrokenSigningKey {
        /// Name of the Secret.
        name: String,
        /// Key in the Secret.
        key: String,
        /// Cause.
        source: Option<Box<Error>>,
    },
    /// A table names something that stands in no row before it.
    #[error("row {row} of the certificate table needs {needs}, which no row before it makes")]
    Table {
        /// Name of the row.
        row: String,
        /// What it needs.
        needs: String,
    },
    /// A moment that the calendar does not reach.
    #[error("the moment {moment} is outside of what a certificate can express")]
    Moment {
        /// The moment.
        moment: jiff::Timestamp,
    },
}
