//! The JSON Schema of kmax.toml.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::raw::File;

/// The JSON Schema (2020-12) of kmax.toml, every key with its description.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    without_null(generator.into_root_schema_for::<File>().to_value())
}

/// The schema without null, which TOML lacks: what may be left out is simply not required.
pub(crate) fn without_null(mut schema: Value) -> Value {
    drop_null(&mut schema);
    schema
}

fn drop_null(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(words)) = object.get_mut("enum") {
                words.retain(|word| !word.is_null());
            }
            if object.get("default").is_some_and(Value::is_null) {
                object.remove("default");
            }
            if let Some(Value::Array(branches)) = object.get_mut("anyOf") {
                branches.retain(|branch| branch.get("type").is_none_or(|name| name != "null"));
                if let [Value::Object(only)] = branches.as_slice() {
                    let only = only.clone();
                    object.remove("anyOf");
                    for (key, value) in only {
                        object.entry(key).or_insert(value);
                    }
                }
            }
            object.values_mut().for_each(drop_null);
        }
        Value::Array(array) => array.iter_mut().for_each(drop_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
