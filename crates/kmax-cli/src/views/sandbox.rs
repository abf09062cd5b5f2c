//! The embedded AWS at a glance.

use std::time::{Duration, UNIX_EPOCH};

use kmax_sandbox::{GroupSummary, Summary, TemplateSummary};
use serde::Serialize;

use crate::views::line::{Line, Tone};
use crate::views::words::count;

/// The version of the JSON.
const FORMAT_VERSION: &str = "1.0";
/// So many of the latest entries of the log are shown, unless everything is asked for.
const LATEST: usize = 10;

/// What `kmax sandbox show --json` prints.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    format_version: &'static str,
    #[serde(flatten)]
    summary: &'a Summary,
}

impl<'a> Document<'a> {
    /// Makes the document.
    pub(crate) fn new(summary: &'a Summary) -> Self {
        Self { format_version: FORMAT_VERSION, summary }
    }
}

fn time(seconds: u64) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

/// Returns the account as text.
pub(crate) fn text(summary: &Summary, is_whole: bool) -> Vec<Line> {
    let Summary {
        account,
        region,
        clusters,
        now,
        ami_release,
        delay,
        templates,
        groups,
        faults,
        audit,
    } = summary;
    let mut lines = vec![
        Line::new()
            .with(Tone::Name, "sandbox")
            .with(Tone::Plain, format!(" · {account} · {region}"))
            .pad_to(50)
            .with(Tone::Dim, format!("it is {} there", time(*now))),
        Line::plain(format!("EKS cluster{}", if clusters.len() == 1 { "" } else { "s" }))
            .with(Tone::Plain, format!(" {}", clusters.join(", "))),
        Line::plain(format!("AMIs of {}", ami_release.unwrap_or("no release"))),
    ];
    if *delay > 0 {
        lines.push(Line::plain(format!("What is new is missed by the next {delay} reads")));
    }
    lines.push(Line::new());
    lines.push(Line::new().with(Tone::Name, count(templates.len(), "launch template")));
    let widest = templates.iter().map(|t| t.name.len()).chain(groups.iter().map(|g| g.name.len()));
    let column = widest.max().unwrap_or(0) + 5;
    for TemplateSummary { name, id, default_version, latest_version, versions } in templates {
        let words = format!("default {default_version}, latest {latest_version}");
        lines.push(
            Line::plain(format!("  {name}"))
                .pad_to(column)
                .with(Tone::Plain, format!("{words}, {}", count(*versions, "version")))
                .with(Tone::Dim, format!("   {id}")),
        );
    }
    lines.push(Line::new().with(Tone::Name, count(groups.len(), "Auto Scaling group")));
    for group in groups {
        lines.extend(group_lines(group, column, is_whole));
    }
    if !faults.is_empty() {
        lines.push(
            Line::new().with(Tone::Name, format!("{} to come", count(faults.len(), "fault"))),
        );
        lines.extend(faults.iter().map(|fault| Line::plain(format!("  {fault}"))));
    }
    if !audit.is_empty() {
        let shown = if is_whole { audit.len() } else { LATEST };
        let title = if audit.len() > shown {
            format!("The last {shown} of {}", count(audit.len(), "event"))
        } else {
            count(audit.len(), "event")
        };
        lines.push(Line::new().with(Tone::Name, title));
        for entry in audit.iter().skip(audit.len().saturating_sub(shown)) {
            lines.push(
                Line::new()
                    .with(Tone::Dim, format!("  {}  ", time(entry.at)))
                    .with(Tone::Plain, format!("{} ({})", entry.event, entry.cause)),
            );
        }
    }
    lines
}

fn group_lines(group: &GroupSummary, column: usize, is_whole: bool) -> Vec<Line> {
    let GroupSummary {
        name,
        status,
        min_size,
        max_size,
        desired_capacity,
        template,
        instances,
        tags,
        suspended_processes,
    } = group;
    let template = template.as_deref().unwrap_or("no template");
    let mut words = format!(
        "{min_size}..{max_size}, desired {desired_capacity}, runs {}, from {template}",
        instances.len()
    );
    if let Some(status) = status {
        words.push_str(&format!(", {status}"));
    }
    let mut lines = vec![Line::plain(format!("  {name}")).pad_to(column).with(Tone::Plain, words)];
    if is_whole {
        lines.push(Line::plain(format!(
            "    {}, suspended: {}",
            count(*tags, "tag"),
            if suspended_processes.is_empty() {
                "none".to_owned()
            } else {
                suspended_processes.join(", ")
            }
        )));
        lines.extend(instances.iter().map(|i| Line::new().with(Tone::Dim, format!("    {i}"))));
    }
    lines
}
