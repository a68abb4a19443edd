//! Join tokens: made, listed, revoked. The secret is shown once and stored as a hash only.

use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use data_encoding::HEXLOWER;
use hoist_api::duration::GoDuration;
use hoist_api::join_token::JoinTokenSpec;
use hoist_api::{JoinToken, NodePool};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use rand::Rng as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::apply::FIELD_MANAGER;
use crate::args::cluster_reference::ClusterReference;
use crate::args::kubeconfig::KubeconfigFlags;
use crate::args::output::OutputFlags;
use crate::commands::{Context, cluster};
use crate::failure::usage;
use crate::printer::Table;
use crate::session::Session;

/// Longest life of a token: a year, beyond which it is a password.
const LONGEST_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);
/// Random characters of a token's name.
const NAME_LENGTH: usize = 8;

/// What a token is good for.
#[derive(Debug, Clone, Args)]
pub struct TokenFlags {
    /// NodePool that hosts join [default: the cluster's only one, else the one named as the cluster]
    #[arg(long, value_name = "NODEPOOL")]
    node_pool: Option<String>,
    /// How long the token is good
    #[arg(long, value_name = "DURATION", default_value = "1h")]
    ttl: GoDuration,
    /// How many hosts may join with it
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..=10_000))]
    uses: i32,
}

/// `create join-token`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp create join-token --name demo
  hcp create join-token --name demo --ttl 24h --uses 20

The token is printed once; only its hash is stored. `hcp create join-command` prints a whole line instead.")]
pub struct CreateArguments {
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
    #[command(flatten)]
    cluster: ClusterReference,
    #[command(flatten)]
    token: TokenFlags,
}

/// `list join-tokens`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp list join-tokens --name demo
  hcp list join-tokens --name demo --output json")]
pub struct ListArguments {
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
    #[command(flatten)]
    cluster: ClusterReference,
    #[command(flatten)]
    output: OutputFlags,
}

/// `revoke join-token`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp revoke join-token jt-4x7bk2vd --name demo")]
pub struct RevokeArguments {
    /// Identifier of the token: what is before its dot
    token: String,
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
    #[command(flatten)]
    cluster: ClusterReference,
}

/// Runs `create join-token`.
pub async fn create(arguments: CreateArguments, context: &Context) -> Result<()> {
    let control_plane = arguments.cluster.control_plane_namespace()?;
    check(&arguments.token)?;
    let session = Session::open(&arguments.kubeconfig).await?;
    cluster::read(&session, &arguments.cluster.namespace, &arguments.cluster.name).await?;
    let token = make(&session, &arguments.cluster, &control_plane, &arguments.token).await?;
    Ok(context.printer.data(token.expose_secret())?)
}

/// Checks the flags without asking anybody.
pub fn check(flags: &TokenFlags) -> Result<()> {
    if flags.ttl.0 < Duration::from_secs(1) || flags.ttl.0 > LONGEST_LIFE {
        return Err(usage(format!("--ttl {}: expected 1s to 8760h, such as 1h", flags.ttl)));
    }
    Ok(())
}

/// Makes a token for a cluster that exists, and gives `<id>.<secret>`.
pub async fn make(
    session: &Session,
    cluster: &ClusterReference,
    control_plane: &str,
    flags: &TokenFlags,
) -> Result<SecretString> {
    let pools = cluster::node_pools(session, &cluster.namespace, &cluster.name).await?;
    let node_pool = choose(&pools, cluster, flags.node_pool.as_deref())?;
    let mut bytes = [0_u8; 32];
    rand::rng().fill(&mut bytes);
    let secret = HEXLOWER.encode(&bytes);
    let life = jiff::SignedDuration::try_from(flags.ttl.0)?;
    let name = format!("jt-{}", cluster::create::random_identifier(NAME_LENGTH));
    let token = JoinToken::new(
        &name,
        JoinTokenSpec {
            node_pool,
            secret_hash: HEXLOWER.encode(&Sha256::digest(secret.as_bytes())),
            expiration_time: Time(Timestamp::now().checked_add(life)?),
            uses: flags.uses,
            revoked: false,
        },
    );
    let api: Api<JoinToken> = Api::namespaced(session.client(), control_plane);
    let parameters = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
    let call = async {
        match api.create(&parameters, &token).await {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
            Err(error) => Err(error),
        }
    };
    if !session.call(&format!("create JoinToken {control_plane}/{name}"), call).await? {
        bail!(
            "cluster {} has no control plane namespace {control_plane} yet, which the operator makes; see what is awaited with `hcp status {}`",
            cluster.name,
            cluster.name
        );
    }
    Ok(format!("{name}.{secret}").into())
}

/// The pool that was named, or the one that is meant.
fn choose(pools: &[NodePool], cluster: &ClusterReference, named: Option<&str>) -> Result<String> {
    let known: Vec<String> = pools.iter().map(ResourceExt::name_any).collect();
    let all = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    if let Some(named) = named {
        if known.iter().any(|name| name == named) {
            return Ok(named.to_owned());
        }
        bail!("--node-pool {named}: cluster {} has no such NodePool; it has: {all}", cluster.name);
    }
    match known.as_slice() {
        [only] => Ok(only.clone()),
        _ if known.contains(&cluster.name) => Ok(cluster.name.clone()),
        [] => bail!(
            "cluster {} has no NodePool that hosts could join; create one with the cluster (--node-pool-replicas 0 or more)",
            cluster.name
        ),
        _ => Err(usage(format!("cluster {} has several NodePools; choose one with --node-pool: {all}", cluster.name))),
    }
}

/// Runs `list join-tokens`.
pub async fn list(arguments: ListArguments, context: &Context) -> Result<()> {
    let control_plane = arguments.cluster.control_plane_namespace()?;
    let session = Session::open(&arguments.kubeconfig).await?;
    cluster::read(&session, &arguments.cluster.namespace, &arguments.cluster.name).await?;
    let api: Api<JoinToken> = Api::namespaced(session.client(), &control_plane);
    let action = format!("list JoinTokens in {control_plane}");
    let mut tokens = session.call(&action, api.list(&ListParams::default())).await?.items;
    tokens.sort_by_key(|token| token.spec.expiration_time.0);
    let now = Timestamp::now();
    let rows: Vec<_> = tokens.iter().map(|token| row(token, now)).collect();
    context.printer.document(arguments.output.output, &rows, || {
        let mut table = Table::new(&["ID", "NODEPOOL", "USES", "STATE", "EXPIRES", "HOSTS"]);
        for row in &rows {
            let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
            let hosts: Vec<&str> =
                row["hosts"].as_array().into_iter().flatten().filter_map(|host| host.as_str()).collect();
            let uses = format!("{} of {}", row["used"], row["uses"]);
            table.row([text("id"), text("nodePool"), uses, text("state"), text("expires"), hosts.join(",")]);
        }
        if table.is_empty() { "No join tokens.".to_owned() } else { table.text(0) }
    })
}

fn row(token: &JoinToken, now: Timestamp) -> serde_json::Value {
    let used_by = token.status.as_ref().map(|status| status.used_by.as_slice()).unwrap_or_default();
    let used = used_by.len();
    let state = if token.spec.revoked {
        "revoked"
    } else if token.spec.expiration_time.0 <= now {
        "expired"
    } else if i64::try_from(used).is_ok_and(|used| used >= i64::from(token.spec.uses)) {
        "used up"
    } else {
        "usable"
    };
    json!({
        "id": token.name_any(),
        "nodePool": token.spec.node_pool,
        "uses": token.spec.uses,
        "used": used,
        "state": state,
        "expires": token.spec.expiration_time.0.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "hosts": used_by.iter().map(|entry| entry.host.as_str()).collect::<Vec<_>>(),
    })
}

/// Runs `revoke join-token`.
pub async fn revoke(arguments: RevokeArguments, context: &Context) -> Result<()> {
    let control_plane = arguments.cluster.control_plane_namespace()?;
    // Whoever pastes a whole token means its identifier; the rest is not looked at.
    let id = arguments.token.split('.').next().unwrap_or_default();
    let session = Session::open(&arguments.kubeconfig).await?;
    let api: Api<JoinToken> = Api::namespaced(session.client(), &control_plane);
    let found = session.call(&format!("read JoinToken {control_plane}/{id}"), api.get_opt(id)).await?;
    if found.is_none() {
        bail!(
            "cluster {} has no join token {id:?}; `list join-tokens --name {}` shows those it has",
            arguments.cluster.name,
            arguments.cluster.name
        );
    }
    let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    let patch = Patch::Merge(json!({"spec": {"revoked": true}}));
    session.call(&format!("revoke JoinToken {control_plane}/{id}"), api.patch(id, &parameters, &patch)).await?;
    context.printer.note(&format!("Join token {id} is revoked; hosts that joined with it stay."));
    Ok(())
}

#[cfg(test)]
mod tests {
    use hoist_api::node_pool::NodePoolSpec;
    use hoist_testkit::{FakeApi, fixtures};

    use super::*;

    fn reference() -> ClusterReference {
        ClusterReference { name: "demo".to_owned(), namespace: "clusters".to_owned() }
    }

    fn pools(names: &[&str]) -> Vec<NodePool> {
        names.iter().map(|name| NodePool::new(name, NodePoolSpec::default())).collect()
    }

    #[tokio::test]
    async fn only_the_hash_of_the_secret_is_stored() {
        let fake = FakeApi::new().with(&fixtures::node_pool());
        let session = Session::with_client(fake.client());
        let flags = TokenFlags { node_pool: None, ttl: GoDuration(Duration::from_secs(3600)), uses: 2 };
        let token = make(&session, &reference(), "clusters-demo", &flags).await.unwrap();
        let (name, secret) = token.expose_secret().split_once('.').unwrap();
        let stored: JoinToken = fake.get("clusters-demo", name);
        assert_eq!(stored.spec.secret_hash, HEXLOWER.encode(&Sha256::digest(secret.as_bytes())));
        assert!(!serde_json::to_string(&stored).unwrap().contains(secret));
        assert_eq!((stored.spec.uses, stored.spec.revoked), (2, false));
        let left = stored.spec.expiration_time.0.duration_since(Timestamp::now());
        assert!(left > jiff::SignedDuration::from_mins(59) && left <= jiff::SignedDuration::from_mins(60), "{left}");
    }

    #[test]
    fn the_only_pool_or_the_one_named_as_the_cluster_is_meant() {
        assert_eq!(choose(&pools(&["other"]), &reference(), None).unwrap(), "other");
        assert_eq!(choose(&pools(&["other", "demo"]), &reference(), None).unwrap(), "demo");
        assert_eq!(choose(&pools(&["other", "demo"]), &reference(), Some("other")).unwrap(), "other");
    }

    #[test]
    fn a_pool_that_is_not_there_is_refused_with_those_that_are() {
        let error = choose(&pools(&["a", "b"]), &reference(), Some("c")).unwrap_err().to_string();
        assert!(error.ends_with("it has: a, b"), "{error}");
        assert!(choose(&pools(&["a", "b"]), &reference(), None).unwrap_err().to_string().contains("--node-pool: a, b"));
        assert!(choose(&[], &reference(), None).is_err());
    }

    #[test]
    fn states_of_tokens() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let token = |expires: &str, revoked: bool, used: usize| {
            let used_by = vec![json!({"keyFingerprint": "f", "host": "h", "time": "2026-01-01T00:00:00Z"}); used];
            let token: JoinToken = serde_json::from_value(json!({
                "apiVersion": "hoist.internal/v1alpha1", "kind": "JoinToken", "metadata": {"name": "jt-a"},
                "spec": {"nodePool": "p", "secretHash": "h", "expirationTime": expires, "uses": 1, "revoked": revoked},
                "status": {"used": used, "usedBy": used_by},
            }))
            .unwrap();
            row(&token, now)["state"].as_str().unwrap().to_owned()
        };
        assert_eq!(token("2026-01-01T01:00:00Z", false, 0), "usable");
        assert_eq!(token("2026-01-01T01:00:00Z", false, 1), "used up");
        assert_eq!(token("2025-12-31T00:00:00Z", false, 0), "expired");
        assert_eq!(token("2026-01-01T01:00:00Z", true, 0), "revoked");
    }
}
