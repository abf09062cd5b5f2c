//! `kmax plan`.

use std::path::PathBuf;

use clap::Args;
use kmax_model::PlanDocument;

use crate::args::{Format, FormatArgs};
use crate::commands::{Allow, Context, allowances};
use crate::engine::{Planned, options};
use crate::errors::{Exit, Failure};
use crate::interrupt;
use crate::plan_file;
use crate::views::plan::{PlanView, ReadCount};
use crate::views::{events, user_data};

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Saves the plan, for `kmax show` and `kmax apply`.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exits with 2 where there are changes.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Raises a guard for this run: nodes_terminated=4.
    #[arg(long, value_name = "RULE=N")]
    allow: Vec<Allow>,
    #[command(flatten)]
    format: FormatArgs,
}

pub(crate) async fn run(context: &Context, args: &PlanArgs) -> Result<Exit, Failure> {
    let PlanArgs { out, detailed_exitcode, allow, format: format_args } = args;
    let format = format_args.format()?;
    let engine = context.engine().await?;
    let options = options(&context.settings, &allowances(allow));
    let spinner = events::Spinner::start(&context.settings, "reading AWS");
    let planned = interrupt::or_cancel(engine.plan(&options)).await;
    spinner.stop();
    let planned = planned?;
    print(context, &planned, format, format_args.max_bytes())?;
    if let Some(path) = out {
        plan_file::write(path, &planned.document)?;
        let name = path.display();
        context.printer.say(&if planned.document.applyable {
            format!("Saved to {name}; `kmax apply {name}` does just that.")
        } else {
            format!("Saved to {name}, for `kmax show`: as it is, it is refused.")
        });
    }
    Ok(exit(&planned.document, *detailed_exitcode))
}

/// Prints a plan that was just made.
pub(crate) fn print(
    context: &Context,
    planned: &Planned,
    format: Format,
    max_bytes: usize,
) -> Result<(), Failure> {
    let Context { settings, printer } = context;
    let view = PlanView {
        document: &planned.document,
        diffs: Some(user_data::diffs(&planned.plan)),
        images: planned.images.clone(),
        read: Some(ReadCount { pools: planned.plan.pools, calls: planned.calls }),
        is_whole: settings.verbose > 0,
        width: settings.width,
    };
    match format {
        Format::Text => printer.lines(&view.text()),
        Format::Json => printer.json(&planned.document),
        Format::Markdown => printer.data(&view.markdown(max_bytes)),
    }
}

/// Returns how a plan exits.
fn exit(document: &PlanDocument, detailed_exitcode: bool) -> Exit {
    if !document.complete {
        Exit::Error
    } else if !document.applyable {
        Exit::Refused
    } else if detailed_exitcode && !document.changes.is_empty() {
        Exit::Changes
    } else {
        Exit::Done
    }
}
