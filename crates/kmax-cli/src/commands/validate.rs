//! `kmax validate`.

use clap::Args;
use kmax_config::{Config, Diagnostic, Diagnostics, LockState};
use serde::Serialize;

use crate::args::{Format, FormatArgs};
use crate::commands::Context;
use crate::errors::{Exit, Failure};
use crate::project::Paths;
use crate::views::diagnostics;
use crate::views::markdown::Markdown;
use crate::views::words::count;

/// The version of the JSON.
const FORMAT_VERSION: &str = "1.0";

#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    format: FormatArgs,
}

/// What `kmax validate --json` prints.
#[derive(Serialize)]
struct Document<'a> {
    format_version: &'static str,
    kmax_version: &'static str,
    valid: bool,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    file: String,
    diagnostics: &'a [Diagnostic],
}

/// What was found in the two files.
struct Found {
    config: Option<Config>,
    diagnostics: Vec<Diagnostics>,
    /// How many pools the lock does not cover; none where it can't be told.
    not_locked: Option<usize>,
}

pub(crate) fn run(context: &Context, args: &ValidateArgs) -> Result<Exit, Failure> {
    let format = args.format.format()?;
    let paths = Paths::find(&context.settings)?;
    let found = check(&paths)?;
    let is_valid = found.diagnostics.iter().all(|all| all.errors().next().is_none());
    match format {
        Format::Text => text(context, &paths, &found)?,
        Format::Json => {
            let files = found
                .diagnostics
                .iter()
                .map(|all| File { file: all.source_name.clone(), diagnostics: &all.all });
            context.printer.json(&Document {
                format_version: FORMAT_VERSION,
                kmax_version: env!("CARGO_PKG_VERSION"),
                valid: is_valid,
                files: files.collect(),
            })?;
        }
        Format::Markdown => {
            let text = markdown(&paths, &found).render(args.format.max_bytes());
            context.printer.data(&text)?;
        }
    }
    Ok(if is_valid { Exit::Done } else { Exit::Error })
}

fn check(paths: &Paths) -> Result<Found, Failure> {
    let mut diagnostics = Vec::new();
    let config = match paths.read_config() {
        Ok(config) => {
            if !config.warnings.is_empty() {
                // The file was read a moment ago; if it is gone by now, the marks lack their lines.
                let text = std::fs::read_to_string(&paths.config).unwrap_or_default();
                let source_name = paths.config.display().to_string();
                diagnostics.push(Diagnostics { source_name, text, all: config.warnings.clone() });
            }
            Some(config)
        }
        Err(Failure::Config(error)) => {
            diagnostics.push(error.diagnostics().clone());
            None
        }
        Err(failure) => return Err(failure),
    };
    let lock = match paths.read_lock() {
        Ok(lock) => Some(lock),
        Err(Failure::Config(error)) => {
            diagnostics.push(error.diagnostics().clone());
            None
        }
        Err(failure) => return Err(failure),
    };
    let not_locked = config.as_ref().zip(lock.as_ref()).map(|(config, lock)| {
        let is_current = |pool: &&kmax_config::Pool| match lock.entry(pool) {
            LockState::Current(_) => false,
            LockState::Stale(..) | LockState::Missing => true,
        };
        config.pools.iter().filter(is_current).count()
    });
    Ok(Found { config, diagnostics, not_locked })
}

fn text(context: &Context, paths: &Paths, found: &Found) -> Result<(), Failure> {
    let Context { settings, printer } = context;
    for all in &found.diagnostics {
        let fancy = settings.stdout_is_terminal;
        let paint = crate::views::line::Paint::new(settings.color_stdout);
        printer.data(&diagnostics::text(all, fancy, paint, settings.width))?;
    }
    let Some(config) = &found.config else { return Ok(()) };
    let teams: std::collections::BTreeSet<&str> =
        config.pools.iter().map(|pool| pool.id.team.as_str()).collect();
    printer.data(&format!(
        "{} is valid: {} of {}.\n",
        paths.config.display(),
        count(config.pools.len(), "pool"),
        count(teams.len(), "team"),
    ))?;
    if let Some(missing) = found.not_locked.filter(|missing| *missing > 0) {
        let does = if missing == 1 { "has" } else { "have" };
        printer.say(&format!(
            "{} {does} no entry in {} that fits.",
            count(missing, "pool"),
            paths.lock.display()
        ));
        printer.hint("run `kmax lock`");
    }
    Ok(())
}

fn markdown(paths: &Paths, found: &Found) -> Markdown {
    let mut page = Markdown::new();
    let errors: usize = found.diagnostics.iter().map(|all| all.errors().count()).sum();
    let name = paths.config.display();
    match (&found.config, errors) {
        (Some(config), 0) => page.paragraph(format!(
            "### kmax validate\n\n`{name}` is valid: {}.",
            count(config.pools.len(), "pool")
        )),
        (_, _) => page.paragraph(format!("### kmax validate\n\n{}.", count(errors, "error"))),
    }
    for all in &found.diagnostics {
        for diagnostic in &all.all {
            page.code("", &all.render_one(diagnostic));
        }
    }
    page
}
