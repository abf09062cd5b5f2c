//! kmax.toml.example is valid, complete, and fits the JSON Schema.

use std::collections::BTreeSet;

use kmax_config::{Config, schema};
use serde_json::Value;

const EXAMPLE: &str = include_str!("../../../kmax.toml.example");

fn no_files(path: &str) -> Result<String, String> {
    Err(format!("the example names no file, and not {path}"))
}

fn parse(text: &str) -> Config {
    Config::parse("kmax.toml.example", text, &no_files)
        .unwrap_or_else(|error| panic!("{}", error.diagnostics()))
}

/// Every key of the schema with the text of its description.
fn keys(schema: &Value) -> Vec<(String, Option<&str>)> {
    let mut keys = Vec::new();
    let mut walk = vec![schema];
    while let Some(value) = walk.pop() {
        match value {
            Value::Object(object) => {
                if let Some(Value::Object(properties)) = object.get("properties") {
                    for (key, schema) in properties {
                        let description = schema.get("description").and_then(Value::as_str);
                        keys.push((key.clone(), description));
                    }
                }
                walk.extend(object.values());
            }
            Value::Array(array) => walk.extend(array),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    keys
}

#[test]
fn the_example_is_valid() {
    let config = parse(EXAMPLE);
    assert_eq!(config.warnings, [], "the example is free of warnings");
    let written: Vec<_> = config.unsupported.iter().filter(|entry| entry.written).collect();
    assert!(written.is_empty(), "the example writes what is not supported: {written:?}");
    let pools: Vec<_> = config.pools.iter().map(|pool| pool.name.as_str()).collect();
    let names = [
        "3s-batch-kmax",
        "3s-large-kmax",
        "adn-medium-kmax",
        "adn-mem-kmax",
        "dsp-8c64g-kmax",
        "dsp-8c64g-base-kmax",
        "dsp-small-kmax",
    ];
    assert_eq!(BTreeSet::from_iter(pools), BTreeSet::from(names));
}

#[test]
fn the_example_fits_the_schema() {
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let table: toml::Table = toml::from_str(EXAMPLE).expect("valid TOML");
    let value = serde_json::to_value(table).expect("JSON");
    let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn the_example_says_its_schema_first() {
    assert!(EXAMPLE.starts_with("#:schema "));
}

#[test]
fn every_key_has_a_description_and_stands_in_the_example() {
    let schema = schema();
    let keys = keys(&schema);
    assert!(keys.len() > 60, "{}", keys.len());
    for (key, description) in &keys {
        let description = description.unwrap_or_default();
        assert!(description.ends_with('.'), "`{key}` has no description: {description:?}");
    }
    let words: BTreeSet<&str> = EXAMPLE
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect();
    let missing: BTreeSet<_> =
        keys.iter().map(|(key, _)| key.as_str()).filter(|key| !words.contains(key)).collect();
    assert!(missing.is_empty(), "the example does not mention {missing:?}");
}

#[test]
fn what_is_commented_out_is_valid_too() {
    // A commented line that is TOML is taken in; prose stays out.
    let mut text = String::new();
    for line in EXAMPLE.lines() {
        let inner = line.strip_prefix("# ").unwrap_or(line);
        let header = inner.starts_with('[') && inner.contains(']');
        let assignment = inner
            .split_once(" = ")
            .is_some_and(|(key, _)| !key.trim().is_empty() && !key.trim().contains(' '));
        let taken = line.starts_with("# ") && (header || assignment);
        text.push_str(if taken { inner } else { line });
        text.push('\n');
    }
    let files = |path: &str| match path {
        "files/ops.sh" => Ok("#!/bin/sh\n".to_owned()),
        _ => no_files(path),
    };
    let config = Config::parse("kmax.toml.example", &text, &files)
        .unwrap_or_else(|error| panic!("{}", error.diagnostics()));
    assert!(config.unsupported.iter().filter(|entry| entry.written).count() > 15);
    assert!(config.access.is_some() && config.base.is_some() && config.user_data.len() == 2);
}
