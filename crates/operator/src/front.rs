//! The Services of this installation that stand before all hosted clusters: the bootstrap server's and the router's.

use std::sync::{Arc, Mutex, PoisonError};

use hoist_api::names::{BOOTSTRAP, ROUTER};
use hoist_control_plane::FrontServices;
use hoist_controller::{ApiError, Calls};
use k8s_openapi::api::core::v1::Service;
use kube::{Api, Client};

/// What was read of them last. Cloning shares it.
#[derive(Clone, Default)]
pub struct Front(Arc<Mutex<FrontServices>>);

impl Front {
    /// Known Services, for tests.
    pub fn fixed(services: FrontServices) -> Self {
        Self(Arc::new(Mutex::new(services)))
    }

    /// The Services.
    pub fn services(&self) -> FrontServices {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads them; the router's only where there is a router.
    pub async fn read(
        &self,
        client: &Client,
        calls: &Calls,
        namespace: &str,
        has_router: bool,
    ) -> Result<(), ApiError> {
        let api: Api<Service> = Api::namespaced(client.clone(), namespace);
        let bootstrap = trimmed(calls.get(&api, BOOTSTRAP).await?);
        let router = if has_router { trimmed(calls.get(&api, ROUTER).await?) } else { None };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = FrontServices { bootstrap, router };
        Ok(())
    }
}

/// Without what nobody reads.
fn trimmed(service: Option<Service>) -> Option<Service> {
    service.map(|mut service| {
        service.metadata.managed_fields = None;
        service
    })
}
