//! The ports in memory, strict as the real services are, with faults to order, kept in a file.
//!
//! [`Sandbox`] is an AWS account: it answers requests, and people, autoscalers and time move it.
//! [`SandboxPort`] puts it behind [`kmax_cloud::AwsPort`], in memory or in a file that several
//! processes share.

mod account;
mod capacity;
mod catalog;
mod faults;
mod groups;
mod images;
mod launch;
mod paging;
mod port;
mod refusal;
mod sandbox;
mod seed;
mod show;
mod state;
mod store;
mod table;
mod tags;
mod tamper;
mod tamper_template;
mod template_reads;
mod templates;

pub use faults::{Fault, FaultKind, ParseFaultError};
pub use port::SandboxPort;
pub use sandbox::Sandbox;
pub use seed::Seed;
pub use show::{GroupSummary, Summary, TemplateSummary};
pub use state::AuditEntry;
pub use store::StoreError;
pub use tamper::TamperError;
