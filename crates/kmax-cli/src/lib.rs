//! The command line of kmax: arguments, settings, clients, views and exit codes.
//!
//! Only this crate prints, reads the environment and touches files. `engine` puts the other crates
//! together, `commands` has a file for each command, `views` turns results into text, markdown and
//! JSON, and `errors` maps every failure to its hint and exit code.

mod args;
mod clients;
mod commands;
mod engine;
mod errors;
mod files;
mod interrupt;
mod logging;
mod output;
mod plan_file;
mod project;
mod settings;
mod views;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Cli;
use crate::commands::Context;
use crate::errors::{Exit, Failure};
use crate::output::Printer;
use crate::settings::Settings;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // There is nobody left to tell where even that can't be written.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    let Cli { global, command } = cli;
    let settings = Settings::new(global);
    let printer = Printer::new(&settings);
    let exit = match run(settings, printer.clone(), command) {
        Ok(exit) => exit,
        Err(failure) => {
            printer.failure(&failure);
            failure.exit()
        }
    };
    exit.into()
}

fn run(settings: Settings, printer: Printer, command: args::Command) -> Result<Exit, Failure> {
    logging::start(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::Runtime { source })?;
    let exit = runtime.block_on(commands::run(Context { settings, printer }, command));
    // A prompt may still wait for its answer.
    runtime.shutdown_background();
    exit
}
