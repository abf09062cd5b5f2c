//! Errors of AWS, classified by what can be done about them.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Operation;

/// What an error means for the one who called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// Too many calls: later.
    Throttled,
    /// The service failed or could not be reached; the call may or may not have gone through.
    Unavailable,
    /// Something made just before is not visible yet: a little later.
    NotYet,
    /// Permissions are missing.
    Denied,
    /// The call itself is wrong.
    Invalid,
    /// An object of that name is there.
    AlreadyExists,
    /// There is no such object.
    NotFound,
    /// The object can't be touched now.
    InUse,
    /// A quota is used up.
    Limit,
    /// A client token came back with another body.
    Conflict,
}

impl ErrorClass {
    /// All classes.
    pub const ALL: [Self; 10] = [
        Self::Throttled,
        Self::Unavailable,
        Self::NotYet,
        Self::Denied,
        Self::Invalid,
        Self::AlreadyExists,
        Self::NotFound,
        Self::InUse,
        Self::Limit,
        Self::Conflict,
    ];

    /// Classifies an error by operation, code, message and, where there was an answer at all, HTTP
    /// status.
    ///
    /// The codes are those of the EC2, Auto Scaling, EKS, IAM, SSM and STS API references.
    pub fn classify(operation: Operation, code: &str, message: &str, status: Option<u16>) -> Self {
        match code {
            "RequestLimitExceeded"
            | "EC2ThrottledException"
            | "Throttling"
            | "ThrottlingException"
            | "TooManyRequestsException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "PriorRequestNotComplete"
            | "SlowDown" => Self::Throttled,
            "InternalError"
            | "InternalFailure"
            | "InternalServerError"
            | "ServerException"
            | "Unavailable"
            | "ServiceUnavailable"
            | "ServiceUnavailableException"
            | "ResourceContention"
            | "ServiceLinkedRoleFailure"
            | "RequestTimeout" => Self::Unavailable,
            "UnauthorizedOperation"
            | "AccessDenied"
            | "AccessDeniedException"
            | "AuthFailure"
            | "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "SignatureDoesNotMatch"
            | "OptInRequired" => Self::Denied,
            "InvalidLaunchTemplateName.AlreadyExistsException"
            | "AlreadyExists"
            | "AlreadyExistsFault"
            | "EntityAlreadyExists" => Self::AlreadyExists,
            "InvalidLaunchTemplateName.NotFoundException"
            | "InvalidLaunchTemplateId.NotFound"
            | "InvalidLaunchTemplateId.NotFoundException"
            | "InvalidLaunchTemplateId.VersionNotFound"
            | "InvalidAMIID.NotFound"
            | "InvalidSubnetID.NotFound"
            | "InvalidInstanceID.NotFound"
            | "ResourceNotFoundException"
            | "NoSuchEntity"
            | "ParameterNotFound" => Self::NotFound,
            "ResourceInUse" | "ResourceInUseFault" | "ResourceInUseException" => Self::InUse,
            "ScalingActivityInProgress" | "ScalingActivityInProgressFault" => Self::InUse,
            "LimitExceeded"
            | "LimitExceededFault"
            | "ResourceLimitExceededException"
            | "VersionLimitExceeded"
            | "LaunchTemplateLimitExceeded" => Self::Limit,
            "IdempotentParameterMismatch" => Self::Conflict,
            "ValidationError" if is_not_yet(operation, message) => Self::NotYet,
            "ValidationError" if message.contains("name not found") => Self::NotFound,
            _ => match status {
                None => Self::Unavailable,
                Some(429) => Self::Throttled,
                Some(status) if status >= 500 => Self::Unavailable,
                Some(_) => Self::Invalid,
            },
        }
    }

    /// Returns whether the same call may simply be made again.
    pub fn is_retried(self) -> bool {
        match self {
            Self::Throttled | Self::Unavailable | Self::NotYet => true,
            Self::Denied
            | Self::Invalid
            | Self::AlreadyExists
            | Self::NotFound
            | Self::InUse
            | Self::Limit
            | Self::Conflict => false,
        }
    }
}

/// Auto Scaling answers `ValidationError` while IAM's or EC2's news have not reached it.
///
/// The words are narrow on purpose: a refusal of what a template holds ("You must use a valid
/// fully-formed launch template. The image id ... does not exist") stays one.
fn is_not_yet(operation: Operation, message: &str) -> bool {
    let launches =
        matches!(operation, Operation::CreateAutoScalingGroup | Operation::UpdateAutoScalingGroup);
    let no_template =
        message.contains("specified launch template") && message.contains("does not exist");
    launches
        && (no_template
            || message.contains("Invalid IAM Instance Profile")
            || message.contains("Could not find the specified version"))
}

/// A call to AWS failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{} answered {code}: {message}", operation.action())]
pub struct CloudError {
    /// The operation.
    pub operation: Operation,
    /// What can be done about it.
    pub class: ErrorClass,
    /// AWS's code, or a word for what happened on the way.
    pub code: String,
    /// AWS's message.
    pub message: String,
}

impl CloudError {
    /// Makes an error of what AWS answered, classified.
    pub fn new(
        operation: Operation,
        code: impl Into<String>,
        message: impl Into<String>,
        status: Option<u16>,
    ) -> Self {
        let (code, message) = (code.into(), message.into());
        let class = ErrorClass::classify(operation, &code, &message, status);
        Self { operation, class, code, message }
    }

    /// Returns what a person can do next.
    pub fn hint(&self) -> Option<String> {
        let action = self.operation.action();
        match self.code.as_str() {
            "NoCredentials" => {
                return Some(
                    "log in (`aws sso login`), set AWS_PROFILE, or give the credentials in the \
                     environment"
                        .to_owned(),
                );
            }
            "NoRegion" => return Some("set `cluster.region`".to_owned()),
            "ExpiredToken" | "ExpiredTokenException" => {
                return Some("renew the credentials, then run it again".to_owned());
            }
            _ => {}
        }
        match self.class {
            ErrorClass::Throttled => {
                Some("run it again later, or with a lower --parallelism".to_owned())
            }
            ErrorClass::Unavailable => {
                Some("check the network and AWS's health page, then run it again".to_owned())
            }
            ErrorClass::Denied => {
                Some(format!("allow `{action}` for the credentials in use, then run it again"))
            }
            ErrorClass::Limit => {
                Some("ask AWS for a higher quota, or remove what is not needed".to_owned())
            }
            ErrorClass::NotYet => Some("run it again in a few minutes".to_owned()),
            ErrorClass::InUse => {
                Some("wait until what is under way there has ended, then run it again".to_owned())
            }
            ErrorClass::Invalid
            | ErrorClass::AlreadyExists
            | ErrorClass::NotFound
            | ErrorClass::Conflict => None,
        }
    }
}
