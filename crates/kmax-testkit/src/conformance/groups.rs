//! Auto Scaling groups: create, read, tag, suspend, delete.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use kmax_cloud::ErrorClass::{AlreadyExists, InUse, Invalid, NotFound};
use kmax_cloud::ops;
use kmax_model::{AutoScalingGroup, LaunchSource};

use super::case::cases;
use super::fixture::{Fixture, group_tag, refused, refused_as, text_set, update_of};

cases!("groups":
    created_and_read_back,
    created_with_every_field,
    created_from_a_template_by_name,
    name_is_taken,
    one_of_two_creators_wins,
    names_that_are_missing_are_left_out,
    pages,
    names_within_max_records,
    pages_have_bounds,
    token_of_a_page_is_checked,
    tags_are_added_overwritten_and_deleted,
    tags_of_a_missing_group,
    tags_of_a_missing_group_are_not_deleted,
    processes_are_suspended,
    process_must_exist,
    processes_of_a_missing_group,
    deleted,
    missing_group_is_not_deleted,
    not_deleted_with_instances,
    missing_group_is_not_updated,
);

async fn created_and_read_back(f: Fixture) {
    let template = f.make_group("fresh").await;
    let expected = AutoScalingGroup {
        name: "fresh".to_owned(),
        status: None,
        min_size: 0,
        max_size: 10,
        desired_capacity: 0,
        launch: LaunchSource::Mixed(Fixture::policy(&template, 1)),
        subnets: f.subnets(),
        suspended_processes: BTreeSet::new(),
        capacity_rebalance: false,
        max_instance_lifetime: 0,
        new_instances_protected: false,
        tags: BTreeMap::from([
            ("kmax:cluster".to_owned(), group_tag("c", false)),
            ("team".to_owned(), group_tag("dsp", true)),
        ]),
        instances: Vec::new(),
        other: BTreeMap::new(),
    };
    assert_eq!(f.group("fresh").await, expected);
}

async fn created_with_every_field(f: Fixture) {
    let template = f.make_template("full").await;
    let input = ops::CreateAutoScalingGroup {
        min_size: 2,
        max_size: 5,
        capacity_rebalance: Some(true),
        max_instance_lifetime: Some(86_400),
        new_instances_protected: Some(true),
        ..f.group_input("full", &template)
    };
    f.aws.create_auto_scaling_group(input).await.unwrap();
    let group = f.group("full").await;
    assert_eq!((group.min_size, group.max_size), (2, 5));
    // Omitted, it becomes the minimum.
    assert_eq!(group.desired_capacity, 2);
    assert!(group.capacity_rebalance && group.new_instances_protected);
    assert_eq!(group.max_instance_lifetime, 86_400);
}

async fn name_is_taken(f: Fixture) {
    let template = f.make_group("taken").await;
    let before = f.group("taken").await;
    let input = ops::CreateAutoScalingGroup { max_size: 3, ..f.group_input("taken", &template) };
    refused(f.aws.create_auto_scaling_group(input).await, AlreadyExists, "AlreadyExists");
    assert_eq!(f.group("taken").await, before);
}

async fn created_from_a_template_by_name(f: Fixture) {
    let template = f.make_template("named").await;
    let mut policy = Fixture::policy(&template, 1);
    policy.template.id.clear();
    let launch = LaunchSource::Mixed(policy);
    let input = ops::CreateAutoScalingGroup { launch, ..f.group_input("named", &template) };
    f.aws.create_auto_scaling_group(input).await.unwrap();
    // Auto Scaling shows both, whichever it was told.
    let expected = LaunchSource::Mixed(Fixture::policy(&template, 1));
    assert_eq!(f.group("named").await.launch, expected);
}

async fn one_of_two_creators_wins(f: Fixture) {
    let template = f.make_template("raced").await;
    let create = || f.aws.create_auto_scaling_group(f.group_input("raced", &template));
    let answers = futures::future::join_all((0..8).map(|_| create())).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    for answer in lost {
        refused(answer, AlreadyExists, "AlreadyExists");
    }
}

async fn names_that_are_missing_are_left_out(f: Fixture) {
    f.make_group("here").await;
    f.make_group("there").await;
    let found = f.groups(&["nowhere", "here"]).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].name, "here");
    assert_eq!(f.groups(&[]).await.len(), 2);
}

async fn pages(f: Fixture) {
    let template = f.make_template("shared").await;
    let (f, template) = (&f, &template);
    let make = |at: usize| async move {
        let input = f.group_input(&format!("many-{at:03}"), template);
        f.aws.create_auto_scaling_group(input).await.unwrap();
    };
    let makes: Vec<_> = (0..120).map(make).collect();
    futures::stream::iter(makes).buffer_unordered(8).collect::<Vec<_>>().await;
    let mut sizes = Vec::new();
    let mut names = BTreeSet::new();
    let mut next_token = None;
    loop {
        let input = ops::DescribeAutoScalingGroups {
            max_records: Some(50),
            next_token,
            ..ops::DescribeAutoScalingGroups::default()
        };
        let page = f.aws.describe_auto_scaling_groups(input).await.unwrap();
        sizes.push(page.items.len());
        names.extend(page.items.into_iter().map(|group| group.name));
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [50, 50, 20]);
    assert_eq!(names, (0..120).map(|at| format!("many-{at:03}")).collect());
    let input = ops::DescribeAutoScalingGroups {
        max_records: Some(100),
        ..ops::DescribeAutoScalingGroups::default()
    };
    let page = f.aws.describe_auto_scaling_groups(input).await.unwrap();
    assert_eq!((page.items.len(), page.next_token.is_some()), (100, true));
    // The service's default is 50.
    let page = f.aws.describe_auto_scaling_groups(ops::DescribeAutoScalingGroups::default()).await;
    assert_eq!(page.unwrap().items.len(), 50);
}

async fn names_within_max_records(f: Fixture) {
    let template = f.make_template("shared").await;
    let names: Vec<String> = (0..60).map(|at| format!("named-{at:03}")).collect();
    for name in &names {
        let input = f.group_input(name, &template);
        f.aws.create_auto_scaling_group(input).await.unwrap();
    }
    let read = |max_records| {
        f.aws.describe_auto_scaling_groups(ops::DescribeAutoScalingGroups {
            names: names.clone(),
            max_records,
            ..ops::DescribeAutoScalingGroups::default()
        })
    };
    // As many names as records: 50 where nobody says.
    refused_as(read(None).await, Invalid);
    let page = read(Some(100)).await.unwrap();
    assert_eq!((page.items.len(), page.next_token), (60, None));
}

async fn pages_have_bounds(f: Fixture) {
    let input = ops::DescribeAutoScalingGroups {
        max_records: Some(101),
        ..ops::DescribeAutoScalingGroups::default()
    };
    refused_as(f.aws.describe_auto_scaling_groups(input).await, Invalid);
}

async fn token_of_a_page_is_checked(f: Fixture) {
    let input = ops::DescribeAutoScalingGroups {
        next_token: Some("no such token".to_owned()),
        ..ops::DescribeAutoScalingGroups::default()
    };
    refused_as(f.aws.describe_auto_scaling_groups(input).await, Invalid);
}

async fn tags_are_added_overwritten_and_deleted(f: Fixture) {
    f.make_group("tagged").await;
    let tags = BTreeMap::from([
        ("team".to_owned(), group_tag("adx", false)),
        ("note".to_owned(), group_tag("a & <b> \"c\" ü", true)),
        ("empty".to_owned(), group_tag("", false)),
    ]);
    let input = ops::CreateOrUpdateTags { group: "tagged".to_owned(), tags: tags.clone() };
    f.aws.create_or_update_tags(input).await.unwrap();
    let mut expected = tags;
    expected.insert("kmax:cluster".to_owned(), group_tag("c", false));
    assert_eq!(f.group("tagged").await.tags, expected);
    let input = ops::DeleteGroupTags {
        group: "tagged".to_owned(),
        keys: text_set(["note", "kmax:cluster"]),
    };
    f.aws.delete_group_tags(input).await.unwrap();
    expected.remove("note");
    expected.remove("kmax:cluster");
    assert_eq!(f.group("tagged").await.tags, expected);
}

async fn tags_of_a_missing_group(f: Fixture) {
    let tags = BTreeMap::from([("team".to_owned(), group_tag("adx", false))]);
    let input = ops::CreateOrUpdateTags { group: "nowhere".to_owned(), tags };
    refused(f.aws.create_or_update_tags(input).await, NotFound, "ValidationError");
}

async fn tags_of_a_missing_group_are_not_deleted(f: Fixture) {
    let input = ops::DeleteGroupTags { group: "nowhere".to_owned(), keys: text_set(["team"]) };
    refused(f.aws.delete_group_tags(input).await, NotFound, "ValidationError");
}

async fn processes_are_suspended(f: Fixture) {
    f.make_group("still").await;
    for (process, expected) in [
        ("AZRebalance", text_set(["AZRebalance"])),
        ("ScheduledActions", text_set(["AZRebalance", "ScheduledActions"])),
        ("AZRebalance", text_set(["AZRebalance", "ScheduledActions"])),
    ] {
        let processes = text_set([process]);
        let input = ops::SuspendProcesses { group: "still".to_owned(), processes };
        f.aws.suspend_processes(input).await.unwrap();
        assert_eq!(f.group("still").await.suspended_processes, expected);
    }
}

async fn process_must_exist(f: Fixture) {
    f.make_group("still").await;
    let processes = text_set(["NoSuchProcess"]);
    let input = ops::SuspendProcesses { group: "still".to_owned(), processes };
    refused(f.aws.suspend_processes(input).await, Invalid, "ValidationError");
}

async fn processes_of_a_missing_group(f: Fixture) {
    let processes = text_set(["AZRebalance"]);
    let input = ops::SuspendProcesses { group: "nowhere".to_owned(), processes };
    refused(f.aws.suspend_processes(input).await, NotFound, "ValidationError");
}

async fn deleted(f: Fixture) {
    let template = f.make_group("gone").await;
    let input = ops::DeleteAutoScalingGroup { name: "gone".to_owned() };
    f.aws.delete_auto_scaling_group(input).await.unwrap();
    assert_eq!(f.groups(&["gone"]).await, []);
    // The name is free again, and the template is still there.
    let input = f.group_input("gone", &template);
    f.aws.create_auto_scaling_group(input).await.unwrap();
    assert_eq!(f.group("gone").await.desired_capacity, 0);
}

async fn missing_group_is_not_deleted(f: Fixture) {
    let input = ops::DeleteAutoScalingGroup { name: "nowhere".to_owned() };
    refused(f.aws.delete_auto_scaling_group(input).await, NotFound, "ValidationError");
}

async fn not_deleted_with_instances(f: Fixture) {
    f.make_group("busy").await;
    f.scale("busy", 1).await;
    let input = ops::DeleteAutoScalingGroup { name: "busy".to_owned() };
    refused(f.aws.delete_auto_scaling_group(input.clone()).await, InUse, "ResourceInUse");
    assert_eq!(f.group("busy").await.instances.len(), 1);
    f.scale("busy", 0).await;
    f.aws.delete_auto_scaling_group(input).await.unwrap();
    assert_eq!(f.groups(&["busy"]).await, []);
}

async fn missing_group_is_not_updated(f: Fixture) {
    let input = ops::UpdateAutoScalingGroup { max_size: Some(3), ..update_of("nowhere") };
    refused(f.aws.update_auto_scaling_group(input).await, NotFound, "ValidationError");
}
