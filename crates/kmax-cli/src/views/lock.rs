//! The lock: what changed, what it lacks, and why a pool has the instance types it has.

use std::collections::BTreeMap;

use kmax_config::{Lock, LockEntry, Pool};
use kmax_model::{Notice, PoolId};
use kmax_planner::{Explanation, LockOutcome, TypeVerdict};
use serde::Serialize;
use serde_json::json;

use crate::views::line::{Line, Tone};
use crate::views::markdown::Markdown;
use crate::views::notices;
use crate::views::plan_markdown::notices_block;
use crate::views::value::Known;
use crate::views::words::count;

/// The version of the JSON.
const FORMAT_VERSION: &str = "1.0";
/// The kmax that printed it.
const KMAX_VERSION: &str = env!("CARGO_PKG_VERSION");
/// So many excluded types are named for each reason, unless everything is asked for.
const NAMED: usize = 6;
/// So many changed pools are shown, unless everything is asked for.
const SHOWN: usize = 20;

/// What `kmax lock --json` prints.
#[derive(Serialize)]
pub(crate) struct OutcomeDocument<'a> {
    format_version: &'static str,
    kmax_version: &'static str,
    changed: Vec<Changed<'a>>,
    dropped: &'a [PoolId],
    failed: &'a [Notice],
}

#[derive(Serialize)]
struct Changed<'a> {
    pool: &'a PoolId,
    before: Option<&'a LockEntry>,
    after: &'a LockEntry,
}

impl<'a> OutcomeDocument<'a> {
    /// Makes the document.
    pub(crate) fn new(outcome: &'a LockOutcome) -> Self {
        let changed = |(pool, before, after): &'a (PoolId, Option<LockEntry>, LockEntry)| Changed {
            pool,
            before: before.as_ref(),
            after,
        };
        Self {
            format_version: FORMAT_VERSION,
            kmax_version: KMAX_VERSION,
            changed: outcome.changed.iter().map(changed).collect(),
            dropped: &outcome.dropped,
            failed: &outcome.failed,
        }
    }
}

/// Returns what an entry holds, in words.
fn entry_words(entry: &LockEntry) -> String {
    let image = entry.image.release.as_ref().unwrap_or(&entry.image.id);
    let first = entry.instance_types.first().map_or("none", String::as_str);
    match entry.instance_types.len() {
        1 => format!("{image}, {first}"),
        more => format!("{image}, {first} and {} more", more - 1),
    }
}

/// Returns what differs between two entries, in words: the two sides of an arrow, the right one empty
/// where there is none.
fn change_words(before: &LockEntry, after: &LockEntry) -> Vec<[String; 2]> {
    let mut words = Vec::new();
    if before.image != after.image {
        let name = |entry: &LockEntry| match &entry.image.release {
            Some(release) => format!("{} ({release})", entry.image.id),
            None => entry.image.id.clone(),
        };
        words.push([format!("image {}", name(before)), name(after)]);
    }
    if before.instance_types != after.instance_types {
        let (before, after) = (json!(before.instance_types), json!(after.instance_types));
        let (left, right) = Known::default().change(&before, &after, "");
        words.push(if left.is_empty() {
            [format!("instance types {right}"), String::new()]
        } else {
            [format!("instance types {left}"), right]
        });
    }
    if before.inputs != after.inputs {
        words.push([format!("for {}", after.inputs), String::new()]);
    }
    if words.is_empty() {
        words.push(["the size of a node".to_owned(), String::new()]);
    }
    words
}

/// Returns the outcome as text.
pub(crate) fn outcome(
    name: &str,
    before: &Lock,
    outcome: &LockOutcome,
    is_whole: bool,
    width: usize,
) -> Vec<Line> {
    let LockOutcome { lock, changed, dropped, failed } = outcome;
    let mut lines = Vec::new();
    let widest = changed.iter().map(|(pool, _, _)| pool).chain(dropped);
    let column = widest.map(|pool| pool.to_string().len()).max().unwrap_or(0) + 7;
    let shown = if is_whole { changed.len() } else { SHOWN };
    for (pool, old, new) in changed.iter().take(shown) {
        let head = |sign: &str, tone: Tone| {
            Line::plain("  ").with(tone, sign).with(Tone::Plain, format!(" {pool}")).pad_to(column)
        };
        match old {
            None => {
                let line = head("+", Tone::Good).with(Tone::Plain, entry_words(new));
                lines.extend(line.fold(width, column));
            }
            Some(old) => {
                for (position, [left, right]) in change_words(old, new).into_iter().enumerate() {
                    let line = match position {
                        0 => head("~", Tone::Caution),
                        _ => Line::new().pad_to(column),
                    };
                    let line = line.with(Tone::Plain, left);
                    let arrow = if right.is_empty() { right } else { format!("-> {right}") };
                    if arrow.is_empty() {
                        lines.extend(line.fold(width, column + 2));
                    } else if line.len() + 1 + arrow.chars().count() <= width {
                        lines.push(line.with(Tone::Plain, format!(" {arrow}")));
                    } else {
                        lines.extend(line.fold(width, column + 2));
                        let rest = Line::new().pad_to(column + 2).with(Tone::Plain, arrow);
                        lines.extend(rest.fold(width, column + 5));
                    }
                }
            }
        }
    }
    if changed.len() > shown {
        let text = format!("  and {} more pools; -v shows them", changed.len() - shown);
        lines.push(Line::new().with(Tone::Dim, text));
    }
    for pool in dropped {
        let line = Line::plain("  ")
            .with(Tone::Bad, "-")
            .with(Tone::Plain, format!(" {pool}"))
            .pad_to(column)
            .with(Tone::Plain, "not in the config");
        lines.extend(line.fold(width, column));
    }
    let unchanged = lock == before;
    let total = Line::plain(if unchanged && failed.is_empty() {
        format!("{name} is up to date: {}.", count(lock.pools.len(), "pool"))
    } else if unchanged {
        format!("{name} stays as it was: {}.", count(lock.pools.len(), "pool"))
    } else {
        format!("Wrote {name}: {}.", count(lock.pools.len(), "pool"))
    });
    lines.extend(total.fold(width, 4));
    lines
}

/// Returns the outcome as markdown.
pub(crate) fn outcome_markdown(name: &str, outcome: &LockOutcome) -> Markdown {
    let LockOutcome { lock: _, changed, dropped, failed } = outcome;
    let mut page = Markdown::new();
    page.paragraph(format!(
        "### kmax lock\n\n`{name}`: {} resolved, {} dropped, {} failed.",
        count(changed.len(), "pool"),
        dropped.len(),
        failed.len()
    ));
    let rows = changed.iter().map(|(pool, old, new)| {
        let words = match old {
            None => entry_words(new),
            Some(old) => {
                let sides = change_words(old, new).into_iter();
                let joined = sides.map(|[left, right]| match right.as_str() {
                    "" => left,
                    right => format!("{left} -> {right}"),
                });
                joined.collect::<Vec<_>>().join("; ")
            }
        };
        [format!("`{pool}`"), words]
    });
    let gone = dropped.iter().map(|pool| [format!("`{pool}`"), "dropped".to_owned()]);
    page.table(["Pool", "Entry"], &rows.chain(gone).collect::<Vec<_>>());
    notices_block(&mut page, "Failed", failed);
    page
}

/// What `kmax lock --check --json` prints.
#[derive(Serialize)]
pub(crate) struct CheckDocument<'a> {
    format_version: &'static str,
    kmax_version: &'static str,
    up_to_date: bool,
    gaps: &'a [Notice],
}

impl<'a> CheckDocument<'a> {
    /// Makes the document.
    pub(crate) fn new(gaps: &'a [Notice]) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            kmax_version: KMAX_VERSION,
            up_to_date: gaps.is_empty(),
            gaps,
        }
    }
}

/// Returns whether the lock covers the config, as text.
pub(crate) fn check(name: &str, pools: usize, gaps: &[Notice], width: usize) -> Vec<Line> {
    if gaps.is_empty() {
        return Line::plain(format!("{name} covers {}.", all_pools(pools))).fold(width, 4);
    }
    let mut lines = Line::plain(format!("{name} does not fit the config.")).fold(width, 4);
    lines.extend(notices::lines("Gap", gaps, false, width));
    lines
}

fn all_pools(pools: usize) -> String {
    match pools {
        1 => "the one pool".to_owned(),
        pools => format!("all {}", count(pools, "pool")),
    }
}

/// Returns whether the lock covers the config, as markdown.
pub(crate) fn check_markdown(name: &str, pools: usize, gaps: &[Notice]) -> Markdown {
    let mut page = Markdown::new();
    if gaps.is_empty() {
        page.paragraph(format!("### kmax lock\n\n`{name}` covers {}.", all_pools(pools)));
    } else {
        page.paragraph(format!("### kmax lock\n\n`{name}` does not fit the config."));
        notices_block(&mut page, "Gaps", gaps);
    }
    page
}

/// What `kmax lock --explain POOL --json` prints.
#[derive(Serialize)]
pub(crate) struct ExplanationDocument<'a> {
    format_version: &'static str,
    kmax_version: &'static str,
    pool: &'a PoolId,
    spec: &'a str,
    definition: String,
    zones: Vec<&'a str>,
    chosen: Vec<Verdict<'a>>,
    excluded: Vec<Verdict<'a>>,
}

#[derive(Serialize)]
struct Verdict<'a> {
    instance_type: &'a str,
    vcpus: u32,
    memory_mib: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclusion: Option<&'a str>,
}

impl<'a> ExplanationDocument<'a> {
    /// Makes the document.
    pub(crate) fn new(pool: &'a Pool, explanation: &'a Explanation) -> Self {
        let verdict = |v: &'a TypeVerdict| Verdict {
            instance_type: &v.instance_type,
            vcpus: v.vcpus,
            memory_mib: v.memory_mib,
            exclusion: v.exclusion.as_deref(),
        };
        Self {
            format_version: FORMAT_VERSION,
            kmax_version: KMAX_VERSION,
            pool: &pool.id,
            spec: &pool.spec_name,
            definition: pool.spec.definition().clone(),
            zones: explanation.zones.iter().map(String::as_str).collect(),
            chosen: explanation.chosen.iter().map(verdict).collect(),
            excluded: explanation.excluded.iter().map(verdict).collect(),
        }
    }
}

fn gib(memory_mib: u64) -> String {
    if memory_mib.is_multiple_of(1024) {
        format!("{} GiB", memory_mib / 1024)
    } else {
        format!("{:.1} GiB", memory_mib as f64 / 1024.0)
    }
}

/// Returns the excluded types by reason, the commonest first. Unless everything is asked for,
/// amounts that do not fit are one reason, whatever they are.
fn by_reason(excluded: &[TypeVerdict], is_whole: bool) -> Vec<(&str, Vec<&str>)> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for verdict in excluded {
        let reason = match verdict.exclusion.as_deref().unwrap_or_default() {
            reason if is_whole => reason,
            reason if reason.ends_with("vCPU") || reason.ends_with("vCPUs") => {
                "another number of vCPUs"
            }
            reason if reason.ends_with("of memory") => "another amount of memory",
            reason => reason,
        };
        reasons.entry(reason).or_default().push(&verdict.instance_type);
    }
    let mut reasons: Vec<(&str, Vec<&str>)> = reasons.into_iter().collect();
    reasons.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(b.0)));
    reasons
}

/// Returns why a pool has the types it has, as text.
pub(crate) fn explanation(
    pool: &Pool,
    entry: Option<&LockEntry>,
    explanation: &Explanation,
    is_whole: bool,
    width: usize,
) -> Vec<Line> {
    let Explanation { chosen, excluded, zones } = explanation;
    let zones: Vec<&str> = zones.iter().map(String::as_str).collect();
    let head = Line::new()
        .with(Tone::Name, pool.id.to_string())
        .with(Tone::Plain, format!("   spec {}: {}", pool.spec_name, pool.spec.definition()));
    let place = format!("{} {} in {}", pool.capacity_type, pool.arch, zones.join(", "));
    let mut lines = head.fold(width, 4);
    lines.extend(Line::plain(place).fold(width, 4));
    lines.push(Line::new());
    lines.push(Line::new().with(Tone::Name, format!("In: {}", count(chosen.len(), "type"))));
    for TypeVerdict { instance_type, vcpus, memory_mib, exclusion: _ } in chosen {
        let is_locked =
            entry.is_none_or(|entry| entry.instance_types.iter().any(|name| name == instance_type));
        let note = if is_locked { "" } else { "   not in kmax.lock: `--upgrade` takes it in" };
        let amounts = format!("{} {:>10}", count(*vcpus as usize, "vCPU"), gib(*memory_mib));
        let line = Line::plain("  ")
            .with(Tone::Good, instance_type.clone())
            .pad_to(20)
            .with(Tone::Plain, amounts)
            .with(Tone::Caution, note);
        lines.extend(line.fold(width, 20));
    }
    lines.push(Line::new());
    lines.push(Line::new().with(Tone::Name, format!("Out: {}", count(excluded.len(), "type"))));
    if !is_whole && !excluded.is_empty() {
        lines.push(Line::new().with(Tone::Dim, "  -v names all of them, with their amounts"));
    }
    for (reason, names) in by_reason(excluded, is_whole) {
        let shown = if is_whole { names.len() } else { NAMED };
        let mut text = names.iter().take(shown).copied().collect::<Vec<_>>().join(" ");
        if names.len() > shown {
            text.push_str(&format!(" and {} more", names.len() - shown));
        }
        lines.extend(Line::plain(format!("  {reason}: {}", names.len())).fold(width, 4));
        lines.extend(Line::plain("      ").with(Tone::Dim, text).fold(width, 6));
    }
    lines
}

/// Returns why a pool has the types it has, as markdown.
pub(crate) fn explanation_markdown(pool: &Pool, explanation: &Explanation) -> Markdown {
    let Explanation { chosen, excluded, zones: _ } = explanation;
    let mut page = Markdown::new();
    page.paragraph(format!("### kmax lock: `{}`\n\n{}", pool.id, pool.spec.definition()));
    let rows = chosen
        .iter()
        .map(|v| [format!("`{}`", v.instance_type), v.vcpus.to_string(), gib(v.memory_mib)]);
    page.table(["Type", "vCPUs", "Memory"], &rows.collect::<Vec<_>>());
    let rows = by_reason(excluded, false)
        .into_iter()
        .map(|(reason, names)| [reason.to_owned(), names.len().to_string()]);
    page.table(["Out because", "Types"], &rows.collect::<Vec<_>>());
    page
}
