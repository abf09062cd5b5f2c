use std::collections::BTreeMap;

use kmax_cloud::{ErrorClass, Request, Response, ops};
use kmax_model::{
    Distribution, LaunchSource, MetadataOptions, MixedInstancesPolicy, Override, TemplateData,
    TemplateRef,
};

use crate::world::{Refused, World, call, set, tags};

/// Creates a group from changed content and a changed policy.
fn create(
    change: impl FnOnce(&mut World, &mut TemplateData),
    policy: impl FnOnce(&mut MixedInstancesPolicy),
) -> Result<(), Refused> {
    let mut world = World::new();
    let mut data = world.data();
    change(&mut world, &mut data);
    let template = world.create_template("abc", data);
    let mut mixed = World::policy(&template, "1");
    policy(&mut mixed);
    let input = world.group_input("abc", mixed);
    call!(world, CreateAutoScalingGroup, input)
}

fn content(change: impl FnOnce(&mut World, &mut TemplateData)) -> Result<(), Refused> {
    create(change, |_| {})
}

fn policy(change: impl FnOnce(&mut MixedInstancesPolicy)) -> Result<(), Refused> {
    create(|_, _| {}, change)
}

fn types(names: &[&str]) -> Vec<Override> {
    names.iter().map(|name| Override::of_type(*name)).collect()
}

#[test]
fn what_is_right_is_taken() {
    assert_eq!(content(|_, _| {}), Ok(()));
    assert_eq!(policy(|p| p.template.version = "$Latest".into()), Ok(()));
    assert_eq!(
        policy(|p| p.template =
            TemplateRef { name: "abc".into(), version: "1".into(), id: String::new() }),
        Ok(())
    );
}

#[test]
fn the_template_is_judged_here() {
    let invalid = Err(("ValidationError".to_owned(), ErrorClass::Invalid));
    let not_yet = Err(("ValidationError".to_owned(), ErrorClass::NotYet));
    assert_eq!(content(|_, d| d.image_id = None), invalid);
    assert_eq!(content(|_, d| d.image_id = Some("ami-0".into())), invalid);
    assert_eq!(content(|w, d| d.image_id = Some(w.image("arm64"))), invalid);
    assert_eq!(content(|_, d| d.instance_profile = Some("no".into())), not_yet);
    assert_eq!(content(|_, d| d.security_group_ids = set(&["sg-0"])), invalid);
    assert_eq!(policy(|p| p.template.version = "2".into()), not_yet);
    assert_eq!(policy(|p| p.template.version = "x".into()), invalid);
    assert_eq!(policy(|p| p.template.id = "lt-0123456789abcdef0".into()), not_yet);
    // Tag keys with a slash can't be paths of the metadata service.
    let metadata = |d: &mut TemplateData, key: &str| {
        d.metadata = MetadataOptions {
            instance_metadata_tags: Some("enabled".into()),
            ..MetadataOptions::default()
        };
        d.tags.insert("instance".into(), tags(&[(key, "v")]));
    };
    assert_eq!(content(|_, d| metadata(d, "a/b")), invalid);
    assert_eq!(content(|_, d| metadata(d, "a.b")), Ok(()));
}

#[test]
fn types_are_real_and_sold_and_fit_the_image() {
    let invalid = Err(("ValidationError".to_owned(), ErrorClass::Invalid));
    let with = |names: &[&str]| policy(|p| p.overrides = types(names));
    assert_eq!(with(&["r5.3xlarge"]), invalid);
    assert_eq!(with(&["r5.2xlarge", "r6g.2xlarge"]), invalid);
    assert_eq!(with(&["r5.2xlarge", "r5.2xlarge"]), invalid);
    assert_eq!(with(&[]), invalid);
    let typed = |d: &mut TemplateData| {
        d.other = BTreeMap::from([("InstanceType".into(), "r5.2xlarge".into())]);
    };
    assert_eq!(create(|_, d| typed(d), |p| p.overrides = vec![]), Ok(()));
}

#[test]
fn a_type_must_be_sold_in_a_zone_of_the_group() {
    let mut world = World::new();
    let page = call!(
        world,
        DescribeInstanceTypeOfferings,
        ops::DescribeInstanceTypeOfferings { zones: set(&["us-east-1a"]), ..Default::default() }
    );
    assert!(page.expect("read").items.iter().all(|offering| offering.zone == "us-east-1a"));
    // An old family that zone c has and zone e has not.
    let template = world.create_pool("abc");
    let mut policy = World::policy(&template, "1");
    policy.overrides = types(&["a1.2xlarge"]);
    let mut data = world.data();
    data.image_id = Some(world.image("arm64"));
    world.create_version(&template.id, data);
    policy.template.version = "2".into();
    let input = world.group_input("abd", policy);
    call!(world, CreateAutoScalingGroup, input).expect("made");
}

#[test]
fn overrides_are_at_most_40_and_of_one_sort() {
    let invalid = Err(("ValidationError".to_owned(), ErrorClass::Invalid));
    let mut world = World::new();
    let page = call!(
        world,
        DescribeInstanceTypes,
        ops::DescribeInstanceTypes { architecture: Some("x86_64".into()), ..Default::default() }
    );
    let subnets = ["us-east-1a", "us-east-1b", "us-east-1c"];
    let sold = call!(
        world,
        DescribeInstanceTypeOfferings,
        ops::DescribeInstanceTypeOfferings { zones: set(&subnets), ..Default::default() }
    )
    .expect("read")
    .items;
    let names: Vec<String> = page
        .expect("read")
        .items
        .into_iter()
        .map(|t| t.name)
        .filter(|name| sold.iter().any(|o| o.instance_type == *name))
        .take(41)
        .collect();
    assert_eq!(names.len(), 41);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(policy(|p| p.overrides = types(&names)), invalid);
    assert_eq!(policy(|p| p.overrides = types(&names[..40])), Ok(()));
    let requirements = Override { requirements: Some("{}".into()), ..Override::default() };
    let both = Override { instance_type: Some("r5.2xlarge".into()), ..requirements.clone() };
    let mixed = vec![Override::of_type("r5.2xlarge"), requirements.clone()];
    assert_eq!(policy(|p| p.overrides = mixed), invalid);
    assert_eq!(policy(|p| p.overrides = vec![both]), invalid);
    assert_eq!(policy(|p| p.overrides = vec![Override::default()]), invalid);
    assert_eq!(policy(|p| p.overrides = vec![requirements.clone(); 5]), invalid);
    assert_eq!(policy(|p| p.overrides = vec![requirements]), Ok(()));
    let weighted = |weight: &str| {
        let weighted_capacity = Some(weight.to_owned());
        policy(|p| p.overrides[0].weighted_capacity = weighted_capacity)
    };
    assert_eq!(weighted("0"), invalid);
    assert_eq!(weighted("2"), Ok(()));
}

#[test]
fn the_distribution_keeps_to_its_words() {
    let invalid = Err(("ValidationError".to_owned(), ErrorClass::Invalid));
    let with = |change: fn(&mut Distribution)| policy(|p| change(&mut p.distribution));
    assert_eq!(with(|d| d.on_demand_percentage = 101), invalid);
    assert_eq!(with(|d| d.on_demand_allocation = "cheap".into()), invalid);
    assert_eq!(with(|d| d.spot_allocation = "cheap".into()), invalid);
    assert_eq!(with(|d| d.spot_pools = Some(2)), invalid);
    assert_eq!(with(|d| d.spot_max_price = Some("x".into())), invalid);
    assert_eq!(with(|d| d.spot_max_price = Some("0.1".into())), Ok(()));
    let pools = |d: &mut Distribution, pools| {
        d.spot_allocation = "lowest-price".into();
        d.spot_pools = Some(pools);
    };
    assert_eq!(policy(|p| pools(&mut p.distribution, 3)), Ok(()));
    assert_eq!(policy(|p| pools(&mut p.distribution, 21)), invalid);
}

#[test]
fn on_demand_launches_have_no_spot_request_to_tag() {
    let invalid = Err(("ValidationError".to_owned(), ErrorClass::Invalid));
    let tag = |d: &mut TemplateData| {
        d.tags.insert("spot-instances-request".into(), tags(&[("a", "b")]));
    };
    let half = |p: &mut MixedInstancesPolicy| p.distribution.on_demand_percentage = 50;
    assert_eq!(create(|_, d| tag(d), |_| {}), Ok(()));
    assert_eq!(create(|_, d| tag(d), half), invalid);
}

#[test]
fn a_policy_takes_no_template_that_asks_for_spot_itself() {
    let market = |d: &mut TemplateData| {
        d.other.insert("InstanceMarketOptions".into(), "{\"MarketType\":\"spot\"}".into());
    };
    let invalid = Err(("ValidationError".to_owned(), ErrorClass::Invalid));
    assert_eq!(content(|_, d| market(d)), invalid);
}

#[test]
fn a_plain_template_names_its_type() {
    let mut world = World::new();
    let data = world.data();
    let template = world.create_template("abc", data);
    let policy = World::policy(&template, "1");
    let mut input = world.group_input("abc", policy.clone());
    input.launch = LaunchSource::Template(policy.template);
    let answer = call!(world, CreateAutoScalingGroup, input.clone());
    assert_eq!(answer, Err(("ValidationError".into(), ErrorClass::Invalid)));
    input.launch = LaunchSource::Configuration("old".into());
    assert!(call!(world, CreateAutoScalingGroup, input).is_err());
}
