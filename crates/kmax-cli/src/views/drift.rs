//! Drift as text, JSON and markdown, each field with its three values: what lives, what was last
//! applied, what the config says.

use std::collections::BTreeMap;

use kmax_model::{Address, ClusterDocument, FieldChange, Notice, PoolId, Reason, UnreadDocument};
use kmax_planner::{DriftItem, DriftReport, Finding};
use serde::Serialize;
use serde_json::Value;

use crate::views::line::{Line, Tone};
use crate::views::markdown::Markdown;
use crate::views::naming;
use crate::views::notices;
use crate::views::plan::{header, read_words};
use crate::views::plan_markdown::notices_block;
use crate::views::value::{Known, Missing};
use crate::views::words::count;

/// The version of the JSON.
const FORMAT_VERSION: &str = "1.0";
/// Where the fields begin.
const INDENT: usize = 6;

/// Drift and how it is shown.
pub(crate) struct DriftView<'a> {
    /// What was found.
    pub(crate) report: &'a DriftReport,
    /// Releases of images, by id.
    pub(crate) images: BTreeMap<String, String>,
    /// How many calls were made.
    pub(crate) calls: u32,
    /// When, RFC 3339.
    pub(crate) created_at: String,
    /// Whether everything is shown.
    pub(crate) is_whole: bool,
    /// The width of the text.
    pub(crate) width: usize,
}

/// What `kmax drift --json` prints.
#[derive(Serialize)]
pub(crate) struct Document {
    format_version: &'static str,
    kmax_version: &'static str,
    created_at: String,
    cluster: ClusterDocument,
    complete: bool,
    pools: usize,
    drift: Vec<Item>,
    notices: Vec<Notice>,
    unread: Vec<UnreadDocument>,
}

#[derive(Serialize)]
struct Item {
    address: Address,
    pool: PoolId,
    finding: Finding,
    fields: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    path: String,
    live: Value,
    /// Left out where nothing records it.
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<Value>,
    config: Value,
    reason: Reason,
}

/// Returns what was last applied to a field, where that is known.
fn applied(field: &FieldChange) -> Option<&Value> {
    match (&field.base, field.reason) {
        (Some(base), _) => Some(base),
        // Only a hand moved it: the config still says what was applied.
        (None, Reason::Drift) => Some(&field.after),
        (
            None,
            Reason::New
            | Reason::Removed
            | Reason::Config
            | Reason::ConfigAndDrift
            | Reason::Upgrade
            | Reason::Unknown,
        ) => None,
    }
}

/// The three values of a field as they are shown.
struct Row {
    label: String,
    live: String,
    applied: String,
    config: String,
}

impl DriftView<'_> {
    fn known(&self) -> Known {
        Known { images: self.images.clone(), versions: BTreeMap::new(), whole: self.is_whole }
    }

    fn row(&self, field: &FieldChange) -> Row {
        let known = self.known();
        let name = naming::field(&field.path);
        let show = |value: &Value| known.show(value, name.unit, Missing::Before);
        // A long list is told by what differs.
        let live = match known.change(&field.after, &field.before, name.unit) {
            (left, changed) if left.is_empty() => changed,
            (_, _) => show(&field.before),
        };
        Row {
            label: name.label,
            live,
            applied: applied(field).map_or_else(|| "(not recorded)".to_owned(), show),
            config: show(&field.after),
        }
    }

    fn rows(&self, item: &DriftItem) -> Vec<Row> {
        let mut fields: Vec<&FieldChange> = item.fields.iter().collect();
        fields.sort_by_key(|field| (naming::field(&field.path).rank, &field.path));
        fields.into_iter().map(|field| self.row(field)).collect()
    }

    /// Returns the drift as text.
    pub(crate) fn text(&self) -> Vec<Line> {
        let DriftReport { cluster, items, notices: found, unread, pools } = self.report;
        let head = Line::new()
            .with(Tone::Name, cluster.name.clone())
            .with(Tone::Plain, format!(" · {} · {}", cluster.account, cluster.region));
        let read = read_words(*pools, self.calls);
        let mut lines = header(head, read, self.width);
        lines.push(Line::new());
        let mut pool = None;
        for item in items {
            if pool != Some(&item.pool) {
                if pool.is_some() {
                    lines.push(Line::new());
                }
                lines.push(Line::plain("  ").with(Tone::Name, item.pool.to_string()));
                pool = Some(&item.pool);
            }
            let (tone, sign, word) = match item.finding {
                Finding::Changed => (Tone::Caution, "~", "changed by hand"),
                Finding::Deleted => (Tone::Bad, "-", "deleted by hand"),
            };
            let line = Line::plain("  ")
                .with(tone, sign)
                .with(Tone::Plain, format!(" {}   ", item.address))
                .with(tone, word);
            lines.extend(line.fold(self.width, 4));
            lines.extend(self.table(&self.rows(item)));
        }
        if !items.is_empty() {
            lines.push(Line::new());
        }
        lines.extend(notices::lines("Drift", found, self.is_whole, self.width));
        let failures = unread.iter().map(|u| (u.source.as_str(), u.error.as_str()));
        lines.extend(notices::unread_lines(failures, self.width));
        lines.extend(self.total().fold(self.width, 4));
        lines
    }

    /// Returns how many objects differ.
    fn total(&self) -> Line {
        let DriftReport { items, notices: found, unread, pools, cluster: _ } = self.report;
        let text = match (items.len() + found.len(), unread.is_empty()) {
            (0, true) if *pools == 0 => "Nothing was compared.".to_owned(),
            (0, true) => {
                let are = if *pools == 1 { "is" } else { "are" };
                format!("No drift: {} {are} as kmax left them.", count(*pools, "pool"))
                    .replace("pool is as kmax left them", "pool is as kmax left it")
            }
            (0, false) => "No drift in what could be read.".to_owned(),
            (_, _) => {
                let fields: usize = items.iter().map(|item| item.fields.len()).sum();
                let objects = count(items.len() + found.len(), "object");
                let differ = if items.len() + found.len() == 1 { "differs" } else { "differ" };
                format!("Drift: {objects} {differ}, in {}.", count(fields, "field"))
            }
        };
        Line::new().with(Tone::Name, text)
    }

    /// Lays the three values out in columns; where they are too wide, below each other.
    fn table(&self, rows: &[Row]) -> Vec<Line> {
        if rows.is_empty() {
            return Vec::new();
        }
        let heads = ["", "live", "applied", "config"];
        let cells = |row: &Row| {
            [row.label.clone(), row.live.clone(), row.applied.clone(), row.config.clone()]
        };
        let all: Vec<[String; 4]> =
            std::iter::once(heads.map(str::to_owned)).chain(rows.iter().map(cells)).collect();
        let mut widths = [0; 4];
        for row in &all {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let total = INDENT + widths.iter().sum::<usize>() + 3 * 3;
        if total > self.width {
            return stacked(rows, self.width);
        }
        let mut lines = Vec::new();
        for (position, row) in all.iter().enumerate() {
            let mut line = Line::plain(" ".repeat(INDENT));
            let mut column = INDENT;
            for ((index, cell), width) in row.iter().enumerate().zip(widths) {
                let tone = match (position, index) {
                    (0, _) => Tone::Dim,
                    (_, 1) => Tone::Caution,
                    (_, _) => Tone::Plain,
                };
                line = line.with(tone, cell.clone());
                column += width + 3;
                line = line.pad_to(column);
            }
            lines.push(line);
        }
        lines
    }

    /// Returns the drift as JSON.
    pub(crate) fn document(&self) -> Document {
        let DriftReport { cluster, items, notices: found, unread, pools } = self.report;
        Document {
            format_version: FORMAT_VERSION,
            kmax_version: env!("CARGO_PKG_VERSION"),
            created_at: self.created_at.clone(),
            cluster: ClusterDocument {
                name: cluster.name.clone(),
                region: cluster.region.clone(),
                account: cluster.account.clone(),
                stack: cluster.stack.clone(),
            },
            complete: unread.is_empty(),
            pools: *pools,
            drift: items
                .iter()
                .map(|item| Item {
                    address: item.address.clone(),
                    pool: item.pool.clone(),
                    finding: item.finding,
                    fields: item
                        .fields
                        .iter()
                        .map(|field| Field {
                            path: field.path.clone(),
                            live: field.before.clone(),
                            applied: applied(field).cloned(),
                            config: field.after.clone(),
                            reason: field.reason,
                        })
                        .collect(),
                })
                .collect(),
            notices: found.clone(),
            unread: unread
                .iter()
                .map(|u| UnreadDocument { source: u.source.clone(), error: u.error.clone() })
                .collect(),
        }
    }

    /// Returns the drift as markdown of at most so many bytes.
    pub(crate) fn markdown(&self, max_bytes: usize) -> String {
        let DriftReport { cluster, items, notices: found, unread, pools: _ } = self.report;
        let mut page = Markdown::new();
        page.paragraph(format!(
            "### kmax drift: {}\n\n{} · {}",
            cluster.name, cluster.account, cluster.region
        ));
        page.paragraph(format!("**{}**", self.total().text()));
        let code = |text: &str| format!("`{text}`");
        let mut rows = Vec::new();
        for item in items {
            let address = code(&item.address.to_string());
            match item.finding {
                Finding::Deleted => {
                    let none = String::new;
                    rows.push([address, "deleted by hand".to_owned(), none(), none(), none()]);
                }
                Finding::Changed => {
                    for Row { label, live, applied, config } in self.rows(item) {
                        let row =
                            [address.clone(), label, code(&live), code(&applied), code(&config)];
                        rows.push(row);
                    }
                }
            }
        }
        page.table(["Object", "Field", "Live", "Applied", "Config"], &rows);
        notices_block(&mut page, "Drift that kmax does not mend", found);
        if !unread.is_empty() {
            let failures = unread.iter().map(|u| (u.source.as_str(), u.error.as_str()));
            page.paragraph(format!("**Not read**\n\n{}", notices::unread_items(failures)));
        }
        page.render(max_bytes)
    }
}

fn stacked(rows: &[Row], width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for Row { label, live, applied, config } in rows {
        lines.push(Line::plain(" ".repeat(INDENT)).with(Tone::Plain, label.clone()));
        for (name, value, tone) in [
            ("live", live, Tone::Caution),
            ("applied", applied, Tone::Plain),
            ("config", config, Tone::Plain),
        ] {
            let line = Line::plain(" ".repeat(INDENT + 2)).with(Tone::Dim, name);
            let line = line.pad_to(INDENT + 11).with(tone, value.clone());
            lines.extend(line.fold(width, INDENT + 11));
        }
    }
    lines
}
