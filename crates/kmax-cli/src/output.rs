//! What is printed: data to stdout, talk to stderr.

use std::io::{self, BufRead as _, ErrorKind, Stderr, Stdout, Write as _};
use std::sync::Arc;

use kmax_model::Notice;

use crate::errors::Failure;
use crate::settings::Settings;
use crate::views::diagnostics;
use crate::views::line::{Line, Paint, Tone};

/// Prints. Clones print to the same streams.
#[derive(Clone, Debug)]
pub(crate) struct Printer {
    streams: Arc<(Stdout, Stderr)>,
    out: Paint,
    err: Paint,
    quiet: bool,
    fancy: bool,
    width: usize,
}

impl Printer {
    /// Makes a printer of what the settings say.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            streams: Arc::new((io::stdout(), io::stderr())),
            out: Paint::new(settings.color_stdout),
            err: Paint::new(settings.color_stderr),
            quiet: settings.quiet,
            fancy: settings.stderr_is_terminal,
            width: settings.width,
        }
    }

    /// Writes data as they are.
    pub(crate) fn data(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = self.streams.0.lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(()),
            // Whoever reads has seen enough: `kmax plan | head`.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::Stdout(error)),
        }
    }

    /// Writes lines of text.
    pub(crate) fn lines(&self, lines: &[Line]) -> Result<(), Failure> {
        let text: String = lines.iter().map(|line| line.render(self.out) + "\n").collect();
        self.data(&text)
    }

    /// Writes a value as JSON over several lines.
    pub(crate) fn json<T: serde::Serialize>(&self, value: &T) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value)?;
        self.data(&(text + "\n"))
    }

    /// Writes a value as one line of JSON.
    pub(crate) fn json_line<T: serde::Serialize>(&self, value: &T) -> Result<(), Failure> {
        let text = serde_json::to_string(value)?;
        self.data(&(text + "\n"))
    }

    /// Says something, unless it was asked to be quiet.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            self.to_stderr(text);
        }
    }

    /// Says lines, unless it was asked to be quiet.
    pub(crate) fn say_lines(&self, lines: &[Line]) {
        for line in lines {
            self.say(&line.render(self.err));
        }
    }

    /// Says what went wrong, however quiet it is to be.
    pub(crate) fn errors(&self, lines: &[Line]) {
        for line in lines {
            self.to_stderr(&line.render(self.err));
        }
    }

    /// Says what to do next, unless it was asked to be quiet.
    pub(crate) fn hint(&self, text: &str) {
        self.say_lines(&[hint_line(text)]);
    }

    /// Says what is refused, and what to do about it.
    pub(crate) fn refusal(&self, notice: &Notice) {
        let Notice { address: _, rule, message, hint } = notice;
        let head = Line::new()
            .with(Tone::Bad, "refused")
            .with(Tone::Dim, format!(" [{rule}]"))
            .with(Tone::Plain, format!(": {message}"));
        self.to_stderr(&head.render(self.err));
        if let Some(hint) = hint {
            self.to_stderr(&hint_line(hint).render(self.err));
        }
    }

    /// Says why a command failed.
    pub(crate) fn failure(&self, failure: &Failure) {
        match failure {
            Failure::Config(error) => {
                let text = diagnostics::text(error.diagnostics(), self.fancy, self.err, self.width);
                self.to_stderr(text.trim_end());
            }
            Failure::Refused(notices) => notices.iter().for_each(|notice| self.refusal(notice)),
            Failure::Usage { .. }
            | Failure::NoConfig(_)
            | Failure::File { .. }
            | Failure::Exists(_)
            | Failure::PlanFile { .. }
            | Failure::Unread(_)
            | Failure::Lock(_)
            | Failure::Sandbox(_)
            | Failure::Tamper(_)
            | Failure::Fault(_)
            | Failure::Stdout(_)
            | Failure::Json(_)
            | Failure::Runtime { .. }
            | Failure::Cancelled(_) => {
                let mut message = failure.to_string();
                let mut source = std::error::Error::source(failure);
                while let Some(cause) = source {
                    message.push_str(&format!(": {cause}"));
                    source = cause.source();
                }
                let head =
                    Line::new().with(Tone::Bad, "error").with(Tone::Plain, format!(": {message}"));
                self.to_stderr(&head.render(self.err));
                if let Some(hint) = failure.hint() {
                    self.to_stderr(&hint_line(&hint).render(self.err));
                }
            }
        }
    }

    /// Asks a person; none is the end of the input.
    pub(crate) async fn ask(&self, question: &str) -> Option<String> {
        let mut stderr = self.streams.1.lock();
        // Without a question there is no answer, which is a no.
        let asked = write!(stderr, "{question} ").and_then(|()| stderr.flush());
        drop(stderr);
        asked.ok()?;
        let answer = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line).map(|length| (length > 0).then_some(line))
        });
        answer.await.ok()?.ok()?.map(|line| line.trim().to_owned())
    }

    fn to_stderr(&self, text: &str) {
        // There is nobody left to tell where stderr can't be written.
        let _ = writeln!(self.streams.1.lock(), "{text}");
    }
}

fn hint_line(text: &str) -> Line {
    Line::new().with(Tone::Note, "  hint").with(Tone::Plain, format!(": {text}"))
}
