//! Users and groups by name, as the host's own files know them.

use hoist_node_config::host_configuration::Owner;

use crate::HostRoot;

/// Numbers of user and group; root's when absent.
pub(super) fn numbers(root: &HostRoot, user: Option<&Owner>, group: Option<&Owner>) -> Result<(u32, u32), String> {
    Ok((number(root, user, "/etc/passwd", "user")?, number(root, group, "/etc/group", "group")?))
}

fn number(root: &HostRoot, owner: Option<&Owner>, file: &str, kind: &str) -> Result<u32, String> {
    let name = match owner {
        None => return Ok(0),
        Some(Owner::Id(id)) => return Ok(*id),
        Some(Owner::Name(name)) => name,
    };
    let text = root.read(file).ok().flatten().unwrap_or_default();
    let found = text.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok()).flatten()
    });
    found.ok_or_else(|| {
        format!("it has no {kind} {name:?} in {file}: make it, or name another owner in the MachineConfig")
    })
}
