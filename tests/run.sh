#!/usr/bin/env bash
# Runs the whole test suite. Installs the test servers first, so that nothing is left out.
#
#   tests/run.sh            everything
#   tests/run.sh ARGS...    what `cargo test --workspace ARGS...` selects
set -euo pipefail
cd "$(dirname "$0")/.."
bash tests/servers.sh
KMAX_TEST_SERVERS=required cargo test --workspace --no-fail-fast "$@"
