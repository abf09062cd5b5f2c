//! A TOML text with the place of every key and value, and the findings about it.

use std::ops::Range;

use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{ConfigError, Diagnostic, Diagnostics, Related, Severity};
use crate::path::{KeyPath, Step};
use crate::pool::Place;
use crate::rules::Rule;

/// A parsed TOML text.
pub(crate) struct Document<'t> {
    source_name: &'t str,
    text: &'t str,
    root: DeTable<'t>,
    /// Where lines start, in bytes.
    lines: Vec<usize>,
}

impl<'t> Document<'t> {
    /// Parses a text.
    ///
    /// # Errors
    /// Every syntax error that the parser finds.
    pub(crate) fn parse(source_name: &'t str, text: &'t str) -> Result<Self, ConfigError> {
        let (root, errors) = DeTable::parse_recoverable(text);
        let newlines = text.match_indices('\n').map(|(newline, _)| newline + 1);
        let lines = std::iter::once(0).chain(newlines).collect();
        let document = Self { source_name, text, root: root.into_inner(), lines };
        if errors.is_empty() {
            return Ok(document);
        }
        Err(crate::toml_errors::findings(&document, &errors).into_error())
    }

    /// The text.
    pub(crate) fn text(&self) -> &'t str {
        self.text
    }

    /// The whole tree.
    pub(crate) fn root(&self) -> &DeTable<'t> {
        &self.root
    }

    /// The value at a path.
    pub(crate) fn value(&self, path: &KeyPath) -> Option<&Spanned<DeValue<'t>>> {
        let mut steps = path.steps().iter();
        let Some(Step::Key(first)) = steps.next() else { return None };
        let mut value = self.root.get(first.as_str())?;
        for step in steps {
            value = match step {
                Step::Key(key) => value.get_ref().get(key.as_str())?,
                Step::Index(index) => value.get_ref().get(*index)?,
            };
        }
        Some(value)
    }

    /// The table at a path.
    pub(crate) fn table(&self, path: &KeyPath) -> Option<&DeTable<'t>> {
        if path.is_root() { Some(&self.root) } else { self.value(path)?.get_ref().as_table() }
    }

    /// Whether something is written at a path.
    pub(crate) fn has(&self, path: &KeyPath) -> bool {
        self.value(path).is_some()
    }

    /// Where the value of a path stands, or the nearest table around it that is written.
    pub(crate) fn value_span(&self, path: &KeyPath) -> Range<usize> {
        let mut path = path.clone();
        while !path.is_root() {
            if let Some(value) = self.value(&path) {
                return value.span();
            }
            path = path.parent();
        }
        0..0
    }

    /// Where the key of a path stands; for an element of an array, the element.
    pub(crate) fn key_span(&self, path: &KeyPath) -> Range<usize> {
        let key = path.last_key().and_then(|key| {
            let (key, _) = self.table(&path.parent())?.get_key_value(key)?;
            Some(key.span())
        });
        key.unwrap_or_else(|| self.value_span(path))
    }

    /// The line and column of a byte.
    pub(crate) fn place(&self, offset: usize) -> Place {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.lines.partition_point(|start| *start <= offset);
        let before = &self.text[self.lines[line - 1]..offset];
        Place { line, column: before.trim_start_matches('\u{feff}').chars().count() + 1 }
    }
}

/// A tree of TOML as JSON. Dates become strings, numbers that JSON lacks become null; neither passes
/// the structural check.
pub(crate) fn to_json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => Json::from(text.as_ref()),
        DeValue::Integer(number) => integer(number)
            .and_then(|number| i64::try_from(number).ok())
            .map_or(Json::Null, Json::from),
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Json::Null, Json::from),
        DeValue::Boolean(boolean) => Json::from(*boolean),
        DeValue::Datetime(datetime) => Json::from(datetime.to_string()),
        DeValue::Array(array) => array.iter().map(|value| to_json(value.get_ref())).collect(),
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), to_json(value.get_ref())))
            .collect(),
    }
}

/// The value of an integer, unless it is beyond anything.
pub(crate) fn integer(number: &toml::de::DeInteger<'_>) -> Option<i128> {
    i128::from_str_radix(number.as_str(), number.radix()).ok()
}

/// Where a finding points.
#[derive(Debug, Clone)]
enum Target {
    Value(KeyPath),
    Key(KeyPath),
    Span(Range<usize>),
}

/// Something found about a document.
#[derive(Debug, Clone)]
#[must_use]
pub(crate) struct Finding {
    severity: Severity,
    rule: Rule,
    message: String,
    hint: Option<String>,
    target: Target,
    related: Vec<(KeyPath, String)>,
}

impl Finding {
    /// An error, so far without a place.
    pub(crate) fn error(rule: Rule, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            rule,
            message: message.into(),
            hint: None,
            target: Target::Value(KeyPath::root()),
            related: Vec::new(),
        }
    }

    /// A warning, so far without a place.
    pub(crate) fn warning(rule: Rule, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(rule, message) }
    }

    /// Points to a value.
    pub(crate) fn at(mut self, path: &KeyPath) -> Self {
        self.target = Target::Value(path.clone());
        self
    }

    /// Points to a key.
    pub(crate) fn at_key(mut self, path: &KeyPath) -> Self {
        self.target = Target::Key(path.clone());
        self
    }

    /// Points to bytes.
    pub(crate) fn at_span(mut self, span: Range<usize>) -> Self {
        self.target = Target::Span(span);
        self
    }

    /// Says what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says what to do next, where there is something to say.
    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// Points to the key of another place too.
    pub(crate) fn also(mut self, path: &KeyPath, label: impl Into<String>) -> Self {
        self.related.push((path.clone(), label.into()));
        self
    }
}

/// The findings about one document. The same one is kept once, however many pools inherit it.
pub(crate) struct Findings<'d, 't> {
    document: &'d Document<'t>,
    all: Vec<Diagnostic>,
}

impl<'d, 't> Findings<'d, 't> {
    /// No findings yet.
    pub(crate) fn new(document: &'d Document<'t>) -> Self {
        Self { document, all: Vec::new() }
    }

    /// The document.
    pub(crate) fn document(&self) -> &'d Document<'t> {
        self.document
    }

    /// Adds a finding.
    pub(crate) fn push(&mut self, finding: Finding) {
        let Finding { severity, rule, message, hint, target, related } = finding;
        let (path, span) = match target {
            Target::Value(path) => {
                let span = self.document.value_span(&path);
                (path, span)
            }
            Target::Key(path) => {
                let span = self.document.key_span(&path);
                (path, span)
            }
            Target::Span(span) => (KeyPath::root(), span),
        };
        let Place { line, column } = self.document.place(span.start);
        let related = related
            .into_iter()
            .map(|(path, label)| {
                let span = self.document.key_span(&path);
                let Place { line, column } = self.document.place(span.start);
                Related { label, span, line, column }
            })
            .collect();
        let diagnostic = Diagnostic {
            severity,
            code: rule,
            message,
            hint,
            path,
            span: Some(span),
            line,
            column,
            related,
        };
        let known = self.all.iter().any(|other| {
            other.code == diagnostic.code
                && other.span == diagnostic.span
                && other.message == diagnostic.message
        });
        if !known {
            self.all.push(diagnostic);
        }
    }

    /// Whether an error is among them.
    pub(crate) fn has_errors(&self) -> bool {
        self.all.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// All of them in the order of their places, as an error.
    pub(crate) fn into_error(self) -> ConfigError {
        let document = self.document;
        ConfigError(Diagnostics {
            source_name: document.source_name.to_owned(),
            text: document.text.to_owned(),
            all: self.into_sorted(),
        })
    }

    /// All of them in the order of their places.
    pub(crate) fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.all.sort_by(|a, b| {
            let place = |d: &Diagnostic| d.span.as_ref().map(|span| span.start);
            place(a).cmp(&place(b)).then_with(|| a.code.cmp(&b.code))
        });
        self.all
    }
}
