//! Every failure with its kind, its hint and its exit code.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use kmax_applier::LockError;
use kmax_config::ConfigError;
use kmax_model::Notice;
use kmax_sandbox::{ParseFaultError, StoreError, TamperError};
use thiserror::Error;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or nothing to do.
    Done,
    /// An error, or something could not be read.
    Error,
    /// Changes or drift found.
    Changes,
    /// Refused.
    Refused,
    /// Applied in part.
    Partial,
    /// The command line is wrong.
    Usage,
    /// Cancelled.
    Cancelled,
}

impl Exit {
    /// Returns the exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Refused => 3,
            Self::Partial => 4,
            Self::Usage => 64,
            Self::Cancelled => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The command line is wrong.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do next.
        hint: String,
    },
    /// kmax.toml or kmax.lock is not valid.
    #[error(transparent)]
    Config(Box<ConfigError>),
    /// There is no kmax.toml.
    #[error("there is no kmax.toml in `{}` or above", .0.display())]
    NoConfig(PathBuf),
    /// A file can't be read or written.
    #[error("can't {what} `{}`", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A file is there already.
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    /// A file is no plan that this kmax reads.
    #[error("{message}")]
    PlanFile {
        /// What is wrong.
        message: String,
        /// What to do next.
        hint: String,
    },
    /// Rules refuse it.
    #[error("{}", .0.first().map_or("refused", |notice| notice.message.as_str()))]
    Refused(Vec<Notice>),
    /// Something could not be read.
    #[error("{}", .0.message)]
    Unread(Box<Notice>),
    /// The lock of the cluster could not be had, though nobody else holds it.
    #[error(transparent)]
    Lock(LockError),
    /// The sandbox's file can't be used.
    #[error(transparent)]
    Sandbox(#[from] StoreError),
    /// The sandbox refused to be tampered with so.
    #[error(transparent)]
    Tamper(#[from] TamperError),
    /// A fault is not one that can be ordered.
    #[error(transparent)]
    Fault(#[from] ParseFaultError),
    /// Stdout can't be written.
    #[error("can't write to stdout")]
    Stdout(#[source] io::Error),
    /// What is printed has no JSON.
    #[error("can't write JSON")]
    Json(#[from] serde_json::Error),
    /// The machine has no room for another thread.
    #[error("can't start")]
    Runtime {
        /// Why.
        source: io::Error,
    },
    /// Ctrl-C, or a no at the prompt.
    #[error("{0}")]
    Cancelled(&'static str),
}

impl Failure {
    /// Makes a failure of the command line.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: hint.into() }
    }

    /// Makes a failure of a file.
    pub(crate) fn file(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }

    /// Returns the exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } => Exit::Usage,
            Self::Refused(_) => Exit::Refused,
            Self::Cancelled(_) => Exit::Cancelled,
            Self::Config(_)
            | Self::NoConfig(_)
            | Self::File { .. }
            | Self::Exists(_)
            | Self::PlanFile { .. }
            | Self::Unread(_)
            | Self::Lock(_)
            | Self::Sandbox(_)
            | Self::Tamper(_)
            | Self::Fault(_)
            | Self::Stdout(_)
            | Self::Json(_)
            | Self::Runtime { .. } => Exit::Error,
        }
    }

    /// Returns what to do next.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } | Self::PlanFile { hint, .. } => Some(hint.clone()),
            Self::NoConfig(_) => Some(
                "write one with `kmax init`, or name one with `--config FILE` or KMAX_CONFIG"
                    .to_owned(),
            ),
            Self::Exists(_) => {
                Some("name another with `--config FILE`, or move it away first".to_owned())
            }
            Self::Refused(notices) => notices.first().and_then(|notice| notice.hint.clone()),
            Self::Unread(notice) => notice.hint.clone(),
            Self::Lock(error) => error.hint(),
            Self::Sandbox(error) => Some(error.hint()),
            Self::Tamper(error) => error.hint(),
            Self::Fault(error) => Some(error.hint()),
            Self::File { .. } => Some("check the path and its permissions".to_owned()),
            Self::Config(_)
            | Self::Stdout(_)
            | Self::Json(_)
            | Self::Runtime { .. }
            | Self::Cancelled(_) => None,
        }
    }
}

impl From<LockError> for Failure {
    /// A lock that another holds is a refusal, with who and since when.
    fn from(error: LockError) -> Self {
        match &error {
            LockError::Held { who: _, since, until: _ } => {
                let time = |seconds: u64| {
                    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds))
                };
                let since = since.map(|since| format!(", since {}", time(since)));
                Self::Refused(vec![Notice {
                    address: None,
                    rule: "lock-held".to_owned(),
                    message: format!("{error}{}", since.unwrap_or_default()),
                    hint: error.hint(),
                }])
            }
            LockError::Lost { .. } | LockError::Cloud(_) => Self::Lock(error),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(Box::new(error))
    }
}
