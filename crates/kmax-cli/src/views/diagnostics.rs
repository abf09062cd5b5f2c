//! What is wrong with a file.

use std::fmt::Write as _;
use std::sync::Arc;

use kmax_config::{Diagnostic, Diagnostics, Severity};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource};

use crate::views::line::Paint;

/// Returns all diagnostics: drawn for a terminal, plain otherwise.
pub(crate) fn text(all: &Diagnostics, fancy: bool, paint: Paint, width: usize) -> String {
    if !fancy {
        return format!("{}\n{}: {}\n", all.render(), all.source_name, all.count());
    }
    let theme =
        if paint.is_on() { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false);
    let source =
        Arc::new(NamedSource::new(&all.source_name, all.text.clone()).with_language("TOML"));
    let mut text = String::new();
    for diagnostic in &all.all {
        let report = miette::Report::new(report(diagnostic)).with_source_code(Arc::clone(&source));
        // What can't be drawn is written plainly.
        if handler.render_report(&mut text, report.as_ref()).is_err() {
            text.push_str(&all.render_one(diagnostic));
        }
    }
    let _ = writeln!(text, "\n{}: {}", all.source_name, all.count());
    text
}

fn report(diagnostic: &Diagnostic) -> MietteDiagnostic {
    let Diagnostic { severity, code, message, hint, path: _, span, line: _, column: _, related } =
        diagnostic;
    let severity = match severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
    };
    let own =
        span.iter().map(|span| LabeledSpan::new_primary_with_span(None, (span.start, span.len())));
    let others = related.iter().map(|place| {
        LabeledSpan::new_with_span(Some(place.label.clone()), (place.span.start, place.span.len()))
    });
    let mut report = MietteDiagnostic::new(message.clone())
        .with_code(code.code())
        .with_severity(severity)
        .with_labels(own.chain(others));
    if let Some(hint) = hint {
        report = report.with_help(hint.clone());
    }
    report
}
