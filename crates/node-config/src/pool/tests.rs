//! Documents that are taken, and what is said of those that are not.

use std::collections::BTreeMap;

use rstest::rstest;

use super::*;
use crate::host_configuration::{FileContents, Owner};

fn source(text: &str) -> Source {
    Source { name: "own".into(), data: Some(BTreeMap::from([("config".to_owned(), text.to_owned())])) }
}

fn taken(text: &str) -> PoolConfiguration {
    machine_configuration(&[source(text)]).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn refused(text: &str) -> String {
    machine_configuration(&[source(text)]).expect_err("must be refused").join("\n")
}

fn kubelet(fields: &str) -> String {
    format!(
        "apiVersion: machineconfiguration.openshift.io/v1\nkind: KubeletConfig\nmetadata: {{name: k}}\nspec:\n  kubeletConfig: {fields}\n"
    )
}

fn machine_config(name: &str, config: &str) -> String {
    format!(
        "apiVersion: machineconfiguration.openshift.io/v1\nkind: MachineConfig\nmetadata: {{name: {name}}}\nspec:\n  config: {{ignition: {{version: 3.2.0}}, {config}}}\n"
    )
}

fn tuned(data: &str, recommend: &str) -> Source {
    let text = format!(
        "apiVersion: tuned.openshift.io/v1\nkind: Tuned\nmetadata: {{name: t}}\nspec:\n  profile:\n  - name: own\n    data: |\n{}\n  recommend: {recommend}\n",
        data.lines().flat_map(|line| ["      ", line, "\n"]).collect::<String>()
    );
    Source { name: "own".into(), data: Some(BTreeMap::from([("tuning".to_owned(), text)])) }
}

#[test]
fn several_documents_in_several_config_maps_come_together() {
    let one = format!(
        "{}---\n{}",
        kubelet("{maxPods: 40, systemReserved: {cpu: 500m}}"),
        machine_config("b", "storage: {files: [{path: /etc/own, mode: 0600, contents: {source: 'data:,b'}}]}")
    );
    let other = format!(
        "{}---\napiVersion: config.openshift.io/v1\nkind: ImageDigestMirrorSet\nspec: {{imageDigestMirrors: [{{source: quay.io/team, mirrors: [mirror.test:5000/team]}}]}}\n",
        kubelet("{systemReserved: {memory: 1Gi}}")
    );
    let found = machine_configuration(&[source(&one), source(&other)]).unwrap();
    assert_eq!(
        Value::Object(found.kubelet),
        serde_json::json!({"maxPods": 40, "systemReserved": {"cpu": "500m", "memory": "1Gi"}})
    );
    assert_eq!(found.host.files[0].mode, Some(0o600), "as Go reads it, 0600 is octal");
    assert_eq!((found.mirrors[0].source.as_str(), found.mirrors[0].host.as_str()), ("quay.io", "mirror.test:5000"));
    assert!(!found.mirrors[0].resolves_tags);
}

#[test]
fn of_two_machine_configs_the_later_by_name_wins() {
    let file = |text: &str| format!("storage: {{files: [{{path: /etc/own, contents: {{source: 'data:,{text}'}}}}]}}");
    let text = format!("{}---\n{}", machine_config("99-b", &file("later")), machine_config("50-a", &file("earlier")));
    let found = taken(&text).host.files;
    assert_eq!(found.len(), 1);
    assert!(matches!(&found[0].contents, FileContents::Whole(bytes) if bytes.0 == b"later"));
}

#[test]
fn everything_of_a_machine_config_is_read() {
    let config = "
    storage: {
      directories: [{path: /srv/own, mode: 448, user: {id: 7}, group: {name: adm}}],
      files: [{path: /etc/own, append: [{source: 'data:,more'}]}, {path: /etc/once, overwrite: false, contents: {source: 'data:,x'}}],
      links: [{path: /etc/link, target: own}]
    },
    systemd: {units: [{name: own.service, enabled: true, contents: '[Service]', dropins: [{name: a.conf, contents: '[Unit]'}]}, {name: chronyd.service, mask: true}]}";
    let host = taken(&machine_config("a", config)).host;
    assert_eq!((host.directories[0].mode, &host.directories[0].user), (0o700, &Some(Owner::Id(7))));
    assert!(matches!(&host.files[0].contents, FileContents::Whole(bytes) if bytes.0 == b"x"));
    assert!(!host.files[0].overwrite && host.files[1].overwrite);
    assert!(matches!(&host.files[1].contents, FileContents::Appended(bytes) if bytes.0 == b"more"));
    assert_eq!(host.links[0].target, "own");
    let bare = taken(&machine_config("a", "storage: {files: [{path: /etc/theirs, mode: 0600}]}")).host;
    assert!(matches!(&bare.files[0].contents, FileContents::Appended(bytes) if bytes.0.is_empty()), "theirs stays");
    assert_eq!((host.units[0].name.as_str(), host.units[0].mask), ("chronyd.service", Some(true)));
    assert_eq!((host.units[1].enabled, host.units[1].dropins.len()), (Some(true), 1));
}

#[test]
fn what_go_writes_for_unset_fields_asks_for_nothing() {
    let text = "
apiVersion: machineconfiguration.openshift.io/v1
kind: MachineConfig
metadata: {name: a, labels: {machineconfiguration.openshift.io/role: worker}}
spec:
  baseOSExtensionsContainerImage: ''
  config: {ignition: {version: 3.2.0, config: {replace: {verification: {}}}, proxy: {}, security: {tls: {}}, timeouts: {}}, passwd: {}, storage: {}, systemd: {}}
  extensions: null
  fips: false
  kernelArguments: []
  kernelType: default
  osImageURL: ''
";
    assert!(taken(text).host.is_empty());
}

#[test]
fn a_container_runtime_is_told_its_log_level() {
    let text = "apiVersion: machineconfiguration.openshift.io/v1\nkind: ContainerRuntimeConfig\nspec: {containerRuntimeConfig: {logLevel: debug, defaultRuntime: runc}}";
    assert_eq!(taken(text).container_runtime_log_level.as_deref(), Some("debug"));
}

#[rstest]
#[case::client_ca(
    "{authentication: {x509: {clientCAFile: /x}}}",
    "spec.kubeletConfig.authentication is not yours to set"
)]
#[case::dns("{clusterDNS: [10.0.0.1]}", "clusterDNS is not yours to set")]
#[case::driver("{cgroupDriver: systemd}", "cgroupDriver is not yours to set")]
#[case::gates("{featureGates: {X: true}}", "names of features differ by version")]
#[case::unknown("{maxPodz: 3}", "maxPodz is no field of KubeletConfiguration")]
#[case::wrong_type("{maxPods: many}", "maxPods is \"many\": expected a whole number")]
#[case::duration("{syncFrequency: 5}", "expected a duration")]
#[case::quantity("{systemReserved: {cpu: lots}}", "expected keys with quantities")]
#[case::choice("{cpuManagerPolicy: all}", "expected one of none, static")]
#[case::inner("{memorySwap: {swap: yes}}", "memorySwap.swap is not known")]
#[case::path("{staticPodPath: /etc/hoist/pods}", "Hoist keeps its own there")]
fn fields_of_kubelet_that_are_refused(#[case] fields: &str, #[case] words: &str) {
    let faults = refused(&kubelet(fields));
    assert!(faults.contains(words), "{faults}");
    assert!(faults.starts_with("ConfigMap \"own\" of spec.config: KubeletConfig k: "), "{faults}");
}

#[rstest]
#[case::pids("{pidsLimit: 100}", "podPidsLimit")]
#[case::log_size("{logSizeMax: 10Mi}", "containerLogMaxSize")]
#[case::overlay("{overlaySize: 10G}", "ephemeral-storage")]
#[case::runtime("{defaultRuntime: crun}", "the release has runc")]
#[case::level("{logLevel: loud}", "expected one of trace")]
#[case::unknown("{x: 1}", "it is not known")]
fn fields_of_the_container_runtime_that_are_refused(#[case] fields: &str, #[case] words: &str) {
    let text = format!(
        "apiVersion: machineconfiguration.openshift.io/v1\nkind: ContainerRuntimeConfig\nspec: {{containerRuntimeConfig: {fields}}}"
    );
    let faults = refused(&text);
    assert!(faults.contains(words), "{faults}");
}

#[rstest]
#[case::renamed("{source: quay.io/a, mirrors: [m.test/b]}", "under other names")]
#[case::pattern("{source: '*.test', mirrors: [m.test]}", "pattern of hosts")]
#[case::never_for_a_part(
    "{source: quay.io/a, mirrors: [m.test/a], mirrorSourcePolicy: NeverContactSource}",
    "only served for a whole host"
)]
#[case::policy("{source: quay.io, mirrors: [m.test], mirrorSourcePolicy: Sometimes}", "expected AllowContactingSource")]
#[case::no_source("{mirrors: [m.test]}", "has no source")]
#[case::unknown("{source: quay.io, mirror: m.test}", "mirror is not known")]
fn mirrors_that_are_refused(#[case] entry: &str, #[case] words: &str) {
    let text =
        format!("apiVersion: config.openshift.io/v1\nkind: ImageTagMirrorSet\nspec: {{imageTagMirrors: [{entry}]}}");
    let faults = refused(&text);
    assert!(faults.contains(words), "{faults}");
}

#[rstest]
#[case::shadow("storage: {files: [{path: /etc/shadow, contents: {source: 'data:,x'}}]}", "accounts are the host's own")]
#[case::hoist("storage: {files: [{path: /etc/hoist/x}]}", "Hoist keeps its own there")]
#[case::kernel("storage: {links: [{path: /proc/x, target: z}]}", "it is the kernel's")]
#[case::parent("storage: {directories: [{path: /etc}]}", "is below it")]
#[case::relative("storage: {files: [{path: etc/x}]}", "expected an absolute path")]
#[case::fetched(
    "storage: {files: [{path: /etc/x, contents: {source: 'https://a.test/x'}}]}",
    "put the contents into a data: URL"
)]
#[case::mode("storage: {files: [{path: /etc/x, mode: 99999}]}", "expected permission bits")]
#[case::twice("storage: {files: [{path: /etc/x}], links: [{path: /etc/x, target: z}]}", "twice")]
#[case::below_a_link("storage: {files: [{path: /srv/l/x}], links: [{path: /srv/l, target: /etc}]}", "which is a link")]
#[case::hard_link("storage: {links: [{path: /srv/l, target: /srv/x, hard: true}]}", "use a symbolic link")]
#[case::disks("storage: {disks: [{device: /dev/sda}]}", "disks are the host's own")]
#[case::users("passwd: {users: [{name: core}]}", "spec.config.passwd is not served")]
#[case::arguments("kernelArguments: {shouldExist: [a]}", "boot loader")]
#[case::own_unit(
    "systemd: {units: [{name: hoist-kubelet.service, enabled: false}]}",
    "units of that name are Hoist's own"
)]
#[case::kubelet_unit("systemd: {units: [{name: kubelet.service, dropins: []}]}", "use a KubeletConfig")]
#[case::unit_name("systemd: {units: [{name: ../x.service}]}", "no name of a unit")]
#[case::masked_with_contents(
    "systemd: {units: [{name: x.service, mask: true, contents: '[Service]'}]}",
    "keep one of the two"
)]
#[case::dropin_name("systemd: {units: [{name: x.service, dropins: [{name: x, contents: y}]}]}", "ends in .conf")]
#[case::unknown("network: {x: y}", "network is not known")]
fn parts_of_machine_configs_that_are_refused(#[case] config: &str, #[case] words: &str) {
    let faults = refused(&machine_config("m", config));
    assert!(faults.contains(words), "{faults}");
}

#[rstest]
#[case::arguments("kernelArguments: [a=b]", "boot loader")]
#[case::extensions("extensions: [usbguard]", "install them there")]
#[case::fips("fips: true", "FIPS")]
#[case::kernel("kernelType: realtime", "install another one")]
#[case::old("config: {ignition: {version: 2.2.0}}", "expected a version 3.x")]
#[case::no_version("config: {storage: {}}", "version is missing")]
fn machine_configs_that_are_refused(#[case] spec: &str, #[case] words: &str) {
    let text = format!(
        "apiVersion: machineconfiguration.openshift.io/v1\nkind: MachineConfig\nmetadata: {{name: m}}\nspec: {{{spec}}}"
    );
    let faults = refused(&text);
    assert!(faults.contains(words), "{faults}");
}

#[rstest]
#[case::no_kind("a: b", "no kind")]
#[case::no_yaml("a: [b", "no YAML")]
#[case::empty("# nothing\n", "is empty")]
#[case::other_kind("apiVersion: v1\nkind: Pod", "Pod is not served")]
#[case::signatures("apiVersion: config.openshift.io/v1\nkind: ClusterImagePolicy", "checks no signatures")]
#[case::other_group(
    "apiVersion: example.com/v1\nkind: KubeletConfig",
    "expected apiVersion machineconfiguration.openshift.io"
)]
fn documents_that_are_refused(#[case] text: &str, #[case] words: &str) {
    let faults = refused(text);
    assert!(faults.contains(words), "{faults}");
}

#[test]
fn a_config_map_that_is_missing_or_lacks_its_key_is_named_with_the_next_step() {
    let faults = machine_configuration(&[Source { name: "gone".into(), data: None }]).unwrap_err();
    assert!(faults[0].contains("ConfigMap \"gone\" of spec.config does not exist: create it"), "{faults:?}");
    let faults = machine_configuration(&[Source { name: "bare".into(), data: Some(BTreeMap::new()) }]).unwrap_err();
    assert!(faults[0].contains("has no key `config`"), "{faults:?}");
}

#[test]
fn a_secret_in_a_broken_document_is_not_quoted() {
    let faults = refused("kind: MachineConfig\nspec: {password: hunter2\n");
    assert!(!faults.contains("hunter2"), "{faults}");
}

#[test]
fn the_kernel_settings_of_the_recommended_profile_are_taken() {
    let data = "[main]\nsummary=own\ninclude=openshift-node\n\n[sysctl]\nvm.max_map_count=262144\nnet.core.somaxconn = \"4096\"\n";
    let found = tuning(&[tuned(data, "[{priority: 20, profile: own}]")]).unwrap();
    let expected = [("net.core.somaxconn", "4096"), ("vm.max_map_count", "262144")];
    assert_eq!(found.sysctls, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert_eq!(found.notes, ["the settings of tuned's own profile openshift-node are not applied"]);
}

#[rstest]
#[case::section("[bootloader]\ncmdline=a", "[{profile: own}]", "section [bootloader] is not served")]
#[case::own("[sysctl]\nnet.ipv4.ip_forward=0", "[{profile: own}]", "the node itself sets it")]
#[case::operator("[sysctl]\nvm.x=>5", "[{profile: own}]", "without operators")]
#[case::no_setting("[sysctl]\n../x=5", "[{profile: own}]", "no kernel setting")]
#[case::by_label("[sysctl]\nvm.x=5", "[{profile: own, match: [{label: a}]}]", "make a NodePool for each profile")]
#[case::other_profile("[sysctl]\nvm.x=5", "[{profile: other}]", "which spec.profile does not have")]
#[case::nothing_recommended("[sysctl]\nvm.x=5", "[]", "names no profile")]
fn tuning_that_is_refused(#[case] data: &str, #[case] recommend: &str, #[case] words: &str) {
    let faults = tuning(&[tuned(data, recommend)]).unwrap_err().join("\n");
    assert!(faults.contains(words), "{faults}");
}

#[test]
fn a_performance_profile_is_refused_by_name() {
    let text = "apiVersion: performance.openshift.io/v2\nkind: PerformanceProfile\nmetadata: {name: p}\nspec: {}";
    let source = Source { name: "own".into(), data: Some(BTreeMap::from([("tuning".to_owned(), text.to_owned())])) };
    let faults = tuning(&[source]).unwrap_err();
    assert!(faults[0].contains("PerformanceProfile is not served"), "{faults:?}");
}
