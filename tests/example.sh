#!/usr/bin/env bash
# Plans and applies kmax.toml.example on the embedded sandbox: no AWS account, nothing outside of
# the folder target/example is touched.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --workspace --bin kmax
kmax=$PWD/target/debug/kmax
rm -rf target/example
mkdir -p target/example
cp kmax.toml.example target/example/kmax.toml
cd target/example

say() { printf '\n\033[1m$ kmax %s\033[0m\n' "$*"; }
run() { say "$@"; "$kmax" "$@"; }

run lock --sandbox
run plan --sandbox
run apply --sandbox --auto-approve
run plan --sandbox --detailed-exitcode

printf '\nThe cluster lives in %s. Try, in that folder:\n' "$PWD"
printf '  %s sandbox set auto_scaling_group.dsp-8c64g-kmax.max=7 --sandbox\n' "$kmax"
printf '  %s drift --sandbox\n' "$kmax"
