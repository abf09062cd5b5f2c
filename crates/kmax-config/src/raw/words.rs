//! Values that take one of two shapes: a word, or more.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{MapAccess, Visitor, value};
use serde::{Deserialize, Deserializer};

use super::choices::AmiFamily;

/// An image: a family's name, or a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AmiWord {
    pub(crate) family: Option<AmiFamily>,
    pub(crate) release: Option<String>,
    pub(crate) id: Option<String>,
}

/// An image more exactly than by its family.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AmiTable {
    /// The family. It may be left out where an outer layer says it; said here, it takes an outer
    /// `release` or `id` away.
    family: Option<AmiFamily>,
    /// The release to stay on, as the family's publisher writes it, for example `1.34.2-20260801`.
    /// Without it `kmax lock` takes the newest one and `kmax.lock` holds on to it.
    release: Option<String>,
    /// One image by its id. It must fit the family and the pool's arch.
    #[schemars(regex(pattern = "^ami-[0-9a-f]{8}([0-9a-f]{9})?$"))]
    id: Option<String>,
}

struct AmiVisitor;

impl<'de> Visitor<'de> for AmiVisitor {
    type Value = AmiWord;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a family's name or a table with `family`, `release` or `id`")
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Self::Value, E> {
        let family = AmiFamily::deserialize(value::StrDeserializer::new(word))?;
        Ok(AmiWord { family: Some(family), release: None, id: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let AmiTable { family, release, id } =
            AmiTable::deserialize(value::MapAccessDeserializer::new(map))?;
        Ok(AmiWord { family, release, id })
    }
}

impl<'de> Deserialize<'de> for AmiWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmiVisitor)
    }
}

impl JsonSchema for AmiWord {
    fn schema_name() -> Cow<'static, str> {
        "Ami".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                generator.subschema_for::<AmiFamily>(),
                generator.subschema_for::<AmiTable>(),
            ]
        })
    }
}

/// How cluster-autoscaler gets its permissions: `node`, or a table with a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IdentityWord {
    Node,
    Role { pod_identity: Option<String>, irsa: Option<String> },
}

/// The role that cluster-autoscaler takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct IdentityTable {
    /// The name of the role that EKS Pod Identity hands to it.
    pod_identity: Option<String>,
    /// The name of the role that it takes through the cluster's OIDC provider.
    irsa: Option<String>,
}

/// The worker role, by instance metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum IdentityName {
    /// The worker role, by instance metadata.
    Node,
}

struct IdentityVisitor;

impl<'de> Visitor<'de> for IdentityVisitor {
    type Value = IdentityWord;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`node` or a table with `pod_identity` or `irsa`")
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Self::Value, E> {
        match IdentityName::deserialize(value::StrDeserializer::new(word))? {
            IdentityName::Node => Ok(IdentityWord::Node),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let IdentityTable { pod_identity, irsa } =
            IdentityTable::deserialize(value::MapAccessDeserializer::new(map))?;
        Ok(IdentityWord::Role { pod_identity, irsa })
    }
}

impl<'de> Deserialize<'de> for IdentityWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdentityVisitor)
    }
}

impl JsonSchema for IdentityWord {
    fn schema_name() -> Cow<'static, str> {
        "Identity".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                generator.subschema_for::<IdentityName>(),
                generator.subschema_for::<IdentityTable>(),
            ]
        })
    }
}

/// A number or a range of numbers: `8`, `"8"` or `"8..16"`. Kept as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) String);

struct CountVisitor;

impl Visitor<'_> for CountVisitor {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or a range as in \"8..16\"")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Count(text.to_owned()))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Count(number.to_string()))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Count(number.to_string()))
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

impl JsonSchema for Count {
    fn schema_name() -> Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string", "pattern": "^[0-9]+(\\.\\.[0-9]+)?$" },
                { "type": "integer", "minimum": 1 },
            ]
        })
    }
}

/// A value of a cluster-autoscaler flag: a string, a number, a boolean, or an array of strings where
/// the flag is given several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FlagWord(pub(crate) Vec<String>);

struct FlagVisitor;

impl<'de> Visitor<'de> for FlagVisitor {
    type Value = FlagWord;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number, a boolean or an array of strings")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(FlagWord(vec![text.to_owned()]))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(FlagWord(vec![value.to_string()]))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(FlagWord(vec![number.to_string()]))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(FlagWord(vec![number.to_string()]))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(FlagWord(vec![number.to_string()]))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Vec::<String>::deserialize(value::SeqAccessDeserializer::new(seq)).map(FlagWord)
    }
}

impl<'de> Deserialize<'de> for FlagWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagVisitor)
    }
}

impl JsonSchema for FlagWord {
    fn schema_name() -> Cow<'static, str> {
        "Flag".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string" },
                { "type": "boolean" },
                { "type": "number" },
                { "type": "array", "items": { "type": "string" } },
            ]
        })
    }
}
