//! How often one address, and everybody together, may ask.
//!
//! A NodePort can make all hosts look like one address, so the limit of one address is generous; guessing a token of 128
//! bits is hopeless at any rate. What the limits protect is the management cluster's API.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// Requests an address may send at once, and per second after that. A join of one host takes about fifteen.
const PER_ADDRESS: Rate = Rate { burst: 300.0, per_second: 30.0 };
/// The same for everybody together.
const EVERYBODY: Rate = Rate { burst: 2000.0, per_second: 200.0 };
/// Joins are dearer: each asks the API several things.
const JOINS: Rate = Rate { burst: 60.0, per_second: 5.0 };
/// Addresses remembered; when there are more, those that have recovered are forgotten.
const REMEMBERED: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Rate {
    burst: f64,
    per_second: f64,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    seen: Instant,
}

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Self {
        Self { left: rate.burst, seen: now }
    }

    fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.seen).as_secs_f64();
        self.left = (self.left + elapsed * rate.per_second).min(rate.burst);
        self.seen = now;
        let allowed = self.left >= 1.0;
        if allowed {
            self.left -= 1.0;
        }
        allowed
    }
}

/// The limits of the server.
#[derive(Debug)]
pub(crate) struct Limits {
    everybody: Mutex<Bucket>,
    addresses: Mutex<HashMap<IpAddr, (Bucket, Bucket)>>,
}

impl Limits {
    pub(crate) fn new() -> Self {
        Self { everybody: Mutex::new(Bucket::full(EVERYBODY, Instant::now())), addresses: Mutex::new(HashMap::new()) }
    }

    /// Whether this address may ask now; counts the question.
    pub(crate) fn allows(&self, address: IpAddr, is_join: bool, now: Instant) -> bool {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= REMEMBERED {
            addresses.retain(|_, (requests, _)| now.saturating_duration_since(requests.seen).as_secs() < 60);
        }
        let (requests, joins) = addresses
            .entry(group(address))
            .or_insert_with(|| (Bucket::full(PER_ADDRESS, now), Bucket::full(JOINS, now)));
        // The address's own limit comes first, so that one address cannot use up everybody's.
        requests.take(PER_ADDRESS, now)
            && (!is_join || joins.take(JOINS, now))
            && self.everybody.lock().unwrap_or_else(PoisonError::into_inner).take(EVERYBODY, now)
    }
}

/// One customer usually has a whole /64.
fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_that_asks_too_often_waits_and_others_do_not() {
        let (limits, now) = (Limits::new(), Instant::now());
        let allowed = (0..1000).filter(|_| limits.allows(address("192.0.2.1"), false, now)).count();
        assert_eq!(allowed, 300);
        assert!(limits.allows(address("192.0.2.2"), false, now));
        assert!(limits.allows(address("192.0.2.1"), false, now + Duration::from_secs(1)));
    }

    #[test]
    fn joins_have_a_lower_limit_of_their_own() {
        let (limits, now) = (Limits::new(), Instant::now());
        let allowed = (0..100).filter(|_| limits.allows(address("192.0.2.1"), true, now)).count();
        assert_eq!(allowed, 60);
        assert!(limits.allows(address("192.0.2.1"), false, now));
    }

    #[test]
    fn everybody_together_has_a_limit() {
        let (limits, now) = (Limits::new(), Instant::now());
        let allowed =
            (0..5000_u32).filter(|n| limits.allows(IpAddr::from((0x0a00_0000 + n).to_be_bytes()), false, now)).count();
        assert_eq!(allowed, 2000);
    }

    #[test]
    fn a_whole_ipv6_subnet_counts_as_one_address() {
        assert_eq!(group(address("2001:db8:0:1:2:3:4:5")), group(address("2001:db8:0:1::")));
        assert_ne!(group(address("2001:db8:0:1::")), group(address("2001:db8:0:2::")));
        assert_eq!(group(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
