//! The conformance suite of the port.

use std::sync::Arc;

use kmax_testkit::conformance::{self, Ground};
use kmax_testkit::moto;

use crate::ground::MotoGround;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_port_conforms() {
    let Some(moto) = moto::server() else { return };
    let make = || async { Arc::new(MotoGround::new(moto).await) as Arc<dyn Ground> };
    conformance::run(make, &[]).await;
}
