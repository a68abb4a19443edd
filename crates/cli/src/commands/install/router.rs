//! The router of an installation that is there already: whoever installs again without a word about it, to upgrade the operator,
//! keeps it.

use anyhow::Result;
use hoist_deployment::{OPERATOR_NAMESPACE, ROUTER, Router, router_domain};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service;
use kube::Api;

use crate::session::Session;

/// The router as it is installed, if it is.
pub async fn installed(session: &Session) -> Result<Option<Router>> {
    let deployments: Api<Deployment> = Api::namespaced(session.client(), OPERATOR_NAMESPACE);
    let services: Api<Service> = Api::namespaced(session.client(), OPERATOR_NAMESPACE);
    let action = |kind: &str| format!("read {kind} {OPERATOR_NAMESPACE}/{ROUTER}");
    let Some(deployment) = session.call(&action("Deployment"), deployments.get_opt(ROUTER)).await? else {
        return Ok(None);
    };
    let service = session.call(&action("Service"), services.get_opt(ROUTER)).await?;
    let spec = service.and_then(|service| service.spec).unwrap_or_default();
    Ok(Some(Router {
        published: spec.type_.and_then(|type_| type_.parse().ok()).unwrap_or_default(),
        domain: router_domain(&deployment).map(str::to_owned),
        external_traffic_policy: spec
            .external_traffic_policy
            .and_then(|policy| policy.parse().ok())
            .unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use hoist_deployment::{ExternalTrafficPolicy, RouterType, Settings};
    use hoist_testkit::FakeApi;

    use super::*;

    #[tokio::test]
    async fn a_router_is_found_as_it_was_installed() {
        let none = FakeApi::new();
        assert_eq!(installed(&Session::with_client(none.client())).await.unwrap(), None);
        let ways = [
            (RouterType::NodePort, ExternalTrafficPolicy::Local),
            (RouterType::LoadBalancer, ExternalTrafficPolicy::Cluster),
        ];
        for (published, external_traffic_policy) in ways {
            let domain = Some("apps.example.com".to_owned());
            let router = Router { published, domain, external_traffic_policy };
            let settings =
                Settings { router: Some(router.clone()), ..Settings::new("image", std::collections::BTreeMap::new()) };
            let mut fake = FakeApi::new();
            for object in hoist_deployment::objects(&settings) {
                let is_router = object.metadata.name.as_deref() == Some(ROUTER);
                match object.types.as_ref().map(|types| types.kind.as_str()).filter(|_| is_router) {
                    Some("Deployment") => fake = fake.with(&object.try_parse::<Deployment>().unwrap()),
                    Some("Service") => fake = fake.with(&object.try_parse::<Service>().unwrap()),
                    _ => {}
                }
            }
            assert_eq!(installed(&Session::with_client(fake.client())).await.unwrap(), Some(router));
        }
    }
}
