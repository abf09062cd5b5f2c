//! What the tests of several crates share: servers and the conformance suite of the ports.

pub mod conformance;
pub mod layer;
pub mod moto;
