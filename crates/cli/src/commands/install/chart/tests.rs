//! The chart gives what `install render` gives. The few template actions that it uses are carried out here.

use std::collections::BTreeMap;

use base64::Engine as _;
use serde_json::Value;

use super::*;

fn settings() -> Settings {
    let mut settings = Settings::new(
        "r.example.com:5000/hoist/release@sha256:00",
        BTreeMap::from([("1.36.3".parse().unwrap(), "r.example.com:5000/hoist/release:1.36.3".to_owned())]),
    );
    settings.pull_secret = Some(br#"{"auths":{}}"#.to_vec());
    settings
}

/// Carries out `if`, `end`, `.Values` and quoted braces; anything else is a mistake of the chart.
fn render(text: &str, values: &BTreeMap<&str, String>, has_monitoring: bool) -> String {
    let mut rendered = String::new();
    let mut shown = vec![true];
    for line in text.lines() {
        if let Some(action) = line.strip_prefix("{{- ").and_then(|line| line.strip_suffix(" }}")) {
            match action {
                "end" => drop(shown.pop()),
                "if .Values.pullSecret" => shown.push(!values["pullSecret"].is_empty()),
                "if ne .Values.namespace \"hypershift\"" => shown.push(values["namespace"] != "hypershift"),
                "if .Capabilities.APIVersions.Has \"monitoring.coreos.com/v1\"" => shown.push(has_monitoring),
                other => assert!(!shown.iter().all(|shown| *shown) && other.starts_with("fail "), "{other}"),
            }
            continue;
        }
        if shown.iter().all(|shown| *shown) {
            rendered.push_str(line);
            rendered.push('\n');
        }
    }
    for (name, value) in values {
        let encoded = base64::engine::general_purpose::STANDARD.encode(value);
        rendered = rendered
            .replace(&format!("{{{{ .Values.{name} | b64enc }}}}"), &encoded)
            .replace(&format!("{{{{ .Values.{name} }}}}"), value);
    }
    rendered.replace("{{ \"{{\" }}", "{{")
}

fn rendered(settings: &Settings, pull_secret: &str, has_monitoring: bool) -> Vec<Value> {
    let files = files(settings).unwrap();
    let defaults: Value =
        serde_saphyr::from_str(&files.iter().find(|file| file.path == "values.yaml").unwrap().text).unwrap();
    let mut values: BTreeMap<&str, String> = defaults
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    values.insert("pullSecret", pull_secret.to_owned());
    let manifests = files.iter().filter(|file| file.path.starts_with("crds/") || file.path.starts_with("templates/"));
    manifests
        .filter(|file| file.path != "templates/NOTES.txt")
        .map(|file| render(&file.text, &values, has_monitoring))
        .filter(|text| !text.trim().is_empty())
        .map(|text| serde_saphyr::from_str(&text).unwrap())
        .collect()
}

fn installed(settings: &Settings) -> Vec<Value> {
    objects::all(settings).iter().map(|object| object.manifest().clone()).collect()
}

#[test]
fn the_default_values_give_what_install_render_prints() {
    let without_secrets: Vec<Value> =
        installed(&settings()).into_iter().filter(|manifest| manifest["kind"] != "Secret").collect();
    assert_eq!(rendered(&settings(), "", false), without_secrets);
}

#[test]
fn with_a_pull_secret_and_the_monitoring_kinds_it_gives_everything() {
    let all = Settings { monitoring: Monitoring::Objects, ..settings() };
    assert_eq!(rendered(&settings(), r#"{"auths":{}}"#, true), installed(&all));
}

#[test]
fn no_secret_is_in_any_file() {
    let files = files(&settings()).unwrap();
    assert!(files.iter().all(|file| !file.text.contains("eyJhdXRoc") && !file.text.contains("auths")));
}

#[test]
fn the_files() {
    let files = super::files(&settings()).unwrap();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    insta::assert_snapshot!(paths.join("\n"));
    let find = |path: &str| files.iter().find(|file| file.path == path).unwrap().text.clone();
    insta::assert_snapshot!("operator_template", find("templates/deployment-operator.yaml"));
    insta::assert_snapshot!("values", find("values.yaml"));
}
