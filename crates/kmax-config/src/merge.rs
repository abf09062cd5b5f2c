//! The merge of layers: built-in values, `[defaults]`, team, pool. Tables merge key by key, arrays
//! replace, `unset` takes a value of the outer layers away. Every value knows where it was written.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

use crate::document::to_json;
use crate::path::KeyPath;

/// A value of some layer, with the place where it was written; built-in values have none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Leaf { value: Json, origin: Option<KeyPath> },
    Table(BTreeMap<String, Self>),
}

/// An entry of `unset` that took something away, or tried to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unset {
    /// The setting's path within its layer.
    pub(crate) setting: Vec<String>,
    /// Where the entry stands.
    pub(crate) origin: KeyPath,
    /// Whether an outer layer had set it.
    pub(crate) effective: bool,
}

/// The settings of a pool, merged so far.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Merged {
    root: BTreeMap<String, Node>,
    unset: Vec<Unset>,
}

/// Keys of a layer that are no settings.
const NOT_SETTINGS: [&str; 4] = ["unset", "pools", "spec", "adopt"];

impl Merged {
    /// The built-in values: what holds where no layer says anything.
    pub(crate) fn built_in() -> Self {
        let leaf = |value: Json| Node::Leaf { value, origin: None };
        let table = |entries: &[(&str, Node)]| {
            Node::Table(
                entries.iter().map(|(key, node)| ((*key).to_owned(), node.clone())).collect(),
            )
        };
        let volume = table(&[
            ("size_gib", leaf(100.into())),
            ("type", leaf("gp3".into())),
            ("encrypted", leaf(true.into())),
        ]);
        let root = [
            ("ami", table(&[("family", leaf("al2023".into()))])),
            ("node_role", leaf("kmax-worknode".into())),
            ("instance_profile", leaf("kmax-worknode".into())),
            ("security_groups", leaf(Json::from_iter(["spotmax-kmax-worknode-sg"]))),
            ("capacity_type", leaf("spot".into())),
            ("arch", leaf("x86_64".into())),
            ("min", leaf(0.into())),
            ("max", leaf(20.into())),
            ("volume", volume),
            ("instance_store", leaf("none".into())),
            ("kubelet", table(&[("max_pods", leaf(110.into()))])),
            ("metadata_hop_limit", leaf(2.into())),
        ];
        Self {
            root: root.into_iter().map(|(key, node)| (key.to_owned(), node)).collect(),
            unset: Vec::new(),
        }
    }

    /// These settings with an inner layer over them. `at` is where the layer stands in the file.
    #[must_use]
    pub(crate) fn layer(&self, table: &DeTable<'_>, at: &KeyPath) -> Self {
        let mut merged = self.clone();
        let entries = table.get("unset").and_then(|value| value.get_ref().as_array());
        for (index, entry) in entries.into_iter().flat_map(|array| array.iter()).enumerate() {
            let setting = entry.get_ref().as_str().and_then(setting_path);
            if let Some(setting) = setting {
                let effective = remove(&mut merged.root, &setting);
                let origin = at.key("unset").index(index);
                merged.unset.push(Unset { setting, origin, effective });
            }
        }
        for (key, value) in table {
            let key = key.get_ref().as_ref();
            if NOT_SETTINGS.contains(&key) {
                continue;
            }
            let node = node_of(value.get_ref(), &at.key(key));
            if key == "ami" {
                merge_ami(&mut merged.root, node);
            } else {
                merge_into(&mut merged.root, key, node);
            }
        }
        merged
    }

    /// The settings as one JSON table.
    pub(crate) fn to_json(&self) -> Json {
        table_to_json(&self.root)
    }

    /// Where the setting at a path (without indices) was written, or the nearest table around it
    /// whose innermost value was; none where only built-in values speak.
    pub(crate) fn origin(&self, setting: &[&str]) -> Option<&KeyPath> {
        let mut table = &self.root;
        let mut last = None;
        for step in setting {
            match table.get(*step) {
                Some(Node::Table(inner)) => {
                    last = inner.values().find_map(first_origin);
                    table = inner;
                }
                Some(Node::Leaf { origin, .. }) => return origin.as_ref(),
                None => break,
            }
        }
        last
    }

    /// The entry of `unset` that took a setting, or a table around it, away last.
    pub(crate) fn unset_by(&self, setting: &[&str]) -> Option<&Unset> {
        self.unset.iter().rev().find(|unset| {
            unset.setting.len() <= setting.len()
                && unset.setting.iter().zip(setting).all(|(a, b)| a == b)
        })
    }

    /// All entries of `unset` so far.
    pub(crate) fn unsets(&self) -> &[Unset] {
        &self.unset
    }
}

fn first_origin(node: &Node) -> Option<&KeyPath> {
    match node {
        Node::Leaf { origin, .. } => origin.as_ref(),
        Node::Table(entries) => entries.values().find_map(first_origin),
    }
}

fn table_to_json(table: &BTreeMap<String, Node>) -> Json {
    table
        .iter()
        .map(|(key, node)| {
            let value = match node {
                Node::Leaf { value, .. } => value.clone(),
                Node::Table(entries) => table_to_json(entries),
            };
            (key.clone(), value)
        })
        .collect()
}

fn node_of(value: &DeValue<'_>, at: &KeyPath) -> Node {
    match value {
        DeValue::Table(table) => Node::Table(
            table
                .iter()
                .map(|(key, value)| {
                    let key = key.get_ref().to_string();
                    let node = node_of(value.get_ref(), &at.key(&key));
                    (key, node)
                })
                .collect(),
        ),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_) => Node::Leaf { value: to_json(value), origin: Some(at.clone()) },
    }
}

fn merge_into(table: &mut BTreeMap<String, Node>, key: &str, node: Node) {
    match (table.get_mut(key), node) {
        (Some(Node::Table(outer)), Node::Table(inner)) => {
            for (key, node) in inner {
                merge_into(outer, &key, node);
            }
        }
        (_, node) => {
            table.insert(key.to_owned(), node);
        }
    }
}

/// Merges an image. A family says anew what image it is, for release and id belong to one family; and
/// of release and id the inner one takes the place of the outer.
fn merge_ami(table: &mut BTreeMap<String, Node>, node: Node) {
    let node = match node {
        // `"al2023"` is short for `{ family = "al2023" }`.
        leaf @ Node::Leaf { .. } => Node::Table(BTreeMap::from([("family".to_owned(), leaf)])),
        table @ Node::Table(_) => table,
    };
    if let Node::Table(inner) = &node
        && let Some(Node::Table(outer)) = table.get_mut("ami")
    {
        if inner.contains_key("family") {
            outer.clear();
        }
        if inner.contains_key("release") || inner.contains_key("id") {
            outer.remove("release");
            outer.remove("id");
        }
    }
    merge_into(table, "ami", node);
}

/// Removes a setting; whether it was there.
fn remove(table: &mut BTreeMap<String, Node>, setting: &[String]) -> bool {
    match setting {
        [] => false,
        [last] => table.remove(last).is_some(),
        [first, rest @ ..] => match table.get_mut(first) {
            Some(Node::Table(inner)) => remove(inner, rest),
            Some(Node::Leaf { .. }) | None => false,
        },
    }
}

/// The steps of a dotted key as TOML writes it, `labels."example.com/team"`.
pub(crate) fn setting_path(text: &str) -> Option<Vec<String>> {
    if text.contains(['\n', '\r']) {
        return None;
    }
    let assignment = format!("{text} = 0");
    let table = DeTable::parse(&assignment).ok()?;
    let mut steps = Vec::new();
    let mut table = table.get_ref();
    loop {
        let (key, value) = table.iter().next().filter(|_| table.len() == 1)?;
        steps.push(key.get_ref().to_string());
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            // Any other place of the value means that the text held more than a key.
            DeValue::Integer(_) => return (value.span().start == text.len() + 3).then_some(steps),
            _ => return None,
        }
    }
}

/// The path of a setting within a layer that stands at `at`.
pub(crate) fn within(at: &KeyPath, setting: &[&str]) -> KeyPath {
    setting.iter().fold(at.clone(), |path, key| path.key(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(layers: &[&str]) -> Merged {
        layers.iter().fold(Merged::built_in(), |merged, text| {
            let table = DeTable::parse(text).expect("a layer");
            merged.layer(table.get_ref(), &KeyPath::of(["layer"]))
        })
    }

    #[test]
    fn tables_merge_and_arrays_replace() {
        let json = merged(&[
            "labels = { a = \"1\", b = \"2\" }\nsubnets = [\"x\"]",
            "labels = { b = \"3\" }\nsubnets = [\"y\", \"z\"]",
        ])
        .to_json();
        assert_eq!(json["labels"], serde_json::json!({ "a": "1", "b": "3" }));
        assert_eq!(json["subnets"], serde_json::json!(["y", "z"]));
        assert_eq!(json["volume"]["size_gib"], 100);
    }

    #[test]
    fn unset_takes_outer_values_away() {
        let both = merged(&["unset = [\"kubelet.max_pods\", \"labels.\\\"a.b/c\\\"\"]"]);
        assert_eq!(both.to_json()["kubelet"], serde_json::json!({}));
        let effects: Vec<_> = both.unsets().iter().map(|unset| unset.effective).collect();
        assert_eq!(effects, [true, false]);
        let again = merged(&["unset = [\"max\"]", "max = 7"]);
        assert_eq!(again.to_json()["max"], 7);
        let replaced =
            merged(&["labels = { a = \"1\" }", "unset = [\"labels\"]\nlabels = { b = \"2\" }"]);
        assert_eq!(replaced.to_json()["labels"], serde_json::json!({ "b": "2" }));
    }

    #[test]
    fn an_image_is_said_anew_by_its_family() {
        let ami = |layers: &[&str]| merged(layers).to_json()["ami"].clone();
        let release = "ami = { family = \"al2023\", release = \"r\" }";
        assert_eq!(ami(&[release, "ami = \"al2023\""]), serde_json::json!({ "family": "al2023" }));
        assert_eq!(
            ami(&[release, "ami = { id = \"ami-1\" }"]),
            serde_json::json!({ "family": "al2023", "id": "ami-1" })
        );
        assert_eq!(
            ami(&["ami = { release = \"r\" }"]),
            serde_json::json!({ "family": "al2023", "release": "r" })
        );
    }

    #[test]
    fn knows_where_a_value_was_written() {
        let both = merged(&["max = 3\nvolume = { size_gib = 5 }"]);
        assert_eq!(both.origin(&["max"]), Some(&KeyPath::of(["layer", "max"])));
        assert_eq!(
            both.origin(&["volume", "size_gib"]),
            Some(&KeyPath::of(["layer", "volume", "size_gib"]))
        );
        assert_eq!(both.origin(&["min"]), None);
    }

    #[test]
    fn reads_dotted_keys_and_nothing_else() {
        assert_eq!(setting_path("a.b"), Some(vec!["a".into(), "b".into()]));
        assert_eq!(setting_path("labels.\"a.b/c\""), Some(vec!["labels".into(), "a.b/c".into()]));
        for text in ["", "a = 1 #", "a\nb", "a..b", "a b", "[a]"] {
            assert_eq!(setting_path(text), None, "{text:?}");
        }
    }
}
