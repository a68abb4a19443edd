//! The operator's own rights in a namespace: a RoleBinding made before the first Secret is touched there.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hoist_controller::{ApiError, Calls};
use hoist_deployment::{CONTROL_PLANE_ROLE, HOSTED_CLUSTER_ROLE};
use k8s_openapi::api::rbac::v1::{RoleBinding, RoleRef, Subject};
use kube::core::ObjectMeta;
use kube::{Api, Client};

/// Name of the RoleBinding in each namespace.
pub const BINDING: &str = "hoist-operator";

/// The authorizer follows RoleBindings by a watch of its own, which a busy API server delivers late.
const SEEN: Duration = Duration::from_secs(5);

/// Which role the operator needs in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// It holds HostedClusters.
    HostedClusters,
    /// It holds a control plane.
    ControlPlane,
}

impl Scope {
    const fn role(self) -> &'static str {
        match self {
            Self::HostedClusters => HOSTED_CLUSTER_ROLE,
            Self::ControlPlane => CONTROL_PLANE_ROLE,
        }
    }
}

/// Gives the operator its rights, once per namespace.
pub struct Rights {
    account: String,
    namespace: String,
    /// Since when; nothing when they were there already.
    granted: Mutex<HashMap<String, (Scope, Option<Instant>)>>,
}

impl Rights {
    /// Rights for ServiceAccount `account` in `namespace`.
    pub fn new(namespace: &str, account: &str) -> Self {
        Self { account: account.to_owned(), namespace: namespace.to_owned(), granted: Mutex::default() }
    }

    /// Makes sure that the operator may work in `namespace`; writes nothing when it did so before.
    pub async fn ensure(&self, client: &Client, calls: &Calls, namespace: &str, scope: Scope) -> Result<(), ApiError> {
        if self.lock().get(namespace).is_some_and(|(granted, _)| *granted == scope) {
            return Ok(());
        }
        let api: Api<RoleBinding> = Api::namespaced(client.clone(), namespace);
        let wanted = self.binding(namespace, scope);
        let is_same = |live: &RoleBinding| live.role_ref == wanted.role_ref && live.subjects == wanted.subjects;
        let since = if calls.get(&api, BINDING).await?.as_ref().is_some_and(is_same) {
            None
        } else {
            calls.apply(&api, &wanted).await?;
            Some(Instant::now())
        };
        self.lock().insert(namespace.to_owned(), (scope, since));
        Ok(())
    }

    /// Whether the rights were granted so recently that the API server may not act on them yet.
    pub fn are_fresh(&self, namespace: &str) -> bool {
        self.lock().get(namespace).and_then(|(_, since)| *since).is_some_and(|since| since.elapsed() < SEEN)
    }

    /// Grants anew at the next [`Self::ensure`]: the namespace is gone, or a call in it was forbidden.
    pub fn forget(&self, namespace: &str) {
        self.lock().remove(namespace);
    }

    fn binding(&self, namespace: &str, scope: Scope) -> RoleBinding {
        RoleBinding {
            metadata: ObjectMeta {
                name: Some(BINDING.to_owned()),
                namespace: Some(namespace.to_owned()),
                labels: Some(
                    [(hoist_api::labels::MANAGED_BY.to_owned(), hoist_api::labels::MANAGED_BY_HOIST.to_owned())].into(),
                ),
                ..ObjectMeta::default()
            },
            role_ref: RoleRef {
                api_group: Some("rbac.authorization.k8s.io".to_owned()),
                kind: "ClusterRole".to_owned(),
                name: scope.role().to_owned(),
            },
            subjects: Some(vec![Subject {
                kind: "ServiceAccount".to_owned(),
                name: self.account.clone(),
                namespace: Some(self.namespace.clone()),
                ..Subject::default()
            }]),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Scope, Option<Instant>)>> {
        self.granted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
