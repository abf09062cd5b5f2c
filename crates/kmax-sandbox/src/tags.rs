//! The rules of tags.

use std::collections::BTreeMap;

use crate::refusal::Refusal;

/// Tags of one resource, in EC2 and in Auto Scaling.
pub(crate) const MOST_TAGS: usize = 50;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

fn is_reserved(key: &str) -> bool {
    key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"))
}

/// Judges tags as EC2 does.
pub(crate) fn check_ec2_tags(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > LONGEST_KEY {
            return Err(Refusal::parameter(format!(
                "Tag key exceeds the maximum length of {LONGEST_KEY} characters or is empty: '{key}'"
            )));
        }
        if value.chars().count() > LONGEST_VALUE {
            return Err(Refusal::parameter(format!(
                "Tag value exceeds the maximum length of {LONGEST_VALUE} characters (key '{key}')"
            )));
        }
        if is_reserved(key) {
            return Err(Refusal::parameter(format!(
                "Value ( {key} ) for parameter key is invalid. Tag keys starting with 'aws:' are \
                 reserved for internal use"
            )));
        }
    }
    if tags.len() > MOST_TAGS {
        return Err(Refusal::new(
            "TagLimitExceeded",
            format!("More than {MOST_TAGS} tags have been assigned to the resource."),
        ));
    }
    Ok(())
}

/// Judges tags as Auto Scaling does, their number aside.
pub(crate) fn check_group_tags<'a>(
    tags: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<(), Refusal> {
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > LONGEST_KEY {
            return Err(Refusal::validation(format!(
                "1 validation error detected: Value '{key}' at 'tags.member.key' failed to satisfy \
                 constraint: Member must have length between 1 and {LONGEST_KEY}"
            )));
        }
        if value.chars().count() > LONGEST_VALUE {
            return Err(Refusal::validation(format!(
                "1 validation error detected: Value '{value}' at 'tags.member.value' failed to \
                 satisfy constraint: Member must have length less than or equal to {LONGEST_VALUE}"
            )));
        }
        if is_reserved(key) {
            return Err(Refusal::validation(format!(
                "Tag keys starting with 'aws:' are reserved for internal use: '{key}'"
            )));
        }
    }
    Ok(())
}

/// Judges how many tags a group has.
pub(crate) fn check_group_tag_count(group: &str, count: usize) -> Result<(), Refusal> {
    if count > MOST_TAGS {
        return Err(Refusal::new(
            "LimitExceeded",
            format!("Auto Scaling group '{group}' can have at most {MOST_TAGS} tags, got {count}."),
        ));
    }
    Ok(())
}
