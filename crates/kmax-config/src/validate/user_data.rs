//! `[user_data.*]`.

use std::collections::{BTreeMap, BTreeSet};

use super::names;
use crate::config::UserDataPart;
use crate::document::{Finding, Findings};
use crate::path::KeyPath;
use crate::raw::UserDataTable;
use crate::rules::Rule;
use crate::secrets::secrets;

/// Checks `[user_data.*]` and reads what the parts name. A part with a flaw is reported, and left out.
pub(crate) fn parts(
    findings: &mut Findings<'_, '_>,
    tables: &BTreeMap<String, UserDataTable>,
    files: &dyn Fn(&str) -> Result<String, String>,
) -> BTreeMap<String, UserDataPart> {
    let mut parts = BTreeMap::new();
    for (name, UserDataTable { script, inline }) in tables {
        let at = KeyPath::of(["user_data", name]);
        names::plain(findings, &at, name, "a part of the user data");
        let (key, part) = match (script, inline) {
            (Some(path), None) => ("script", read(findings, &at.key("script"), path, files)),
            (None, Some(content)) => {
                ("inline", Some(UserDataPart { script: None, content: content.clone() }))
            }
            (Some(_), Some(_)) => {
                findings.push(
                    Finding::error(
                        Rule::InvalidUserData,
                        "`script` and `inline` exclude each other",
                    )
                    .at_key(&at.key("inline"))
                    .also(&at.key("script"), "here"),
                );
                continue;
            }
            (None, None) => {
                findings.push(
                    Finding::error(Rule::InvalidUserData, format!("the part `{name}` is empty"))
                        .at(&at)
                        .hint("write `script = \"PATH\"` or `inline = \"...\"`"),
                );
                continue;
            }
        };
        if let Some(part) = part {
            content(findings, &at.key(key), &part);
            parts.insert(name.clone(), part);
        }
    }
    parts
}

fn read(
    findings: &mut Findings<'_, '_>,
    at: &KeyPath,
    path: &str,
    files: &dyn Fn(&str) -> Result<String, String>,
) -> Option<UserDataPart> {
    if path.trim().is_empty() || path.starts_with(['/', '~']) {
        let message = format!("`{path}` is not a path relative to this file");
        let hint = "keep scripts beside kmax.toml, as in `files/ops.sh`";
        findings.push(Finding::error(Rule::InvalidUserData, message).at(at).hint(hint));
        return None;
    }
    match files(path) {
        Ok(content) => Some(UserDataPart { script: Some(path.to_owned()), content }),
        Err(error) => {
            let message = format!("`{path}` can't be read: {error}");
            let hint = "the path is relative to this file";
            findings.push(Finding::error(Rule::InvalidUserData, message).at(at).hint(hint));
            None
        }
    }
}

fn content(findings: &mut Findings<'_, '_>, at: &KeyPath, part: &UserDataPart) {
    let source = match &part.script {
        Some(path) => format!("`{path}`"),
        None => "the script".to_owned(),
    };
    if part.content.trim().is_empty() {
        let message = format!("{source} is empty");
        findings.push(Finding::error(Rule::InvalidUserData, message).at(at));
    }
    for secret in secrets(&part.content) {
        let message = format!("line {} of {source} holds {}", secret.line, secret.what);
        findings.push(Finding::error(Rule::SecretInUserData, message).at(at).hint(
            "whoever reads launch templates, and every pod, can read user data: let the node \
                     fetch secrets through its role",
        ));
    }
}

/// Checks the parts that a pool names. `at` is where the list was written.
pub(crate) fn names_of_pool(
    findings: &mut Findings<'_, '_>,
    at: &KeyPath,
    list: &[String],
    declared: &BTreeMap<String, UserDataTable>,
) {
    super::no_duplicates(findings, at, list, "the part");
    for (index, name) in list.iter().enumerate() {
        if !declared.contains_key(name) {
            let hint = crate::syntax::did_you_mean(name, declared.keys().map(String::as_str));
            findings.push(
                Finding::error(Rule::UnknownUserData, format!("there is no part `{name}`"))
                    .at(&at.index(index))
                    .hint(hint.unwrap_or_else(|| format!("write it as `[user_data.{name}]`"))),
            );
        }
    }
}

/// Warns of parts that no pool uses.
pub(crate) fn unused(
    findings: &mut Findings<'_, '_>,
    declared: &BTreeMap<String, UserDataTable>,
    used: &BTreeSet<String>,
) {
    for name in declared.keys().filter(|name| !used.contains(*name)) {
        let message = format!("no pool uses the part `{name}`");
        findings.push(
            Finding::warning(Rule::UnusedUserData, message)
                .at_key(&KeyPath::of(["user_data", name])),
        );
    }
}
