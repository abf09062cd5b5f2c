//! What kmax has no field for, as text.
//!
//! The SDK's types can't be taken apart exhaustively: they are open to new fields. Their `Debug`
//! output is complete at any version, so it is read back, what is empty is taken out, and the rest
//! is written with AWS's names. A field that AWS adds shows up with the SDK that knows it.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Write as _};
use std::iter::Peekable;
use std::str::Chars;

/// A printed value, read back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// Nothing.
    Empty,
    /// A number, a text, a word.
    Scalar(String),
    /// A list.
    List(Vec<Node>),
    /// A structure, with the fields that hold something.
    Fields(Vec<(String, Node)>),
}

impl Node {
    /// Reads a value by its `Debug` output.
    pub(crate) fn of(value: &impl Debug) -> Self {
        let text = format!("{value:?}");
        Reader { chars: text.chars().peekable() }.value()
    }

    /// Returns the fields of a structure by AWS's names, printed.
    pub(crate) fn into_fields(self) -> BTreeMap<String, String> {
        match self {
            Self::Fields(fields) => {
                fields.into_iter().map(|(name, node)| (name, node.to_string())).collect()
            }
            Self::Empty | Self::Scalar(_) | Self::List(_) => BTreeMap::new(),
        }
    }

    /// Returns whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::Empty
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Scalar(text) => f.write_str(text),
            Self::List(items) => {
                f.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at > 0 { ", " } else { "" })?;
                }
                f.write_char(']')
            }
            Self::Fields(fields) => {
                f.write_char('{')?;
                for (at, (name, node)) in fields.iter().enumerate() {
                    write!(f, "{}{name}: {node}", if at > 0 { ", " } else { "" })?;
                }
                f.write_char('}')
            }
        }
    }
}

/// Reads the output of a derived `Debug`.
struct Reader<'a> {
    chars: Peekable<Chars<'a>>,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        while self.chars.next_if(|c| c.is_whitespace()).is_some() {}
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.skip_space();
        self.chars.next_if_eq(&wanted).is_some()
    }

    fn value(&mut self) -> Node {
        self.skip_space();
        match self.chars.peek() {
            Some('"') => {
                let text = self.quoted();
                if text.is_empty() { Node::Empty } else { Node::Scalar(text) }
            }
            Some('[') => {
                self.chars.next();
                let items = self.values(']');
                if items.is_empty() { Node::Empty } else { Node::List(items) }
            }
            Some('{') => self.map(),
            _ => self.named(),
        }
    }

    /// The items up to a closing bracket; an empty one keeps its place.
    fn values(&mut self, end: char) -> Vec<Node> {
        let mut items = Vec::new();
        while !self.eat(end) && self.chars.peek().is_some() {
            items.push(self.value());
            self.eat(',');
        }
        items
    }

    /// A map by its keys.
    fn map(&mut self) -> Node {
        self.chars.next();
        let mut fields = Vec::new();
        while !self.eat('}') && self.chars.peek().is_some() {
            let key = self.value().to_string();
            self.eat(':');
            let node = self.value();
            fields.push((key, node));
            self.eat(',');
        }
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        structure(fields)
    }

    /// A number, `None`, `Some(..)`, a variant, or a structure with its name.
    fn named(&mut self) -> Node {
        let word = self.word();
        match self.chars.peek() {
            Some('(') => {
                self.chars.next();
                let mut items = self.values(')');
                if items.len() == 1 { items.remove(0) } else { Node::List(items) }
            }
            Some(' ') => {
                // Only a structure goes on after a space.
                self.skip_space();
                if self.chars.peek() == Some(&'{') { self.fields() } else { scalar(word) }
            }
            _ => scalar(word),
        }
    }

    fn fields(&mut self) -> Node {
        self.chars.next();
        let mut fields = Vec::new();
        while !self.eat('}') && self.chars.peek().is_some() {
            let name = self.word();
            self.eat(':');
            let node = self.value();
            if !node.is_empty() {
                fields.push((aws_name(&name), node));
            }
            self.eat(',');
        }
        structure(fields)
    }

    fn word(&mut self) -> String {
        self.skip_space();
        let mut word = String::new();
        let part = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '#');
        while let Some(c) = self.chars.next_if(part) {
            word.push(c);
        }
        if word.is_empty() {
            // Nothing that a derived `Debug` writes; it is passed over so that reading ends.
            self.chars.next();
        }
        word
    }

    fn quoted(&mut self) -> String {
        self.chars.next();
        let mut text = String::new();
        while let Some(c) = self.chars.next() {
            match c {
                '"' => break,
                '\\' => match self.chars.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some('0') => text.push('\0'),
                    Some('u') => text.extend(self.code_point()),
                    Some(other) => text.push(other),
                    None => break,
                },
                other => text.push(other),
            }
        }
        text
    }

    /// The rest of `\u{1f600}`.
    fn code_point(&mut self) -> Option<char> {
        self.chars.next_if_eq(&'{')?;
        let mut digits = String::new();
        while let Some(c) = self.chars.next_if(char::is_ascii_hexdigit) {
            digits.push(c);
        }
        self.chars.next_if_eq(&'}')?;
        u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)
    }
}

fn scalar(word: String) -> Node {
    if word == "None" || word.is_empty() { Node::Empty } else { Node::Scalar(word) }
}

fn structure(fields: Vec<(String, Node)>) -> Node {
    if fields.is_empty() { Node::Empty } else { Node::Fields(fields) }
}

/// `ebs_optimized` as AWS writes it: `EbsOptimized`.
fn aws_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for part in name.split('_') {
        let mut chars = part.chars();
        out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[expect(dead_code, reason = "they are printed")]
    struct Inner {
        count: Option<i32>,
        ratio: f64,
        word: Option<Word>,
    }

    #[derive(Debug)]
    #[expect(dead_code, reason = "they are printed")]
    enum Word {
        OneTime,
        Unknown(String),
    }

    #[derive(Debug)]
    #[expect(dead_code, reason = "they are printed")]
    struct Outer {
        key_name: Option<String>,
        ebs_optimized: Option<bool>,
        inner: Option<Inner>,
        hollow: Option<Inner2>,
        list: Vec<Inner>,
        none: Option<Vec<i32>>,
        empty: Option<Vec<i32>>,
        no_text: Option<String>,
        map: BTreeMap<String, i32>,
    }

    #[derive(Debug)]
    #[expect(dead_code, reason = "they are printed")]
    struct Inner2 {
        count: Option<i32>,
    }

    #[test]
    fn prints_what_there_is_and_nothing_else() {
        let inner = |count, word| Inner { count, ratio: 1.5, word };
        let outer = Outer {
            key_name: Some("a \"b\"\n{c: d}, ü\u{7}".into()),
            ebs_optimized: Some(false),
            inner: Some(inner(Some(-1), Some(Word::OneTime))),
            hollow: Some(Inner2 { count: None }),
            list: vec![inner(None, Some(Word::Unknown("two-time".into()))), inner(None, None)],
            none: None,
            empty: Some(Vec::new()),
            no_text: Some(String::new()),
            map: [("b".to_owned(), 1), ("a".to_owned(), 2)].into(),
        };
        let fields = Node::of(&outer).into_fields();
        let expected = [
            ("EbsOptimized", "false"),
            ("Inner", "{Count: -1, Ratio: 1.5, Word: OneTime}"),
            ("KeyName", "a \"b\"\n{c: d}, ü\u{7}"),
            ("List", "[{Ratio: 1.5, Word: two-time}, {Ratio: 1.5}]"),
            ("Map", "{a: 2, b: 1}"),
        ];
        let expected: BTreeMap<_, _> =
            expected.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        assert_eq!(fields, expected);
    }

    #[test]
    fn ends_on_any_text() {
        for text in ["", "{", "[", "A {", "A(", "\"", "A { b: ", "}])", "A { b: c", "\"\\u{"] {
            let _ = Reader { chars: text.chars().peekable() }.value();
        }
    }
}
