//! `--port-forward`: reaches a hosted API through the management cluster, for as long as the command runs.

use anyhow::{Context as _, Result, anyhow};
use hoist_api::labels;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use serde_json::Value;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::commands::Context;
use crate::session::Session;

/// Component whose pods answer.
const API_SERVER: &str = "kube-apiserver";
/// Their port.
const API_SERVER_PORT: u16 = 6443;
/// A name in the API server's certificate that stands for this machine.
const LOCALHOST: &str = "localhost";

/// A listening port of this machine.
pub struct PortForward<'a> {
    session: &'a Session,
    control_plane: &'a str,
    pods: Api<Pod>,
    listener: TcpListener,
    port: u16,
}

impl<'a> PortForward<'a> {
    /// Finds out that there is something to forward to, and takes a free port of the loopback interface.
    pub async fn open(session: &'a Session, control_plane: &'a str) -> Result<Self> {
        let pods: Api<Pod> = Api::namespaced(session.client(), control_plane);
        ready_pod(session, &pods, control_plane).await?;
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).await.context("--port-forward: no port of 127.0.0.1 can be taken")?;
        let port = listener.local_addr().context("--port-forward")?.port();
        Ok(Self { session, control_plane, pods, listener, port })
    }

    /// The kubeconfig with the address of the forwarded port.
    pub fn through(&self, kubeconfig: Value) -> Value {
        at_port(kubeconfig, self.port)
    }

    /// Forwards until the program is interrupted. A connection that fails ends alone, with a warning.
    pub async fn serve(self, context: &Context) -> Result<()> {
        let address = format!("127.0.0.1:{}", self.port);
        context.printer.info("Forwarding until interrupted", &[("from", &address), ("to", self.control_plane)]);
        loop {
            let connection = tokio::select! {
                accepted = self.listener.accept() => accepted.context("--port-forward cannot take connections any more")?.0,
                result = tokio::signal::ctrl_c() => return result.context("--port-forward cannot be interrupted"),
            };
            // Which pod answers may change while the command runs.
            let pod = ready_pod(self.session, &self.pods, self.control_plane).await;
            let (pods, printer) = (self.pods.clone(), context.printer.clone());
            tokio::spawn(async move {
                let outcome = match pod {
                    Ok(pod) => forward(&pods, &pod, connection).await,
                    Err(error) => Err(error),
                };
                if let Err(error) = outcome {
                    printer.warn("A forwarded connection failed", &[("cause", &format!("{error:#}"))]);
                }
            });
        }
    }
}

async fn forward(pods: &Api<Pod>, pod: &str, mut connection: TcpStream) -> Result<()> {
    let mut forwarder =
        pods.portforward(pod, &[API_SERVER_PORT]).await.with_context(|| format!("Pod {pod} cannot be reached"))?;
    let mut stream = forwarder
        .take_stream(API_SERVER_PORT)
        .ok_or_else(|| anyhow!("Pod {pod} does not forward port {API_SERVER_PORT}"))?;
    // Either side may hang up without a farewell; that is how clients close idle connections.
    let _ = copy_bidirectional(&mut connection, &mut stream).await;
    drop(stream);
    forwarder.abort();
    Ok(())
}

/// A pod of the API server that answers.
async fn ready_pod(session: &Session, pods: &Api<Pod>, control_plane: &str) -> Result<String> {
    let of_component = ListParams::default().labels(&format!("{}={API_SERVER}", labels::CONTROL_PLANE_COMPONENT));
    let listed = session.call(&format!("list Pods in {control_plane}"), pods.list(&of_component)).await?;
    listed.items.iter().find(|pod| is_ready(pod)).map(ResourceExt::name_any).ok_or_else(|| {
        anyhow!(
            "--port-forward: no Pod of {API_SERVER} in {control_plane} is Ready; see `kubectl get pods -n {control_plane}`"
        )
    })
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    pod.metadata.deletion_timestamp.is_none()
        && conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn at_port(mut kubeconfig: Value, port: u16) -> Value {
    for entry in kubeconfig["clusters"].as_array_mut().into_iter().flatten() {
        entry["cluster"]["server"] = format!("https://{LOCALHOST}:{port}").into();
        // The forwarded port is on this machine; a proxy would look for it on its own.
        if let Some(cluster) = entry["cluster"].as_object_mut() {
            cluster.remove("proxy-url");
            cluster.remove("tls-server-name");
        }
    }
    kubeconfig
}

#[cfg(test)]
mod tests {
    use hoist_testkit::FakeApi;
    use serde_json::json;

    use super::*;

    fn pod(name: &str, ready: &str) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"namespace": "clusters-demo", "name": name, "labels": {labels::CONTROL_PLANE_COMPONENT: API_SERVER}},
            "status": {"conditions": [{"type": "Ready", "status": ready}]},
        }))
        .unwrap()
    }

    #[tokio::test]
    async fn a_pod_that_answers_is_chosen() {
        let fake = FakeApi::new().with(&pod("kube-apiserver-a", "False")).with(&pod("kube-apiserver-b", "True"));
        let session = Session::with_client(fake.client());
        let pods = Api::namespaced(session.client(), "clusters-demo");
        assert_eq!(ready_pod(&session, &pods, "clusters-demo").await.unwrap(), "kube-apiserver-b");
    }

    #[tokio::test]
    async fn without_one_it_is_said_where_to_look() {
        let session = Session::with_client(FakeApi::new().with(&pod("kube-apiserver-a", "False")).client());
        let pods = Api::namespaced(session.client(), "clusters-demo");
        let error = ready_pod(&session, &pods, "clusters-demo").await.unwrap_err().to_string();
        assert!(error.contains("kubectl get pods -n clusters-demo"), "{error}");
    }

    #[test]
    fn the_kubeconfig_names_the_forwarded_port_and_no_proxy() {
        let kubeconfig = json!({"clusters": [{"name": "cluster", "cluster": {"server": "https://192.0.2.10:30443", "proxy-url": "http://a", "certificate-authority-data": "x"}}]});
        assert_eq!(
            at_port(kubeconfig, 40000)["clusters"][0]["cluster"],
            json!({"server": "https://localhost:40000", "certificate-authority-data": "x"})
        );
    }
}
