use std::collections::BTreeMap;

use kmax_cloud::{Request, Response, ops};
use kmax_model::{GroupTag, LaunchSource, TemplateRef};

use crate::world::{World, call, set, tags};

fn sizes(world: &mut World, min: Option<u32>, max: Option<u32>) {
    let update = ops::UpdateAutoScalingGroup {
        name: "abc".into(),
        min_size: min,
        max_size: max,
        ..Default::default()
    };
    world.update(update).expect("updated");
}

fn instances(world: &mut World) -> Vec<ops::Ec2Instance> {
    let page = call!(world, DescribeInstances, ops::DescribeInstances::default());
    page.expect("read").items
}

#[test]
fn desired_begins_as_min_and_is_moved_by_min_and_max() {
    let mut world = World::new();
    let template = world.create_pool("other");
    let mut input = world.group_input("abc", World::policy(&template, "1"));
    input.min_size = 2;
    call!(world, CreateAutoScalingGroup, input).expect("made");
    let state = |world: &World| {
        let group = world.group("abc");
        (group.desired_capacity, group.instances.len())
    };
    assert_eq!(state(&world), (2, 2));
    sizes(&mut world, Some(4), None);
    assert_eq!(state(&world), (4, 4));
    sizes(&mut world, Some(0), None);
    assert_eq!(state(&world), (4, 4));
    sizes(&mut world, None, Some(1));
    assert_eq!(state(&world), (1, 1));
    let log = world.sandbox.audit_log();
    let ended = log.iter().filter(|e| e.event.ends_with("without a drain")).count();
    assert_eq!(ended, 3);
    assert!(log.iter().all(|e| e.cause.starts_with("autoscaling:")));
    // An autoscaler keeps within min and max, and drains.
    assert!(world.sandbox.scale("abc", 2).is_err());
    world.sandbox.scale("abc", 0).expect("scaled");
    assert!(world.sandbox.audit_log().iter().any(|e| e.event.ends_with("after a drain")));
    let states: Vec<String> = instances(&mut world).into_iter().map(|i| i.state).collect();
    assert_eq!(states, ["terminated"; 4]);
    world.sandbox.age(3_600);
    assert!(instances(&mut world).is_empty());
}

#[test]
fn instances_spread_over_zones_and_carry_what_they_came_from() {
    let mut world = World::new();
    let template = world.create_pool("abc");
    let tag =
        |value: &str, propagate_at_launch| GroupTag { value: value.into(), propagate_at_launch };
    let group_tags = BTreeMap::from([
        ("a".to_owned(), tag("group wins", true)),
        ("b".to_owned(), tag("stays", false)),
    ]);
    let input = ops::CreateOrUpdateTags { group: "abc".into(), tags: group_tags };
    call!(world, CreateOrUpdateTags, input).expect("tagged");
    world.sandbox.scale("abc", 6).expect("scaled");
    let group = world.group("abc");
    let mut zones: BTreeMap<&str, u32> = BTreeMap::new();
    for instance in &group.instances {
        *zones.entry(&instance.zone).or_default() += 1;
        assert_eq!(instance.instance_type, "r5.2xlarge");
        assert_eq!(
            (instance.lifecycle_state.as_str(), instance.health.as_str()),
            ("InService", "Healthy")
        );
        let from = TemplateRef { id: template.id.clone(), name: "abc".into(), version: "1".into() };
        assert_eq!(instance.template, Some(from));
    }
    assert_eq!(zones, BTreeMap::from([("us-east-1a", 2), ("us-east-1b", 2), ("us-east-1c", 2)]));
    let found = instances(&mut world);
    assert_eq!(found.len(), 6);
    for instance in &found {
        assert_eq!((instance.state.as_str(), instance.lifecycle.as_str()), ("running", "spot"));
        let expected = tags(&[
            ("team", "dsp"),
            ("a", "group wins"),
            ("aws:autoscaling:groupName", "abc"),
            ("aws:ec2launchtemplate:id", &template.id),
            ("aws:ec2launchtemplate:version", "1"),
        ]);
        assert_eq!(instance.tags, expected);
    }
    let launched_from = Some(template.id);
    let input = ops::DescribeInstances { launched_from, ..Default::default() };
    assert_eq!(call!(world, DescribeInstances, input).expect("read").items.len(), 6);
    let launched_from = Some("lt-0".into());
    let input = ops::DescribeInstances { launched_from, ..Default::default() };
    assert!(call!(world, DescribeInstances, input).expect("read").items.is_empty());
    let ids = vec![found[0].id.clone(), "i-0".into()];
    let input = ops::DescribeInstances { ids, ..Default::default() };
    assert_eq!(call!(world, DescribeInstances, input).expect("read").items.len(), 1);
}

#[test]
fn instances_launch_from_the_version_that_the_group_names() {
    let mut world = World::new();
    let template = world.create_pool("abc");
    let data = world.data();
    world.create_version(&template.id, data);
    let versions = |world: &World| -> Vec<String> {
        let group = world.group("abc");
        let found = group.instances.into_iter().filter_map(|i| i.template.map(|t| t.version));
        let mut found: Vec<String> = found.collect();
        found.sort();
        found
    };
    world.sandbox.scale("abc", 1).expect("scaled");
    assert_eq!(versions(&world), ["1"]);
    world.sandbox.set("auto_scaling_group.abc.launch_template.version", "$Latest").expect("set");
    world.sandbox.scale("abc", 2).expect("scaled");
    assert_eq!(versions(&world), ["1", "2"]);
    world.sandbox.set("auto_scaling_group.abc.launch_template.version", "$Default").expect("set");
    world.sandbox.scale("abc", 3).expect("scaled");
    assert_eq!(versions(&world), ["1", "1", "2"]);
    // Scale-in ends the oldest version first where zones are even.
    world.sandbox.scale("abc", 2).expect("scaled");
    assert_eq!(versions(&world), ["1", "2"]);
}

#[test]
fn the_distribution_mixes_spot_and_on_demand() {
    let mut world = World::new();
    let template = world.create_pool("other");
    let mut policy = World::policy(&template, "1");
    policy.distribution.on_demand_base = 2;
    policy.distribution.on_demand_percentage = 50;
    let input = world.group_input("abc", policy);
    call!(world, CreateAutoScalingGroup, input).expect("made");
    world.sandbox.scale("abc", 6).expect("scaled");
    let on_demand = instances(&mut world).iter().filter(|i| i.lifecycle == "on-demand").count();
    assert_eq!(on_demand, 4);
}

#[test]
fn suspended_processes_do_nothing() {
    let mut world = World::new();
    world.create_pool("abc");
    world.sandbox.set("auto_scaling_group.abc.suspended_processes.Launch", "true").expect("set");
    world.sandbox.scale("abc", 2).expect("scaled");
    assert!(world.group("abc").instances.is_empty());
    world.sandbox.set("auto_scaling_group.abc.suspended_processes.Launch", "false").expect("set");
    assert_eq!(world.group("abc").instances.len(), 2);
    world.sandbox.set("auto_scaling_group.abc.suspended_processes.Terminate", "true").expect("set");
    sizes(&mut world, None, Some(1));
    let group = world.group("abc");
    assert_eq!((group.desired_capacity, group.instances.len()), (1, 2));
}

#[test]
fn protected_instances_outlive_scale_in() {
    let mut world = World::new();
    world.create_pool("abc");
    world.sandbox.set("auto_scaling_group.abc.new_instances_protected", "true").expect("set");
    world.sandbox.scale("abc", 2).expect("scaled");
    sizes(&mut world, None, Some(1));
    let group = world.group("abc");
    assert_eq!((group.desired_capacity, group.instances.len()), (1, 2));
    assert!(group.instances.iter().all(|i| i.protected_from_scale_in));
}

#[test]
fn a_lifetime_ends_and_a_lost_instance_is_replaced() {
    let mut world = World::new();
    world.create_pool("abc");
    world.sandbox.scale("abc", 1).expect("scaled");
    let first = world.group("abc").instances[0].id.clone();
    world.sandbox.terminate(&first).expect("terminated");
    let second = world.group("abc").instances[0].id.clone();
    assert_ne!(first, second);
    assert!(world.sandbox.terminate(&first).is_err());
    world.sandbox.set("auto_scaling_group.abc.max_instance_lifetime", "86400").expect("set");
    world.sandbox.age(86_399);
    assert_eq!(world.group("abc").instances[0].id, second);
    world.sandbox.age(1);
    assert_ne!(world.group("abc").instances[0].id, second);
    assert_eq!(world.group("abc").instances.len(), 1);
}

#[test]
fn ids_come_out_the_same_every_time() {
    let ids = || {
        let mut world = World::new();
        let template = world.create_pool("abc");
        world.sandbox.scale("abc", 2).expect("scaled");
        let group = world.group("abc");
        (template.id, group.instances.into_iter().map(|i| i.id).collect::<Vec<_>>())
    };
    let (template, instances) = ids();
    assert_eq!((template.clone(), instances.clone()), ids());
    assert!(instances.iter().all(|id| id.starts_with("i-0") && id.len() == 19), "{instances:?}");
}

#[test]
fn a_type_is_chosen_by_what_the_zone_sells() {
    let mut world = World::new();
    let template = world.create_pool("other");
    let sold = call!(
        world,
        DescribeInstanceTypeOfferings,
        ops::DescribeInstanceTypeOfferings {
            zones: set(&["us-east-1a", "us-east-1c"]),
            ..Default::default()
        }
    )
    .expect("read");
    assert!(!sold.items.is_empty());
    let mut policy = World::policy(&template, "1");
    policy.overrides.reverse();
    let mut input = world.group_input("abc", policy);
    input.min_size = 1;
    call!(world, CreateAutoScalingGroup, input).expect("made");
    let group = world.group("abc");
    assert_eq!(group.instances[0].instance_type, "r6i.2xlarge");
    assert!(matches!(group.launch, LaunchSource::Mixed(_)));
}

#[test]
fn time_replaces_what_the_group_would_not_launch() {
    let ids = |world: &World| -> Vec<String> {
        world.group("abc").instances.into_iter().map(|instance| instance.id).collect()
    };
    for path in [
        "subnets=subnet-0aaaaaaaaaaaaaaaa",
        "instance_types=r6i.2xlarge",
        "distribution.on_demand_percentage=100",
    ] {
        let mut world = World::new();
        world.create_pool("abc");
        world.sandbox.scale("abc", 3).expect("scaled");
        let before = ids(&world);
        world.sandbox.age(60);
        assert_eq!(ids(&world), before, "{path}");
        world.sandbox.assign(&format!("auto_scaling_group.abc.{path}")).expect(path);
        assert_eq!(ids(&world), before, "{path}");
        world.sandbox.age(60);
        let after = ids(&world);
        let stayed = before.iter().filter(|id| after.contains(id)).count();
        let expected = usize::from(path.starts_with("subnets"));
        assert_eq!((after.len(), stayed), (3, expected), "{path}");
        world.sandbox.age(60);
        assert_eq!(ids(&world), after, "{path}");
    }
}

#[test]
fn nobody_rebalances_where_that_is_suspended() {
    let mut world = World::new();
    world.create_pool("abc");
    world.sandbox.scale("abc", 3).expect("scaled");
    let before = world.group("abc").instances;
    let path = "auto_scaling_group.abc";
    world.sandbox.set(&format!("{path}.suspended_processes.AZRebalance"), "true").expect("set");
    world.sandbox.set(&format!("{path}.subnets"), "subnet-0aaaaaaaaaaaaaaaa").expect("set");
    world.sandbox.age(60);
    assert_eq!(world.group("abc").instances, before);
}
