//! Events for people who watch an object.
//!
//! Losing one must not stop a reconcile, so failures are logged and nothing more.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};

use crate::{calls::DEADLINE, error_chain};

/// Writes events as one controller.
#[derive(Clone)]
pub struct Events {
    recorder: Option<Recorder>,
}

impl Events {
    /// Events reported by `controller`.
    pub fn new(client: Client, controller: &str, instance: Option<String>) -> Self {
        let reporter = Reporter { controller: controller.to_owned(), instance };
        Self { recorder: Some(Recorder::new(client, reporter)) }
    }

    /// Events that go nowhere, for tests of something else.
    pub const fn silent() -> Self {
        Self { recorder: None }
    }

    /// Something went as it should.
    pub async fn normal(&self, about: &ObjectReference, reason: &str, note: impl Into<String>) {
        self.publish(about, EventType::Normal, reason, note.into()).await;
    }

    /// Something needs attention; the note says what to do.
    pub async fn warning(&self, about: &ObjectReference, reason: &str, note: impl Into<String>) {
        self.publish(about, EventType::Warning, reason, note.into()).await;
    }

    async fn publish(&self, about: &ObjectReference, type_: EventType, reason: &str, note: String) {
        let Some(recorder) = &self.recorder else { return };
        // The API refuses notes of more than 1024 bytes.
        let note = if note.len() > 1000 { format!("{}…", &note[..note.floor_char_boundary(1000)]) } else { note };
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(note),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        match tokio::time::timeout(DEADLINE, recorder.publish(&event, about)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(reason, error = error_chain(&error), "an event was not recorded"),
            Err(_) => tracing::warn!(reason, "an event was not recorded: no answer in time"),
        }
    }
}
