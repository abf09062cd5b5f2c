//! What people do to whole objects, and to what kmax writes down for itself.

use std::collections::BTreeSet;

use kmax_cloud::{Request, ops};
use kmax_model::{Action, Address, LaunchSource, Owner, Reason, TemplateRef};
use kmax_planner::{Finding, drift};

use crate::harness::{Engine, TWO_POOLS, lines};
use crate::scenarios::{self, ONE_POOL};

const NAME: &str = "dsp-8c64g-kmax";
const GROUP: &str = "auto_scaling_group.dsp-8c64g-kmax";
const TEMPLATE: &str = "launch_template.dsp-8c64g-kmax";

async fn living() -> Engine {
    let engine = Engine::new(ONE_POOL).await;
    engine.converge().await;
    engine
}

fn unset(engine: &Engine, path: &str) {
    engine.port.with(|sandbox| sandbox.unset(path)).unwrap().unwrap();
}

/// What drift says, one object a line.
async fn drifted(engine: &Engine) -> Vec<String> {
    let report = drift(&engine.plan().await);
    let line = |item: &kmax_planner::DriftItem| match item.finding {
        Finding::Deleted => format!("{} deleted", item.address),
        Finding::Changed => {
            let fields: Vec<&str> = item.fields.iter().map(|f| f.path.as_str()).collect();
            format!("{}: {}", item.address, fields.join(", "))
        }
    };
    let mut lines: Vec<String> = report.items.iter().map(line).collect();
    lines.sort();
    lines
}

/// Demands that an apply brings back what was there, nodes and ids aside.
async fn comes_back(engine: &Engine, before: &crate::account::Account) {
    engine.converge().await;
    engine.assert_converged().await;
    assert_eq!(engine.account().meaning(), before.meaning());
    engine.scale(NAME, 2);
    assert_eq!(engine.group(NAME).instances.len(), 2, "new nodes can be launched");
    engine.assert_converged().await;
}

#[tokio::test(start_paused = true)]
async fn a_deleted_group_is_made_again() {
    let engine = living().await;
    let before = engine.account();
    scenarios::remove(&engine, &Address::auto_scaling_group(NAME));
    assert_eq!(drifted(&engine).await, [format!("{GROUP} deleted")]);
    let plan = engine.plan().await;
    assert_eq!(plan.changes.len(), 1, "the template is as it was: {:?}", lines(&plan));
    comes_back(&engine, &before).await;
}

#[tokio::test(start_paused = true)]
async fn a_deleted_template_is_made_again() {
    let engine = living().await;
    let before = engine.account();
    scenarios::remove(&engine, &Address::launch_template(NAME));
    let said = drifted(&engine).await;
    assert_eq!(said, [format!("{GROUP}: launch_template.version"), format!("{TEMPLATE} deleted")]);
    comes_back(&engine, &before).await;
}

#[tokio::test(start_paused = true)]
async fn a_template_deleted_and_made_anew_by_hand_is_ours_again() {
    let engine = living().await;
    let before = engine.account();
    let old = before.template(NAME);
    scenarios::remove(&engine, &Address::launch_template(NAME));
    let input = ops::CreateLaunchTemplate {
        name: NAME.to_owned(),
        description: old.versions[&1].description.clone(),
        data: old.versions[&1].data.clone(),
        ..Default::default()
    };
    engine.port.with(|s| s.call(&Request::CreateLaunchTemplate(input))).unwrap().unwrap();
    let said = drifted(&engine).await;
    let tags = Owner::tag_keys().map(|key| format!("tags.{key}"));
    let mut tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    tags.sort_unstable();
    assert_eq!(
        said,
        [format!("{GROUP}: launch_template.version"), format!("{TEMPLATE}: {}", tags.join(", "))]
    );
    comes_back(&engine, &before).await;
}

#[tokio::test(start_paused = true)]
async fn a_pool_deleted_as_a_whole_is_new() {
    let engine = living().await;
    let before = engine.account();
    scenarios::remove(&engine, &Address::auto_scaling_group(NAME));
    scenarios::remove(&engine, &Address::launch_template(NAME));
    let plan = engine.plan().await;
    assert_eq!(plan.count(Action::Create), 2);
    assert!(plan.changes.iter().all(|change| change.reason == Reason::New));
    comes_back(&engine, &before).await;
}

#[tokio::test(start_paused = true)]
async fn ownership_that_was_taken_away_comes_back() {
    let all: BTreeSet<&str> = Owner::tag_keys().into();
    for object in [GROUP, TEMPLATE] {
        let engine = living().await;
        let before = engine.account();
        for key in &all {
            unset(&engine, &format!("{object}.tags.{key}"));
        }
        let tags: Vec<String> = all.iter().map(|key| format!("tags.{key}")).collect();
        assert_eq!(drifted(&engine).await, [format!("{object}: {}", tags.join(", "))]);
        comes_back(&engine, &before).await;
    }
    // Without any tag on either there is no telling whose they are.
    let engine = living().await;
    for object in [GROUP, TEMPLATE] {
        for key in &all {
            unset(&engine, &format!("{object}.tags.{key}"));
        }
    }
    let plan = engine.plan().await;
    assert_eq!(plan.changes, []);
    assert!(plan.refusals.iter().all(|refusal| refusal.rule == "foreign"));
    assert_eq!(plan.refusals.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_pinned_version_that_was_deleted_is_made_again() {
    let engine = living().await;
    let before = engine.account();
    // A person's own becomes the default, and kmax's is deleted under the group.
    engine.tamper(&format!("{TEMPLATE}.metadata.hop_limit=5"));
    let template_id = engine.account().template(NAME).template.id.clone();
    let input = ops::DeleteLaunchTemplateVersions { template_id, versions: vec![1] };
    engine.port.with(|s| s.call(&Request::DeleteLaunchTemplateVersions(input))).unwrap().unwrap();
    assert!(!drifted(&engine).await.is_empty());
    engine.converge().await;
    engine.assert_converged().await;
    assert_eq!(engine.account().launched(NAME), before.launched(NAME));
    engine.scale(NAME, 1);
    assert_eq!(engine.group(NAME).instances.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_mark_of_an_apply_that_nobody_runs_is_taken_off() {
    let engine = living().await;
    engine.tamper(&format!("{GROUP}.tags.kmax:applying=sha256:0"));
    let plan = engine.plan().await;
    assert_eq!(lines(&plan), [format!("update {GROUP}: tags.kmax:applying (unknown)")]);
    engine.converge().await;
    engine.assert_converged().await;
}

#[tokio::test(start_paused = true)]
async fn a_config_that_takes_over_what_a_hand_did_leaves_nothing_to_do_but_to_record_it() {
    let mut engine = living().await;
    engine.tamper(&format!("{GROUP}.max=75"));
    engine.reconfigure(&ONE_POOL.replace("max = 60", "max = 75")).await;
    let plan = engine.plan().await;
    assert_eq!(lines(&plan), [format!("update {GROUP}: tags.kmax:applied (config)")]);
    assert!(drift(&plan).is_empty());
    engine.converge().await;
    engine.assert_converged().await;
}

#[tokio::test(start_paused = true)]
async fn there_and_back_again_is_no_old_answer() {
    let mut engine = living().await;
    let first = engine.account().launched(NAME).clone();
    let other = ONE_POOL.replace("max = 60", "max = 60, volume = { size_gib = 200 }");
    for _ in 0..3 {
        engine.reconfigure(&other).await;
        engine.converge().await;
        engine.assert_converged().await;
        assert_ne!(*engine.account().launched(NAME), first);
        engine.reconfigure(ONE_POOL).await;
        engine.converge().await;
        engine.assert_converged().await;
        assert_eq!(*engine.account().launched(NAME), first);
    }
}

#[tokio::test(start_paused = true)]
async fn one_pool_alone_can_be_planned() {
    let mut engine = scenarios::living().await;
    engine.tamper("auto_scaling_group.adn-small-kmax.max=9");
    engine.tamper(&format!("{GROUP}.max=9"));
    engine.options.pools = BTreeSet::from(["adn/small".parse().unwrap()]);
    let plan = engine.converge().await;
    assert_eq!(lines(&plan), ["update auto_scaling_group.adn-small-kmax: max_size (drift)"]);
    assert_eq!(engine.group(NAME).max_size, 9, "the other one is left alone");
    engine.reconfigure(&TWO_POOLS.replace("8c64g = { max = 60 }", "")).await;
    assert_eq!(engine.plan().await.changes, [], "nor is it removed");
    engine.options.pools = BTreeSet::from(["adn/smal".parse().unwrap()]);
    let plan = engine.plan().await;
    assert_eq!(plan.refusals[0].rule, "unknown-pool");
}

/// A group takes 50 tags; those that go must make room before others come.
#[tokio::test(start_paused = true)]
async fn tags_are_exchanged_on_a_group_that_is_full() {
    let tagged = |key: &str| {
        let tags: Vec<String> = (0..6).map(|n| format!("{key}{n} = \"1\"")).collect();
        ONE_POOL.replace("cost-center = \"1001\"", &tags.join(", "))
    };
    let mut engine = Engine::new(&tagged("a")).await;
    engine.converge().await;
    for n in engine.group(NAME).tags.len()..49 {
        engine.tamper(&format!("{GROUP}.tags.mine{n}=1"));
    }
    assert_eq!(engine.group(NAME).tags.len(), 49, "and one for the mark of an apply");
    engine.reconfigure(&tagged("b")).await;
    engine.converge().await;
    engine.assert_converged().await;
}

/// A group that a hand took its mix from buys on demand, so giving a spot pool its mix back replaces
/// nodes, and the guard has a say.
#[tokio::test(start_paused = true)]
async fn a_group_without_its_mix_is_mended_within_the_guards() {
    let mut engine = scenarios::living().await;
    engine.port.with(|s| s.create_plain_pool("somebodys", "c5.large", 0)).unwrap().unwrap();
    engine.scale("adn-small-kmax", 2);
    let id = engine.account().template("somebodys").template.id.clone();
    for name in [NAME, "adn-small-kmax"] {
        let plain = TemplateRef { id: id.clone(), version: "1".to_owned(), ..Default::default() };
        let launch = Some(LaunchSource::Template(plain));
        let name = name.to_owned();
        let input = ops::UpdateAutoScalingGroup { name, launch, ..Default::default() };
        engine.port.with(|s| s.call(&Request::UpdateAutoScalingGroup(input))).unwrap().unwrap();
    }
    let plan = engine.plan().await;
    assert_eq!((plan.impact().replaces, plan.impact().terminates), (4, 0));
    assert!(plan.changes.iter().all(|change| change.reason == Reason::Drift), "{:?}", lines(&plan));
    let rules: Vec<&str> = plan.refusals.iter().map(|refusal| refusal.rule.as_str()).collect();
    assert_eq!(rules, ["nodes_terminated"]);
    engine.options.allow.insert("nodes_terminated".to_owned(), 4);
    engine.converge().await;
    engine.assert_converged().await;
}
