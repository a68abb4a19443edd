//! Objects as plain JSON and the calls that write them, without asking the server which kinds it knows.

use anyhow::Result;
use kube::Api;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind, TypeMeta};
use serde_json::Value;

use crate::session::Session;

/// Field manager of everything that this program applies; HyperShift's, so that either can change the other's objects.
pub const FIELD_MANAGER: &str = "hypershift-cli";

/// One object with what is needed to address it.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    manifest: Value,
}

/// Whether the server keeps what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It does.
    Keep,
    /// It checks everything and keeps nothing.
    DryRun,
}

impl Object {
    /// Wraps a manifest, which must have `apiVersion`, `kind` and `metadata.name`.
    pub fn new(manifest: Value) -> Self {
        Self { manifest }
    }

    /// The manifest.
    pub fn manifest(&self) -> &Value {
        &self.manifest
    }

    /// The manifest, to be changed.
    pub fn manifest_mut(&mut self) -> &mut Value {
        &mut self.manifest
    }

    /// The kind.
    pub fn kind(&self) -> &str {
        self.manifest["kind"].as_str().unwrap_or_default()
    }

    /// The name.
    pub fn name(&self) -> &str {
        self.manifest["metadata"]["name"].as_str().unwrap_or_default()
    }

    /// The namespace; empty for objects of the whole cluster.
    pub fn namespace(&self) -> &str {
        self.manifest["metadata"]["namespace"].as_str().unwrap_or_default()
    }

    /// `Kind namespace/name`.
    pub fn describe(&self) -> String {
        match self.namespace() {
            "" => format!("{} {}", self.kind(), self.name()),
            namespace => format!("{} {namespace}/{}", self.kind(), self.name()),
        }
    }

    fn api(&self, session: &Session) -> Api<DynamicObject> {
        let (group, version) =
            self.manifest["apiVersion"].as_str().map_or(("", "v1"), |text| text.split_once('/').unwrap_or(("", text)));
        let resource = ApiResource::from_gvk_with_plural(
            &GroupVersionKind::gvk(group, version, self.kind()),
            &plural(self.kind()),
        );
        match self.namespace() {
            "" => Api::all_with(session.client(), &resource),
            namespace => Api::namespaced_with(session.client(), namespace, &resource),
        }
    }

    fn dynamic(&self) -> Result<DynamicObject> {
        Ok(serde_json::from_value(self.manifest.clone())?)
    }

    /// Server-side apply, taking over fields that others own.
    pub async fn apply(&self, session: &Session, manager: &str, mode: Mode) -> Result<DynamicObject> {
        let mut parameters = PatchParams::apply(manager).force();
        if mode == Mode::DryRun {
            parameters = parameters.dry_run();
        }
        let api = self.api(session);
        let patch = Patch::Apply(&self.manifest);
        session.call(&format!("apply {}", self.describe()), api.patch(self.name(), &parameters, &patch)).await
    }

    /// Creates the object; one that exists is an error.
    pub async fn create(&self, session: &Session, mode: Mode) -> Result<DynamicObject> {
        let parameters = PostParams { dry_run: mode == Mode::DryRun, field_manager: Some(FIELD_MANAGER.to_owned()) };
        let api = self.api(session);
        let object = self.dynamic()?;
        session.call(&format!("create {}", self.describe()), api.create(&parameters, &object)).await
    }

    /// Deletes the object; whether it was there.
    pub async fn delete(&self, session: &Session) -> Result<bool> {
        let api = self.api(session);
        let call = async {
            match api.delete(self.name(), &kube::api::DeleteParams::background()).await {
                Ok(_) => Ok(true),
                Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
                Err(error) => Err(error),
            }
        };
        session.call(&format!("delete {}", self.describe()), call).await
    }
}

impl From<DynamicObject> for Object {
    fn from(mut object: DynamicObject) -> Self {
        let types = object.types.take().unwrap_or(TypeMeta { api_version: "v1".to_owned(), kind: String::new() });
        let mut manifest = serde_json::to_value(&object).unwrap_or_default();
        manifest["apiVersion"] = types.api_version.into();
        manifest["kind"] = types.kind.into();
        Self { manifest }
    }
}

/// Kubernetes' rule for the plural of a kind; the kinds with other plurals are none of ours.
fn plural(kind: &str) -> String {
    let lower = kind.to_ascii_lowercase();
    if lower.ends_with('s') || lower.ends_with("ch") || lower.ends_with('x') {
        format!("{lower}es")
    } else if let Some(stem) = lower.strip_suffix('y') {
        format!("{stem}ies")
    } else {
        format!("{lower}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_of_the_kinds_that_are_applied() {
        for (kind, expected) in [
            ("HostedCluster", "hostedclusters"),
            ("PriorityClass", "priorityclasses"),
            ("NetworkPolicy", "networkpolicies"),
            ("ConfigMap", "configmaps"),
            ("ValidatingAdmissionPolicy", "validatingadmissionpolicies"),
        ] {
            assert_eq!(plural(kind), expected);
        }
    }

    #[test]
    fn an_object_is_described_with_its_namespace_if_it_has_one() {
        let object = Object::new(serde_json::json!({"kind": "Secret", "metadata": {"name": "a", "namespace": "b"}}));
        assert_eq!(object.describe(), "Secret b/a");
        let object = Object::new(serde_json::json!({"kind": "Namespace", "metadata": {"name": "a"}}));
        assert_eq!(object.describe(), "Namespace a");
    }
}
