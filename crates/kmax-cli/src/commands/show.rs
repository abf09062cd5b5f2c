//! `kmax show`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use crate::args::{Format, FormatArgs};
use crate::commands::Context;
use crate::errors::{Exit, Failure};
use crate::plan_file;
use crate::views::plan::PlanView;

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A plan that `kmax plan -o` saved.
    file: PathBuf,
    #[command(flatten)]
    format: FormatArgs,
}

pub(crate) fn run(context: &Context, args: &ShowArgs) -> Result<Exit, Failure> {
    let ShowArgs { file, format: format_args } = args;
    let format = format_args.format()?;
    let document = plan_file::read(file)?;
    let Context { settings, printer } = context;
    let view = PlanView {
        document: &document,
        diffs: None,
        images: BTreeMap::new(),
        read: None,
        is_whole: settings.verbose > 0,
        width: settings.width,
    };
    match format {
        Format::Text => printer.lines(&view.text())?,
        Format::Json => printer.json(&document)?,
        Format::Markdown => printer.data(&view.markdown(format_args.max_bytes()))?,
    }
    Ok(Exit::Done)
}
