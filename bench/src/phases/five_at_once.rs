//! Five clusters started together, each with a Ready node.

use std::time::Instant;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hoist_e2e::world::World;

use super::{LIMIT, destroy, is_ready, with_proxy};
use crate::api::Api;
use crate::figures::Figures;

/// Five clusters started together, each with a Ready node.
pub async fn measure(world: &World, figures: &mut Figures) -> anyhow::Result<()> {
    let names: Vec<String> = (0..5).map(|number| format!("five-{number}")).collect();
    let started = Instant::now();
    let mut kubeconfigs = Vec::new();
    for name in &names {
        let arguments =
            ["create", "cluster", "none", "--name", name, "--control-plane-availability-policy", "SingleReplica"];
        let more = ["--node-pool-replicas", "1", "--pull-secret", world.fact("pullSecret")?];
        world.hcp(&[&arguments[..], &more[..]].concat())?.success()?;
    }
    let management = Api::new(&fs_err::read_to_string(world.fact("kubeconfig")?)?)?;
    for name in &names {
        let path = format!("/api/v1/namespaces/clusters/secrets/{name}-admin-kubeconfig");
        let secret = management.until(&path, LIMIT, |secret| secret["data"]["kubeconfig"].is_string()).await?;
        let text = STANDARD.decode(secret["data"]["kubeconfig"].as_str().context("no kubeconfig")?)?;
        kubeconfigs.push(with_proxy(&String::from_utf8(text)?, world.fact("proxy")?));
    }
    for kubeconfig in &kubeconfigs {
        Api::new(kubeconfig)?.until("/api/v1/namespaces", LIMIT, |_| true).await?;
    }
    figures.add("five clusters at once: all APIs answer", "s", vec![started.elapsed().as_secs_f64()], None);
    for (name, kubeconfig) in names.iter().zip(&kubeconfigs) {
        let host = format!("{name}-host");
        world.local(&["host", "add", &host])?.success()?;
        let line = world.hcp(&["create", "join-command", "--name", name])?.success()?;
        world.in_host(&host, line.trim())?.success()?;
        Api::new(kubeconfig)?.until(&format!("/api/v1/nodes/{host}"), LIMIT, is_ready).await?;
    }
    figures.add("five clusters at once: each with a Ready node", "s", vec![started.elapsed().as_secs_f64()], None);
    for name in &names {
        destroy(world, name)?;
        world.local(&["host", "remove", &format!("{name}-host")])?.success()?;
    }
    Ok(())
}
