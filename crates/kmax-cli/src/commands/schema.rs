//! `kmax schema`.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::commands::Context;
use crate::errors::{Exit, Failure};

/// The schemas of all documents and of what they have in common.
const DOCUMENTS: &str = include_str!("../../schemas/documents.json");
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
const DEFINITION: &str = "#/$defs/";

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Which.
    #[arg(value_enum, default_value_t = Schema::Config)]
    schema: Schema,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Schema {
    /// The file kmax.toml.
    Config,
    /// What `kmax plan --json` prints and `kmax plan -o` saves.
    Plan,
    /// What `kmax drift --json` prints.
    Drift,
    /// A line of what `kmax apply --json` prints.
    Events,
    /// What `kmax lock --json` prints.
    Lock,
    /// What `kmax validate --json` prints.
    Validate,
}

/// Schemas by name.
#[derive(Deserialize)]
struct Definitions {
    #[serde(rename = "$defs")]
    all: BTreeMap<String, Value>,
}

/// The schema of one document with the definitions that it needs.
#[derive(Serialize)]
struct Document {
    #[serde(rename = "$schema")]
    dialect: &'static str,
    title: String,
    #[serde(rename = "$ref")]
    root: String,
    #[serde(rename = "$defs")]
    definitions: BTreeMap<String, Value>,
}

pub(crate) fn run(context: &Context, args: &SchemaArgs) -> Result<Exit, Failure> {
    let SchemaArgs { schema } = args;
    match schema {
        Schema::Config => context.printer.json(&kmax_config::schema())?,
        Schema::Plan => context.printer.json(&document("plan")?)?,
        Schema::Drift => context.printer.json(&document("drift")?)?,
        Schema::Events => context.printer.json(&document("events")?)?,
        Schema::Lock => context.printer.json(&document("lock")?)?,
        Schema::Validate => context.printer.json(&document("validate")?)?,
    }
    Ok(Exit::Done)
}

/// Returns the schema of a document.
fn document(name: &str) -> Result<Document, Failure> {
    let Definitions { mut all } = serde_json::from_str(DOCUMENTS)?;
    let mut definitions = BTreeMap::new();
    let mut wanted = vec![name.to_owned()];
    while let Some(name) = wanted.pop() {
        if let Some(definition) = all.remove(&name) {
            references(&definition, &mut wanted);
            definitions.insert(name, definition);
        }
    }
    Ok(Document {
        dialect: DIALECT,
        title: format!("kmax {name}"),
        root: format!("{DEFINITION}{name}"),
        definitions,
    })
}

/// Finds the definitions that a schema refers to.
fn references(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_str().and_then(|text| text.strip_prefix(DEFINITION)) {
                    Some(name) if key == "$ref" => names.push(name.to_owned()),
                    Some(_) | None => references(value, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
