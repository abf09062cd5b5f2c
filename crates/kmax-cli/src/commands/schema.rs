//! `kmax schema`.

use clap::Args;

use crate::commands::Context;
use crate::errors::{Exit, Failure};

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {}

pub(crate) fn run(context: &Context, args: &SchemaArgs) -> Result<Exit, Failure> {
    let SchemaArgs {} = args;
    context.printer.json(&kmax_config::schema())?;
    Ok(Exit::Done)
}
