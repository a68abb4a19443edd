//! The whole server, from a host's connection to the objects it leaves, against an API in memory.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use hoist_api::{
    Host, HostedControlPlane, JoinToken,
    host::{BootstrapCredential, CREDENTIAL_ISSUED, HostStatus, HostUpdate, NODE_NAME_TAKEN, Stage, UpdatePhase},
    hosted_control_plane::HostedControlPlaneSpec,
    join_token::JoinTokenSpec,
};
use hoist_node_config::{
    CgroupVersion, HostFacts, OsRelease,
    join::{Confidential, Failure, JoinRequest, JoinResponse, Order, Orders, Refusal as RefusalBody, Report},
};
use hoist_testkit::FakeApi;
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::{
    Api,
    api::DeleteParams,
    runtime::{reflector::store::Writer, watcher::Event},
};
use rstest::rstest;
use serde_json::json;
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::*;
use crate::access::Peer;

const NAMESPACE: &str = "clusters-demo";
const SECRET: &str = "the-secret";

struct Bench {
    api: FakeApi,
    app: Arc<App>,
    router: Router,
    now: Arc<Mutex<Timestamp>>,
    view: View,
    _folder: tempfile::TempDir,
}

/// The server's view of hosts, which in production follows the API by a watch.
#[derive(Clone)]
struct View {
    writer: Arc<Mutex<Writer<Host>>>,
    notify: watch::Sender<u64>,
}

impl View {
    fn show(&self, host: Host) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.apply_watcher_event(&Event::Apply(host));
        self.notify.send_modify(|version| *version += 1);
    }

    fn hide(&self, host: Host) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.apply_watcher_event(&Event::Delete(host));
        self.notify.send_modify(|version| *version += 1);
    }
}

impl Bench {
    fn new() -> Self {
        let api = FakeApi::new();
        let mut control_plane = HostedControlPlane::new("demo", HostedControlPlaneSpec::default());
        control_plane.metadata.namespace = Some(NAMESPACE.into());
        api.put(&control_plane);
        let now = Arc::new(Mutex::new(Timestamp::from_second(1_790_000_000).expect("a time")));
        let clock = {
            let now = Arc::clone(&now);
            Clock::of(move || *now.lock().unwrap_or_else(PoisonError::into_inner))
        };
        let (hosts, writer, notify) = Hosts::for_test();
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("hoist-node");
        fs_err::write(&program, "program").expect("written");
        let tls = tls::Files::new(folder.path());
        let app = Arc::new(App::new(api.client(), hosts, clock, Metrics::new(), tls, program));
        let view = View { writer: Arc::new(Mutex::new(writer)), notify };
        Self { router: routes::hosts(Arc::clone(&app)), api, app, now, view, _folder: folder }
    }

    fn token(&self, name: &str, change: impl FnOnce(&mut JoinTokenSpec)) {
        let mut spec = JoinTokenSpec {
            node_pool: "demo".into(),
            secret_hash: tokens::hash(SECRET),
            expiration_time: Time(self.now() + SignedDuration::from_hours(1)),
            uses: 2,
            revoked: false,
        };
        change(&mut spec);
        let mut token = JoinToken::new(name, spec);
        token.metadata.namespace = Some(NAMESPACE.into());
        self.api.put(&token);
    }

    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn advance(&self, by: SignedDuration) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// Issues a credential for whatever host appears, as the operator does.
    fn operator(&self) -> tokio::task::JoinHandle<()> {
        let (api, view, now) = (self.api.clone(), self.view.clone(), self.now());
        tokio::spawn(async move {
            loop {
                for mut host in ["w1", "w2", "w3"].iter().filter_map(|name| api.find::<Host>(Some(NAMESPACE), name)) {
                    let has_one = host.status.as_ref().is_some_and(|status| status.bootstrap.is_some());
                    if !has_one && host.status.is_some() {
                        host.status.get_or_insert_default().bootstrap = Some(credential(now));
                        api.put(&host);
                        view.show(host);
                    }
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Vec<u8>) {
        let mut request = request;
        request.extensions_mut().insert(Peer(SocketAddr::from(([192, 0, 2, 7], 40000))));
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let status = response.status();
        (status, response.into_body().collect().await.expect("a body").to_bytes().to_vec())
    }

    async fn join(&self, request: &JoinRequest) -> (StatusCode, Vec<u8>) {
        let body = serde_json::to_vec(request).expect("JSON");
        self.send(post(&format!("/v1/clusters/{NAMESPACE}/join"), body)).await
    }

    async fn joined(&self, request: &JoinRequest) -> JoinResponse {
        let (status, body) = self.join(request).await;
        assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("an answer")
    }

    fn host(&self, name: &str) -> Host {
        self.api.find(Some(NAMESPACE), name).expect("a host")
    }

    fn uses(&self, token: &str) -> Vec<String> {
        let token: JoinToken = self.api.find(Some(NAMESPACE), token).expect("a token");
        token.status.map(|status| status.used_by.into_iter().map(|used| used.host).collect()).unwrap_or_default()
    }
}

fn credential(now: Timestamp) -> BootstrapCredential {
    BootstrapCredential {
        certificate: "CERTIFICATE".into(),
        certificate_authority: "AUTHORITY".into(),
        api_endpoints: vec!["10.200.0.10:30443".into()],
        not_after: Time(now + SignedDuration::from_mins(10)),
    }
}

fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).body(body.into()).expect("a request")
}

fn signing_request() -> String {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
    rcgen::CertificateParams::default().serialize_request(&key).expect("a request").pem().expect("PEM")
}

fn request(token: &str, node_name: &str) -> JoinRequest {
    JoinRequest {
        token: Confidential::new(token),
        node_name: node_name.into(),
        csr_pem: signing_request(),
        addresses: vec![IpAddr::from([10, 200, 0, 100])],
        facts: HostFacts {
            architecture: "amd64".into(),
            kernel: "6.1.0".into(),
            os_release: OsRelease::default(),
            cgroup_version: CgroupVersion::V2,
            systemd: true,
            can_lower_oom_score: true,
            swap_on: false,
            swap_allowed: false,
            cpus: 2,
            memory_bytes: 4 << 30,
            addresses: Vec::new(),
            resolv_conf: None,
            has_nft: true,
            has_iptables: false,
        },
        hoist_version: "0.1.0".into(),
        failure: None,
    }
}

#[tokio::test]
async fn a_host_with_a_good_token_gets_its_credential_and_an_object() {
    let bench = Bench::new();
    bench.token("jt", |_| {});
    let operator = bench.operator();
    let answer = bench.joined(&request("jt.the-secret", "w1")).await;
    operator.abort();
    let credential = answer.credential.expect("a credential");
    assert_eq!(credential.certificate_pem, "CERTIFICATE");
    assert_eq!(credential.api_endpoints[0].to_string(), "10.200.0.10:30443");
    let host = bench.host("w1");
    assert_eq!(host.spec.node_pool, "demo");
    assert_eq!(host.spec.seen_address, "192.0.2.7");
    assert_eq!(host.spec.report_token_hash, tokens::hash(answer.report_token.expose()));
    assert_eq!(bench.uses("jt"), ["w1"]);
}

#[tokio::test]
async fn every_wrong_token_gets_the_very_same_answer() {
    let bench = Bench::new();
    bench.token("good", |_| {});
    bench.token("expired", |spec| spec.expiration_time = Time(Timestamp::from_second(1_789_999_999).expect("a time")));
    bench.token("revoked", |spec| spec.revoked = true);
    bench.token("usedup", |spec| spec.uses = 0);
    let mut answers = Vec::new();
    for token in [
        "good.wrong",
        "good.",
        "missing.the-secret",
        "expired.the-secret",
        "revoked.the-secret",
        "usedup.the-secret",
        "nonsense",
        "",
        "../x.y",
    ] {
        answers.push(bench.join(&request(token, "w1")).await);
    }
    // A right token in another cluster's path, and an existing host's name, change nothing either.
    let body = serde_json::to_vec(&request("good.the-secret", "w1")).expect("JSON");
    answers.push(bench.send(post("/v1/clusters/clusters-other/join", body)).await);
    // Nor do contents that would be refused otherwise.
    let mut invalid = request("good.wrong", "Not A Name");
    invalid.csr_pem = "nonsense".into();
    answers.push(bench.join(&invalid).await);
    assert_eq!(answers[0].0, StatusCode::UNAUTHORIZED);
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
    assert!(bench.api.find::<Host>(Some(NAMESPACE), "w1").is_none());
}

#[tokio::test]
async fn a_token_ends_at_its_expiration_time() {
    let bench = Bench::new();
    bench.token("jt", |_| {});
    bench.advance(SignedDuration::from_secs(3599));
    let operator = bench.operator();
    bench.joined(&request("jt.the-secret", "w1")).await;
    operator.abort();
    bench.advance(SignedDuration::from_secs(1));
    assert_eq!(bench.join(&request("jt.the-secret", "w2")).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn one_key_uses_a_token_once_however_often_it_asks_and_others_until_it_is_used_up() {
    let bench = Bench::new();
    bench.token("jt", |_| {});
    let operator = bench.operator();
    let (first, second) = (request("jt.the-secret", "w1"), request("jt.the-secret", "w2"));
    bench.joined(&first).await;
    bench.joined(&first).await;
    bench.joined(&second).await;
    assert_eq!(bench.uses("jt"), ["w1", "w2"]);
    assert_eq!(bench.join(&request("jt.the-secret", "w3")).await.0, StatusCode::UNAUTHORIZED);
    bench.joined(&first).await;
    operator.abort();
}

#[tokio::test]
async fn a_second_key_cannot_have_the_name_and_costs_the_token_nothing() {
    let bench = Bench::new();
    bench.token("jt", |_| {});
    let operator = bench.operator();
    bench.joined(&request("jt.the-secret", "w1")).await;
    operator.abort();
    let (status, body) = bench.join(&request("jt.the-secret", "w1")).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let refusal: RefusalBody = serde_json::from_slice(&body).expect("a refusal");
    assert!(refusal.message.contains("--node-name"), "{}", refusal.message);
    assert!(refusal.message.contains("10.200.0.100"), "it does not say which host: {}", refusal.message);
    assert_eq!(bench.uses("jt"), ["w1"]);
}

#[tokio::test]
async fn what_keeps_the_operator_from_issuing_a_credential_is_told_at_once() {
    let bench = Bench::new();
    bench.token("jt", |_| {});
    let (api, view) = (bench.api.clone(), bench.view.clone());
    let operator = tokio::spawn(async move {
        loop {
            if let Some(mut host) = api.find::<Host>(Some(NAMESPACE), "w1").filter(|host| host.status.is_some()) {
                let condition = json!({
                    "type": CREDENTIAL_ISSUED, "status": "False", "reason": NODE_NAME_TAKEN, "message": "Node w1 exists",
                    "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": host.metadata.generation,
                });
                host.status.get_or_insert_default().conditions = vec![serde_json::from_value(condition).expect("one")];
                view.show(host);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let (status, body) = bench.join(&request("jt.the-secret", "w1")).await;
    operator.abort();
    assert_eq!(status, StatusCode::FORBIDDEN);
    let refusal: RefusalBody = serde_json::from_slice(&body).expect("a refusal");
    assert_eq!(refusal.message, "Node w1 exists");
    let recorded = bench.host("w1").status.expect("a status");
    assert_eq!((recorded.stage, recorded.message.as_deref()), (Some(Stage::Failed), Some("Node w1 exists")));
}

#[tokio::test]
async fn a_host_that_fails_its_checks_is_recorded_without_a_credential() {
    let bench = Bench::new();
    bench.token("jt", |_| {});
    let mut failing = request("jt.the-secret", "w1");
    failing.failure = Some(Failure { cause: "swap: on".into(), next_step: "run swapoff -a".into() });
    let answer = bench.joined(&failing).await;
    assert!(answer.credential.is_none());
    let status = bench.host("w1").status.expect("a status");
    assert_eq!(status.stage, Some(Stage::Failed));
    assert_eq!(status.message.as_deref(), Some("swap: on (next step: run swapoff -a)"));
}

#[tokio::test]
async fn an_old_credential_is_given_back_for_a_new_one() {
    let bench = Bench::new();
    bench.token("jt", |_| {});
    let operator = bench.operator();
    let again = request("jt.the-secret", "w1");
    bench.joined(&again).await;
    operator.abort();
    bench.advance(SignedDuration::from_mins(9));
    let operator = bench.operator();
    let answer = bench.joined(&again).await;
    operator.abort();
    let ends: Timestamp = answer.credential.expect("a credential").not_after.parse().expect("a time");
    assert_eq!(ends, bench.now() + SignedDuration::from_mins(10));
}

#[rstest]
#[case::not_json("{", StatusCode::BAD_REQUEST)]
#[case::too_large(&"x".repeat(65 * 1024), StatusCode::PAYLOAD_TOO_LARGE)]
#[tokio::test]
async fn bodies_outside_the_protocol_are_refused(#[case] body: &str, #[case] expected: StatusCode) {
    let bench = Bench::new();
    let path = format!("/v1/clusters/{NAMESPACE}/join");
    assert_eq!(bench.send(post(&path, body.to_owned())).await.0, expected);
}

#[tokio::test]
async fn names_and_requests_that_are_none_are_refused_once_the_token_is_right() {
    let bench = Bench::new();
    bench.token("jt", |_| {});
    let name = request("jt.the-secret", "Not A Name");
    let mut csr = request("jt.the-secret", "w1");
    csr.csr_pem = "nonsense".into();
    for request in [name, csr] {
        assert_eq!(bench.join(&request).await.0, StatusCode::BAD_REQUEST);
    }
    assert!(bench.uses("jt").is_empty());
}

#[tokio::test]
async fn the_management_api_away_is_worth_another_try_and_never_a_wrong_token() {
    let bench = Bench::new();
    bench.token("jt", |_| {});
    bench.api.refuse("jointokens", 503);
    assert_eq!(bench.join(&request("jt.the-secret", "w1")).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

/// A host that joined, seen by the server, with its report token.
fn joined_host(bench: &Bench) -> (Host, String) {
    let spec = hoist_api::host::HostSpec { report_token_hash: tokens::hash("report"), ..Default::default() };
    let mut host = Host::new("w1", spec);
    host.metadata = ObjectMeta {
        name: Some("w1".into()),
        namespace: Some(NAMESPACE.into()),
        uid: Some("uid".into()),
        ..ObjectMeta::default()
    };
    host.status = Some(HostStatus::default());
    bench.api.put(&host);
    bench.view.show(host.clone());
    (host, "Bearer report".into())
}

fn host_request(method: &str, what: &str, authorization: &str, body: Body) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(format!("/v1/clusters/{NAMESPACE}/hosts/w1/{what}"))
        .header("authorization", authorization)
        .body(body)
        .expect("a request")
}

#[tokio::test]
async fn reports_reach_the_host_object_and_need_its_token() {
    let bench = Bench::new();
    let (_, authorization) = joined_host(&bench);
    let report = Report {
        stage: hoist_api::host::Stage::Failed,
        failed_stage: Some(hoist_api::host::Stage::Payload),
        failure: Some(Failure { cause: "registry away".into(), next_step: "check it".into() }),
        times: BTreeMap::default(),
        versions: [("kubelet".to_owned(), "1.36.3".to_owned())].into(),
        revision: Some("a-b".to_owned()),
        last_repair: None,
    };
    let body = || Body::from(serde_json::to_vec(&report).expect("JSON"));
    let (status, _) = bench.send(host_request("POST", "report", "Bearer wrong", body())).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, _) = bench.send(host_request("POST", "report", &authorization, body())).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let status = bench.host("w1").status.expect("a status");
    assert_eq!(status.stage, Some(Stage::Failed));
    assert_eq!(status.message.as_deref(), Some("Payload: registry away (next step: check it)"));
    assert_eq!(status.kubelet_version.as_deref(), Some("1.36.3"));
    assert_eq!(status.revision.as_deref(), Some("a-b"));
    assert_eq!(status.update, None, "a join that failed is no update");
}

#[tokio::test]
async fn a_host_is_told_to_change_until_it_says_that_it_has_or_cannot() {
    let bench = Bench::new();
    let (mut host, authorization) = joined_host(&bench);
    let update = |phase| HostUpdate {
        revision: "new".into(),
        version: "1.36.3".into(),
        phase,
        replace: false,
        repair: None,
        was_cordoned: false,
        since: Time(bench.now()),
        message: None,
    };
    let ask = || host_request("GET", "orders?wait=0", &authorization, Body::empty());
    let mut told = async |status: HostStatus| {
        host.status = Some(status);
        bench.view.show(host.clone());
        bench.api.put(&host);
        let (_, body) = bench.send(ask()).await;
        let orders = serde_json::from_slice::<Orders>(&body).expect("orders");
        (orders.order, orders.revision)
    };
    let draining = HostStatus { update: Some(update(UpdatePhase::Draining)), ..HostStatus::default() };
    assert_eq!(told(draining).await.0, Order::None, "its pods are still there");
    let ordered = HostStatus { update: Some(update(UpdatePhase::Ordered)), ..HostStatus::default() };
    assert_eq!(told(ordered.clone()).await, (Order::Update, Some("new".to_owned())));
    let has_changed = HostStatus { revision: Some("new".into()), ..ordered.clone() };
    assert_eq!(told(has_changed).await.0, Order::None);
    let replaced = HostStatus {
        update: Some(HostUpdate { replace: true, ..update(UpdatePhase::Ordered) }),
        ..HostStatus::default()
    };
    assert_eq!(told(replaced).await.0, Order::Replace);

    told(ordered).await;
    let report = Report {
        stage: Stage::Joined,
        failed_stage: Some(Stage::Updating),
        failure: Some(Failure { cause: "registry away".into(), next_step: "check it".into() }),
        times: BTreeMap::default(),
        versions: BTreeMap::default(),
        revision: Some("old".to_owned()),
        last_repair: None,
    };
    let body = Body::from(serde_json::to_vec(&report).expect("JSON"));
    assert_eq!(bench.send(host_request("POST", "report", &authorization, body)).await.0, StatusCode::NO_CONTENT);
    let status = bench.host("w1").status.expect("a status");
    let update = status.update.expect("an update");
    assert_eq!((update.phase, update.revision.as_str()), (UpdatePhase::Failed, "new"));
    assert!(update.message.is_some_and(|message| message.contains("registry away")));
    assert_eq!(status.stage, Some(Stage::Joined), "it goes on as before");
}

#[tokio::test]
async fn a_host_that_is_to_be_repaired_is_heard_before_it_is_told() {
    let bench = Bench::new();
    let (mut host, authorization) = joined_host(&bench);
    let ask = |wait: u32| host_request("GET", &format!("orders?wait={wait}"), &authorization, Body::empty());
    let orders = |body: &[u8]| serde_json::from_slice::<Orders>(body).expect("orders");
    let called = HostUpdate {
        revision: "a-b".into(),
        version: "1.36.3".into(),
        phase: UpdatePhase::Calling,
        replace: true,
        repair: Some("7".into()),
        was_cordoned: false,
        since: Time(bench.now()),
        message: None,
    };
    let status = HostStatus { revision: Some("a-b".into()), update: Some(called), ..HostStatus::default() };

    // A request that waits already may be of a machine that is dead by now: it proves nothing.
    let waiting = bench.send(ask(50));
    let calling = async {
        tokio::task::yield_now().await;
        host.status = Some(status);
        bench.api.put(&host);
        bench.view.show(host.clone());
    };
    let ((_, body), ()) = tokio::join!(waiting, calling);
    assert_eq!(orders(&body).order, Order::None);
    let phase = |bench: &Bench| bench.host("w1").status.unwrap().update.unwrap().phase;
    assert_eq!(phase(&bench), UpdatePhase::Calling);

    host.metadata.resource_version = bench.host("w1").metadata.resource_version;
    bench.view.show(host.clone());
    let (_, body) = bench.send(ask(0)).await;
    assert_eq!((orders(&body).order, phase(&bench)), (Order::None, UpdatePhase::Draining));

    let mut told = |change: fn(&mut HostStatus)| {
        change(host.status.as_mut().unwrap());
        bench.view.show(host.clone());
        bench.send(ask(0))
    };
    let (_, body) = told(|status| status.update.as_mut().unwrap().phase = UpdatePhase::Ordered).await;
    let said = orders(&body);
    assert_eq!(
        (said.order, said.revision.as_deref(), said.repair.as_deref()),
        (Order::Repair, Some("a-b"), Some("7")),
        "although it runs that revision"
    );
    let (_, body) = told(|status| status.last_repair = Some("6".to_owned())).await;
    assert_eq!(orders(&body).order, Order::Repair, "that was another one");
    let (_, body) = told(|status| status.last_repair = Some("7".to_owned())).await;
    assert_eq!(orders(&body).order, Order::None);
}

#[tokio::test]
async fn the_order_to_leave_comes_while_the_host_waits_for_it() {
    let bench = Bench::new();
    let (mut host, authorization) = joined_host(&bench);
    let (_, body) = bench.send(host_request("GET", "orders?wait=0", &authorization, Body::empty())).await;
    assert_eq!(serde_json::from_slice::<Orders>(&body).expect("orders").order, Order::None);
    let waiting = bench.send(host_request("GET", "orders?wait=50", &authorization, Body::empty()));
    let deleting = async {
        host.metadata.deletion_timestamp = Some(Time(bench.now()));
        tokio::task::yield_now().await;
        bench.view.show(host);
    };
    let ((_, body), ()) = tokio::join!(waiting, deleting);
    assert_eq!(serde_json::from_slice::<Orders>(&body).expect("orders").order, Order::Leave);
    let (status, _) = bench.send(host_request("POST", "left", &authorization, Body::empty())).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(bench.host("w1").status.expect("a status").stage, Some(Stage::Left));
}

#[tokio::test]
async fn a_host_is_told_that_its_cluster_is_gone_only_when_it_is() {
    let bench = Bench::new();
    let (host, authorization) = joined_host(&bench);
    bench.view.hide(host);
    Api::<Host>::namespaced(bench.api.client(), NAMESPACE)
        .delete("w1", &DeleteParams::default())
        .await
        .expect("deleted");
    let ask = || host_request("GET", "orders?wait=0", &authorization, Body::empty());
    // The host's object is missing, its cluster is not.
    assert_eq!(bench.send(ask()).await.0, StatusCode::NOT_FOUND);
    bench.api.refuse("hostedcontrolplanes", 500);
    assert_eq!(bench.send(ask()).await.0, StatusCode::SERVICE_UNAVAILABLE);
    bench.api.relent();
    Api::<HostedControlPlane>::namespaced(bench.api.client(), NAMESPACE)
        .delete("demo", &DeleteParams::default())
        .await
        .expect("deleted");
    let (status, body) = bench.send(ask()).await;
    assert_eq!(status, StatusCode::GONE);
    assert!(serde_json::from_slice::<RefusalBody>(&body).expect("a refusal").gone);
}

#[tokio::test]
async fn too_many_joins_from_one_address_are_put_off() {
    let bench = Bench::new();
    let mut last = StatusCode::OK;
    for _ in 0..100 {
        last = bench.send(post(&format!("/v1/clusters/{NAMESPACE}/join"), "{")).await.0;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert!(bench.app.metrics.text().contains("TooMany"), "{}", bench.app.metrics.text());
}

#[tokio::test]
async fn the_agent_can_be_downloaded() {
    let bench = Bench::new();
    let (status, body) = bench.send(Request::get("/hoist-node").body(Body::empty()).expect("a request")).await;
    assert_eq!((status, body.as_slice()), (StatusCode::OK, b"program".as_slice()));
}
