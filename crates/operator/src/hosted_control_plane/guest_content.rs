//! What a hosted cluster shall contain, and how the operator reaches it.

use data_encoding::HEXLOWER;
use hoist_api::names::{HOST_USER_PREFIX, NODE_USER_PREFIX};
use hoist_api::{Host, HostedControlPlane, NodePool};
use hoist_guest::{Credentials, admission, cluster_config, node_bootstrap, objects, rights};
use hoist_node_config::host_configuration::SECRET_KEY;
use hoist_pki::table::names;
use hoist_plan::Plan;
use hoist_plan::rollout::Target;
use hoist_release::{Release, skew};
use jiff::Timestamp;
use kube::ResourceExt;
use sha2::{Digest, Sha256};

use super::apply::Applied;
use super::observe::Observed;
use super::status::Judgement;
use crate::context::Context;
use crate::guest::{Connection, Content, Report, Route};
use crate::node_bootstrap::ownership::owns_node;
use crate::node_pool::configuration::Checked;
use crate::node_pool::node_config;
use crate::paused;
use crate::settings::GuestAccess;

/// The connection, once the API server has an address.
pub fn connection(
    ctx: &Context,
    control_plane: &HostedControlPlane,
    plan: &Plan,
    applied: &Applied,
) -> Option<Connection> {
    let namespace = &plan.identity.namespace;
    let url = match ctx.settings.guest_access {
        // The address and not the name: no DNS on the way.
        GuestAccess::Service => {
            let address = applied.api_server_ip.as_ref()?;
            hoist_plan::HostPort::new(address.clone(), 6443).https_url()
        }
        GuestAccess::Published => applied.endpoints.as_ref().ok()?.api_server.https_url(),
    };
    let proxy = match ctx.settings.guest_access {
        GuestAccess::Service => None,
        GuestAccess::Published => ctx.settings.registry_proxy.clone(),
    };
    Some(Connection {
        namespace: namespace.clone(),
        name: control_plane.name_any(),
        hosted_cluster_namespace: plan.identity.hosted_cluster_namespace.clone(),
        operator_kubeconfig: applied.pki.text(names::GUEST_OPERATOR_KUBECONFIG, names::KUBECONFIG_KEY)?.to_owned(),
        admin_kubeconfig: applied.pki.text(names::GUEST_OPERATOR_ADMIN_KUBECONFIG, names::KUBECONFIG_KEY)?.to_owned(),
        route: Route { url, server_name: format!("kube-apiserver.{namespace}.svc"), proxy },
    })
}

/// The content. Parts that cannot be known at the moment stay as they are in the cluster.
pub fn content(plan: &Plan, observed: &Observed, applied: &Applied, now: Timestamp) -> Content {
    let pauses = |pool: &NodePool| paused::until(pool.spec.paused_until.as_deref(), now).is_paused();
    let mut content = Content { access: rights::objects(), admission: admission::objects(plan), ..Content::default() };
    if applied.rotation.as_ref().is_some_and(|rotation| rotation.migration().is_some()) {
        content.access.extend(rights::rewriting());
    }
    let Ok(endpoints) = &applied.endpoints else { return content };
    let agent = |key: &str| applied.pki.text(names::KONNECTIVITY_AGENT, key).unwrap_or_default().to_owned();
    let credentials = Credentials {
        agent_certificate_pem: agent("tls.crt"),
        agent_key_pem: agent("tls.key"),
        agent_authority_pem: agent(names::CA_CERTIFICATE_KEY),
        agent_hash: hash(&[&agent("tls.crt"), &agent(names::CA_CERTIFICATE_KEY)]),
        docker_configuration: observed.pull_secret.clone(),
    };
    content.objects = objects(plan, &credentials);
    for (pool, release) in &observed.node_pools {
        let name = pool.name_any();
        let configuration = observed.pool_configurations.get(&name).and_then(Checked::whole);
        match (release, configuration) {
            (Ok(release), Some(configuration)) if !pauses(pool) && fits(plan, observed, release) => {
                let host = (!configuration.host.is_empty())
                    .then(|| serde_json::to_vec(&configuration.host).unwrap_or_default());
                let mut config =
                    node_config::node_config(plan, endpoints, &applied.pki, pool, release, &observed.trust_bundle);
                node_config::configure(&mut config, plan, configuration, &observed.own_trust_bundle);
                if let Some(host) = &host {
                    config.settings.host_configuration = Some(HEXLOWER.encode(&Sha256::digest(host)));
                    let users = users_of(&observed.hosts, &name);
                    // Before what refers to it.
                    content.objects.extend(node_bootstrap::host_configuration(&name, SECRET_KEY, host, &users));
                }
                // Over all that is there by now.
                config.revision = config.computed_revision();
                let target = Target { revision: config.revision.clone(), version: config.kubernetes_version.clone() };
                content.targets.insert(name.clone(), target);
                let text = serde_json::to_string(&config).unwrap_or_default();
                content.objects.extend(node_bootstrap::node_pool(&name, &text));
            }
            // What hosts of a paused pool read stays as it is; and of one whose release cannot be run with this control plane, or
            // whose configuration is not valid.
            _ => {
                content.kept.extend(node_bootstrap::node_pool(&name, ""));
                content.kept.extend(node_bootstrap::host_configuration(&name, SECRET_KEY, b"", &[]));
            }
        }
    }
    content
}

/// Names under which hosts of a pool speak to their cluster: while they join, and as nodes. Whose pool a Host is of comes from
/// its join token; what a node says of itself is not asked.
fn users_of(hosts: &[Host], pool: &str) -> Vec<String> {
    let own = hosts.iter().filter(|host| host.spec.node_pool == pool);
    let mut users: Vec<String> = own
        .flat_map(|host| {
            let as_node = owns_node(host).then(|| format!("{NODE_USER_PREFIX}{}", host.name_any()));
            [Some(format!("{HOST_USER_PREFIX}{}", host.name_any())), as_node]
        })
        .flatten()
        .collect();
    users.sort_unstable();
    users
}

/// Whether nodes of this release may serve the control plane that runs, and the one that is wanted.
fn fits(plan: &Plan, observed: &Observed, release: &Release) -> bool {
    let running = observed.facts.running_version.as_ref().unwrap_or(&plan.release.version);
    [running, &plan.release.version].into_iter().all(|version| skew::check_node_pool(version, &release.version).is_ok())
}

/// What the hosted cluster says of itself.
pub fn report(control_plane: &HostedControlPlane, judgement: Judgement) -> Report {
    let spec = &control_plane.spec;
    Report {
        settings: cluster_config::Settings {
            cluster_id: spec.cluster_id.clone(),
            channel: spec.channel.clone(),
            upstream: spec.update_service.clone(),
        },
        parts: judgement.parts,
        version: judgement.version,
    }
}

/// Sixteen hexadecimal digits that change with the texts.
fn hash(texts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update(text);
    }
    HEXLOWER.encode(&hasher.finalize()[..8])
}
