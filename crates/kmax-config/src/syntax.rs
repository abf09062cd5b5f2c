//! Syntax of names, ids and words, and suggestions for those that are near to one.

/// Whether the text is ASCII letters, digits, `-` and `_` with a letter or digit at both ends.
pub(crate) fn is_name(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    ends(text.chars().next())
        && ends(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// Whether the text is an AWS id: the prefix, and 8 or 17 digits in lower hexadecimal.
pub(crate) fn is_aws_id(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        (rest.len() == 8 || rest.len() == 17)
            && rest.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
    })
}

/// Whether the text looks like a region: `us-east-1`, `us-gov-west-1`.
pub(crate) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let Some((number, words)) = parts.split_last() else { return false };
    (2..=4).contains(&words.len())
        && words.iter().all(|word| word.len() >= 2 && word.chars().all(|c| c.is_ascii_lowercase()))
        && !number.is_empty()
        && number.len() <= 2
        && number.chars().all(|c| c.is_ascii_digit())
}

/// Whether the text is numbers joined by dots, as many as wanted, without leading zeros.
pub(crate) fn is_version(text: &str, parts: usize) -> bool {
    let all: Vec<&str> = text.split('.').collect();
    all.len() == parts
        && all.iter().all(|part| {
            !part.is_empty()
                && part.len() <= 5
                && part.chars().all(|c| c.is_ascii_digit())
                && (part.len() == 1 || !part.starts_with('0'))
        })
}

/// What is wrong with a label value (or the name part of a label key), if something is.
pub(crate) fn label_value_flaw(text: &str) -> Option<String> {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.chars().count() > crate::limits::LABEL_VALUE {
        return Some(format!(
            "is {} characters long, {} are allowed",
            text.chars().count(),
            crate::limits::LABEL_VALUE
        ));
    }
    if let Some(bad) = text.chars().find(|c| !inner(*c)) {
        return Some(format!("holds {}", quoted(bad)));
    }
    let ends = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    if !ends(text.chars().next()) || !ends(text.chars().next_back()) {
        return Some("does not start and end with a letter or digit".to_owned());
    }
    None
}

/// What is wrong with the key of a label or a taint, if something is.
pub(crate) fn label_key_flaw(key: &str) -> Option<String> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if key.is_empty() {
        return Some("is empty".to_owned());
    }
    if name.is_empty() {
        return Some("has no name".to_owned());
    }
    if name.contains('/') {
        return Some("has more than one `/`".to_owned());
    }
    if let Some(flaw) = label_value_flaw(name) {
        return Some(flaw);
    }
    prefix
        .filter(|prefix| !is_dns_subdomain(prefix))
        .map(|prefix| format!("has the prefix `{prefix}`, which is not a DNS name in lower case"))
}

/// Whether the text is a DNS subdomain as Kubernetes takes it.
fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|part| {
            let ends =
                |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
            ends(part.chars().next())
                && ends(part.chars().next_back())
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        })
}

/// Whether the text is a quantity of Kubernetes: `90m`, `893Mi`, `1.5`.
pub(crate) fn is_quantity(text: &str) -> bool {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let dots = number.chars().filter(|c| *c == '.').count();
    let units = ["", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    digits > 0 && dots <= 1 && units.contains(&unit)
}

/// Whether the text is a share: `10%`.
pub(crate) fn is_percentage(text: &str) -> bool {
    text.strip_suffix('%')
        .and_then(|number| number.parse::<f64>().ok())
        .is_some_and(|number| (0.0..=100.0).contains(&number))
}

/// Whether the text is an IPv4 or IPv6 range.
pub(crate) fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    if bits.is_empty() || bits.len() > 3 || !bits.chars().all(|c| c.is_ascii_digit()) {
        return false;
    }
    match (address.parse::<std::net::IpAddr>(), bits.parse::<u8>()) {
        (Ok(std::net::IpAddr::V4(_)), Ok(bits)) => bits <= 32,
        (Ok(std::net::IpAddr::V6(_)), Ok(bits)) => bits <= 128,
        (_, _) => false,
    }
}

/// A character for a message.
pub(crate) fn quoted(c: char) -> String {
    if c == ' ' {
        "a space".to_owned()
    } else if c.is_control() {
        format!("a control character (U+{:04X})", u32::from(c))
    } else {
        format!("`{c}`")
    }
}

/// From which likeness on two short words are near: `maks` and `max` are, `min` and `max` are not.
const LIKENESS: f64 = 0.77;

/// The candidate that the text was probably meant to be.
pub(crate) fn nearest<'c>(
    text: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', '.', ' '], "");
    let wanted = plain(text);
    let length = wanted.chars().count();
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = plain(candidate);
            let distance = strsim::damerau_levenshtein(&wanted, &other);
            let longer = length.max(other.chars().count());
            let near = distance <= longer / 3 || strsim::jaro_winkler(&wanted, &other) >= LIKENESS;
            // `security_group` for `security_groups`, `memory` for `memory_gib`.
            let part = length >= 4
                && (other.starts_with(&wanted) || wanted.starts_with(&other))
                && other.chars().count() >= 3;
            (near || part).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// The hint that suggests a candidate.
pub(crate) fn did_you_mean<'c>(
    text: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    nearest(text, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// Words in backticks, joined by commas and a last `or`.
pub(crate) fn one_of<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    join_or(&words)
}

/// Phrases joined by commas and a last `or`.
pub(crate) fn join_or(phrases: &[String]) -> String {
    match phrases {
        [] => String::new(),
        [only] => only.clone(),
        [init @ .., last] => format!("{} or {last}", init.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_ids_and_names() {
        assert!(is_aws_id("vpc-", "vpc-0a1b2c3d4e5f60718") && is_aws_id("ami-", "ami-1a2b3c4d"));
        assert!(!is_aws_id("vpc-", "vpc-0A1b2c3d4e5f60718") && !is_aws_id("vpc-", "vpc-1"));
        assert!(
            is_region("us-east-1") && is_region("us-gov-west-1") && is_region("ap-southeast-4")
        );
        assert!(!is_region("us-east-1a") && !is_region("useast1") && !is_region(""));
        assert!(is_version("1.34", 2) && is_version("0.8.0", 3));
        assert!(!is_version("1.034", 2) && !is_version("1.34.1", 2) && !is_version("v1.34", 2));
        assert!(is_name("3s") && is_name("8c64g-base") && !is_name("-a") && !is_name("a.b"));
        assert!(
            is_cidr("10.0.0.0/8")
                && is_cidr("::/0")
                && !is_cidr("10.0.0.0")
                && !is_cidr("10.0.0.0/33")
        );
        assert!(is_quantity("90m") && is_quantity("1.5") && is_quantity("893Mi"));
        assert!(
            !is_quantity("") && !is_quantity("90 m") && !is_quantity("-1") && !is_quantity("1mb")
        );
        assert!(is_percentage("10%") && !is_percentage("110%") && !is_percentage("10"));
    }

    #[test]
    fn finds_flaws_in_labels() {
        assert_eq!(label_value_flaw(""), None);
        assert_eq!(label_value_flaw("a b"), Some("holds a space".into()));
        assert_eq!(label_key_flaw("example.com/team"), None);
        assert_eq!(label_key_flaw("a/b/c"), Some("has more than one `/`".into()));
        assert_eq!(label_key_flaw("example.com/"), Some("has no name".into()));
        assert!(
            label_key_flaw("Example.com/x").is_some() && label_key_flaw(&"x".repeat(64)).is_some()
        );
    }

    #[test]
    fn suggests_what_is_near() {
        assert_eq!(nearest("maks", ["max", "min"]), Some("max"));
        assert_eq!(nearest("max-pods", ["max_pods", "max"]), Some("max_pods"));
        assert_eq!(
            nearest("security_group", ["security_groups", "subnets"]),
            Some("security_groups")
        );
        assert_eq!(nearest("zebra", ["max", "min"]), None);
    }
}
