//! Which of kube-apiserver's connections go through konnectivity: those to nodes, pods and Services of its cluster.

use std::collections::BTreeMap;

use hoist_plan::Plan;
use k8s_openapi::api::core::v1::ConfigMap;

use super::konnectivity::SOCKET;

/// Name of the ConfigMap. HyperShift's.
pub const CONFIG_MAP: &str = "kas-egress-selector-config";
/// Key in it.
pub const KEY: &str = "config.yaml";

/// The ConfigMap. Connections to etcd and to the control plane's own network stay direct by being left out.
pub fn egress_selector(plan: &Plan) -> ConfigMap {
    let text = format!(
        "apiVersion: apiserver.k8s.io/v1beta1\n\
         kind: EgressSelectorConfiguration\n\
         egressSelections:\n\
         - name: cluster\n\
         \x20 connection:\n\
         \x20   proxyProtocol: GRPC\n\
         \x20   transport:\n\
         \x20     uds:\n\
         \x20       udsName: {SOCKET}\n"
    );
    ConfigMap {
        metadata: plan.identity.metadata(CONFIG_MAP),
        data: Some(BTreeMap::from([(KEY.to_owned(), text)])),
        ..ConfigMap::default()
    }
}
