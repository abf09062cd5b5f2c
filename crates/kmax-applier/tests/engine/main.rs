//! The engine as a whole on the embedded cloud: read, plan, apply, and read again.

mod harness;
mod lifecycle;
