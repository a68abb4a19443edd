//! The committed CustomResourceDefinitions are those of the types. `HOIST_GENERATE=1` writes them anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hoist_api::custom_resource_definitions;

#[test]
fn committed_definitions_are_those_of_the_types() {
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../deploy/crds");
    let mut expected = BTreeSet::new();
    for definition in custom_resource_definitions() {
        let file = format!("{}.yaml", definition.metadata.name.as_deref().unwrap());
        let generated = serde_saphyr::to_string(&definition).unwrap();
        let path = folder.join(&file);
        if std::env::var_os("HOIST_GENERATE").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &generated).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == generated,
            "deploy/crds/{file} is not what the types say: run `make generate` and commit it"
        );
        expected.insert(file);
    }
    let committed: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    assert_eq!(committed, expected, "deploy/crds has definitions of kinds that are no more");
}
