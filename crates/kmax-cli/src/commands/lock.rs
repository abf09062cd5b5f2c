//! `kmax lock`.

use std::collections::BTreeSet;

use clap::Args;
use kmax_config::LockState;
use kmax_model::PoolId;
use kmax_planner::LockRequest;

use crate::args::{Format, FormatArgs};
use crate::commands::Context;
use crate::engine::{known_pool, lock_gaps};
use crate::errors::{Exit, Failure};
use crate::interrupt;
use crate::project::Project;
use crate::views::{events, lock as view, notices};
use crate::{engine::Engine, files};

#[derive(Debug, Args)]
pub(crate) struct LockArgs {
    /// Resolves anew what is locked already: these pools, or all.
    #[arg(long, value_name = "POOL", num_args = 0.., conflicts_with_all = ["check", "explain"])]
    upgrade: Option<Vec<PoolId>>,
    /// Only says whether kmax.lock covers every pool; needs no network.
    #[arg(long, conflicts_with = "explain")]
    check: bool,
    /// Says of every instance type why this pool has it or has it not.
    #[arg(long, value_name = "POOL")]
    explain: Option<PoolId>,
    #[command(flatten)]
    format: FormatArgs,
}

pub(crate) async fn run(context: &Context, args: LockArgs) -> Result<Exit, Failure> {
    let LockArgs { upgrade, check: only_check, explain: explained, format: format_args } = args;
    let format = format_args.format()?;
    if only_check {
        return check(context, format, format_args.max_bytes());
    }
    let engine = context.engine().await?;
    if let Some(pool) = &explained {
        return explain(context, &engine, pool, format, format_args.max_bytes()).await;
    }
    let request = request(context, &engine, upgrade)?;
    resolve(context, &engine, &request, format, format_args.max_bytes()).await
}

fn check(context: &Context, format: Format, max_bytes: usize) -> Result<Exit, Failure> {
    let Project { paths, config, lock } = Project::open(&context.settings)?;
    let gaps = lock_gaps(&config, &lock);
    let name = paths.lock.display().to_string();
    match format {
        Format::Text => {
            let width = context.settings.width;
            context.printer.lines(&view::check(&name, config.pools.len(), &gaps, width))?;
        }
        Format::Json => context.printer.json(&view::CheckDocument::new(&gaps))?,
        Format::Markdown => {
            let page = view::check_markdown(&name, config.pools.len(), &gaps);
            context.printer.data(&page.render(max_bytes))?;
        }
    }
    Ok(if gaps.is_empty() { Exit::Done } else { Exit::Error })
}

fn request(
    context: &Context,
    engine: &Engine,
    upgrade: Option<Vec<PoolId>>,
) -> Result<LockRequest, Failure> {
    let Some(upgrade) = upgrade else { return Ok(LockRequest::Missing) };
    let pools: BTreeSet<PoolId> =
        upgrade.into_iter().chain(context.settings.pools.iter().cloned()).collect();
    for pool in &pools {
        known_pool(&engine.project().config, pool)?;
    }
    Ok(if pools.is_empty() { LockRequest::UpgradeAll } else { LockRequest::Upgrade(pools) })
}

async fn explain(
    context: &Context,
    engine: &Engine,
    id: &PoolId,
    format: Format,
    max_bytes: usize,
) -> Result<Exit, Failure> {
    let Project { config, lock, .. } = engine.project();
    let pool = known_pool(config, id)?;
    let snapshot = interrupt::or_cancel(engine.read_for_lock()).await?;
    let explanation = kmax_planner::explain(config, pool, &snapshot)
        .map_err(|notice| Failure::Unread(Box::new(notice)))?;
    let entry = match lock.entry(pool) {
        LockState::Current(entry) => Some(entry),
        LockState::Stale(..) | LockState::Missing => None,
    };
    let is_whole = context.settings.verbose > 0;
    match format {
        Format::Text => {
            let width = context.settings.width;
            let lines = view::explanation(pool, entry, &explanation, is_whole, width);
            context.printer.lines(&lines)?;
        }
        Format::Json => {
            context.printer.json(&view::ExplanationDocument::new(pool, &explanation))?;
        }
        Format::Markdown => {
            let page = view::explanation_markdown(pool, &explanation);
            context.printer.data(&page.render(max_bytes))?;
        }
    }
    Ok(Exit::Done)
}

async fn resolve(
    context: &Context,
    engine: &Engine,
    request: &LockRequest,
    format: Format,
    max_bytes: usize,
) -> Result<Exit, Failure> {
    let Project { paths, config, lock } = engine.project();
    // What needs nothing of the cloud is done without it.
    let is_current = *request == LockRequest::Missing && lock_gaps(config, lock).is_empty();
    let snapshot = if is_current {
        kmax_model::Snapshot::default()
    } else {
        let spinner =
            events::Spinner::start(&context.settings, "reading instance types and images");
        let snapshot = interrupt::or_cancel(engine.read_for_lock()).await;
        spinner.stop();
        snapshot?
    };
    let outcome = kmax_planner::resolve_lock(config, lock, &snapshot, request);
    let text = outcome.lock.render();
    let is_new = !paths.lock.exists();
    if is_new || outcome.lock != *lock {
        files::write_whole(&paths.lock, &text)?;
    }
    let name = paths.lock.display().to_string();
    match format {
        Format::Text => {
            let is_whole = context.settings.verbose > 0;
            let width = context.settings.width;
            context.printer.lines(&view::outcome(&name, lock, &outcome, is_whole, width))?;
            context.printer.errors(&notices::lines("Error", &outcome.failed, is_whole, width));
        }
        Format::Json => context.printer.json(&view::OutcomeDocument::new(&outcome))?,
        Format::Markdown => {
            let page = view::outcome_markdown(&name, &outcome);
            context.printer.data(&page.render(max_bytes))?;
        }
    }
    Ok(match outcome.failed.as_slice() {
        [] => Exit::Done,
        failed if failed.iter().any(|notice| notice.rule == "unread") => Exit::Error,
        _ => Exit::Refused,
    })
}
