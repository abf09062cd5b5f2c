//! Holds a fresh plan against what a person approved: a plan can restrict, never command.

use std::collections::BTreeSet;

use kmax_model::fields::{differences, show};
use kmax_model::{
    Address, Change, ChangeDocument, Digest, Impact, Notice, PLAN_FORMAT_VERSION, Plan,
    PlanDocument,
};
use serde_json::Value;

/// What of a fresh plan may be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approval {
    /// Changes that are as they were approved, and all that they depend on is.
    pub allowed: BTreeSet<Address>,
    /// Changes that are not, and what moved.
    pub refusals: Vec<Notice>,
    /// Approved changes that need not be done any more.
    pub done: BTreeSet<Address>,
}

fn notice(address: Option<String>, rule: &str, message: String, hint: &str) -> Notice {
    Notice { address, rule: rule.to_owned(), message, hint: Some(hint.to_owned()) }
}

/// Compares a fresh plan with the digest that a reviewer approved: it is that plan, or nothing is done.
pub fn approve_digest(expected: &Digest, fresh: &Plan) -> Approval {
    if fresh.digest == *expected {
        let allowed = fresh.changes.iter().map(|change| change.address.clone()).collect();
        return Approval { allowed, ..Approval::default() };
    }
    let message = format!("the plan is {} now and {expected} was approved", fresh.digest);
    let hint = "config, lock or cloud moved since: plan again and have that approved";
    Approval { refusals: vec![notice(None, "stale-plan", message, hint)], ..Approval::default() }
}

/// Compares a fresh plan with a saved one, change by change.
pub fn approve(saved: &PlanDocument, fresh: &Plan) -> Approval {
    if let Some(refusal) = unfit(saved, fresh) {
        return Approval { refusals: vec![refusal], ..Approval::default() };
    }
    let mut approval = Approval::default();
    for change in &fresh.changes {
        let approved = saved.changes.iter().find(|approved| approved.address == change.address);
        match approved {
            Some(approved) if approved.digest == change.digest => {
                approval.allowed.insert(change.address.clone());
            }
            Some(approved) => approval.refusals.push(moved(approved, change)),
            None => approval.refusals.push(notice(
                Some(change.address.to_string()),
                "stale-plan",
                format!("{} it was not in the plan when you reviewed it", action(change)),
                "plan again and review that",
            )),
        }
    }
    drop_dependents(&mut approval, fresh);
    for approved in &saved.changes {
        if fresh.change(&approved.address).is_none() {
            approval.done.insert(approved.address.clone());
        }
    }
    if let Some(refusal) = more_impact(saved, fresh, &approval.allowed) {
        approval.allowed.clear();
        approval.refusals.push(refusal);
    }
    approval
}

/// Refuses a file that is no plan of this cluster, or of another kmax's format, or was edited.
fn unfit(saved: &PlanDocument, fresh: &Plan) -> Option<Notice> {
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    let refuse = |rule: &str, message: String, hint: &str| Some(notice(None, rule, message, hint));
    if major(&saved.format_version) != major(PLAN_FORMAT_VERSION) {
        return refuse(
            "plan-format",
            format!(
                "the plan has format {} and this kmax reads {PLAN_FORMAT_VERSION}",
                saved.format_version
            ),
            "plan again with this kmax",
        );
    }
    let (was, is) = (&saved.cluster, &fresh.cluster);
    let same = (&was.name, &was.region, &was.account, &was.stack)
        == (&is.name, &is.region, &is.account, &is.stack);
    if !same {
        return refuse(
            "other-cluster",
            format!(
                "the plan is of cluster {} in {}, account {}, stack {}, and the config is of {} in \
                 {}, account {}, stack {}",
                was.name,
                was.region,
                was.account,
                was.stack,
                is.name,
                is.region,
                is.account,
                is.stack
            ),
            "apply it with the config that it was made from",
        );
    }
    if let Some(what) = saved.edited() {
        return refuse("plan-edited", what, "the file was edited or damaged: plan again");
    }
    None
}

fn action(change: &Change) -> String {
    format!("{} ({}):", change.address, change.action.as_str())
}

/// Says what moved between review and now.
fn moved(approved: &ChangeDocument, change: &Change) -> Notice {
    let mut words = differences(&approved.observed, &change.observed, "when you reviewed");
    if words.is_empty() {
        let after = |path: &str| {
            let field = approved.fields.iter().find(|field| field.path == path);
            field.map(|field| field.after.clone()).unwrap_or(Value::Null)
        };
        for field in &change.fields {
            if after(&field.path) != field.after {
                words.push(format!(
                    "{} was to be {} when you reviewed, is to be {} now",
                    field.path,
                    show(&after(&field.path)),
                    show(&field.after)
                ));
            }
        }
    }
    if words.is_empty() {
        words.push("the change is another than the one you reviewed".to_owned());
    }
    let message = format!("{}: {}", change.address, words.join("; "));
    notice(Some(change.address.to_string()), "stale-plan", message, "plan again and review that")
}

/// Takes back what depends on a change that is refused.
fn drop_dependents(approval: &mut Approval, fresh: &Plan) {
    loop {
        let refused = |address: &Address| {
            fresh.change(address).is_some() && !approval.allowed.contains(address)
        };
        let next = fresh.changes.iter().find_map(|change| {
            let because = change.depends_on.iter().find(|address| refused(address))?;
            approval
                .allowed
                .contains(&change.address)
                .then(|| (change.address.clone(), because.clone()))
        });
        let Some((address, because)) = next else { return };
        approval.allowed.remove(&address);
        approval.refusals.push(notice(
            Some(address.to_string()),
            "stale-plan",
            format!("{address} depends on {because}, which is refused"),
            "plan again and review that",
        ));
    }
}

/// Refuses to end more nodes than the file said.
fn more_impact(saved: &PlanDocument, fresh: &Plan, allowed: &BTreeSet<Address>) -> Option<Notice> {
    let ended = |impact: Impact| impact.terminates + impact.replaces;
    let changes = fresh.changes.iter().filter(|change| allowed.contains(&change.address));
    let now = ended(changes.fold(Impact::default(), |sum, change| sum + change.impact));
    let reviewed = saved.summary.terminates + saved.summary.replaces;
    (now > reviewed).then(|| {
        notice(
            None,
            "more-impact",
            format!("{now} nodes would be terminated or replaced, {reviewed} when you reviewed"),
            "plan again and review that",
        )
    })
}
