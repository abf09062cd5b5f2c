//! Results as text, markdown and JSON. Nothing here prints.

pub(crate) mod diagnostics;
pub(crate) mod drift;
pub(crate) mod events;
pub(crate) mod line;
pub(crate) mod lock;
pub(crate) mod markdown;
pub(crate) mod naming;
pub(crate) mod notices;
pub(crate) mod plan;
pub(crate) mod plan_markdown;
pub(crate) mod pool_changes;
pub(crate) mod sandbox;
pub(crate) mod user_data;
pub(crate) mod value;
pub(crate) mod words;
