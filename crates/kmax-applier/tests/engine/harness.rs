//! A cluster in the sandbox and the engine that works on it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use kmax_applier::{ApplyLock, Cancel, LockError, Settings, apply};
use kmax_cloud::{Aws, AwsPort, Clock, RetryPolicy, Retrying, observe};
use kmax_config::{Config, Lock, LockState};
use kmax_model::{Address, ApplyReport, Arch, AutoScalingGroup, ClusterRef, Event, Plan, Snapshot};
use kmax_planner::{LockRequest, Options, drift, lock_scope, plan, resolve_lock, scope};
use kmax_sandbox::{Sandbox, SandboxPort, Seed};

use crate::account::Account;

/// The head of every config here.
pub(crate) const HEAD: &str = r#"
format = 1

[cluster]
name = "adx-prod"
region = "us-east-1"
account = "123456789012"
version = "1.34"
role = "kmax"
vpc = "vpc-0a1b2c3d4e5f60718"
subnets = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb", "subnet-0cccccccccccccccc"]
security_groups = ["spotmax-kmax-master-sg"]

[defaults]
security_groups = ["spotmax-kmax-worknode-sg"]
node_role = "kmax-worknode"
instance_profile = "kmax-worknode"
"#;

/// Two pools.
pub(crate) const TWO_POOLS: &str = r#"
[teams.dsp]
tags = { cost-center = "1001" }
[teams.dsp.pools]
8c64g = { max = 60 }
[teams.adn.pools]
small = { capacity_type = "ondemand", max = 10 }
"#;

/// A clock that tests move.
#[derive(Default)]
pub(crate) struct TestClock(AtomicU64);

impl TestClock {
    pub(crate) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> u64 {
        1_800_000_000 + self.0.load(Ordering::SeqCst)
    }
}

/// One account, one config, one engine.
pub(crate) struct Engine {
    pub(crate) port: SandboxPort,
    pub(crate) config: Config,
    pub(crate) lock: Lock,
    pub(crate) options: Options,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) settings: Settings,
    pub(crate) cancel: Cancel,
    pub(crate) events: Arc<Mutex<Vec<Event>>>,
}

pub(crate) fn parse(body: &str) -> Config {
    let text = format!("{HEAD}{body}");
    match Config::parse("kmax.toml", &text, &|path| Err(format!("no file {path}"))) {
        Ok(config) => config,
        Err(error) => panic!("{error}"),
    }
}

/// An image that no release names.
pub(crate) const OWN_IMAGE: &str = "ami-0123456789abcdef0";

fn seed() -> Seed {
    let mut seed = Seed::default();
    seed.instance_profiles.insert("other".to_owned(), "kmax-worknode".to_owned());
    seed.images.insert(OWN_IMAGE.to_owned(), Arch::X86_64);
    seed
}

impl Engine {
    /// Makes an account and locks the pools of a config.
    pub(crate) async fn new(body: &str) -> Self {
        let mut engine = Self {
            port: Sandbox::new(&seed()).into_port(),
            config: parse(body),
            lock: Lock::default(),
            options: Options::default(),
            clock: Arc::default(),
            settings: Settings::default(),
            cancel: Cancel::new(),
            events: Arc::default(),
        };
        engine.relock(&LockRequest::Missing).await;
        engine
    }

    /// Returns the same engine with a copy of the account.
    pub(crate) fn fork(&self) -> Self {
        let clock = TestClock(AtomicU64::new(self.clock.0.load(Ordering::SeqCst)));
        Self {
            port: self.port.with(|sandbox| sandbox.clone()).unwrap().into_port(),
            config: self.config.clone(),
            lock: self.lock.clone(),
            options: self.options.clone(),
            clock: Arc::new(clock),
            settings: self.settings.clone(),
            cancel: Cancel::new(),
            events: Arc::default(),
        }
    }

    /// Returns another engine on the same account, with the same clock and a config of its own.
    pub(crate) async fn beside(&self, body: &str) -> Self {
        let mut engine = Self {
            port: self.port.sibling(),
            config: self.config.clone(),
            lock: self.lock.clone(),
            options: self.options.clone(),
            clock: Arc::clone(&self.clock),
            settings: self.settings.clone(),
            cancel: Cancel::new(),
            events: Arc::default(),
        };
        engine.reconfigure(body).await;
        engine
    }

    /// Returns the account as it is.
    pub(crate) fn account(&self) -> Account {
        Account::read(&self.port)
    }

    /// Changes the config, and locks what is new.
    pub(crate) async fn reconfigure(&mut self, body: &str) {
        self.config = parse(body);
        self.relock(&LockRequest::Missing).await;
    }

    pub(crate) async fn relock(&mut self, request: &LockRequest) {
        let is_current = |pool| matches!(self.lock.entry(pool), LockState::Current(_));
        if *request == LockRequest::Missing && self.config.pools.iter().all(is_current) {
            self.lock.pools.retain(|id, _| self.config.pool(id).is_some());
            return;
        }
        let snapshot = observe(&Self::aws(&self.port.sibling()), &lock_scope(&self.config)).await;
        let outcome = resolve_lock(&self.config, &self.lock, &snapshot, request);
        assert_eq!(outcome.failed, [], "the lock resolves");
        self.lock = outcome.lock;
    }

    /// Returns the engine's way to the account: with the one layer of retries.
    pub(crate) fn aws(port: &SandboxPort) -> Aws {
        let retrying =
            Retrying::new(Arc::new(port.clone()), RetryPolicy::default(), Arc::new(|_, _| {}));
        Aws::new(Arc::new(retrying))
    }

    pub(crate) async fn snapshot_through(&self, port: &SandboxPort) -> Snapshot {
        observe(&Self::aws(port), &scope(&self.config, &self.lock)).await
    }

    pub(crate) async fn plan_through(&self, port: &SandboxPort) -> Plan {
        let snapshot = self.snapshot_through(port).await;
        plan(&self.config, &self.lock, &snapshot, &self.options)
    }

    /// Plans.
    pub(crate) async fn plan(&self) -> Plan {
        self.plan_through(&self.port.sibling()).await
    }

    /// Carries out a plan through a port of its own.
    pub(crate) async fn apply_plan(
        &self,
        port: &SandboxPort,
        plan: &Plan,
    ) -> Result<ApplyReport, LockError> {
        self.apply_over(Arc::new(port.clone()), plan, &plan.cluster).await
    }

    /// Carries out a plan through any port, under the lock of a cluster.
    pub(crate) async fn apply_over(
        &self,
        port: Arc<dyn AwsPort>,
        plan: &Plan,
        locked: &ClusterRef,
    ) -> Result<ApplyReport, LockError> {
        let retrying = Retrying::new(port, RetryPolicy::default(), Arc::new(|_, _| {}));
        let aws = Aws::new(Arc::new(retrying));
        let clock: Arc<dyn Clock> = self.clock.clone();
        let held = ApplyLock::acquire(&aws, clock, locked, "a test", &plan.digest).await?;
        let allowed: BTreeSet<Address> = plan.changes.iter().map(|c| c.address.clone()).collect();
        let events = Arc::clone(&self.events);
        let report = apply(
            &aws,
            &held,
            plan,
            &allowed,
            &self.settings,
            &self.cancel,
            Arc::new(move |event| events.lock().unwrap().push(event)),
        )
        .await;
        // A crash leaves the lock; its end is a matter of time.
        let _ = held.release().await;
        Ok(report)
    }

    /// Plans and applies, and demands that every change is done.
    pub(crate) async fn converge(&self) -> Plan {
        let port = self.port.sibling();
        let plan = self.plan_through(&port).await;
        assert_eq!(plan.refusals, [], "nothing is refused");
        assert_eq!(plan.unread, [], "all is read");
        let report = self.apply_plan(&port, &plan).await.unwrap();
        assert_eq!(report.done(), plan.changes.len(), "every change is done: {report:#?}");
        plan
    }

    /// Demands that nothing is left to do, and that nobody is said to have changed anything.
    pub(crate) async fn assert_converged(&self) {
        let plan = self.plan().await;
        assert_eq!(plan.changes, [], "the plan is empty");
        assert_eq!(plan.refusals, []);
        assert!(drift(&plan).is_empty(), "{:#?}", drift(&plan));
    }

    /// Changes the account by hand.
    pub(crate) fn tamper(&self, assignment: &str) {
        self.port.with(|sandbox| sandbox.assign(assignment)).unwrap().unwrap();
    }

    pub(crate) fn scale(&self, group: &str, desired: u32) {
        self.port.with(|sandbox| sandbox.scale(group, desired)).unwrap().unwrap();
    }

    pub(crate) fn group(&self, name: &str) -> AutoScalingGroup {
        self.port.with(|sandbox| sandbox.groups()).unwrap().remove(name).unwrap()
    }
}

/// Writes a plan's changes, one a line, for assertions.
pub(crate) fn lines(plan: &Plan) -> Vec<String> {
    let fields = |change: &kmax_model::Change| {
        let field = |f: &kmax_model::FieldChange| format!("{} ({})", f.path, f.reason.as_str());
        change.fields.iter().map(field).collect::<Vec<_>>().join(", ")
    };
    let line = |change: &kmax_model::Change| {
        format!("{} {}: {}", change.action.as_str(), change.address, fields(change))
    };
    plan.changes.iter().map(line).collect()
}
