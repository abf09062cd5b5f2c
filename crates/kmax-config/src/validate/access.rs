//! `[access]`.

use std::collections::BTreeMap;

use super::no_duplicates;
use crate::access::{Access, AccessGroup, AccessUser};
use crate::document::{Finding, Findings};
use crate::path::KeyPath;
use crate::raw::AccessTable;
use crate::rules::Rule;
use crate::syntax::did_you_mean;

/// Kinds of public keys that sshd takes.
const KEY_TYPES: [&str; 7] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// Checks `[access]`.
pub(crate) fn access(findings: &mut Findings<'_, '_>, table: &AccessTable) -> Access {
    let at = KeyPath::of(["access"]);
    let defaults = table.sudo_defaults.clone().unwrap_or_default();
    for (index, line) in defaults.iter().enumerate() {
        let at = at.key("sudo_defaults").index(index);
        if !line.starts_with("Defaults") || has_newline(line) {
            findings.push(
                Finding::error(
                    Rule::InvalidAccess,
                    format!("`{}` is no `Defaults` line", one(line)),
                )
                .at(&at)
                .hint("write one line that begins with `Defaults`"),
            );
        }
    }
    aliases(findings, &at.key("sudo_aliases"), &table.sudo_aliases);
    for (name, group) in &table.groups {
        let at = at.key("groups").key(name);
        unix_name(findings, &at, name, "a group");
        for (index, rule) in group.sudo.iter().enumerate() {
            sudo_rule(findings, &at.key("sudo").index(index), rule, &table.sudo_aliases);
        }
    }
    for (name, user) in &table.users {
        let at = at.key("users").key(name);
        unix_name(findings, &at, name, "a user");
        let groups = at.key("groups");
        no_duplicates(findings, &groups, &user.groups, "the group");
        for (index, group) in user.groups.iter().enumerate() {
            if !table.groups.contains_key(group) {
                let hint = did_you_mean(group, table.groups.keys().map(String::as_str));
                findings.push(
                    Finding::error(Rule::UnknownGroup, format!("there is no group `{group}`"))
                        .at(&groups.index(index))
                        .hint(
                            hint.unwrap_or_else(|| "write it under `[access.groups]`".to_owned()),
                        ),
                );
            }
        }
        let keys = at.key("ssh_authorized_keys");
        no_duplicates(findings, &keys, &user.ssh_authorized_keys, "the key");
        for (index, key) in user.ssh_authorized_keys.iter().enumerate() {
            public_key(findings, &keys.index(index), key);
        }
    }
    Access {
        sudo_defaults: defaults,
        sudo_aliases: table.sudo_aliases.clone(),
        groups: table
            .groups
            .iter()
            .map(|(name, group)| (name.clone(), AccessGroup { sudo: group.sudo.clone() }))
            .collect(),
        users: table
            .users
            .iter()
            .map(|(name, user)| {
                let user = AccessUser {
                    groups: user.groups.clone(),
                    ssh_authorized_keys: user.ssh_authorized_keys.clone(),
                };
                (name.clone(), user)
            })
            .collect(),
    }
}

fn has_newline(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && c != '\t')
}

/// The first words of a text, on one line.
fn one(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= 40 {
        line
    } else {
        line.chars().take(37).chain("...".chars()).collect()
    }
}

fn unix_name(findings: &mut Findings<'_, '_>, at: &KeyPath, name: &str, what: &str) {
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if !starts || !name.chars().all(inner) || name.len() > 32 {
        findings.push(
            Finding::error(Rule::InvalidAccess, format!("`{name}` can't be the name of {what}"))
                .at_key(at)
                .hint(
                    "a name is 1 to 32 lower-case letters, digits, `-` and `_`, not first a digit",
                ),
        );
    } else if name == "root" {
        findings
            .push(Finding::error(Rule::InvalidAccess, "`root` is not kmax's to change").at_key(at));
    }
}

fn aliases(findings: &mut Findings<'_, '_>, at: &KeyPath, aliases: &BTreeMap<String, Vec<String>>) {
    for (name, commands) in aliases {
        let at = at.key(name);
        if !is_alias(name) || name == "ALL" {
            findings.push(
                Finding::error(
                    Rule::InvalidAccess,
                    format!("`{name}` can't be the name of an alias"),
                )
                .at_key(&at)
                .hint(
                    "a name is capitals, digits and `_`, begins with a capital, and is not `ALL`",
                ),
            );
        }
        if commands.is_empty() {
            findings.push(
                Finding::error(Rule::InvalidAccess, format!("the alias `{name}` names no command"))
                    .at(&at),
            );
        }
        for (index, command) in commands.iter().enumerate() {
            let path = command.trim_start_matches('!').trim_start();
            if !path.starts_with('/') && !is_alias(path) || has_newline(command) {
                findings.push(
                    Finding::error(
                        Rule::InvalidAccess,
                        format!("`{}` is not a command by its full path", one(command)),
                    )
                    .at(&at.index(index))
                    .hint("write it as in `/bin/su`"),
                );
            }
        }
    }
}

fn is_alias(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// Tags that a sudo rule may have before a command.
const TAGS: [&str; 14] = [
    "EXEC",
    "NOEXEC",
    "FOLLOW",
    "NOFOLLOW",
    "INTERCEPT",
    "NOINTERCEPT",
    "LOG_INPUT",
    "NOLOG_INPUT",
    "LOG_OUTPUT",
    "NOLOG_OUTPUT",
    "MAIL",
    "NOMAIL",
    "PASSWD",
    "NOPASSWD",
];

/// Checks a sudo rule as it stands behind the name: `ALL=(ALL) NOPASSWD: ALL`.
fn sudo_rule(
    findings: &mut Findings<'_, '_>,
    at: &KeyPath,
    rule: &str,
    aliases: &BTreeMap<String, Vec<String>>,
) {
    let Some((_, commands)) = rule.split_once('=').filter(|_| !has_newline(rule)) else {
        findings.push(
            Finding::error(Rule::InvalidAccess, format!("`{}` is not a sudo rule", one(rule)))
                .at(at)
                .hint("write it as in `ALL=(ALL) NOPASSWD: ALL`"),
        );
        return;
    };
    let commands = match commands.trim_start().strip_prefix('(') {
        Some(rest) => rest.split_once(')').map_or("", |(_, commands)| commands),
        None => commands,
    };
    let mut asks = true;
    let mut granted_asking = false;
    for command in commands.split(',') {
        let mut command = command.trim();
        while let Some((tag, rest)) = command.split_once(':').filter(|(tag, _)| TAGS.contains(tag))
        {
            match tag {
                "NOPASSWD" => asks = false,
                "PASSWD" => asks = true,
                _ => {}
            }
            command = rest.trim_start();
        }
        let denied = command.starts_with('!');
        granted_asking |= asks && !denied;
        let word = command.trim_start_matches('!').trim_start();
        if is_alias(word) && word != "ALL" && !aliases.contains_key(word) {
            let hint = did_you_mean(word, aliases.keys().map(String::as_str));
            findings.push(
                Finding::error(Rule::UnknownAlias, format!("there is no alias `{word}`"))
                    .at(at)
                    .hint(
                        hint.unwrap_or_else(|| "write it under `[access.sudo_aliases]`".to_owned()),
                    ),
            );
        } else if !is_alias(word) && !word.starts_with('/') && !word.starts_with("sudoedit") {
            let message = format!("`{}` is not a command by its full path", one(word));
            findings.push(
                Finding::error(Rule::InvalidAccess, message)
                    .at(at)
                    .hint("write it as in `/bin/su`"),
            );
        }
    }
    if granted_asking {
        let message = "the rule asks for a password, and users have none";
        findings.push(
            Finding::warning(Rule::SudoPassword, message)
                .at(at)
                .hint("write `NOPASSWD:` before what they may do"),
        );
    }
}

fn public_key(findings: &mut Findings<'_, '_>, at: &KeyPath, key: &str) {
    if key.contains("PRIVATE KEY") {
        findings.push(
            Finding::error(Rule::InvalidAccess, "this is a private key")
                .at(at)
                .hint("write the public one (the file that ends in `.pub`), and renew this pair"),
        );
        return;
    }
    let mut words = key.split_ascii_whitespace();
    let known = words.next().is_some_and(|word| KEY_TYPES.contains(&word));
    let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '.');
    let body =
        words.next().is_some_and(|word| word.starts_with("AAAA") && word.chars().all(base64));
    if !known || !body || has_newline(key) {
        findings.push(
            Finding::error(Rule::InvalidAccess, format!("`{}` is not a public SSH key", one(key)))
                .at(at)
                .hint("write one line of a `.pub` file, as in `ssh-ed25519 AAAA... name`"),
        );
    }
}
