//! The YAML documents of ConfigMaps.

use serde_json::{Map, Value};

use super::Source;

/// One document.
pub(super) struct Document {
    /// ConfigMap it comes from, with the field that names it.
    pub(super) place: String,
    /// `kind`.
    pub(super) kind: String,
    /// `metadata.name`; may be empty.
    pub(super) name: String,
    /// All of it.
    pub(super) value: Value,
}

/// Faults of one document: each is told with its place.
pub(super) struct Faults<'a> {
    place: String,
    all: &'a mut Vec<String>,
}

impl Faults<'_> {
    pub(super) fn add(&mut self, fault: impl AsRef<str>) {
        self.all.push(format!("{}: {}", self.place, fault.as_ref()));
    }
}

impl Document {
    /// Where faults of this document go.
    pub(super) fn faults<'a>(&self, all: &'a mut Vec<String>) -> Faults<'a> {
        let name = if self.name.is_empty() { String::new() } else { format!(" {}", self.name) };
        Faults { place: format!("{}: {}{name}", self.place, self.kind), all }
    }

    /// The object at `spec.<path>`; a fault when it is something else than an object or absent.
    pub(super) fn spec(&self, faults: &mut Faults<'_>) -> Option<&Map<String, Value>> {
        let spec = self.value.get("spec").filter(|spec| !spec.is_null());
        if let Some(Value::Object(spec)) = spec {
            return Some(spec);
        }
        faults.add("has no spec: expected an object");
        None
    }
}

/// Groups that OpenShift's documents about machines and tuning are of.
fn expected_group(kind: &str) -> Option<&'static str> {
    match kind {
        "KubeletConfig" | "ContainerRuntimeConfig" | "MachineConfig" => Some("machineconfiguration.openshift.io"),
        "ImageDigestMirrorSet" | "ImageTagMirrorSet" => Some("config.openshift.io"),
        "ImageContentSourcePolicy" => Some("operator.openshift.io"),
        "Tuned" => Some("tuned.openshift.io"),
        _ => None,
    }
}

/// Reads the documents of all sources, in their order.
pub(super) fn read(sources: &[Source], key: &str, field: &str, faults: &mut Vec<String>) -> Vec<Document> {
    let mut documents = Vec::new();
    for source in sources {
        let place = format!("ConfigMap {:?} of {field}", source.name);
        let Some(data) = &source.data else {
            faults.push(format!(
                "{place} does not exist: create it in the namespace of the NodePool (kubectl create configmap {} \
                 --from-file={key}=FILE)",
                source.name
            ));
            continue;
        };
        let Some(text) = data.get(key) else {
            faults.push(format!("{place} has no key `{key}`: add it, with the YAML of what hosts shall have"));
            continue;
        };
        // As Go reads it: 0644 is octal. And what does not parse may be a secret, which no message quotes.
        let options = serde_saphyr::options! { legacy_octal_numbers: true, with_snippet: false };
        match serde_saphyr::from_multiple_with_options::<Value>(text, options) {
            Err(error) => faults.push(format!("{place}: key `{key}` is no YAML: {}", first_line(&error.to_string()))),
            Ok(values) => {
                let values: Vec<Value> = values.into_iter().filter(|value| !value.is_null()).collect();
                if values.is_empty() {
                    faults.push(format!("{place}: key `{key}` is empty: write what hosts shall have, or remove the ConfigMap from {field}"));
                }
                documents.extend(values.into_iter().filter_map(|value| document(&place, value, faults)));
            }
        }
    }
    documents
}

fn document(place: &str, value: Value, faults: &mut Vec<String>) -> Option<Document> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("apiVersion").to_owned(), text("kind").to_owned());
    if version.is_empty() || kind.is_empty() {
        faults.push(format!(
            "{place}: a document has no apiVersion or no kind: expected both, such as kind KubeletConfig"
        ));
        return None;
    }
    let group = version.split_once('/').map_or("", |(group, _)| group);
    if expected_group(&kind).is_some_and(|expected| expected != group) {
        let expected = expected_group(&kind).unwrap_or_default();
        faults.push(format!("{place}: {kind} of group {group:?} is not known: expected apiVersion {expected}/…"));
        return None;
    }
    let name = value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(Document { place: place.to_owned(), kind, name, value })
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Whether a value asks for nothing: Go writes such for fields that nobody set.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_nothing),
    }
}
