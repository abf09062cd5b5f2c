//! Layers of tests that need a server, and what happens where it is missing.

use std::path::PathBuf;

/// Names the environment variable by which a missing server is a failure.
pub const SERVERS: &str = "KMAX_TEST_SERVERS";

/// Returns the root of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Says that a layer is left out because something is not installed.
///
/// # Panics
///
/// Where `KMAX_TEST_SERVERS=required`, as the README's test command sets it.
pub fn left_out(layer: &str, missing: &str) {
    assert!(
        std::env::var(SERVERS).as_deref() != Ok("required"),
        "the {layer} needs {missing}, and {SERVERS}=required allows nothing to be left out"
    );
    eprintln!("left out: the {layer}, for it needs {missing}");
}
