//! The account behind the port.

use std::collections::VecDeque;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kmax_cloud::{AwsPort, CloudError, Effect, ErrorClass, Request, Response};

use crate::faults::{Fault, FaultKind, strike};
use crate::sandbox::Sandbox;
use crate::seed::Seed;
use crate::store::{FileStore, Store, StoreError};

/// What belongs to one user of the account.
#[derive(Default)]
struct Caller {
    faults: VecDeque<Fault>,
    has_crashed: bool,
    log: Vec<Request>,
}

/// Answers kmax from a sandbox. Clones are one user of it: they share faults and log.
#[derive(Clone)]
pub struct SandboxPort {
    store: Arc<Mutex<Store>>,
    caller: Arc<Mutex<Caller>>,
    /// Only tests read it, and they are in memory.
    is_logged: bool,
}

impl fmt::Debug for SandboxPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SandboxPort")
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic of another test thread says nothing about the value.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SandboxPort {
    /// Puts an account that lives in memory behind a port. The port writes a log of its calls.
    pub fn new(sandbox: Sandbox) -> Self {
        Self::of(Store::Memory(Box::new(sandbox)), true)
    }

    /// Opens the account that a file holds; where there is no file it is made from the seed.
    pub fn open(path: &Path, seed: &Seed) -> Result<Self, StoreError> {
        Ok(Self::of(Store::File(Box::new(FileStore::open(path, seed)?)), false))
    }

    /// Begins the account of a file anew, whatever the file holds.
    pub fn reset(path: &Path, seed: &Seed) -> Result<(), StoreError> {
        FileStore::reset(path, seed)
    }

    fn of(store: Store, is_logged: bool) -> Self {
        Self { store: Arc::new(Mutex::new(store)), caller: Arc::default(), is_logged }
    }

    /// Returns a port for another user of the same account, without faults, log or crash.
    #[must_use]
    pub fn sibling(&self) -> Self {
        let store = Arc::clone(&self.store);
        Self { store, caller: Arc::default(), is_logged: self.is_logged }
    }

    /// Orders faults for this user alone.
    #[must_use]
    pub fn with_faults(self, faults: impl IntoIterator<Item = Fault>) -> Self {
        locked(&self.caller).faults.extend(faults);
        self
    }

    /// Looks at the account or changes it, while nobody else does.
    pub fn with<R>(&self, f: impl FnOnce(&mut Sandbox) -> R) -> Result<R, StoreError> {
        locked(&self.store).with(f)
    }

    /// Returns the calls made so far, in memory only.
    pub fn calls(&self) -> Vec<Request> {
        locked(&self.caller).log.clone()
    }

    /// Returns the writes asked for so far, in memory only.
    pub fn writes(&self) -> Vec<Request> {
        let is_write = |request: &Request| request.operation().effect() == Effect::Write;
        self.calls().into_iter().filter(is_write).collect()
    }

    /// Returns whether an ordered crash has come.
    pub fn has_crashed(&self) -> bool {
        locked(&self.caller).has_crashed
    }

    fn answer(&self, request: &Request) -> Result<Response, CloudError> {
        let operation = request.operation();
        let mut caller = locked(&self.caller);
        if caller.has_crashed {
            return Err(crashed(request));
        }
        if self.is_logged {
            caller.log.push(request.clone());
        }
        let own = strike(&mut caller.faults, operation);
        let answer = locked(&self.store).with(|sandbox| {
            let kind = own.or_else(|| sandbox.strike(operation));
            match kind {
                None => sandbox.call(request),
                Some(FaultKind::Error { code, message, status }) => {
                    Err(CloudError::new(operation, code, message, status))
                }
                Some(FaultKind::LoseResponse) => {
                    // Whatever was answered is lost, a refusal as well.
                    let _ = sandbox.call(request);
                    let message = "the connection was closed before the answer came";
                    Err(CloudError::new(operation, "RequestTimeout", message, None))
                }
                Some(FaultKind::Crash { done }) => {
                    caller.has_crashed = true;
                    if done {
                        let _ = sandbox.call(request);
                    }
                    Err(crashed(request))
                }
            }
        });
        answer.unwrap_or_else(|error| Err(unusable(request, &error)))
    }
}

/// The caller is gone; nothing may try again.
fn crashed(request: &Request) -> CloudError {
    CloudError {
        operation: request.operation(),
        class: ErrorClass::Invalid,
        code: "Crashed".to_owned(),
        message: "a crash was ordered here".to_owned(),
    }
}

fn unusable(request: &Request, error: &StoreError) -> CloudError {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    message.push_str(&format!("; {}", error.hint()));
    CloudError {
        operation: request.operation(),
        class: ErrorClass::Invalid,
        code: "SandboxState".to_owned(),
        message,
    }
}

impl Sandbox {
    /// Puts the account behind a port.
    pub fn into_port(self) -> SandboxPort {
        SandboxPort::new(self)
    }

    /// Lets a call pass the faults that were ordered for all users.
    fn strike(&mut self, operation: kmax_cloud::Operation) -> Option<FaultKind> {
        if self.state.faults.is_empty() {
            return None;
        }
        let mut faults: VecDeque<Fault> = self.faults().into();
        let kind = strike(&mut faults, operation);
        self.clear_faults();
        for fault in faults {
            self.add_fault(fault);
        }
        kind
    }
}

#[async_trait]
impl AwsPort for SandboxPort {
    async fn call(&self, request: Request) -> Result<Response, CloudError> {
        // Calls that are made at once take turns, as they would on the way to AWS.
        tokio::task::yield_now().await;
        self.answer(&request)
    }
}
