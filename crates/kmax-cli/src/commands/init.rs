//! `kmax init`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};

use clap::Args;

use crate::commands::Context;
use crate::errors::{Exit, Failure};
use crate::project::Paths;

/// The config that explains every key.
pub(crate) const EXAMPLE: &str = include_str!("../../../../kmax.toml.example");

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Writes what lives in this cluster.
    #[arg(long, value_name = "NAME", hide = true)]
    cluster: Option<String>,
}

pub(crate) fn run(context: &Context, args: &InitArgs) -> Result<Exit, Failure> {
    if args.cluster.is_some() {
        return Err(Failure::usage(
            "`--cluster` is not supported",
            "leave it out: the file that is written explains every key",
        ));
    }
    let path = Paths::for_new(&context.settings).config;
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(&path).map_err(|error| match error
            .kind()
        {
            ErrorKind::AlreadyExists => Failure::Exists(path.clone()),
            _ => Failure::file("write", &path)(error),
        })?;
    file.write_all(EXAMPLE.as_bytes()).map_err(Failure::file("write", &path))?;
    let printer = &context.printer;
    printer.say(&format!("Wrote {}. It explains every key; make it yours, then:", path.display()));
    printer.say("  kmax validate           checks it");
    printer.say("  kmax lock               resolves specs and images into kmax.lock");
    printer.say("  kmax plan               says what would change");
    printer.say("With --sandbox all of them work on an AWS embedded in kmax.");
    Ok(Exit::Done)
}
