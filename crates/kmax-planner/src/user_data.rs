//! User data as parts: names and hashes in a plan, a diff without secrets for people.

use kmax_bootstrap::{Part, decode_base64};
use kmax_model::fields::Fields;
use serde_json::json;
use similar::TextDiff;

const MASK: &str = "(masked)";
/// Words that, as part of a name before `=` or `:`, say that a secret follows.
const SECRET_WORDS: [&str; 6] =
    ["password", "passwd", "secret", "token", "private_key", "access_key"];

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

/// Returns a unified diff of the decoded parts of two user data, base64 each, with what looks like a
/// secret masked.
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
            text.push_str(&format!("--- {name}\n+++ {name}\n"));
            text.push_str(&hunks(&old, &new));
        }
    }
    text
}

/// Returns the hunks of a unified diff. What differs is found before anything is masked, so that a
/// secret that changed is seen to have changed.
fn hunks(old: &str, new: &str) -> String {
    let lines = |text: &'_ str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let (old, new) = (lines(old), lines(new));
    let (old_shown, new_shown) = (masked(&old), masked(&new));
    let (old, new): (Vec<&str>, Vec<&str>) =
        (old.iter().map(String::as_str).collect(), new.iter().map(String::as_str).collect());
    let diff = TextDiff::from_slices(&old, &new);
    let mut text = String::new();
    for hunk in diff.unified_diff().iter_hunks() {
        text.push_str(&format!("{}\n", hunk.header()));
        let mut last = String::new();
        for change in hunk.iter_changes() {
            let shown = match (change.old_index(), change.new_index()) {
                (_, Some(index)) => new_shown.get(index),
                (Some(index), None) => old_shown.get(index),
                (None, None) => None,
            };
            let line = format!("{}{}", change.tag(), shown.map_or("", String::as_str));
            // A key is many lines, which all look alike now.
            if line != last || !line.ends_with(MASK) {
                text.push_str(&line);
                text.push('\n');
            }
            last = line;
        }
    }
    text
}

/// Returns lines without secrets, as many as there were.
fn masked(lines: &[String]) -> Vec<String> {
    let mut is_in_key = false;
    let mut shown = Vec::new();
    for line in lines {
        if line.contains("-----BEGIN ") && line.contains("PRIVATE KEY") {
            is_in_key = true;
        }
        shown.push(if is_in_key { MASK.to_owned() } else { mask_line(line) });
        if line.contains("-----END ") {
            is_in_key = false;
        }
    }
    shown
}

fn mask_line(line: &str) -> String {
    let line = mask_access_keys(line);
    let Some((name, value)) = line.split_once(['=', ':']) else { return line };
    let words = name.to_lowercase().replace('-', "_");
    let is_secret = SECRET_WORDS.iter().any(|word| words.contains(word));
    // A name that merely ends the line, such as a key of YAML, holds nothing.
    if is_secret && !value.trim().is_empty() {
        let sign = line.get(name.len()..=name.len()).unwrap_or_default();
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
        let begin = format!("-----BEGIN RSA {} KEY-----", "PRIVATE");
        let old = "DB_PASSWORD=hunter2\nmaxPods: 58\n";
        let new = format!(
            "DB_PASSWORD=hunter3\nexport ID={key}\n{begin}\nabc\n-----END X-----\nmaxPods: 110\n"
        );
        assert_eq!(
            hunks(old, &new).lines().collect::<Vec<_>>(),
            [
                "@@ -1,2 +1,6 @@",
                "-DB_PASSWORD= (masked)",
                "-maxPods: 58",
                "+DB_PASSWORD= (masked)",
                "+export ID=(masked)",
                "+(masked)",
                "+maxPods: 110",
            ]
        );
    }

    /// The line that says that a key begins is far from the one that changed.
    #[test]
    fn masks_a_key_whose_middle_changed() {
        let key = |middle: &str| {
            let begin = format!("-----BEGIN RSA {} KEY-----", "PRIVATE");
            let body = ["aaaa", "bbbb", "cccc", "dddd", middle, "eeee", "ffff", "gggg", "hhhh"];
            format!("{begin}\n{}\n-----END X-----\n", body.join("\n"))
        };
        let text = hunks(&key("xxxx"), &key("yyyy"));
        assert!(text.contains("-(masked)") && text.contains("+(masked)"), "{text}");
        assert!(!text.contains("xxxx") && !text.contains("dddd"), "{text}");
    }
}
