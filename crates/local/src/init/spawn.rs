//! Starting processes with signals as programs expect them.
//!
//! The standard library hands its caller's blocked signals on, and an init and its like block
//! those that they wait for; a shell started that way could never be ended politely.

use std::{
    ffi::{CString, OsStr},
    io,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
};

use nix::{
    spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn},
    sys::signal::{SigSet, Signal},
    unistd::Pid,
};

/// What Debian gives root's programs.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Which process group a process belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// The caller's, so that a terminal means both.
    Same,
    /// One of its own, so that it can be ended with all it started.
    Own,
}

/// Starts `program` with the caller's streams.
///
/// - `arguments`: those after the program's name.
/// - `variables`: the whole environment.
pub(super) fn spawn<A: AsRef<OsStr>, V: AsRef<OsStr>>(
    program: &OsStr,
    arguments: &[A],
    variables: &[(&str, V)],
    group: Group,
) -> io::Result<Pid> {
    let path = find(program)?;
    let mut words = vec![text(program)?];
    for argument in arguments {
        words.push(text(argument.as_ref())?);
    }
    let mut environment = Vec::new();
    for (name, value) in variables {
        let mut entry = format!("{name}=").into_bytes();
        entry.extend_from_slice(value.as_ref().as_bytes());
        environment.push(CString::new(entry)?);
    }
    let mut attributes = PosixSpawnAttr::init()?;
    let mut flags = PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF;
    attributes.set_sigmask(&SigSet::empty())?;
    // The runtime of this program ignores it, which a program would inherit.
    attributes.set_sigdefault(&SigSet::from_iter([Signal::SIGPIPE]))?;
    if group == Group::Own {
        flags |= PosixSpawnFlags::POSIX_SPAWN_SETPGROUP;
        attributes.set_pgroup(Pid::from_raw(0))?;
    }
    attributes.set_flags(flags)?;
    Ok(posix_spawn(path.as_path(), &PosixSpawnFileActions::init()?, &attributes, &words, &environment)?)
}

/// The file that a shell would run for this name.
fn find(program: &OsStr) -> io::Result<PathBuf> {
    if program.as_bytes().contains(&b'/') {
        return Ok(PathBuf::from(program));
    }
    let is_program = |path: &PathBuf| {
        std::fs::metadata(path).is_ok_and(|status| status.is_file() && status.permissions().mode() & 0o111 != 0)
    };
    let mut candidates = PATH.split(':').map(|folder| Path::new(folder).join(program));
    candidates.find(is_program).ok_or_else(|| io::Error::from_raw_os_error(nix::errno::Errno::ENOENT as i32))
}

fn text(word: &OsStr) -> io::Result<CString> {
    Ok(CString::new(word.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use nix::sys::wait::{WaitStatus, waitpid};

    use super::*;

    #[test]
    fn a_process_can_be_ended_although_its_parent_blocks_the_signal() {
        // On a thread of its own: the mask is the thread's.
        let status = std::thread::spawn(|| {
            SigSet::from_iter([Signal::SIGTERM]).thread_block().unwrap();
            let script = ["-c", "kill -TERM $$; exit 3"];
            let pid = spawn(OsStr::new("sh"), &script, &[("PATH", PATH)], Group::Own).unwrap();
            waitpid(pid, None).unwrap()
        });
        assert!(matches!(status.join().unwrap(), WaitStatus::Signaled(_, Signal::SIGTERM, _)));
    }

    #[test]
    fn a_program_that_is_not_there_is_not_found() {
        let none: [&str; 0] = [];
        let error = spawn(OsStr::new("no-such-program"), &none, &[("A", "b")], Group::Same).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
