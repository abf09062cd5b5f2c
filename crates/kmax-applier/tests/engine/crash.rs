//! A crash at every call, the call done or not, and a second apply.

use std::collections::BTreeSet;

use kmax_applier::LOCK_TTL;
use kmax_model::{Kind, Plan, TemplateState};
use kmax_planner::{Finding, drift};
use kmax_sandbox::{Fault, FaultKind};

use crate::account::Account;
use crate::harness::{Engine, lines};
use crate::scenarios;

/// Returns what a plan puts down to a person's hand.
fn blamed(plan: &Plan) -> BTreeSet<String> {
    let report = drift(plan);
    let of = |item: &kmax_planner::DriftItem| match item.finding {
        Finding::Deleted => vec![format!("{} deleted", item.address)],
        Finding::Changed => {
            item.fields.iter().map(|f| format!("{} {}", item.address, f.path)).collect()
        }
    };
    report.items.iter().flat_map(of).collect()
}

/// Crashes at every call of an apply, each time in a copy of the account; returns how many calls
/// an undisturbed apply makes.
async fn crash_everywhere(base: &Engine) -> u32 {
    let undisturbed = base.fork();
    let port = undisturbed.port.sibling();
    let plan = undisturbed.plan().await;
    let before = blamed(&plan);
    let report = undisturbed.apply_plan(&port, &plan).await.unwrap();
    assert_eq!(report.done(), plan.changes.len(), "{report:#?}");
    undisturbed.assert_converged().await;
    let wanted = undisturbed.account().without_ids();
    let calls = u32::try_from(port.calls().len()).unwrap();
    for n in 1..=calls {
        for done in [false, true] {
            let what = format!(
                "call {n} of {calls}, {:?}, {}",
                port.calls()[n as usize - 1].operation(),
                if done { "done" } else { "not done" }
            );
            let engine = base.fork();
            let fault = Fault::new(FaultKind::Crash { done }).nth(n);
            let port = engine.port.sibling().with_faults([fault]);
            let _ = engine.apply_plan(&port, &plan).await;
            assert!(port.has_crashed(), "{what}");
            let after = engine.plan().await;
            let more: Vec<String> = blamed(&after)
                .difference(&before)
                .filter(|item| !is_a_template_alone(&after, item))
                .cloned()
                .collect();
            assert!(more.is_empty(), "{what}: nobody did that: {more:#?} {:#?}", lines(&after));
            engine.clock.advance(LOCK_TTL + 1);
            engine.converge().await;
            engine.assert_converged().await;
            assert_same(&engine.account(), &wanted, &what);
        }
    }
    calls
}

/// Demands the same account, down to version numbers. Only versions that a crash kept from being
/// pruned may be left over; they go with the next version that is made.
pub(crate) fn assert_same(found: &Account, wanted: &Account, what: &str) {
    let mut found = found.clone().without_ids();
    for (name, state) in &mut found.templates {
        let Some(TemplateState { versions, .. }) = wanted.templates.get(name) else {
            panic!("{what}: template {name} is left over");
        };
        let left: Vec<u64> =
            state.versions.keys().filter(|n| !versions.contains_key(n)).copied().collect();
        assert!(left.iter().all(|n| versions.keys().all(|kept| n < kept || *kept == 1)), "{what}");
        state.versions.retain(|number, _| versions.contains_key(number));
        assert!(*state == wanted.templates[name], "{what}: template {name}: {:?}", state.template);
    }
    for (name, group) in &wanted.groups {
        assert_eq!(found.groups.get(name), Some(group), "{what}");
    }
    assert!(found == *wanted, "{what}: nothing more and nothing less");
}

/// A crash between the creation of a template and that of its group leaves what a person who
/// deletes the group leaves: nothing tells the two apart.
fn is_a_template_alone(plan: &Plan, item: &str) -> bool {
    let change = plan.changes.iter().find(|c| item == format!("{} deleted", c.address));
    change.is_some_and(|change| {
        change.address.kind == Kind::AutoScalingGroup
            && plan.change(&kmax_model::Address::launch_template(&change.address.name)).is_none()
    })
}

#[tokio::test(start_paused = true)]
async fn of_a_create() {
    let calls = crash_everywhere(&scenarios::create().await).await;
    assert!(calls > 8, "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn of_an_update() {
    let calls = crash_everywhere(&scenarios::update().await).await;
    assert!(calls > 8, "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn of_a_delete() {
    let calls = crash_everywhere(&scenarios::delete().await).await;
    assert!(calls > 8, "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn of_an_adoption() {
    let calls = crash_everywhere(&scenarios::adopt().await).await;
    assert!(calls > 8, "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn of_mending() {
    let calls = crash_everywhere(&scenarios::mend().await).await;
    assert!(calls > 8, "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn of_bringing_back_what_was_deleted() {
    let calls = crash_everywhere(&scenarios::deleted().await).await;
    assert!(calls > 8, "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn of_pruning() {
    let calls = crash_everywhere(&scenarios::prune().await).await;
    assert!(calls > 8, "{calls} calls");
}
