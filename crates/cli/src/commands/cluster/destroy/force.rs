//! `--force`: ends a deletion that nobody finishes, by removing the finalizers that it waits for.
//!
//! From the inside out, so that no object loses its finalizer while one inside of it still has one.

use std::fmt::Debug;

use anyhow::Result;
use hoist_api::{Host, HostedCluster, HostedControlPlane};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::args::cluster_reference::ClusterReference;
use crate::commands::{Context, cluster};
use crate::session::Session;

/// Removes the finalizers of everything that belongs to the cluster, and its control plane namespace.
pub async fn force(
    session: &Session,
    reference: &ClusterReference,
    control_plane: &str,
    context: &Context,
) -> Result<()> {
    context.printer.warn(
        "Grace period is over, removing finalizers; what hosts and machines still hold for the cluster stays",
        &[("namespace", &reference.namespace), ("name", &reference.name)],
    );
    let hosts: Api<Host> = Api::namespaced(session.client(), control_plane);
    let listed = session.call(&format!("list Hosts in {control_plane}"), hosts.list(&ListParams::default())).await?;
    for host in listed.items {
        release::<Host>(session, control_plane, &host.name_any(), context).await?;
    }
    release::<HostedControlPlane>(session, control_plane, &reference.name, context).await?;
    for pool in cluster::node_pools(session, &reference.namespace, &reference.name).await? {
        release::<hoist_api::NodePool>(session, &reference.namespace, &pool.name_any(), context).await?;
    }
    release::<HostedCluster>(session, &reference.namespace, &reference.name, context).await?;
    let namespaces: Api<Namespace> = Api::all(session.client());
    let deletion = async { ignore_missing(namespaces.delete(control_plane, &DeleteParams::background()).await) };
    session.call(&format!("delete Namespace {control_plane}"), deletion).await?;
    Ok(())
}

/// Deletes an object and removes its finalizers; one that is gone is fine.
async fn release<K>(session: &Session, namespace: &str, name: &str, context: &Context) -> Result<()>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(session.client(), namespace);
    let kind = K::kind(&());
    let deletion = async { ignore_missing(api.delete(name, &DeleteParams::background()).await) };
    session.call(&format!("delete {kind} {namespace}/{name}"), deletion).await?;
    let nothing = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    let removal = async { ignore_missing(api.patch_metadata(name, &PatchParams::default(), &nothing).await) };
    if session.call(&format!("remove the finalizers of {kind} {namespace}/{name}"), removal).await? {
        context.printer.info("Removed finalizers", &[("kind", &kind), ("namespace", namespace), ("name", name)]);
    }
    Ok(())
}

fn ignore_missing<T>(result: kube::Result<T>) -> kube::Result<bool> {
    match result {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use hoist_testkit::{FakeApi, fixtures};

    use super::*;
    use crate::invocation::Invocation;
    use crate::printer::Printer;

    #[tokio::test]
    async fn finalizers_go_from_the_inside_out_and_what_is_gone_is_fine() {
        let mut host = fixtures::host("worker-1");
        host.metadata.namespace = Some("clusters-demo".to_owned());
        let fake = FakeApi::new().with(&host).with(&fixtures::node_pool()).with(&fixtures::hosted_cluster());
        let session = Session::with_client(fake.client());
        let context = Context { invocation: Invocation::Hcp, printer: Printer::new() };
        let reference = ClusterReference { name: "demo".to_owned(), namespace: "clusters".to_owned() };
        force(&session, &reference, "clusters-demo", &context).await.unwrap();
        let kinds: Vec<String> =
            fake.writes().iter().map(|write| write.split(' ').nth(1).unwrap().to_owned()).collect();
        let position = |kind: &str| kinds.iter().position(|found| found == kind);
        assert!(position("hosts") < position("nodepools"), "{kinds:?}");
        assert!(position("nodepools") < position("hostedclusters"), "{kinds:?}");
        assert!(position("hostedclusters") < position("namespaces"), "{kinds:?}");
    }
}
