//! The hosted cluster's own objects, read with its administrator's kubeconfig.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result, anyhow};
use hoist_api::{HostedCluster, labels};
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::ListParams;
use kube::config::Kubeconfig;
use kube::{Api, ResourceExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::collect::Collector;
use super::kinds;
use crate::session::Session;

/// Port of kube-apiserver's pods.
const PORT: u16 = 6443;
/// A name that every kube-apiserver's certificate has.
const SERVER_NAME: &str = "kubernetes.default.svc";
/// The namespace whose pods are ours.
const SYSTEM_NAMESPACE: &str = "kube-system";

/// Dumps it into a folder of its own. A hosted cluster that cannot be reached is told and is no failure.
pub async fn dump(
    session: &Session,
    hosted: Option<&HostedCluster>,
    control_plane: &str,
    through_service: bool,
    collector: &mut Collector,
) -> Result<()> {
    let Some(hosted) = hosted else {
        collector.miss("the hosted cluster", "its HostedCluster could not be read, so its kubeconfig is not known");
        return Ok(());
    };
    let guest = match open(session, hosted, control_plane, through_service).await {
        Ok(guest) => guest,
        Err(error) => {
            collector.miss("the hosted cluster", &format!("{error:#}"));
            return Ok(());
        }
    };
    // One question first: a cluster that does not answer would be asked for every kind otherwise.
    if let Err(error) = guest.call("read the version of the hosted cluster", guest.client().apiserver_version()).await {
        collector.miss("the hosted cluster", &format!("{error:#}"));
        return Ok(());
    }
    collector.within(&format!("hostedcluster-{}/", hosted.name_any()));
    collector.kinds(&guest, kinds::GUEST, None).await?;
    collector.logs(&guest, SYSTEM_NAMESPACE).await?;
    collector.within("");
    Ok(())
}

async fn open(
    session: &Session,
    hosted: &HostedCluster,
    control_plane: &str,
    through_service: bool,
) -> Result<Session> {
    let namespace = hosted.namespace().unwrap_or_default();
    let reference = hosted.status.as_ref().and_then(|status| status.kubeconfig.as_ref());
    let secret = reference.ok_or_else(|| anyhow!("it has no kubeconfig yet; its control plane was never up"))?;
    let api: Api<Secret> = Api::namespaced(session.client(), &namespace);
    let object = format!("Secret {namespace}/{}", secret.name);
    let found = session.call(&format!("read {object}"), api.get(&secret.name)).await?;
    let bytes = found.data.as_ref().and_then(|data| data.get("kubeconfig"));
    let text = bytes.and_then(|bytes| std::str::from_utf8(&bytes.0).ok());
    let kubeconfig = Kubeconfig::from_yaml(text.ok_or_else(|| anyhow!("{object} has no text under key kubeconfig"))?)
        .with_context(|| format!("{object} holds no kubeconfig"))?;
    let forwarded = if through_service { Some(forward(session, control_plane).await?) } else { None };
    Session::of_kubeconfig(kubeconfig, |config| match forwarded {
        Some(address) => {
            config.cluster_url = format!("https://{address}").parse().unwrap_or_else(|_| config.cluster_url.clone());
            config.tls_server_name = Some(SERVER_NAME.to_owned());
            config.proxy_url = None;
        }
        // What leads to the management cluster leads to its nodes' ports.
        None => config.proxy_url = session.proxy().cloned(),
    })
    .await
}

/// Listens on this machine and passes connections on to a kube-apiserver's pod, through the management cluster's API.
async fn forward(session: &Session, control_plane: &str) -> Result<SocketAddr> {
    let api: Api<Pod> = Api::namespaced(session.client(), control_plane);
    let ours = ListParams::default()
        .labels(&format!("{}=kube-apiserver", labels::CONTROL_PLANE_COMPONENT))
        .fields("status.phase=Running");
    let pods = session.call(&format!("list the pods of kube-apiserver in {control_plane}"), api.list(&ours)).await?;
    let pod = pods.items.first().map(kube::ResourceExt::name_any);
    let pod = pod.ok_or_else(|| anyhow!("no pod of kube-apiserver runs in {control_plane}"))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("cannot listen on this machine")?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let (api, pod) = (api.clone(), pod.clone());
            tokio::spawn(async move {
                // Either end may close at any time; the client sees that its connection is gone.
                let _ = pass_on(&api, &pod, connection).await;
            });
        }
    });
    Ok(address)
}

async fn pass_on(api: &Api<Pod>, pod: &str, mut connection: TcpStream) -> Result<()> {
    let mut forwarder = api.portforward(pod, &[PORT]).await?;
    let mut stream = forwarder.take_stream(PORT).context("the API server opened no stream")?;
    tokio::io::copy_bidirectional(&mut connection, &mut stream).await?;
    Ok(())
}
