//! /etc/inittab, as far as a host's init honors it: `respawn` and `once` lines.
//!
//! - Source: inittab(5) of sysvinit. Run levels do not change here: every line that names level 2,
//!   the usual one, or none at all, is meant.

/// What to do with a line's process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Action {
    /// Start it again whenever it ends.
    Respawn,
    /// Start it once.
    Once,
}

/// One honored line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Entry {
    /// Its identifier, unique in the file.
    pub(super) id: String,
    pub(super) action: Action,
    /// Command line for the shell.
    pub(super) command: String,
}

/// Reads the lines that are honored; of two with one identifier the first counts.
pub(super) fn parse(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for entry in text.lines().filter_map(parse_line) {
        if !entries.iter().any(|other| other.id == entry.id) {
            entries.push(entry);
        }
    }
    entries
}

fn parse_line(line: &str) -> Option<Entry> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let mut fields = line.splitn(4, ':');
    let (id, levels, action, command) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let action = match action {
        "respawn" => Action::Respawn,
        "once" => Action::Once,
        _ => return None,
    };
    // A leading plus only asks for no utmp entry, which is never made here.
    let command = command.trim().trim_start_matches('+');
    let meant = levels.is_empty() || levels.contains('2');
    (meant && !id.is_empty() && !command.is_empty()).then(|| Entry {
        id: id.to_owned(),
        action,
        command: command.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn respawn_and_once_lines_of_level_two_are_honored() {
        let entries = parse("hn:2345:respawn:/opt/hoist/bin/hoist-node supervise --log a:b\nx1::once:+/bin/true\n");
        assert_eq!(
            entries,
            [
                Entry {
                    id: "hn".to_owned(),
                    action: Action::Respawn,
                    command: "/opt/hoist/bin/hoist-node supervise --log a:b".to_owned()
                },
                Entry { id: "x1".to_owned(), action: Action::Once, command: "/bin/true".to_owned() }
            ]
        );
    }

    #[test]
    fn everything_else_is_left_alone() {
        let text = "# hn:2:respawn:/bin/true\n\nid:2:initdefault:\nsi::sysinit:/etc/init.d/rcS\n\
                    S1:S:respawn:/sbin/sulogin\nhalf:2:respawn\nno:2:respawn:\n:2:respawn:/bin/true\n";
        assert_eq!(parse(text), []);
    }

    #[test]
    fn of_two_lines_with_one_identifier_the_first_counts() {
        let entries = parse("a:2:respawn:/bin/one\na:2:respawn:/bin/two\n");
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].command, "/bin/one");
    }
}
