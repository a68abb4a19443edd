//! A host that is configured, configured otherwise, and restored.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use fs_err as fs;
use hoist_node_config::host_configuration::{Bytes, Directory, File, FileContents, Link, Owner, SystemdUnit};

use super::*;
use crate::undo::Attributes;

fn me() -> (Option<Owner>, Option<Owner>) {
    let own = Attributes::of_this_process();
    (Some(Owner::Id(own.user)), Some(Owner::Id(own.group)))
}

fn file(path: &str, mode: u32, text: &str) -> File {
    let (user, group) = me();
    let contents = FileContents::Whole(Bytes(text.into()));
    File { path: path.into(), mode: Some(mode), user, group, contents, overwrite: true }
}

fn appended(path: &str, text: &str) -> File {
    File { contents: FileContents::Appended(Bytes(text.into())), mode: None, ..file(path, 0, "") }
}

fn directory(path: &str, mode: u32) -> Directory {
    let (user, group) = me();
    Directory { path: path.into(), mode, user, group }
}

fn link(path: &str, target: &str) -> Link {
    Link { path: path.into(), target: target.into(), overwrite: true }
}

/// Everything under the root but Hoist's own state: kind, mode, path, contents or target.
fn listing(root: &HostRoot) -> Vec<String> {
    fn below(root: &std::path::Path, folder: &std::path::Path, all: &mut Vec<String>) {
        let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            if name.starts_with("var/lib/hoist") {
                continue;
            }
            let found = fs::symlink_metadata(&path).unwrap();
            let mode = found.permissions().mode() & 0o7777;
            if found.is_symlink() {
                all.push(format!("l {name} -> {}", fs::read_link(&path).unwrap().display()));
            } else if found.is_dir() {
                all.push(format!("d {mode:o} {name}"));
                below(root, &path, all);
            } else {
                let time = found.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
                let is_old = time == 1_000_000_000;
                all.push(format!(
                    "f {mode:o} {name} {:?}{}",
                    fs::read_to_string(&path).unwrap(),
                    if is_old { " old" } else { "" }
                ));
            }
        }
    }
    let mut all = Vec::new();
    below(root.as_path(), root.as_path(), &mut all);
    all
}

/// A host with a file, a link and a folder of its own.
fn host() -> (tempfile::TempDir, HostRoot) {
    let folder = tempfile::tempdir().unwrap();
    let root = HostRoot::at(folder.path());
    // Where Hoist's own state goes, which every host has.
    fs::create_dir_all(root.path("/var/lib")).unwrap();
    root.write("/etc/theirs", 0o640, b"theirs\n").unwrap();
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let file = std::fs::OpenOptions::new().append(true).open(root.path("/etc/theirs")).unwrap();
    file.set_times(std::fs::FileTimes::new().set_modified(old)).unwrap();
    symlink("theirs", root.path("/etc/link")).unwrap();
    fs::create_dir_all(root.path("/srv/theirs")).unwrap();
    fs::set_permissions(root.path("/srv/theirs"), std::fs::Permissions::from_mode(0o750)).unwrap();
    (folder, root)
}

fn wanted() -> HostConfiguration {
    HostConfiguration {
        directories: vec![directory("/srv/theirs", 0o700), directory("/srv/ours", 0o711)],
        files: vec![
            file("/etc/own.d/a/b", 0o600, "secret"),
            appended("/etc/profile", "more\n"),
            appended("/etc/theirs", "more\n"),
        ],
        links: vec![link("/etc/link", "own.d")],
        ..HostConfiguration::default()
    }
}

fn apply_to(root: &HostRoot, wanted: &HostConfiguration) -> Changes {
    let mut journal = Journal::open(root).unwrap();
    apply(root, &mut journal, true, wanted).unwrap()
}

fn refused(root: &HostRoot, has_systemd: bool, wanted: &HostConfiguration) -> String {
    let before = listing(root);
    let mut journal = Journal::open(root).unwrap();
    let error = apply(root, &mut journal, has_systemd, wanted).unwrap_err();
    assert_eq!(listing(root), before, "a refused host is not touched");
    error.to_string()
}

#[test]
fn a_host_gets_what_is_wanted_and_is_restored_exactly() {
    let (_folder, root) = host();
    let before = listing(&root);
    let changes = apply_to(&root, &wanted());
    assert_eq!(changes.paths.len(), 6);
    let now = listing(&root);
    for line in [
        "f 600 etc/own.d/a/b \"secret\"",
        "f 644 etc/profile \"more\\n\"",
        "f 640 etc/theirs \"theirs\\nmore\\n\"",
        "l etc/link -> own.d",
        "d 711 srv/ours",
        "d 700 srv/theirs",
    ] {
        assert!(now.contains(&line.to_owned()), "{line} is not in {now:#?}");
    }
    // Somebody's own in a folder of ours goes with it.
    root.write("/srv/ours/x", 0o644, b"").unwrap();
    assert!(Journal::open(&root).unwrap().undo().unwrap().is_empty());
    assert_eq!(listing(&root), before);
}

#[test]
fn a_second_pass_changes_nothing_and_one_repairs_what_somebody_changed() {
    let (_folder, root) = host();
    let before = listing(&root);
    apply_to(&root, &wanted());
    assert_eq!(apply_to(&root, &wanted()), Changes::default());
    root.write("/etc/theirs", 0o644, b"spoilt").unwrap();
    assert_eq!(apply_to(&root, &wanted()).paths, ["/etc/theirs"]);
    assert_eq!(root.read("/etc/theirs").unwrap().as_deref(), Some("theirs\nmore\n"));
    Journal::open(&root).unwrap().undo().unwrap();
    assert_eq!(listing(&root), before);
}

#[test]
fn what_is_no_longer_wanted_becomes_what_it_was_at_once() {
    let (_folder, root) = host();
    let before = listing(&root);
    apply_to(&root, &wanted());
    root.write("/srv/ours/x", 0o644, b"").unwrap();
    apply_to(&root, &HostConfiguration::default());
    let now = listing(&root);
    assert!(now.contains(&"f 640 etc/theirs \"theirs\\n\" old".to_owned()), "{now:#?}");
    assert!(
        now.contains(&"l etc/link -> theirs".to_owned()) && now.contains(&"d 750 srv/theirs".to_owned()),
        "{now:#?}"
    );
    assert!(now.contains(&"f 644 srv/ours/x \"\"".to_owned()), "what others keep in a folder of ours stays: {now:#?}");
    assert_eq!(apply_to(&root, &HostConfiguration::default()), Changes::default());
    Journal::open(&root).unwrap().undo().unwrap();
    assert_eq!(listing(&root), before);
}

#[test]
fn another_configuration_takes_the_place_of_the_one_before() {
    let (_folder, root) = host();
    let before = listing(&root);
    apply_to(&root, &wanted());
    let mut other =
        HostConfiguration { files: vec![file("/etc/link", 0o644, "now a file")], ..HostConfiguration::default() };
    other.files.push(file("/etc/theirs", 0o600, "replaced"));
    apply_to(&root, &other);
    let now = listing(&root);
    assert!(now.contains(&"f 644 etc/link \"now a file\"".to_owned()), "{now:#?}");
    assert!(now.contains(&"f 600 etc/theirs \"replaced\"".to_owned()), "{now:#?}");
    assert!(!now.iter().any(|line| line.contains("etc/profile")), "{now:#?}");
    Journal::open(&root).unwrap().undo().unwrap();
    assert_eq!(listing(&root), before);
}

#[test]
fn units_are_written_and_refused_where_nobody_would_start_them() {
    let (_folder, root) = host();
    let before = listing(&root);
    let unit = SystemdUnit {
        name: "own.service".into(),
        contents: Some("[Service]\n".into()),
        dropins: BTreeMap::from([("a.conf".to_owned(), "[Unit]\n".to_owned())]),
        enabled: Some(true),
        mask: None,
    };
    let wanted = HostConfiguration { units: vec![unit], ..HostConfiguration::default() };
    let fault = refused(&root, false, &wanted);
    assert!(fault.contains("does not run systemd") && fault.contains("own.service"), "{fault}");
    let changes = apply_to(&root, &wanted);
    assert_eq!(changes.units, ["own.service"]);
    assert!(root.path("/etc/systemd/system/own.service.d/a.conf").exists());
    apply_to(&root, &HostConfiguration::default());
    assert!(!root.path("/etc/systemd/system/own.service").exists());
    Journal::open(&root).unwrap().undo().unwrap();
    assert_eq!(listing(&root), before);
}

#[test]
fn a_host_that_cannot_have_it_is_refused_before_anything_changes() {
    let (_folder, root) = host();
    let of_file = |file: File| HostConfiguration { files: vec![file], ..HostConfiguration::default() };
    let fault = refused(&root, true, &of_file(File { overwrite: false, ..file("/etc/theirs", 0o644, "x") }));
    assert!(fault.contains("/etc/theirs exists with other contents"), "{fault}");
    let fault = refused(&root, true, &of_file(file("/srv/theirs", 0o644, "x")));
    assert!(fault.contains("/srv/theirs is a directory there"), "{fault}");
    let fault = refused(
        &root,
        true,
        &of_file(File { user: Some(Owner::Name("nobody-such".into())), ..file("/etc/x", 0o644, "") }),
    );
    assert!(fault.contains("no user \"nobody-such\""), "{fault}");
    fs::create_dir_all(root.path("/etc/hoist")).unwrap();
    symlink(root.path("/etc/hoist"), root.path("/srv/sly")).unwrap();
    let fault = refused(&root, true, &of_file(file("/srv/sly/units.json", 0o644, "x")));
    assert!(fault.contains("leads elsewhere") && fault.contains("Hoist keeps its own"), "{fault}");
    let unlike = Link { overwrite: false, ..link("/etc/link", "elsewhere") };
    let fault = refused(&root, true, &HostConfiguration { links: vec![unlike], ..HostConfiguration::default() });
    assert!(fault.contains("overwrite: true"), "{fault}");
    let sysctls = BTreeMap::from([("kernel.hoist_has_no_such_setting".to_owned(), "1".to_owned())]);
    let fault = refused(&root, true, &HostConfiguration { sysctls, ..HostConfiguration::default() });
    assert!(fault.contains("no setting kernel.hoist_has_no_such_setting"), "{fault}");
}

#[test]
fn a_kernel_setting_is_recorded_set_and_set_again_after_a_reboot() {
    let (_folder, root) = host();
    let value = sysctl::get("kernel.pid_max").unwrap();
    let sysctls = BTreeMap::from([("kernel.pid_max".to_owned(), value.clone())]);
    apply_to(&root, &HostConfiguration { sysctls, ..HostConfiguration::default() });
    let expected = Step::RestoreSysctl { name: "kernel.pid_max".into(), value };
    assert!(Journal::open(&root).unwrap().steps().contains(&expected));
    kernel(&root).unwrap();
}

#[test]
fn owners_are_found_by_name() {
    let (_folder, root) = host();
    root.write("/etc/passwd", 0o644, b"root:x:0:0::/:/bin/sh\nown:x:1234:5::/:/bin/sh\n").unwrap();
    root.write("/etc/group", 0o644, b"root:x:0:\nadm:x:4:own\n").unwrap();
    let (user, group) = (Owner::Name("own".into()), Owner::Name("adm".into()));
    assert_eq!(owners::numbers(&root, Some(&user), Some(&group)), Ok((1234, 4)));
    assert_eq!(owners::numbers(&root, None, None), Ok((0, 0)));
}
