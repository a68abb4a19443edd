//! `uninstall`: refused while hosted clusters exist, since nobody would be left to take them down.

use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use hoist_api::{HostedCluster, labels, names};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, ListParams};
use kube::runtime::wait::await_condition;
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;

use crate::args::kubeconfig::KubeconfigFlags;
use crate::commands::Context;
use crate::commands::install::definitions::is_foreign;
use crate::session::Session;

/// Longest wait for the namespace to be gone.
const DEADLINE: Duration = Duration::from_secs(120);

/// `uninstall`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp uninstall")]
pub struct UninstallArguments {
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
}

/// Runs `uninstall`.
pub async fn uninstall(arguments: UninstallArguments, context: &Context) -> Result<()> {
    let session = Session::open(&arguments.kubeconfig).await?;
    refuse_while_in_use(&session).await?;
    // The namespace first: an operator that still runs would see its kinds go away and complain.
    let namespaces: Api<Namespace> = Api::all(session.client());
    let had_namespace = delete(&session, &namespaces, names::OPERATOR_NAMESPACE, "", context).await?;
    if had_namespace {
        let gone =
            await_condition(namespaces, names::OPERATOR_NAMESPACE, |namespace: Option<&Namespace>| namespace.is_none());
        tokio::time::timeout(DEADLINE, gone).await.map_err(|_| {
            anyhow!(
                "namespace {} is not gone after {} s; see what holds it with `kubectl get namespace {} -o yaml`",
                names::OPERATOR_NAMESPACE,
                DEADLINE.as_secs(),
                names::OPERATOR_NAMESPACE
            )
        })??;
    }
    delete_ours::<ClusterRoleBinding>(&session, context).await?;
    delete_ours::<ClusterRole>(&session, context).await?;
    delete_ours::<PriorityClass>(&session, context).await?;
    let definitions: Api<CustomResourceDefinition> = Api::all(session.client());
    for definition in hoist_api::custom_resource_definitions() {
        let name = definition.name_any();
        if !is_foreign(&session, &name, &context.printer).await? {
            delete(&session, &definitions, &name, "", context).await?;
        }
    }
    context.printer.note("Hoist is uninstalled.");
    Ok(())
}

async fn refuse_while_in_use(session: &Session) -> Result<()> {
    let api: Api<HostedCluster> = Api::all(session.client());
    let list = async {
        match api.list(&ListParams::default()).await {
            // The kind is not there, so neither are its objects.
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(Vec::new()),
            other => other.map(|list| list.items),
        }
    };
    let clusters = session.call("list HostedClusters", list).await?;
    if clusters.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = clusters
        .iter()
        .map(|cluster| format!("{}/{}", cluster.namespace().unwrap_or_default(), cluster.name_any()))
        .collect();
    bail!(
        "hosted clusters exist: {}; destroy them first, for example with `hcp destroy cluster none --name {} --namespace {}`",
        named.join(", "),
        clusters[0].name_any(),
        clusters[0].namespace().unwrap_or_default()
    )
}

/// Deletes the objects of a kind of the whole cluster that carry our label.
async fn delete_ours<K>(session: &Session, context: &Context) -> Result<()>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
{
    let api: Api<K> = Api::all(session.client());
    let ours = ListParams::default().labels(&format!("{}={}", labels::MANAGED_BY, labels::MANAGED_BY_HOIST));
    let found = session.call(&format!("list {}", K::plural(&())), api.list_metadata(&ours)).await?;
    for object in found {
        delete(session, &api, &object.name_any(), "", context).await?;
    }
    Ok(())
}

async fn delete<K>(session: &Session, api: &Api<K>, name: &str, namespace: &str, context: &Context) -> Result<bool>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
{
    let kind = K::kind(&());
    let call = async {
        match api.delete(name, &DeleteParams::background()).await {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
            Err(error) => Err(error),
        }
    };
    let deleted = session.call(&format!("delete {kind} {name}"), call).await?;
    if deleted {
        context.printer.info("Deleted Kube resource", &[("kind", &kind), ("namespace", namespace), ("name", name)]);
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests {
    use hoist_testkit::{FakeApi, fixtures};

    use super::*;

    #[tokio::test]
    async fn hosted_clusters_are_named_and_keep_the_operator_installed() {
        let fake = FakeApi::new().with(&fixtures::hosted_cluster());
        let error = refuse_while_in_use(&Session::with_client(fake.client())).await.unwrap_err().to_string();
        assert!(error.starts_with("hosted clusters exist: clusters/demo; destroy them first"), "{error}");
    }

    #[tokio::test]
    async fn without_hosted_clusters_nothing_stands_in_the_way() {
        let fake = FakeApi::new();
        refuse_while_in_use(&Session::with_client(fake.client())).await.unwrap();
        fake.refuse("LIST hostedclusters", 404);
        refuse_while_in_use(&Session::with_client(fake.client())).await.unwrap();
    }
}
