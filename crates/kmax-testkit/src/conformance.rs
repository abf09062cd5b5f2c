//! One suite of the AWS port: what every implementation of it must do, case by case.
//!
//! It runs on the sandbox and on the AWS SDK against moto, so that neither drifts from the other.

mod case;
mod catalog;
mod fixture;
mod group_updates;
mod groups;
mod instances;
mod strictness;
mod template_data;
mod templates;
mod versions;

pub use case::{Case, Ground, Lacking, Place, run};
pub use fixture::Fixture;
pub use template_data::samples;

/// Returns all cases, by noun.
pub fn cases() -> Vec<Case> {
    [
        catalog::cases(),
        templates::cases(),
        template_data::cases(),
        versions::cases(),
        groups::cases(),
        group_updates::cases(),
        strictness::cases(),
        instances::cases(),
    ]
    .concat()
}
