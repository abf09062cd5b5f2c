//! The rules: each function checks one table, reports what it finds, and makes the type that others
//! read.

pub(crate) mod access;
pub(crate) mod addons;
pub(crate) mod cluster;
pub(crate) mod labels;
pub(crate) mod manage;
pub(crate) mod names;
pub(crate) mod settings;
pub(crate) mod specs;
pub(crate) mod tags;
pub(crate) mod user_data;
pub(crate) mod volume;

use std::collections::BTreeMap;

use crate::document::{Finding, Findings};
use crate::limits;
use crate::path::KeyPath;
use crate::rules::Rule;
use crate::syntax::is_aws_id;

/// Reports elements of a list that stand in it twice. `what` names one of them.
fn no_duplicates(findings: &mut Findings<'_, '_>, at: &KeyPath, list: &[String], what: &str) {
    let mut seen = BTreeMap::new();
    for (index, item) in list.iter().enumerate() {
        if let Some(first) = seen.insert(item, index) {
            findings.push(
                Finding::error(
                    Rule::Duplicate,
                    format!("{what} `{item}` stands twice in the list"),
                )
                .at(&at.index(index))
                .also(&at.index(first), "first here"),
            );
            seen.insert(item, first);
        }
    }
}

/// Whether a text that begins like an id was meant as one and is none. Names may begin so as well.
fn is_broken_id(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        let hexadecimal = rest.chars().all(|c| c.is_ascii_hexdigit());
        let long = rest.len() == 17 && rest.chars().all(|c| c.is_ascii_alphanumeric());
        (hexadecimal || long) && !is_aws_id(prefix, text)
    })
}

/// The hint for an id that is none.
fn id_hint(prefix: &str) -> String {
    format!("an id is `{prefix}` and 8 or 17 digits of 0-9 and a-f")
}

/// Checks subnets: ids, or values of the tag `Name`.
fn subnets(findings: &mut Findings<'_, '_>, at: &KeyPath, list: &[String]) {
    no_duplicates(findings, at, list, "the subnet");
    for (index, item) in list.iter().enumerate() {
        let at = at.index(index);
        if item.trim().is_empty() || item.chars().count() > limits::TAG_VALUE {
            findings.push(
                Finding::error(Rule::InvalidId, format!("`{item}` is no subnet"))
                    .at(&at)
                    .hint("write a subnet's id, or the value of its tag `Name`"),
            );
        } else if is_broken_id("subnet-", item) {
            findings.push(
                Finding::error(Rule::InvalidId, format!("`{item}` is not the id of a subnet"))
                    .at(&at)
                    .hint(id_hint("subnet-")),
            );
        }
    }
}

/// Checks security groups: names or ids.
fn security_groups(findings: &mut Findings<'_, '_>, at: &KeyPath, list: &[String]) {
    no_duplicates(findings, at, list, "the security group");
    if list.is_empty() {
        findings.push(
            Finding::error(Rule::OutOfRange, "`security_groups` is empty")
                .at(at)
                .hint("name one at least"),
        );
    }
    if list.len() > limits::SECURITY_GROUPS {
        let message = format!(
            "{} security groups are named, a network interface takes {} at most",
            list.len(),
            limits::SECURITY_GROUPS
        );
        findings.push(Finding::error(Rule::OutOfRange, message).at(at));
    }
    for (index, item) in list.iter().enumerate() {
        let at = at.index(index);
        if item.trim().is_empty() || item.chars().count() > limits::SECURITY_GROUP_NAME {
            findings.push(
                Finding::error(Rule::InvalidId, format!("`{item}` is no security group"))
                    .at(&at)
                    .hint("write a security group's name or id"),
            );
        } else if item.starts_with("sg-") && !is_aws_id("sg-", item) {
            // EC2 refuses names that begin so.
            findings.push(
                Finding::error(
                    Rule::InvalidId,
                    format!("`{item}` is not the id of a security group"),
                )
                .at(&at)
                .hint(id_hint("sg-")),
            );
        }
    }
}

/// Checks the name of an IAM role or instance profile.
fn iam_name(findings: &mut Findings<'_, '_>, at: &KeyPath, what: &str, name: &str, longest: usize) {
    let inner = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if name.starts_with("arn:") {
        let short = name.rsplit('/').next().unwrap_or_default();
        findings.push(
            Finding::error(Rule::InvalidRole, format!("{what} is named by its ARN"))
                .at(at)
                .hint(format!("write its name alone: `{short}`")),
        );
    } else if name.is_empty() || name.chars().count() > longest || !name.chars().all(inner) {
        findings.push(
            Finding::error(Rule::InvalidRole, format!("`{name}` can't be the name of {what}"))
                .at(at)
                .hint(format!("a name is 1 to {longest} letters, digits and `+=,.@_-`")),
        );
    }
}
