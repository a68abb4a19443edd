//! Whether a kubelet's certificate request is approved: a pure judgement, strict, with a reason for every refusal.
//!
//! A client certificate is for a host that proves with its credential (or with the certificate it renews) to be the one Host of
//! that name; a serving certificate may name nothing but that Host. There is no other way to an approval.

use std::collections::{BTreeMap, BTreeSet};

use hoist_api::Host;
use hoist_api::host::Stage;
use hoist_api::names::{HOST_GROUP, HOST_USER_PREFIX};
use hoist_pki::{AlternativeName, CertificateRequest};
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use k8s_openapi::api::core::v1::Node;
use kube::ResourceExt;

use super::ownership::{owns_node, taken};

const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client-kubelet";
const SERVING_SIGNER: &str = "kubernetes.io/kubelet-serving";
const NODE_USER_PREFIX: &str = "system:node:";
const NODE_GROUP: &str = "system:nodes";

/// What a request asks for.
#[derive(Debug)]
pub struct Asked {
    kind: Kind,
    user: String,
    groups: BTreeSet<String>,
    usages: BTreeSet<String>,
    content: Result<CertificateRequest, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Client,
    Serving,
}

/// The judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Credential, key and names match.
    Approve,
    /// It stays pending; the text says why and what to do.
    Refuse(String),
}

/// The Host whose kubelet got its client certificate with this request, if it was approved for one.
pub fn admitted_host(request: &CertificateSigningRequest) -> Option<String> {
    let conditions = request.status.as_ref()?.conditions.as_ref()?;
    let is_approved = conditions.iter().any(|condition| condition.type_ == "Approved" && condition.status == "True");
    let asked = Asked::of(request).filter(|asked| asked.kind == Kind::Client && asked.is_host())?;
    let name = asked.node_name()?.to_owned();
    let names_node = |content: &CertificateRequest| content.subject.common_name == format!("{NODE_USER_PREFIX}{name}");
    (is_approved && asked.content.as_ref().is_ok_and(names_node)).then_some(name)
}

/// Whether somebody decided already.
pub fn is_decided(request: &CertificateSigningRequest) -> bool {
    request
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten())
        .any(|condition| ["Approved", "Denied", "Failed"].contains(&condition.type_.as_str()))
}

impl Asked {
    /// What `request` asks for; `None` when it is for a signer that is none of ours.
    pub fn of(request: &CertificateSigningRequest) -> Option<Self> {
        let spec = &request.spec;
        let kind = match spec.signer_name.as_str() {
            CLIENT_SIGNER => Kind::Client,
            SERVING_SIGNER => Kind::Serving,
            _ => return None,
        };
        let content = std::str::from_utf8(&spec.request.0)
            .map_err(|_| "it is no PEM text".to_owned())
            .and_then(|text| CertificateRequest::from_pem(text).map_err(|error| error.to_string()));
        Some(Self {
            kind,
            user: spec.username.clone().unwrap_or_default(),
            groups: spec.groups.iter().flatten().cloned().collect(),
            usages: spec.usages.iter().flatten().cloned().collect(),
            content,
        })
    }

    /// The node that the requestor claims to be.
    pub fn node_name(&self) -> Option<&str> {
        self.user.strip_prefix(HOST_USER_PREFIX).or_else(|| self.user.strip_prefix(NODE_USER_PREFIX))
    }

    /// Whether the user name and its group are a joining host's; one without the other is nobody.
    fn is_host(&self) -> bool {
        self.user.starts_with(HOST_USER_PREFIX) && self.groups.contains(HOST_GROUP)
    }

    fn is_node(&self) -> bool {
        self.user.starts_with(NODE_USER_PREFIX) && self.groups.contains(NODE_GROUP)
    }
}

/// What else there is in the cluster.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Whether there is a Node of the claimed name.
    pub node_exists: bool,
    /// Addresses of all others, each with whose it is, such as `Host worker-1`.
    pub taken: BTreeMap<AlternativeName, String>,
}

impl Surroundings {
    /// What there is around `name`: all Hosts of the cluster and all its Nodes.
    pub fn of<'a>(
        name: &str,
        hosts: impl IntoIterator<Item = &'a Host>,
        nodes: impl IntoIterator<Item = &'a Node>,
    ) -> Self {
        let mut found = Self::default();
        // A Host that was never let in only says what its addresses are.
        for host in hosts.into_iter().filter(|host| host.name_any() != name && owns_node(host)) {
            for address in host.spec.addresses.iter().filter(|address| !address.is_empty()) {
                found.taken.insert(AlternativeName::of(address), format!("Host {}", host.name_any()));
            }
        }
        for node in nodes {
            if node.name_any() == name {
                found.node_exists = true;
                continue;
            }
            for address in node.status.iter().flat_map(|status| status.addresses.iter().flatten()) {
                let whose = || format!("Node {}", node.name_any());
                found.taken.entry(AlternativeName::of(&address.address)).or_insert_with(whose);
            }
        }
        found
    }
}

/// Judges a request. `host` is the Host that has the claimed name, if any.
pub fn judge(asked: &Asked, host: Option<&Host>, around: &Surroundings) -> Verdict {
    match check(asked, host, around) {
        Ok(()) => Verdict::Approve,
        Err(message) => Verdict::Refuse(message),
    }
}

fn check(asked: &Asked, host: Option<&Host>, around: &Surroundings) -> Result<(), String> {
    let user = &asked.user;
    let name = asked.node_name().ok_or_else(|| {
        format!("user {user} is neither a joining host nor a node; approve it by hand if you know who asks")
    })?;
    let may_ask = asked.is_node() || (asked.kind == Kind::Client && asked.is_host());
    if !may_ask {
        let expected = match asked.kind {
            Kind::Client => format!(
                "{HOST_USER_PREFIX}<name> of group {HOST_GROUP}, or {NODE_USER_PREFIX}<name> of group {NODE_GROUP}"
            ),
            Kind::Serving => format!("{NODE_USER_PREFIX}<name> of group {NODE_GROUP}"),
        };
        return Err(format!("user {user} may not ask for this certificate; expected {expected}"));
    }
    let host = host.ok_or_else(|| {
        format!("no Host {name} joined this cluster; join it with the line that `hcp create join-command` prints")
    })?;
    if host.metadata.deletion_timestamp.is_some()
        || host.status.as_ref().and_then(|status| status.stage) == Some(Stage::Left)
    {
        return Err(format!("Host {name} is leaving the cluster; join it again when it has left"));
    }
    let content = asked.content.as_ref().map_err(|cause| format!("the request of {user} cannot be read: {cause}"))?;
    let expected = format!("{NODE_USER_PREFIX}{name}");
    if content.subject.common_name != expected || content.subject.organizations != [NODE_GROUP] {
        return Err(format!(
            "{user} asks for a certificate of {:?} in {:?}; expected {expected:?} in [{NODE_GROUP:?}]",
            content.subject.common_name, content.subject.organizations
        ));
    }
    check_usages(asked)?;
    // A Node that was there before its Host belongs to somebody else; so does a certificate of a node that this Host never got.
    if !owns_node(host) && (around.node_exists || asked.is_node()) {
        return Err(taken(name));
    }
    match asked.kind {
        Kind::Client => check_client(asked, content),
        Kind::Serving => check_serving(host, content, around),
    }
}

/// kubelet asks for key encipherment too when its key is an RSA key.
fn check_usages(asked: &Asked) -> Result<(), String> {
    let purpose = match asked.kind {
        Kind::Client => "client auth",
        Kind::Serving => "server auth",
    };
    let needed = BTreeSet::from(["digital signature".to_owned(), purpose.to_owned()]);
    let mut allowed = needed.clone();
    allowed.insert("key encipherment".to_owned());
    if needed.is_subset(&asked.usages) && asked.usages.is_subset(&allowed) {
        Ok(())
    } else {
        let usages: Vec<_> = asked.usages.iter().map(String::as_str).collect();
        Err(format!("{} asks for usages {}; expected digital signature and {purpose}", asked.user, usages.join(", ")))
    }
}

fn check_client(asked: &Asked, content: &CertificateRequest) -> Result<(), String> {
    if !content.names.is_empty() || content.has_other_names {
        return Err(format!("{} asks for a client certificate with further names; expected none", asked.user));
    }
    Ok(())
}

fn check_serving(host: &Host, content: &CertificateRequest, around: &Surroundings) -> Result<(), String> {
    let name = host.name_any();
    if content.has_other_names {
        return Err(format!(
            "Host {name} asks for a serving certificate with names that are neither DNS names nor addresses"
        ));
    }
    if content.names.is_empty() {
        return Err(format!("Host {name} asks for a serving certificate without any name"));
    }
    let spec = &host.spec;
    let own: BTreeSet<AlternativeName> = [&spec.node_name, &spec.seen_address]
        .into_iter()
        .chain(&spec.addresses)
        .filter(|text| !text.is_empty())
        .map(|text| AlternativeName::of(text))
        .collect();
    let foreign: Vec<String> = content.names.difference(&own).map(ToString::to_string).collect();
    if foreign.is_empty() {
        // The API server reaches a node by its address: one that two have could be either.
        let shared = content.names.iter().find_map(|claimed| Some((claimed, around.taken.get(claimed)?)));
        return shared.map_or(Ok(()), |(claimed, whose)| {
            Err(format!(
                "Host {name} asks for a serving certificate that names {claimed}, which is the address of {whose}; give this host \
                 another address (`--node-ip`), or remove the other if it is gone (`hcp remove host`)"
            ))
        });
    }
    let own: Vec<String> = own.iter().map(ToString::to_string).collect();
    Err(format!(
        "Host {name} asks for a serving certificate that names {}, but it is known as {}; if its address changed, join it again",
        foreign.join(", "),
        own.join(", ")
    ))
}

#[cfg(test)]
mod tests;
