//! What every step of an apply has at hand.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kmax_cloud::{Aws, CloudError, ErrorClass, ops};
use kmax_model::fields::{Fields, differences};
use kmax_model::{Address, AutoScalingGroup, Digest, Event, LaunchTemplate, Outcome};
use tokio::time::Instant;

use crate::{ApplyLock, Cancel, LockError};

/// Is told of every event.
pub type Events = Arc<dyn Fn(Event) + Send + Sync>;

/// How an apply runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many changes are carried out at the same time. Most of them wait for a token of their
    /// next call; with fewer, the rates that the buckets allow are not used.
    pub parallelism: usize,
    /// How long news may take to be seen, and a group to be gone.
    pub wait: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { parallelism: 40, wait: Duration::from_secs(300) }
    }
}

/// Why a step did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StepError {
    /// A call failed.
    Cloud(CloudError),
    /// What lives is not what was planned on.
    Refused { rule: &'static str, message: String, hint: &'static str },
    /// Something did not come about in time.
    TimedOut(String),
    /// The run was cancelled.
    Cancelled,
    /// The lock was lost: the whole run stops.
    Lock(LockError),
}

impl From<CloudError> for StepError {
    fn from(error: CloudError) -> Self {
        Self::Cloud(error)
    }
}

impl StepError {
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::Cloud(error) => Outcome::Failed { error: error.to_string(), hint: error.hint() },
            Self::Refused { rule, message, hint } => {
                Outcome::Refused { rule: rule.to_owned(), message, hint: Some(hint.to_owned()) }
            }
            Self::TimedOut(what) => Outcome::Failed {
                error: what,
                hint: Some("run apply again: it goes on from there".to_owned()),
            },
            Self::Cancelled => Outcome::Cancelled,
            Self::Lock(error) => Outcome::Failed { error: error.to_string(), hint: error.hint() },
        }
    }
}

pub(crate) struct Context<'a> {
    pub(crate) aws: &'a Aws,
    pub(crate) lock: &'a ApplyLock,
    pub(crate) plan_digest: &'a Digest,
    pub(crate) settings: &'a Settings,
    cancel: &'a Cancel,
    events: Events,
    wrote: AtomicBool,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        aws: &'a Aws,
        lock: &'a ApplyLock,
        plan_digest: &'a Digest,
        settings: &'a Settings,
        cancel: &'a Cancel,
        events: Events,
    ) -> Self {
        Self { aws, lock, plan_digest, settings, cancel, events, wrote: AtomicBool::new(false) }
    }

    pub(crate) fn emit(&self, event: Event) {
        (self.events)(event);
    }

    pub(crate) fn step(&self, address: &Address, message: impl Into<String>) {
        self.emit(Event::Step { address: address.clone(), message: message.into() });
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    pub(crate) fn wrote(&self) -> bool {
        self.wrote.load(Ordering::SeqCst)
    }

    /// Makes a call, unless the run was cancelled or its lock is lost.
    pub(crate) async fn read<T>(
        &self,
        call: impl Future<Output = Result<T, CloudError>>,
    ) -> Result<T, StepError> {
        if self.cancel.is_cancelled() {
            return Err(StepError::Cancelled);
        }
        self.lock.hold().await.map_err(StepError::Lock)?;
        Ok(call.await?)
    }

    /// Makes a call that writes.
    pub(crate) async fn write<T>(
        &self,
        call: impl Future<Output = Result<T, CloudError>>,
    ) -> Result<T, StepError> {
        let answer = self.read(call).await;
        let may_have_written = match &answer {
            Ok(_) => true,
            // It may have gone through all the same.
            Err(StepError::Cloud(error)) => error.class == ErrorClass::Unavailable,
            Err(
                StepError::Refused { .. }
                | StepError::TimedOut(_)
                | StepError::Cancelled
                | StepError::Lock(_),
            ) => false,
        };
        if may_have_written {
            self.wrote.store(true, Ordering::SeqCst);
        }
        answer
    }

    /// Derives a client token from this run's lock, the address and the call.
    pub(crate) fn client_token(&self, address: &Address, call: &str) -> String {
        let digest = Digest::of(&(self.lock.id(), address, call));
        format!("kmax-{}", &digest.as_str()["sha256:".len()..][..40])
    }

    pub(crate) async fn find_template(
        &self,
        name: &str,
    ) -> Result<Option<LaunchTemplate>, StepError> {
        let input =
            ops::DescribeLaunchTemplates { names: vec![name.to_owned()], ..Default::default() };
        let page = self.read(self.aws.describe_launch_templates(input)).await?;
        Ok(page.items.into_iter().find(|template| template.name == name))
    }

    pub(crate) async fn find_group(
        &self,
        name: &str,
    ) -> Result<Option<AutoScalingGroup>, StepError> {
        let input =
            ops::DescribeAutoScalingGroups { names: vec![name.to_owned()], ..Default::default() };
        let page = self.read(self.aws.describe_auto_scaling_groups(input)).await?;
        Ok(page.items.into_iter().find(|group| group.name == name))
    }

    /// Asks again and again until there is an answer.
    pub(crate) async fn wait_for<T>(
        &self,
        what: &str,
        mut ask: impl AsyncFnMut() -> Result<Option<T>, StepError>,
    ) -> Result<T, StepError> {
        let started = Instant::now();
        let mut delay = Duration::from_millis(200);
        loop {
            if let Some(answer) = ask().await? {
                return Ok(answer);
            }
            if started.elapsed() + delay > self.settings.wait {
                return Err(StepError::TimedOut(format!(
                    "{what} within {} seconds",
                    self.settings.wait.as_secs()
                )));
            }
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(Duration::from_secs(5));
        }
    }
}

/// Refuses to write to an object that is not as it was planned on.
pub(crate) fn unchanged(
    address: &Address,
    planned: &Fields,
    live: &Fields,
) -> Result<(), StepError> {
    let moved = differences(planned, live, "when it was planned");
    if moved.is_empty() {
        return Ok(());
    }
    Err(StepError::Refused {
        rule: "stale-plan",
        message: format!("{address}: {}", moved.join("; ")),
        hint: "somebody changed it meanwhile: plan again",
    })
}

/// Refuses to go on with an object that is gone or that came up meanwhile.
pub(crate) fn moved(address: &Address, how: &str) -> StepError {
    StepError::Refused {
        rule: "stale-plan",
        message: format!("{address} {how}"),
        hint: "somebody changed it meanwhile: plan again",
    }
}
