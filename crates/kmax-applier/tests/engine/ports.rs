//! A port around the sandbox's, by which runs are interleaved.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kmax_applier::LockError;
use kmax_cloud::{AwsPort, CloudError, Request, Response};
use kmax_model::{ApplyReport, Plan};
use kmax_sandbox::SandboxPort;
use tokio::sync::watch;

use crate::harness::Engine;

/// Lets so many calls pass and holds the next, until it is told to let more pass.
pub(crate) struct Gate {
    inner: SandboxPort,
    passed: AtomicUsize,
    open: watch::Sender<usize>,
    held: watch::Sender<bool>,
}

impl Gate {
    pub(crate) fn new(inner: SandboxPort) -> Self {
        let (open, held) = (watch::Sender::new(0), watch::Sender::new(false));
        Self { inner, passed: AtomicUsize::new(0), open, held }
    }

    /// Lets so many calls pass, all in all.
    pub(crate) fn open(&self, calls: usize) {
        self.held.send_replace(false);
        self.open.send_replace(calls);
    }

    /// Waits until a call is held; in vain where the run ends before.
    pub(crate) async fn is_held(&self) {
        let mut held = self.held.subscribe();
        let _ = tokio::time::timeout(Duration::from_secs(3_600), held.wait_for(|held| *held)).await;
    }
}

#[async_trait]
impl AwsPort for Gate {
    async fn call(&self, request: Request) -> Result<Response, CloudError> {
        let number = self.passed.fetch_add(1, Ordering::SeqCst);
        let mut open = self.open.subscribe();
        if *open.borrow_and_update() <= number {
            self.held.send_replace(true);
            let _ = open.wait_for(|open| *open > number).await;
        }
        self.inner.call(request).await
    }
}

/// Runs an apply and has something else happen before its n-th call, counted from 1.
pub(crate) async fn apply_around<T>(
    engine: &Engine,
    port: &SandboxPort,
    plan: &Plan,
    n: usize,
    act: impl Future<Output = T>,
) -> (Result<ApplyReport, LockError>, T) {
    let gate = Arc::new(Gate::new(port.clone()));
    gate.open(n - 1);
    let schedule = async {
        gate.is_held().await;
        let answer = act.await;
        gate.open(usize::MAX);
        answer
    };
    tokio::join!(engine.apply_over(gate.clone(), plan, &plan.cluster), schedule)
}
