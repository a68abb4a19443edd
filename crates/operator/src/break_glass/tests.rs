//! Requests for break-glass certificates, against an API server in memory.

use hoist_api::certificates::CertificateSigningRequestApproval;
use hoist_pki::CertificateFacts;
use hoist_testkit::{FakeApi, fixtures};
use jiff::SignedDuration;
use k8s_openapi::ByteString;
use k8s_openapi::api::certificates::v1::CertificateSigningRequestSpec;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rstest::rstest;

use super::*;
use crate::hosted_control_plane::tests::{pass_once, prepared};

const SIGNER: &str = "hypershift.openshift.io/clusters-demo.customer-break-glass";
const USER: &str = "system:customer-break-glass:anna";

fn request(user: &str, groups: &[&str], usages: &[&str]) -> CertificateSigningRequest {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    for group in groups {
        parameters.distinguished_name.push(DnType::OrganizationName, *group);
    }
    parameters.distinguished_name.push(DnType::CommonName, user);
    let pem = parameters.serialize_request(&KeyPair::generate().unwrap()).unwrap().pem().unwrap();
    CertificateSigningRequest {
        metadata: fixtures::metadata("", "anna"),
        spec: CertificateSigningRequestSpec {
            request: ByteString(pem.into_bytes()),
            signer_name: SIGNER.to_owned(),
            usages: Some(usages.iter().map(|usage| (*usage).to_owned()).collect()),
            ..CertificateSigningRequestSpec::default()
        },
        status: None,
    }
}

fn approval() -> CertificateSigningRequestApproval {
    CertificateSigningRequestApproval {
        metadata: fixtures::metadata("clusters-demo", "anna"),
        spec: certificates::CertificateSigningRequestApprovalSpec {},
    }
}

async fn look(fake: &FakeApi, ctx: &Arc<Context>) -> CertificateSigningRequest {
    reconcile(Arc::new(fake.get("", "anna")), Arc::clone(ctx)).await.unwrap();
    fake.get("", "anna")
}

#[tokio::test]
async fn a_request_is_signed_once_its_approval_is_there() {
    let (fake, ctx) = prepared().await;
    pass_once(&fake, &ctx).await;
    let mut asked = request(USER, &["system:masters"], &["client auth", "digital signature"]);
    asked.spec.expiration_seconds = Some(3600);
    fake.put(&asked);
    assert_eq!(look(&fake, &ctx).await.status, None, "nobody let it through");
    fake.put(&approval());
    let approved = look(&fake, &ctx).await;
    assert!(has(&approved, "Approved") && certificate(&approved).is_none());
    let signed = look(&fake, &ctx).await;
    let facts = CertificateFacts::from_pem(std::str::from_utf8(certificate(&signed).unwrap()).unwrap()).unwrap();
    assert_eq!(
        (facts.subject.common_name.as_str(), facts.subject.organizations),
        (USER, vec!["system:masters".to_owned()])
    );
    assert_eq!(facts.not_after, fixtures::now() + SignedDuration::from_hours(1));
    assert!(has(&signed, "Approved"), "the approval stays");
    fake.clear_writes();
    look(&fake, &ctx).await;
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn the_older_approval_counts_too_and_nobody_gets_longer_than_the_limit() {
    let (fake, ctx) = prepared().await;
    pass_once(&fake, &ctx).await;
    fake.put(&request(USER, &[], &["client auth"]));
    fake.put(&certificates::older::CertificateSigningRequestApproval {
        metadata: fixtures::metadata("clusters-demo", "anna"),
        spec: certificates::older::CertificateSigningRequestApprovalSpec {},
    });
    look(&fake, &ctx).await;
    let signed = look(&fake, &ctx).await;
    let facts = CertificateFacts::from_pem(std::str::from_utf8(certificate(&signed).unwrap()).unwrap()).unwrap();
    assert_eq!(facts.not_after, fixtures::now() + SignedDuration::from_hours(36));
}

#[tokio::test]
async fn a_request_for_a_control_plane_that_is_not_ours_is_not_touched() {
    let (fake, ctx) = prepared().await;
    let mut foreign = request(USER, &[], &["client auth"]);
    foreign.spec.signer_name = "hypershift.openshift.io/other.customer-break-glass".to_owned();
    fake.put(&foreign);
    fake.put(&approval());
    fake.clear_writes();
    look(&fake, &ctx).await;
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[rstest]
#[case::user(("anna", "system:masters", "client auth"), "common name that begins with \"system:customer-break-glass:\"")]
#[case::other_class(("system:sre-break-glass:anna", "system:masters", "client auth"), "system:customer-break-glass:")]
#[case::nobody(("system:customer-break-glass:", "system:masters", "client auth"), "common name")]
#[case::group((USER, "system:nodes", "client auth"), "\"system:nodes\"")]
#[case::usage((USER, "system:masters", "server auth"), "\"server auth\"")]
#[case::no_usage((USER, "system:masters", "digital signature"), "lacks \"client auth\"")]
#[tokio::test]
async fn a_wrong_request_fails_for_good_and_says_why(#[case] asked: (&str, &str, &str), #[case] expected: &str) {
    let (fake, ctx) = prepared().await;
    pass_once(&fake, &ctx).await;
    fake.put(&request(asked.0, &[asked.1], &[asked.2]));
    fake.put(&approval());
    let failed = look(&fake, &ctx).await;
    assert!(has(&failed, "Failed") && !has(&failed, "Approved"));
    let message = failed.status.unwrap().conditions.unwrap()[0].message.clone().unwrap();
    assert!(message.contains(expected), "{message}");
}
