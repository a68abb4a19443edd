//! Requests that users set by annotation instead of the measured ones.
//!
//! HyperShift's form: `resource-request-override.hypershift.openshift.io/<workload>.<container>: cpu=…,memory=…`.

use std::collections::BTreeMap;

/// Overrides by workload and container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceOverrides(BTreeMap<(String, String), ResourceRequest>);

/// Requests of one container; what is absent keeps the measured value. Kubernetes quantities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceRequest {
    /// Processors.
    pub cpu: Option<String>,
    /// Memory.
    pub memory: Option<String>,
}

impl ResourceOverrides {
    /// What the user set for `container` of `workload`.
    pub fn of(&self, workload: &str, container: &str) -> Option<&ResourceRequest> {
        self.0.get(&(workload.to_owned(), container.to_owned()))
    }

    /// Sets an override.
    pub fn insert(&mut self, workload: &str, container: &str, request: ResourceRequest) {
        self.0.insert((workload.to_owned(), container.to_owned()), request);
    }
}

/// Reads `cpu=…,memory=…`; either may be missing, not both.
pub(crate) fn parse_request(text: &str) -> Option<ResourceRequest> {
    let mut request = ResourceRequest::default();
    for part in text.split(',') {
        let (resource, quantity) = part.trim().split_once('=')?;
        let place = match resource.trim() {
            "cpu" => &mut request.cpu,
            "memory" => &mut request.memory,
            _ => return None,
        };
        let quantity = quantity.trim();
        if !is_quantity(quantity) || place.replace(quantity.to_owned()).is_some() {
            return None;
        }
    }
    Some(request)
}

/// Whether `text` is a positive Kubernetes quantity: digits with at most one point, and a known suffix.
pub(crate) fn is_quantity(text: &str) -> bool {
    const SUFFIXES: [&str; 15] = ["", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "u"];
    let end = text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    number.parse::<f64>().is_ok_and(|number| number > 0.0 && number.is_finite()) && SUFFIXES.contains(&suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_as_hypershift_writes_them() {
        let request = parse_request("cpu=100m,memory=1Gi").unwrap();
        assert_eq!((request.cpu.as_deref(), request.memory.as_deref()), (Some("100m"), Some("1Gi")));
        assert_eq!(parse_request("memory=2.5Gi").unwrap().cpu, None);
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for text in ["", "cpu", "cpu=", "cpu=-1", "cpu=1,cpu=2", "disk=1Gi", "cpu=1Q", "cpu=1..2", "memory=0"] {
            assert_eq!(parse_request(text), None, "{text}");
        }
    }
}
