//! Runs that are stopped: by Ctrl-C at every point, and by one crash after another.

use kmax_applier::LOCK_TTL;
use kmax_cloud::{Effect, Operation, Request};
use kmax_model::Outcome;
use kmax_sandbox::{Fault, FaultKind};

use crate::crash::assert_same;
use crate::harness::{Engine, TWO_POOLS};
use crate::ports::apply_around;
use crate::scenarios;

/// Ctrl-C: the calls in flight are finished, no other is begun, the lock is given back at once.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_goes_on_later() {
    let bases = [
        scenarios::create().await,
        scenarios::update().await,
        scenarios::delete().await,
        scenarios::adopt().await,
    ];
    for base in bases {
        let undisturbed = base.fork();
        let (plan, port) = (undisturbed.plan().await, undisturbed.port.sibling());
        undisturbed.apply_plan(&port, &plan).await.unwrap();
        let (wanted, calls) = (undisturbed.account().without_ids(), port.calls());
        for n in 2..calls.len() {
            let what = format!("before call {n} of {}", calls.len());
            let engine = base.fork();
            let port = engine.port.sibling();
            let cancels = async { engine.cancel.cancel() };
            let (report, ()) = apply_around(&engine, &port, &plan, n, cancels).await;
            let report = report.unwrap();
            assert!(report.cancelled, "{what}");
            for change in &report.changes {
                let is_fine = matches!(
                    change.outcome,
                    Outcome::Done | Outcome::Cancelled | Outcome::Skipped { .. }
                );
                assert!(is_fine, "{what}: {change:?}");
            }
            // As many calls as were in flight, and the lock.
            let later: Vec<Request> = port.calls().into_iter().skip(n + 1).collect();
            let writes = later.iter().filter(|r| r.operation().effect() == Effect::Write);
            let release = Operation::DeleteLaunchTemplate;
            assert!(writes.clone().all(|r| r.operation() == release), "{what}: {later:#?}");
            engine.clock.advance(1);
            let again = engine.fork();
            again.converge().await;
            again.assert_converged().await;
            assert_same(&again.account(), &wanted, &what);
        }
    }
}

/// A second crash while the first is being mended, at every pair of calls.
#[tokio::test(start_paused = true)]
async fn two_crashes_in_a_row_leave_nothing_behind() {
    let mut base = Engine::new("[teams.dsp.pools]\n8c64g = { max = 60 }\n").await;
    base.converge().await;
    base.reconfigure("[teams.dsp.pools]\n8c64g = { max = 70, volume = { size_gib = 200 } }\n")
        .await;
    let undisturbed = base.fork();
    let port = undisturbed.port.sibling();
    let plan = undisturbed.plan().await;
    undisturbed.apply_plan(&port, &plan).await.unwrap();
    let wanted = undisturbed.account().without_ids();
    let crash =
        |n: usize| Fault::new(FaultKind::Crash { done: true }).nth(u32::try_from(n).unwrap());
    let mut runs = 0;
    for first in 1..=port.calls().len() {
        let once = base.fork();
        let port = once.port.sibling().with_faults([crash(first)]);
        let _ = once.apply_plan(&port, &plan).await;
        once.clock.advance(LOCK_TTL + 1);
        for second in 1.. {
            let twice = once.fork();
            let plan = twice.plan().await;
            let port = twice.port.sibling().with_faults([crash(second)]);
            let _ = twice.apply_plan(&port, &plan).await;
            if !port.has_crashed() {
                break;
            }
            twice.clock.advance(LOCK_TTL + 1);
            twice.converge().await;
            twice.assert_converged().await;
            assert_same(&twice.account(), &wanted, &format!("crashes at {first} and {second}"));
            runs += 1;
        }
    }
    assert!(runs > 60, "{runs} runs");
}

/// Two stacks of one cluster have a lock each and never meet.
#[tokio::test(start_paused = true)]
async fn two_stacks_do_not_meet() {
    let mut base = scenarios::update().await;
    let stack = "[teams.etl.pools]\nsmall = { max = 5 }\n";
    let other = base.beside(stack).await;
    let mut other = other;
    other.config.cluster.stack = "batch".to_owned();
    assert_eq!(other.converge().await.changes.len(), 2, "it does not see the pools of main");
    base.reconfigure(&TWO_POOLS.replace("max = 60", "max = 61")).await;
    let plan = base.plan().await;
    assert!(plan.changes.iter().all(|change| change.pool.team != "etl"));
    let calls = {
        let alone = base.fork();
        let port = alone.port.sibling();
        alone.apply_plan(&port, &plan).await.unwrap();
        port.calls().len()
    };
    other.config.pools[0].max = 6;
    for n in 1..=calls {
        let one = base.fork();
        let mut two = one.beside(stack).await;
        two.config = other.config.clone();
        let works = async { two.converge().await.changes.len() };
        let (report, changes) = apply_around(&one, &one.port.sibling(), &plan, n, works).await;
        let report = report.unwrap();
        assert_eq!((report.done(), changes), (plan.changes.len(), 1), "before call {n}");
        one.assert_converged().await;
        two.assert_converged().await;
    }
}
