//! Syntax errors in words for people.

use std::collections::BTreeSet;

use toml::de::Error;

use crate::document::{Document, Finding, Findings};
use crate::rules::Rule;

/// The findings that the parser's errors amount to. What follows from an earlier error is left out: on
/// one line mostly all but the first, in a list that is not closed all of the lines behind it, in a
/// table that stands twice its keys.
pub(crate) fn findings<'d, 't>(document: &'d Document<'t>, errors: &[Error]) -> Findings<'d, 't> {
    let text = document.text();
    let mut findings = Findings::new(document);
    let mut lines = BTreeSet::new();
    let mut missing_comma = false;
    let mut doubled_until = 0;
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let message = error.message();
        if !lines.insert(document.place(span.start).line) {
            continue;
        }
        let word = text.get(span.clone()).unwrap_or_default();
        let finding = if message.contains("duplicate key") {
            if span.start < doubled_until {
                continue;
            }
            let line_start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
            let is_header = text[line_start..].starts_with('[');
            if is_header {
                doubled_until =
                    text[span.end..].find("\n[").map_or(text.len(), |end| span.end + end);
            }
            let what = if is_header { "table" } else { "key" };
            Finding::error(Rule::Syntax, format!("the {what} `{word}` stands twice"))
                .hint("join the two, or take one out")
        } else if message.contains("missing comma between array elements") {
            if std::mem::replace(&mut missing_comma, true) {
                continue;
            }
            Finding::error(Rule::Syntax, "a comma is missing here, or a `]` before it")
        } else if message.contains("string values must be quoted") {
            Finding::error(Rule::Syntax, "a string must stand in quotes")
                .hint(format!("write `\"{word}\"`"))
        } else if message.contains("invalid basic string") {
            let first = message.split(", expected").next().unwrap_or_default();
            Finding::error(Rule::Syntax, lower_first(first))
                .hint("end it with `\"` on the same line")
        } else if text[..span.end].ends_with(':') || text[span.start..].starts_with(':') {
            Finding::error(Rule::Syntax, lower_first(message)).hint("TOML writes `key = value`")
        } else {
            Finding::error(Rule::Syntax, lower_first(message))
        };
        if text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
            let hint =
                "this looks like JSON; kmax.toml is TOML: `kmax init` writes one to start from";
            findings.push(finding.at_span(span).hint(hint));
            return findings;
        }
        findings.push(finding.at_span(span));
    }
    findings
}

fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    match chars.next() {
        // An acronym stays as it is.
        Some(first) if !chars.as_str().starts_with(|c: char| c.is_ascii_uppercase()) => {
            first.to_lowercase().chain(chars).collect()
        }
        Some(_) | None => message.to_owned(),
    }
}
