//! A repair from the first sign of illness to the last, against API servers in memory.

use hoist_api::host::{HostStatus, Stage};
use hoist_testkit::{FakeApi, fixtures};
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::NodeSystemInfo;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::*;
use crate::fixtures::context;
use crate::guest::Guest;
use crate::node_bootstrap::updating;

const HOSTS: [&str; 2] = ["worker-0", "worker-1"];

fn target() -> Target {
    Target { revision: "a-b".to_owned(), version: "1.36.3".to_owned() }
}

fn joined(name: &str) -> Host {
    let status = HostStatus {
        stage: Some(Stage::Joined),
        approved_requests: vec!["csr-1".to_owned()],
        revision: Some(target().revision),
        ..HostStatus::default()
    };
    Host { status: Some(status), ..fixtures::host(name) }
}

fn node(name: &str, ready: &str, minutes_ago: i64) -> Node {
    let mut node = fixtures::node(name);
    let status = node.status.as_mut().unwrap();
    status.node_info = Some(NodeSystemInfo { kubelet_version: "v1.36.3".to_owned(), ..NodeSystemInfo::default() });
    let condition = &mut status.conditions.as_mut().unwrap()[0];
    condition.status = ready.to_owned();
    condition.last_transition_time = Some(Time(fixtures::now() - SignedDuration::from_mins(minutes_ago)));
    node
}

/// A pool with two hosts, of which one is ill.
struct Bench {
    management: FakeApi,
    hosted: FakeApi,
    ctx: Arc<Context>,
    pool: NodePool,
}

impl Bench {
    fn new(minutes: i64) -> Self {
        Self::of(&[node("worker-0", "Unknown", minutes), node("worker-1", "True", 600)])
    }

    fn of(nodes: &[Node]) -> Self {
        let (management, hosted) = (FakeApi::new(), FakeApi::new());
        let mut pool = fixtures::node_pool();
        pool.spec.management.auto_repair = true;
        for name in HOSTS {
            management.put(&joined(name));
        }
        for node in nodes {
            hosted.put(node);
        }
        let ctx = context(&management);
        Self { management, hosted, ctx, pool }
    }

    fn host(&self, name: &str) -> Host {
        self.management.get("clusters-demo", name)
    }

    fn update(&self, name: &str) -> Option<HostUpdate> {
        self.host(name).status.unwrap().update
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut HostStatus)) {
        let mut host = self.host(name);
        change(host.status.as_mut().unwrap());
        self.management.put(&host);
    }

    fn nodes(&self) -> Vec<Node> {
        HOSTS.iter().filter_map(|name| self.hosted.find(None, name)).collect()
    }

    /// The pool's controller, then each host's.
    async fn pass(&self) -> Option<Duration> {
        let api: Api<Host> = Api::namespaced(self.ctx.client.clone(), "clusters-demo");
        let hosts: Vec<Host> = HOSTS.iter().map(|name| self.host(name)).collect();
        let nodes: Vec<Arc<Node>> = self.nodes().into_iter().map(Arc::new).collect();
        let outlook = look(&self.pool, None, &hosts, &nodes, self.ctx.clock.now());
        let next = match &outlook {
            Some(outlook) => begin(&self.ctx, &self.pool, &api, &hosts, &target(), outlook).await.unwrap(),
            None => None,
        };
        for name in HOSTS {
            let guest = Guest::for_test(&self.hosted, &self.nodes());
            updating::step(&self.ctx, &api, &self.host(name), Some(&self.pool), Some(&guest)).await.unwrap();
        }
        next
    }

    fn has_node(&self, name: &str) -> bool {
        self.hosted.find::<Node>(None, name).is_some()
    }
}

#[tokio::test]
async fn a_host_that_gives_a_sign_comes_back_as_a_new_node() {
    let bench = Bench::new(16);
    bench.pass().await;
    let update = bench.update("worker-0").unwrap();
    assert_eq!((update.phase, update.revision.as_str()), (UpdatePhase::Calling, "a-b"));
    assert!(bench.update("worker-1").is_none(), "it is well");

    bench.pass().await;
    assert!(bench.has_node("worker-0"), "nobody knows whether the host hears");
    bench.change("worker-0", |status| status.update.as_mut().unwrap().phase = UpdatePhase::Draining);
    bench.pass().await;
    let update = bench.update("worker-0").unwrap();
    assert_eq!(update.phase, UpdatePhase::Ordered);
    assert!(!bench.has_node("worker-0"));

    bench.hosted.put(&node("worker-0", "True", 0));
    bench.pass().await;
    assert!(bench.update("worker-0").is_some(), "the host has not said that it has done it");
    bench.change("worker-0", |status| status.last_repair.clone_from(&update.repair));
    bench.pass().await;
    assert_eq!(bench.update("worker-0"), None);

    bench.hosted.put(&node("worker-0", "False", 20));
    bench.pass().await;
    assert_eq!(bench.update("worker-0").unwrap().phase, UpdatePhase::Calling, "what was done before does not count");
}

#[tokio::test]
async fn it_is_looked_at_again_when_the_time_has_come() {
    let bench = Bench::new(10);
    assert_eq!(bench.pass().await, Some(Duration::from_secs(6 * 60)));
    assert_eq!(bench.update("worker-0"), None);
}

#[tokio::test]
async fn one_that_recovers_before_it_was_told_is_left_alone() {
    let bench = Bench::new(30);
    bench.pass().await;
    bench.hosted.put(&node("worker-0", "True", 0));
    bench.pass().await;
    assert_eq!(bench.update("worker-0"), None);
    assert!(bench.has_node("worker-0"));
}

#[tokio::test]
async fn a_pool_that_does_not_ask_for_it_is_left_alone() {
    let mut bench = Bench::new(60);
    bench.pool.spec.management.auto_repair = false;
    bench.pass().await;
    assert_eq!(bench.update("worker-0"), None);
}

#[tokio::test]
async fn a_node_that_somebody_deleted_is_made_anew() {
    let bench = Bench::of(&[node("worker-0", "True", 0)]);
    let since = Time(fixtures::now() - SignedDuration::from_mins(21));
    bench.change("worker-1", |status| {
        let verdict = hoist_controller::conditions::Verdict::new(READY, false, "NoNode", "there is no Node");
        status.conditions = hoist_controller::conditions::merge(&[], &[verdict], None, since.0);
    });
    bench.pass().await;
    assert_eq!(bench.update("worker-1").unwrap().phase, UpdatePhase::Calling);
}

#[tokio::test]
async fn an_update_after_a_repair_that_failed_is_no_repair() {
    let bench = Bench::new(30);
    bench.pass().await;
    bench.change("worker-0", |status| {
        let update = status.update.as_mut().unwrap();
        update.phase = UpdatePhase::Failed;
        update.message = Some("registry away".to_owned());
    });
    let api: Api<Host> = Api::namespaced(bench.ctx.client.clone(), "clusters-demo");
    let hosts: Vec<Host> = HOSTS.iter().map(|name| bench.host(name)).collect();
    let nodes: Vec<Arc<Node>> = bench.nodes().into_iter().map(Arc::new).collect();
    let newer = Target { revision: "c-d".to_owned(), ..target() };
    rollout::roll_out(&bench.ctx, &bench.pool, &api, &hosts, &nodes, &newer).await.unwrap();
    let update = bench.update("worker-0").unwrap();
    assert_eq!((update.revision.as_str(), update.repair, update.message), ("c-d", None, None));
}
