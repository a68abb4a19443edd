//! Takes secrets out of objects: what a key is called stays, what it holds goes.

pub mod logs;

use serde_json::{Map, Value};

/// What stands where a secret was.
const GONE: &str = "REDACTED";
/// Annotation in which kubectl keeps the whole object, secrets included.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Parts of names of what nobody else may know.
const SECRET_NAMES: [&str; 7] = ["kubeconfig", "password", "passwd", "token", "secret", "credential", "private"];
/// What marks a text as secret whatever it is called.
const SECRET_TEXTS: [&str; 3] = ["PRIVATE KEY-----", "client-key-data:", "\"client-key-data\""];

/// Takes the secrets out of one object.
pub fn redact(object: &mut Value) {
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)
        && let Some(applied) = annotations.get_mut(LAST_APPLIED)
    {
        *applied = GONE.into();
    }
    for key in ["data", "stringData", "binaryData"] {
        let Some(data) = object.get_mut(key).and_then(Value::as_object_mut) else { continue };
        match kind.as_str() {
            "Secret" => data.values_mut().for_each(|value| *value = GONE.into()),
            "ConfigMap" => redact_config_map(&name, data),
            _ => {}
        }
    }
    redact_texts(object);
}

fn redact_config_map(name: &str, data: &mut Map<String, Value>) {
    for (key, value) in data.iter_mut() {
        // Signed by the token of that name: who has the signature can try tokens until one fits.
        let is_signature = key.starts_with("jws-");
        if is_secret_name(name) || is_secret_name(key) || is_signature {
            *value = GONE.into();
        }
    }
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
}

/// Goes through every text: environment, arguments, addresses with passwords, keys.
fn redact_texts(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(changed) = redacted(text) {
                *text = changed;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact_texts),
        Value::Object(fields) => {
            // An environment variable is a pair of `name` and `value`.
            let is_secret_pair =
                fields.get("name").and_then(Value::as_str).is_some_and(is_secret_name) && fields.contains_key("value");
            if is_secret_pair {
                fields.insert("value".to_owned(), GONE.into());
            }
            fields.values_mut().for_each(redact_texts);
        }
        _ => {}
    }
}

/// The text without what is secret in it; `None` when nothing is.
fn redacted(text: &str) -> Option<String> {
    if SECRET_TEXTS.iter().any(|mark| text.contains(mark)) || has_bearer_of_kubeconfig(text) {
        return Some(GONE.to_owned());
    }
    if let Some((flag, value)) = text.split_once('=')
        && flag.starts_with('-')
        && is_secret_name(flag)
        && !value.starts_with('/')
    {
        return Some(format!("{flag}={GONE}"));
    }
    let without = without_passwords(text);
    (without != text).then_some(without)
}

/// A kubeconfig whose user has a token.
fn has_bearer_of_kubeconfig(text: &str) -> bool {
    text.contains("kind: Config") && text.contains("token:") || text.contains("\"kind\":\"Config\"")
}

/// `scheme://user:password@host` without user and password.
fn without_passwords(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (head, tail) = rest.split_at(start + 3);
        result.push_str(head);
        let end = tail.find(|character: char| "/ \"'\n\t,".contains(character)).unwrap_or(tail.len());
        match tail[..end].rfind('@') {
            Some(at) if tail[..at].contains(':') => {
                result.push_str(GONE);
                rest = &tail[at..];
            }
            _ => rest = tail,
        }
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_of_secrets_stay_and_values_go() {
        let mut secret = json!({
            "kind": "Secret", "metadata": {"name": "a", "annotations": {LAST_APPLIED: "{\"data\":{\"key\":\"aGVsbG8=\"}}", "b": "c"}},
            "type": "Opaque", "data": {"key": "aGVsbG8="}, "stringData": {"plain": "hello"},
        });
        redact(&mut secret);
        assert_eq!(
            secret,
            json!({
                "kind": "Secret", "metadata": {"name": "a", "annotations": {LAST_APPLIED: GONE, "b": "c"}},
                "type": "Opaque", "data": {"key": GONE}, "stringData": {"plain": GONE},
            })
        );
    }

    #[test]
    fn config_maps_lose_what_is_secret_by_name_or_by_content() {
        let mut map = json!({"kind": "ConfigMap", "metadata": {"name": "mixed"}, "data": {
            "config.yaml": "logLevel: 2", "admin.kubeconfig": "apiVersion: v1", "bootstrap-token": "abc",
            "key.pem": "-----BEGIN EC PRIVATE KEY-----\nabc", "ca.crt": "-----BEGIN CERTIFICATE-----\nabc",
            "embedded": "apiVersion: v1\nkind: Config\nusers:\n- user:\n    token: abc\n", "jws-kubeconfig-abc": "x",
        }});
        redact(&mut map);
        assert_eq!(
            map["data"],
            json!({
                "config.yaml": "logLevel: 2", "admin.kubeconfig": GONE, "bootstrap-token": GONE, "key.pem": GONE,
                "ca.crt": "-----BEGIN CERTIFICATE-----\nabc", "embedded": GONE, "jws-kubeconfig-abc": GONE,
            })
        );
        let mut named = json!({"kind": "ConfigMap", "metadata": {"name": "admin-kubeconfig"}, "data": {"value": "x"}});
        redact(&mut named);
        assert_eq!(named["data"]["value"], GONE);
    }

    #[test]
    fn pods_lose_secrets_of_their_environment_and_arguments_and_keep_paths() {
        let mut pod = json!({"kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{
            "env": [{"name": "DB_PASSWORD", "value": "x"}, {"name": "HOME", "value": "/"}, {"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
            "args": ["--token=abc", "--token-auth-file=/etc/tokens", "--v=2"],
        }]}});
        redact(&mut pod);
        let container = &pod["spec"]["containers"][0];
        assert_eq!(container["env"][0]["value"], GONE);
        assert_eq!(container["env"][1]["value"], "/");
        assert_eq!(container["env"][2]["valueFrom"]["secretKeyRef"]["name"], "s");
        assert_eq!(container["args"], json!(["--token=REDACTED", "--token-auth-file=/etc/tokens", "--v=2"]));
    }

    #[rstest]
    #[case("http://user:pass@proxy:3128", "http://REDACTED@proxy:3128")]
    #[case("a https://u:p@h/x and http://h:80/y@z", "a https://REDACTED@h/x and http://h:80/y@z")]
    #[case("git://host/a@b", "git://host/a@b")]
    #[case("https://[::1]:6443", "https://[::1]:6443")]
    fn passwords_in_addresses_go(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(without_passwords(text), expected);
    }
}
