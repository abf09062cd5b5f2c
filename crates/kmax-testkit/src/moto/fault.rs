//! Faults that a test orders.

use serde::Serialize;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The service's own throttling error.
    Throttle,
    /// An internal error, status 500.
    #[serde(rename = "http_500")]
    Http500,
    /// The service is unavailable, status 503.
    #[serde(rename = "http_503")]
    Http503,
    /// The service's own error of missing permissions.
    Deny,
    /// The error that `code`, `message` and `status` say.
    Error,
    /// Nothing but the delay.
    Slow,
    /// The connection is cut before the call is done.
    LoseRequest,
    /// The connection is cut after the call was done.
    LoseResponse,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// `CreateLaunchTemplate`, `ec2:CreateLaunchTemplate`, `ec2:*` or `*`.
    pub operation: String,
    /// The first call that is hit, counted from 1.
    pub nth: u32,
    /// How many calls are hit; none is no end.
    pub count: Option<u32>,
    /// The chance of each call.
    pub probability: f64,
    /// Waits so long before.
    pub delay_ms: u32,
    /// The code of [`FaultKind::Error`].
    pub code: String,
    /// The message of [`FaultKind::Error`].
    pub message: String,
    /// The HTTP status of [`FaultKind::Error`]; the code's usual one where none.
    pub status: Option<u16>,
}

impl Fault {
    /// Hits the next call of an operation.
    pub fn once(kind: FaultKind, operation: impl Into<String>) -> Self {
        Self {
            kind,
            operation: operation.into(),
            nth: 1,
            count: Some(1),
            probability: 1.0,
            delay_ms: 0,
            code: "InternalError".to_owned(),
            message: "An error was ordered.".to_owned(),
            status: None,
        }
    }

    /// Hits the next call of an operation with an error of this code.
    pub fn error(operation: impl Into<String>, code: impl Into<String>) -> Self {
        Self { code: code.into(), ..Self::once(FaultKind::Error, operation) }
    }
}
