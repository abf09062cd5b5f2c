//! A plan as text.

use std::collections::BTreeMap;

use kmax_model::{Action, Address, ChangeDocument, PlanDocument, PoolId, SummaryDocument};
use serde_json::Value;

use crate::views::line::{Line, Tone, wrap};
use crate::views::notices;
use crate::views::pool_changes::{Headline, PoolBlock, Shape};
use crate::views::value::Known;
use crate::views::words::{count, thousands};

/// The lines of user data that differ, by template.
pub(crate) type Diffs = BTreeMap<Address, Vec<String>>;

/// How much was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadCount {
    /// Pools.
    pub(crate) pools: usize,
    /// Calls.
    pub(crate) calls: u32,
}

/// A plan and how it is shown.
pub(crate) struct PlanView<'a> {
    /// The plan.
    pub(crate) document: &'a PlanDocument,
    /// What differs in user data; none of a saved plan, which holds no user data.
    pub(crate) diffs: Option<Diffs>,
    /// Releases of images, by id.
    pub(crate) images: BTreeMap<String, String>,
    /// How much was read, of a plan just made.
    pub(crate) read: Option<ReadCount>,
    /// Whether everything is shown.
    pub(crate) is_whole: bool,
    /// The width of the text.
    pub(crate) width: usize,
}

/// From so many pools alike on, one stands for all of them.
const ALIKE: usize = 4;
/// So many of those that are alike are named.
const NAMED: usize = 12;
/// Where the right side of the first line begins.
const RIGHT: usize = 50;

impl PlanView<'_> {
    /// Returns the plan as text.
    pub(crate) fn text(&self) -> Vec<Line> {
        let mut lines = self.header();
        lines.push(Line::new());
        let blocks = self.blocks();
        for group in self.groups(&blocks) {
            lines.extend(self.group(&group));
            lines.push(Line::new());
        }
        let document = self.document;
        let before = lines.len();
        for (notice, reason) in document.accepted.iter().map(|a| (&a.notice, &a.reason)) {
            if self.is_whole {
                let text = format!("accepted [{}]: {} ({reason})", notice.rule, notice.message);
                lines.extend(Line::new().with(Tone::Dim, text).fold(self.width, 4));
            }
        }
        lines.extend(notices::lines("Warning", &document.warnings, self.is_whole, self.width));
        let unread = document.unread.iter().map(|u| (u.source.as_str(), u.error.as_str()));
        lines.extend(notices::unread_lines(unread, self.width));
        if !document.unread.is_empty() {
            lines.push(Line::plain("What depends on that is not planned."));
        }
        if lines.len() > before {
            lines.push(Line::new());
        }
        lines.extend(self.footer());
        lines.extend(notices::lines("Refused", &document.refusals, self.is_whole, self.width));
        lines
    }

    fn header(&self) -> Vec<Line> {
        let cluster = &self.document.cluster;
        let stack = match cluster.stack.as_str() {
            "main" => String::new(),
            stack => format!("/{stack}"),
        };
        let line = Line::new()
            .with(Tone::Name, format!("{}{stack}", cluster.name))
            .with(Tone::Plain, format!(" · {} · {}", cluster.account, cluster.region));
        let right = match self.read {
            Some(ReadCount { pools, calls }) => read_words(pools, calls),
            None => format!("planned at {}", self.document.created_at),
        };
        header(line, right, self.width)
    }

    /// Returns the changes by pool, in the order of pools.
    pub(crate) fn blocks(&self) -> Vec<PoolBlock<'_>> {
        let mut by_pool: BTreeMap<&PoolId, Vec<&ChangeDocument>> = BTreeMap::new();
        for change in &self.document.changes {
            by_pool.entry(&change.pool).or_default().push(change);
        }
        by_pool.into_iter().map(|(pool, changes)| PoolBlock::new(pool, changes)).collect()
    }

    /// Returns how blocks are drawn.
    pub(crate) fn shape(&self) -> Shape<'_> {
        Shape {
            known: self.known(),
            diffs: self.diffs.as_ref(),
            is_whole: self.is_whole,
            width: self.width,
            wraps_user_data: true,
        }
    }

    fn known(&self) -> Known {
        let mut versions = BTreeMap::new();
        let field = |change: &ChangeDocument, path: &str| -> Option<String> {
            let field = change.fields.iter().find(|field| field.path == path)?;
            field.after.as_str().filter(|text| text.starts_with("sha256:")).map(str::to_owned)
        };
        for change in &self.document.changes {
            if let Some(digest) = field(change, "version") {
                let latest = change.observed.get("latest_version").and_then(Value::as_u64);
                versions.insert(digest, latest.unwrap_or_default() + 1);
            }
        }
        // A template still to be made begins with version 1.
        for change in &self.document.changes {
            if let Some(digest) = field(change, kmax_model::fields::TEMPLATE_VERSION) {
                versions.entry(digest).or_insert(1);
            }
        }
        Known { images: self.images.clone(), versions, whole: self.is_whole }
    }

    /// Puts blocks that are alike together.
    pub(crate) fn groups<'b>(&self, blocks: &'b [PoolBlock<'b>]) -> Vec<Vec<&'b PoolBlock<'b>>> {
        if self.is_whole {
            return blocks.iter().map(|block| vec![block]).collect();
        }
        let shape = self.shape();
        let mut order: Vec<String> = Vec::new();
        let mut alike: BTreeMap<String, Vec<&PoolBlock<'_>>> = BTreeMap::new();
        for block in blocks {
            let signature = block.signature(&shape);
            if !alike.contains_key(&signature) {
                order.push(signature.clone());
            }
            alike.entry(signature).or_default().push(block);
        }
        let mut groups = Vec::new();
        for signature in order {
            let Some(blocks) = alike.remove(&signature) else { continue };
            if blocks.len() < ALIKE {
                groups.extend(blocks.into_iter().map(|block| vec![block]));
            } else {
                groups.push(blocks);
            }
        }
        groups.sort_by(|a, b| a.first().map(|block| block.pool).cmp(&b.first().map(|b| b.pool)));
        groups
    }

    fn group(&self, blocks: &[&PoolBlock<'_>]) -> Vec<Line> {
        let [first, others @ ..] = blocks else { return Vec::new() };
        let mut lines = first.lines(&self.shape());
        if others.is_empty() {
            return lines;
        }
        let headline = others.iter().fold(Headline::default(), |sum, b| sum.and(&b.headline));
        let impact = headline.impact_words();
        let impact = if impact.is_empty() { String::new() } else { format!(" ({impact})") };
        let pools = if others.len() == 1 { "pool" } else { "pools" };
        let mut names: Vec<String> =
            others.iter().take(NAMED).map(|block| block.pool.to_string()).collect();
        if others.len() > NAMED {
            names.push(format!("and {} others; -v shows all", others.len() - NAMED));
        }
        let text = format!(
            "and {} more {pools} alike{impact}: {}",
            thousands(others.len()),
            names.join(", ")
        );
        for line in wrap(&text, self.width.saturating_sub(4)) {
            lines.push(Line::plain("    ").with(Tone::Dim, line));
        }
        lines
    }

    fn footer(&self) -> Vec<Line> {
        let document = self.document;
        let mut lines = Vec::new();
        if document.changes.is_empty() {
            let all = match self.read {
                Some(ReadCount { pools, calls: _ }) => {
                    let are = if pools == 1 { "is" } else { "are" };
                    format!(": {} {are} as the config says", count(pools, "pool"))
                }
                None => String::new(),
            };
            let sure = document.complete && document.applyable;
            let text =
                if sure { format!("No changes{all}.") } else { "Nothing is planned.".to_owned() };
            lines.extend(Line::new().with(Tone::Name, text).fold(self.width, 4));
        } else {
            let (objects, nodes) = (objects(&document.summary), nodes(&document.summary));
            let head =
                Line::new().with(Tone::Name, "Plan").with(Tone::Plain, format!(": {objects}."));
            if head.len() + nodes.len() + 2 <= self.width {
                lines.push(head.with(Tone::Plain, format!(" {nodes}.")));
            } else {
                lines.extend(head.fold(self.width, 6));
                lines.extend(Line::plain(format!("      {nodes}.")).fold(self.width, 6));
            }
            if !self.is_whole && document.changes.iter().any(|c| c.action == Action::Create) {
                let text = "New objects are shown in short: -v shows all their fields, `kmax render \
                            POOL` their user data.";
                let dim = |text| Line::new().with(Tone::Dim, text);
                lines.extend(wrap(text, self.width).into_iter().map(dim));
            }
            let digest = Line::new().with(Tone::Dim, format!("Digest {}", document.plan_digest));
            lines.extend(digest.fold(self.width, 0));
            if self.diffs.is_none() && has_user_data(document) {
                let text = "A saved plan holds no user data: `kmax plan` shows what differs there.";
                lines.extend(Line::new().with(Tone::Dim, text).fold(self.width, 0));
            }
        }
        lines
    }
}

/// Returns the first line: what it is about, and on the right how much was read; below each other
/// where there is no room for both.
pub(crate) fn header(left: Line, right: String, width: usize) -> Vec<Line> {
    let column = RIGHT.max(left.len() + 3);
    if column + right.chars().count() <= width {
        return vec![left.pad_to(column).with(Tone::Dim, right)];
    }
    let mut lines = left.fold(width, 4);
    lines.extend(Line::new().with(Tone::Dim, right).fold(width, 4));
    lines
}

/// Says how much was read.
pub(crate) fn read_words(pools: usize, calls: u32) -> String {
    let calls = count(calls as usize, "call");
    if pools == 0 {
        format!("made {calls}")
    } else {
        format!("read {} in {calls}", count(pools, "pool"))
    }
}

fn has_user_data(document: &PlanDocument) -> bool {
    let updates = document.changes.iter().filter(|change| change.action != Action::Create);
    updates.flat_map(|change| &change.fields).any(|field| field.path.starts_with("user_data."))
}

/// Returns what is done to objects, counted.
pub(crate) fn objects(summary: &SummaryDocument) -> String {
    let SummaryDocument { create, update, delete, adopt, .. } = summary;
    let adopt = match adopt {
        0 => String::new(),
        adopt => format!(", {adopt} to take over"),
    };
    format!("{create} to create, {update} to change, {delete} to destroy{adopt}")
}

/// Returns what is done to nodes, counted.
pub(crate) fn nodes(summary: &SummaryDocument) -> String {
    let SummaryDocument { launches, replaces, terminates, stays_old, .. } = summary;
    let launches = match launches {
        0 => String::new(),
        launches => format!("{} launched, ", count(*launches as usize, "node")),
    };
    let nodes = if launches.is_empty() { " nodes" } else { "" };
    format!(
        "{launches}{replaces}{nodes} replaced, {terminates} terminated, {stays_old} on an older template"
    )
}
