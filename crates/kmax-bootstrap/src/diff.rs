//! Which parts of two user data differ.

use std::fmt;

use kmax_model::Digest;
use serde::{Deserialize, Serialize};

use crate::Part;

/// How one part differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartChange {
    /// The part's name.
    pub name: String,
    /// What became of it.
    pub kind: PartChangeKind,
    /// The digest of the old content, unless the part is new.
    pub old: Option<Digest>,
    /// The digest of the new content, unless the part is gone.
    pub new: Option<Digest>,
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartChangeKind {
    /// It is new.
    Added,
    /// Its content or content type is another.
    Changed,
    /// It is the same at another place among the parts that both have.
    Moved,
    /// It is gone.
    Removed,
}

impl PartChangeKind {
    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Moved => "moved",
            Self::Removed => "removed",
        }
    }
}

impl fmt::Display for PartChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Compares two user data by parts: first the new one's in order, then those that are gone.
///
/// Parts are told apart by name. Two user data without such a difference may still differ in bytes,
/// namely in what stands around the parts.
pub fn diff_parts(old: &[Part], new: &[Part]) -> Vec<PartChange> {
    let in_both = |part: &&Part, other: &[Part]| other.iter().any(|o| o.name == part.name);
    let old_order: Vec<&str> =
        old.iter().filter(|p| in_both(p, new)).map(|p| p.name.as_str()).collect();
    let new_order: Vec<&str> =
        new.iter().filter(|p| in_both(p, old)).map(|p| p.name.as_str()).collect();
    let has_moved = |name: &str| {
        old_order.iter().position(|n| *n == name) != new_order.iter().position(|n| *n == name)
    };

    let mut changes = Vec::new();
    for part in new {
        let before = old.iter().find(|other| other.name == part.name);
        let kind = match before {
            None => PartChangeKind::Added,
            Some(before)
                if before.sha256 != part.sha256 || before.content_type != part.content_type =>
            {
                PartChangeKind::Changed
            }
            Some(_) if has_moved(&part.name) => PartChangeKind::Moved,
            Some(_) => continue,
        };
        changes.push(PartChange {
            name: part.name.clone(),
            kind,
            old: before.map(|before| before.sha256.clone()),
            new: Some(part.sha256.clone()),
        });
    }
    changes.extend(old.iter().filter(|part| !in_both(part, new)).map(|part| PartChange {
        name: part.name.clone(),
        kind: PartChangeKind::Removed,
        old: Some(part.sha256.clone()),
        new: None,
    }));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, content: &str) -> Part {
        Part::new(name, "text/plain", content.as_bytes())
    }

    fn told(old: &[Part], new: &[Part]) -> Vec<String> {
        diff_parts(old, new).iter().map(|c| format!("{} {}", c.name, c.kind)).collect()
    }

    #[test]
    fn names_what_differs() {
        let old = [part("a", "1"), part("b", "2"), part("c", "3")];
        assert_eq!(diff_parts(&old, &old), []);
        assert_eq!(
            told(&old, &[part("a", "1"), part("b", "9"), part("d", "4")]),
            ["b changed", "d added", "c removed"]
        );
        assert_eq!(
            told(&old, &[part("b", "2"), part("a", "1"), part("c", "3")]),
            ["b moved", "a moved"]
        );
        assert_eq!(
            told(&old, &[part("n", "0"), old[0].clone(), old[1].clone(), old[2].clone()]),
            ["n added"]
        );
        assert_eq!(told(&old, &[]), ["a removed", "b removed", "c removed"]);
    }

    #[test]
    fn carries_both_digests() {
        let changes = diff_parts(&[part("a", "1")], &[part("a", "2")]);
        assert_eq!(changes[0].old, Some(Digest::of_bytes(b"1")));
        assert_eq!(changes[0].new, Some(Digest::of_bytes(b"2")));
    }

    #[test]
    fn another_content_type_is_a_change() {
        let old = [Part::new("a", "text/plain", b"1")];
        let new = [Part::new("a", "text/x-shellscript", b"1")];
        assert_eq!(told(&old, &new), ["a changed"]);
    }
}
