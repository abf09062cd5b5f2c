#!/usr/bin/env bash
# Installs what the server tests need under target/servers: a Python environment with moto, for
# tests/moto. Does nothing, in well under a second, when what is installed is what is pinned.
#
#   tests/servers.sh            install
#   tests/servers.sh --check    only say whether everything is installed (exit 1 when not)
#
# KMAX_TEST_PYTHON names another python3 (3.11 or newer).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
servers=$root/target/servers
venv=$servers/venv
requirements=$root/tests/moto/requirements.txt
stamp=$venv/.kmax-requirements
python=${KMAX_TEST_PYTHON:-python3}

digest() {
    # The interpreter is part of what is installed: an environment does not outlive its python.
    { cat "$requirements"; "$venv/bin/python" --version 2>&1 || true; } | sha256sum | cut -d' ' -f1
}

installed() {
    [[ -x $venv/bin/python && -f $stamp && $(<"$stamp") == "$(digest)" ]]
}

if installed; then
    exit 0
fi
if [[ ${1:-} == --check ]]; then
    echo "the test servers are not installed: run tests/servers.sh" >&2
    exit 1
fi

"$python" - <<'PYTHON'
import sys

if sys.version_info < (3, 11):
    sys.exit(f"Python 3.11 or newer is needed for the test servers, this is {sys.version.split()[0]}")
PYTHON

mkdir -p "$servers"
exec 9>"$servers/.lock"
flock 9
if installed; then
    exit 0
fi

echo "installing the test servers' Python environment into ${venv#"$root"/}" >&2
rm -rf "$venv"
"$python" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-input --requirement "$requirements"
digest >"$stamp"
