//! Secrets in scripts. Whoever reads launch template versions, and every pod that reaches instance
//! metadata, can read user data.

/// A secret in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// What it is.
    pub(crate) what: &'static str,
}

/// The secrets in a text, at most one for each line. What they are is not repeated.
pub(crate) fn secrets(text: &str) -> Vec<Secret> {
    text.lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let what = if is_private_key(line) {
                "a private key"
            } else if holds_access_key(line) {
                "an AWS access key"
            } else {
                return None;
            };
            Some(Secret { line: index + 1, what })
        })
        .collect()
}

/// Whether a line begins a private key in PEM.
fn is_private_key(line: &str) -> bool {
    line.split("-----BEGIN ")
        .skip(1)
        .any(|rest| rest.split("-----").next().is_some_and(|label| label.contains("PRIVATE KEY")))
}

/// Whether a line holds the id of an access key: `AKIA` or `ASIA` and 16 capitals and digits, by
/// themselves.
fn holds_access_key(line: &str) -> bool {
    line.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        word.len() == 20
            && (word.starts_with("AKIA") || word.starts_with("ASIA"))
            && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_keys_and_nothing_else() {
        let key = format!("AK{}", "IAIOSFODNN7EXAMPLE");
        let begin = format!("-----BEGIN RSA {} KEY-----", "PRIVATE");
        let text = format!("#!/bin/sh\nexport AWS_ACCESS_KEY_ID={key}\n{begin}\n");
        let found: Vec<_> = secrets(&text).into_iter().map(|secret| secret.line).collect();
        assert_eq!(found, [2, 3]);
        assert!(
            secrets("-----BEGIN PUBLIC KEY-----\nAKIA\nASIAN food\nxAKIAIOSFODNN7EXAMPLE")
                .is_empty()
        );
    }
}
