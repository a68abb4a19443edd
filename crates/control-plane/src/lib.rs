//! Plan to manifests of a control plane; one folder per component.
//!
//! A component builds its pod from its own settings and says which files it reads; where those files come from (Secrets or a
//! host's folder) and what wraps the pod (StatefulSet, Deployment, static pod) is decided elsewhere.

pub mod arguments;
pub mod component;
pub mod container;
pub mod control_loop;
pub mod endpoints;
pub mod etcd;
pub mod files;
pub mod kube_apiserver;
pub mod kube_controller_manager;
pub mod kube_scheduler;
pub mod pki;
pub mod pod;
pub mod requests;
pub mod revocation;
pub mod static_pods;
#[cfg(test)]
mod tests;
pub mod workload;

pub use component::{Component, ComponentName, components, services};
pub use endpoints::{EndpointsPending, FrontServices, endpoints};
pub use files::Contents;
pub use kube_apiserver::audit::audit_policy;
pub use kube_apiserver::authentication::authentication;
pub use kube_apiserver::encryption;
pub use pki::{Pki, pki};
pub use static_pods::{HostFile, StaticPods};
