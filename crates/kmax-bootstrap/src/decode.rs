//! Any user data, taken apart.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::BootstrapError;
use crate::mime::{self, name_of};
use crate::user_data::Part;

/// Splits user data into its parts, whoever wrote it: a MIME multi-part message into its own, anything
/// else into one part that is named by how it starts. Empty user data has no parts.
///
/// The only thing refused is a message that is broken; [`Part::opaque`] holds such a one whole.
pub fn decode(bytes: &[u8]) -> Result<Vec<Part>, BootstrapError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(parts) = mime::read(bytes)? {
        return Ok(parts);
    }
    let content_type = content_type_of(bytes);
    let name = match content_type {
        "application/gzip" | "application/octet-stream" | "text/plain" => "user-data".to_owned(),
        "application/toml" => "settings".to_owned(),
        "text/x-powershell" => "powershell".to_owned(),
        other => name_of(other),
    };
    Ok(vec![Part::new(name, content_type, bytes)])
}

/// Splits user data as a launch template carries it, base64.
pub fn decode_base64(text: &str) -> Result<Vec<Part>, BootstrapError> {
    let packed: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(packed).map_err(|_| BootstrapError::Base64)?;
    decode(&bytes)
}

/// Tells what user data that is no MIME message is.
fn content_type_of(bytes: &[u8]) -> &'static str {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return "application/gzip";
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return "application/octet-stream";
    };
    let starts_any_line = |prefix: &str| text.lines().any(|line| line.starts_with(prefix));
    if text.starts_with("#!") {
        "text/x-shellscript"
    } else if text.starts_with("#cloud-config") {
        "text/cloud-config"
    } else if text.starts_with("#cloud-boothook") {
        "text/cloud-boothook"
    } else if text.trim_start().starts_with("<powershell>") {
        "text/x-powershell"
    } else if text.lines().any(is_node_config_version) {
        "application/node.eks.aws"
    } else if starts_any_line("[settings.") || starts_any_line("[settings]") {
        "application/toml"
    } else {
        "text/plain"
    }
}

/// Tells whether a line says that the document is nodeadm's.
fn is_node_config_version(line: &str) -> bool {
    line.strip_prefix("apiVersion:").is_some_and(|value| {
        value.trim().trim_start_matches(['"', '\'']).starts_with("node.eks.aws/")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &[u8]) -> (String, String) {
        let parts = decode(text).unwrap();
        assert_eq!(parts.len(), 1);
        (parts[0].name.clone(), parts[0].content_type.clone())
    }

    #[test]
    fn tells_what_user_data_is() {
        let cases: [(&[u8], &str, &str); 9] = [
            (b"#!/bin/sh\n/etc/eks/bootstrap.sh x\n", "script", "text/x-shellscript"),
            (b"#cloud-config\nusers: []\n", "cloud-config", "text/cloud-config"),
            (b"#cloud-boothook\n#!/bin/sh\n", "boothook", "text/cloud-boothook"),
            (
                b"---\napiVersion: node.eks.aws/v1alpha1\n",
                "node-config",
                "application/node.eks.aws",
            ),
            (b"[settings.kubernetes]\na = 1\n", "settings", "application/toml"),
            (b"<powershell>\n</powershell>\n", "powershell", "text/x-powershell"),
            (b"\x1f\x8b\x08\x00", "user-data", "application/gzip"),
            (b"\xff\xff", "user-data", "application/octet-stream"),
            (b"hello", "user-data", "text/plain"),
        ];
        for (bytes, name, content_type) in cases {
            assert_eq!(one(bytes), (name.to_owned(), content_type.to_owned()));
        }
        assert_eq!(decode(b"").unwrap(), []);
    }

    #[test]
    fn reads_base64() {
        assert_eq!(decode_base64("IyEvYmlu\nL3No\n").unwrap()[0].content, "#!/bin/sh");
        assert_eq!(decode_base64("?").unwrap_err(), BootstrapError::Base64);
        assert_eq!(decode_base64("").unwrap(), []);
    }
}
