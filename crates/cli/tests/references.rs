//! The committed references are those of the code. `HOIST_GENERATE=1` writes them anew.

mod command_line {
    pub mod program;
}

use std::path::PathBuf;

use command_line::program::Program;
use rstest::rstest;

#[rstest]
#[case("cli", "command-line.md")]
#[case("api", "api.md")]
#[case("conditions", "conditions.md")]
#[case("without-effect", "without-effect.md")]
fn committed_references_are_those_of_the_code(#[case] page: &str, #[case] file: &str) {
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../docs/reference");
    let path = folder.join(file);
    let run = Program::hcp().run(&["reference", page]);
    let printed = run.split_once("--- stdout\n").unwrap().1.split_once("--- stderr").unwrap().0;
    if std::env::var_os("HOIST_GENERATE").is_some() {
        fs_err::create_dir_all(&folder).unwrap();
        fs_err::write(&path, printed).unwrap();
    }
    let committed = fs_err::read_to_string(&path).unwrap_or_default();
    assert!(committed == printed, "docs/reference/{file} is not what the code says: run `make generate` and commit it");
}
