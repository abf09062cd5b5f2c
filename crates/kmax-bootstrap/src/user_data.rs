//! User data and its parts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmax_model::Digest;

use crate::BootstrapError;

/// The most bytes of user data that EC2 takes, before base64.
pub const MAX_USER_DATA_BYTES: usize = 16_384;

/// Rendered user data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserData {
    bytes: Vec<u8>,
    parts: Vec<Part>,
}

impl UserData {
    /// Puts user data and the parts it is made of together, unless it is larger than EC2 takes.
    pub(crate) fn new(bytes: Vec<u8>, parts: Vec<Part>) -> Result<Self, BootstrapError> {
        if bytes.len() > MAX_USER_DATA_BYTES {
            let largest = parts.iter().max_by_key(|part| part.content.len());
            return Err(BootstrapError::TooLarge {
                size: bytes.len(),
                limit: MAX_USER_DATA_BYTES,
                part: largest.map_or_else(String::new, |part| part.name.clone()),
                part_size: largest.map_or(0, |part| part.content.len()),
            });
        }
        Ok(Self { bytes, parts })
    }

    /// Returns the bytes as the node reads them.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the parts that it is made of, in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Returns the text that a launch template carries.
    pub fn base64(&self) -> String {
        STANDARD.encode(&self.bytes)
    }
}

/// A part of user data, decoded.
///
/// It cannot be serialized, so that no saved document holds user data: [`crate::PartChange`] can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The name, unique within its user data: the file name that the part bears, or one by its
    /// content type (`node-config`, `cloud-config`, `script`), numbered from the second on.
    pub name: String,
    /// The content type, without parameters.
    pub content_type: String,
    /// The content; where it is not UTF-8 text, its base64.
    pub content: String,
    /// The digest of the content's bytes.
    pub sha256: Digest,
}

impl Part {
    /// Makes a part of its bytes.
    pub fn new(name: impl Into<String>, content_type: impl Into<String>, bytes: &[u8]) -> Self {
        let content = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => STANDARD.encode(bytes),
        };
        Self {
            name: name.into(),
            content_type: content_type.into(),
            content,
            sha256: Digest::of_bytes(bytes),
        }
    }

    /// Makes one part of user data that cannot be decoded, so that it can still be compared.
    pub fn opaque(bytes: &[u8]) -> Self {
        Self::new("user-data", "application/octet-stream", bytes)
    }
}

/// Makes names unique: of those that come again, the second ends in `-2`, and so on.
pub(crate) fn number_names(parts: &mut [Part]) {
    for index in 1..parts.len() {
        let (before, rest) = parts.split_at_mut(index);
        let Some(part) = rest.first_mut() else { return };
        let is_taken = |name: &str| before.iter().any(|other| other.name == name);
        let mut name = part.name.clone();
        let mut number = 1;
        while is_taken(&name) {
            number += 1;
            name = format!("{}-{number}", part.name);
        }
        part.name = name;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_largest_part_of_what_is_too_large() {
        let parts = vec![
            Part::new("node-config", "application/node.eks.aws", b"short"),
            Part::new("ops", "text/x-shellscript", &[b'x'; 16_000]),
        ];
        let error = UserData::new(vec![b'x'; 16_385], parts.clone()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "user data has 16385 bytes and EC2 takes at most 16384: its largest part is `ops` with \
             16000 bytes"
        );
        assert!(UserData::new(vec![b'x'; 16_384], parts).is_ok());
    }

    #[test]
    fn numbers_names_that_come_again() {
        let mut parts: Vec<Part> =
            ["a", "a", "a-2", "a", "b"].map(|name| Part::new(name, "text/plain", b"")).into();
        number_names(&mut parts);
        let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["a", "a-2", "a-2-2", "a-3", "b"]);
    }

    #[test]
    fn content_that_is_no_text_is_base64() {
        assert_eq!(Part::new("x", "x/y", &[0xff, 0xfe]).content, "//4=");
    }
}
