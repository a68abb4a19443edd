use std::collections::BTreeSet;

use hoist_plan::fixtures::{case, highly_available, plan};
use hoist_plan::{NetworkProvider, Plan};
use kube::core::DynamicObject;
use serde_json::Value;

use crate::coredns::{CoreDns, Upstream, coredns};
use crate::kube_proxy::{KubeProxy, kube_proxy};
use crate::{Credentials, daemon::ApiServer, node_bootstrap, objects, rights};

fn credentials() -> Credentials {
    Credentials {
        agent_certificate_pem: "agent certificate".to_owned(),
        agent_key_pem: "agent key".to_owned(),
        agent_authority_pem: "agent authority".to_owned(),
        agent_hash: "0123456789abcdef".to_owned(),
        docker_configuration: br#"{"auths":{}}"#.to_vec(),
    }
}

fn all(plan: &Plan) -> Vec<Value> {
    objects(plan, &credentials()).iter().map(|object| serde_json::to_value(object).unwrap()).collect()
}

fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name).unwrap()
}

fn id(object: &DynamicObject) -> String {
    let kind = &object.types.as_ref().unwrap().kind;
    let metadata = &object.metadata;
    let namespace = metadata.namespace.as_deref().unwrap_or("-");
    format!("{kind} {namespace}/{}", metadata.name.as_deref().unwrap())
}

#[test]
fn manifests_of_a_hosted_cluster() {
    for object in objects(&plan(), &credentials()) {
        let kind = object.types.as_ref().unwrap().kind.to_lowercase();
        let name = object.metadata.name.clone().unwrap().replace(':', "-");
        insta::with_settings!({ snapshot_suffix => format!("{kind}-{name}") }, {
            insta::assert_yaml_snapshot!(object);
        });
    }
}

#[test]
fn manifests_of_the_operators_rights() {
    insta::assert_yaml_snapshot!(rights::objects());
}

#[test]
fn manifests_of_a_node_pool() {
    insta::assert_yaml_snapshot!(node_bootstrap::node_pool("workers", "{}"));
}

#[test]
fn manifests_of_what_is_configured_on_hosts() {
    let users = ["hoist:host:worker-1".to_owned(), "system:node:worker-1".to_owned()];
    insta::assert_yaml_snapshot!(node_bootstrap::host_configuration("workers", "host.json", b"{}", &users));
}

#[test]
fn objects_come_in_an_order_in_which_nothing_is_missed() {
    let order: Vec<_> = objects(&plan(), &credentials()).iter().map(id).collect();
    insta::assert_snapshot!(order.join("\n"));
    assert_eq!(order.len(), order.iter().collect::<BTreeSet<_>>().len());
}

#[test]
fn no_rule_of_the_operator_has_a_wildcard() {
    let text = serde_json::to_string(&rights::objects()).unwrap();
    assert!(!text.contains('*'), "{text}");
}

#[test]
fn every_role_comes_from_the_administrator_so_that_the_operator_need_not_hold_it() {
    let all = all(&plan());
    assert!(!all.iter().any(|object| object["apiVersion"].as_str().unwrap().starts_with("rbac")));
    let rights = serde_json::to_string(&rights::objects()).unwrap();
    assert!(!rights.contains("escalate") && !rights.contains("\"bind\""), "{rights}");
    for account in ["flannel", "kube-proxy", "coredns"] {
        assert!(rights.contains(&format!(r#""name":"{account}","namespace":"kube-system""#)), "{account}");
    }
}

#[test]
fn the_operator_holds_what_it_grants_to_the_hosts_of_a_node_pool() {
    let mut pool = node_bootstrap::node_pool("workers", "{}");
    pool.extend(node_bootstrap::host_configuration("workers", "host.json", b"{}", &["worker-1".to_owned()]));
    let roles: Vec<Value> = pool.iter().map(|object| serde_json::to_value(object).unwrap()).collect();
    let roles: Vec<&Value> = roles.iter().filter(|object| object["kind"] == "Role").collect();
    assert_eq!(roles.len(), 2);
    for role in roles {
        assert!(is_held_by_the_operator(&role["rules"][0]), "{role}");
    }
}

fn is_held_by_the_operator(granted: &Value) -> bool {
    rights::objects().iter().map(|object| serde_json::to_value(object).unwrap()).any(|object| {
        object["metadata"]["name"] == rights::ROLE
            && object["metadata"]["namespace"] == "kube-system"
            && object["rules"].as_array().is_some_and(|rules| {
                rules.iter().any(|rule| {
                    let covers = |field: &str| {
                        let has = |value: &Value| rule[field].as_array().unwrap().contains(value);
                        granted[field].as_array().unwrap().iter().all(has)
                    };
                    covers("apiGroups") && covers("resources") && covers("verbs")
                })
            })
    })
}

#[test]
fn a_changed_configuration_restarts_what_reads_it() {
    let hash = |plan: &Plan, name: &str| {
        let all = all(plan);
        find(&all, "DaemonSet", name)["spec"]["template"]["metadata"]["annotations"].to_string()
    };
    let mut case = case();
    case.spec.networking.cluster_network[0].cidr = "10.140.0.0/14".to_owned();
    for name in ["flannel", "kube-proxy"] {
        assert_eq!(hash(&plan(), name), hash(&plan(), name), "{name}");
        assert_ne!(hash(&plan(), name), hash(&case.plan(), name), "{name}");
    }
    assert_eq!(hash(&plan(), "konnectivity-agent"), hash(&case.plan(), "konnectivity-agent"));
}

#[test]
fn the_operator_reads_secrets_of_one_namespace_only() {
    for object in rights::objects().iter().map(|object| serde_json::to_value(object).unwrap()) {
        if object["metadata"]["name"] != rights::ROLE {
            continue;
        }
        let grants_secrets = object["rules"].to_string().contains("\"secrets\"");
        assert_eq!(grants_secrets, object["kind"] == "Role" && object["metadata"]["namespace"] == "kube-system");
    }
}

#[test]
fn the_right_to_all_secrets_is_none_that_the_operator_always_has() {
    let always = rights::objects();
    for object in rights::rewriting() {
        assert!(!always.contains(&object));
        assert!(object.metadata.namespace.is_none());
    }
    insta::assert_yaml_snapshot!(rights::rewriting());
}

#[test]
fn nothing_approves_certificate_requests_by_itself() {
    let text = serde_json::to_string(&(all(&plan()), node_bootstrap::access())).unwrap();
    assert!(!text.contains("nodeclient") && !text.contains("approv"), "{text}");
}

#[test]
fn pods_of_the_host_network_reach_the_api_server_without_the_service() {
    for object in all(&plan()) {
        let pod = &object["spec"]["template"]["spec"];
        if pod["hostNetwork"] != true || object["metadata"]["name"] == "konnectivity-agent" {
            continue;
        }
        let environment = pod["containers"][0]["env"].to_string();
        assert!(environment.contains(r#""172.20.0.1""#) && environment.contains(r#""6443""#), "{environment}");
    }
}

#[test]
fn daemons_run_on_every_node_whatever_its_taints() {
    let all = all(&plan());
    for name in ["flannel", "kube-proxy", "konnectivity-agent"] {
        let pod = &find(&all, "DaemonSet", name)["spec"]["template"]["spec"];
        assert_eq!(pod["tolerations"][0]["operator"], "Exists", "{name}");
        assert!(pod["tolerations"][0].get("key").is_none(), "{name}");
        assert_eq!(pod["priorityClassName"], "system-node-critical", "{name}");
    }
}

#[test]
fn a_network_that_the_user_brings_leaves_flannel_out() {
    let mut plan = plan();
    plan.network.provider = NetworkProvider::Other;
    let all = objects(&plan, &credentials());
    assert!(!all.iter().any(|object| id(object).contains("flannel")));
    assert!(all.iter().any(|object| id(object) == "DaemonSet kube-system/kube-proxy"));
}

#[test]
fn dns_has_two_pods_where_the_infrastructure_is_to_be_highly_available() {
    let replicas = |plan: &Plan| find(&all(plan), "Deployment", "coredns")["spec"]["replicas"].clone();
    assert_eq!(replicas(&plan()), 1);
    assert_eq!(replicas(&highly_available().plan()), 2);
}

#[test]
fn an_advertised_address_of_the_users_choice_is_used_everywhere() {
    let mut case = case();
    case.spec.networking.api_server = Some(hoist_api::hosted_cluster::networking::ApiServerNetworking {
        advertise_address: Some("172.19.0.1".to_owned()),
        port: Some(7443),
        allowed_cidr_blocks: None,
    });
    let all = all(&case.plan());
    assert_eq!(find(&all, "EndpointSlice", "kubernetes")["endpoints"][0]["addresses"][0], "172.19.0.1");
    assert_eq!(find(&all, "Endpoints", "kubernetes")["subsets"][0]["ports"][0]["port"], 7443);
    assert!(!serde_json::to_string(&all).unwrap().contains("172.20.0.1"));
}

#[test]
fn dns_forwards_to_given_servers_or_to_nobody() {
    let corefile = |upstream| {
        let objects = coredns(&CoreDns {
            image: "coredns".to_owned(),
            replicas: 1,
            service_ip: "10.202.0.10".parse().unwrap(),
            domain: "cluster.local".to_owned(),
            api_server: None,
            upstream,
            pull_secret: None,
        });
        let config_map = objects.iter().find(|object| object.types.as_ref().unwrap().kind == "ConfigMap").unwrap();
        config_map.data["data"]["Corefile"].as_str().unwrap().to_owned()
    };
    assert!(corefile(Upstream::Servers(vec!["192.0.2.53".parse().unwrap()])).contains("forward . 192.0.2.53 {"));
    assert!(!corefile(Upstream::Nobody).contains("forward"));
    insta::assert_snapshot!(corefile(Upstream::NodeResolvers));
}

#[test]
fn kube_proxy_leaves_the_kernels_connection_tracking_alone() {
    let objects = kube_proxy(&KubeProxy {
        image: "kube-proxy".to_owned(),
        api_server: ApiServer { host: "10.200.0.10".to_owned(), port: 6443 },
        cluster_network: "10.201.0.0/16".parse().unwrap(),
        pull_secret: None,
    });
    let config_map = objects.iter().find(|object| object.types.as_ref().unwrap().kind == "ConfigMap").unwrap();
    let text = config_map.data["data"]["config.conf"].as_str().unwrap();
    let configuration: Value = serde_json::from_str(text).unwrap();
    assert_eq!(configuration["mode"], "nftables");
    assert_eq!(configuration["conntrack"]["maxPerCore"], 0);
    assert_eq!(configuration["conntrack"]["tcpEstablishedTimeout"], "0s");
}

#[test]
fn keys_are_not_printed() {
    // `Credentials` has no `Debug`; the Secret that carries the key is the only object that does.
    let carrying: Vec<_> = objects(&plan(), &credentials())
        .iter()
        .filter(|object| serde_json::to_string(object).unwrap().contains("YWdlbnQga2V5"))
        .map(id)
        .collect();
    assert_eq!(carrying, ["Secret kube-system/konnectivity-agent"]);
}
