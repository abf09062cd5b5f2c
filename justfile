# The recipes call the scripts that README and CI call.

default:
    @just --list

# Plan and apply the example on the embedded sandbox.
example:
    bash tests/example.sh

# The whole test suite, servers and all.
test *ARGS:
    bash tests/run.sh {{ARGS}}

# Formatting, clippy, documentation.
lint:
    bash tests/lint.sh

# Rewrite all golden files and snapshots; read the difference before you commit it.
golden:
    UPDATE_GOLDEN=1 INSTA_UPDATE=always cargo test --workspace --no-fail-fast

# The pure planner's benchmark.
bench:
    cargo bench -p kmax-planner

# A release build.
dist:
    cargo build --profile dist --workspace --bin kmax
