//! As much YAML as NodeConfigs are written in.
//!
//! Block mappings and sequences of scalars on one line, comments, and flow collections that are
//! JSON. What else YAML has (anchors, tags, block scalars, scalars over several lines) is refused
//! with its line, never misread.

use serde_json::{Map, Value};

use crate::BootstrapError;

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 32;

/// Writes a string in double quotes, so that every reader of YAML takes it for that string.
pub(crate) fn quote(text: &str) -> String {
    // Certificates are long, and nearly all that is quoted is plain.
    if text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\') {
        return format!("\"{text}\"");
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            ' '..='~' => quoted.push(c),
            c if u32::from(c) <= 0xffff => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

/// Reads a document.
pub(crate) fn read(text: &str) -> Result<Value, BootstrapError> {
    let mut reader = Reader { lines: significant_lines(text)?, next: 0 };
    let Some(first) = reader.lines.first() else {
        return Ok(Value::Null);
    };
    let value = reader.node(first.indent, 0)?;
    match reader.peek() {
        None => Ok(value),
        Some(line) => Err(line.error("this belongs to nothing above it")),
    }
}

#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    indent: usize,
    text: &'a str,
}

impl Line<'_> {
    fn error(&self, problem: impl Into<String>) -> BootstrapError {
        BootstrapError::Yaml { line: self.number, problem: problem.into() }
    }

    fn is_item(&self) -> bool {
        self.text == "-" || self.text.starts_with("- ")
    }
}

fn significant_lines(text: &str) -> Result<Vec<Line<'_>>, BootstrapError> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (index, raw) in text.lines().enumerate() {
        let text = raw.trim_start_matches(' ');
        let line =
            Line { number: index + 1, indent: raw.len() - text.len(), text: text.trim_end() };
        if line.text.is_empty() || line.text.starts_with('#') {
            continue;
        }
        if line.text.starts_with('\t') {
            return Err(line.error("a tab cannot indent"));
        }
        if line.indent == 0 && (line.text == "---" || line.text == "...") {
            if lines.is_empty() {
                continue;
            }
            return Err(line.error("only one document can be here"));
        }
        lines.push(line);
    }
    Ok(lines)
}

struct Reader<'a> {
    lines: Vec<Line<'a>>,
    next: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<Line<'a>> {
        self.lines.get(self.next).copied()
    }

    /// Reads the node that starts at the next line, which has this indent.
    fn node(&mut self, indent: usize, depth: usize) -> Result<Value, BootstrapError> {
        let Some(line) = self.peek() else {
            return Ok(Value::Null);
        };
        if depth > MAX_DEPTH {
            return Err(line.error("this is nested too deep"));
        }
        if line.is_item() {
            return self.sequence(indent, depth);
        }
        if split_entry(line)?.is_some() {
            return self.mapping(indent, depth);
        }
        self.next += 1;
        scalar(line, line.text)
    }

    fn mapping(&mut self, indent: usize, depth: usize) -> Result<Value, BootstrapError> {
        let mut map = Map::new();
        while let Some(line) = self.peek().filter(|line| line.indent >= indent) {
            if line.indent > indent {
                return Err(line.error("this is indented deeper than what it belongs to"));
            }
            if line.is_item() {
                return Err(line.error("an item of a list stands among keys"));
            }
            let Some((key, rest)) = split_entry(line)? else {
                return Err(line.error("this is no `key: value`"));
            };
            self.next += 1;
            let value = if rest.is_empty() {
                self.child(indent, true, depth)?
            } else {
                scalar(line, rest)?
            };
            if map.insert(key.clone(), value).is_some() {
                return Err(line.error(format!("the key `{key}` is there twice")));
            }
        }
        Ok(Value::Object(map))
    }

    fn sequence(&mut self, indent: usize, depth: usize) -> Result<Value, BootstrapError> {
        let mut items = Vec::new();
        while let Some(line) = self.peek().filter(|line| line.indent >= indent) {
            if line.indent > indent {
                return Err(line.error("this is indented deeper than what it belongs to"));
            }
            if !line.is_item() {
                // A list may stand at the indent of its key, and then the next key ends it.
                break;
            }
            let rest = line.text.get(1..).unwrap_or_default();
            let text = rest.trim_start_matches(' ');
            if text.is_empty() || text.starts_with('#') {
                self.next += 1;
                items.push(self.child(indent, false, depth)?);
                continue;
            }
            // What follows the dash is a node of its own, indented to where it stands.
            let inner = indent + 1 + (rest.len() - text.len());
            if let Some(slot) = self.lines.get_mut(self.next) {
                *slot = Line { indent: inner, text, ..line };
            }
            items.push(self.node(inner, depth + 1)?);
        }
        Ok(Value::Array(items))
    }

    /// Reads what stands below a key or a dash: something deeper, or nothing.
    fn child(
        &mut self,
        indent: usize,
        list_may_be_level: bool,
        depth: usize,
    ) -> Result<Value, BootstrapError> {
        match self.peek() {
            Some(line) if line.indent > indent => self.node(line.indent, depth + 1),
            Some(line) if list_may_be_level && line.indent == indent && line.is_item() => {
                self.sequence(indent, depth + 1)
            }
            Some(_) | None => Ok(Value::Null),
        }
    }
}

/// Splits `key: value`; nothing where the line is no such entry.
fn split_entry(line: Line<'_>) -> Result<Option<(String, &str)>, BootstrapError> {
    let text = line.text;
    if text.starts_with(['"', '\'']) {
        let (key, rest) = quoted(line, text)?;
        return Ok(match rest.trim_start_matches(' ').strip_prefix(':') {
            Some(value) if value.is_empty() || value.starts_with(' ') => {
                Some((key, without_comment(value)))
            }
            Some(_) | None => None,
        });
    }
    if text.starts_with(['{', '[']) {
        return Ok(None);
    }
    let end = match text.find(": ") {
        Some(end) => end,
        None if text.ends_with(':') => text.len() - 1,
        None => return Ok(None),
    };
    let (key, value) = text.split_at(end);
    let key = key.trim_end();
    if key.contains(" #") {
        return Ok(None);
    }
    if key.is_empty() || key.starts_with(INDICATORS) || key.starts_with("? ") {
        return Err(line.error(format!("`{key}` is not a key that can be read")));
    }
    Ok(Some((key.to_owned(), without_comment(value.get(1..).unwrap_or_default()))))
}

/// What starts something else than a plain scalar.
const INDICATORS: [char; 10] = ['&', '*', '!', '|', '>', '%', '@', '`', ',', '#'];

/// Returns the value of an entry, which is empty where nothing but a comment stands there.
fn without_comment(value: &str) -> &str {
    let value = value.trim();
    if value.starts_with('#') { "" } else { value }
}

fn scalar(line: Line<'_>, text: &str) -> Result<Value, BootstrapError> {
    if text.starts_with(['"', '\'']) {
        let (value, rest) = quoted(line, text)?;
        let comment = rest.trim_start_matches(' ');
        return if comment.is_empty() || (comment.starts_with('#') && rest.starts_with(' ')) {
            Ok(Value::String(value))
        } else {
            Err(line.error(format!("`{comment}` follows the closing quote")))
        };
    }
    if text.starts_with(['{', '[']) {
        return serde_json::from_str(text).map_err(|_| {
            line.error(format!("`{text}` is not JSON, and nothing else can be here"))
        });
    }
    let text = text.find(" #").map_or(text, |at| &text[..at]).trim_end();
    if text.starts_with(INDICATORS) || text.starts_with("- ") || text.starts_with("? ") {
        return Err(line.error(format!("`{text}` is not a value that can be read")));
    }
    if text.contains(": ") || text.ends_with(':') {
        return Err(line.error(format!("`{text}` is a key within a value")));
    }
    Ok(plain(text))
}

/// Tells what a scalar without quotes is.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return Value::String(text.to_owned());
    }
    serde_json::from_str::<serde_json::Number>(text)
        .map_or_else(|_| Value::String(text.to_owned()), Value::Number)
}

/// Reads a quoted string, and returns it with what follows its closing quote.
fn quoted<'a>(line: Line<'_>, text: &'a str) -> Result<(String, &'a str), BootstrapError> {
    let mut chars = text.chars();
    let mark = chars.next();
    let mut value = String::new();
    loop {
        match chars.next() {
            None => return Err(line.error("the closing quote is missing")),
            c if c == mark => {
                let rest = chars.as_str();
                // Within single quotes, two of them are one.
                if mark == Some('\'') && rest.starts_with('\'') {
                    chars.next();
                    value.push('\'');
                } else {
                    return Ok((value, rest));
                }
            }
            Some('\\') if mark == Some('"') => {
                let escape = chars.next().unwrap_or(' ');
                let length = match escape {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => 0,
                };
                if length == 0 {
                    value.push(simple_escape(line, escape)?);
                    continue;
                }
                let code = chars.as_str().get(..length);
                let unescaped = code
                    .filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()))
                    .and_then(|code| u32::from_str_radix(code, 16).ok())
                    .and_then(char::from_u32)
                    .ok_or_else(|| line.error(format!("`\\{escape}` names no character")))?;
                value.push(unescaped);
                chars = chars.as_str().get(length..).unwrap_or_default().chars();
            }
            Some(c) => value.push(c),
        }
    }
}

fn simple_escape(line: Line<'_>, escape: char) -> Result<char, BootstrapError> {
    match escape {
        '"' | '\\' | '/' | ' ' => Ok(escape),
        'n' => Ok('\n'),
        't' => Ok('\t'),
        'r' => Ok('\r'),
        'b' => Ok('\u{8}'),
        'f' => Ok('\u{c}'),
        '0' => Ok('\0'),
        other => Err(line.error(format!("`\\{other}` is no escape that can be read"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_people_and_eks_write() {
        let text = "\
---
# made by hand
apiVersion: node.eks.aws/v1alpha1   # a comment
kind: NodeConfig
spec:
  cluster:
    name: 'it''s'
    apiServerEndpoint: https://A1.gr7.us-east-1.eks.amazonaws.com
    certificateAuthority: LS0tLS1CRUdJTg==
    cidr: 10.100.0.0/16
  kubelet:
    config:
      maxPods: 58
      clusterDNS:
      - 10.100.0.10
      empty:
    flags:
    - --node-labels=eks.amazonaws.com/nodegroup=a,b=c#d
    - \"--x\\u0041\"
  list:
    - key: a
      value: \"\"
    -
      key: b
    - [1, {\"x\": true}]
    - {}
    - - 1
      - -2.5
";
        assert_eq!(
            read(text).unwrap(),
            json!({
                "apiVersion": "node.eks.aws/v1alpha1",
                "kind": "NodeConfig",
                "spec": {
                    "cluster": {
                        "name": "it's",
                        "apiServerEndpoint": "https://A1.gr7.us-east-1.eks.amazonaws.com",
                        "certificateAuthority": "LS0tLS1CRUdJTg==",
                        "cidr": "10.100.0.0/16",
                    },
                    "kubelet": {
                        "config": {"maxPods": 58, "clusterDNS": ["10.100.0.10"], "empty": null},
                        "flags": ["--node-labels=eks.amazonaws.com/nodegroup=a,b=c#d", "--xA"],
                    },
                    "list": [
                        {"key": "a", "value": ""},
                        {"key": "b"},
                        [1, {"x": true}],
                        {},
                        [1, -2.5],
                    ],
                },
            })
        );
        assert_eq!(read("").unwrap(), Value::Null);
        assert_eq!(read("\"a\": 1").unwrap(), json!({"a": 1}));
    }

    #[test]
    fn says_what_it_cannot_read() {
        let error = |text: &str| read(text).unwrap_err().to_string();
        let cases = [
            ("a: 1\na: 2", "line 2 of the NodeConfig: the key `a` is there twice"),
            ("a: |\n  b", "line 1 of the NodeConfig: `|` is not a value that can be read"),
            ("a: &x 1", "line 1 of the NodeConfig: `&x 1` is not a value that can be read"),
            ("a: \"b", "line 1 of the NodeConfig: the closing quote is missing"),
            ("a: \"b\" c", "line 1 of the NodeConfig: `c` follows the closing quote"),
            ("a: \"\\q\"", "line 1 of the NodeConfig: `\\q` is no escape that can be read"),
            ("a: \"\\ud800\"", "line 1 of the NodeConfig: `\\u` names no character"),
            ("a:\n\tb: 1", "line 2 of the NodeConfig: a tab cannot indent"),
            (
                "a: 1\n  b: 2",
                "line 2 of the NodeConfig: this is indented deeper than what it belongs to",
            ),
            ("  a: 1\nb: 2", "line 2 of the NodeConfig: this belongs to nothing above it"),
            ("a: 1\n---\nb: 2", "line 2 of the NodeConfig: only one document can be here"),
            (
                "a: {b: 1}",
                "line 1 of the NodeConfig: `{b: 1}` is not JSON, and nothing else can be here",
            ),
            ("a: b: c", "line 1 of the NodeConfig: `b: c` is a key within a value"),
            ("a: 1\nb", "line 2 of the NodeConfig: this is no `key: value`"),
            ("a: 1\n- b", "line 2 of the NodeConfig: an item of a list stands among keys"),
        ];
        for (text, expected) in cases {
            assert_eq!(error(text), expected, "{text}");
        }
        let deep: Vec<String> = (0..100).map(|n| format!("{}a:", " ".repeat(n))).collect();
        assert_eq!(error(&deep.join("\n")), "line 34 of the NodeConfig: this is nested too deep");
    }

    proptest! {
        #[test]
        fn reads_back_every_quoted_string(text in any::<String>()) {
            let quoted = quote(&text);
            prop_assert!(quoted.bytes().all(|b| (b' '..=b'~').contains(&b)));
            prop_assert_eq!(read(&format!("a: {quoted}")).unwrap(), json!({"a": text.clone()}));
            prop_assert_eq!(read(&format!("{quoted}: 1")).unwrap(), json!({text: 1}));
        }

        #[test]
        fn never_panics(text in "[ \\-:#a\"'\\\\{}\\[\\]|\n\tu0é]{0,80}") {
            let _ = read(&text);
        }
    }
}
