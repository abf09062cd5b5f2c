//! Canonical JSON, written without a tree in between: keys sorted, no white space.
//!
//! The bytes are those of a `serde_json::Value` whose maps are sorted; digests are taken over many
//! thousand values in a plan, and building trees would be most of its time.

use serde::Serialize;
use serde::ser::{
    self, Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant,
};
use serde_json::Error;

/// Writes a value.
pub(crate) fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(512);
    value.serialize(Writer { out: &mut out })?;
    Ok(out)
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Writes a number or a text as serde_json does.
    fn scalar<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        serde_json::to_writer(self.out, value)
    }

    fn word(self, word: &str) {
        self.out.extend_from_slice(word.as_bytes());
    }

    /// Begins `{"variant":`, which whoever writes the content ends.
    fn variant(self, variant: &'static str) -> Result<&'a mut Vec<u8>, Error> {
        self.out.push(b'{');
        serde_json::to_writer(&mut *self.out, variant)?;
        self.out.push(b':');
        Ok(self.out)
    }
}

macro_rules! scalars {
    ($($method:ident: $type:ty,)+) => {
        $(fn $method(self, value: $type) -> Result<(), Error> {
            self.scalar(&value)
        })+
    };
}

impl<'a> ser::Serializer for Writer<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = List<'a>;
    type SerializeMap = Object<'a, String>;
    type SerializeStruct = Object<'a, &'static str>;
    type SerializeStructVariant = Object<'a, &'static str>;

    scalars! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
        serialize_str: &str,
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.scalar(value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.word("null");
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.serialize_none()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.scalar(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let out = self.variant(variant)?;
        value.serialize(Writer { out: &mut *out })?;
        out.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<List<'a>, Error> {
        Ok(List::begin(self.out, false))
    }

    fn serialize_tuple(self, _length: usize) -> Result<List<'a>, Error> {
        Ok(List::begin(self.out, false))
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<List<'a>, Error> {
        Ok(List::begin(self.out, false))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<List<'a>, Error> {
        Ok(List::begin(self.variant(variant)?, true))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Object<'a, String>, Error> {
        Ok(Object::begin(self.out, length, false))
    }

    fn serialize_struct(
        self,
        _name: &'static str,
        length: usize,
    ) -> Result<Object<'a, &'static str>, Error> {
        Ok(Object::begin(self.out, Some(length), false))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Object<'a, &'static str>, Error> {
        Ok(Object::begin(self.variant(variant)?, Some(length), true))
    }
}

/// An array.
struct List<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
    is_variant: bool,
}

impl<'a> List<'a> {
    fn begin(out: &'a mut Vec<u8>, is_variant: bool) -> Self {
        out.push(b'[');
        Self { out, is_empty: true, is_variant }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        value.serialize(Writer { out: &mut *self.out })
    }

    fn finish(self) {
        self.out.push(b']');
        if self.is_variant {
            self.out.push(b'}');
        }
    }
}

macro_rules! lists {
    ($($trait:ident $method:ident,)+) => {
        $(impl $trait for List<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.item(value)
            }

            fn end(self) -> Result<(), Error> {
                self.finish();
                Ok(())
            }
        })+
    };
}

lists! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

/// An object. Its entries are written as they come, and put in order at the end.
struct Object<'a, K> {
    out: &'a mut Vec<u8>,
    /// Where the first entry begins.
    start: usize,
    /// Keys, and where each entry ends.
    entries: Vec<(K, usize)>,
    is_variant: bool,
}

impl<'a, K: AsRef<str>> Object<'a, K> {
    fn begin(out: &'a mut Vec<u8>, length: Option<usize>, is_variant: bool) -> Self {
        out.push(b'{');
        let (start, entries) = (out.len(), Vec::with_capacity(length.unwrap_or_default()));
        Self { out, start, entries, is_variant }
    }

    fn key(&mut self, key: &str) -> Result<(), Error> {
        serde_json::to_writer(&mut *self.out, key)?;
        self.out.push(b':');
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, key: K, value: &T) -> Result<(), Error> {
        value.serialize(Writer { out: &mut *self.out })?;
        self.out.push(b',');
        self.entries.push((key, self.out.len()));
        Ok(())
    }

    fn finish(mut self) {
        let is_sorted = self.entries.is_sorted_by(|(a, _), (b, _)| a.as_ref() < b.as_ref());
        if !is_sorted {
            self.sort();
        }
        if !self.entries.is_empty() {
            self.out.pop();
        }
        self.out.push(b'}');
        if self.is_variant {
            self.out.push(b'}');
        }
    }

    /// Puts the entries in order; of those with one key the last stays.
    fn sort(&mut self) {
        let mut from = self.start;
        let mut ranges: Vec<(&str, usize, usize)> = Vec::with_capacity(self.entries.len());
        for (key, end) in &self.entries {
            ranges.push((key.as_ref(), from, *end));
            from = *end;
        }
        ranges.sort_by(|a, b| a.0.cmp(b.0));
        let mut sorted = Vec::with_capacity(self.out.len() - self.start);
        for (index, (key, from, end)) in ranges.iter().enumerate() {
            if ranges.get(index + 1).is_none_or(|(next, _, _)| next != key) {
                sorted.extend_from_slice(&self.out[*from..*end]);
            }
        }
        self.out.truncate(self.start);
        self.out.extend_from_slice(&sorted);
    }
}

impl SerializeStruct for Object<'_, &'static str> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.key(key)?;
        self.value(key, value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

impl SerializeStructVariant for Object<'_, &'static str> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.key(key)?;
        self.value(key, value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

impl SerializeMap for Object<'_, String> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let key = key.serialize(KeyWriter)?;
        self.key(&key)?;
        // The end of the entry is known with its value.
        self.entries.push((key, 0));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        match self.entries.pop() {
            Some((key, _)) => self.value(key, value),
            None => Err(ser::Error::custom("a value without a key")),
        }
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

/// Writes the key of a map: a text, or what serde_json makes a text of.
struct KeyWriter;

fn no_key<T>() -> Result<T, Error> {
    Err(ser::Error::custom("the key of a map must be a text"))
}

macro_rules! keys {
    ($($method:ident: $type:ty,)+) => {
        $(fn $method(self, value: $type) -> Result<String, Error> {
            Ok(value.to_string())
        })+
    };
}

macro_rules! no_keys {
    ($($method:ident: $type:ty,)+) => {
        $(fn $method(self, _value: $type) -> Result<String, Error> {
            no_key()
        })+
    };
}

impl ser::Serializer for KeyWriter {
    type Ok = String;
    type Error = Error;
    type SerializeSeq = Impossible<String, Error>;
    type SerializeTuple = Impossible<String, Error>;
    type SerializeTupleStruct = Impossible<String, Error>;
    type SerializeTupleVariant = Impossible<String, Error>;
    type SerializeMap = Impossible<String, Error>;
    type SerializeStruct = Impossible<String, Error>;
    type SerializeStructVariant = Impossible<String, Error>;

    keys! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_char: char,
        serialize_str: &str,
    }

    no_keys! {
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<String, Error> {
        Ok(variant.to_owned())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<String, Error> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<String, Error> {
        no_key()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _value: &T) -> Result<String, Error> {
        no_key()
    }

    fn serialize_unit(self) -> Result<String, Error> {
        no_key()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<String, Error> {
        no_key()
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        no_key()
    }

    fn serialize_tuple(self, _length: usize) -> Result<Self::SerializeTuple, Error> {
        no_key()
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        no_key()
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        no_key()
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Self::SerializeMap, Error> {
        no_key()
    }

    fn serialize_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStruct, Error> {
        no_key()
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        no_key()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::{LaunchSource, MixedInstancesPolicy, Override, PoolId, TemplateData, TemplateRef};

    /// Sorts the maps of a tree by their keys, whatever order serde_json was built to keep.
    fn sorted(value: Value) -> Value {
        match value {
            Value::Array(items) => items.into_iter().map(sorted).collect(),
            Value::Object(fields) => {
                let fields: std::collections::BTreeMap<String, Value> =
                    fields.into_iter().map(|(key, value)| (key, sorted(value))).collect();
                Value::Object(fields.into_iter().collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
        }
    }

    fn agrees<T: Serialize + ?Sized>(value: &T) {
        let tree = sorted(serde_json::to_value(value).expect("plain data")).to_string();
        let bytes = to_vec(value).expect("plain data");
        assert_eq!(String::from_utf8(bytes).expect("text"), tree);
    }

    #[derive(Serialize)]
    enum Shape {
        Unit,
        One(u8),
        Two(i64, Option<bool>),
        Named { z: f64, a: char },
    }

    #[derive(Serialize)]
    struct Nothing;

    #[derive(Serialize)]
    struct Flat {
        z: u8,
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
        b: Nothing,
    }

    #[test]
    fn writes_what_a_sorted_tree_would() {
        agrees(&[Shape::Unit, Shape::One(1), Shape::Two(-5, None)]);
        agrees(&(Shape::Named { z: 1.5, a: '"' }, (), Some(f64::NAN), "\u{1}\n\\é\u{2028}"));
        let rest = BTreeMap::from([("y".to_owned(), 1), ("a\"".to_owned(), 2)]);
        agrees(&Flat { z: 1, rest, b: Nothing });
        agrees(&BTreeMap::from([(10, "a"), (9, "b"), (100, "c")]));
        agrees(&BTreeMap::from([(PoolId::new("dsp", "8c64g"), vec![0_u8; 0])]));
        agrees(&Value::Null);
    }

    #[test]
    fn writes_the_nouns() {
        let mut data = TemplateData { user_data: Some("TUlNRQ==".into()), ..Default::default() };
        data.tags.insert("instance".into(), BTreeMap::from([("a".into(), "b".into())]));
        data.block_devices.insert("/dev/xvda".into(), crate::BlockDevice::default());
        agrees(&data);
        agrees(&LaunchSource::Mixed(MixedInstancesPolicy {
            template: TemplateRef { id: "lt-1".into(), ..Default::default() },
            overrides: vec![Override::of_type("r5.2xlarge")],
            ..Default::default()
        }));
    }

    #[test]
    fn refuses_keys_that_are_no_text() {
        assert!(to_vec(&BTreeMap::from([((1, 2), 3)])).is_err());
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn writes_any_tree(tree in tree()) {
            agrees(&tree);
        }
    }
}
