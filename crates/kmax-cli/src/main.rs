//! The binary `kmax`.

use std::process::ExitCode;

fn main() -> ExitCode {
    kmax_cli::main()
}
