//! From an HTTP request to what it asks for.

use std::fmt;

use http::Method;
use http::request::Parts;
use serde_json::Value;

use super::store::Path;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Get,
    List,
    Create,
    Apply,
    Merge,
    Delete,
}

/// One request.
#[derive(Debug)]
pub struct Call {
    pub verb: Verb,
    /// Its name is empty for lists.
    pub path: Path,
    pub version: String,
    pub subresource: Option<String>,
    pub selector: Option<String>,
    pub fields: Option<String>,
    /// Objects of a page, and where it begins.
    pub limit: Option<usize>,
    pub offset: usize,
    /// Who applies or changes.
    pub manager: String,
    /// Nothing is kept or recorded.
    pub dry_run: bool,
    pub body: Value,
}

impl Call {
    /// Errors with the cause when the request is none that a controller of ours makes.
    pub fn parse(parts: &Parts, body: &[u8]) -> Result<Self, String> {
        let query = parts.uri.query().unwrap_or_default();
        if query_value(query, "watch").is_some() {
            return Err("watches are not served".to_owned());
        }
        let segments: Vec<&str> = parts.uri.path().split('/').filter(|segment| !segment.is_empty()).collect();
        let (group, version, rest) = match segments.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return Err(format!("unknown path {}", parts.uri.path())),
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some((*namespace).to_owned()), rest),
            rest => (None, rest),
        };
        let (plural, name, subresource) = match rest {
            [plural] => (*plural, "", None),
            [plural, name] => (*plural, *name, None),
            [plural, name, subresource] => (*plural, *name, Some((*subresource).to_owned())),
            _ => return Err(format!("unknown path {}", parts.uri.path())),
        };
        let content_type = parts.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let verb = match (&parts.method, name.is_empty()) {
            (&Method::GET, true) => Verb::List,
            (&Method::GET, false) => Verb::Get,
            (&Method::POST, _) => Verb::Create,
            (&Method::PATCH, false) if content_type.contains("apply-patch") => Verb::Apply,
            (&Method::PATCH, false) => Verb::Merge,
            (&Method::DELETE, false) => Verb::Delete,
            (method, _) => return Err(format!("{method} is not served")),
        };
        let body = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(body).map_err(|error| format!("the body is no JSON: {error}"))?
        };
        Ok(Self {
            verb,
            path: Path { group: group.to_owned(), plural: plural.to_owned(), namespace, name: name.to_owned() },
            version: version.to_owned(),
            subresource,
            selector: query_value(query, "labelSelector"),
            fields: query_value(query, "fieldSelector"),
            limit: query_value(query, "limit").and_then(|limit| limit.parse().ok()),
            offset: query_value(query, "continue").and_then(|token| token.parse().ok()).unwrap_or_default(),
            manager: query_value(query, "fieldManager").unwrap_or_default(),
            dry_run: query_value(query, "dryRun").is_some(),
            body,
        })
    }
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.verb {
            Verb::Get => "GET",
            Verb::List => "LIST",
            Verb::Create => "CREATE",
            Verb::Apply => "APPLY",
            Verb::Merge => "MERGE",
            Verb::Delete => "DELETE",
        };
        write!(formatter, "{verb} {}", self.path.plural)?;
        if let Some(subresource) = &self.subresource {
            write!(formatter, "/{subresource}")?;
        }
        let name = if self.path.name.is_empty() {
            self.body.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
        } else {
            &self.path.name
        };
        match &self.path.namespace {
            Some(namespace) => write!(formatter, " {namespace}/{name}"),
            None => write!(formatter, " {name}"),
        }
    }
}

fn query_value(query: &str, key: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name == key).then(|| decode(value))
    })
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits: Vec<u8> = rest.by_ref().take(2).collect();
                let digits = std::str::from_utf8(&digits).unwrap_or("20");
                bytes.push(u8::from_str_radix(digits, 16).unwrap_or(b' '));
            }
            b'+' => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
