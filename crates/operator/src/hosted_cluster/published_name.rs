//! The name under which an API server is published, and whether it can be resolved: users and hosts need it, and somebody outside
//! of the management cluster has to make it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hoist_api::HostedCluster;
use hoist_api::hosted_cluster::services::{PublishingStrategyType, ServiceType};
use hoist_controller::lease::elapsed_since;
use hoist_plan::routes::hostname;
use jiff::Timestamp;

use super::namespace_of;

/// Longest wait for name servers.
const DEADLINE: Duration = Duration::from_secs(1);
/// How long an answer is good: every change of a control plane brings a pass, and name servers need not be asked each time.
const KEPT: Duration = Duration::from_secs(30);

/// A name and what became of looking it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedName {
    /// The name.
    pub name: String,
    /// Why it was not found, if so.
    pub failure: Option<String>,
}

/// Answers of name servers, each with when it was given. Cloning shares them.
#[derive(Clone, Default)]
pub struct Lookups(Arc<Mutex<Vec<(Timestamp, PublishedName)>>>);

impl Lookups {
    /// The published name of a cluster's API server, looked up; none when it is published at an address.
    pub async fn of(
        &self,
        hosted_cluster: &HostedCluster,
        domain: Option<&str>,
        now: Timestamp,
    ) -> Option<PublishedName> {
        let name = published_name(hosted_cluster, domain)?;
        if let Some(kept) = self.kept(&name, now) {
            return Some(kept);
        }
        let failure = look_up(&name).await.err();
        let found = PublishedName { name, failure };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((now, found.clone()));
        Some(found)
    }

    fn kept(&self, name: &str, now: Timestamp) -> Option<PublishedName> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|(asked, _)| elapsed_since(*asked, now) < KEPT);
        answers.iter().find(|(_, found)| found.name == name).map(|(_, found)| found.clone())
    }
}

fn published_name(hosted_cluster: &HostedCluster, domain: Option<&str>) -> Option<String> {
    let mut services = hosted_cluster.spec.services.iter();
    let mapping = services.find(|mapping| mapping.service == ServiceType::APIServer)?;
    let strategy = &mapping.service_publishing_strategy;
    match strategy.type_ {
        PublishingStrategyType::Route => {
            hostname(ServiceType::APIServer, strategy, &namespace_of(hosted_cluster), domain)
        }
        PublishingStrategyType::LoadBalancer => {
            strategy.load_balancer.as_ref()?.hostname.clone().filter(|name| !name.is_empty())
        }
        _ => None,
    }
}

async fn look_up(name: &str) -> Result<(), String> {
    let found = tokio::time::timeout(DEADLINE, tokio::net::lookup_host((name, 443)));
    match found.await {
        Ok(Ok(mut addresses)) => addresses.next().map(drop).ok_or_else(|| "it has no address".to_owned()),
        Ok(Err(cause)) => Err(cause.to_string()),
        Err(_) => Err(format!("name servers did not answer within {} s", DEADLINE.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use hoist_api::hosted_cluster::services::{HostnamePublishingStrategy, ServicePublishingStrategy};
    use hoist_testkit::fixtures;
    use jiff::SignedDuration;

    use super::*;

    fn published(type_: PublishingStrategyType, name: &str) -> HostedCluster {
        let settings = Some(HostnamePublishingStrategy { hostname: Some(name.to_owned()) });
        let (load_balancer, route) =
            if type_ == PublishingStrategyType::Route { (None, settings) } else { (settings, None) };
        let mut cluster = fixtures::hosted_cluster();
        let mapping = cluster.spec.services.iter_mut().find(|mapping| mapping.service == ServiceType::APIServer);
        mapping.unwrap().service_publishing_strategy =
            ServicePublishingStrategy { type_, load_balancer, route, ..ServicePublishingStrategy::default() };
        cluster
    }

    #[tokio::test]
    async fn a_name_is_looked_up_and_the_answer_kept_for_a_while() {
        let (lookups, now) = (Lookups::default(), fixtures::now());
        let found = lookups.of(&published(PublishingStrategyType::LoadBalancer, "localhost"), None, now).await;
        assert_eq!(found, Some(PublishedName { name: "localhost".to_owned(), failure: None }));
        // Reserved for what never resolves.
        let cluster = published(PublishingStrategyType::Route, "api.invalid");
        assert!(lookups.of(&cluster, None, now).await.unwrap().failure.is_some());

        let known = |lookups: &Lookups| {
            lookups.0.lock().unwrap().iter().map(|(_, found)| found.name.clone()).collect::<Vec<_>>()
        };
        lookups.of(&cluster, None, now).await.unwrap();
        assert_eq!(known(&lookups), ["localhost", "api.invalid"]);
        let later = now + SignedDuration::from_secs(31);
        lookups.of(&cluster, None, later).await.unwrap();
        assert_eq!(known(&lookups), ["api.invalid"], "what nobody asks for any more is forgotten");
    }

    #[tokio::test]
    async fn an_address_is_no_name() {
        assert_eq!(Lookups::default().of(&fixtures::hosted_cluster(), None, fixtures::now()).await, None);
    }
}
