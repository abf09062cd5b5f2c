//! An account in the sandbox, a lock, and the engine that works on them.

use std::collections::BTreeSet;
use std::sync::Arc;

use kmax_applier::{ApplyLock, Cancel, Settings, apply};
use kmax_cloud::{Aws, Clock, observe};
use kmax_config::{Config, Lock, LockState};
use kmax_model::{Address, ApplyReport, Plan, Snapshot};
use kmax_planner::{LockRequest, Options, lock_scope, plan, resolve_lock, scope};
use kmax_sandbox::{Fault, Sandbox, SandboxPort, Seed};

/// A clock that stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> u64 {
        1_800_000_000
    }
}

pub(crate) struct Account {
    pub(crate) port: SandboxPort,
    pub(crate) lock: Lock,
}

impl Account {
    pub(crate) fn new() -> Self {
        Self { port: Sandbox::new(&Seed::default()).into_port(), lock: Lock::default() }
    }

    /// Resolves lock entries, all that are asked for or none.
    pub(crate) async fn relock(
        &mut self,
        config: &Config,
        request: &LockRequest,
    ) -> Result<(), String> {
        let is_current = |pool| matches!(self.lock.entry(pool), LockState::Current(_));
        if *request == LockRequest::Missing && config.pools.iter().all(is_current) {
            return Ok(());
        }
        let aws = Aws::new(Arc::new(self.port.sibling()));
        let snapshot = observe(&aws, &lock_scope(config)).await;
        let outcome = resolve_lock(config, &self.lock, &snapshot, request);
        if !outcome.failed.is_empty() {
            return Err(format!("the lock does not resolve: {:#?}", outcome.failed));
        }
        self.lock = outcome.lock;
        Ok(())
    }

    /// Reads what a plan needs, through faults.
    pub(crate) async fn observe(&self, config: &Config, faults: Vec<Fault>) -> Snapshot {
        let port = self.port.sibling().with_faults(faults);
        observe(&Aws::new(Arc::new(port)), &scope(config, &self.lock)).await
    }

    pub(crate) async fn plan(&self, config: &Config) -> Plan {
        let snapshot = self.observe(config, Vec::new()).await;
        plan(config, &self.lock, &snapshot, &Options::default())
    }

    /// Carries out a plan; faults strike what follows after the lock is had.
    pub(crate) async fn carry_out(
        &self,
        plan: &Plan,
        faults: Vec<Fault>,
    ) -> Result<ApplyReport, String> {
        let port = self.port.sibling();
        let aws = Aws::new(Arc::new(port.clone()));
        let held = ApplyLock::acquire(&aws, Arc::new(Still), &plan.cluster, "a test", &plan.digest)
            .await
            .map_err(|error| error.to_string())?;
        let port = port.with_faults(faults);
        let allowed: BTreeSet<Address> = plan.changes.iter().map(|c| c.address.clone()).collect();
        // One change at a time, so that the sandbox gives the same ids in every run.
        let settings = Settings { parallelism: 1, ..Settings::default() };
        let events = Arc::new(|_| {});
        let report = apply(&aws, &held, plan, &allowed, &settings, &Cancel::new(), events).await;
        if port.has_crashed() {
            // Nobody is left to give the lock back; the next apply would wait for its end.
            let lock = Address::launch_template(kmax_applier::lock_name(&plan.cluster));
            let deleted = self.port.with(|sandbox| sandbox.delete(&lock));
            deleted.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        } else {
            held.release().await.map_err(|error| error.to_string())?;
        }
        Ok(report)
    }

    /// Locks what is missing, plans, and does everything.
    pub(crate) async fn apply(&mut self, config: &Config) -> Result<(), String> {
        self.relock(config, &LockRequest::Missing).await?;
        let plan = self.plan(config).await;
        if !plan.is_applyable() || !plan.is_complete() {
            return Err(format!("refused: {:#?}, unread: {:#?}", plan.refusals, plan.unread));
        }
        let report = self.carry_out(&plan, Vec::new()).await?;
        if report.done() == plan.changes.len() { Ok(()) } else { Err(format!("{report:#?}")) }
    }
}
