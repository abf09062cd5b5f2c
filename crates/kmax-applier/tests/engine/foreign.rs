//! What is not ours is not touched; what kmax must not do is refused.

use std::collections::{BTreeMap, BTreeSet};

use kmax_applier::LOCK_TTL;
use kmax_cloud::{Request, ops};
use kmax_model::{
    AutoScalingGroup, GroupTag, LaunchSource, MixedInstancesPolicy, Override, Owner, Plan, PoolId,
    TemplateData, TemplateRef, TemplateState,
};
use kmax_planner::drift;
use kmax_sandbox::{Fault, FaultKind};

use crate::account::Account;
use crate::harness::{Engine, TWO_POOLS, lines};
use crate::scenarios::{self, ONE_POOL};

const GROUP: &str = "auto_scaling_group.dsp-8c64g-kmax";

fn call(engine: &Engine, request: &Request) {
    engine.port.with(|sandbox| sandbox.call(request)).unwrap().unwrap();
}

/// Makes a template and a group as another kmax, or something else with tags, would.
fn make_tagged(engine: &Engine, name: &str, tags: &BTreeMap<String, String>) {
    let made = engine.port.with(|s| s.create_plain_pool(name, "c5.large", 1)).unwrap();
    made.unwrap();
    if tags.is_empty() {
        return;
    }
    let id = engine.account().template(name).template.id.clone();
    call(engine, &Request::CreateTags(ops::CreateTags { resource: id, tags: tags.clone() }));
    let tag = |value: &String| GroupTag { value: value.clone(), propagate_at_launch: false };
    let tags = tags.iter().map(|(key, value)| (key.clone(), tag(value))).collect();
    let input = ops::CreateOrUpdateTags { group: name.to_owned(), tags };
    call(engine, &Request::CreateOrUpdateTags(input));
}

/// Has a group launch from a template, as its owner in the console would.
fn pin(engine: &Engine, group: &str, template: &str, version: &str) {
    let state = engine.account().template(template).clone();
    let template = TemplateRef {
        id: state.template.id,
        name: template.to_owned(),
        version: version.to_owned(),
    };
    let policy = MixedInstancesPolicy {
        template,
        overrides: vec![Override::of_type("c5.large")],
        ..MixedInstancesPolicy::default()
    };
    let launch = Some(LaunchSource::Mixed(policy));
    let name = group.to_owned();
    let input = ops::UpdateAutoScalingGroup { name, launch, ..Default::default() };
    call(engine, &Request::UpdateAutoScalingGroup(input));
}

fn owned_by(cluster: &str, stack: &str, pool: (&str, &str)) -> BTreeMap<String, String> {
    let pool = PoolId::new(pool.0, pool.1);
    Owner { cluster: cluster.to_owned(), stack: stack.to_owned(), pool }.tags()
}

/// Puts into the account what belongs to others.
fn make_foreign(engine: &Engine) {
    make_tagged(engine, "somebodys", &BTreeMap::new());
    make_tagged(engine, "dsp-8c64g", &BTreeMap::new());
    make_tagged(engine, "dsp-8c64g-kmax-old", &BTreeMap::new());
    make_tagged(engine, "dsp-8c64g-other", &owned_by("other", "main", ("dsp", "8c64g")));
    make_tagged(engine, "dsp-large-kmax", &owned_by("adx-prod", "batch", ("dsp", "large")));
    let half = BTreeMap::from([(Owner::cluster_tag().to_owned(), "adx-prod".to_owned())]);
    make_tagged(engine, "half-ours", &half);
    let eks = BTreeMap::from([
        ("eks:nodegroup-name".to_owned(), "kmax-example-group".to_owned()),
        ("eks:cluster-name".to_owned(), "adx-prod".to_owned()),
        ("k8s.io/cluster-autoscaler/enabled".to_owned(), "true".to_owned()),
        ("k8s.io/cluster-autoscaler/adx-prod".to_owned(), "owned".to_owned()),
    ]);
    make_tagged(engine, "eks-kmax-example-group-0acb1234", &eks);
    // An apply of another stack is under way.
    let input = ops::CreateLaunchTemplate {
        name: "kmax-lock/adx-prod/batch".to_owned(),
        data: TemplateData { image_id: Some("ami-1".to_owned()), ..TemplateData::default() },
        tags: BTreeMap::from([("kmax:lock".to_owned(), "adx-prod/batch".to_owned())]),
        ..ops::CreateLaunchTemplate::default()
    };
    call(engine, &Request::CreateLaunchTemplate(input));
    let foreign = foreign(engine);
    assert_eq!((foreign.groups.len(), foreign.templates.len()), (7, 8));
}

/// Returns everything that is not of this stack.
fn foreign(engine: &Engine) -> Account {
    let mut account = engine.account();
    let ours = ["dsp-8c64g-kmax", "adn-small-kmax", "kmax-lock/adx-prod/main"];
    account.groups.retain(|name, _| !ours.contains(&name.as_str()));
    account.templates.retain(|name, _| !ours.contains(&name.as_str()));
    account
}

fn bytes(account: &Account) -> String {
    let Account { groups, templates } = account;
    serde_json::to_string(&(groups, templates)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_foreign_stays_byte_for_byte() {
    let bases = [
        scenarios::create().await,
        scenarios::update().await,
        scenarios::delete().await,
        scenarios::adopt().await,
        scenarios::mend().await,
        scenarios::deleted().await,
        scenarios::prune().await,
    ];
    for (index, base) in bases.iter().enumerate() {
        let bare = base.fork().converge().await;
        make_foreign(base);
        let before = bytes(&foreign(base));
        let engine = base.fork();
        let plan = engine.plan().await;
        assert_eq!(lines(&plan), lines(&bare), "{index}: others are no part of the plan");
        let port = engine.port.sibling();
        let report = engine.apply_plan(&port, &plan).await.unwrap();
        assert_eq!(report.done(), plan.changes.len());
        assert_eq!(bytes(&foreign(&engine)), before, "{index}");
        engine.assert_converged().await;
        for n in 1..=u32::try_from(port.calls().len()).unwrap() {
            let engine = base.fork();
            let fault = Fault::new(FaultKind::Crash { done: true }).nth(n);
            let port = engine.port.sibling().with_faults([fault]);
            let _ = engine.apply_plan(&port, &plan).await;
            assert_eq!(bytes(&foreign(&engine)), before, "{index}, crash at call {n}");
            engine.clock.advance(LOCK_TTL + 1);
            engine.converge().await;
            assert_eq!(bytes(&foreign(&engine)), before, "{index}, after the crash at call {n}");
        }
    }
}

fn rules(plan: &Plan) -> Vec<(String, Option<String>)> {
    plan.refusals.iter().map(|r| (r.rule.clone(), r.address.clone())).collect()
}

fn refused(plan: &Plan) -> BTreeSet<&str> {
    plan.refusals.iter().map(|refusal| refusal.rule.as_str()).collect()
}

fn is_about(plan: &Plan, name: &str) -> bool {
    plan.changes.iter().any(|change| change.address.name == name)
}

#[tokio::test(start_paused = true)]
async fn a_foreign_object_of_a_pools_name_is_refused() {
    let engine = scenarios::create().await;
    let made = engine.port.with(|s| s.create_plain_pool("adn-small-kmax", "c5.large", 2));
    made.unwrap().unwrap();
    let plan = engine.plan().await;
    let of = |kind: &str| ("foreign".to_owned(), Some(format!("{kind}.adn-small-kmax")));
    assert_eq!(rules(&plan), [of("auto_scaling_group"), of("launch_template")]);
    assert!(plan.refusals.iter().all(|r| r.hint.as_ref().unwrap().contains("adopt = true")));
    assert!(!is_about(&plan, "adn-small-kmax") && is_about(&plan, "dsp-8c64g-kmax"));
}

#[tokio::test(start_paused = true)]
async fn another_owners_object_is_never_taken() {
    for (cluster, stack) in [("other", "main"), ("adx-prod", "batch")] {
        for body in [TWO_POOLS.to_owned(), TWO_POOLS.replace("max = 10", "max = 10, adopt = true")]
        {
            let engine = Engine::new(&body).await;
            make_tagged(&engine, "adn-small-kmax", &owned_by(cluster, stack, ("adn", "small")));
            let plan = engine.plan().await;
            assert_eq!(refused(&plan), ["other-owner"].into());
            let message = &plan.refusals[0].message;
            assert!(message.contains(cluster) && message.contains(stack), "{message}");
            assert!(!is_about(&plan, "adn-small-kmax"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn adoption_keeps_every_node() {
    let engine = scenarios::adopt().await;
    let before = engine.group("adn-small-kmax");
    let plan = engine.converge().await;
    assert_eq!((plan.impact().terminates, plan.impact().replaces), (0, 0));
    engine.assert_converged().await;
    let after = engine.group("adn-small-kmax");
    assert_eq!(after.instances, before.instances);
    assert!(matches!(after.launch, LaunchSource::Mixed(_)));
    // What was adopted stays ours when the config says no more of it.
    let mut engine = engine;
    engine.reconfigure(TWO_POOLS).await;
    engine.converge().await;
    engine.assert_converged().await;
}

#[tokio::test(start_paused = true)]
async fn adoption_that_would_replace_nodes_is_refused() {
    for (instance_type, capacity_type, word) in
        [("m5.large", "ondemand", "m5.large"), ("c5.large", "spot", "on-demand")]
    {
        let pool = format!(
            "[teams.adn.pools]\nsmall = {{ capacity_type = \"{capacity_type}\", max = 10, adopt = true }}\n"
        );
        let engine = Engine::new(&pool).await;
        let made = engine.port.with(|s| s.create_plain_pool("adn-small-kmax", instance_type, 2));
        made.unwrap().unwrap();
        let plan = engine.plan().await;
        assert_eq!(refused(&plan), ["adopt-replaces-nodes"].into());
        assert_eq!(plan.refusals.len(), 2, "each node is named");
        assert!(plan.refusals.iter().all(|r| r.message.contains(word)), "{:?}", plan.refusals);
        assert_eq!(plan.changes, []);
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_being_deleted_is_waited_for() {
    let engine = scenarios::create().await;
    engine.converge().await;
    engine.port.with(|sandbox| sandbox.set_delay(50)).unwrap();
    let input = ops::DeleteAutoScalingGroup { name: "adn-small-kmax".to_owned() };
    call(&engine, &Request::DeleteAutoScalingGroup(input));
    let plan = engine.plan().await;
    let address = Some("auto_scaling_group.adn-small-kmax".to_owned());
    assert_eq!(rules(&plan), [("being-deleted".to_owned(), address)]);
    assert!(!is_about(&plan, "adn-small-kmax"));
    engine.port.with(|sandbox| sandbox.set_delay(0)).unwrap();
    engine.converge().await;
    engine.assert_converged().await;
}

#[tokio::test(start_paused = true)]
async fn a_template_of_two_groups_is_drift_that_names_both() {
    let engine = scenarios::create().await;
    make_tagged(&engine, "somebodys", &BTreeMap::new());
    engine.converge().await;
    pin(&engine, "somebodys", "dsp-8c64g-kmax", "$Default");
    let plan = engine.plan().await;
    assert_eq!(plan.changes, [], "the group is another's: nothing is done to it");
    let report = drift(&plan);
    assert!(!report.is_empty());
    let [notice] = report.notices.as_slice() else { panic!("{:?}", report.notices) };
    assert_eq!(notice.rule, "shared-template");
    assert!(notice.message.contains("somebodys") && notice.message.contains("dsp-8c64g-kmax"));
    // Nor is the template removed under that group.
    let mut engine = engine;
    let without = TWO_POOLS.replace("8c64g = { max = 60 }", "");
    engine.reconfigure(&without).await;
    assert!(refused(&engine.plan().await).contains("template-in-use"));
}

#[tokio::test(start_paused = true)]
async fn one_of_ours_on_anothers_template_is_mended() {
    let engine = scenarios::create().await;
    engine.converge().await;
    engine.tamper(&format!("{GROUP}.launch_template.name=adn-small-kmax"));
    let plan = engine.plan().await;
    assert_eq!(lines(&plan), [format!("update {GROUP}: launch_template.name (drift)")]);
    assert_eq!(drift(&plan).notices.len(), 1, "and the template is shared until then");
    engine.converge().await;
    engine.assert_converged().await;
}

#[tokio::test(start_paused = true)]
async fn guards_bound_what_goes() {
    let three = "[teams.dsp.pools]\na = { spec = \"small\" }\nb = { spec = \"small\" }\nc = { spec = \"small\" }\n";
    let mut engine = Engine::new(three).await;
    engine.converge().await;
    engine.reconfigure("[teams.dsp.pools]\na = { spec = \"small\" }\n").await;
    let plan = engine.plan().await;
    assert_eq!(refused(&plan), ["pools_destroyed"].into());
    engine.options.allow.insert("pools_destroyed".to_owned(), 2);
    engine.converge().await;
    engine.assert_converged().await;
    let bound = "[guards]\npools_destroyed = 0\n[teams.dsp.pools]\n";
    engine.options.allow.clear();
    engine.reconfigure(bound).await;
    assert_eq!(refused(&engine.plan().await), ["pools_destroyed"].into());
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_drain_is_refused_also_where_it_is_allowed() {
    let mut engine = scenarios::living().await;
    engine.options.allow.insert("nodes_terminated".to_owned(), 100);
    engine.reconfigure(&TWO_POOLS.replace("max = 60", "max = 3")).await;
    let plan = engine.plan().await;
    assert_eq!(rules(&plan), [("needs-drain".to_owned(), Some(GROUP.to_owned()))]);
    assert_eq!(plan.impact().terminates, 1);
    engine.reconfigure(&TWO_POOLS.replace("8c64g = { max = 60 }", "")).await;
    let plan = engine.plan().await;
    assert_eq!(rules(&plan), [("needs-drain".to_owned(), Some(GROUP.to_owned()))]);
    assert_eq!(plan.impact().terminates, 4);
    // An apply that tries all the same is stopped by what it reads itself.
    let report = engine.apply_plan(&engine.port.sibling(), &plan).await.unwrap();
    assert_eq!((report.done(), report.failed(), report.skipped()), (0, 1, 1), "{report:#?}");
    assert_eq!(engine.group("dsp-8c64g-kmax").instances.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn capacity_type_and_arch_are_fixed_for_life() {
    let mut engine = scenarios::living().await;
    let other = TWO_POOLS.replace("max = 60", "max = 60, capacity_type = \"ondemand\"");
    engine.reconfigure(&other).await;
    let plan = engine.plan().await;
    assert_eq!(rules(&plan), [("fixed-capacity-type".to_owned(), Some(GROUP.to_owned()))]);
    assert_eq!(plan.changes, []);
    engine.reconfigure(&TWO_POOLS.replace("max = 60", "max = 60, arch = \"arm64\"")).await;
    let plan = engine.plan().await;
    assert_eq!(rules(&plan), [("fixed-arch".to_owned(), Some(GROUP.to_owned()))]);
    assert_eq!(plan.changes, []);
    // Also where the record of the last apply is gone, as far as the group itself tells.
    let path = format!("{GROUP}.tags.kmax:applied");
    engine.port.with(|sandbox| sandbox.unset(&path)).unwrap().unwrap();
    engine.reconfigure(&other).await;
    assert!(refused(&engine.plan().await).contains("fixed-capacity-type"));
}

#[tokio::test(start_paused = true)]
async fn what_lost_its_tags_is_not_removed() {
    let mut engine = scenarios::create().await;
    engine.converge().await;
    for key in Owner::tag_keys() {
        let path = format!("{GROUP}.tags.{key}");
        engine.port.with(|sandbox| sandbox.unset(&path)).unwrap().unwrap();
    }
    // While the config has the pool, the tags come back.
    let named: Vec<String> = drift(&engine.plan().await).items[0]
        .fields
        .iter()
        .map(|field| field.path.clone())
        .collect();
    assert_eq!(named, ["tags.kmax:cluster", "tags.kmax:pool", "tags.kmax:stack"]);
    engine.reconfigure(&TWO_POOLS.replace("8c64g = { max = 60 }", "")).await;
    let plan = engine.plan().await;
    assert_eq!(refused(&plan), ["ownership-lost"].into());
    assert!(!is_about(&plan, "dsp-8c64g-kmax"));
    engine.reconfigure(TWO_POOLS).await;
    engine.converge().await;
    engine.assert_converged().await;
}

fn numbers(state: &TemplateState) -> Vec<u64> {
    state.versions.keys().copied().collect()
}

fn pinned(group: &AutoScalingGroup) -> u64 {
    group.launch.template().and_then(kmax_model::TemplateRef::number).unwrap()
}

/// Makes the pool's template anew so many times.
async fn make_versions(engine: &mut Engine, sizes: std::ops::Range<u32>) {
    for size in sizes {
        let volume = format!("max = 60, volume = {{ size_gib = {size} }}");
        engine.reconfigure(&ONE_POOL.replace("max = 60", &volume)).await;
        engine.converge().await;
    }
}

#[tokio::test(start_paused = true)]
async fn old_versions_are_pruned_but_for_those_that_something_needs() {
    let mut engine = Engine::new(ONE_POOL).await;
    make_versions(&mut engine, 101..103).await;
    // A node lives of version 2.
    engine.scale("dsp-8c64g-kmax", 1);
    let id = engine.account().template("dsp-8c64g-kmax").template.id.clone();
    make_versions(&mut engine, 103..104).await;
    // A person's own, which is no version of kmax's: 4.
    let own =
        engine.port.with(|s| s.make_version("dsp-8c64g-kmax", "metadata.hop_limit", "5", false));
    assert_eq!(own.unwrap().unwrap(), 4);
    make_versions(&mut engine, 105..106).await;
    // Another group pins version 5.
    make_tagged(&engine, "somebodys", &BTreeMap::new());
    pin(&engine, "somebodys", "dsp-8c64g-kmax", "5");
    make_versions(&mut engine, 107..117).await;
    let state = engine.account().template("dsp-8c64g-kmax").clone();
    assert_eq!(state.template.id, id);
    assert_eq!(pinned(&engine.group("dsp-8c64g-kmax")), 15);
    assert_eq!(state.template.default_version, 15);
    assert_eq!(numbers(&state), [2, 4, 5, 10, 11, 12, 13, 14, 15]);
    // Once nothing needs them any more, they go as well.
    engine.scale("dsp-8c64g-kmax", 0);
    pin(&engine, "somebodys", "somebodys", "1");
    make_versions(&mut engine, 120..121).await;
    let state = engine.account().template("dsp-8c64g-kmax").clone();
    assert_eq!(numbers(&state), [4, 11, 12, 13, 14, 15, 16]);
}
