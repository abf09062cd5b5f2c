//! Carries a plan out through the ports.
//!
//! [`apply`] walks the plan's changes with a ready set. Whatever it writes, it reads first and
//! compares with what the plan was made on; it never decides anything that the plan left open.

mod cancel;
mod context;
mod execute;
mod group;
mod lock;
mod prune;
mod template;

pub use cancel::Cancel;
pub use context::{Events, Settings};
pub use execute::apply;
pub use lock::{ApplyLock, LOCK_TTL, LockError, lock_name};
