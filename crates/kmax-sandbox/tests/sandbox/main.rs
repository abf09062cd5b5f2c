//! The semantics of the embedded AWS.

mod account;
mod capacity;
mod consistency;
mod faults;
mod groups;
mod launch;
mod paging;
mod store;
mod tamper;
mod templates;
mod world;
