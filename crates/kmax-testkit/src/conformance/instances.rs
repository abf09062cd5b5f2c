//! Instances of groups.

use std::collections::BTreeSet;

use kmax_cloud::{collect_pages, ops};
use kmax_model::{Instance, LaunchSource, LaunchTemplate, MixedInstancesPolicy, Override};

use super::case::cases;
use super::fixture::{Fixture, reference, text_map, update_of};

cases!("instances":
    launched_within_the_group,
    launched_from_the_groups_version,
    kept_on_their_version,
    spot_and_on_demand,
    base_is_on_demand,
    tags_of_group_and_template,
    read_by_template,
    read_by_id,
    read_by_page,
    protected_from_scale_in,
    gone_after_scaling_in,
    minimum_launches,
);

async fn living(f: &Fixture, group: &str) -> Vec<Instance> {
    let group = f.group(group).await;
    group.instances.into_iter().filter(Instance::is_living).collect()
}

async fn ec2(f: &Fixture, ids: Vec<String>) -> Vec<ops::Ec2Instance> {
    let read = |next_token| {
        f.aws.describe_instances(ops::DescribeInstances {
            ids: ids.clone(),
            next_token,
            ..ops::DescribeInstances::default()
        })
    };
    collect_pages(read).await.unwrap()
}

async fn set_policy(f: &Fixture, template: &LaunchTemplate, percentage: u32, base: u32) {
    let mut policy = Fixture::policy(template, 1);
    policy.distribution.on_demand_percentage = percentage;
    policy.distribution.on_demand_base = base;
    let launch = Some(LaunchSource::Mixed(policy));
    f.update(ops::UpdateAutoScalingGroup { launch, ..update_of(&template.name) }).await;
}

async fn launched_within_the_group(f: Fixture) {
    let template = f.make_group("grp").await;
    f.scale("grp", 4).await;
    let group = f.group("grp").await;
    assert_eq!((group.desired_capacity, group.instances.len()), (4, 4));
    let ids: BTreeSet<_> = group.instances.iter().map(|it| it.id.clone()).collect();
    assert_eq!(ids.len(), 4);
    for instance in &group.instances {
        assert!(instance.id.starts_with("i-"), "{}", instance.id);
        assert!(["m5.2xlarge", "r5.2xlarge"].contains(&instance.instance_type.as_str()));
        assert!(f.place.subnets.contains_key(&instance.zone), "{}", instance.zone);
        assert_eq!((&*instance.lifecycle_state, &*instance.health), ("InService", "Healthy"));
        assert_eq!(instance.template, Some(reference(&template, 1)));
        assert!(!instance.protected_from_scale_in && instance.is_living());
    }
    // Spread over the zones.
    let zones: BTreeSet<_> = group.instances.iter().map(|it| &it.zone).collect();
    assert_eq!(zones.len(), f.place.subnets.len().min(4));
}

async fn launched_from_the_groups_version(f: Fixture) {
    let template = f.make_template("grp").await;
    f.make_version(&template.id, f.data().await).await;
    let input = ops::CreateAutoScalingGroup {
        launch: LaunchSource::Mixed(Fixture::policy(&template, 2)),
        ..f.group_input("grp", &template)
    };
    f.aws.create_auto_scaling_group(input).await.unwrap();
    f.scale("grp", 1).await;
    // The default version is still 1.
    assert_eq!(f.templates(&["grp"]).await[0].default_version, 1);
    assert_eq!(living(&f, "grp").await[0].template, Some(reference(&template, 2)));
}

async fn kept_on_their_version(f: Fixture) {
    let template = f.make_group("grp").await;
    f.scale("grp", 2).await;
    f.make_version(&template.id, f.data().await).await;
    let launch = Some(LaunchSource::Mixed(Fixture::policy(&template, 2)));
    f.update(ops::UpdateAutoScalingGroup { launch, ..update_of("grp") }).await;
    f.scale("grp", 3).await;
    let mut versions: Vec<_> =
        living(&f, "grp").await.into_iter().filter_map(|it| it.template?.number()).collect();
    versions.sort_unstable();
    assert_eq!(versions, [1, 1, 2]);
}

async fn lifecycles(f: &Fixture) -> Vec<String> {
    let ids = living(f, "grp").await.into_iter().map(|it| it.id).collect();
    let mut found: Vec<_> = ec2(f, ids).await.into_iter().map(|it| it.lifecycle).collect();
    found.sort();
    found
}

async fn spot_and_on_demand(f: Fixture) {
    let template = f.make_group("grp").await;
    f.scale("grp", 2).await;
    assert_eq!(lifecycles(&f).await, ["spot", "spot"]);
    f.scale("grp", 0).await;
    set_policy(&f, &template, 100, 0).await;
    f.scale("grp", 2).await;
    assert_eq!(lifecycles(&f).await, ["on-demand", "on-demand"]);
}

async fn base_is_on_demand(f: Fixture) {
    let template = f.make_group("grp").await;
    set_policy(&f, &template, 0, 1).await;
    f.scale("grp", 3).await;
    assert_eq!(lifecycles(&f).await, ["on-demand", "spot", "spot"]);
}

async fn tags_of_group_and_template(f: Fixture) {
    let template = f.make_group("grp").await;
    f.scale("grp", 1).await;
    let id = living(&f, "grp").await.remove(0).id;
    let found = ec2(&f, vec![id.clone()]).await;
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].id, found[0].state.as_str()), (&id, "running"));
    let expected = text_map([
        ("aws:autoscaling:groupName", "grp"),
        ("aws:ec2launchtemplate:id", &template.id),
        ("aws:ec2launchtemplate:version", "1"),
        ("made-by", "template"),
        ("team", "dsp"),
    ]);
    assert_eq!(found[0].tags, expected);
}

async fn read_by_template(f: Fixture) {
    let template = f.make_group("grp").await;
    f.make_group("other").await;
    f.scale("grp", 2).await;
    f.scale("other", 1).await;
    let input = ops::DescribeInstances {
        launched_from: Some(template.id),
        ..ops::DescribeInstances::default()
    };
    let found = f.aws.describe_instances(input).await.unwrap().items;
    let found: BTreeSet<_> = found.into_iter().map(|it| it.id).collect();
    let expected: BTreeSet<_> = living(&f, "grp").await.into_iter().map(|it| it.id).collect();
    assert_eq!(found, expected);
}

async fn read_by_id(f: Fixture) {
    f.make_group("grp").await;
    f.scale("grp", 2).await;
    let id = living(&f, "grp").await.remove(0).id;
    // A filter, so that what is missing is left out.
    let found = ec2(&f, vec![id.clone(), "i-0ffffffffffffffff".to_owned()]).await;
    assert_eq!(found.into_iter().map(|it| it.id).collect::<Vec<_>>(), [id]);
}

async fn read_by_page(f: Fixture) {
    f.make_group("grp").await;
    f.scale("grp", 7).await;
    let mut ids = BTreeSet::new();
    let mut pages = 0;
    let mut next_token = None;
    loop {
        let input = ops::DescribeInstances {
            max_results: Some(5),
            next_token,
            ..ops::DescribeInstances::default()
        };
        let page = f.aws.describe_instances(input).await.unwrap();
        assert!(page.items.len() <= 5);
        ids.extend(page.items.into_iter().map(|it| it.id));
        pages += 1;
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    assert_eq!((pages, ids.len()), (2, 7));
}

async fn protected_from_scale_in(f: Fixture) {
    f.make_group("grp").await;
    f.scale("grp", 1).await;
    f.update(ops::UpdateAutoScalingGroup {
        new_instances_protected: Some(true),
        ..update_of("grp")
    })
    .await;
    f.scale("grp", 2).await;
    let protected = living(&f, "grp").await.into_iter().filter(|it| it.protected_from_scale_in);
    // Only those that were launched since.
    assert_eq!(protected.count(), 1);
}

async fn gone_after_scaling_in(f: Fixture) {
    f.make_group("grp").await;
    f.scale("grp", 3).await;
    f.scale("grp", 1).await;
    assert_eq!(living(&f, "grp").await.len(), 1);
    let group = f.group("grp").await;
    assert_eq!((group.desired_capacity, group.min_size, group.max_size), (1, 0, 10));
}

async fn minimum_launches(f: Fixture) {
    let template = f.make_template("grp").await;
    let policy = MixedInstancesPolicy {
        overrides: vec![Override::of_type("r5.2xlarge")],
        ..Fixture::policy(&template, 1)
    };
    let input = ops::CreateAutoScalingGroup {
        min_size: 2,
        launch: LaunchSource::Mixed(policy),
        ..f.group_input("grp", &template)
    };
    f.aws.create_auto_scaling_group(input).await.unwrap();
    let types: Vec<_> = living(&f, "grp").await.into_iter().map(|it| it.instance_type).collect();
    assert_eq!(types, ["r5.2xlarge", "r5.2xlarge"]);
}
