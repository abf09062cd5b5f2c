//! Golden cases of the planner: a directory each under `tests/cases/plan`.
//!
//! A case is `kmax.toml`, `kmax.lock` and `live.json` (a snapshot), maybe `options.txt` (the flags
//! `--pool` and `--allow`), and what comes of them: `plan.json` and `drift.json`.
//! `UPDATE_GOLDEN=1 cargo test -p kmax-planner --test golden` writes the two anew. Where the case
//! has a `steps.txt` it first writes `kmax.lock` and `live.json` anew too, from a sandbox that the
//! steps have moved.
#![expect(clippy::disallowed_methods, reason = "the cases are files")]

#[path = "../support/account.rs"]
mod account;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use kmax_config::{Config, Lock};
use kmax_model::{PlanDocument, Snapshot};
use kmax_planner::{Options, drift, plan};
use serde::Serialize;
use similar::TextDiff;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/cases/plan");

#[tokio::test(start_paused = true)]
async fn cases() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    // One case alone, while it is being written.
    let only = std::env::var("CASE").ok();
    let mut failures = Vec::new();
    let mut count = 0;
    for directory in directories() {
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        count += 1;
        if let Err(failure) = case(&directory, update).await {
            failures.push(format!("== {name}\n{failure}"));
        }
    }
    assert!(count > 0, "there are cases in {CASES}");
    assert!(
        failures.is_empty(),
        "{}\n{} of {count} cases differ; where that is meant: UPDATE_GOLDEN=1 cargo test -p \
         kmax-planner --test golden, and read the difference",
        failures.join("\n"),
        failures.len()
    );
}

fn directories() -> Vec<PathBuf> {
    let entries = fs::read_dir(CASES).expect("the directory of the cases");
    let mut directories: Vec<PathBuf> =
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect();
    directories.sort();
    directories
}

async fn case(directory: &Path, update: bool) -> Result<(), String> {
    if update && directory.join("steps.txt").exists() {
        let (lock, live) = steps::run(directory).await?;
        write(&directory.join("kmax.lock"), &lock.render())?;
        write(&directory.join("live.json"), &json(&live))?;
    }
    let config = config(directory, "kmax.toml")?;
    let lock = Lock::parse("kmax.lock", &read(&directory.join("kmax.lock"))?)
        .map_err(|error| error.diagnostics().render())?;
    let live = read(&directory.join("live.json"))?;
    let live: Snapshot =
        serde_json::from_str(&live).map_err(|error| format!("live.json: {error}"))?;
    let plan = plan(&config, &lock, &live, &options(directory)?);
    let document = PlanDocument::of(&plan, "0.1.0", "2026-08-01T12:00:00Z");
    expect(&directory.join("plan.json"), &json(&document), update)?;
    expect(&directory.join("drift.json"), &json(&drift(&plan)), update)
}

fn expect(path: &Path, found: &str, update: bool) -> Result<(), String> {
    if update {
        return write(path, found);
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == found {
        return Ok(());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let diff = TextDiff::from_lines(expected.as_str(), found);
    Err(diff.unified_diff().header(&name, "found").to_string())
}

/// Reads a config of the case.
pub(crate) fn config(directory: &Path, file: &str) -> Result<Config, String> {
    let text = read(&directory.join(file))?;
    Config::parse(file, &text, &|path| Err(format!("no file {path}")))
        .map_err(|error| error.diagnostics().render())
}

/// Reads the flags of the run, one a line: `--pool TEAM/KEY`, `--allow RULE=N`.
fn options(directory: &Path) -> Result<Options, String> {
    let text = fs::read_to_string(directory.join("options.txt")).unwrap_or_default();
    let (mut pools, mut allow) = (BTreeSet::new(), BTreeMap::new());
    for line in text.lines() {
        let wrong = || format!("options.txt: `{line}`");
        match line.split_once(' ').ok_or_else(wrong)? {
            ("--pool", pool) => {
                pools.insert(pool.parse().map_err(|_| wrong())?);
            }
            ("--allow", bound) => {
                let (rule, bound) = bound.split_once('=').ok_or_else(wrong)?;
                allow.insert(rule.to_owned(), bound.parse().map_err(|_| wrong())?);
            }
            (_, _) => return Err(wrong()),
        }
    }
    Ok(Options { pools, allow })
}

fn json<T: Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("plain data");
    text.push('\n');
    text
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
