//! `destroy nodepool`: its nodes leave with it. One that is not there is as good as destroyed.

use anyhow::Result;
use clap::Args;
use hoist_api::NodePool;
use kube::Api;
use kube::api::DeleteParams;

use crate::args::cluster_reference::DEFAULT_NAMESPACE;
use crate::args::kubeconfig::KubeconfigFlags;
use crate::args::names;
use crate::commands::Context;
use crate::failure::usage;
use crate::session::Session;

/// The flags.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp destroy nodepool --name demo-workers
  hcp destroy nodepool --name demo-workers --namespace team

Hosts of the pool are drained and restored to what they were. A NodePool that does not exist is no
failure.")]
pub struct DestroyArguments {
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
    /// Name of the NodePool
    #[arg(long, value_name = "NODEPOOL", default_value = "", hide_default_value = true)]
    name: String,
    /// Namespace of the NodePool
    #[arg(long, default_value = DEFAULT_NAMESPACE)]
    namespace: String,
}

/// Runs `destroy nodepool`.
pub async fn destroy(arguments: DestroyArguments, context: &Context) -> Result<()> {
    let (namespace, name) = (&arguments.namespace, &arguments.name);
    if name.is_empty() {
        return Err(usage("--name is required: expected the name of a NodePool, such as --name demo"));
    }
    names::dns_subdomain(name).map_err(|text| usage(format!("--name {text}")))?;
    names::dns_label(namespace).map_err(|text| usage(format!("--namespace {text}")))?;
    let session = Session::open(&arguments.kubeconfig).await?;
    delete(&session, namespace, name, context).await
}

async fn delete(session: &Session, namespace: &str, name: &str, context: &Context) -> Result<()> {
    let api: Api<NodePool> = Api::namespaced(session.client(), namespace);
    let call = async {
        match api.delete(name, &DeleteParams::background()).await {
            Ok(_) => Ok(true),
            // A server without the kind says the same in other words; that is a failure.
            Err(kube::Error::Api(status)) if status.code == 404 && status.message.contains(name) => Ok(false),
            Err(error) => Err(error),
        }
    };
    let was_there = session.call(&format!("delete NodePool {namespace}/{name}"), call).await?;
    let message = if was_there { "Deleted NodePool" } else { "NodePool not found, nothing to delete" };
    context.printer.info(message, &[("namespace", namespace), ("name", name)]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use hoist_testkit::{FakeApi, fixtures};

    use super::*;
    use crate::invocation::Invocation;
    use crate::printer::Printer;

    #[tokio::test]
    async fn a_pool_is_deleted_and_one_that_is_not_there_is_no_failure() {
        let fake = FakeApi::new().with(&fixtures::node_pool());
        let session = Session::with_client(fake.client());
        let context = Context { invocation: Invocation::Hcp, printer: Printer::new() };
        delete(&session, "clusters", "demo", &context).await.unwrap();
        assert_eq!(fake.writes(), ["DELETE nodepools clusters/demo"]);
        delete(&session, "clusters", "demo", &context).await.unwrap();
    }
}
