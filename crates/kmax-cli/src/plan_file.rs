//! Saved plans: written, read back, and what may be wrong with such a file.

use std::fs;
use std::path::Path;

use kmax_model::{Notice, PLAN_FORMAT_VERSION, PlanDocument};
use serde_json::Value;
use serde_json::error::Category;

use crate::errors::Failure;
use crate::files;

const AGAIN: &str = "make it anew with `kmax plan -o FILE`";

/// Saves a plan.
pub(crate) fn write(path: &Path, document: &PlanDocument) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    files::write_whole(path, &text)
}

/// Reads a saved plan.
pub(crate) fn read(path: &Path) -> Result<PlanDocument, Failure> {
    let text = fs::read_to_string(path).map_err(Failure::file("read", path))?;
    let name = path.display();
    let no_plan = |message: String| Failure::PlanFile { message, hint: AGAIN.to_owned() };
    let value: Value = serde_json::from_str(&text).map_err(|error| match error.classify() {
        Category::Eof if text.trim().is_empty() => no_plan(format!("`{name}` is empty")),
        Category::Eof => {
            no_plan(format!("the plan `{name}` is cut off after line {}", error.line()))
        }
        Category::Syntax | Category::Data | Category::Io => no_plan(format!(
            "`{name}` is not a plan: line {}, column {} is not JSON",
            error.line(),
            error.column()
        )),
    })?;
    let Some(version) = value.get("format_version").and_then(Value::as_str) else {
        return Err(no_plan(format!("`{name}` is not a plan of kmax: it has no `format_version`")));
    };
    if value.get("plan_digest").is_none() {
        return Err(no_plan(format!("`{name}` is not a plan of kmax: it has no `plan_digest`")));
    }
    if major(version) != major(PLAN_FORMAT_VERSION) {
        let by = value.get("kmax_version").and_then(Value::as_str).unwrap_or("another version");
        return Err(Failure::Refused(vec![Notice {
            address: None,
            rule: "plan-format".to_owned(),
            message: format!(
                "the plan `{name}` has format {version}, made by kmax {by}, and this kmax reads \
                 format {PLAN_FORMAT_VERSION}"
            ),
            hint: Some("plan again with this kmax".to_owned()),
        }]));
    }
    if has_control_characters(&value) {
        return Err(no_plan(format!(
            "the plan `{name}` holds control characters, which kmax never writes"
        )));
    }
    let document: PlanDocument = serde_json::from_value(value)
        .map_err(|error| no_plan(format!("`{name}` is not a plan of kmax: {error}")))?;
    match document.edited() {
        None => Ok(document),
        Some(what) => Err(Failure::Refused(vec![Notice {
            address: None,
            rule: "plan-edited".to_owned(),
            message: format!("`{name}`: {what}"),
            hint: Some("the file was edited or damaged: plan again".to_owned()),
        }])),
    }
}

/// A file that somebody else wrote must not speak to the terminal of its reader.
fn has_control_characters(value: &Value) -> bool {
    let is_bad = |text: &str| text.chars().any(|c| c.is_control() && c != '\n');
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => is_bad(text),
        Value::Array(items) => items.iter().any(has_control_characters),
        Value::Object(map) => {
            map.iter().any(|(key, value)| is_bad(key) || has_control_characters(value))
        }
    }
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}
