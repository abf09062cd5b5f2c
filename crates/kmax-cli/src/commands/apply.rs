//! `kmax apply`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use kmax_applier::Cancel;
use kmax_model::{ApplyReport, Digest, Event, Outcome, PlanDocument};
use kmax_planner::Options;

use crate::args::Format;
use crate::commands::{Allow, Context, allowances, plan as plan_command};
use crate::engine::{Applied, ApplyOptions, Approved, Engine, options};
use crate::errors::{Exit, Failure};
use crate::interrupt;
use crate::plan_file;
use crate::views::events::{self, ApplyView};

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// A plan that `kmax plan -o` saved: only what it says is done.
    #[arg(conflicts_with = "expect")]
    file: Option<PathBuf>,
    /// Does what a fresh plan says if its digest is this one.
    #[arg(long, value_name = "DIGEST")]
    expect: Option<Digest>,
    /// Does what a fresh plan says without asking.
    #[arg(long, conflicts_with_all = ["file", "expect"])]
    auto_approve: bool,
    /// Raises a guard for this run: nodes_terminated=4.
    #[arg(long, value_name = "RULE=N")]
    allow: Vec<Allow>,
    /// How long to wait for what AWS takes its time with, such as 5m.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    wait: Option<Duration>,
    /// Prints one event a line, as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(context: &Context, args: &ApplyArgs) -> Result<Exit, Failure> {
    let view = Arc::new(ApplyView::new(&context.settings, context.printer.clone(), args.json));
    let exit = apply(context, args, &view).await;
    if let Err(failure) = &exit {
        view.failed(failure)?;
    }
    exit
}

async fn apply(
    context: &Context,
    args: &ApplyArgs,
    view: &Arc<ApplyView>,
) -> Result<Exit, Failure> {
    let ApplyArgs { file, expect, auto_approve, allow, wait, json } = args;
    let Context { settings, printer } = context;
    let approved = match (file, expect) {
        (Some(file), _) => Some(Approved::Plan(Box::new(plan_file::read(file)?))),
        (None, Some(digest)) => Some(Approved::Digest(digest.clone())),
        (None, None) => None,
    };
    if approved.is_none() && !auto_approve && (*json || !settings.can_ask) {
        return Err(Failure::usage(
            "there is nobody to ask",
            "run it on a terminal without --json, name a saved plan or --expect DIGEST, or say \
             --auto-approve",
        ));
    }
    let retries = Arc::clone(view);
    let engine = context
        .engine_with(Arc::new(move |error, delay| {
            retries.event(&Event::Retry {
                operation: error.operation.action(),
                error: format!("{}: {}", error.code, error.message),
                delay_ms: delay.as_millis() as u64,
            });
        }))
        .await?;
    let mut options = options(settings, &allowances(allow));
    if let Some(Approved::Plan(document)) = &approved
        && options.pools.is_empty()
    {
        // What a plan left out, its reviewer did not see: it is not refused, it is no part of it.
        options.pools.clone_from(&document.selection);
    }
    let approved = match approved {
        Some(approved) => approved,
        None => match propose(context, &engine, &options, *auto_approve, *json, view).await? {
            Proposal::Approved(document) => Approved::Plan(document),
            Proposal::Over(exit) => return Ok(exit),
        },
    };
    let cancel = Cancel::new();
    interrupt::watch(cancel.clone(), printer.clone());
    let apply_options = ApplyOptions { parallelism: settings.parallelism, wait: *wait };
    let sink = Arc::clone(view);
    let events = Arc::new(move |event| sink.event(&event));
    let applied = engine.apply(&approved, &options, &apply_options, &cancel, events).await?;
    let exit = exit(&applied, cancel.is_cancelled());
    view.finish(&applied, exit)?;
    Ok(exit)
}

/// What became of a fresh plan.
enum Proposal {
    Approved(Box<PlanDocument>),
    Over(Exit),
}

/// Plans, shows the plan and asks whether it is to be done.
async fn propose(
    context: &Context,
    engine: &Engine,
    options: &Options,
    auto_approve: bool,
    json: bool,
    view: &ApplyView,
) -> Result<Proposal, Failure> {
    let Context { settings, printer } = context;
    let spinner = events::Spinner::start(settings, "reading AWS");
    let planned = interrupt::or_cancel(engine.plan(options)).await;
    spinner.stop();
    let planned = planned?;
    let document = &planned.document;
    if json {
        view.plan(document)?;
    } else {
        plan_command::print(context, &planned, Format::Text, usize::MAX)?;
    }
    if !document.applyable {
        // The plan that was shown names them; as events they are said one by one.
        if json {
            view.refusals(&document.refusals)?;
            view.result(Exit::Refused, None)?;
        } else {
            printer.say("Nothing was done: the plan is refused.");
        }
        return Ok(Proposal::Over(Exit::Refused));
    }
    if document.changes.is_empty() {
        let exit = if document.complete { Exit::Done } else { Exit::Error };
        if json {
            view.result(exit, None)?;
        }
        return Ok(Proposal::Over(exit));
    }
    if auto_approve {
        return Ok(Proposal::Approved(Box::new(planned.document)));
    }
    let answer = interrupt::or_cancel(printer.ask("\nDo this? Only `yes` is a yes:"));
    // What is said next begins a line of its own.
    let answer = answer.await.inspect_err(|_| printer.say(""))?;
    if answer.as_deref() != Some("yes") {
        return Err(Failure::Cancelled("nothing was done: the answer was not `yes`"));
    }
    Ok(Proposal::Approved(Box::new(planned.document)))
}

/// Returns the exit code: the first that holds of 130, 4, 3, 1, 0.
fn exit(applied: &Applied, is_cancelled: bool) -> Exit {
    let Applied { planned, refusals, done_before: _, report, release_error: _ } = applied;
    let is_undone = |report: &ApplyReport| report.failed() + report.skipped() > 0;
    let has_undone = report.as_ref().is_some_and(is_undone);
    let wrote = report.as_ref().is_some_and(|report| report.wrote);
    let is_refused = |report: &ApplyReport| {
        report.changes.iter().any(|change| matches!(change.outcome, Outcome::Refused { .. }))
    };
    if is_cancelled {
        Exit::Cancelled
    } else if wrote && (has_undone || !refusals.is_empty()) {
        Exit::Partial
    } else if !refusals.is_empty() || report.as_ref().is_some_and(is_refused) {
        Exit::Refused
    } else if has_undone
        || report.as_ref().is_some_and(|report| report.stopped.is_some())
        || !planned.document.complete
    {
        Exit::Error
    } else {
        Exit::Done
    }
}
