//! One command at a time: a locked file that says who holds it.
//!
//! The lock is the kernel's (`flock`), so it ends with its holder however that ends; the text in
//! the file is only for people.

use std::{
    fs::{File, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::MetadataExt,
    path::PathBuf,
};

use super::{Error, Instance};

/// A held lock; dropping it releases the instance.
#[derive(Debug)]
pub struct Lock {
    // Closing the file releases the lock.
    _file: File,
}

impl Lock {
    pub(super) fn take(instance: &Instance) -> Result<Self, Error> {
        let path = instance.path("lock");
        loop {
            let mut file = open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(held(instance, &mut file)),
                Err(TryLockError::Error(source)) => return Err(Error::Io { action: "lock the instance", source }),
            }
            // `down` deletes the folder with the lock in it: whoever waited between opening and
            // locking then holds a file that nobody else will ever see, and has to start again.
            if is_same_file(&file, &path) {
                write_holder(&mut file)
                    .map_err(|source| Error::Io { action: "name the holder of the instance's lock", source })?;
                return Ok(Self { _file: file });
            }
        }
    }
}

fn open(path: &PathBuf) -> Result<File, Error> {
    let action = "open the instance's lock";
    let options = || {
        let mut options = fs_err::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        options
    };
    options().open(path).map(fs_err::File::into_file).map_err(|source| Error::Io { action, source })
}

fn is_same_file(file: &File, path: &PathBuf) -> bool {
    match (file.metadata(), fs_err::metadata(path)) {
        (Ok(held), Ok(named)) => held.ino() == named.ino() && held.dev() == named.dev(),
        _ => false,
    }
}

fn write_holder(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    let command: Vec<_> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    writeln!(file, "{}\n{}", std::process::id(), command.join(" "))
}

fn held(instance: &Instance, file: &mut File) -> Error {
    let mut text = String::new();
    // The holder may be between locking and writing; then the text is empty.
    let _ = file.read_to_string(&mut text);
    let (pid, command) = parse_holder(&text);
    Error::Locked { instance: instance.name().to_owned(), pid, command }
}

fn parse_holder(text: &str) -> (String, String) {
    let mut lines = text.lines();
    let mut next = || lines.next().filter(|line| !line.is_empty()).unwrap_or("unknown").to_owned();
    (next(), next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance() -> (tempfile::TempDir, Instance) {
        let folder = tempfile::tempdir().unwrap();
        let instance = Instance::new("test", Some(folder.path())).unwrap();
        (folder, instance)
    }

    #[test]
    fn a_second_taker_is_told_the_process_and_command_of_the_first() {
        let (_folder, instance) = instance();
        let _held = instance.lock().unwrap();
        let message = instance.lock().unwrap_err().to_string();
        assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
        assert!(message.contains(&std::env::args().next().unwrap()), "{message}");
    }

    #[test]
    fn a_dropped_lock_can_be_taken_again() {
        let (_folder, instance) = instance();
        drop(instance.lock().unwrap());
        instance.lock().unwrap();
    }

    #[test]
    fn a_holder_that_has_not_written_its_name_yet_is_unknown() {
        assert_eq!(parse_holder(""), ("unknown".to_owned(), "unknown".to_owned()));
        assert_eq!(parse_holder("7\nhcp local up\n"), ("7".to_owned(), "hcp local up".to_owned()));
    }
}
