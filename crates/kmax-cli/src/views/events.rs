//! What apply does, while it does it: progress bars on a terminal, plain lines elsewhere, JSON
//! lines for programs.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kmax_model::{Address, ApplyReport, Event, Notice, Outcome, PlanDocument, UnreadDocument};
use serde::Serialize;

use crate::engine::Applied;
use crate::errors::{Exit, Failure};
use crate::output::Printer;
use crate::settings::Settings;
use crate::views::line::{Line, Paint, Tone};
use crate::views::notices;
use crate::views::words::{doing, done, sign};

/// The version of the event stream.
const FORMAT_VERSION: &str = "1.0";

/// Turns while something is read, on a terminal only.
pub(crate) struct Spinner(Option<ProgressBar>);

impl Spinner {
    /// Starts it.
    pub(crate) fn start(settings: &Settings, message: &'static str) -> Self {
        if !settings.stderr_is_terminal || settings.quiet {
            return Self(None);
        }
        let bar = ProgressBar::new_spinner().with_message(message);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(Some(bar))
    }

    /// Takes it away.
    pub(crate) fn stop(self) {
        if let Self(Some(bar)) = self {
            bar.finish_and_clear();
        }
    }
}

/// Lines of the event stream beside [`Event`].
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Frame<'a> {
    /// The first line.
    Version { format_version: &'static str, kmax_version: &'static str },
    /// A fresh plan, before it is done.
    Plan { plan: &'a PlanDocument },
    /// Something is refused.
    Refused {
        #[serde(flatten)]
        notice: &'a Notice,
    },
    /// Something could not be read.
    Unread {
        #[serde(flatten)]
        unread: &'a UnreadDocument,
    },
    /// An approved change was done already.
    DoneBefore { address: &'a Address },
    /// Something went wrong that stops nothing.
    Warning { message: &'a str },
    /// The last line.
    Result { exit_code: u8, wrote: bool, stopped: Option<&'a str> },
}

enum Mode {
    Json,
    Plain,
    Bars(ProgressBar),
}

/// Shows an apply.
pub(crate) struct ApplyView {
    printer: Printer,
    paint: Paint,
    verbose: bool,
    width: usize,
    mode: Mode,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    finished: usize,
    changes: usize,
    is_announced: bool,
    /// What is under way, for the bar.
    running: Vec<(Address, String)>,
    /// Operations and codes whose retries were said.
    retried: BTreeSet<(String, String)>,
}

/// Returns the code of an error.
fn code(error: &str) -> &str {
    error.split(':').next().unwrap_or(error)
}

impl ApplyView {
    /// Makes the view that the settings ask for.
    pub(crate) fn new(settings: &Settings, printer: Printer, json: bool) -> Self {
        let mode = if json {
            Mode::Json
        } else if settings.stderr_is_terminal && !settings.quiet {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            let style = ProgressStyle::with_template("  {bar:30} {pos}/{len}  {wide_msg}");
            Mode::Bars(match style {
                Ok(style) => bar.with_style(style.progress_chars("━╸─")),
                Err(_) => bar,
            })
        } else {
            Mode::Plain
        };
        let paint = Paint::new(settings.color_stderr);
        let verbose = settings.verbose > 0;
        let width = settings.width;
        Self { printer, paint, verbose, width, mode, progress: Mutex::default() }
    }

    /// Shows an event.
    pub(crate) fn event(&self, event: &Event) {
        match &self.mode {
            Mode::Json => {
                // Where stdout is closed nobody reads the rest either; apply goes on.
                let _ = self.json(event);
            }
            Mode::Plain => {
                if let Some(line) = self.line(event) {
                    self.printer.say(&line.render(self.paint));
                }
            }
            Mode::Bars(bar) => self.bar(bar, event),
        }
    }

    /// Writes a fresh plan as an event.
    pub(crate) fn plan(&self, document: &PlanDocument) -> Result<(), Failure> {
        self.json(&Frame::Plan { plan: document })
    }

    /// Writes refusals as events.
    pub(crate) fn refusals(&self, notices: &[Notice]) -> Result<(), Failure> {
        notices.iter().try_for_each(|notice| self.json(&Frame::Refused { notice }))
    }

    /// Ends the event stream of a run that failed; people read the failure on stderr.
    pub(crate) fn failed(&self, failure: &Failure) -> Result<(), Failure> {
        let Mode::Json = self.mode else { return Ok(()) };
        if let Failure::Refused(notices) = failure {
            self.refusals(notices)?;
        }
        self.result(failure.exit(), None)
    }

    /// Writes the last event.
    pub(crate) fn result(&self, exit: Exit, report: Option<&ApplyReport>) -> Result<(), Failure> {
        self.json(&Frame::Result {
            exit_code: exit.code(),
            wrote: report.is_some_and(|report| report.wrote),
            stopped: report.and_then(|report| report.stopped.as_deref()),
        })
    }

    fn json<T: Serialize>(&self, value: &T) -> Result<(), Failure> {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if !progress.is_announced {
            progress.is_announced = true;
            let kmax_version = env!("CARGO_PKG_VERSION");
            self.printer
                .json_line(&Frame::Version { format_version: FORMAT_VERSION, kmax_version })?;
        }
        self.printer.json_line(value)
    }

    /// Returns what a plain line says of an event; none where it says nothing.
    fn line(&self, event: &Event) -> Option<Line> {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Lock { held: true, message: _ } => None,
            Event::Lock { held: false, message } => Some(Line::plain(message.clone())),
            Event::Started { plan_digest: _, changes } => {
                progress.changes = *changes;
                None
            }
            Event::ChangeStarted { address, action } => self
                .verbose
                .then(|| Line::new().with(Tone::Dim, format!("  {} {address}", doing(*action)))),
            Event::Step { address, message } => {
                self.verbose.then(|| Line::new().with(Tone::Dim, format!("  {address}: {message}")))
            }
            Event::Retry { operation, error, delay_ms } => {
                let kind = (operation.clone(), code(error).to_owned());
                if !progress.retried.insert(kind) && !self.verbose {
                    return None;
                }
                let delay = humantime::format_duration(Duration::from_millis(*delay_ms));
                let text = format!("  {operation}: {error}; trying again in {delay}");
                Some(Line::new().with(Tone::Caution, text))
            }
            Event::ChangeFinished { address, action, outcome } => {
                progress.finished += 1;
                let (finished, all) = (progress.finished, progress.changes);
                let number = format!("[{finished:>width$}/{all}] ", width = all.to_string().len());
                let line = Line::new().with(Tone::Dim, number);
                let name = address.to_string();
                Some(match outcome {
                    Outcome::Done => line
                        .with(Tone::Good, format!("{} ", sign(*action)))
                        .with(Tone::Plain, format!("{} {name}", done(*action))),
                    Outcome::Failed { error, hint: _ } => line
                        .with(Tone::Bad, "! failed ")
                        .with(Tone::Plain, format!("{name}: {error}")),
                    Outcome::Refused { rule: _, message, hint: _ } => line
                        .with(Tone::Bad, "! refused ")
                        .with(Tone::Plain, format!("{name}: {message}")),
                    Outcome::Skipped { because } => line
                        .with(Tone::Caution, "  skipped ")
                        .with(Tone::Plain, format!("{name}, which needs {because}")),
                    Outcome::Cancelled => {
                        line.with(Tone::Caution, "  not begun ").with(Tone::Plain, name)
                    }
                })
            }
            Event::Finished { .. } => None,
        }
    }

    fn bar(&self, bar: &ProgressBar, event: &Event) {
        match event {
            Event::Lock { .. } => {}
            Event::Started { plan_digest: _, changes } => {
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.set_length(*changes as u64);
                bar.enable_steady_tick(Duration::from_millis(100));
            }
            Event::ChangeStarted { address, action } => {
                bar.set_message(
                    self.running(address, Some(format!("{} {address}", doing(*action)))),
                );
            }
            Event::Step { address, message } => {
                bar.set_message(self.running(address, Some(format!("{address}: {message}"))));
            }
            Event::Retry { .. } => {}
            Event::ChangeFinished { address, .. } => {
                bar.set_message(self.running(address, None));
                bar.inc(1);
            }
            Event::Finished { .. } => {}
        }
        if let Some(line) = self.line(event) {
            let text = line.render(self.paint);
            // Before the bar is drawn, lines go to stderr as they are.
            if bar.length().is_some() { bar.println(text) } else { self.printer.say(&text) }
        }
        if let Event::Finished { .. } = event {
            bar.finish_and_clear();
        }
    }

    /// Notes what a change is at, or that it ended, and returns what is under way.
    fn running(&self, address: &Address, words: Option<String>) -> String {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.running.retain(|(known, _)| known != address);
        progress.running.extend(words.map(|words| (address.clone(), words)));
        progress.running.last().map(|(_, words)| words.clone()).unwrap_or_default()
    }

    /// Says how it all ended.
    pub(crate) fn finish(&self, applied: &Applied, exit: Exit) -> Result<(), Failure> {
        let Applied { planned, refusals, done_before, report, release_error } = applied;
        if let Mode::Json = self.mode {
            self.refusals(refusals)?;
            for unread in &planned.document.unread {
                self.json(&Frame::Unread { unread })?;
            }
            for address in done_before {
                self.json(&Frame::DoneBefore { address })?;
            }
            if let Some(message) = release_error {
                self.json(&Frame::Warning { message })?;
            }
            return self.result(exit, report.as_ref());
        }
        for refusal in refusals {
            self.printer.refusal(refusal);
        }
        let unread = planned.document.unread.iter().map(|u| (u.source.as_str(), u.error.as_str()));
        self.printer.say_lines(&notices::unread_lines(unread, self.width));
        if let Some(report) = report {
            self.hints(report);
            if let Some(stopped) = &report.stopped {
                let line = Line::new()
                    .with(Tone::Bad, "stopped")
                    .with(Tone::Plain, format!(": {stopped}"));
                self.printer.say_lines(&[line]);
            }
        }
        if let Some(error) = release_error {
            let text = format!(": the lock could not be given back and ends by itself: {error}");
            let line = Line::new().with(Tone::Caution, "warning").with(Tone::Plain, text);
            self.printer.say_lines(&[line]);
        }
        self.printer.lines(&[summary(report.as_ref(), refusals.len(), done_before.len(), exit)])
    }

    /// Says what to do about changes that failed, each hint once.
    fn hints(&self, report: &ApplyReport) {
        let mut said: Vec<&str> = Vec::new();
        for change in &report.changes {
            let hint = match &change.outcome {
                Outcome::Failed { hint, .. } | Outcome::Refused { hint, .. } => hint.as_deref(),
                Outcome::Done | Outcome::Skipped { .. } | Outcome::Cancelled => None,
            };
            if let Some(hint) = hint.filter(|hint| !said.contains(hint)) {
                said.push(hint);
                self.printer.hint(hint);
            }
        }
    }
}

/// Returns the last line of an apply.
fn summary(report: Option<&ApplyReport>, refused: usize, done_before: usize, exit: Exit) -> Line {
    use kmax_model::Action;
    let Some(report) = report else {
        return match (refused, done_before) {
            (0, 0) => Line::plain(match exit {
                Exit::Cancelled => "Cancelled: nothing was done.",
                Exit::Done
                | Exit::Error
                | Exit::Changes
                | Exit::Refused
                | Exit::Partial
                | Exit::Usage => "Nothing to do.",
            }),
            (0, before) => Line::plain(format!(
                "Nothing to do: {} done already.",
                notices::are(before, "change")
            )),
            (_, _) => Line::plain("Nothing was done."),
        };
    };
    let number = |action: Action| {
        let is_done = |c: &&kmax_model::ChangeOutcome| {
            c.action == action && matches!(c.outcome, Outcome::Done)
        };
        report.changes.iter().filter(is_done).count()
    };
    let adopted = match number(Action::Adopt) {
        0 => String::new(),
        adopted => format!(", {adopted} taken over"),
    };
    let mut text = format!(
        "{} created, {} changed, {} destroyed{adopted}",
        number(Action::Create),
        number(Action::Update),
        number(Action::Delete)
    );
    let refused_late =
        |c: &&kmax_model::ChangeOutcome| matches!(c.outcome, Outcome::Refused { .. });
    let refused = refused + report.changes.iter().filter(refused_late).count();
    let failed =
        report.changes.iter().filter(|c| matches!(c.outcome, Outcome::Failed { .. })).count();
    for (count, word) in [(failed, "failed"), (refused, "refused"), (report.skipped(), "not begun")]
    {
        if count > 0 {
            text.push_str(&format!(", {count} {word}"));
        }
    }
    if done_before > 0 {
        text.push_str(&format!("; {} done already", notices::are(done_before, "change")));
    }
    let is_done = failed + refused + report.skipped() == 0 && report.done() > 0;
    match exit {
        Exit::Done => {
            Line::new().with(Tone::Good, "Applied").with(Tone::Plain, format!(": {text}."))
        }
        Exit::Cancelled => {
            let again = "run it again to go on from there";
            Line::new()
                .with(Tone::Caution, "Cancelled")
                .with(Tone::Plain, format!(": {text}; {again}."))
        }
        // All that was planned is done; what could not be read is said above.
        Exit::Error if is_done => {
            Line::new().with(Tone::Caution, "Applied").with(Tone::Plain, format!(": {text}."))
        }
        Exit::Error | Exit::Changes | Exit::Refused | Exit::Usage => {
            Line::new().with(Tone::Bad, "Not applied").with(Tone::Plain, format!(": {text}."))
        }
        Exit::Partial => {
            let again = "mend that and run it again: it goes on from there";
            Line::new()
                .with(Tone::Bad, "Applied in part")
                .with(Tone::Plain, format!(": {text}; {again}."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_work_says_so() {
        assert_eq!(summary(None, 0, 0, Exit::Done).text(), "Nothing to do.");
        assert_eq!(
            summary(None, 0, 2, Exit::Done).text(),
            "Nothing to do: 2 changes are done already."
        );
        assert_eq!(summary(None, 1, 0, Exit::Refused).text(), "Nothing was done.");
    }
}
