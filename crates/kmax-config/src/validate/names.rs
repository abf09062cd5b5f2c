//! Names of teams and pools, and the names derived from them.

use std::collections::BTreeMap;

use kmax_model::PoolId;

use crate::config::Cluster;
use crate::document::{Finding, Findings};
use crate::limits;
use crate::path::KeyPath;
use crate::rules::Rule;
use crate::syntax::{did_you_mean, is_name, label_value_flaw};

/// Placeholders of the pattern.
const PLACEHOLDERS: [&str; 4] = ["team", "pool", "cluster", "stack"];

/// The pattern of pool names, in pieces.
pub(crate) struct Pattern(Vec<Piece>);

enum Piece {
    Text(String),
    Team,
    Pool,
    Cluster,
    Stack,
}

impl Pattern {
    /// Reads `cluster.pool_name`. A pattern with a flaw is reported, and none.
    pub(crate) fn parse(findings: &mut Findings<'_, '_>, pattern: &str) -> Option<Self> {
        let at = KeyPath::of(["cluster", "pool_name"]);
        let flawed = |findings: &mut Findings<'_, '_>, message: String, hint: Option<String>| {
            let all = "the placeholders are `{team}`, `{pool}`, `{cluster}` and `{stack}`";
            findings.push(
                Finding::error(Rule::InvalidPattern, message)
                    .at(&at)
                    .hint(hint.unwrap_or_else(|| all.to_owned())),
            );
        };
        let mut pieces = Vec::new();
        let mut rest = pattern;
        while let Some(brace) = rest.find(['{', '}']) {
            if brace > 0 {
                pieces.push(Piece::Text(rest[..brace].to_owned()));
            }
            let inner = rest[brace..].strip_prefix('{').and_then(|rest| rest.split_once('}'));
            let Some((word, behind)) = inner.filter(|(word, _)| !word.contains('{')) else {
                flawed(findings, format!("`{pattern}` has a brace without its partner"), None);
                return None;
            };
            pieces.push(match word {
                "team" => Piece::Team,
                "pool" => Piece::Pool,
                "cluster" => Piece::Cluster,
                "stack" => Piece::Stack,
                _ => {
                    let hint = did_you_mean(word, PLACEHOLDERS);
                    flawed(findings, format!("there is no placeholder `{{{word}}}`"), hint);
                    return None;
                }
            });
            rest = behind;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Some(Self(pieces))
    }

    /// The name of a pool.
    fn name(&self, cluster: &Cluster, team: &str, pool: &str) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Team => team,
                Piece::Pool => pool,
                Piece::Cluster => &cluster.name,
                Piece::Stack => &cluster.stack,
            })
            .collect()
    }
}

/// Checks the name of a team.
pub(crate) fn team(findings: &mut Findings<'_, '_>, at: &KeyPath, team: &str) -> bool {
    plain(findings, at, team, "a team")
}

/// Checks the key of a pool.
pub(crate) fn pool_key(findings: &mut Findings<'_, '_>, at: &KeyPath, key: &str) -> bool {
    plain(findings, at, key, "a pool")
}

/// Checks a name that is the value of a label and of a tag, and a part of other names.
pub(crate) fn plain(findings: &mut Findings<'_, '_>, at: &KeyPath, name: &str, what: &str) -> bool {
    let valid = is_name(name) && name.len() <= limits::LABEL_VALUE;
    if !valid {
        findings.push(
            Finding::error(Rule::InvalidName, format!("`{name}` can't be the name of {what}"))
                .at_key(at)
                .hint(
                    "a name is 1 to 63 letters, digits, `-` and `_`, with a letter or digit at both \
                     ends",
                ),
        );
    }
    valid
}

/// The names of pools so far, each with the pool that has it.
#[derive(Default)]
pub(crate) struct PoolNames(BTreeMap<String, (PoolId, KeyPath)>);

impl PoolNames {
    /// Derives the name of a pool and checks it.
    pub(crate) fn derive(
        &mut self,
        findings: &mut Findings<'_, '_>,
        pattern: &Pattern,
        cluster: &Cluster,
        id: &PoolId,
        at: &KeyPath,
    ) -> String {
        let name = pattern.name(cluster, &id.team, &id.key);
        if let Some(flaw) = flaw(&name) {
            findings.push(
                Finding::error(Rule::InvalidPoolName, format!("the pool's name `{name}` {flaw}"))
                    .at_key(at)
                    .hint(format!(
                        "it comes from `cluster.pool_name`, `{}`; it names a launch template and a \
                         group, and is the label `eks.amazonaws.com/nodegroup`",
                        cluster.pool_name
                    )),
            );
        }
        if let Some((first_id, first)) = self.0.get(&name) {
            let message = format!("the pools `{first_id}` and `{id}` have one name, `{name}`");
            findings.push(
                Finding::error(Rule::DuplicatePoolName, message)
                    .at_key(at)
                    .also(first, format!("`{first_id}`"))
                    .hint("choose another key, or another pattern as `cluster.pool_name`"),
            );
        } else {
            self.0.insert(name.clone(), (id.clone(), at.clone()));
        }
        name
    }
}

/// What is wrong with the name of a pool, if something is. What a label value may be is within what
/// the names of launch templates and groups may be.
fn flaw(name: &str) -> Option<String> {
    if name.len() < limits::TEMPLATE_NAME_MIN {
        return Some(format!("is shorter than {} characters", limits::TEMPLATE_NAME_MIN));
    }
    // EKS may change and delete what is named so.
    if name.starts_with("eks-") {
        return Some("begins with `eks-`, which EKS keeps for its own".to_owned());
    }
    label_value_flaw(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_held_to_labels_and_templates() {
        assert_eq!(flaw("dsp-8c64g-kmax"), None);
        assert!(flaw("ab").is_some() && flaw("eks-x").is_some() && flaw("a:b").is_some());
        assert!(flaw(&"x".repeat(64)).is_some() && flaw(&"x".repeat(63)).is_none());
        assert!(flaw("dsp-kmax-").is_some() && flaw("a/b").is_some());
    }
}
