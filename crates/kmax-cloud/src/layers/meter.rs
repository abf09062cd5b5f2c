//! Counts calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::{AwsPort, CloudError, Effect, Operation, Request, Response};

/// Calls by operation.
#[derive(Debug, Default)]
pub struct Meter {
    calls: Mutex<BTreeMap<Operation, u32>>,
}

impl Meter {
    fn count(&self, operation: Operation) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry(operation).or_default() += 1;
    }

    /// Returns the calls made so far, by IAM action.
    pub fn calls(&self) -> BTreeMap<String, u32> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().map(|(operation, count)| (operation.action(), *count)).collect()
    }

    /// Returns how many writes were made so far.
    pub fn writes(&self) -> u32 {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let writes = calls.iter().filter(|(operation, _)| operation.effect() == Effect::Write);
        writes.map(|(_, count)| count).sum()
    }
}

/// Counts the calls that pass.
pub struct Metered {
    inner: Arc<dyn AwsPort>,
    meter: Arc<Meter>,
}

impl Metered {
    /// Wraps a port.
    pub fn new(inner: Arc<dyn AwsPort>, meter: Arc<Meter>) -> Self {
        Self { inner, meter }
    }
}

#[async_trait]
impl AwsPort for Metered {
    async fn call(&self, request: Request) -> Result<Response, CloudError> {
        self.meter.count(request.operation());
        self.inner.call(request).await
    }
}
