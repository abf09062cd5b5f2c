use std::collections::BTreeMap;

use kmax_cloud::{ErrorClass, Request, Response, ops};
use kmax_model::{GroupTag, LaunchSource, TemplateRef};

use crate::world::{Refused, World, call, group_tags, set};

fn validation(class: ErrorClass) -> Refused {
    ("ValidationError".to_owned(), class)
}

fn update(name: &str) -> ops::UpdateAutoScalingGroup {
    ops::UpdateAutoScalingGroup { name: name.into(), ..Default::default() }
}

#[test]
fn a_name_is_the_key() {
    let mut world = World::new();
    let template = world.create_pool("abc");
    let input = world.group_input("abc", World::policy(&template, "1"));
    let answer = call!(world, CreateAutoScalingGroup, input.clone());
    assert_eq!(answer, Err(("AlreadyExists".into(), ErrorClass::AlreadyExists)));
    for name in ["", "a:b", &"x".repeat(256)] {
        let input = ops::CreateAutoScalingGroup { name: name.into(), ..input.clone() };
        let answer = call!(world, CreateAutoScalingGroup, input);
        assert_eq!(answer, Err(validation(ErrorClass::Invalid)), "{name}");
    }
}

#[test]
fn sizes_and_lifetimes_are_bounded() {
    let mut world = World::new();
    let template = world.create_pool("abc");
    let input = world.group_input("abd", World::policy(&template, "1"));
    let bad = [
        ops::CreateAutoScalingGroup { min_size: 11, ..input.clone() },
        ops::CreateAutoScalingGroup { max_instance_lifetime: Some(86_399), ..input.clone() },
        ops::CreateAutoScalingGroup { subnets: set(&[]), ..input.clone() },
        ops::CreateAutoScalingGroup { subnets: set(&["subnet-0"]), ..input.clone() },
        ops::CreateAutoScalingGroup { launch: LaunchSource::None, ..input.clone() },
        ops::CreateAutoScalingGroup { tags: group_tags(&[("aws:x", "")]), ..input.clone() },
        ops::CreateAutoScalingGroup {
            tags: group_tags(&[(&"k".repeat(129), "")]),
            ..input.clone()
        },
        ops::CreateAutoScalingGroup {
            tags: group_tags(&[("k", &"v".repeat(257))]),
            ..input.clone()
        },
    ];
    for input in bad {
        let answer = call!(world, CreateAutoScalingGroup, input.clone());
        assert_eq!(answer, Err(validation(ErrorClass::Invalid)), "{input:?}");
    }
    for bad in [
        ops::UpdateAutoScalingGroup { min_size: Some(11), ..update("abc") },
        ops::UpdateAutoScalingGroup { max_instance_lifetime: Some(1), ..update("abc") },
        ops::UpdateAutoScalingGroup { subnets: Some(set(&[])), ..update("abc") },
        ops::UpdateAutoScalingGroup { launch: Some(LaunchSource::None), ..update("abc") },
    ] {
        assert_eq!(world.update(bad.clone()), Err(validation(ErrorClass::Invalid)), "{bad:?}");
    }
    assert_eq!(world.group("abc").max_size, 10);
}

#[test]
fn an_update_leaves_alone_what_it_does_not_name() {
    let mut world = World::new();
    world.create_pool("abc");
    let before = world.group("abc");
    world.update(update("abc")).expect("updated");
    assert_eq!(world.group("abc"), before);
    world
        .update(ops::UpdateAutoScalingGroup {
            max_size: Some(12),
            capacity_rebalance: Some(true),
            max_instance_lifetime: Some(86_400),
            new_instances_protected: Some(true),
            ..update("abc")
        })
        .expect("updated");
    let after = world.group("abc");
    assert_eq!((after.min_size, after.max_size), (0, 12));
    assert!(after.capacity_rebalance && after.new_instances_protected);
    assert_eq!(after.max_instance_lifetime, 86_400);
    assert_eq!(after.launch, before.launch);
    let cleared = ops::UpdateAutoScalingGroup { max_instance_lifetime: Some(0), ..update("abc") };
    world.update(cleared).expect("updated");
    assert_eq!(world.group("abc").max_instance_lifetime, 0);
}

#[test]
fn a_policy_replaces_a_plain_template_and_the_reverse() {
    let mut world = World::new();
    world.sandbox.create_plain_pool("plain", "r5.2xlarge", 0).expect("made");
    let LaunchSource::Template(template) = world.group("plain").launch else {
        panic!("a plain template")
    };
    assert_eq!((template.name.as_str(), template.version.as_str()), ("plain", "$Latest"));
    let template =
        kmax_model::LaunchTemplate { id: template.id, name: template.name, ..Default::default() };
    let policy = World::policy(&template, "1");
    let mixed = ops::UpdateAutoScalingGroup {
        launch: Some(LaunchSource::Mixed(policy.clone())),
        ..update("plain")
    };
    world.update(mixed).expect("updated");
    let LaunchSource::Mixed(found) = world.group("plain").launch else { panic!("a policy") };
    assert_eq!((found.template.name.as_str(), found.overrides), ("plain", policy.overrides));
    let plain = TemplateRef { version: String::new(), ..policy.template };
    let launch = Some(LaunchSource::Template(plain));
    world.update(ops::UpdateAutoScalingGroup { launch, ..update("plain") }).expect("updated");
    let LaunchSource::Template(found) = world.group("plain").launch else { panic!("plain") };
    assert_eq!(found.version, "$Default");
}

#[test]
fn what_is_missing_is_a_validation_error() {
    let mut world = World::new();
    let missing = Err(validation(ErrorClass::NotFound));
    assert_eq!(world.update(update("no")), missing);
    let delete = ops::DeleteAutoScalingGroup { name: "no".into() };
    assert_eq!(call!(world, DeleteAutoScalingGroup, delete), missing);
    let tag = ops::CreateOrUpdateTags { group: "no".into(), tags: group_tags(&[("a", "")]) };
    assert_eq!(call!(world, CreateOrUpdateTags, tag), missing);
    let untag = ops::DeleteGroupTags { group: "no".into(), keys: set(&["a"]) };
    assert_eq!(call!(world, DeleteGroupTags, untag), missing);
    let suspend = ops::SuspendProcesses { group: "no".into(), processes: set(&["Launch"]) };
    assert_eq!(call!(world, SuspendProcesses, suspend), missing);
    let names = vec!["no".to_owned()];
    let read = ops::DescribeAutoScalingGroups { names, ..Default::default() };
    let page = call!(world, DescribeAutoScalingGroups, read).expect("read");
    assert!(page.items.is_empty());
}

#[test]
fn a_group_has_at_most_50_tags() {
    let mut world = World::new();
    world.create_pool("abc");
    let tags = |from: u32, to: u32| -> BTreeMap<String, GroupTag> {
        (from..to).map(|n| (format!("k{n}"), GroupTag::default())).collect()
    };
    let mut tag = |tags| {
        call!(world, CreateOrUpdateTags, ops::CreateOrUpdateTags { group: "abc".into(), tags })
    };
    tag(tags(0, 50)).expect("tagged");
    tag(tags(0, 1)).expect("a tag that is there is no further one");
    assert_eq!(tag(tags(50, 51)), Err(("LimitExceeded".into(), ErrorClass::Limit)));
    let untag = ops::DeleteGroupTags { group: "abc".into(), keys: set(&["k0", "nothing"]) };
    call!(world, DeleteGroupTags, untag).expect("a key that is not there is no error");
    assert_eq!(world.group("abc").tags.len(), 49);
}

#[test]
fn processes_are_named_rightly_and_none_means_all() {
    let mut world = World::new();
    world.create_pool("abc");
    let mut suspend = |processes: &[&str]| {
        let input = ops::SuspendProcesses { group: "abc".into(), processes: set(processes) };
        call!(world, SuspendProcesses, input)
    };
    assert!(suspend(&["Rebalance"]).is_err());
    suspend(&["AZRebalance"]).expect("suspended");
    suspend(&["Launch"]).expect("suspended");
    assert_eq!(world.group("abc").suspended_processes, set(&["AZRebalance", "Launch"]));
    let all = ops::SuspendProcesses { group: "abc".into(), processes: set(&[]) };
    call!(world, SuspendProcesses, all).expect("suspended");
    assert_eq!(world.group("abc").suspended_processes.len(), 9);
}

#[test]
fn a_group_with_instances_is_not_deleted() {
    let mut world = World::new();
    world.create_pool("abc");
    world.sandbox.scale("abc", 1).expect("scaled");
    let delete = ops::DeleteAutoScalingGroup { name: "abc".into() };
    let answer = call!(world, DeleteAutoScalingGroup, delete.clone());
    assert_eq!(answer, Err(("ResourceInUse".into(), ErrorClass::InUse)));
    world.sandbox.scale("abc", 0).expect("scaled");
    call!(world, DeleteAutoScalingGroup, delete).expect("deleted");
    assert!(world.sandbox.groups().is_empty());
}

#[test]
fn the_500th_group_is_the_last() {
    let mut world = World::new();
    let template = world.create_pool("abc");
    let input = world.group_input("", World::policy(&template, "1"));
    let mut create = |n: u32| {
        let name = format!("g{n}");
        let input = ops::CreateAutoScalingGroup { name, ..input.clone() };
        call!(world, CreateAutoScalingGroup, input)
    };
    for n in 1..500 {
        create(n).expect("made");
    }
    assert_eq!(create(500), Err(("LimitExceeded".into(), ErrorClass::Limit)));
}
