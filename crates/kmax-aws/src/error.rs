//! Errors of the SDK as kmax's.

use std::error::Error;

use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use kmax_cloud::{CloudError, ErrorClass, Operation};

/// The code of a call that nobody answered.
pub(crate) const UNREACHABLE: &str = "Unreachable";

/// Longest part of an answer that is no error of AWS's, in a message.
const LONGEST_BODY: usize = 200;

/// Turns an error of the SDK into kmax's.
pub(crate) fn convert<E>(operation: Operation, error: SdkError<E, HttpResponse>) -> CloudError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(failure) => {
            let status = failure.raw().status().as_u16();
            let error = failure.err();
            match error.code() {
                Some(code) => CloudError::new(
                    operation,
                    code,
                    error.message().unwrap_or("no message"),
                    Some(status),
                ),
                None => no_code(operation, failure.raw()),
            }
        }
        SdkError::ResponseError(failure) => {
            let status = failure.raw().status().as_u16();
            if status >= 400 {
                return no_code(operation, failure.raw());
            }
            let chain = chain(&SdkError::<E, HttpResponse>::ResponseError(failure));
            unavailable(operation, "MalformedResponse", chain)
        }
        SdkError::TimeoutError(_) => unavailable(operation, "Timeout", chain(&error)),
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => {
            not_sent(operation, chain(&error))
        }
        _ => unavailable(operation, "Unknown", chain(&error)),
    }
}

/// Something answered, but not with an error of AWS's: a proxy, or a server that lacks the
/// operation.
fn no_code(operation: Operation, raw: &HttpResponse) -> CloudError {
    let status = raw.status().as_u16();
    let body = raw.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    let body: String = body.split_whitespace().collect::<Vec<_>>().join(" ");
    let body: String = body.chars().take(LONGEST_BODY).collect();
    let message = if body.is_empty() { "no body".to_owned() } else { body };
    CloudError::new(operation, format!("HTTP {status}"), message, Some(status))
}

/// The call did not leave the machine, or nobody was there.
fn not_sent(operation: Operation, chain: String) -> CloudError {
    if chain.contains("credential") {
        // The chain tells of each provider, a line for each, that it was not enabled.
        let chain = chain.replace("the credential provider was not enabled: ", "");
        let chain: Vec<&str> = chain.lines().map(str::trim).collect();
        let chain = chain.join("; ").replace(":; ", ": ");
        return CloudError {
            operation,
            class: ErrorClass::Denied,
            code: "NoCredentials".to_owned(),
            message: format!("no AWS credentials could be loaded: {chain}"),
        };
    }
    if chain.contains("region") {
        return CloudError {
            operation,
            class: ErrorClass::Invalid,
            code: "NoRegion".to_owned(),
            message: format!("no AWS region is set: {chain}"),
        };
    }
    unavailable(operation, UNREACHABLE, chain)
}

/// Makes an error of a call of which it is not known whether it went through.
fn unavailable(operation: Operation, code: &str, message: String) -> CloudError {
    CloudError { operation, class: ErrorClass::Unavailable, code: code.to_owned(), message }
}

/// Makes the error of an answer that lacks what it must hold.
pub(crate) fn lacking(operation: Operation, what: &str) -> CloudError {
    unavailable(operation, "MalformedResponse", format!("the answer holds no {what}"))
}

/// Makes the error of a request that kmax does not know how to send.
pub(crate) fn not_sendable(operation: Operation, message: impl Into<String>) -> CloudError {
    CloudError {
        operation,
        class: ErrorClass::Invalid,
        code: "NotSendable".to_owned(),
        message: message.into(),
    }
}

/// The SDK's words for the stages of a call, which tell a person nothing.
const STAGES: [&str; 3] = ["dispatch failure", "failed to construct request", "other"];

/// Writes an error with all its causes; the SDK's own text names none of them.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        // Wrappers repeat what they wrap.
        if parts.last() != Some(&text) && !STAGES.contains(&text.as_str()) {
            parts.push(text);
        }
        next = error.source();
    }
    parts.join(": ")
}
