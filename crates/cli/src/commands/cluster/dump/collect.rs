//! Reads and writes, kind by kind. What cannot be read is remembered and does not stop the rest; only a disk that cannot be
//! written does.

use std::collections::BTreeMap;

use anyhow::Result;
use futures::{StreamExt as _, stream};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::folder::Folder;
use super::kinds::Kind;
use super::{logs, redact};
use crate::printer::{Printer, Waiting, yaml};
use crate::session::Session;

/// Calls at a time: enough to be quick, few enough not to be noticed.
const CONCURRENCY: usize = 8;
/// Objects in one answer.
const PAGE: u32 = 500;
/// The list of what is missing.
const NOT_READ: &str = "not-read.txt";

/// Fills a folder.
pub struct Collector {
    folder: Folder,
    printer: Printer,
    waiting: Waiting,
    end: Instant,
    not_read: Vec<String>,
    /// Before all paths; the hosted cluster has a folder of its own.
    prefix: String,
}

/// What a call gave.
type Outcome<T> = Result<T, String>;

impl Collector {
    /// A collector that stops reading at `end`.
    pub fn new(folder: Folder, printer: Printer, end: Instant) -> Self {
        let waiting = printer.waiting("Dumping");
        Self { folder, printer, waiting, end, not_read: Vec::new(), prefix: String::new() }
    }

    /// Says what is read now.
    pub fn begin(&mut self, what: &str) {
        self.waiting.update(what);
    }

    /// From now on, paths begin with `prefix`.
    pub fn within(&mut self, prefix: &str) {
        prefix.clone_into(&mut self.prefix);
    }

    /// Remembers what could not be read.
    pub fn miss(&mut self, what: &str, cause: &str) {
        self.printer.warn("Not read", &[("what", what), ("cause", cause)]);
        self.not_read.push(format!("{what}: {cause}"));
    }

    /// Whether a file was written.
    pub fn has(&self, path: &str) -> bool {
        self.folder.written().iter().any(|written| written == path)
    }

    /// Reads kinds, of one namespace or of the whole cluster.
    pub async fn kinds(&mut self, session: &Session, kinds: &[Kind], namespace: Option<&str>) -> Result<()> {
        let end = self.end;
        let lists: Vec<(Kind, Outcome<Option<Vec<Value>>>)> = stream::iter(kinds.iter().copied())
            .map(|kind| async move { (kind, before(end, list(session, kind, namespace)).await) })
            .buffered(CONCURRENCY)
            .collect()
            .await;
        for (kind, outcome) in lists {
            match outcome {
                // Not every cluster has every kind.
                Ok(None) => {}
                Ok(Some(items)) => self.write_list(kind, namespace, items)?,
                Err(cause) => {
                    let place = namespace.map(|namespace| format!(" in {namespace}")).unwrap_or_default();
                    self.miss(&format!("{}{}{place}", self.prefix, kind.plural), &cause);
                }
            }
        }
        Ok(())
    }

    /// One file per namespace that has objects, as `oc adm inspect` lays them out.
    fn write_list(&mut self, kind: Kind, namespace: Option<&str>, items: Vec<Value>) -> Result<()> {
        let mut by_namespace: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        if let Some(namespace) = namespace {
            by_namespace.insert(namespace.to_owned(), Vec::new());
        }
        for mut item in items {
            item["apiVersion"] = kind.api_version().into();
            item["kind"] = kind.kind.into();
            redact::redact(&mut item);
            let place = item["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
            by_namespace.entry(place).or_default().push(item);
        }
        for (place, items) in by_namespace {
            let folder =
                if place.is_empty() { "cluster-scoped-resources".to_owned() } else { format!("namespaces/{place}") };
            let path = format!("{}{folder}/{}/{}.yaml", self.prefix, kind.folder(), kind.plural);
            let list = json!({"apiVersion": kind.api_version(), "kind": format!("{}List", kind.kind), "items": items});
            self.folder.write(&path, &yaml::document(&list)?)?;
        }
        Ok(())
    }

    /// Reads what the containers of a namespace wrote, and what those before them wrote.
    pub async fn logs(&mut self, session: &Session, namespace: &str) -> Result<()> {
        let api: Api<Pod> = Api::namespaced(session.client(), namespace);
        let action = format!("list Pods in {namespace}");
        let pods = match before(self.end, session.call(&action, api.list(&ListParams::default()))).await {
            Ok(pods) => pods.items,
            // Already told when the kind was read.
            Err(_) => return Ok(()),
        };
        let wanted: Vec<logs::Log> = pods.iter().flat_map(logs::of_pod).collect();
        let (api, end) = (&api, self.end);
        let mut outcomes = stream::iter(wanted)
            .map(|log| async move {
                let text = before(end, session.call(&log.action(namespace), log.read(api))).await;
                (log, text)
            })
            .buffered(CONCURRENCY);
        while let Some((log, text)) = outcomes.next().await {
            self.waiting.update(&format!("logs of {namespace}"));
            match text {
                Ok(text) => {
                    let text = redact::logs::redact(&text);
                    self.folder.write(&format!("{}{}", self.prefix, log.path(namespace)), &text)?;
                }
                Err(cause) => self.miss(&format!("{}log of {namespace}/{}", self.prefix, log.name()), &cause),
            }
        }
        Ok(())
    }

    /// Writes the list of what is missing, and gives the folder back.
    pub fn finish(mut self) -> Result<Folder> {
        if !self.not_read.is_empty() {
            let text = self.not_read.join("\n") + "\n";
            self.folder.write(NOT_READ, &text)?;
        }
        Ok(self.folder)
    }
}

/// Waits for an answer as long as there is time.
async fn before<T>(end: Instant, call: impl Future<Output = Result<T>>) -> Outcome<T> {
    match tokio::time::timeout_at(end, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(format!("{error:#}")),
        Err(_) => Err("the time of --timeout was over".to_owned()),
    }
}

/// Every object of a kind, page by page; `None` when the cluster does not serve the kind.
async fn list(session: &Session, kind: Kind, namespace: Option<&str>) -> Result<Option<Vec<Value>>> {
    let resource = ApiResource {
        group: kind.group.to_owned(),
        version: kind.version.to_owned(),
        api_version: kind.api_version(),
        kind: kind.kind.to_owned(),
        plural: kind.plural.to_owned(),
    };
    let api: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(session.client(), namespace, &resource),
        None => Api::all_with(session.client(), &resource),
    };
    let mut parameters = ListParams::default().limit(PAGE);
    let mut items = Vec::new();
    loop {
        let call = async {
            match api.list(&parameters).await {
                Ok(page) => Ok(Some(page)),
                Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
                Err(error) => Err(error),
            }
        };
        let Some(page) = session.call(&format!("list {}", kind.plural), call).await? else { return Ok(None) };
        for object in page.items {
            items.push(serde_json::to_value(object)?);
        }
        match page.metadata.continue_ {
            Some(token) if !token.is_empty() => parameters.continue_token = Some(token),
            _ => return Ok(Some(items)),
        }
    }
}
