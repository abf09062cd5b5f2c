//! MIME multi-part messages, as cloud-init and nodeadm read them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::BootstrapError;
use crate::user_data::{Part, number_names};

/// The boundary between parts, unless a line of one of them starts like it.
const BOUNDARY: &str = "==kmax-part==";

/// Writes parts as a message.
///
/// Its headers start at byte 0 and it ends with the closing boundary: nodeadm takes anything else
/// for something that is no message, warns, and never joins.
pub(crate) fn write(parts: &[Part]) -> Vec<u8> {
    let boundary = free_boundary(parts);
    let mut text =
        format!("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"{boundary}\"\n\n");
    for Part { content_type, content, .. } in parts {
        // The line break before a boundary belongs to the boundary, not to the content.
        text.push_str(&format!("--{boundary}\nContent-Type: {content_type}\n\n{content}\n"));
    }
    text.push_str(&format!("--{boundary}--\n"));
    text.into_bytes()
}

fn free_boundary(parts: &[Part]) -> String {
    let mut boundary = BOUNDARY.to_owned();
    let mut number = 1;
    while parts.iter().any(|part| occurs_in(&boundary, &part.content)) {
        number += 1;
        boundary = format!("==kmax-part-{number}==");
    }
    boundary
}

fn occurs_in(boundary: &str, content: &str) -> bool {
    content.lines().any(|line| line.strip_prefix("--").is_some_and(|l| l.starts_with(boundary)))
}

/// Reads a message, or returns nothing where the bytes do not start as one.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<Vec<Part>>, BootstrapError> {
    let lines = lines_of(bytes);
    let starts_as_message = |line: &[u8]| {
        let line = line.to_ascii_lowercase();
        line.starts_with(b"mime-version:")
            || line
                .strip_prefix(b"content-type:")
                .is_some_and(|value| value.trim_ascii_start().starts_with(b"multipart/"))
    };
    let first = lines.iter().position(|line| !line.trimmed.is_empty());
    let Some(first) = first.filter(|&first| starts_as_message(lines[first].trimmed)) else {
        return Ok(None);
    };
    if lines[first].start != 0 {
        return Err(error(
            0,
            "there is an empty line before the MIME headers, so that nodeadm takes the message \
             for something else",
        ));
    }

    let (headers, body) = read_headers(&lines, 0)?;
    let content_type = headers.content_type.unwrap_or_default();
    if !content_type.to_ascii_lowercase().starts_with("multipart/") {
        return Err(error(0, "the MIME message is not of a content type `multipart/`"));
    }
    let boundary = parameter(&content_type, "boundary")
        .filter(|boundary| !boundary.is_empty())
        .ok_or_else(|| error(0, "the MIME message names no boundary"))?;
    read_parts(bytes, &lines, body, &boundary).map(Some)
}

fn read_parts(
    bytes: &[u8],
    lines: &[Line<'_>],
    body: usize,
    boundary: &str,
) -> Result<Vec<Part>, BootstrapError> {
    let open = format!("--{boundary}");
    let close = format!("--{boundary}--");
    let delimiter = |line: &Line<'_>| {
        let text = line.trimmed.trim_ascii_end();
        match text {
            _ if text == close.as_bytes() => Some(Delimiter::Close),
            _ if text == open.as_bytes() => Some(Delimiter::Open),
            _ => None,
        }
    };

    let mut parts = Vec::new();
    let mut part_at: Option<usize> = None;
    for (index, line) in lines.iter().enumerate().skip(body) {
        let Some(delimiter) = delimiter(line) else { continue };
        if let Some(start) = part_at {
            parts.push(read_part(bytes, lines, start, index)?);
        }
        match delimiter {
            Delimiter::Open => part_at = Some(index + 1),
            Delimiter::Close => {
                number_names(&mut parts);
                return Ok(parts);
            }
        }
    }
    Err(error(
        lines.len().saturating_sub(1),
        format!("the closing boundary `{close}` is missing, without which no node joins"),
    ))
}

enum Delimiter {
    Open,
    Close,
}

/// Reads the part whose headers start at one line and whose boundary is another.
fn read_part(
    bytes: &[u8],
    lines: &[Line<'_>],
    start: usize,
    end: usize,
) -> Result<Part, BootstrapError> {
    let (headers, body) = read_headers(lines.get(..end).unwrap_or_default(), start)?;
    let boundary_at = lines.get(end).map_or(bytes.len(), |line| line.start);
    let from = lines.get(body).map_or(boundary_at, |line| line.start);
    let content = bytes.get(from..boundary_at).unwrap_or_default();
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    let content = content.strip_suffix(b"\r").unwrap_or(content);

    let full_type = headers.content_type.unwrap_or_else(|| "text/plain".to_owned());
    let content_type = full_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let file_name = headers
        .content_disposition
        .and_then(|disposition| parameter(&disposition, "filename"))
        .or_else(|| parameter(&full_type, "name"))
        .filter(|name| !name.is_empty());
    let name = file_name.unwrap_or_else(|| name_of(&content_type));

    let is_base64 =
        headers.transfer_encoding.is_some_and(|encoding| encoding.eq_ignore_ascii_case("base64"));
    if !is_base64 {
        return Ok(Part::new(name, content_type, content));
    }
    let packed: Vec<u8> = content.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let decoded = STANDARD
        .decode(packed)
        .map_err(|_| error(body, format!("the content of part `{name}` is not base64")))?;
    Ok(Part::new(name, content_type, &decoded))
}

/// Returns the name of a part by its content type.
pub(crate) fn name_of(content_type: &str) -> String {
    match content_type {
        "application/node.eks.aws" => "node-config".to_owned(),
        "text/cloud-config" => "cloud-config".to_owned(),
        "text/x-shellscript" => "script".to_owned(),
        "text/cloud-boothook" => "boothook".to_owned(),
        other => other.replace('/', "-"),
    }
}

#[derive(Default)]
struct Headers {
    content_type: Option<String>,
    content_disposition: Option<String>,
    transfer_encoding: Option<String>,
}

/// Reads headers up to the empty line that ends them, and returns the line after that.
fn read_headers(lines: &[Line<'_>], start: usize) -> Result<(Headers, usize), BootstrapError> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for (index, line) in lines.iter().enumerate().skip(start) {
        if line.trimmed.is_empty() {
            return Ok((headers_of(fields), index + 1));
        }
        let text = String::from_utf8_lossy(line.trimmed);
        if let (true, Some((_, value))) = (text.starts_with([' ', '\t']), fields.last_mut()) {
            value.push(' ');
            value.push_str(text.trim());
        } else if let Some((name, value)) = text.split_once(':') {
            fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        } else {
            return Err(error(
                index,
                "this is neither a MIME header nor the empty line after them",
            ));
        }
    }
    Err(error(lines.len().saturating_sub(1), "no empty line ends the MIME headers"))
}

fn headers_of(fields: Vec<(String, String)>) -> Headers {
    let mut headers = Headers::default();
    for (name, value) in fields {
        match name.as_str() {
            "content-type" => headers.content_type = Some(value),
            "content-disposition" => headers.content_disposition = Some(value),
            "content-transfer-encoding" => headers.transfer_encoding = Some(value),
            _ => {}
        }
    }
    headers
}

/// Returns a parameter of a header: `boundary` of `multipart/mixed; boundary="x"`.
fn parameter(header: &str, name: &str) -> Option<String> {
    header.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        let value = value.trim();
        let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
        key.trim().eq_ignore_ascii_case(name).then(|| value.to_owned())
    })
}

/// A line of the message: where it starts, and its bytes without the line break.
struct Line<'a> {
    start: usize,
    trimmed: &'a [u8],
}

fn lines_of(bytes: &[u8]) -> Vec<Line<'_>> {
    let mut start = 0;
    bytes
        .split_inclusive(|&b| b == b'\n')
        .map(|line| {
            let trimmed = line.strip_suffix(b"\n").unwrap_or(line);
            let trimmed = trimmed.strip_suffix(b"\r").unwrap_or(trimmed);
            let at = start;
            start += line.len();
            Line { start: at, trimmed }
        })
        .collect()
}

fn error(index: usize, problem: impl Into<String>) -> BootstrapError {
    BootstrapError::Mime { line: index + 1, problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        match read(text.as_bytes()) {
            Ok(Some(parts)) => format!("{} parts", parts.len()),
            Ok(None) => "no message".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn reads_what_other_programs_write() {
        let text = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"//\"\r\n\r\n\
            preamble\r\n--//\r\nContent-Type: application/node.eks.aws\r\n\r\n---\r\nkind: NodeConfig\r\n\
            --//\r\nContent-Type: text/x-shellscript; charset=\"us-ascii\"\r\n\
            Content-Disposition: attachment; filename=\"ops.sh\"\r\n\r\n#!/bin/sh\r\n\r\n--//\r\n\
            content-transfer-encoding: base64\r\n\r\naGVs\r\nbG8=\r\n--//--\r\nepilogue\r\n";
        let parts = read(text.as_bytes()).unwrap().unwrap();
        let seen: Vec<_> = parts
            .iter()
            .map(|p| (p.name.as_str(), p.content_type.as_str(), p.content.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                ("node-config", "application/node.eks.aws", "---\r\nkind: NodeConfig"),
                ("ops.sh", "text/x-shellscript", "#!/bin/sh\r\n"),
                ("text-plain", "text/plain", "hello"),
            ]
        );
    }

    #[test]
    fn says_where_a_message_is_broken() {
        assert_eq!(message("#!/bin/sh\nMIME-Version: 1.0\n"), "no message");
        assert_eq!(
            message("\nMIME-Version: 1.0\n"),
            "line 1 of the user data: there is an empty line before the MIME headers, so that \
             nodeadm takes the message for something else"
        );
        assert_eq!(
            message("MIME-Version: 1.0\n"),
            "line 1 of the user data: no empty line ends the MIME headers"
        );
        assert_eq!(
            message("MIME-Version: 1.0\nnonsense\n\n"),
            "line 2 of the user data: this is neither a MIME header nor the empty line after them"
        );
        assert_eq!(
            message("MIME-Version: 1.0\nContent-Type: text/plain\n\n"),
            "line 1 of the user data: the MIME message is not of a content type `multipart/`"
        );
        assert_eq!(
            message("MIME-Version: 1.0\nContent-Type: multipart/mixed\n\n"),
            "line 1 of the user data: the MIME message names no boundary"
        );
        assert_eq!(
            message("Content-Type: multipart/mixed; boundary=x\n\n--x\n\nhello\n--x\n\nagain\n"),
            "line 8 of the user data: the closing boundary `--x--` is missing, without which no \
             node joins"
        );
        assert_eq!(
            message(
                "Content-Type: multipart/mixed; boundary=x\n\n--x\n\
                 Content-Transfer-Encoding: base64\n\n?\n--x--\n"
            ),
            "line 6 of the user data: the content of part `text-plain` is not base64"
        );
        assert_eq!(message("Content-Type: multipart/mixed; boundary=x\n\n--x--\n"), "0 parts");
    }

    #[test]
    fn the_boundary_gives_way_to_content() {
        let content = format!("a\n--{BOUNDARY}\n--==kmax-part-2==--\nb\n");
        let parts = vec![Part::new("script", "text/x-shellscript", content.as_bytes())];
        let bytes = write(&parts);
        assert!(String::from_utf8_lossy(&bytes).contains("boundary=\"==kmax-part-3==\""));
        assert_eq!(read(&bytes).unwrap().unwrap(), parts);
    }
}
