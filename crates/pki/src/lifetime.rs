//! How long certificates live, and when they are due for renewal.

use jiff::{SignedDuration, Timestamp};
use time::OffsetDateTime;

use crate::Error;

/// Validity of authorities. Source: HyperShift `certs.ValidityTenYears`.
pub const AUTHORITY: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);
/// Validity of leaves. Source: HyperShift `certs.ValidityOneYear`.
pub const LEAF: SignedDuration = SignedDuration::from_hours(365 * 24);
/// Validity of the operator's own credential in a hosted cluster.
pub const GUEST_OPERATOR: SignedDuration = SignedDuration::from_hours(24);
/// Validity of authorities of break-glass certificates. Source: HyperShift, seven times its scale of a day.
pub const BREAK_GLASS_AUTHORITY: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Longest validity of break-glass certificates. Source: HyperShift, one and a half times its scale.
pub const BREAK_GLASS: SignedDuration = SignedDuration::from_hours(36);
/// Validity of the credential that a joining host gets.
pub const HOST_CREDENTIAL: SignedDuration = SignedDuration::from_mins(10);
/// Certificates begin this long before they are made, so that a host whose clock is a little behind accepts them.
pub const BACKDATED: SignedDuration = SignedDuration::from_mins(5);
/// What is valid for longer than this is renewed this long before its end. Source: HyperShift.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// When a certificate with these bounds is due: 30 days before its end, or after two thirds of a short life.
pub fn renewal_time(not_before: Timestamp, not_after: Timestamp) -> Timestamp {
    let third = not_after.duration_since(not_before) / 3;
    let margin = if third < RENEW_BEFORE { third } else { RENEW_BEFORE };
    not_after.checked_sub(margin).unwrap_or(not_after)
}

/// The moment in the certificate library's terms.
pub(crate) fn to_certificate_time(moment: Timestamp) -> Result<OffsetDateTime, Error> {
    OffsetDateTime::from_unix_timestamp(moment.as_second()).map_err(|_| Error::Moment { moment })
}

/// `moment` moved by `by`.
pub(crate) fn shift(moment: Timestamp, by: SignedDuration) -> Result<Timestamp, Error> {
    moment.checked_add(by).map_err(|_| Error::Moment { moment })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_year_is_renewed_thirty_days_before_its_end() {
        assert_eq!(renewal_time(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")), at("2026-12-02T00:00:00Z"));
    }

    #[test]
    fn a_day_is_renewed_eight_hours_before_its_end() {
        assert_eq!(renewal_time(at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z")), at("2026-01-01T16:00:00Z"));
    }
}
