#!/usr/bin/env bash
# Runs the whole test suite. Installs the test servers first, so that nothing is left out.
#
#   tests/run.sh            everything
#   tests/run.sh ARGS...    what `cargo test --workspace ARGS...` selects
set -euo pipefail
cd "$(dirname "$0")/.."
bash tests/servers.sh
# The patches of the AWS test server prove themselves first.
[ $# -gt 0 ] || target/servers/venv/bin/python -m pytest -q tests/moto
KMAX_TEST_SERVERS=required cargo test --workspace --no-fail-fast "$@"
