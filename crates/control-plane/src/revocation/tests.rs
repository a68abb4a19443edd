//! The way of a revocation, pass by pass.

use hoist_api::certificates::{CertificateRevocationRequestSpec, CertificateRevocationRequestStatus};
use hoist_pki::SystemKeys;
use hoist_plan::fixtures::{endpoints, plan};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use rstest::rstest;

use super::*;
use crate::pki::{Given, pki};

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn request() -> CertificateRevocationRequest {
    let spec = CertificateRevocationRequestSpec { signer_class: SignerClass::CustomerBreakGlass };
    let mut request = CertificateRevocationRequest::new("compromised", spec);
    request.metadata.uid = Some("uid".to_owned());
    request
}

fn announced(
    mut request: CertificateRevocationRequest,
    true_conditions: &[RevocationConditionType],
) -> CertificateRevocationRequest {
    let condition = |type_: &RevocationConditionType| Condition {
        type_: type_.to_string(),
        status: "True".to_owned(),
        reason: "AsExpected".to_owned(),
        message: String::new(),
        last_transition_time: Time(now()),
        observed_generation: None,
    };
    request.status = Some(CertificateRevocationRequestStatus {
        revocation_timestamp: Some(Time(now())),
        previous_signer: None,
        conditions: true_conditions.iter().map(condition).collect(),
    });
    request
}

/// What a pass makes, and the Secrets that the next one finds.
fn pass(
    requests: &[CertificateRevocationRequest],
    existing: Vec<Secret>,
    now: Timestamp,
) -> (Pki, ConfigMap, Vec<Secret>) {
    let revocations = begin(requests, &existing);
    let given = Given { former: former(&revocations), ..Given::default() };
    let kept = kept(existing, &revocations);
    let made = pki(&plan(), Some(&endpoints()), &kept, &given, now, &SystemKeys).unwrap();
    let signers = signers(&plan(), &made);
    let mut all = made.secrets.clone();
    all.extend(secrets(&plan(), &revocations));
    (made, signers, all)
}

fn certificates_in(pki: &Pki, bundle: &str) -> usize {
    CertificateFacts::all_from_pem(pki.bundle(bundle).unwrap()).unwrap().len()
}

#[test]
fn the_former_signer_counts_until_the_new_one_is_known_everywhere() {
    let customer = CUSTOMER_BREAK_GLASS;
    let (before, signers_before, existing) = pass(&[], Vec::new(), now());
    let old = before.text(customer.signer, "ca.crt").unwrap().to_owned();
    let count = certificates_in(&before, names::TOTAL_CLIENT_CA_BUNDLE);

    let (saved, signers, existing) = pass(&[request()], existing, now());
    assert_eq!(
        (saved.text(customer.signer, "ca.crt"), &signers),
        (Some(old.as_str()), &signers_before),
        "not announced yet"
    );
    let previous = &existing.last().unwrap();
    assert!(previous.metadata.name.as_ref().unwrap().starts_with("customer-system-admin-signer-"));
    assert_eq!(previous.data.as_ref().unwrap().keys().collect::<Vec<_>>(), ["ca.crt"], "its key is not kept");

    let (renewed, signers, existing) = pass(&[announced(request(), &[])], existing, now());
    let new = renewed.text(customer.signer, "ca.crt").unwrap().to_owned();
    assert_ne!(new, old);
    assert_ne!(signers, signers_before);
    assert_eq!(renewed.text(customer.client, "ca.crt"), Some(new.as_str()), "the leaf is the new signer's");
    assert_eq!(certificates_in(&renewed, names::TOTAL_CLIENT_CA_BUNDLE), count + 1);
    assert!(renewed.bundle(customer.bundle).unwrap().contains(&old));
    assert_eq!(renewed.text(SRE_BREAK_GLASS.signer, "ca.crt"), before.text(SRE_BREAK_GLASS.signer, "ca.crt"));

    let (again, same, existing) = pass(&[announced(request(), &[])], existing, now());
    assert_eq!((again.text(customer.signer, "ca.crt"), same), (Some(new.as_str()), signers.clone()), "made anew once");

    let trusted = announced(request(), &[RevocationConditionType::NewCertificatesTrusted]);
    let (revoked, last, existing) = pass(std::slice::from_ref(&trusted), existing, now());
    assert_eq!(certificates_in(&revoked, names::TOTAL_CLIENT_CA_BUNDLE), count);
    assert!(!revoked.bundle(names::TOTAL_CLIENT_CA_BUNDLE).unwrap().contains(&old));
    assert_ne!(last, signers);
    let (after, _, _) = pass(&[trusted], existing, now());
    assert_eq!(after.text(customer.signer, "ca.crt"), Some(new.as_str()));
}

#[test]
fn a_signer_that_is_renewed_in_time_restarts_nothing() {
    let (before, signers, existing) = pass(&[], Vec::new(), now());
    let (after, same, _) = pass(&[], existing, now() + SignedDuration::from_hours(6 * 24));
    let certificate = |pki: &Pki| pki.text(SRE_BREAK_GLASS.signer, "ca.crt").unwrap().to_owned();
    assert_ne!(certificate(&before), certificate(&after));
    assert_eq!(signers, same);
}

#[rstest]
#[case("hypershift.openshift.io/clusters-demo.customer-break-glass", Some(("clusters-demo", SignerClass::CustomerBreakGlass)))]
#[case("hypershift.openshift.io/clusters-demo.sre-break-glass", Some(("clusters-demo", SignerClass::SreBreakGlass)))]
#[case("hypershift.openshift.io/clusters-demo.other", None)]
#[case("hypershift.openshift.io/.sre-break-glass", None)]
#[case("kubernetes.io/kubelet-serving", None)]
fn names_of_signers(#[case] name: &str, #[case] expected: Option<(&str, SignerClass)>) {
    let found = parse_signer_name(name);
    assert_eq!(found.as_ref().map(|(namespace, class)| (namespace.as_str(), *class)), expected);
    if let Some((namespace, class)) = found {
        assert_eq!(signer_name(&namespace, class), name);
    }
}
