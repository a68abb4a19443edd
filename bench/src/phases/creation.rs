//! Creation of a cluster against bare starts of the same programs.

use std::time::Instant;

use hoist_e2e::world::World;

use super::{destroy, first_list};
use crate::bare::Bare;
use crate::complain;
use crate::figures::{Figures, median};

const BARE: &str = "bare start of etcd + kube-apiserver";

/// Creation against bare starts.
pub async fn measure(world: &World, figures: &mut Figures, rounds: u32) -> anyhow::Result<()> {
    let mut bare = Vec::new();
    let mut created = Vec::new();
    for round in 0..rounds {
        let name = format!("bench-{round}");
        let started = Instant::now();
        let kubeconfig = first_list(world, &name, started, &mut created).await?;
        let namespace = format!("clusters-{name}");
        let bare_start = Bare::of(world, &namespace, &kubeconfig)?;
        destroy(world, &name)?;
        // Alternating, so that both see the same noise.
        bare.push(bare_start.start().await?);
        complain(format_args!(
            "round {round}: created in {:.2} s, bare {:.2} s",
            created[created.len() - 1],
            bare[bare.len() - 1]
        ));
    }
    let bound = (2.2 * median(&bare)).max(8.0);
    figures.add(BARE, "s", bare, None);
    figures.add("create: exec of hcp to first LIST", "s", created, Some(bound));
    Ok(())
}
