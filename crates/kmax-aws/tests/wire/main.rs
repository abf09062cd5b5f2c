//! The AWS SDK against moto.

mod conformance;
mod errors;
mod ground;
mod reading;
mod retries;
