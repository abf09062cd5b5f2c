#!/usr/bin/env bash
# Formatting, clippy and documentation; a warning is an error.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo fmt --all --check

# `cargo clippy` would compile all dependencies a second time, aws-sdk-ec2 among them, as metadata
# only. clippy's driver in place of rustc lints the workspace on the dependencies that are there.
driver=$(rustup which clippy-driver 2>/dev/null || command -v clippy-driver)
CLIPPY_ARGS='-Dwarnings__CLIPPY_HACKERY__' RUSTC_WORKSPACE_WRAPPER="$driver" \
  cargo build --workspace --all-targets

# rustdoc wants metadata of the dependencies; the crates on the AWS SDK are left out for its size.
RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --document-private-items \
  -p kmax-model -p kmax-config -p kmax-bootstrap -p kmax-planner -p kmax-cloud -p kmax-sandbox \
  -p kmax-applier
