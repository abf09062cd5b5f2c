//! The one layer that tries again.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::{AwsPort, CloudError, ErrorClass, Request, Response};

/// How long and how often is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The first delay; each following one is twice as long.
    pub first_delay: Duration,
    /// The longest delay.
    pub longest_delay: Duration,
    /// No try starts later than this after the first, for errors that pass by themselves.
    pub give_up_after: Duration,
    /// The same where no connection could be made.
    pub unreachable_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            first_delay: Duration::from_millis(250),
            longest_delay: Duration::from_secs(20),
            give_up_after: Duration::from_secs(120),
            unreachable_after: Duration::from_secs(30),
        }
    }
}

/// Is told of each retry: the error, and the delay before the next try.
pub type OnRetry = Arc<dyn Fn(&CloudError, Duration) + Send + Sync>;

/// Tries again what is throttled, unavailable or not yet visible.
///
/// Every request is safe to send twice: EC2's writes carry client tokens, Auto Scaling's are
/// idempotent or answer `AlreadyExists` and `not found`, which the caller settles by reading.
pub struct Retrying {
    inner: Arc<dyn AwsPort>,
    policy: RetryPolicy,
    on_retry: OnRetry,
}

impl Retrying {
    /// Wraps a port.
    pub fn new(inner: Arc<dyn AwsPort>, policy: RetryPolicy, on_retry: OnRetry) -> Self {
        Self { inner, policy, on_retry }
    }
}

/// Spreads delays over half of their length, by a counter rather than by chance: many calls that
/// were throttled together do not come back together.
fn spread(delay: Duration) -> Duration {
    use std::sync::atomic::{AtomicU32, Ordering};
    static TURN: AtomicU32 = AtomicU32::new(0);
    let turn = TURN.fetch_add(1, Ordering::Relaxed) % 8;
    delay - delay / 16 * turn
}

#[async_trait]
impl AwsPort for Retrying {
    async fn call(&self, request: Request) -> Result<Response, CloudError> {
        let started = Instant::now();
        let mut delay = self.policy.first_delay;
        loop {
            let error = match self.inner.call(request.clone()).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let wait = match error.class {
                ErrorClass::Throttled | ErrorClass::Unavailable => spread(delay),
                ErrorClass::NotYet => delay.max(Duration::from_secs(1)),
                ErrorClass::Denied
                | ErrorClass::Invalid
                | ErrorClass::AlreadyExists
                | ErrorClass::NotFound
                | ErrorClass::InUse
                | ErrorClass::Limit
                | ErrorClass::Conflict => return Err(error),
            };
            let give_up_after = match error.code.as_str() {
                // Nobody is there at all: a wrong endpoint, no network.
                "Unreachable" => self.policy.unreachable_after,
                _ => self.policy.give_up_after,
            };
            if started.elapsed() + wait > give_up_after {
                return Err(error);
            }
            (self.on_retry)(&error, wait);
            tokio::time::sleep(wait).await;
            delay = (delay * 2).min(self.policy.longest_delay);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::{Aws, Operation, ops};

    /// Fails with one code so many times, then answers.
    struct Failing {
        code: &'static str,
        failures: AtomicU32,
        calls: AtomicU32,
    }

    #[async_trait]
    impl AwsPort for Failing {
        async fn call(&self, request: Request) -> Result<Response, CloudError> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            if self.failures.load(Ordering::Relaxed) > 0 {
                self.failures.fetch_sub(1, Ordering::Relaxed);
                return Err(CloudError::new(request.operation(), self.code, "x", Some(400)));
            }
            Ok(Response::GetCallerIdentity(ops::CallerIdentity::default()))
        }
    }

    async fn run(code: &'static str, failures: u32) -> (Result<(), ErrorClass>, u32) {
        let port = Arc::new(Failing {
            code,
            failures: AtomicU32::new(failures),
            calls: AtomicU32::new(0),
        });
        let policy = RetryPolicy::default();
        let aws = Aws::new(Arc::new(Retrying::new(port.clone(), policy, Arc::new(|_, _| {}))));
        let answer = aws.get_caller_identity(ops::GetCallerIdentity {}).await;
        (answer.map(|_| ()).map_err(|e| e.class), port.calls.load(Ordering::Relaxed))
    }

    #[tokio::test(start_paused = true)]
    async fn tries_again_what_passes_by_itself() {
        assert_eq!(run("Throttling", 3).await, (Ok(()), 4));
        assert_eq!(run("InternalError", 1).await, (Ok(()), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn does_not_try_again_what_stays() {
        assert_eq!(run("AccessDenied", 1).await, (Err(ErrorClass::Denied), 1));
        assert_eq!(run("ValidationError", 1).await, (Err(ErrorClass::Invalid), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn gives_up_in_the_end() {
        let (answer, calls) = run("Throttling", u32::MAX).await;
        assert_eq!(answer, Err(ErrorClass::Throttled));
        assert!((6..=20).contains(&calls), "{calls} calls");
    }

    #[test]
    fn a_profile_that_is_not_visible_yet_is_waited_for() {
        let message = "Invalid IAM Instance Profile name";
        let class =
            |operation| ErrorClass::classify(operation, "ValidationError", message, Some(400));
        assert_eq!(class(Operation::CreateAutoScalingGroup), ErrorClass::NotYet);
        assert_eq!(class(Operation::CreateOrUpdateTags), ErrorClass::Invalid);
    }
}
