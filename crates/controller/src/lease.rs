//! Leader election by a Lease. The decision is a pure function; only [`Elector`] talks to the API.
//!
//! A process that loses the lease must end at once: it cannot know which of its writes come too late.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{Api, ObjectMeta};
use kube::{Client, ResourceExt};
use serde_json::json;

use crate::{ApiError, Calls, error_chain};

/// How long a holder that is silent keeps the lease. HyperShift waits 60 s; a hosted cluster that fails meanwhile waits with it.
pub const DURATION: Duration = Duration::from_secs(15);
/// How often the holder renews. Three tries fit into [`DURATION`], so that one slow answer does not cost the lease.
pub const RENEW: Duration = Duration::from_secs(4);
/// How often others look.
pub const RETRY: Duration = Duration::from_secs(2);

/// What to do about a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// There is none: create it.
    Create,
    /// It is ours: renew it.
    Renew,
    /// It was another's and ran out, or was given back: take it.
    Take,
    /// Another holds it.
    Wait {
        /// Who.
        holder: String,
    },
}

/// Judges a lease. Our own lease is renewed even when it ran out: nobody took it. Clocks of two machines may differ, which is why
/// `seen_unchanged_for` (how long we saw the same renew time, by our own clock) decides and not the time written in the lease.
pub fn evaluate(lease: Option<&Lease>, me: &str, seen_unchanged_for: Duration) -> Decision {
    let Some(spec) = lease.map(|lease| lease.spec.clone().unwrap_or_default()) else { return Decision::Create };
    let holder = spec.holder_identity.unwrap_or_default();
    let lasts = spec
        .lease_duration_seconds
        .and_then(|seconds| u64::try_from(seconds).ok())
        .map_or(DURATION, Duration::from_secs);
    if holder == me {
        Decision::Renew
    } else if holder.is_empty() || seen_unchanged_for >= lasts {
        Decision::Take
    } else {
        Decision::Wait { holder }
    }
}

/// Why leadership ended.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// Another process took the lease.
    #[error("lease {lease} is now held by {holder}; this process ends so that only one leads")]
    Taken {
        /// Name of the lease.
        lease: String,
        /// Who holds it.
        holder: String,
    },
    /// The lease could not be renewed for as long as it lasts.
    #[error("lease {lease} could not be renewed for {} s; this process ends so that only one leads", DURATION.as_secs())]
    NotRenewed {
        /// Name of the lease.
        lease: String,
        /// The last failure.
        source: ApiError,
    },
}

/// Holds or awaits one lease.
pub struct Elector {
    api: Api<Lease>,
    calls: Calls,
    name: String,
    me: String,
}

impl Elector {
    /// For lease `name` in `namespace`, as `me`: the pod's name, so that a restarted container finds its own lease.
    pub fn new(client: Client, namespace: &str, name: &str, me: &str) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            calls: Calls::new("hoist-lease").with_deadline(RENEW),
            name: name.to_owned(),
            me: me.to_owned(),
        }
    }

    /// Returns once the lease is ours.
    pub async fn acquire(&self) {
        let mut last_renew: Option<MicroTime> = None;
        let mut since = tokio::time::Instant::now();
        let mut announced = false;
        loop {
            match self.calls.get(&self.api, &self.name).await {
                Ok(lease) => {
                    let renewed = lease.as_ref().and_then(|lease| lease.spec.as_ref()?.renew_time.clone());
                    if renewed != last_renew {
                        last_renew = renewed;
                        since = tokio::time::Instant::now();
                    }
                    let decision = evaluate(lease.as_ref(), &self.me, since.elapsed());
                    if let Decision::Wait { holder } = decision {
                        if !announced {
                            tracing::info!(lease = self.name, holder, "another process leads; waiting");
                            announced = true;
                        }
                    } else {
                        match self.write(lease.as_ref(), &decision).await {
                            Ok(true) => return,
                            Ok(false) => continue,
                            Err(error) => {
                                tracing::warn!(error = error_chain(&error), "the lease was not acquired");
                            }
                        }
                    }
                }
                Err(error) => tracing::warn!(error = error_chain(&error), "the lease cannot be read"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Renews until that fails for good.
    pub async fn hold(&self) -> Lost {
        let mut renewed = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(RENEW).await;
            match self.renew().await {
                Ok(None) => renewed = tokio::time::Instant::now(),
                Ok(Some(holder)) => return Lost::Taken { lease: self.name.clone(), holder },
                Err(source) if renewed.elapsed() >= DURATION => {
                    return Lost::NotRenewed { lease: self.name.clone(), source };
                }
                Err(error) => tracing::warn!(error = error_chain(&error), "the lease was not renewed; trying again"),
            }
        }
    }

    /// Gives the lease back, so that the next process need not wait for it to run out.
    pub async fn release(&self) {
        let released = async {
            let Some(lease) = self.calls.get(&self.api, &self.name).await? else { return Ok(()) };
            if evaluate(Some(&lease), &self.me, Duration::ZERO) == Decision::Renew {
                let patch = json!({
                    "metadata": {"resourceVersion": lease.resource_version()},
                    "spec": {"holderIdentity": ""}
                });
                self.calls.merge(&self.api, &self.name, &patch).await?;
            }
            Ok::<_, ApiError>(())
        };
        if let Err(error) = released.await {
            tracing::warn!(error = error_chain(&error), "the lease was not given back");
        }
    }

    /// `None` when renewed, otherwise who has it.
    async fn renew(&self) -> Result<Option<String>, ApiError> {
        let lease = self.calls.get(&self.api, &self.name).await?;
        match evaluate(lease.as_ref(), &self.me, Duration::ZERO) {
            Decision::Wait { holder } => Ok(Some(holder)),
            decision => {
                // A conflict means that somebody wrote since we read; the next look tells who.
                self.write(lease.as_ref(), &decision).await?;
                Ok(None)
            }
        }
    }

    /// `false` when somebody else was quicker.
    async fn write(&self, lease: Option<&Lease>, decision: &Decision) -> Result<bool, ApiError> {
        let now = Timestamp::now();
        let written = match lease {
            None => self.calls.create(&self.api, &self.first(now)).await,
            Some(lease) => {
                let spec = lease.spec.clone().unwrap_or_default();
                let mut patch = json!({
                    "metadata": {"resourceVersion": lease.resource_version()},
                    "spec": {
                        "holderIdentity": self.me,
                        "renewTime": micro_time(now),
                        "leaseDurationSeconds": DURATION.as_secs(),
                    }
                });
                if *decision == Decision::Take {
                    patch["spec"]["acquireTime"] = json!(micro_time(now));
                    patch["spec"]["leaseTransitions"] = json!(spec.lease_transitions.unwrap_or_default() + 1);
                }
                self.calls.merge(&self.api, &self.name, &patch).await.map(|_| true)
            }
        };
        match written {
            Err(error) if error.is_conflict() => Ok(false),
            other => other,
        }
    }

    fn first(&self, now: Timestamp) -> Lease {
        Lease {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                namespace: self.api.namespace().map(str::to_owned),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.me.clone()),
                lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
                acquire_time: Some(micro_time(now)),
                renew_time: Some(micro_time(now)),
                ..LeaseSpec::default()
            }),
        }
    }
}

/// Kubernetes keeps microseconds; more digits would come back changed.
fn micro_time(now: Timestamp) -> MicroTime {
    MicroTime(now.round(jiff::TimestampRound::new().smallest(jiff::Unit::Microsecond)).unwrap_or(now))
}

/// How long ago `time` was; zero when it lies ahead.
pub fn elapsed_since(time: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(time).max(SignedDuration::ZERO)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(holder: Option<&str>) -> Lease {
        Lease {
            spec: Some(LeaseSpec {
                holder_identity: holder.map(str::to_owned),
                lease_duration_seconds: Some(15),
                ..LeaseSpec::default()
            }),
            ..Lease::default()
        }
    }

    #[test]
    fn a_missing_lease_is_created() {
        assert_eq!(evaluate(None, "me", Duration::ZERO), Decision::Create);
    }

    #[test]
    fn our_own_lease_is_renewed_even_when_it_ran_out() {
        assert_eq!(evaluate(Some(&lease(Some("me"))), "me", Duration::from_secs(3600)), Decision::Renew);
    }

    #[test]
    fn a_lease_that_was_given_back_is_taken_at_once() {
        assert_eq!(evaluate(Some(&lease(None)), "me", Duration::ZERO), Decision::Take);
        assert_eq!(evaluate(Some(&lease(Some(""))), "me", Duration::ZERO), Decision::Take);
    }

    #[test]
    fn anothers_lease_is_taken_only_after_it_was_seen_silent_for_its_whole_length() {
        let other = lease(Some("other"));
        assert_eq!(
            evaluate(Some(&other), "me", Duration::from_secs(14)),
            Decision::Wait { holder: "other".to_owned() }
        );
        assert_eq!(evaluate(Some(&other), "me", Duration::from_secs(15)), Decision::Take);
    }
}
