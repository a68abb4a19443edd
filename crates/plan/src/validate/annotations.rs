//! Annotations that change the control plane: each value is checked, because a wrong one would keep a component from starting.

use std::collections::BTreeMap;
use std::time::Duration;

use hoist_api::annotations as keys;
use hoist_api::conditions::{ConditionType, Reason};
use hoist_api::duration;
use hoist_release::component;

use super::{Findings, Inputs};
use crate::annotations::not_honoured;
use crate::{ApiServerTuning, Finding, Images};

/// Pod security levels.
const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];
/// kube-apiserver refuses a larger share.
const MOST_GOAWAY: f64 = 0.02;
/// kube-apiserver refuses a shorter life of tokens.
const SHORTEST_TOKEN: Duration = Duration::from_secs(3600);

/// Reads the value of `key` with `read`; what it cannot read is refused, with `expected` in the message.
fn value<T>(
    inputs: &Inputs<'_>,
    findings: &mut Findings,
    key: &str,
    expected: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let text = inputs.annotations.get(key)?;
    read(text).or_else(|| findings.invalid(format!("annotation {key}={text}: expected {expected}")))
}

pub(super) fn tuning(inputs: &Inputs<'_>, findings: &mut Findings) -> ApiServerTuning {
    let number = |text: &str| text.parse::<u32>().ok();
    ApiServerTuning {
        gogc: value(inputs, findings, keys::API_SERVER_GOGC, "a percentage such as 100, or off", |text| {
            let is_percentage = text.parse::<u32>().is_ok_and(|percentage| percentage > 0);
            (is_percentage || text == "off").then(|| text.to_owned())
        }),
        gomemlimit: value(inputs, findings, keys::API_SERVER_GOMEMLIMIT, "a size such as 2GiB", |text| {
            let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
            let is_size = digits.parse::<u64>().is_ok_and(|size| size > 0)
                && ["", "B", "KiB", "MiB", "GiB", "TiB"].contains(&&text[digits.len()..]);
            is_size.then(|| text.to_owned())
        }),
        max_requests_inflight: value(inputs, findings, keys::API_SERVER_REQUESTS, "a number such as 3000", number),
        max_mutating_requests_inflight: value(
            inputs,
            findings,
            keys::API_SERVER_MUTATING_REQUESTS,
            "a number such as 1000",
            number,
        ),
        verbosity: value(inputs, findings, keys::API_SERVER_VERBOSITY, "a number from 0 to 10", |text| {
            text.parse().ok().filter(|level| *level <= 10)
        }),
        goaway_chance: value(inputs, findings, keys::API_SERVER_GOAWAY_CHANCE, "a share from 0 to 0.02", |text| {
            let is_share = text.parse::<f64>().is_ok_and(|share| (0.0..=MOST_GOAWAY).contains(&share));
            is_share.then(|| text.to_owned())
        }),
        max_token_expiration: value(
            inputs,
            findings,
            keys::API_SERVER_TOKEN_EXPIRATION,
            "a duration of at least an hour, such as 24h",
            |text| duration::parse(text).filter(|life| *life >= SHORTEST_TOKEN).map(|_| text.to_owned()),
        ),
    }
}

/// Labels that nodes need besides the one for what serves requests; `None` when kube-apiserver may run anywhere.
pub(super) fn request_serving_nodes(inputs: &Inputs<'_>, findings: &mut Findings) -> Option<BTreeMap<String, String>> {
    let expected = keys::DEDICATED_REQUEST_SERVING;
    let dedicated = value(inputs, findings, keys::TOPOLOGY, expected, |text| (text == expected).then_some(()));
    let more = value(inputs, findings, keys::REQUEST_SERVING_NODE_SELECTOR, "labels of nodes, key=value,…", |text| {
        let pair = |part: &str| {
            let (key, value) = part.split_once('=')?;
            (!key.is_empty()).then(|| (key.to_owned(), value.to_owned()))
        };
        text.split(',').filter(|part| !part.is_empty()).map(pair).collect::<Option<BTreeMap<_, _>>>()
    });
    dedicated.map(|()| more.unwrap_or_default())
}

/// Components and their other images; `None` when the text is no such list.
fn image_overrides(text: &str) -> Option<Vec<(String, String)>> {
    let pair = |part: &str| {
        let (component, image) = part.split_once('=')?;
        (!component.trim().is_empty() && !image.trim().is_empty())
            .then(|| (component.trim().to_owned(), image.trim().to_owned()))
    };
    text.split(',').map(pair).collect()
}

/// Puts other images in the place of the release's.
pub(super) fn images(inputs: &Inputs<'_>, findings: &mut Findings, images: &mut Images) {
    let overrides = value(inputs, findings, keys::IMAGE_OVERRIDES, "component=image,…", image_overrides);
    let single = [
        (component::KONNECTIVITY_SERVER, keys::KONNECTIVITY_SERVER_IMAGE),
        (component::KONNECTIVITY_AGENT, keys::KONNECTIVITY_AGENT_IMAGE),
    ];
    let single = single.into_iter().filter_map(|(component, key)| {
        let image = inputs.annotations.get(key).filter(|image| !image.is_empty())?;
        Some((component.to_owned(), image.clone()))
    });
    for (component, image) in overrides.into_iter().flatten().chain(single) {
        if let Some(place) = images.of_mut(&component) {
            *place = image;
        }
    }
}

/// Overridden components that no control plane of ours has.
fn unknown_components(inputs: &Inputs<'_>) -> Vec<String> {
    let overrides = inputs.annotations.get(keys::IMAGE_OVERRIDES).and_then(|text| image_overrides(text));
    let components = overrides.into_iter().flatten().map(|(component, _)| component);
    components.filter(|component| !Images::COMPONENTS.contains(&component.as_str())).collect()
}

/// What other parts of the operator read for themselves, and what has no effect.
pub(super) fn check(inputs: &Inputs<'_>, findings: &mut Findings) {
    let expected = "a duration such as 10m";
    value(inputs, findings, keys::DESTROY_GRACE_PERIOD, expected, duration::parse);
    let expected = "privileged, baseline or restricted";
    value(inputs, findings, keys::POD_SECURITY_LEVEL, expected, |text| LEVELS.contains(&text).then_some(()));
    let mut without: Vec<String> =
        not_honoured(inputs.annotations).into_iter().map(|(key, why)| format!("{key} ({why})")).collect();
    let unknown = unknown_components(inputs);
    if !unknown.is_empty() {
        let key = keys::IMAGE_OVERRIDES;
        without.push(format!("{key} for {} (the release has no such component)", unknown.join(", ")));
    }
    if !without.is_empty() {
        findings.notice(Finding {
            condition: ConditionType::AnnotationsHonoured,
            status: false,
            reason: Reason::NotServed,
            message: format!("annotations without effect: {}", without.join("; ")),
        });
    }
}
