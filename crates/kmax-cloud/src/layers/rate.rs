//! A client-side token bucket for each operation, below AWS's own, and a bound on how many calls a
//! service has in flight.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::{AwsPort, CloudError, Effect, Operation, Request, Response, Service};

/// How many calls of an operation may be made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// At once, after a rest.
    pub burst: f64,
    /// A second, in the long run.
    pub per_second: f64,
}

impl Rates {
    /// Returns the rates of an operation.
    ///
    /// EC2 publishes, per API: 100 tokens and 20 a second for reads by page, 50 and 5 for writes.
    /// Auto Scaling publishes none; what Cluster Autoscaler and others call beside kmax has to fit
    /// in as well. Four fifths of EC2's, and as much of Auto Scaling as of EC2's writes.
    pub fn of(operation: Operation) -> Self {
        match (operation.service(), operation.effect()) {
            (Service::Ec2, Effect::Read) => Self { burst: 80.0, per_second: 16.0 },
            (Service::Ec2, Effect::Write) => Self { burst: 40.0, per_second: 4.0 },
            (
                Service::AutoScaling | Service::Eks | Service::Iam | Service::Ssm | Service::Sts,
                Effect::Read,
            ) => Self { burst: 40.0, per_second: 8.0 },
            (
                Service::AutoScaling | Service::Eks | Service::Iam | Service::Ssm | Service::Sts,
                Effect::Write,
            ) => Self { burst: 40.0, per_second: 4.0 },
        }
    }
}

/// How many calls a service has in flight at most.
const IN_FLIGHT: usize = 16;

struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

/// Holds calls back so that AWS need not.
pub struct RateLimited {
    inner: Arc<dyn AwsPort>,
    buckets: Mutex<BTreeMap<Operation, Bucket>>,
    in_flight: BTreeMap<Service, Semaphore>,
}

impl RateLimited {
    /// Wraps a port.
    pub fn new(inner: Arc<dyn AwsPort>) -> Self {
        let services = Operation::ALL.iter().map(|operation| operation.service());
        let in_flight = services.map(|service| (service, Semaphore::new(IN_FLIGHT))).collect();
        Self { inner, buckets: Mutex::default(), in_flight }
    }

    /// Takes a token, maybe one of the future, and returns how long to wait for it.
    fn take(&self, operation: Operation) -> Duration {
        let rates = Rates::of(operation);
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket =
            buckets.entry(operation).or_insert(Bucket { tokens: rates.burst, filled_at: now });
        let gained = now.duration_since(bucket.filled_at).as_secs_f64() * rates.per_second;
        bucket.tokens = (bucket.tokens + gained).min(rates.burst) - 1.0;
        bucket.filled_at = now;
        Duration::from_secs_f64((-bucket.tokens / rates.per_second).max(0.0))
    }
}

#[async_trait]
impl AwsPort for RateLimited {
    async fn call(&self, request: Request) -> Result<Response, CloudError> {
        let wait = self.take(request.operation());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        // The semaphores are never closed: without a permit there is no service of that name.
        let _permit = match self.in_flight.get(&request.operation().service()) {
            Some(slots) => slots.acquire().await.ok(),
            None => None,
        };
        self.inner.call(request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Aws, ops};

    struct Answers;

    #[async_trait]
    impl AwsPort for Answers {
        async fn call(&self, _: Request) -> Result<Response, CloudError> {
            Ok(Response::CreateTags(()))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_the_rest_comes_at_the_rate() {
        let aws = Aws::new(Arc::new(RateLimited::new(Arc::new(Answers))));
        let rates = Rates::of(Operation::CreateTags);
        let started = Instant::now();
        let calls = |count: u32| {
            let aws = aws.clone();
            async move {
                for _ in 0..count {
                    aws.create_tags(ops::CreateTags::default()).await.unwrap();
                }
            }
        };
        calls(rates.burst as u32).await;
        assert_eq!(started.elapsed(), Duration::ZERO);
        calls(rates.per_second as u32 * 10).await;
        let seconds = started.elapsed().as_secs_f64();
        assert!((9.9..10.1).contains(&seconds), "{seconds}");
    }
}
