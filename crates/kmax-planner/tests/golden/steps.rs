//! `steps.txt`: how the live state of a case comes about, in the sandbox.
//!
//! A step a line; `#` begins a comment. FILE is a config of the case, by default `kmax.toml`.
//!
//! ```text
//! apply [FILE]            locks what is missing, plans, and does everything
//! crash CALL [FILE]       the same, and ends right after that call, such as `CreateOrUpdateTags@2`
//! lock [FILE]             locks what is missing or stale
//! upgrade-lock [FILE]     locks everything anew
//! forget-lock TEAM/KEY    takes an entry out of the lock
//! release-images          makes the next AMI release the recommended one
//! set PATH=VALUE          a person sets a field
//! unset PATH              a person takes a field away
//! new-version NAME FIELD=VALUE   a person makes a template version, not the default
//! delete ADDRESS          a person deletes an object
//! plain NAME TYPE NODES   a person makes a template and a plain group
//! scale GROUP NODES       the autoscaler moves the desired capacity
//! fault FAULT             strikes the read that live.json is made of
//! keep-types A,B,C        of the catalogue in live.json only these instance types stay
//! edit POINTER JSON       changes live.json itself
//! ```

use std::path::Path;

use kmax_config::Lock;
use kmax_model::{Read, Snapshot};
use kmax_planner::LockRequest;
use kmax_sandbox::{Fault, Sandbox};
use serde_json::Value;

use crate::account::Account;

/// What is done to the snapshot after it was read.
#[derive(Default)]
struct After {
    faults: Vec<Fault>,
    keep_types: Option<Vec<String>>,
    edits: Vec<(String, Value)>,
}

/// Runs the steps of a case; returns its lock and what lives.
pub(crate) async fn run(directory: &Path) -> Result<(Lock, Snapshot), String> {
    let text = crate::read(&directory.join("steps.txt"))?;
    let mut account = Account::new();
    let mut after = After::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        step(directory, &mut account, &mut after, line)
            .await
            .map_err(|error| format!("steps.txt, line {}: `{line}`: {error}", index + 1))?;
    }
    let config = crate::config(directory, "kmax.toml")?;
    let After { faults, keep_types, edits } = after;
    let mut live = account.observe(&config, faults).await;
    live.calls.clear();
    if let Some(names) = keep_types {
        keep(&mut live, &names);
    }
    let mut live = serde_json::to_value(live).map_err(|error| error.to_string())?;
    for (pointer, value) in edits {
        let found = live.pointer_mut(&pointer);
        *found.ok_or_else(|| format!("live.json has no {pointer}"))? = value;
    }
    Ok((account.lock, serde_json::from_value(live).map_err(|error| error.to_string())?))
}

async fn step(
    directory: &Path,
    account: &mut Account,
    after: &mut After,
    line: &str,
) -> Result<(), String> {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let words: Vec<&str> = rest.split_whitespace().collect();
    let config =
        |index: usize| crate::config(directory, words.get(index).copied().unwrap_or("kmax.toml"));
    match (verb, words.as_slice()) {
        ("apply", _) => account.apply(&config(0)?).await,
        ("crash", [call, ..]) => {
            let config = config(1)?;
            account.relock(&config, &LockRequest::Missing).await?;
            let plan = account.plan(&config).await;
            let fault = format!("{call}=crash-after").parse().map_err(|_| "a call is wanted")?;
            account.carry_out(&plan, vec![fault]).await.map(|_| ())
        }
        ("lock", _) => account.relock(&config(0)?, &LockRequest::Missing).await,
        ("upgrade-lock", _) => account.relock(&config(0)?, &LockRequest::UpgradeAll).await,
        ("forget-lock", [pool]) => {
            let pool = pool.parse().map_err(|_| "TEAM/KEY is wanted")?;
            account.lock.pools.remove(&pool).map(|_| ()).ok_or_else(|| "no such entry".to_owned())
        }
        ("release-images", []) => with(account, |sandbox| {
            sandbox.release_amis().map(|_| ()).ok_or_else(|| "there is no later one".to_owned())
        }),
        ("set", _) => with(account, |sandbox| text(sandbox.assign(rest))),
        ("unset", [path]) => with(account, |sandbox| text(sandbox.unset(path))),
        ("new-version", [name, assignment]) => with(account, |sandbox| {
            let (field, value) = assignment.split_once('=').ok_or("FIELD=VALUE is wanted")?;
            text(sandbox.make_version(name, field, value, false).map(|_| ()))
        }),
        ("delete", [address]) => {
            let address = address.parse().map_err(|_| "an address is wanted")?;
            with(account, |sandbox| text(sandbox.delete(&address)))
        }
        ("plain", [name, instance_type, nodes]) => {
            let nodes = nodes.parse().map_err(|_| "a number is wanted")?;
            with(account, |sandbox| text(sandbox.create_plain_pool(name, instance_type, nodes)))
        }
        ("scale", [group, nodes]) => {
            let nodes = nodes.parse().map_err(|_| "a number is wanted")?;
            with(account, |sandbox| text(sandbox.scale(group, nodes)))
        }
        ("fault", [fault]) => {
            after.faults.push(fault.parse().map_err(|_| "a fault is wanted")?);
            Ok(())
        }
        ("keep-types", [names]) => {
            after.keep_types = Some(names.split(',').map(str::to_owned).collect());
            Ok(())
        }
        ("edit", [pointer, ..]) => {
            let value = rest.trim_start().strip_prefix(pointer).unwrap_or_default();
            let value = serde_json::from_str(value).map_err(|error| error.to_string())?;
            after.edits.push(((*pointer).to_owned(), value));
            Ok(())
        }
        (_, _) => Err("there is no such step".to_owned()),
    }
}

fn text<T>(answer: Result<(), T>) -> Result<(), String>
where
    T: std::fmt::Display,
{
    answer.map_err(|error| error.to_string())
}

fn with(
    account: &Account,
    act: impl FnOnce(&mut Sandbox) -> Result<(), String>,
) -> Result<(), String> {
    account.port.with(act).map_err(|error| error.to_string())?
}

/// Takes all instance types but a few out of what was read.
fn keep(live: &mut Snapshot, names: &[String]) {
    if let Read::Got(types) = &mut live.instance_types {
        types.retain(|instance_type| names.contains(&instance_type.name));
    }
    if let Read::Got(offerings) = &mut live.offerings {
        offerings.retain(|offering| names.contains(&offering.instance_type));
    }
}
