//! What is rendered is what our own definitions allow: every field known, of its type, one of its values; nothing required missing.

use hoist_api::{HostedCluster, NodePool};
use kube::CustomResourceExt as _;
use rstest::rstest;
use serde_json::Value;

use super::platforms::with_files;
use super::program::Program;

const EVERYTHING: [&str; 23] = [
    "--annotations=a=b",
    "--labels=a=b",
    "--generate-ssh",
    "--image-content-sources=mirrors.yaml",
    "--feature-set=TechPreviewNoUpgrade",
    "--disable-cluster-capabilities=Console,Ingress",
    "--enable-cluster-capabilities=baremetal",
    "--fips",
    "--olm-catalog-placement=guest",
    "--olm-disable-default-sources",
    "--kas-dns-name=api.example.net",
    "--ovn-kubernetes-mtu=1400",
    "--pausedUntil=true",
    "--base-domain-prefix=none",
    "--infra-availability-policy=SingleReplica",
    "--etcd-storage-class=fast",
    "--machine-cidr=192.0.2.0/24",
    "--node-selector=a=b",
    "--pods-labels=a=b",
    "--toleration=key=a,operator=exists,effect=noexecute,tolerationSeconds=5",
    "--auto-repair",
    "--node-drain-timeout=10m",
    "--node-pool-replicas=3",
];

#[rstest]
#[case("none", &["--external-api-server-address=192.0.2.10"])]
#[case("none", &["--expose-through-load-balancer"])]
#[case("agent", &["--api-server-address=192.0.2.10", "--agent-namespace=agents", "--agentLabelSelector=a in (b)", "--default-dual"])]
#[case("kubevirt", &["--external-dns-domain=example.net", "--infra-namespace=a", "--infra-kubeconfig-file=infra.kubeconfig",
    "--infra-storage-class-mapping=a/b,group=c", "--infra-volumesnapshot-class-mapping=a/b", "--root-volume-access-modes=ReadWriteOnce",
    "--root-volume-volume-mode=Block", "--root-volume-cache-strategy=PVC", "--containerdisk=a", "--qos-class=Guaranteed",
    "--additional-network=name:a/b", "--vm-node-selector=a=b", "--host-device-name=a"])]
fn what_is_rendered_is_what_the_definitions_allow(
    #[case] platform: &str,
    #[case] own: &[&str],
    #[values(&[], &EVERYTHING)] more: &[&str],
) {
    let base = [
        "create",
        "cluster",
        platform,
        "--name=demo",
        "--pull-secret=pull-secret",
        "--release-image=registry.example.com/hoist/release:1.36.3",
        "--render-into=out.yaml",
    ];
    let program = with_files(Program::hcp());
    let run = program.run(&[&base, own, more].concat());
    assert!(run.contains("exit code: 0"), "{run}");
    let mut checked = Vec::new();
    for document in program.read("out.yaml").split("---\n").filter(|document| !document.is_empty()) {
        let manifest: Value = serde_saphyr::from_str(document).unwrap();
        let definition = match manifest["kind"].as_str().unwrap() {
            "HostedCluster" => serde_json::from_value::<HostedCluster>(manifest.clone()).map(|_| HostedCluster::crd()),
            "NodePool" => serde_json::from_value::<NodePool>(manifest.clone()).map(|_| NodePool::crd()),
            _ => continue,
        };
        let definition = definition.unwrap();
        let schema = serde_json::to_value(&definition.spec.versions[0].schema).unwrap();
        let mut complaints = Vec::new();
        check(&manifest["spec"], &schema["openAPIV3Schema"]["properties"]["spec"], "spec", &mut complaints);
        checked.push(manifest["kind"].as_str().unwrap().to_owned());
        assert_eq!(complaints, Vec::<String>::new(), "{document}");
    }
    assert_eq!(checked, ["HostedCluster", "NodePool"]);
}

fn check(value: &Value, schema: &Value, path: &str, complaints: &mut Vec<String>) {
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        complaints.push(format!("{path}: {value} is none of {allowed:?}"));
    }
    let is_right = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    if !is_right {
        complaints.push(format!("{path}: {value} is no {}", schema["type"]));
    }
    let limit = |keyword: &str| schema[keyword].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let sizes = [
        (value.as_str().map(|text| text.chars().count()), "minLength", "maxLength"),
        (value.as_array().map(Vec::len), "minItems", "maxItems"),
        (value.as_object().map(serde_json::Map::len), "minProperties", "maxProperties"),
    ];
    for (size, least, most) in sizes {
        if let Some(size) = size
            && (limit(least).is_some_and(|least| size < least) || limit(most).is_some_and(|most| size > most))
        {
            complaints.push(format!("{path}: {value} is of a size beyond {least} and {most}"));
        }
    }
    for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(required).is_none() && schema["properties"][required].get("default").is_none() {
            complaints.push(format!("{path}.{required} is missing"));
        }
    }
    for (name, field) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        match (schema["properties"].get(name), schema.get("additionalProperties")) {
            (Some(known), _) => check(field, known, &path, complaints),
            (None, Some(any)) if any.is_object() => check(field, any, &path, complaints),
            _ if schema["x-kubernetes-preserve-unknown-fields"] == true => {}
            _ => complaints.push(format!("{path} is unknown")),
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        check(item, &schema["items"], &format!("{path}[{index}]"), complaints);
    }
}
