//! The engine as a whole on the embedded cloud: read, plan, apply, and read again.

mod account;
mod convergence;
mod crash;
mod faults;
mod fields;
mod foreign;
mod hands;
mod harness;
mod interleaving;
mod lifecycle;
mod ports;
mod scenarios;
mod stops;
mod walks;
