//! Values of fields for people.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::views::words::{count, thousands};

/// A list with more items is shortened.
const SHORT_LIST: usize = 3;
/// A list whose text is longer is shortened.
const SHORT_TEXT: usize = 50;
/// So many added or removed items are named.
const NAMED: usize = 6;

/// What values are known by beside themselves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// Releases of images, by id.
    pub(crate) images: BTreeMap<String, String>,
    /// Numbers of template versions that are still to be made, by the digest of their content.
    pub(crate) versions: BTreeMap<String, u64>,
    /// Whether lists are shown whole.
    pub(crate) whole: bool,
}

/// What stands for a value that is not there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Missing {
    /// Nothing is there.
    Before,
    /// Nothing is to be there.
    After,
}

impl Known {
    /// Returns one value.
    pub(crate) fn show(&self, value: &Value, unit: &str, missing: Missing) -> String {
        match value {
            Value::Null => match missing {
                Missing::Before => "(missing)".to_owned(),
                Missing::After => "(removed)".to_owned(),
            },
            Value::Bool(true) => "yes".to_owned(),
            Value::Bool(false) => "no".to_owned(),
            Value::Number(number) => format!("{number}{unit}"),
            Value::String(text) => self.text(text),
            Value::Array(items) => self.list(items),
            Value::Object(_) => value.to_string(),
        }
    }

    fn text(&self, text: &str) -> String {
        if let Some(number) = self.versions.get(text) {
            return number.to_string();
        }
        if let Some(release) = self.images.get(text) {
            return format!("{text} ({release})");
        }
        if let Some(hex) = text.strip_prefix("sha256:") {
            return hex.chars().take(8).collect();
        }
        if text.is_empty() { "(empty)".to_owned() } else { text.to_owned() }
    }

    fn item(&self, item: &Value) -> String {
        self.show(item, "", Missing::Before)
    }

    /// Returns a list: the first item and how many there are beside.
    fn list(&self, items: &[Value]) -> String {
        if items.is_empty() {
            return "(none)".to_owned();
        }
        let all = self.whole_list(items);
        if self.whole || is_short(items, &all) {
            return all;
        }
        let first = items.first().map(|item| self.item(item)).unwrap_or_default();
        format!("{first} and {} more", thousands(items.len() - 1))
    }

    fn whole_list(&self, items: &[Value]) -> String {
        items.iter().map(|item| self.item(item)).collect::<Vec<_>>().join(", ")
    }

    /// Returns what became of a value, as the two sides of an arrow; the left one may be empty.
    pub(crate) fn change(&self, before: &Value, after: &Value, unit: &str) -> (String, String) {
        match (before, after) {
            (Value::Array(before), Value::Array(after))
                if !before.is_empty()
                    && [before, after]
                        .iter()
                        .any(|list| !is_short(list, &self.whole_list(list))) =>
            {
                (String::new(), self.list_change(before, after))
            }
            (before, after) => {
                (self.show(before, unit, Missing::Before), self.show(after, unit, Missing::After))
            }
        }
    }

    /// Returns "19 -> 20: +r6i.2xlarge -r5.2xlarge".
    fn list_change(&self, before: &[Value], after: &[Value]) -> String {
        let items = |list: &[Value]| -> BTreeSet<String> {
            list.iter().map(|item| self.item(item)).collect()
        };
        let (old, new) = (items(before), items(after));
        let added: Vec<String> = new.difference(&old).map(|item| format!("+{item}")).collect();
        let removed: Vec<String> = old.difference(&new).map(|item| format!("-{item}")).collect();
        if added.is_empty() && removed.is_empty() {
            let first = after.first().map(|item| self.item(item)).unwrap_or_default();
            return format!("{} in another order, {first} first", count(after.len(), "item"));
        }
        let named = |items: Vec<String>| {
            let shown = if self.whole { items.len() } else { NAMED };
            let more = items.len().saturating_sub(shown);
            let mut text = items.into_iter().take(shown).collect::<Vec<_>>().join(" ");
            if more > 0 {
                text.push_str(&format!(" and {more} more"));
            }
            text
        };
        let parts: Vec<String> =
            [named(added), named(removed)].into_iter().filter(|part| !part.is_empty()).collect();
        format!("{} -> {}: {}", before.len(), after.len(), parts.join(", "))
    }
}

/// Returns whether a list is shown as it is.
fn is_short(items: &[Value], text: &str) -> bool {
    items.len() <= SHORT_LIST && text.chars().count() <= SHORT_TEXT
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_shortened() {
        let known = Known::default();
        let show = |value: Value| known.show(&value, "", Missing::Before);
        assert_eq!(show(json!(["a", "b", "c"])), "a, b, c");
        assert_eq!(show(json!(["a", "b", "c", "d"])), "a and 3 more");
        assert_eq!(show(json!([])), "(none)");
        let (before, after) =
            known.change(&json!(["a", "b", "c", "d"]), &json!(["a", "b", "c", "e"]), "");
        assert_eq!((before.as_str(), after.as_str()), ("", "4 -> 4: +e, -d"));
        let (_, after) =
            known.change(&json!(["a", "b", "c", "d"]), &json!(["b", "a", "c", "d"]), "");
        assert_eq!(after, "4 items in another order, b first");
    }

    #[test]
    fn values_are_known_by_more_than_themselves() {
        let known = Known {
            images: BTreeMap::from([("ami-1".to_owned(), "1.34.1-20260712".to_owned())]),
            versions: BTreeMap::from([("sha256:ab".to_owned(), 8)]),
            whole: false,
        };
        let show = |value: Value| known.show(&value, " GiB", Missing::After);
        assert_eq!(show(json!("ami-1")), "ami-1 (1.34.1-20260712)");
        assert_eq!(show(json!("sha256:ab")), "8");
        assert_eq!(show(json!(100)), "100 GiB");
        assert_eq!(show(Value::Null), "(removed)");
    }
}
