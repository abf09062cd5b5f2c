//! Ports around ports.

pub(crate) mod meter;
pub(crate) mod rate;
pub(crate) mod retry;
