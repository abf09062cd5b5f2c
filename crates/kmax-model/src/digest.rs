//! Digests over canonical JSON: keys sorted, no white space.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::canonical;

/// What every digest begins with.
const PREFIX: &str = "sha256:";

/// A SHA-256 digest, written `sha256:<64 hex digits>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// Digests bytes as they are.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        const DIGITS: [char; 16] =
            ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
        let mut text = String::with_capacity(PREFIX.len() + 64);
        text.push_str(PREFIX);
        for byte in Sha256::digest(bytes) {
            text.push(DIGITS[usize::from(byte >> 4)]);
            text.push(DIGITS[usize::from(byte & 15)]);
        }
        Self(text)
    }

    /// Digests a value by its canonical JSON; equal values have equal bytes.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Self {
        let json = canonical::to_vec(value).unwrap_or_else(|_| b"null".to_vec());
        Self::of_bytes(&json)
    }

    /// Returns the whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first 8 hex digits.
    pub fn short(&self) -> &str {
        &self.0[PREFIX.len()..][..8]
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = text.strip_prefix(PREFIX).unwrap_or_default();
        if hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("`{text}` is not a digest of the form sha256:<64 hex digits>"))
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

/// Returns 8 hex digits of a value's digest, for the tight space of a tag.
pub fn short_hash<T: Serialize + ?Sized>(value: &T) -> String {
    Digest::of(value).short().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_keys_does_not_matter() {
        let a: serde_json::Value = serde_json::from_str(r#"{"a":1,"b":2}"#).unwrap();
        let b: serde_json::Value = serde_json::from_str(r#"{"b":2,"a":1}"#).unwrap();
        assert_eq!(Digest::of(&a), Digest::of(&b));
    }

    #[test]
    fn parses_only_digests() {
        assert!(Digest::of(&1).as_str().parse::<Digest>().is_ok());
        assert!("sha256:12".parse::<Digest>().is_err());
        assert!("md5:00".parse::<Digest>().is_err());
    }
}
