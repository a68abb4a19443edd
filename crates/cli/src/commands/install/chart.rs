//! The files of a Helm chart, whose templates are the objects of an installation.
//!
//! Objects are built with placeholders where values go, written as YAML, and the placeholders replaced: so the chart cannot
//! drift from what `install` applies.

use anyhow::Result;
use hoist_deployment::{MONITORING_API, MONITORING_KINDS, Monitoring, OPERATOR, Settings};

use crate::apply::Object;
use crate::commands::install::objects;
use crate::printer::yaml;

/// Placeholders: plain words, so that YAML writes them without quotes, as it does the values.
const IMAGE: &str = "hoist-value-of-image";
const PULL_POLICY: &str = "hoist-value-of-pull-policy";
const NAMESPACE: &str = "hoist-value-of-namespace";
/// A number that nothing else has.
const REPLICAS: u32 = 709_709_709;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path in the chart's folder.
    pub path: String,
    /// Content.
    pub text: String,
}

/// Every file of the chart.
pub fn files(settings: &Settings) -> Result<Vec<File>> {
    let mut files = vec![
        file("Chart.yaml", metadata(settings)),
        file("values.yaml", values(settings)),
        file("templates/NOTES.txt", NOTES.to_owned()),
    ];
    let mut with_placeholders = settings.clone();
    IMAGE.clone_into(&mut with_placeholders.image);
    PULL_POLICY.clone_into(&mut with_placeholders.image_pull_policy);
    NAMESPACE.clone_into(&mut with_placeholders.namespace);
    if settings.monitoring == Monitoring::None {
        with_placeholders.monitoring = Monitoring::Objects;
    }
    for mut object in objects::all(&with_placeholders) {
        let kind = object.kind().to_ascii_lowercase();
        if kind == "customresourcedefinition" {
            files.push(file(&format!("crds/{}.yaml", object.name()), yaml::document(object.manifest())?));
            continue;
        }
        if kind == "deployment" && object.name() == OPERATOR {
            object.manifest_mut()["spec"]["replicas"] = REPLICAS.into();
        }
        let name = if kind == "namespace" { settings.namespace.as_str() } else { object.name() };
        files.push(file(&format!("templates/{kind}-{name}.yaml"), template(&object)?));
    }
    Ok(files)
}

fn file(path: &str, text: String) -> File {
    File { path: path.to_owned(), text }
}

/// One object as a template.
fn template(object: &Object) -> Result<String> {
    if object.kind() == "Secret" {
        let mut manifest = object.manifest().clone();
        manifest["data"] = serde_json::json!({".dockerconfigjson": "hoist-value-of-pull-secret"});
        let text = substituted(&yaml::document(&manifest)?)
            .replace("hoist-value-of-pull-secret", "{{ .Values.pullSecret | b64enc }}");
        return Ok(format!("{{{{- if .Values.pullSecret }}}}\n{text}{{{{- end }}}}\n"));
    }
    let text = substituted(&yaml::document(object.manifest())?);
    Ok(match object.kind() {
        "Namespace" => format!("{NAMESPACE_CHECK}{text}"),
        kind if MONITORING_KINDS.contains(&kind) => {
            format!("{{{{- if .Capabilities.APIVersions.Has \"{MONITORING_API}\" }}}}\n{text}{{{{- end }}}}\n")
        }
        _ => text,
    })
}

fn substituted(text: &str) -> String {
    // Braces that are not ours belong to Prometheus.
    text.replace("{{", "{{ \"{{\" }}")
        .replace(IMAGE, "{{ .Values.image }}")
        .replace(PULL_POLICY, "{{ .Values.imagePullPolicy }}")
        .replace(NAMESPACE, "{{ .Values.namespace }}")
        .replace(&REPLICAS.to_string(), "{{ .Values.operatorReplicas }}")
}

const NAMESPACE_CHECK: &str = "\
{{- if ne .Values.namespace \"hypershift\" }}
{{- fail \"namespace: only hypershift works; it is part of the bootstrap server's name in its certificate\" }}
{{- end }}
";

const NOTES: &str = "\
The operator starts in namespace {{ .Values.namespace }}:

  kubectl rollout status deployment/operator -n {{ .Values.namespace }}

Helm does not upgrade CustomResourceDefinitions. Before `helm upgrade`:

  kubectl apply --server-side --force-conflicts -f crds/
";

fn metadata(settings: &Settings) -> String {
    let version = &settings.version;
    format!(
        "apiVersion: v2\nname: hypershift-operator\ndescription: The operator of hosted control planes\ntype: application\n\
         version: {version}\nappVersion: {version}\nkubeVersion: \">=1.31.0-0\"\n"
    )
}

fn values(settings: &Settings) -> String {
    let Settings { image, image_pull_policy, namespace, operator_replicas, .. } = settings;
    let mut text = format!(
        "# Image of the operator and the bootstrap server.\nimage: {image}\n\
         # When nodes pull it: Always, IfNotPresent or Never.\nimagePullPolicy: {image_pull_policy}\n\
         # Namespace of both; no other works.\nnamespace: {namespace}\n\
         # Replicas of the operator; all but one stand by.\noperatorReplicas: {operator_replicas}\n"
    );
    if settings.pull_secret.is_some() {
        text.push_str(
            "# Credentials of the registry; never in this file: helm install --set-file pullSecret=pull-secret.json\npullSecret: \"\"\n",
        );
    }
    text
}

#[cfg(test)]
mod tests;
