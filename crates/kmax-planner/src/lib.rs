//! Resolves, compares, decides, orders and guards. Pure: no clock, no environment, no files, no
//! network.
//!
//! [`scope()`] says what has to be read, [`plan()`] compares what was read with what the config and the
//! lock ask for, [`approve()`] holds a fresh plan against one that a person has seen, and
//! [`resolve_lock`] makes the entries of the lock file.

mod approve;
mod desired;
mod drift;
mod group;
mod guard;
mod images;
mod locking;
mod obstacle;
mod ownership;
mod planning;
mod reason;
mod remove;
mod rules;
mod scope;
mod template;
mod user_data;
mod warn;

pub use approve::{Approval, approve, approve_digest};
pub use drift::{DriftItem, DriftReport, Finding, drift};
pub use images::{image_parameters, release_of};
pub use locking::{Explanation, LockOutcome, LockRequest, TypeVerdict, explain, resolve_lock};
pub use planning::{Options, plan, wrong_account};
pub use rules::RULES;
pub use scope::{lock_scope, scope};
pub use user_data::user_data_diff;
