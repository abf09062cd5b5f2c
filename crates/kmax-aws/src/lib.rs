//! The AWS port on the AWS SDK.
//!
//! One file for each service, and within EC2 for each noun: what goes out is built from kmax's
//! types, what comes back is put into them. Whatever AWS holds that kmax has no field for is kept
//! as text, so that nothing that somebody set goes unseen.

mod autoscaling;
mod ec2;
mod eks;
mod error;
mod iam;
mod port;
mod print;
mod ssm;
mod sts;

pub use port::{AccessKey, Connection, SdkPort};
