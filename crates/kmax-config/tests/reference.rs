//! docs/configuration.md is made from the schema. `UPDATE_GOLDEN=1` writes it anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use kmax_config::schema;
use serde_json::{Map, Value};

const HEAD: &str = "\
# Configuration

Every key of `kmax.toml`, made from its JSON Schema (`kmax schema`). The commented
[example](../kmax.toml.example) shows them at work.

Settings of a pool stand under `[defaults]`, `[teams.TEAM]` and `[teams.TEAM.pools]`; the innermost wins.
Tables merge key by key, arrays replace, and `unset = [\"kubelet.max_pods\"]` takes an outer value away.
Unknown keys are errors. Keys that have no effect yet are refused by `kmax plan` as `not-supported`.

## kmax.lock

`kmax lock` resolves each pool's spec to instance types and its image to an AMI, and writes them into
`kmax.lock` beside `kmax.toml`. Commit it and review it like any lock file: a new instance type of AWS or a
new image is a line there, never a surprise. `kmax lock` adds what is missing or no longer fits what
`kmax.toml` says; `--upgrade [POOL]` resolves anew; `--check` only says whether the file covers the config;
`--explain POOL` tells why each instance type is in or out. A pool that the lock does not cover is planned
and not applied (`not-locked`).
";

struct Reference<'a> {
    defs: &'a Map<String, Value>,
    text: String,
    done: BTreeSet<String>,
}

impl<'a> Reference<'a> {
    /// Follows references and descriptions that stand beside them.
    fn resolve(&self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
            Some(name) => self.resolve(&self.defs[name]),
            None => value,
        }
    }

    fn kind(&self, value: &'a Value) -> String {
        let value = self.resolve(value);
        if let Some(words) = value["enum"].as_array() {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            return words.join(", ");
        }
        if let Some(word) = value.get("const") {
            return format!("`{word}`");
        }
        for choice in ["oneOf", "anyOf"] {
            if let Some(branches) = value[choice].as_array() {
                let kinds: Vec<String> = branches.iter().map(|branch| self.kind(branch)).collect();
                return kinds.join(", ");
            }
        }
        match value["type"].as_str() {
            Some("array") => format!("list of {}", self.kind(&value["items"])),
            Some("object") if value["properties"].is_object() => "table".to_owned(),
            Some("object") => match value.get("additionalProperties") {
                Some(inner) if inner.is_object() => format!("table of {}", self.kind(inner)),
                _ => "table".to_owned(),
            },
            Some(kind) => kind.to_owned(),
            None => "any".to_owned(),
        }
    }

    fn table(&mut self, path: &str, value: &'a Value) {
        let value = self.resolve(value);
        let Some(properties) = value["properties"].as_object() else { return };
        if !self.done.insert(path.to_owned()) {
            return;
        }
        let required: Vec<&str> =
            value["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let title = if path.is_empty() { "Top level".to_owned() } else { format!("[{path}]") };
        write!(self.text, "\n## {title}\n\n").unwrap();
        if let Some(description) = value["description"].as_str().filter(|_| !path.is_empty()) {
            write!(self.text, "{}\n\n", one_line(description)).unwrap();
        }
        self.text.push_str("| key | what it takes | meaning |\n|---|---|---|\n");
        for (key, property) in properties {
            let description = property["description"]
                .as_str()
                .or_else(|| self.resolve(property)["description"].as_str())
                .unwrap_or_else(|| panic!("{path}.{key} has no sentence"));
            let required = if required.contains(&key.as_str()) { " (required)" } else { "" };
            let kind = self.kind(property).replace('|', "\\|");
            let description = one_line(description).replace('|', "\\|");
            writeln!(self.text, "| `{key}`{required} | {kind} | {description} |").unwrap();
        }
        for (key, property) in properties {
            self.inner(&join(path, key), property);
        }
    }

    /// Goes into tables, tables by name, and lists of tables.
    fn inner(&mut self, path: &str, property: &'a Value) {
        let property = self.resolve(property);
        for choice in ["oneOf", "anyOf"] {
            for branch in property[choice].as_array().into_iter().flatten() {
                self.inner(path, branch);
            }
        }
        if property["properties"].is_object() {
            self.table(path, property);
        } else if property["items"].is_object() {
            self.inner(&format!("{path}[]"), &property["items"]);
        } else if property["additionalProperties"].is_object() {
            self.inner(&join(path, "NAME"), &property["additionalProperties"]);
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_reference_is_made_from_the_schema() {
    let schema = schema();
    let empty = Map::new();
    let defs = schema["$defs"].as_object().unwrap_or(&empty);
    let mut reference = Reference { defs, text: HEAD.to_owned(), done: BTreeSet::new() };
    reference.table("", &schema);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &reference.text).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == reference.text,
        "docs/configuration.md is not what the schema says: run the tests with UPDATE_GOLDEN=1"
    );
}
