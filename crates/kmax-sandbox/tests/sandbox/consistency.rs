use kmax_cloud::{ErrorClass, Request, Response, ops};

use crate::world::{World, call, group_tags, set, tags};

fn templates(world: &mut World) -> usize {
    let page = call!(world, DescribeLaunchTemplates, ops::DescribeLaunchTemplates::default());
    page.expect("read").items.len()
}

#[test]
fn what_is_new_is_not_seen_at_once() {
    let mut world = World::new();
    world.sandbox.set_delay(2);
    let data = world.data();
    let template = world.create_template("abc", data);
    assert_eq!([templates(&mut world), templates(&mut world), templates(&mut world)], [0, 0, 1]);

    let data = world.data();
    let other = world.create_template("abd", data);
    let mut input = world.group_input("abc", World::policy(&other, "1"));
    let not_yet = Err(("ValidationError".to_owned(), ErrorClass::NotYet));
    assert_eq!(call!(world, CreateAutoScalingGroup, input.clone()), not_yet);
    assert_eq!(call!(world, CreateAutoScalingGroup, input.clone()), not_yet);
    call!(world, CreateAutoScalingGroup, input.clone()).expect("seen by now");
    let suspend = ops::SuspendProcesses { group: "abc".into(), processes: set(&["AZRebalance"]) };
    let answer = call!(world, SuspendProcesses, suspend.clone());
    assert_eq!(answer, Err(("ValidationError".into(), ErrorClass::NotFound)));
    let read = ops::DescribeAutoScalingGroups::default();
    let page = call!(world, DescribeAutoScalingGroups, read.clone()).expect("read");
    assert!(page.items.is_empty());
    call!(world, SuspendProcesses, suspend).expect("seen by now");

    // Invisible or not: the name is taken, the id works once it is seen.
    input.launch = kmax_model::LaunchSource::Mixed(World::policy(&template, "1"));
    let answer = call!(world, CreateAutoScalingGroup, input);
    assert_eq!(answer, Err(("AlreadyExists".into(), ErrorClass::AlreadyExists)));
}

#[test]
fn a_new_version_reaches_auto_scaling_later() {
    let mut world = World::new();
    let template = world.create_pool("abc");
    world.sandbox.set_delay(1);
    let data = world.data();
    world.create_version(&template.id, data);
    let update = || ops::UpdateAutoScalingGroup {
        name: "abc".into(),
        launch: Some(kmax_model::LaunchSource::Mixed(World::policy(&template, "2"))),
        ..Default::default()
    };
    let answer = world.update(update());
    assert_eq!(answer, Err(("ValidationError".into(), ErrorClass::NotYet)));
    world.update(update()).expect("known by now");
}

#[test]
fn tags_lag_behind() {
    let mut world = World::new();
    let template = world.create_pool("abc");
    world.sandbox.set_delay(1);
    let input = ops::CreateOrUpdateTags { group: "abc".into(), tags: group_tags(&[("a", "1")]) };
    call!(world, CreateOrUpdateTags, input).expect("tagged");
    let mut seen = || {
        let read = ops::DescribeAutoScalingGroups::default();
        let page = call!(world, DescribeAutoScalingGroups, read).expect("read");
        page.items[0].tags.len()
    };
    assert_eq!([seen(), seen()], [0, 1]);
    let input = ops::CreateTags { resource: template.id, tags: tags(&[("a", "1")]) };
    call!(world, CreateTags, input).expect("tagged");
    let mut found = || {
        let input =
            ops::DescribeLaunchTemplates { tags: tags(&[("a", "1")]), ..Default::default() };
        call!(world, DescribeLaunchTemplates, input).expect("read").items.len()
    };
    assert_eq!([found(), found()], [0, 1]);
}

#[test]
fn a_group_goes_slowly() {
    let mut world = World::new();
    world.create_pool("abc");
    world.sandbox.set_delay(2);
    let delete = ops::DeleteAutoScalingGroup { name: "abc".into() };
    call!(world, DeleteAutoScalingGroup, delete.clone()).expect("deleted");
    let update = ops::UpdateAutoScalingGroup { name: "abc".into(), ..Default::default() };
    let going = Err(("ScalingActivityInProgress".to_owned(), ErrorClass::InUse));
    assert_eq!(world.update(update), going);
    assert_eq!(call!(world, DeleteAutoScalingGroup, delete), going);
    // Nobody brings it back.
    assert!(world.sandbox.scale("abc", 1).is_err());
    for (field, value) in [("max", "7"), ("other.X", "y"), ("suspended_processes.Launch", "true")] {
        let path = format!("auto_scaling_group.abc.{field}");
        assert!(world.sandbox.set(&path, value).is_err(), "{field}");
    }
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let read = ops::DescribeAutoScalingGroups::default();
        let page = call!(world, DescribeAutoScalingGroups, read).expect("read");
        statuses.push(page.items.first().and_then(|group| group.status.clone()));
    }
    let going = Some("Delete in progress".to_owned());
    assert_eq!(statuses, [going.clone(), going, None]);
}

#[test]
fn an_instance_profile_may_be_new() {
    let mut world = World::new();
    world.sandbox.set_delay(1);
    world.sandbox.create_instance_profile("new", "role").expect("made");
    let input = ops::GetInstanceProfile { name: "new".into() };
    let answer = call!(world, GetInstanceProfile, input.clone());
    assert_eq!(answer, Err(("NoSuchEntity".into(), ErrorClass::NotFound)));
    assert_eq!(call!(world, GetInstanceProfile, input).expect("read").roles, ["role"]);
    assert!(world.sandbox.create_instance_profile("new", "role").is_err());
}

#[test]
fn time_ends_all_delays() {
    let mut world = World::new();
    world.sandbox.set_delay(100);
    let data = world.data();
    world.create_template("abc", data);
    assert_eq!(templates(&mut world), 0);
    world.sandbox.age(60);
    assert_eq!(templates(&mut world), 1);
    let data = world.data();
    world.create_template("abd", data);
    world.sandbox.set_delay(0);
    assert_eq!(templates(&mut world), 2);
}
