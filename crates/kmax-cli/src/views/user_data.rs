//! The difference between two user data, with secrets masked.

use kmax_model::{Plan, TemplateVersionWork, TemplateWork, Work};

use crate::views::plan::Diffs;

const MASK: &str = "(masked)";
/// Words that, as part of a name before `=` or `:`, say that a secret follows.
const SECRET_WORDS: [&str; 6] =
    ["password", "passwd", "secret", "token", "private_key", "access_key"];

/// Returns the difference that each template version still to be made has from the one before it.
pub(crate) fn diffs(plan: &Plan) -> Diffs {
    let mut diffs = Diffs::new();
    for change in &plan.changes {
        let Work::Template(TemplateWork::Update { version, previous_user_data, .. }) = &change.work
        else {
            continue;
        };
        let TemplateVersionWork::Make(data) = version else { continue };
        let Some(after) = &data.user_data else { continue };
        let diff = kmax_planner::user_data_diff(previous_user_data.as_deref(), after);
        if !diff.is_empty() {
            diffs.insert(change.address.clone(), masked(&diff));
        }
    }
    diffs
}

/// Returns the lines of a difference without secrets.
pub(crate) fn masked(text: &str) -> Vec<String> {
    let mut in_key = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        let sign: String = line.chars().take(1).filter(|c| "+- ".contains(*c)).collect();
        if line.contains("-----BEGIN ") && line.contains("PRIVATE KEY") {
            in_key = true;
            lines.push(format!("{sign}{MASK}"));
            continue;
        }
        if in_key {
            in_key = !line.contains("-----END ");
            continue;
        }
        lines.push(mask_line(line));
    }
    lines
}

fn mask_line(line: &str) -> String {
    let line = mask_access_keys(line);
    let Some(at) = line.find(['=', ':']) else { return line };
    let (name, value) = line.split_at(at);
    let name_words = name.to_lowercase().replace('-', "_");
    let is_secret = SECRET_WORDS.iter().any(|word| name_words.contains(word));
    let value_rest = value.get(1..).unwrap_or_default();
    // A name that merely ends the line, such as a key of YAML, holds nothing.
    if is_secret && !value_rest.trim().is_empty() {
        let sign = value.get(..1).unwrap_or_default();
        return format!("{name}{sign} {MASK}");
    }
    line
}

/// Masks ids of access keys: `AKIA` or `ASIA` and 16 capitals and digits.
fn mask_access_keys(line: &str) -> String {
    let is_key = |word: &str| {
        word.len() == 20
            && (word.starts_with("AKIA") || word.starts_with("ASIA"))
            && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    let mut text = line.to_owned();
    for word in line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| is_key(word)) {
        text = text.replace(word, MASK);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_secrets_and_nothing_else() {
        let key = format!("AK{}", "IAIOSFODNN7EXAMPLE");
        let begin = format!("+-----BEGIN RSA {} KEY-----", "PRIVATE");
        let text = format!(
            "+export ID={key}\n-DB_PASSWORD=hunter2\n {begin}\n+abc\n+-----END X-----\n+maxPods: 110"
        );
        assert_eq!(
            masked(&text),
            ["+export ID=(masked)", "-DB_PASSWORD= (masked)", " (masked)", "+maxPods: 110"]
        );
    }
}
