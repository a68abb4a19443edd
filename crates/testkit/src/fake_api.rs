//! An API server in memory: real request paths, no network. It keeps objects, answers like Kubernetes, and records every write.
//!
//! What it leaves out on purpose: watches, validation, defaulting and field ownership. Server-side apply replaces what it names
//! and keeps the rest, which is what our controllers rely on.

mod ownership;
mod request;
mod serve;
mod store;

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use kube::client::Body;
use kube::{Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use request::{Call, Verb};
use store::Store;

/// The server. Cloning shares the store.
#[derive(Clone, Default)]
pub struct FakeApi {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    store: Store,
    writes: Vec<String>,
    refusals: Vec<Refusal>,
}

struct Refusal {
    needle: String,
    status: u16,
}

impl FakeApi {
    /// An empty server.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an object in without recording it as a write.
    #[must_use]
    pub fn with<K: Resource<DynamicType = ()> + Serialize>(self, object: &K) -> Self {
        self.put(object);
        self
    }

    /// Puts an object in, or replaces it, without recording it as a write.
    pub fn put<K: Resource<DynamicType = ()> + Serialize>(&self, object: &K) {
        let mut value = serde_json::to_value(object).expect("fixtures are serializable");
        value["apiVersion"] = json!(K::api_version(&()));
        value["kind"] = json!(K::kind(&()));
        let meta = object.meta();
        let path = store::Path {
            group: K::group(&()).into_owned(),
            plural: K::plural(&()).into_owned(),
            namespace: meta.namespace.clone(),
            name: meta.name.clone().expect("fixtures have names"),
        };
        self.lock().store.put(path, value);
    }

    /// The object as stored.
    pub fn find<K>(&self, namespace: Option<&str>, name: &str) -> Option<K>
    where
        K: Resource<DynamicType = ()> + DeserializeOwned + Debug,
    {
        let path = store::Path {
            group: K::group(&()).into_owned(),
            plural: K::plural(&()).into_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        };
        let value = self.lock().store.get(&path).cloned()?;
        Some(serde_json::from_value(value).expect("the stored object has its type's form"))
    }

    /// The object as stored.
    ///
    /// # Panics
    /// When it does not exist.
    #[allow(clippy::panic, reason = "that is how a test fails")]
    pub fn get<K>(&self, namespace: &str, name: &str) -> K
    where
        K: Resource<DynamicType = ()> + DeserializeOwned + Debug,
    {
        let namespace = (!namespace.is_empty()).then_some(namespace);
        match self.find(namespace, name) {
            Some(object) => object,
            None => panic!("{} {namespace:?}/{name} does not exist", K::kind(&())),
        }
    }

    /// Every write so far, one a line: verb, resource, namespace and name.
    pub fn writes(&self) -> Vec<String> {
        self.lock().writes.clone()
    }

    /// Forgets the writes so far.
    pub fn clear_writes(&self) {
        self.lock().writes.clear();
    }

    /// Refuses every request whose `VERB resource namespace/name` contains `needle`.
    pub fn refuse(&self, needle: &str, status: u16) {
        self.lock().refusals.push(Refusal { needle: needle.to_owned(), status });
    }

    /// Refuses nothing any more.
    pub fn relent(&self) {
        self.lock().refusals.clear();
    }

    /// A client of this server.
    pub fn client(&self) -> Client {
        let api = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let api = api.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
                let (status, value) = api.answer(&parts, &body);
                let body = Body::from(serde_json::to_vec(&value).map_err(std::io::Error::other)?);
                Response::builder()
                    .status(status)
                    .header("content-type", "application/json")
                    .body(body)
                    .map_err(std::io::Error::other)
            }
        });
        Client::new(service, "default")
    }

    fn answer(&self, parts: &http::request::Parts, body: &[u8]) -> (StatusCode, Value) {
        if parts.uri.path() == "/version" {
            return (StatusCode::OK, version());
        }
        let call = match Call::parse(parts, body) {
            Ok(call) => call,
            Err(cause) => return refused(StatusCode::BAD_REQUEST, "BadRequest", &cause),
        };
        let mut state = self.lock();
        let line = call.to_string();
        if let Some(refusal) = state.refusals.iter().find(|refusal| line.contains(&refusal.needle)) {
            let status = StatusCode::from_u16(refusal.status).expect("tests refuse with HTTP status codes");
            return refused(status, "Refused", &format!("{line} is refused by the test"));
        }
        if call.dry_run {
            return match state.store.clone().handle(&call) {
                Ok(value) => (StatusCode::OK, value),
                Err((code, reason, message)) => refused(code, reason, &message),
            };
        }
        if call.verb != Verb::Get && call.verb != Verb::List {
            state.writes.push(line);
        }
        match state.store.handle(&call) {
            Ok(value) => (StatusCode::OK, value),
            Err((code, reason, message)) => {
                if call.verb == Verb::Create && code == StatusCode::CONFLICT {
                    state.writes.pop();
                }
                refused(code, reason, &message)
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "gitVersion": "v1.36.3", "gitCommit": "", "gitTreeState": "", "buildDate": "",
        "goVersion": "", "compiler": "", "platform": "linux/amd64",
    })
}

fn refused(code: StatusCode, reason: &str, message: &str) -> (StatusCode, Value) {
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
        "code": code.as_u16(), "reason": reason, "message": message,
    });
    (code, status)
}
