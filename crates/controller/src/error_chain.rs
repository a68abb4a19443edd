//! An error with its causes on one line.
//!
//! Errors of the Kubernetes client print their cause and a debug dump of it; here they are cut to what the API server said.

use std::error::Error;

/// `outermost: cause: cause of the cause`.
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut text = one(error);
    let mut last = text.clone();
    let mut cause = source_of(error);
    while let Some(error) = cause {
        let next = one(error);
        // Transparent wrappers say the same as what they wrap.
        if next != last && !last.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        last = next;
        cause = source_of(error);
    }
    text
}

/// The client's own error, which ours hold in a box because it is large.
fn of_client<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a kube::Error> {
    error.downcast_ref::<kube::Error>().or_else(|| error.downcast_ref::<Box<kube::Error>>().map(AsRef::as_ref))
}

fn one(error: &(dyn Error + 'static)) -> String {
    match of_client(error) {
        Some(kube::Error::Api(status)) if !status.message.is_empty() => status.message.clone(),
        Some(kube::Error::Api(status)) => format!("the API server answered {} {}", status.code, status.reason),
        Some(kube::Error::HyperError(_) | kube::Error::Service(_)) => "the API server cannot be reached".to_owned(),
        Some(kube::Error::SerdeError(_)) => "the API server's answer cannot be understood".to_owned(),
        _ => error.to_string(),
    }
}

fn source_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match of_client(error) {
        Some(kube::Error::Api(_)) => None,
        _ => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;
    use crate::{ApiError, ObjectId};

    #[test]
    fn of_a_refusal_only_what_the_api_server_said_is_shown() {
        let status = Status::failure("secrets is forbidden", "Forbidden").with_code(403);
        let error = ApiError::Refused {
            action: "list",
            object: ObjectId::namespaced("Secret", "ns", ""),
            source: Box::new(kube::Error::Api(Box::new(status))),
        };
        assert_eq!(error_chain(&error), "failed to list Secrets in ns: secrets is forbidden");
    }
}
