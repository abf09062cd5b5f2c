//! Faults to order: errors, lost answers, crashes.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use kmax_cloud::{ErrorClass, Operation};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A fault at one call or a row of calls.
///
/// Written `OPERATION[@NTH][xCOUNT]=KIND`: `CreateLaunchTemplate@2x3=Throttling`, `*=crash-after`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The operation; none is any.
    #[serde(with = "operation_name")]
    pub operation: Option<Operation>,
    /// The first call that it strikes, counted from when it was ordered, from 1.
    pub nth: u32,
    /// How many calls in a row it strikes.
    pub count: u32,
    /// What happens.
    pub kind: FaultKind,
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The call is refused and not done.
    Error {
        /// The code.
        code: String,
        /// The message.
        message: String,
        /// The HTTP status; none where there was no answer.
        status: Option<u16>,
    },
    /// The call is done and its answer is lost.
    LoseResponse,
    /// The caller ends here: every further call through the same port fails for good.
    Crash {
        /// Whether the call is done.
        done: bool,
    },
}

impl FaultKind {
    /// Makes an error of a code.
    pub fn error(code: impl Into<String>, message: impl Into<String>, status: u16) -> Self {
        Self::Error { code: code.into(), message: message.into(), status: Some(status) }
    }

    /// Makes a typical error of a class.
    pub fn of_class(class: ErrorClass) -> Self {
        match class {
            ErrorClass::Throttled => Self::error("Throttling", "Rate exceeded", 400),
            ErrorClass::Unavailable => {
                Self::error("ServiceUnavailable", "The service is unavailable.", 503)
            }
            ErrorClass::NotYet => {
                Self::error("ValidationError", "Invalid IAM Instance Profile name", 400)
            }
            ErrorClass::Denied => {
                Self::error("AccessDenied", "User is not authorized to perform this.", 403)
            }
            ErrorClass::Invalid => Self::error("ValidationError", "The request is invalid.", 400),
            ErrorClass::AlreadyExists => Self::error("AlreadyExists", "It already exists.", 400),
            ErrorClass::NotFound => {
                Self::error("ResourceNotFoundException", "It does not exist.", 404)
            }
            ErrorClass::InUse => Self::error("ResourceInUse", "It is in use.", 400),
            ErrorClass::Limit => Self::error("LimitExceeded", "The quota is used up.", 400),
            ErrorClass::Conflict => Self::error(
                "IdempotentParameterMismatch",
                "Client token already used before with different request parameters",
                400,
            ),
        }
    }
}

impl Fault {
    /// Orders a fault at the next call of any operation.
    pub fn new(kind: FaultKind) -> Self {
        Self { operation: None, nth: 1, count: 1, kind }
    }

    /// Narrows it to one operation.
    #[must_use]
    pub fn on(self, operation: Operation) -> Self {
        Self { operation: Some(operation), ..self }
    }

    /// Puts it off to the n-th call.
    #[must_use]
    pub fn nth(self, nth: u32) -> Self {
        Self { nth, ..self }
    }

    /// Has it strike so many calls in a row.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { count, ..self }
    }
}

/// Lets a call pass the faults: what strikes it, and whether the list has changed.
///
/// Of several that are due the first strikes; the others wait for the next call.
pub(crate) fn strike(faults: &mut VecDeque<Fault>, operation: Operation) -> Option<FaultKind> {
    let mut struck = None;
    for fault in faults.iter_mut() {
        if fault.operation.is_some_and(|wanted| wanted != operation) {
            continue;
        }
        if fault.nth > 1 {
            fault.nth -= 1;
        } else if struck.is_none() && fault.count > 0 {
            struck = Some(fault.kind.clone());
            fault.count -= 1;
        }
    }
    faults.retain(|fault| fault.count > 0);
    struck
}

/// A text orders no fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` orders no fault: {why}")]
pub struct ParseFaultError {
    text: String,
    why: String,
}

impl ParseFaultError {
    /// Returns how a fault is ordered.
    pub fn hint(&self) -> String {
        "write OPERATION[@NTH][xCOUNT]=KIND, where OPERATION is `*` or such as \
         `CreateLaunchTemplate`, and KIND is an error code such as `Throttling`, `lose-response`, \
         `crash-before` or `crash-after`"
            .to_owned()
    }
}

/// Finds an operation by AWS's name, with or without its service.
fn operation_named(name: &str) -> Option<Operation> {
    let all = Operation::ALL.iter().copied();
    all.into_iter().find(|operation| operation.action() == name || operation.name() == name)
}

fn status_of(code: &str) -> u16 {
    match code {
        "InternalError" | "InternalFailure" | "ResourceContention" => 500,
        "ServiceUnavailable" | "Unavailable" | "RequestLimitExceeded" => 503,
        "AccessDenied" | "UnauthorizedOperation" => 403,
        _ => 400,
    }
}

impl FromStr for Fault {
    type Err = ParseFaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |why: &str| ParseFaultError { text: text.to_owned(), why: why.to_owned() };
        let (call, kind) = text.split_once('=').ok_or_else(|| refused("there is no `=`"))?;
        let (name, nth, count) = match call.split_once('@') {
            Some((name, rest)) => {
                let (nth, count) = rest.split_once('x').unwrap_or((rest, "1"));
                (name, nth, count)
            }
            None => match call.rsplit_once('x') {
                Some((name, count)) if count.parse::<u32>().is_ok() => (name, "1", count),
                Some(_) | None => (call, "1", "1"),
            },
        };
        let number = |text: &str| match text.parse::<u32>() {
            Ok(number) if number > 0 => Ok(number),
            Ok(_) | Err(_) => Err(refused(&format!("`{text}` is not a number from 1"))),
        };
        let operation = match name {
            "*" => None,
            name => Some(
                operation_named(name)
                    .ok_or_else(|| refused(&format!("no operation is called `{name}`")))?,
            ),
        };
        let kind = match kind {
            "" => return Err(refused("nothing follows the `=`")),
            "lose-response" => FaultKind::LoseResponse,
            "crash-before" => FaultKind::Crash { done: false },
            "crash-after" => FaultKind::Crash { done: true },
            code => FaultKind::error(code, "ordered in the sandbox", status_of(code)),
        };
        Ok(Self { operation, nth: number(nth)?, count: number(count)?, kind })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, nth, count, kind } = self;
        match operation {
            Some(operation) => f.write_str(&operation.action())?,
            None => f.write_str("*")?,
        }
        write!(f, "@{nth}x{count}=")?;
        match kind {
            FaultKind::Error { code, .. } => f.write_str(code),
            FaultKind::LoseResponse => f.write_str("lose-response"),
            FaultKind::Crash { done: false } => f.write_str("crash-before"),
            FaultKind::Crash { done: true } => f.write_str("crash-after"),
        }
    }
}

mod operation_name {
    use super::{Deserialize, Deserializer, Operation, Serialize, Serializer, operation_named};

    #[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
    pub(super) fn serialize<S: Serializer>(
        operation: &Option<Operation>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        operation.map(Operation::action).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Operation>, D::Error> {
        let name = Option::<String>::deserialize(deserializer)?;
        let unknown =
            |name: &str| serde::de::Error::custom(format!("no operation is called `{name}`"));
        name.map(|name| operation_named(&name).ok_or_else(|| unknown(&name))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let texts = [
            "*@1x1=crash-after",
            "ec2:CreateLaunchTemplate@2x3=Throttling",
            "autoscaling:DeleteTags@1x1=lose-response",
            "*@7x1=crash-before",
        ];
        for text in texts {
            let fault: Fault = text.parse().expect(text);
            assert_eq!(fault.to_string(), text);
            let json = serde_json::to_string(&fault).expect("a fault is JSON");
            assert_eq!(serde_json::from_str::<Fault>(&json).expect("and back"), fault);
        }
        let short: Fault = "CreateLaunchTemplatex2=Throttling".parse().expect("a fault");
        assert_eq!((short.nth, short.count), (1, 2));
    }

    #[test]
    fn refuses_what_orders_nothing() {
        for text in ["", "x", "Nothing=Throttling", "*@0=x", "*@ax1=x", "*="] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }

    #[test]
    fn strikes_the_nth_call_so_many_times() {
        let operation = Operation::CreateTags;
        let fault = Fault::new(FaultKind::LoseResponse).on(operation).nth(2).times(2);
        let mut faults = VecDeque::from([fault]);
        let struck: Vec<bool> = [
            Operation::CreateTags,
            Operation::DeleteGroupTags,
            Operation::CreateTags,
            Operation::CreateTags,
            Operation::CreateTags,
        ]
        .into_iter()
        .map(|operation| strike(&mut faults, operation).is_some())
        .collect();
        assert_eq!(struck, [false, false, true, true, false]);
        assert!(faults.is_empty());
    }

    #[test]
    fn errors_of_a_class_are_of_the_class() {
        for class in ErrorClass::ALL {
            let FaultKind::Error { code, message, status } = FaultKind::of_class(class) else {
                panic!("{class:?} is an error");
            };
            let operation = Operation::CreateAutoScalingGroup;
            assert_eq!(ErrorClass::classify(operation, &code, &message, status), class);
        }
    }
}
