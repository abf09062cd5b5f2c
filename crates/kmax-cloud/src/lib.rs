//! The ports: AWS operations in kmax's own types, their errors, and the reading of a snapshot.
//!
//! A port answers [`Request`] with [`Response`]. Everything that stands between kmax and AWS
//! (counting, retries, rate limits, faults in tests) is a port around a port.

mod clock;
mod error;
mod layers;
mod observe;
mod operation;
pub mod ops;
mod page;
mod versions;

pub use clock::{Clock, SystemClock};
pub use error::{CloudError, ErrorClass};
pub use layers::meter::{Meter, Metered};
pub use layers::rate::{RateLimited, Rates};
pub use layers::retry::{OnRetry, RetryPolicy, Retrying};
pub use observe::observe;
pub use operation::{Aws, AwsPort, Effect, Operation, Request, Response, Service};
pub use page::{Page, collect_pages};
