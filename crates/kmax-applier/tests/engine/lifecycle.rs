//! A pool's life: made, changed, tampered with, mended, removed.

use kmax_model::{Impact, Reason};
use kmax_planner::{LockRequest, drift};
use kmax_sandbox::Sandbox;

use crate::harness::{Engine, TWO_POOLS, lines};

#[tokio::test(start_paused = true)]
async fn from_nothing_to_an_empty_plan() {
    let engine = Engine::new(TWO_POOLS).await;
    let plan = engine.converge().await;
    assert_eq!(plan.changes.len(), 4);
    engine.assert_converged().await;
    let group = engine.group("dsp-8c64g-kmax");
    assert_eq!((group.min_size, group.max_size), (0, 60));
    assert!(!group.tags.contains_key("kmax:applying"));
    assert!(group.suspended_processes.contains("AZRebalance"));
}

#[tokio::test(start_paused = true)]
async fn a_changed_max_is_one_field() {
    let mut engine = Engine::new(TWO_POOLS).await;
    engine.converge().await;
    engine.reconfigure(&TWO_POOLS.replace("max = 60", "max = 70")).await;
    let plan = engine.converge().await;
    assert_eq!(lines(&plan), ["update auto_scaling_group.dsp-8c64g-kmax: max_size (config)"]);
    engine.assert_converged().await;
}

#[tokio::test(start_paused = true)]
async fn a_hand_is_named_and_mended() {
    let engine = Engine::new(TWO_POOLS).await;
    engine.converge().await;
    engine.tamper("auto_scaling_group.dsp-8c64g-kmax.max=7");
    let plan = engine.plan().await;
    assert_eq!(lines(&plan), ["update auto_scaling_group.dsp-8c64g-kmax: max_size (drift)"]);
    let report = drift(&plan);
    assert_eq!(report.items.len(), 1);
    engine.converge().await;
    engine.assert_converged().await;
}

#[tokio::test(start_paused = true)]
async fn config_and_hand_are_told_apart() {
    let mut engine = Engine::new(TWO_POOLS).await;
    engine.converge().await;
    engine.tamper("auto_scaling_group.dsp-8c64g-kmax.max=7");
    engine.reconfigure(&TWO_POOLS.replace("max = 60", "max = 70")).await;
    let plan = engine.plan().await;
    let field = &plan.changes[0].fields[0];
    assert_eq!(field.reason, Reason::ConfigAndDrift);
    assert_eq!(
        (&field.before, field.base.as_ref(), &field.after),
        (&7.into(), Some(&60.into()), &70.into())
    );
    engine.converge().await;
    engine.assert_converged().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_image_is_an_upgrade_that_leaves_nodes_alone() {
    let mut engine = Engine::new(TWO_POOLS).await;
    engine.converge().await;
    engine.scale("dsp-8c64g-kmax", 12);
    engine.assert_converged().await;
    engine.port.with(Sandbox::release_amis).unwrap().unwrap();
    engine.relock(&LockRequest::UpgradeAll).await;
    let plan = engine.converge().await;
    assert!(
        plan.changes.iter().all(|change| change.reason == Reason::Upgrade),
        "{:#?}",
        lines(&plan)
    );
    assert_eq!(plan.impact(), Impact { stays_old: 12, ..Impact::default() });
    assert_eq!(engine.group("dsp-8c64g-kmax").instances.len(), 12);
    engine.assert_converged().await;
}

#[tokio::test(start_paused = true)]
async fn a_pool_with_nodes_is_not_removed() {
    let mut engine = Engine::new(TWO_POOLS).await;
    engine.converge().await;
    engine.scale("adn-small-kmax", 2);
    let without =
        "[teams.dsp]\ntags = { cost-center = \"1001\" }\n[teams.dsp.pools]\n8c64g = { max = 60 }\n";
    engine.reconfigure(without).await;
    let rules = |plan: &kmax_model::Plan| -> Vec<String> {
        plan.refusals.iter().map(|refusal| refusal.rule.clone()).collect()
    };
    assert_eq!(rules(&engine.plan().await), ["nodes_terminated", "needs-drain"]);
    engine.scale("adn-small-kmax", 0);
    let plan = engine.converge().await;
    assert_eq!(plan.changes.len(), 2);
    engine.assert_converged().await;
    let groups = engine.port.with(|sandbox| sandbox.groups()).unwrap();
    assert_eq!(groups.len(), 1);
}
