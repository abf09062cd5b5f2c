//! Convergence, field by field, driven by the list of fields itself.

use std::collections::{BTreeMap, BTreeSet};

use kmax_cloud::{Request, ops};
use kmax_model::fields::Fields;
use kmax_model::{
    AutoScalingGroup, BlockDevice, Distribution, FieldChange, GroupTag, GroupWork, MetadataOptions,
    Plan, Reason, TemplateData, TemplateWork, Work,
};
use kmax_planner::{LockRequest, drift};
use kmax_sandbox::{Sandbox, TamperError};
use serde_json::Value;

use crate::account::Account;
use crate::fields::{ByConfig, Case, Does, Hand, NAME, POOL, case_of, cases};
use crate::harness::{Engine, lines};

const VERSION: &str = "auto_scaling_group.launch_template.version";
const DEFAULT: &str = "launch_template.default_version";

/// A pool that lives, beside one that a person made.
pub(crate) async fn base() -> Engine {
    let engine = Engine::new(POOL).await;
    engine.port.with(|s| s.create_plain_pool("somebodys", "r5.2xlarge", 0)).unwrap().unwrap();
    engine.converge().await;
    engine.assert_converged().await;
    engine
}

/// Returns the fields of the pool's two objects, `KIND.PATH`.
fn fields_of(account: &Account) -> Fields {
    let under = |kind: &str, fields: Fields| -> Fields {
        fields.into_iter().map(|(path, value)| (format!("{kind}.{path}"), value)).collect()
    };
    let mut fields = under("launch_template", account.template(NAME).template.fields());
    fields.extend(under("auto_scaling_group", account.group(NAME).fields()));
    fields
}

fn keys<T: serde::Serialize>(value: &T) -> Vec<String> {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map.into_iter().map(|(key, _)| key).collect(),
        other => panic!("not an object: {other:?}"),
    }
}

/// Returns every path that a template or group has or could have: of what is wanted, of what lives,
/// and of the types themselves, so that also a field that no pool sets is among them.
fn all_paths(plan: &Plan, account: &Account) -> BTreeSet<String> {
    let mut paths: BTreeSet<String> = fields_of(account).into_keys().collect();
    let mut add = |kind: &str, fields: Vec<String>| {
        paths.extend(fields.into_iter().map(|path| format!("{kind}.{path}")));
    };
    add("launch_template", account.launched(NAME).fields().into_keys().collect());
    for change in &plan.changes {
        match &change.work {
            Work::Template(TemplateWork::Create { data, .. }) => {
                add("launch_template", data.fields().into_keys().collect());
            }
            Work::Group(work) => match &**work {
                GroupWork::Create { desired, .. } => {
                    add("auto_scaling_group", desired.fields().into_keys().collect());
                }
                GroupWork::Update { .. } | GroupWork::Delete => panic!("a new pool"),
            },
            Work::Template(TemplateWork::Update { .. } | TemplateWork::Delete { .. }) => {
                panic!("a new pool")
            }
        }
    }
    let within = |prefix: &str, keys: Vec<String>| -> Vec<String> {
        keys.into_iter().map(|key| format!("{prefix}.{key}")).collect()
    };
    let device = within("block_devices./dev/xvda", keys(&BlockDevice::default()));
    add("launch_template", device);
    add("launch_template", within("metadata", keys(&MetadataOptions::default())));
    add("auto_scaling_group", within("distribution", keys(&Distribution::default())));
    let leaves = |keys: Vec<String>, nested: &[&str]| -> Vec<String> {
        keys.into_iter().filter(|key| !nested.contains(&key.as_str())).collect()
    };
    let nested = ["block_devices", "metadata", "tags", "other"];
    add("launch_template", leaves(keys(&TemplateData::default()), &nested));
    let nested = ["launch", "suspended_processes", "tags"];
    add("auto_scaling_group", leaves(keys(&AutoScalingGroup::default()), &nested));
    paths
}

#[tokio::test(start_paused = true)]
async fn every_field_has_a_case() {
    let engine = Engine::new(POOL).await;
    let plan = engine.converge().await;
    let paths = all_paths(&plan, &engine.account());
    let without: Vec<&String> = paths.iter().filter(|path| case_of(path).is_none()).collect();
    assert!(without.is_empty(), "fields without a case in fields.rs: {without:#?}");
    for (path, case) in cases() {
        if let ByConfig::Cannot(why) = case.config {
            assert!(!why.is_empty(), "{path} says why the config can't change it");
        }
    }
    // What stands for no field that anything has is a case left over.
    let used: BTreeSet<String> = paths.iter().filter_map(|path| case_of(path)).collect();
    let open = |path: &str| path.ends_with(".other.*") || path.ends_with(".tags.*");
    let left: Vec<String> = cases()
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| !used.contains(path) && !open(path))
        .filter(|path| path != "auto_scaling_group.suspended_processes.*")
        .filter(|path| path != "auto_scaling_group.tags.k8s.io/cluster-autoscaler/*")
        .collect();
    assert!(left.is_empty(), "cases of no field: {left:#?}");
}

/// Changes the config as a case says.
pub(crate) async fn reconfigure(engine: &mut Engine, config: ByConfig) {
    match config {
        ByConfig::Edit(edits) => {
            let mut body = POOL.to_owned();
            for (from, to) in edits {
                assert!(body.contains(from), "the pool says {from}");
                body = body.replace(from, to);
            }
            engine.reconfigure(&body).await;
        }
        ByConfig::Release => {
            engine.port.with(Sandbox::release_amis).unwrap().unwrap();
            engine.relock(&LockRequest::UpgradeAll).await;
        }
        ByConfig::Cannot(why) => panic!("{why}"),
    }
}

fn changed(plan: &Plan) -> BTreeMap<String, &FieldChange> {
    let fields = plan.changes.iter().flat_map(|change| {
        let kind = change.address.kind;
        change.fields.iter().map(move |field| (format!("{kind}.{}", field.path), field))
    });
    fields.collect()
}

fn is_of(path: &str, field: &str) -> bool {
    match path.strip_suffix('*') {
        Some(prefix) => field.starts_with(prefix),
        None => field == path,
    }
}

#[tokio::test(start_paused = true)]
async fn the_config_changes_a_field() {
    let base = base().await;
    for (path, case) in cases() {
        if let ByConfig::Cannot(_) = case.config {
            continue;
        }
        let mut engine = base.fork();
        let before = engine.account();
        reconfigure(&mut engine, case.config).await;
        let plan = engine.plan().await;
        let changes = changed(&plan);
        let change = changes.iter().find(|(field, _)| is_of(&path, field));
        let (field, change) = change.unwrap_or_else(|| panic!("{path} is no change"));
        let reason = match case.config {
            ByConfig::Release => Reason::Upgrade,
            ByConfig::Edit(_) | ByConfig::Cannot(_) => Reason::Config,
        };
        assert_eq!(change.reason, reason, "{path}: {field}");
        assert!(drift(&plan).is_empty(), "{path} is nobody's hand: {:?}", lines(&plan));
        let digest = engine.converge().await.digest;
        assert_eq!(digest, plan.digest, "{path}: the same plan twice");
        engine.assert_converged().await;
        assert_ne!(engine.account().meaning(), before.meaning(), "{path}: it lives");
    }
}

/// Does what a hand does. `is_pinned` says whether a version of one's own is pinned or made the
/// default.
pub(crate) fn act(engine: &Engine, does: Does, is_pinned: bool) -> Result<(), TamperError> {
    let full = |path: &str| {
        let (kind, field) = path.split_once('.').expect("a kind and a field");
        format!("{kind}.{NAME}.{field}")
    };
    let act = |sandbox: &mut Sandbox| match does {
        Does::Set(path, value) => sandbox.set(&full(path), value),
        Does::Unset(path) => sandbox.unset(&full(path)),
        Does::Own(field, value) => {
            let number = sandbox.make_version(NAME, field, value, !is_pinned)?;
            if is_pinned {
                let path = format!("auto_scaling_group.{NAME}.launch_template.version");
                sandbox.set(&path, &number.to_string())?;
            }
            Ok(())
        }
        Does::Propagate(key) => {
            let tag = sandbox.groups()[NAME].tags.get(key).cloned();
            let value = tag.unwrap_or_default().value;
            let tag = GroupTag { value, propagate_at_launch: true };
            let tags = BTreeMap::from([(key.to_owned(), tag)]);
            let input = ops::CreateOrUpdateTags { group: NAME.to_owned(), tags };
            sandbox.call(&Request::CreateOrUpdateTags(input)).unwrap();
            Ok(())
        }
        Does::EndNode => {
            sandbox.scale(NAME, 1)?;
            let id = sandbox.groups()[NAME].instances[0].id.clone();
            sandbox.terminate(&id)
        }
    };
    engine.port.with(act).unwrap()
}

/// Every hand of a case, with the fields that drift has to name.
fn hands(case: &Case) -> Vec<(Hand, bool, BTreeSet<String>)> {
    let mut hands = Vec::new();
    for hand in case.hands {
        let names = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
        if let Does::Own(..) = hand.does {
            hands.push((*hand, false, names(&[DEFAULT])));
            hands.push((*hand, true, names(&[VERSION])));
        } else {
            hands.push((*hand, false, names(hand.names)));
        }
    }
    hands
}

/// Fields of which the cloud holds what was last applied only as a hash.
fn is_hashed(path: &str) -> bool {
    let path = path.strip_prefix("auto_scaling_group.").unwrap_or_default();
    path == "subnets"
        || path == "instance_types"
        || path.starts_with("tags.k8s.io/cluster-autoscaler/node-template/")
}

#[tokio::test(start_paused = true)]
async fn a_hand_is_drift_of_that_field_alone() {
    let base = base().await;
    let before = base.account();
    for (path, case) in cases() {
        for (hand, is_pinned, names) in hands(case) {
            let what = format!("{path}: {:?}", hand.does);
            let engine = base.fork();
            act(&engine, hand.does, is_pinned).expect(&what);
            let touched = engine.account();
            let plan = engine.plan().await;
            let items = drift(&plan).items;
            let named: BTreeSet<String> = items
                .iter()
                .flat_map(|item| {
                    item.fields.iter().map(|f| format!("{}.{}", item.address.kind, f.path))
                })
                .collect();
            assert_eq!(named, names, "{what}");
            let (was, is) = (fields_of(&before), fields_of(&touched));
            for (field, change) in changed(&plan) {
                assert_eq!(change.reason, Reason::Drift, "{what}: {field}");
                assert_eq!(change.base, None, "{what}: the base is what is wanted");
                let value = |of: &Fields| of.get(&field).cloned().unwrap_or(Value::Null);
                assert_eq!(change.before, value(&is), "{what}: what lives");
                if field != "auto_scaling_group.tags.kmax:applied" {
                    assert_eq!(change.after, value(&was), "{what}: what is wanted");
                }
            }
            engine.converge().await;
            engine.assert_converged().await;
            let live = engine.account();
            if names.is_empty() {
                assert_eq!(live, touched, "{what}: it is left alone");
            } else {
                let mended = |account: &Account| {
                    let mut fields = fields_of(account);
                    fields.remove("launch_template.latest_version");
                    fields
                };
                assert_eq!(mended(&live), mended(&before), "{what}: as before");
                assert_eq!(live.meaning(), before.meaning(), "{what}: as before");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn both_at_once_are_told_apart() {
    let base = base().await;
    let before = fields_of(&base.account());
    let mut told = 0;
    for (path, case) in cases() {
        if let ByConfig::Cannot(_) = case.config {
            continue;
        }
        let mut wanted = base.fork();
        reconfigure(&mut wanted, case.config).await;
        wanted.converge().await;
        let wanted = wanted.account().meaning();
        for (hand, is_pinned, names) in hands(case) {
            let what = format!("{path}: {:?}", hand.does);
            let mut engine = base.fork();
            act(&engine, hand.does, is_pinned).expect(&what);
            let touched = fields_of(&engine.account());
            reconfigure(&mut engine, case.config).await;
            let plan = engine.plan().await;
            let changes = changed(&plan);
            for name in names {
                let value = |of: &Fields| of.get(&name).cloned().unwrap_or(Value::Null);
                let (base, live) = (value(&before), value(&touched));
                let Some(change) = changes.get(&name) else { panic!("{what}: {name} is named") };
                assert_eq!(change.before, live, "{what}: what lives");
                if change.after == base && !is_hashed(&name) {
                    assert_eq!(change.reason, Reason::Drift, "{what}: {name}");
                    continue;
                }
                assert_eq!(change.reason, Reason::ConfigAndDrift, "{what}: {name}");
                if !is_hashed(&name) {
                    assert_eq!(change.base, Some(base), "{what}: {name} with its base");
                }
                told += 1;
            }
            engine.converge().await;
            engine.assert_converged().await;
            assert_eq!(engine.account().meaning(), wanted, "{what}: as the config wants it");
        }
    }
    assert!(told > 20, "{told} fields had both");
}
