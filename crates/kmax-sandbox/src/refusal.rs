//! What a service answers in place of a result.

use kmax_cloud::{CloudError, Operation};

/// An error as a service words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    code: String,
    message: String,
    status: u16,
}

impl Refusal {
    /// Refuses a call with a code and a message.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), status: 400 }
    }

    /// Refuses a call to Auto Scaling, whose one code for almost everything this is.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationError", message)
    }

    /// Refuses a parameter of a call to EC2.
    pub(crate) fn parameter(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValue", message)
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn into_error(self, operation: Operation) -> CloudError {
        CloudError::new(operation, self.code, self.message, Some(self.status))
    }
}
