//! Annotations that override requests.

use hoist_api::annotations::RESOURCE_REQUEST_OVERRIDE_PREFIX;

use super::{Findings, Inputs};
use crate::ResourceOverrides;

pub(super) fn overrides(inputs: &Inputs<'_>, findings: &mut Findings) -> ResourceOverrides {
    let mut overrides = ResourceOverrides::default();
    for (key, value) in inputs.annotations {
        let Some(target) = key.strip_prefix(RESOURCE_REQUEST_OVERRIDE_PREFIX).and_then(|rest| rest.strip_prefix('/'))
        else {
            continue;
        };
        let parsed = target.split_once('.').zip(crate::resources::parse_request(value));
        match parsed {
            Some(((workload, container), request)) => overrides.insert(workload, container, request),
            None => {
                findings.invalid::<()>(format!(
                    "annotation {key}={value}: expected {RESOURCE_REQUEST_OVERRIDE_PREFIX}/WORKLOAD.CONTAINER=cpu=100m,memory=1Gi, \
                     with one of cpu and memory or both"
                ));
            }
        }
    }
    overrides
}
