//! Bounds past which a plan is refused.

use std::collections::{BTreeMap, BTreeSet};

use kmax_config::Guards;
use kmax_model::{Action, Change, Impact, Notice};

/// The rule that bounds how many pools a plan removes.
pub(crate) const POOLS_DESTROYED: &str = "pools_destroyed";
/// The rule that bounds how many nodes a plan terminates or replaces.
pub(crate) const NODES_TERMINATED: &str = "nodes_terminated";

fn refusal(rule: &str, what: &str, found: u32, bound: u32) -> Notice {
    Notice {
        address: None,
        rule: rule.to_owned(),
        message: format!("{what} and guards.{rule} is {bound}"),
        hint: Some(format!(
            "keep what would go, or run with `--allow {rule}={found}`; `guards.{rule}` sets it for good"
        )),
    }
}

/// Returns "1 pool" or "2 pools".
pub(crate) fn count(number: u32, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Holds a plan's changes against the guards, raised by what the run allows.
pub(crate) fn check(
    guards: Guards,
    allow: &BTreeMap<String, u32>,
    changes: &[Change],
) -> Vec<Notice> {
    let bound = |rule: &str, guard: u32| allow.get(rule).map_or(guard, |raised| guard.max(*raised));
    let destroyed: BTreeSet<&str> = changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .map(|change| change.address.name.as_str())
        .collect();
    let destroyed = destroyed.len() as u32;
    let impact = changes.iter().fold(Impact::default(), |sum, change| sum + change.impact);
    let terminated = impact.terminates + impact.replaces;
    let mut refusals = Vec::new();
    let pools = bound(POOLS_DESTROYED, guards.pools_destroyed);
    if destroyed > pools {
        let what = format!("{} would be destroyed", count(destroyed, "pool"));
        refusals.push(refusal(POOLS_DESTROYED, &what, destroyed, pools));
    }
    let nodes = bound(NODES_TERMINATED, guards.nodes_terminated);
    if terminated > nodes {
        let how = if impact.replaces > 0 { "terminated or replaced" } else { "terminated" };
        let what = format!("{} would be {how}", count(terminated, "node"));
        refusals.push(refusal(NODES_TERMINATED, &what, terminated, nodes));
    }
    refusals
}
