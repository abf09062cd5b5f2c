//! `kmax drift`.

use clap::Args;
use kmax_planner::Options;

use crate::args::{Format, FormatArgs};
use crate::commands::Context;
use crate::errors::{Exit, Failure};
use crate::interrupt;
use crate::views::drift::DriftView;
use crate::views::events;

#[derive(Debug, Args)]
pub(crate) struct DriftArgs {
    #[command(flatten)]
    format: FormatArgs,
}

pub(crate) async fn run(context: &Context, args: &DriftArgs) -> Result<Exit, Failure> {
    let format = args.format.format()?;
    let engine = context.engine().await?;
    let options = Options { pools: context.settings.pools.clone(), ..Options::default() };
    let spinner = events::Spinner::start(&context.settings, "reading AWS");
    let planned = interrupt::or_cancel(engine.plan(&options)).await;
    spinner.stop();
    let planned = planned?;
    let report = kmax_planner::drift(&planned.plan);
    let Context { settings, printer } = context;
    let view = DriftView {
        report: &report,
        images: planned.images.clone(),
        calls: planned.calls,
        created_at: engine.now(),
        is_whole: settings.verbose > 0,
        width: settings.width,
    };
    match format {
        Format::Text => printer.lines(&view.text())?,
        Format::Json => printer.json(&view.document())?,
        Format::Markdown => printer.data(&view.markdown(args.format.max_bytes()))?,
    }
    let hides = planned.plan.refusals.iter().filter(|refusal| hides_drift(&refusal.rule));
    let hides: Vec<_> = hides.cloned().collect();
    for refusal in &hides {
        printer.refusal(refusal);
    }
    Ok(if !report.unread.is_empty() {
        Exit::Error
    } else if !hides.is_empty() {
        Exit::Refused
    } else if !report.is_empty() {
        Exit::Changes
    } else {
        Exit::Done
    })
}

/// Returns whether a refusal keeps objects from being compared, so that drift may go unseen. The
/// others are about what a plan would do.
fn hides_drift(rule: &str) -> bool {
    !matches!(
        rule,
        "nodes_terminated" | "pools_destroyed" | "needs-drain" | "not-locked" | "not-supported"
    )
}
