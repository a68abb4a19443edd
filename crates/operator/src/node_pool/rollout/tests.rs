//! A rollout from the pool's wish to the last host, against API servers in memory.

use hoist_api::host::HostStatus;
use hoist_controller::Clock;
use hoist_testkit::{FakeApi, fixtures};
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::{NodeSystemInfo, Pod, PodSpec};

use super::*;
use crate::fixtures::context;
use crate::guest::Guest;
use crate::node_bootstrap::updating;

const HOSTS: [&str; 2] = ["worker-0", "worker-1"];

fn target() -> Target {
    Target { revision: "config-new".to_owned(), version: "1.36.3".to_owned() }
}

fn joined(name: &str, revision: &str) -> Host {
    let status = HostStatus {
        stage: Some(Stage::Joined),
        node: Some(name.to_owned()),
        approved_requests: vec!["csr-1".to_owned()],
        revision: Some(revision.to_owned()),
        ..HostStatus::default()
    };
    Host { status: Some(status), ..fixtures::host(name) }
}

fn node(name: &str, version: &str) -> Node {
    let mut node = fixtures::node(name);
    let info = NodeSystemInfo { kubelet_version: format!("v{version}"), ..NodeSystemInfo::default() };
    node.status.as_mut().unwrap().node_info = Some(info);
    node
}

/// A management cluster with a pool and two hosts, and a hosted one with their Nodes.
struct Bench {
    management: FakeApi,
    hosted: FakeApi,
    ctx: Arc<Context>,
    pool: NodePool,
}

impl Bench {
    fn new() -> Self {
        let (management, hosted) = (FakeApi::new(), FakeApi::new());
        let pool = fixtures::node_pool();
        management.put(&pool);
        for name in HOSTS {
            management.put(&joined(name, "config-old"));
            hosted.put(&node(name, "1.35.4"));
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

    fn nodes(&self) -> Vec<Node> {
        HOSTS.iter().filter_map(|name| self.hosted.find(None, name)).collect()
    }

    /// The pool's controller, then each host's; what they remember is in the API servers alone, as after a kill.
    async fn pass(&self) {
        let api: Api<Host> = Api::namespaced(self.ctx.client.clone(), "clusters-demo");
        let hosts: Vec<Host> = HOSTS.iter().map(|name| self.host(name)).collect();
        let nodes: Vec<Arc<Node>> = self.nodes().into_iter().map(Arc::new).collect();
        let pool: NodePool = self.management.get("clusters", "demo");
        let pool = NodePool { spec: self.pool.spec.clone(), ..pool };
        roll_out(&self.ctx, &pool, &api, &hosts, &nodes, &target()).await.unwrap();
        for name in HOSTS {
            let guest = Guest::for_test(&self.hosted, &self.nodes());
            updating::step(&self.ctx, &api, &self.host(name), Some(&pool), Some(&guest)).await.unwrap();
        }
    }

    /// What a host does when it is told to.
    fn obey(&self, name: &str) {
        let mut host = self.host(name);
        let status = host.status.as_mut().unwrap();
        assert_eq!(status.update.as_ref().unwrap().phase, UpdatePhase::Ordered);
        status.revision = Some("config-new".to_owned());
        self.management.put(&host);
        let before: Option<Node> = self.hosted.find(None, name);
        let mut node = node(name, "1.36.3");
        node.spec = before.and_then(|before| before.spec).or(node.spec);
        self.hosted.put(&node);
    }

    fn fail(&self, name: &str) {
        let mut host = self.host(name);
        let update = host.status.as_mut().unwrap().update.as_mut().unwrap();
        update.phase = UpdatePhase::Failed;
        update.message = Some("registry away".to_owned());
        self.management.put(&host);
    }

    fn is_cordoned(&self, name: &str) -> bool {
        mirror::is_cordoned(&self.hosted.get("", name))
    }
}

#[tokio::test]
async fn two_hosts_are_updated_one_after_the_other_and_the_pool_notes_what_they_run() {
    let mut bench = Bench::new();
    bench.pool.spec.management.upgrade_type = hoist_api::node_pool::management::UpgradeType::InPlace;
    let mut web = Pod { metadata: fixtures::metadata("default", "web"), ..Pod::default() };
    web.spec = Some(PodSpec { node_name: Some("worker-0".to_owned()), ..PodSpec::default() });
    bench.hosted.put(&web);

    bench.pass().await;
    let update = bench.update("worker-0").unwrap();
    assert_eq!(update.phase, UpdatePhase::Draining);
    assert!(update.message.unwrap().contains("default/web"));
    assert!(bench.is_cordoned("worker-0") && !bench.is_cordoned("worker-1"));
    assert_eq!(bench.update("worker-1"), None);

    // It went when it was asked to.
    assert!(bench.hosted.find::<Pod>(Some("default"), "web").is_none());
    bench.pass().await;
    let update = bench.update("worker-0").unwrap();
    assert_eq!((update.phase, update.message, update.replace), (UpdatePhase::Ordered, None, false));
    bench.obey("worker-0");
    bench.pass().await;
    assert_eq!(bench.update("worker-0"), None);
    assert!(!bench.is_cordoned("worker-0"));

    bench.pass().await;
    bench.obey("worker-1");
    bench.pass().await;
    bench.pass().await;
    let pool: NodePool = bench.management.get("clusters", "demo");
    assert_eq!(pool.annotations()["hypershift.openshift.io/nodePoolCurrentConfig"], "config");
    assert_eq!(pool.annotations()["hypershift.openshift.io/nodePoolCurrentConfigVersion"], "config-new");
    bench.management.clear_writes();
    bench.hosted.clear_writes();
    bench.pass().await;
    assert_eq!((bench.management.writes(), bench.hosted.writes()), (Vec::new(), Vec::new()), "nothing is left to do");
}

#[tokio::test]
async fn a_host_that_is_replaced_loses_its_node() {
    let bench = Bench::new();
    bench.pass().await;
    let update = bench.update("worker-0").unwrap();
    assert_eq!((update.phase, update.replace), (UpdatePhase::Ordered, true));
    assert!(bench.hosted.find::<Node>(None, "worker-0").is_none());
    assert!(bench.hosted.find::<Node>(None, "worker-1").is_some());
    bench.obey("worker-0");
    bench.pass().await;
    assert_eq!(bench.update("worker-0"), None);
}

#[tokio::test]
async fn with_on_delete_only_the_host_whose_node_was_deleted_is_replaced() {
    let mut bench = Bench::new();
    bench.pool.spec.management.replace.strategy = Some(hoist_api::node_pool::management::UpgradeStrategy::OnDelete);
    bench.pass().await;
    assert!(HOSTS.iter().all(|name| bench.update(name).is_none()));
    let nodes: Api<Node> = Api::all(bench.hosted.client());
    nodes.delete("worker-1", &kube::api::DeleteParams::default()).await.unwrap();
    bench.pass().await;
    assert!(bench.update("worker-0").is_none());
    assert!(bench.update("worker-1").unwrap().replace);
}

#[tokio::test]
async fn a_failure_stops_the_rollout_and_gives_the_node_back_until_it_is_tried_again() {
    let mut bench = Bench::new();
    bench.pool.spec.management.upgrade_type = hoist_api::node_pool::management::UpgradeType::InPlace;
    bench.pass().await;
    assert!(bench.is_cordoned("worker-0"));
    bench.fail("worker-0");
    bench.pass().await;
    assert!(!bench.is_cordoned("worker-0"), "it runs as before");
    bench.pass().await;
    assert_eq!(bench.update("worker-0").unwrap().phase, UpdatePhase::Failed);
    assert_eq!(bench.update("worker-1"), None);

    let later = fixtures::now() + SignedDuration::from_mins(6);
    bench.ctx = {
        let mut ctx = Arc::into_inner(bench.ctx).unwrap();
        ctx.clock = Clock::fixed(later);
        Arc::new(ctx)
    };
    bench.pass().await;
    let update = bench.update("worker-0").unwrap();
    assert_eq!((update.phase, update.message, update.was_cordoned), (UpdatePhase::Ordered, None, false));
    assert_eq!(bench.update("worker-1"), None);
}

#[tokio::test]
async fn nobody_is_uncordoned_whom_somebody_else_cordoned() {
    let mut bench = Bench::new();
    bench.pool.spec.management.upgrade_type = hoist_api::node_pool::management::UpgradeType::InPlace;
    let mut node: Node = bench.hosted.get("", "worker-0");
    node.spec.as_mut().unwrap().unschedulable = Some(true);
    bench.hosted.put(&node);
    bench.pass().await;
    bench.obey("worker-0");
    bench.pass().await;
    assert_eq!(bench.update("worker-0"), None);
    assert!(bench.is_cordoned("worker-0"));
}

#[tokio::test]
async fn only_a_failure_that_is_still_in_the_way_is_looked_at_again() {
    let bench = Bench::new();
    bench.pass().await;
    bench.fail("worker-0");
    let api: Api<Host> = Api::namespaced(bench.ctx.client.clone(), "clusters-demo");
    let hosts: Vec<Host> = HOSTS.iter().map(|name| bench.host(name)).collect();
    let nodes: Vec<Arc<Node>> = bench.nodes().into_iter().map(Arc::new).collect();
    let retry = async |target| roll_out(&bench.ctx, &bench.pool, &api, &hosts, &nodes, &target).await.unwrap();
    assert_eq!(retry(target()).await, Some(RETRY));
    let taken_back = Target { revision: "config-old".to_owned(), version: "1.35.4".to_owned() };
    assert_eq!(retry(taken_back).await, None);
}
