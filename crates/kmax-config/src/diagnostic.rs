//! Diagnostics: what is wrong, where, and what to do next.

use std::fmt;
use std::ops::Range;

use serde::Serialize;
use thiserror::Error;

use crate::path::KeyPath;
use crate::rules::Rule;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file can't be used.
    Error,
    /// The file can be used; `[[accept]]` silences it.
    Warning,
}

impl Severity {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Another place that belongs to a diagnostic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// What stands there.
    pub label: String,
    /// Where, in bytes.
    pub span: Range<usize>,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

/// One thing that is wrong, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The rule that it breaks.
    pub code: Rule,
    /// What is wrong, a fragment in lower case.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// The key that it is about.
    pub path: KeyPath,
    /// Where it stands, in bytes.
    pub span: Option<Range<usize>>,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// Further places that belong to it.
    pub related: Vec<Related>,
}

/// Diagnostics together with the text that they are about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostics {
    /// The file's name as it stands in messages.
    pub source_name: String,
    /// The file's text.
    #[serde(skip)]
    pub text: String,
    /// The diagnostics in the order of their places.
    pub all: Vec<Diagnostic>,
}

/// A file that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{} is not valid: {}", .0.source_name, .0.count())]
pub struct ConfigError(pub Diagnostics);

impl ConfigError {
    /// The diagnostics, of which one at least is an error.
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.0
    }
}

impl Diagnostics {
    /// Those that are errors.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.all.iter().filter(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Those that are warnings.
    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.all.iter().filter(|diagnostic| diagnostic.severity == Severity::Warning)
    }

    /// How many there are, in words: `2 errors, 1 warning`.
    pub fn count(&self) -> String {
        let plural = |count: usize, noun: &str| match count {
            1 => format!("1 {noun}"),
            _ => format!("{count} {noun}s"),
        };
        let errors = self.errors().count();
        let warnings = self.warnings().count();
        match (errors, warnings) {
            (0, 0) => "no errors".to_owned(),
            (_, 0) => plural(errors, "error"),
            (0, _) => plural(warnings, "warning"),
            (_, _) => format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")),
        }
    }

    /// All of them as text without colour, each with the lines that it is about.
    pub fn render(&self) -> String {
        let mut text = String::new();
        for (position, diagnostic) in self.all.iter().enumerate() {
            if position > 0 {
                text.push('\n');
            }
            text.push_str(&self.render_one(diagnostic));
        }
        text
    }

    /// One of them as text without colour.
    pub fn render_one(&self, diagnostic: &Diagnostic) -> String {
        let Diagnostic { severity, code, message, hint, path: _, span, line, column, related } =
            diagnostic;
        let last = related.iter().map(|place| place.line).max().unwrap_or(0).max(*line);
        let gutter = " ".repeat(last.to_string().len());
        let mut text = format!("{}[{code}]: {message}\n", severity.as_str());
        text.push_str(&format!("{gutter}--> {}:{line}:{column}\n", self.source_name));
        if let Some(span) = span {
            self.snippet(&mut text, &gutter, *line, *column, span, "^", "");
        }
        for Related { label, span, line, column } in related {
            text.push_str(&format!("{gutter}::: {}:{line}:{column}\n", self.source_name));
            self.snippet(&mut text, &gutter, *line, *column, span, "-", label);
        }
        if let Some(hint) = hint {
            text.push_str(&format!("{gutter} = hint: {hint}\n"));
        }
        text
    }

    /// One line of the file with a mark under the span.
    #[expect(clippy::too_many_arguments, reason = "one call per kind of place")]
    fn snippet(
        &self,
        text: &mut String,
        gutter: &str,
        line: usize,
        column: usize,
        span: &Range<usize>,
        mark: &str,
        label: &str,
    ) {
        let content = self.text.split('\n').nth(line - 1).unwrap_or_default();
        let content = content.strip_suffix('\r').unwrap_or(content);
        if !crate::secrets::secrets(content).is_empty() {
            text.push_str(&format!("{gutter} |\n{gutter} = note: the line holds a secret\n"));
            return;
        }
        let clean: String = content.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let (shown, offset) = window(&clean, column - 1);
        let spanned = self.text.get(span.clone()).unwrap_or_default();
        let on_line = spanned.split(['\n', '\r']).next().unwrap_or_default();
        let before: usize = shown.chars().take(column - 1 - offset).map(width).sum();
        let room = shown.chars().skip(column - 1 - offset).map(width).sum::<usize>().max(1);
        let length = on_line.chars().map(width).sum::<usize>().clamp(1, room);
        text.push_str(&format!("{gutter} |\n"));
        let number = format!("{line:>width$}", width = gutter.len());
        text.push_str(&format!("{}\n", format!("{number} | {shown}").trim_end()));
        let marks = format!("{}{} {label}", " ".repeat(before), mark.repeat(length));
        text.push_str(&format!("{gutter} | {}\n", marks.trim_end()));
    }
}

/// The widest line that is shown whole.
const WIDEST: usize = 120;

/// A part of a very long line around a column, and how many characters were left out in front.
fn window(line: &str, column: usize) -> (String, usize) {
    let length = line.chars().count();
    if length <= WIDEST {
        return (line.to_owned(), 0);
    }
    let offset = column.saturating_sub(WIDEST / 3);
    let mut shown: Vec<char> = line.chars().skip(offset).take(WIDEST).collect();
    if offset > 0 {
        shown[..3].fill('.');
    }
    if offset + shown.len() < length {
        let end = shown.len();
        shown[end - 3..].fill('.');
    }
    (shown.into_iter().collect(), offset)
}

/// How many cells of a terminal a character takes: two for the wide ones of East Asia and emoji.
fn width(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036F | 0x200B..=0x200F | 0xFE00..=0xFE0F => 0,
        0x1100..=0x115F
        | 0x2E80..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1FAFF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render())
    }
}
