//! Refusals and warnings: those of one rule together, each hint once.

use kmax_cloud::{CloudError, Operation};
use kmax_model::Notice;

use crate::views::line::{Line, Tone, wrap};
use crate::views::words::count;

/// So many notices of one rule are shown, unless everything is asked for.
const SHOWN: usize = 5;

/// Notices of one rule and one hint.
pub(crate) struct Group<'a> {
    /// The rule's code.
    pub(crate) rule: &'a str,
    /// What to do next.
    pub(crate) hint: Option<&'a str>,
    /// What is wrong, each with what it is about.
    pub(crate) messages: Vec<String>,
}

/// Puts notices of one rule and one hint together, in the order in which they come first.
pub(crate) fn grouped(notices: &[Notice]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for notice in notices {
        let (rule, hint) = (notice.rule.as_str(), notice.hint.as_deref());
        let message = message(notice);
        match groups.iter_mut().find(|group| group.rule == rule && group.hint == hint) {
            Some(group) => group.messages.push(message),
            None => groups.push(Group { rule, hint, messages: vec![message] }),
        }
    }
    groups
}

/// Returns a notice's message, with what it is about unless the message says it.
fn message(notice: &Notice) -> String {
    match &notice.address {
        Some(address) if !mentions(&notice.message, address) => {
            format!("{address}: {}", notice.message)
        }
        Some(_) | None => notice.message.clone(),
    }
}

/// Returns whether a message names what it is about: whole, or an object by its name.
fn mentions(message: &str, address: &str) -> bool {
    let name = address
        .strip_prefix("launch_template.")
        .or_else(|| address.strip_prefix("auto_scaling_group."))
        .unwrap_or(address);
    message.contains(name)
}

/// Returns notices as text.
pub(crate) fn lines(word: &str, notices: &[Notice], is_whole: bool, width: usize) -> Vec<Line> {
    let tone = if word == "Warning" { Tone::Caution } else { Tone::Bad };
    let mut lines = Vec::new();
    for Group { rule, hint, messages } in grouped(notices) {
        let head = Line::new().with(tone, word).with(Tone::Dim, format!(" [{rule}]"));
        match messages.as_slice() {
            [one] => lines.extend(hanging(head, &format!(": {one}"), width)),
            many => {
                lines.push(head.with(Tone::Plain, format!(" {}:", count(many.len(), "time"))));
                let shown = if is_whole || many.len() == SHOWN + 1 { many.len() } else { SHOWN };
                for message in many.iter().take(shown) {
                    lines.extend(hanging(Line::plain("  "), message, width));
                }
                if many.len() > shown {
                    let text = format!("  and {} more; -v shows them", many.len() - shown);
                    lines.push(Line::new().with(Tone::Dim, text));
                }
            }
        }
        if let Some(hint) = hint {
            let head = Line::new().with(Tone::Note, "  hint");
            lines.extend(hanging(head, &format!(": {hint}"), width));
        }
    }
    lines
}

/// A source that could not be read, and what was answered.
pub(crate) type Failed<'a> = (&'a str, &'a str);

/// Puts sources together that failed alike, each with what to do next.
pub(crate) fn unread<'a>(
    failures: impl IntoIterator<Item = Failed<'a>>,
) -> Vec<(Vec<&'a str>, &'a str, Option<String>)> {
    let mut groups: Vec<(Vec<&str>, &str, Option<String>)> = Vec::new();
    for (source, error) in failures {
        match groups.iter_mut().find(|(_, known, _)| *known == error) {
            Some((sources, _, hint)) => {
                sources.push(source);
                // What is missing is said of all of them, not of the first alone.
                if hint.as_deref().is_some_and(|hint| hint.contains(sources.first().unwrap_or(&"")))
                {
                    *hint =
                        Some("allow these for the credentials in use, then run it again".into());
                }
            }
            None => groups.push((vec![source], error, unread_hint(source, error))),
        }
    }
    groups
}

fn unread_hint(source: &str, error: &str) -> Option<String> {
    let operation =
        Operation::ALL.iter().copied().find(|operation| operation.action() == source)?;
    let (code, message) = error.split_once(": ").unwrap_or((error, ""));
    // Only the status of an answer that kmax does not know decides more, and none is known here.
    CloudError::new(operation, code, message, Some(400)).hint()
}

/// Returns what could not be read, as text.
pub(crate) fn unread_lines<'a>(
    failures: impl IntoIterator<Item = Failed<'a>>,
    width: usize,
) -> Vec<Line> {
    let mut lines = Vec::new();
    for (sources, error, hint) in unread(failures) {
        let head = Line::new().with(Tone::Bad, "Not read");
        lines.extend(hanging(head, &format!(": {}: {error}", sources.join(", ")), width));
        if let Some(hint) = hint {
            let head = Line::new().with(Tone::Note, "  hint");
            lines.extend(hanging(head, &format!(": {hint}"), width));
        }
    }
    lines
}

/// Returns what could not be read, as items of a markdown list.
pub(crate) fn unread_items<'a>(failures: impl IntoIterator<Item = Failed<'a>>) -> String {
    let item = |(sources, error, hint): (Vec<&str>, &str, Option<String>)| {
        let sources: Vec<String> = sources.iter().map(|source| format!("`{source}`")).collect();
        let hint = hint.map(|hint| format!(" *{hint}*")).unwrap_or_default();
        format!("- {}: {error}.{hint}", sources.join(", "))
    };
    unread(failures).into_iter().map(item).collect::<Vec<_>>().join("\n")
}

/// Returns a line that goes on, indented, where it is too long.
pub(crate) fn hanging(head: Line, text: &str, width: usize) -> Vec<Line> {
    let first = width.saturating_sub(head.len());
    let mut words = wrap(text, first).into_iter();
    let mut lines = vec![head.with(Tone::Plain, words.next().unwrap_or_default())];
    let rest: Vec<String> = words.collect();
    if !rest.is_empty() {
        let rest = wrap(&rest.join(" "), width.saturating_sub(4));
        lines.extend(rest.into_iter().map(|line| Line::plain(format!("    {line}"))));
    }
    lines
}

/// Returns "1 change is" or "2 changes are".
pub(crate) fn are(number: usize, what: &str) -> String {
    format!("{} {}", count(number, what), if number == 1 { "is" } else { "are" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(address: &str, rule: &str) -> Notice {
        Notice {
            address: Some(address.to_owned()),
            rule: rule.to_owned(),
            message: "it has no entry".to_owned(),
            hint: Some("run `kmax lock`".to_owned()),
        }
    }

    #[test]
    fn notices_of_one_rule_stand_together() {
        let notices: Vec<Notice> =
            (0..8).map(|n| notice(&format!("dsp/{n}"), "not-locked")).collect();
        let texts: Vec<String> =
            lines("Refused", &notices, false, 100).iter().map(Line::text).collect();
        assert_eq!(texts.len(), 8);
        assert_eq!(texts[0], "Refused [not-locked] 8 times:");
        assert_eq!(texts[1], "  dsp/0: it has no entry");
        assert_eq!(texts[6], "  and 3 more; -v shows them");
        assert_eq!(texts[7], "  hint: run `kmax lock`");
        assert_eq!(lines("Refused", &notices, true, 100).len(), 10);
        let one = lines("Warning", &notices[..1], false, 100);
        assert_eq!(one[0].text(), "Warning [not-locked]: dsp/0: it has no entry");
    }
}
