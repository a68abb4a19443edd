//! Definitions of kinds that a management cluster may have from somebody else, who then serves them: those stay as they are.

use anyhow::Result;
use hoist_api::labels;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, ResourceExt as _};

use crate::printer::Printer;
use crate::session::Session;

/// End of the names of definitions that OpenShift's assisted installer brings, too.
const SHARED: &str = ".agent-install.openshift.io";

/// Whether the definition `name` is there and belongs to somebody else; says so.
pub async fn is_foreign(session: &Session, name: &str, printer: &Printer) -> Result<bool> {
    if !name.ends_with(SHARED) {
        return Ok(false);
    }
    let api: Api<CustomResourceDefinition> = Api::all(session.client());
    let found = session.call(&format!("read CustomResourceDefinition {name}"), api.get_metadata_opt(name)).await?;
    let is_foreign = found.is_some_and(|found| {
        found.labels().get(labels::MANAGED_BY).is_none_or(|owner| owner != labels::MANAGED_BY_HOIST)
    });
    if is_foreign {
        printer.warn("Somebody else installed this kind; it stays as it is", &[("CustomResourceDefinition", name)]);
    }
    Ok(is_foreign)
}

#[cfg(test)]
mod tests {
    use hoist_testkit::FakeApi;

    use super::*;

    async fn is_foreign_with(name: &str, owner: Option<&str>) -> bool {
        let mut definition = hoist_api::custom_resource_definitions()
            .into_iter()
            .find(|definition| definition.name_any() == name)
            .expect("a definition");
        definition.metadata.labels = owner.map(|owner| [(labels::MANAGED_BY.to_owned(), owner.to_owned())].into());
        let fake = FakeApi::new().with(&definition);
        is_foreign(&Session::with_client(fake.client()), name, &Printer::new()).await.expect("an answer")
    }

    #[tokio::test]
    async fn only_shared_kinds_of_others_are_foreign() {
        assert!(is_foreign_with("infraenvs.agent-install.openshift.io", None).await);
        assert!(is_foreign_with("infraenvs.agent-install.openshift.io", Some("olm")).await);
        assert!(!is_foreign_with("infraenvs.agent-install.openshift.io", Some(labels::MANAGED_BY_HOIST)).await);
        assert!(!is_foreign_with("nodepools.hypershift.openshift.io", None).await);
        let nothing = FakeApi::new();
        let session = Session::with_client(nothing.client());
        assert!(!is_foreign(&session, "infraenvs.agent-install.openshift.io", &Printer::new()).await.unwrap());
    }
}
