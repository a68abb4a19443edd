//! `install render --template`: one OpenShift Template with HyperShift's parameters.

use hoist_deployment::{OPERATOR, Settings};
use serde_json::{Value, json};

use crate::commands::install::objects;

/// The Template. Secrets are left out unless asked for.
pub fn template(mut settings: Settings, with_secrets: bool) -> Value {
    let mut parameters = Vec::new();
    let mut parameter = |name: &str, value: &str, description: &str| {
        parameters.push(json!({"name": name, "value": value, "description": description}));
    };
    // A digest pins the image; there is no tag then that could be another one.
    settings.image = if let Some((repository, tag)) = tagged(&settings.image) {
        parameter("OPERATOR_IMG", repository, "Repository of the operator's image");
        parameter("IMAGE_TAG", tag, "Tag of the operator's image");
        "${OPERATOR_IMG}:${IMAGE_TAG}".to_owned()
    } else {
        parameter("OPERATOR_IMG", &settings.image, "The operator's image");
        "${OPERATOR_IMG}".to_owned()
    };
    parameter(
        "NAMESPACE",
        &settings.namespace,
        "Namespace of the operator; certificates carry the name, so no other works",
    );
    "${NAMESPACE}".clone_into(&mut settings.namespace);
    parameter(
        "OPERATOR_REPLICAS",
        &settings.operator_replicas.to_string(),
        "Replicas of the operator; all but one stand by",
    );
    let objects: Vec<Value> = objects::all(&settings)
        .into_iter()
        .filter(|object| with_secrets || object.kind() != "Secret")
        .map(|mut object| {
            if object.kind() == "Deployment" && object.name() == OPERATOR {
                // Two braces: the number is put in as a number.
                object.manifest_mut()["spec"]["replicas"] = "${{OPERATOR_REPLICAS}}".into();
            }
            object.manifest().clone()
        })
        .collect();
    json!({
        "apiVersion": "template.openshift.io/v1",
        "kind": "Template",
        "metadata": {"name": "hypershift-operator-template"},
        "objects": objects,
        "parameters": parameters,
    })
}

/// Repository and tag of an image that is not pinned by its digest.
fn tagged(image: &str) -> Option<(&str, &str)> {
    let (repository, tag) = image.rsplit_once(':')?;
    (!image.contains('@') && !tag.contains('/')).then_some((repository, tag))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_tag_is_a_parameter_unless_a_digest_pins_the_image() {
        assert_eq!(tagged("r.example.com:5000/a/b:1"), Some(("r.example.com:5000/a/b", "1")));
        assert_eq!(tagged("r.example.com:5000/a/b"), None);
        assert_eq!(tagged("r.example.com/a/b:1@sha256:00"), None);
    }

    #[test]
    fn processing_the_template_with_its_defaults_gives_the_plain_objects() {
        let settings = Settings::new("r.example.com/hoist:1", BTreeMap::new());
        let template = template(settings.clone(), true);
        let mut text = template["objects"].to_string();
        for parameter in template["parameters"].as_array().unwrap() {
            let (name, value) = (parameter["name"].as_str().unwrap(), parameter["value"].as_str().unwrap());
            text = text.replace(&format!("\"${{{{{name}}}}}\""), value).replace(&format!("${{{name}}}"), value);
        }
        let processed: Vec<Value> = serde_json::from_str(&text).unwrap();
        let plain: Vec<Value> = objects::all(&settings).iter().map(|object| object.manifest().clone()).collect();
        assert_eq!(processed, plain);
    }
}
