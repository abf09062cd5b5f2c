//! The changes of one pool as text: a headline that says what they do to nodes, and the fields of
//! each object.

use kmax_model::{Action, ChangeDocument, FieldChange, Impact, Kind, PoolId, Reason};
use serde_json::Value;

use crate::views::line::{Line, Tone};
use crate::views::naming::{self, FieldName};
use crate::views::plan::Diffs;
use crate::views::value::{Known, Missing};
use crate::views::words::{self, count};

/// Labels longer than this do not push the others to the right.
const WIDEST_LABEL: usize = 40;
/// Where the fields begin.
const INDENT: usize = 6;
/// Where headlines begin.
const HEADLINE: usize = 40;
/// So many lines of a user data's difference are shown, unless everything is asked for.
const DIFF_LINES: usize = 40;

/// How blocks are drawn.
pub(crate) struct Shape<'a> {
    /// What values are known by.
    pub(crate) known: Known,
    /// What differs in user data.
    pub(crate) diffs: Option<&'a Diffs>,
    /// Whether everything is shown.
    pub(crate) is_whole: bool,
    /// The width of the text.
    pub(crate) width: usize,
    /// Whether lines of user data that are longer go on in the next one.
    pub(crate) wraps_user_data: bool,
}

/// What happens to a pool, in words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headline {
    /// Why.
    why: &'static str,
    /// What that does to nodes.
    impact: Impact,
    /// New nodes get another template.
    is_new_version: bool,
}

/// The changes of one pool.
pub(crate) struct PoolBlock<'a> {
    /// The pool.
    pub(crate) pool: &'a PoolId,
    /// What happens to it, in words.
    pub(crate) headline: Headline,
    /// What happens to its objects.
    pub(crate) changes: Vec<&'a ChangeDocument>,
}

/// One field as it is shown.
struct Row {
    rank: u8,
    label: String,
    /// The left side of the arrow; empty where there is no arrow.
    before: String,
    after: String,
    reason: &'static str,
    is_drift: bool,
}

impl Headline {
    fn of(changes: &[&ChangeDocument]) -> Self {
        let all = |action: Action| changes.iter().all(|change| change.action == action);
        let any = |reason: Reason| changes.iter().any(|change| change.reason == reason);
        let impact = changes.iter().fold(Impact::default(), |sum, change| sum + change.impact);
        let recreated =
            changes.iter().any(|c| c.action == Action::Create && c.reason == Reason::Drift);
        let why = if all(Action::Delete) {
            "removed from the config"
        } else if recreated {
            "deleted by hand"
        } else if all(Action::Create) {
            "new pool"
        } else if changes.iter().any(|change| change.action == Action::Adopt) {
            "taken over"
        } else if any(Reason::ConfigAndDrift) || (any(Reason::Drift) && any(Reason::Config)) {
            "changed by hand and in the config"
        } else if any(Reason::Drift) {
            "changed by hand"
        } else {
            ""
        };
        let makes_version = |change: &&&ChangeDocument| {
            change.action != Action::Create
                && change.fields.iter().any(|field| field.path == "version")
        };
        Self { why, impact, is_new_version: changes.iter().any(|change| makes_version(&change)) }
    }

    /// Puts what happens to two pools alike together.
    #[must_use]
    pub(crate) fn and(self, other: &Self) -> Self {
        Self {
            why: other.why,
            impact: self.impact + other.impact,
            is_new_version: self.is_new_version || other.is_new_version,
        }
    }

    /// Returns what happens to nodes, in words; empty is nothing.
    pub(crate) fn impact_words(&self) -> String {
        let Impact { launches, replaces, terminates, stays_old } = self.impact;
        let mut words = Vec::new();
        for (number, word) in
            [(terminates, "terminates"), (replaces, "replaces"), (launches, "launches")]
        {
            if number > 0 {
                words.push(format!("{word} {}", count(number as usize, "node")));
            }
        }
        if stays_old > 0 {
            let keep = if stays_old == 1 { "keeps its version" } else { "keep their version" };
            let nodes = count(stays_old as usize, "running node");
            words.push(format!("new nodes only: {nodes} {keep}"));
        } else if self.is_new_version {
            words.push("new nodes only".to_owned());
        }
        words.join("; ")
    }

    /// Returns the whole headline.
    pub(crate) fn words(&self) -> String {
        let impact = self.impact_words();
        match (self.why, impact.as_str()) {
            ("", "") => "no effect on running nodes".to_owned(),
            ("", impact) => impact.to_owned(),
            (why @ "new pool", "") => format!("{why}: no nodes yet"),
            (why @ "removed from the config", "") => format!("{why}: no nodes run"),
            (why, "") => why.to_owned(),
            (why, impact) if impact.contains(':') => format!("{why}; {impact}"),
            (why, impact) => format!("{why}: {impact}"),
        }
    }

    fn tone(&self) -> Tone {
        if self.impact.terminates + self.impact.replaces > 0 {
            Tone::Bad
        } else if self.why.contains("by hand") {
            Tone::Caution
        } else {
            Tone::Plain
        }
    }
}

impl<'a> PoolBlock<'a> {
    /// Makes the block of a pool; what is deleted is so from the group on.
    pub(crate) fn new(pool: &'a PoolId, mut changes: Vec<&'a ChangeDocument>) -> Self {
        changes.sort_by_key(|change| {
            let is_template = change.address.kind == Kind::LaunchTemplate;
            let comes_second =
                if change.action == Action::Delete { is_template } else { !is_template };
            (comes_second, &change.address)
        });
        Self { pool, headline: Headline::of(&changes), changes }
    }

    /// Returns the block as text.
    pub(crate) fn lines(&self, shape: &Shape<'_>) -> Vec<Line> {
        let name = Line::plain("  ").with(Tone::Name, self.pool.to_string());
        let (tone, words) = (self.headline.tone(), self.headline.words());
        let column = HEADLINE.max(name.len() + 2);
        let mut lines = if column + words.chars().count() <= shape.width {
            vec![name.pad_to(column).with(tone, words)]
        } else {
            let mut lines = vec![name];
            lines.extend(Line::plain("    ").with(tone, words).fold(shape.width, 4));
            lines
        };
        for change in &self.changes {
            lines.extend(object_lines(change, shape));
        }
        lines
    }

    /// Returns what two pools have in common whose changes are alike.
    pub(crate) fn signature(&self, shape: &Shape<'_>) -> String {
        let mut text = format!("{}|{}\n", self.headline.why, self.headline.is_new_version);
        for change in &self.changes {
            let name = &change.address.name;
            text.push_str(&format!("{:?} {:?}\n", change.action, change.address.kind));
            for Row { label, before, after, reason, .. } in rows(change, shape) {
                if label != "template version" {
                    let row = format!("{label} {before} {after} {reason}\n");
                    text.push_str(&row.replace(name.as_str(), "*"));
                }
            }
            let diff = shape.diffs.and_then(|diffs| diffs.get(&change.address));
            for line in diff.into_iter().flatten() {
                if line.starts_with(['+', '-']) {
                    text.push_str(&line.replace(name.as_str(), "*"));
                    text.push('\n');
                }
            }
        }
        text
    }
}

/// Returns one object's change as text.
fn object_lines(change: &ChangeDocument, shape: &Shape<'_>) -> Vec<Line> {
    let tone = match change.action {
        Action::Create => Tone::Good,
        Action::Update | Action::Adopt => Tone::Caution,
        Action::Delete => Tone::Bad,
    };
    let mut head = Line::plain("  ")
        .with(tone, words::sign(change.action))
        .with(Tone::Plain, format!(" {}", change.address));
    if let Some(note) = note(change, shape) {
        head = head.with(Tone::Dim, format!("   {note}"));
    }
    let mut lines = head.fold(shape.width, INDENT);
    if change.action == Action::Delete {
        return lines;
    }
    let rows = rows(change, shape);
    let diff = shape.diffs.and_then(|diffs| diffs.get(&change.address));
    let last_part = rows.iter().rposition(|row| row.label.starts_with("user data "));
    for (position, row) in row_lines(&rows, shape.width).into_iter().enumerate() {
        lines.extend(row);
        if let Some(diff) = diff.filter(|_| last_part == Some(position)) {
            lines.extend(diff_lines(diff, shape));
        }
    }
    lines
}

/// Returns what stands beside an object's address.
fn note(change: &ChangeDocument, shape: &Shape<'_>) -> Option<String> {
    if change.action == Action::Adopt {
        return Some("taken over from a person".to_owned());
    }
    let version = change.fields.iter().find(|field| field.path == "version")?;
    let after = shape.known.show(&version.after, "", Missing::After);
    Some(match &version.before {
        Value::Null => format!("version {after}"),
        before => format!("version {} -> {after}", shape.known.show(before, "", Missing::Before)),
    })
}

/// Returns the fields of a change as they are shown.
fn rows(change: &ChangeDocument, shape: &Shape<'_>) -> Vec<Row> {
    let is_create = change.action == Action::Create;
    let mut rows: Vec<Row> = Vec::new();
    let mut node_tags: Vec<(&str, Vec<&FieldChange>)> = Vec::new();
    for field in &change.fields {
        if field.path == "version" {
            continue;
        }
        if is_create && !shape.is_whole && !is_essential(&field.path) {
            continue;
        }
        if let Some((_, key)) = naming::node_tag(&field.path) {
            match node_tags.iter_mut().find(|(known, _)| *known == key) {
                Some((_, fields)) => fields.push(field),
                None => node_tags.push((key, vec![field])),
            }
            continue;
        }
        rows.push(row(field, None, change.action, shape));
    }
    for (key, fields) in node_tags {
        let Some(first) = fields.first() else { continue };
        let same = |field: &&FieldChange| {
            (&field.before, &field.after, field.reason)
                == (&first.before, &first.after, first.reason)
        };
        // Instances, volumes and interfaces carry the same tags: they are one line.
        if fields.len() == 3 && fields.iter().all(same) {
            rows.push(row(first, Some(format!("node tag {key}")), change.action, shape));
        } else {
            rows.extend(fields.into_iter().map(|field| row(field, None, change.action, shape)));
        }
    }
    rows.sort_by(|a, b| (a.rank, &a.label).cmp(&(b.rank, &b.label)));
    if is_create && !shape.is_whole { joined(rows) } else { rows }
}

/// Returns whether a field of a new object is shown without being asked for.
fn is_essential(path: &str) -> bool {
    const FIELDS: [&str; 7] = [
        "image_id",
        "security_group_ids",
        "min_size",
        "max_size",
        "instance_types",
        "subnets",
        "distribution.on_demand_percentage",
    ];
    FIELDS.contains(&path)
        || (path.starts_with("block_devices.")
            && (path.ends_with(".size_gib") || path.ends_with(".volume_type")))
}

/// Puts what belongs together in one line: a volume's size and type, a group's size and how it
/// buys its nodes.
fn joined(rows: Vec<Row>) -> Vec<Row> {
    let value = |label: &str| rows.iter().find(|row| row.label == label).map(|row| &row.after);
    let nodes = match (value("min"), value("max")) {
        (Some(min), Some(max)) => Some(match value("on-demand share").map(String::as_str) {
            Some("0 %") => format!("{min} to {max}, spot"),
            Some("100 %") => format!("{min} to {max}, on demand"),
            Some(share) => format!("{min} to {max}, {share} on demand"),
            None => format!("{min} to {max}"),
        }),
        (_, _) => None,
    };
    let mut joined: Vec<Row> = Vec::new();
    for mut row in rows {
        match (&nodes, row.label.as_str()) {
            (Some(nodes), "min") => {
                "nodes".clone_into(&mut row.label);
                row.after.clone_from(nodes);
            }
            (Some(_), "max" | "on-demand share") => continue,
            (_, _) => {}
        }
        if let Some(rest) = row.label.strip_prefix("volume ") {
            let device = rest.rsplit_once(' ').map_or(rest, |(device, _)| device);
            row.label = format!("volume {device}");
        }
        match joined.iter_mut().find(|known| known.label == row.label) {
            Some(known) => known.after = format!("{} {}", known.after, row.after),
            None => joined.push(row),
        }
    }
    joined
}

fn row(field: &FieldChange, label: Option<String>, action: Action, shape: &Shape<'_>) -> Row {
    let (is_create, is_adopted) = (action == Action::Create, action == Action::Adopt);
    let FieldName { rank, label: own, unit } = naming::field(&field.path);
    let label = label.unwrap_or(own);
    let (before, mut after) = if is_create {
        (String::new(), shape.known.show(&field.after, unit, Missing::After))
    } else if label == "record of last apply" {
        (String::new(), "written anew".to_owned())
    } else if field.path.starts_with("user_data.") {
        (String::new(), part_change(field).to_owned())
    } else {
        shape.known.change(&field.before, &field.after, unit)
    };
    if let Some(base) = &field.base {
        let base = shape.known.show(base, unit, Missing::Before);
        after.push_str(&format!(" ({base} was applied)"));
    }
    // Of what a person made nothing is known, and the object says so.
    let reason = if is_adopted { "" } else { words::reason(field.reason) };
    Row { rank, label, before, after, reason, is_drift: field.reason.is_drift() }
}

/// Returns what became of a part of user data, whose values are hashes.
fn part_change(field: &FieldChange) -> &'static str {
    match (&field.before, &field.after) {
        (Value::Null, _) => "added",
        (_, Value::Null) => "removed",
        (_, _) => "changed",
    }
}

/// Lays out the fields of one object in columns; a field that is too long takes several lines, the
/// last of them for its reason.
fn row_lines(rows: &[Row], width: usize) -> Vec<Vec<Line>> {
    let length = |text: &str| text.chars().count();
    let labels = rows.iter().map(|row| length(&row.label)).filter(|l| *l <= WIDEST_LABEL).max();
    let values = INDENT + labels.unwrap_or(0) + 2;
    let ends = rows.iter().map(|row| {
        let start = values.max(INDENT + length(&row.label) + 2);
        let before = if row.before.is_empty() { 0 } else { length(&row.before) + 4 };
        start + before + length(&row.after)
    });
    let widest_reason = rows.iter().map(|row| length(row.reason)).max().unwrap_or(0);
    let furthest = width.saturating_sub(widest_reason + 3);
    let reasons = ends.filter(|end| *end <= furthest).max().unwrap_or(values) + 3;
    let mut lines = Vec::new();
    for row in rows {
        let label = Line::plain(" ".repeat(INDENT)).with(Tone::Plain, row.label.clone());
        let column = values.max(label.len() + 2);
        let label = label.pad_to(column);
        let reason = |mut folded: Vec<Line>| {
            if row.reason.is_empty() {
                return folded;
            }
            let tone = if row.is_drift { Tone::Caution } else { Tone::Dim };
            let last = folded.pop().unwrap_or_default();
            let place = reasons.max(last.len() + 2);
            if folded.is_empty() && place + length(row.reason) <= width {
                folded.push(last.pad_to(place).with(tone, row.reason));
            } else {
                let text = format!("({})", row.reason);
                let own = Line::new().pad_to(column.min(width / 2)).with(tone, text);
                folded.extend([last, own]);
            }
            folded
        };
        let one = if row.before.is_empty() {
            label.clone().with(Tone::Plain, row.after.clone())
        } else {
            label
                .clone()
                .with(Tone::Dim, row.before.clone())
                .with(Tone::Plain, format!(" -> {}", row.after))
        };
        if one.len() <= width || row.before.is_empty() {
            lines.push(reason(one.fold(width, column)));
        } else {
            let mut all = label.with(Tone::Dim, row.before.clone()).fold(width, column);
            let second = Line::new().pad_to(column).with(Tone::Plain, format!("-> {}", row.after));
            all.extend(reason(second.fold(width, column + 3)));
            lines.push(all);
        }
    }
    lines
}

/// Returns what differs in user data; what only surrounds it is cut to the width.
fn diff_lines(diff: &[String], shape: &Shape<'_>) -> Vec<Line> {
    let shown = if shape.is_whole { diff.len() } else { DIFF_LINES };
    let parts = diff.iter().filter(|line| line.starts_with("+++ ")).count();
    let indent = INDENT + 2;
    let mut lines = Vec::new();
    for line in diff.iter().take(shown) {
        // The names of the parts stand among the fields: said again they part the parts.
        if line.starts_with("--- ") {
            continue;
        }
        if let Some(name) = line.strip_prefix("+++ ") {
            if parts > 1 {
                let name = format!("{}:", name.trim_end());
                lines.push(Line::plain(" ".repeat(INDENT)).with(Tone::Name, name));
            }
            continue;
        }
        let (tone, text) = match line.chars().next() {
            Some('+') => (Tone::Good, line.clone()),
            Some('-') => (Tone::Bad, line.clone()),
            Some(_) | None => (Tone::Dim, cut(line, shape.width.saturating_sub(indent))),
        };
        let room = shape.width.saturating_sub(indent + 4);
        let is_breakable = text.split(' ').all(|word| word.chars().count() <= room);
        let line = Line::plain(" ".repeat(indent)).with(tone, text);
        if shape.wraps_user_data && is_breakable {
            lines.extend(line.fold(shape.width, indent + 4));
        } else {
            lines.push(line);
        }
    }
    if diff.len() > shown {
        let text = format!("and {} more lines; -v shows them", diff.len() - shown);
        lines.push(Line::plain(" ".repeat(indent)).with(Tone::Dim, text));
    }
    lines
}

fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let mut text: String = line.chars().take(width.saturating_sub(1)).collect();
    text.push('…');
    text
}
