//! User data as parts: names and hashes in a plan, a diff for people.

use kmax_bootstrap::{Part, decode_base64};
use kmax_model::fields::Fields;
use serde_json::json;
use similar::TextDiff;

/// Takes user data apart; what can't be is one part.
fn parts(user_data: &str) -> Vec<Part> {
    decode_base64(user_data).unwrap_or_else(|_| vec![Part::opaque(user_data.as_bytes())])
}

/// Returns a field for each part: its hash.
pub(crate) fn part_fields(user_data: &str) -> Fields {
    let field = |part: Part| (format!("user_data.{}", part.name), json!(part.sha256));
    let mut fields: Fields = parts(user_data).into_iter().map(field).collect();
    if fields.is_empty() {
        fields.insert("user_data".to_owned(), json!(user_data));
    }
    fields
}

/// Returns a unified diff of the decoded parts of two user data, base64 each.
pub fn user_data_diff(before: Option<&str>, after: &str) -> String {
    let (before, after) = (before.map(parts).unwrap_or_default(), parts(after));
    let mut names: Vec<&str> = before.iter().map(|part| part.name.as_str()).collect();
    names.extend(after.iter().map(|part| part.name.as_str()));
    names.sort_unstable();
    names.dedup();
    let mut text = String::new();
    for name in names {
        let content = |parts: &[Part]| {
            let part = parts.iter().find(|part| part.name == name);
            part.map(|part| part.content.clone()).unwrap_or_default()
        };
        let (old, new) = (content(&before), content(&after));
        if old != new {
            let diff = TextDiff::from_lines(&old, &new);
            text.push_str(&diff.unified_diff().header(name, name).to_string());
        }
    }
    text
}
