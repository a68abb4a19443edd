//! `create kubeconfig`: the administrator's way into a hosted cluster, or into all of them.

mod port_forward;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use futures::future::join_all;
use hoist_api::HostedCluster;
use hoist_api::names::control_plane_namespace;
use k8s_openapi::api::core::v1::Secret;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};

use crate::args::cluster_reference::DEFAULT_NAMESPACE;
use crate::args::go_bool::GoBool;
use crate::args::kubeconfig::KubeconfigFlags;
use crate::args::names;
use crate::commands::{Context, cluster};
use crate::failure::usage;
use crate::printer::yaml;
use crate::session::Session;

use port_forward::PortForward;

/// Key of kubeconfig Secrets.
const KEY: &str = "kubeconfig";

/// `create kubeconfig`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp create kubeconfig --name demo > demo.kubeconfig
  hcp create kubeconfig > all.kubeconfig        one context per hosted cluster, named NAMESPACE-NAME
  hcp create kubeconfig --name demo --port-forward > demo.kubeconfig &

When the management cluster is reached through a proxy (proxy-url), so is the hosted cluster.")]
pub struct CreateArguments {
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
    /// Name of the hosted cluster; all of them when left out
    #[arg(long, value_name = "CLUSTER")]
    name: Option<String>,
    /// Namespace of its HostedCluster
    #[arg(long, default_value = DEFAULT_NAMESPACE)]
    namespace: String,
    /// Reach the hosted API through the management cluster, at a port of this machine, for as long as the command runs
    #[arg(long, value_name = "BOOL", default_value_t, hide_default_value = true)]
    port_forward: GoBool,
}

/// Runs `create kubeconfig`.
pub async fn create(arguments: CreateArguments, context: &Context) -> Result<()> {
    if let Some(name) = &arguments.name {
        names::dns_label(name).map_err(|text| usage(format!("--name {text}")))?;
    } else if arguments.port_forward.0 {
        return Err(usage("--port-forward needs --name: one command forwards the API of one hosted cluster"));
    }
    let session = Session::open(&arguments.kubeconfig).await?;
    if let Some(name) = arguments.name.as_ref().filter(|_| arguments.port_forward.0) {
        return forward(&session, &arguments.namespace, name, context).await;
    }
    let document = match &arguments.name {
        Some(name) => {
            let cluster = cluster::read(&session, &arguments.namespace, name).await?;
            one(&session, &cluster).await?
        }
        None => all(&session, context).await?,
    };
    let document = match session.proxy() {
        Some(proxy) => through(document, &proxy.to_string()),
        None => document,
    };
    Ok(context.printer.data(&yaml::document(&document)?)?)
}

async fn forward(session: &Session, namespace: &str, name: &str, context: &Context) -> Result<()> {
    let cluster = cluster::read(session, namespace, name).await?;
    let kubeconfig = one(session, &cluster).await?;
    let control_plane = control_plane_namespace(namespace, name);
    let forward = PortForward::open(session, &control_plane).await?;
    context.printer.data(&yaml::document(&forward.through(kubeconfig))?)?;
    forward.serve(context).await
}

async fn one(session: &Session, cluster: &HostedCluster) -> Result<Value> {
    let (namespace, name) = (cluster.namespace().unwrap_or_default(), cluster.name_any());
    let secret = cluster.status.as_ref().and_then(|status| status.kubeconfig.as_ref()).ok_or_else(|| {
        anyhow!("HostedCluster {namespace}/{name} has no kubeconfig yet: its control plane is not up; see `hcp status {name}`, or wait with `kubectl wait hostedcluster/{name} -n {namespace} --for=condition=Available`")
    })?;
    let api: Api<Secret> = Api::namespaced(session.client(), &namespace);
    let found = session.call(&format!("read Secret {namespace}/{}", secret.name), api.get(&secret.name)).await?;
    let bytes = found.data.as_ref().and_then(|data| data.get(KEY)).ok_or_else(|| {
        anyhow!("Secret {namespace}/{} has no key {KEY}; delete it, and the operator makes it again", secret.name)
    })?;
    let text = std::str::from_utf8(&bytes.0).context("the kubeconfig is not text")?;
    serde_saphyr::from_str(text)
        .with_context(|| format!("the kubeconfig in Secret {namespace}/{} is no YAML", secret.name))
}

async fn all(session: &Session, context: &Context) -> Result<Value> {
    let api: Api<HostedCluster> = Api::all(session.client());
    let clusters = session.call("list HostedClusters", api.list(&ListParams::default())).await?.items;
    if clusters.is_empty() {
        bail!("there are no hosted clusters; create one with `hcp create cluster none`");
    }
    let found = join_all(clusters.iter().map(|cluster| async move { (cluster, one(session, cluster).await) })).await;
    let mut merged = json!({"apiVersion": "v1", "kind": "Config", "clusters": [], "contexts": [], "users": [], "current-context": ""});
    for (cluster, kubeconfig) in found {
        let context_name = format!("{}-{}", cluster.namespace().unwrap_or_default(), cluster.name_any());
        match kubeconfig {
            Ok(kubeconfig) => merge(&mut merged, &kubeconfig, &context_name),
            Err(error) => context
                .printer
                .warn("Left out a hosted cluster", &[("name", &context_name), ("cause", &error.to_string())]),
        }
    }
    Ok(merged)
}

/// Adds the first cluster and user of a kubeconfig under names that cannot collide.
fn merge(merged: &mut Value, kubeconfig: &Value, name: &str) {
    let user = format!("{name}-admin");
    let additions = [
        ("clusters", json!({"name": name, "cluster": kubeconfig["clusters"][0]["cluster"]})),
        ("users", json!({"name": user, "user": kubeconfig["users"][0]["user"]})),
        ("contexts", json!({"name": name, "context": {"cluster": name, "user": user}})),
    ];
    for (list, addition) in additions {
        if let Some(items) = merged[list].as_array_mut() {
            items.push(addition);
        }
    }
}

/// Reaches every cluster of a kubeconfig through `proxy`.
fn through(mut kubeconfig: Value, proxy: &str) -> Value {
    for entry in kubeconfig["clusters"].as_array_mut().into_iter().flatten() {
        entry["cluster"]["proxy-url"] = proxy.trim_end_matches('/').into();
    }
    kubeconfig
}

#[cfg(test)]
mod tests {
    use hoist_api::hosted_cluster::references::LocalObjectReference;
    use hoist_api::hosted_cluster::status::HostedClusterStatus;
    use hoist_testkit::{FakeApi, fixtures};

    use super::*;

    fn kubeconfig(server: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "admin",
            "clusters": [{"name": "cluster", "cluster": {"server": server}}],
            "users": [{"name": "admin", "user": {"token": "t"}}],
            "contexts": [{"name": "admin", "context": {"cluster": "cluster", "user": "admin"}}],
        })
    }

    #[tokio::test]
    async fn it_is_what_the_named_secret_holds() {
        let mut cluster = fixtures::hosted_cluster();
        let kubeconfig_secret = Some(LocalObjectReference::new("demo-admin-kubeconfig"));
        cluster.status = Some(HostedClusterStatus { kubeconfig: kubeconfig_secret, ..HostedClusterStatus::default() });
        let content = yaml::document(&kubeconfig("https://192.0.2.10:30443")).unwrap();
        let secret = fixtures::secret("clusters", "demo-admin-kubeconfig", &[("kubeconfig", content.as_bytes())]);
        let session = Session::with_client(FakeApi::new().with(&secret).client());
        assert_eq!(one(&session, &cluster).await.unwrap(), kubeconfig("https://192.0.2.10:30443"));
    }

    #[tokio::test]
    async fn a_cluster_that_is_not_up_has_none_and_it_is_said_how_to_wait() {
        let session = Session::with_client(FakeApi::new().client());
        let error = one(&session, &fixtures::hosted_cluster()).await.unwrap_err().to_string();
        assert!(error.contains("clusters/demo has no kubeconfig yet") && error.contains("kubectl wait"), "{error}");
    }

    #[test]
    fn the_proxy_of_the_management_cluster_is_added_without_a_trailing_slash() {
        let changed = through(kubeconfig("https://192.0.2.10:30443"), "http://127.0.0.1:8080/");
        assert_eq!(changed["clusters"][0]["cluster"]["proxy-url"], "http://127.0.0.1:8080");
        assert_eq!(changed["clusters"][0]["cluster"]["server"], "https://192.0.2.10:30443");
    }

    #[test]
    fn merged_kubeconfigs_keep_their_clusters_apart() {
        let mut merged = json!({"clusters": [], "contexts": [], "users": []});
        merge(&mut merged, &kubeconfig("https://a"), "clusters-a");
        merge(&mut merged, &kubeconfig("https://b"), "clusters-b");
        let expected =
            |name: &str| json!({"name": name, "context": {"cluster": name, "user": format!("{name}-admin")}});
        assert_eq!(merged["contexts"], json!([expected("clusters-a"), expected("clusters-b")]));
        assert_eq!(merged["clusters"][1]["cluster"]["server"], "https://b");
        assert_eq!(merged["users"][1]["name"], "clusters-b-admin");
    }
}
