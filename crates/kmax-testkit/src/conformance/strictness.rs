//! What Auto Scaling refuses, and that nothing is left behind by it.

use std::collections::BTreeMap;

use kmax_cloud::ErrorClass::{self, Invalid, NotYet};
use kmax_cloud::ops;
use kmax_model::{
    LaunchSource, LaunchTemplate, MixedInstancesPolicy, Override, TemplateData, TemplateRef,
};

use super::case::cases;
use super::fixture::{Fixture, group_tag, reference, refused, text_set, update_of};

cases!("strictness":
    min_above_max,
    min_above_max_in_an_update,
    bounds_that_cross_in_an_update,
    name_with_a_colon,
    missing_template,
    missing_version,
    missing_version_in_an_update,
    missing_image,
    missing_profile,
    missing_type,
    wrong_architecture,
    missing_subnet,
    no_subnet,
    no_source,
    template_without_a_type,
    template_without_an_image,
    more_than_40_overrides,
    type_twice,
    pools_without_lowest_price,
    percentage_above_100,
    lifetime_too_short,
    more_than_50_tags,
    tag_key_too_long,
    refused_update_changes_nothing,
);

const CODE: &str = "ValidationError";

async fn refuses_create(
    f: &Fixture,
    class: ErrorClass,
    change: impl FnOnce(&mut ops::CreateAutoScalingGroup, &LaunchTemplate),
) {
    let template = f.make_template("grp").await;
    let mut input = f.group_input("grp", &template);
    change(&mut input, &template);
    refused(f.aws.create_auto_scaling_group(input).await, class, CODE);
    assert_eq!(f.groups(&[]).await, []);
}

async fn refuses_update(f: &Fixture, class: ErrorClass, input: ops::UpdateAutoScalingGroup) {
    let before = f.group(&input.name).await;
    let name = input.name.clone();
    refused(f.aws.update_auto_scaling_group(input).await, class, CODE);
    assert_eq!(f.group(&name).await, before);
}

async fn min_above_max(f: Fixture) {
    refuses_create(&f, Invalid, |input, _| input.min_size = 11).await;
}

async fn min_above_max_in_an_update(f: Fixture) {
    f.make_group("grp").await;
    let input =
        ops::UpdateAutoScalingGroup { min_size: Some(5), max_size: Some(4), ..update_of("grp") };
    refuses_update(&f, Invalid, input).await;
}

async fn bounds_that_cross_in_an_update(f: Fixture) {
    f.make_group("grp").await;
    let input = ops::UpdateAutoScalingGroup { min_size: Some(11), ..update_of("grp") };
    refuses_update(&f, Invalid, input).await;
}

async fn name_with_a_colon(f: Fixture) {
    refuses_create(&f, Invalid, |input, _| input.name.insert(1, ':')).await;
}

fn policy_with(
    template: &LaunchTemplate,
    change: impl FnOnce(&mut MixedInstancesPolicy),
) -> LaunchSource {
    let mut policy = Fixture::policy(template, 1);
    change(&mut policy);
    LaunchSource::Mixed(policy)
}

async fn missing_template(f: Fixture) {
    // A template that was made just before may not be visible yet.
    refuses_create(&f, NotYet, |input, template| {
        input.launch = policy_with(template, |policy| {
            policy.template = TemplateRef {
                id: "lt-0ffffffffffffffff".to_owned(),
                name: String::new(),
                version: "1".to_owned(),
            };
        });
    })
    .await;
}

async fn missing_version(f: Fixture) {
    let template = f.make_template("grp").await;
    let mut input = f.group_input("grp", &template);
    input.launch = policy_with(&template, |policy| policy.template = reference(&template, 7));
    let error = f.aws.create_auto_scaling_group(input).await.unwrap_err();
    assert_eq!(error.code, CODE, "{}", error.message);
    assert!(matches!(error.class, Invalid | NotYet), "{error:?}");
    assert_eq!(f.groups(&[]).await, []);
}

async fn missing_version_in_an_update(f: Fixture) {
    let template = f.make_group("grp").await;
    let before = f.group("grp").await;
    let launch = LaunchSource::Mixed(Fixture::policy(&template, 7));
    let input = ops::UpdateAutoScalingGroup { launch: Some(launch), ..update_of("grp") };
    let error = f.aws.update_auto_scaling_group(input).await.unwrap_err();
    assert_eq!(error.code, CODE, "{}", error.message);
    assert!(matches!(error.class, Invalid | NotYet), "{error:?}");
    assert_eq!(f.group("grp").await, before);
}

/// Asserts that a group can't be made of template data, though a template can.
async fn refuses_data(f: &Fixture, class: ErrorClass, data: TemplateData) {
    let template = f.make_template_of("grp", data).await;
    let input = f.group_input("grp", &template);
    refused(f.aws.create_auto_scaling_group(input).await, class, CODE);
    assert_eq!(f.groups(&[]).await, []);
}

async fn missing_image(f: Fixture) {
    let image_id = Some("ami-0ffffffffffffffff".to_owned());
    let data = TemplateData { image_id, ..f.data().await };
    refuses_data(&f, Invalid, data).await;
}

async fn missing_profile(f: Fixture) {
    let instance_profile = Some("no-such-profile".to_owned());
    let data = TemplateData { instance_profile, ..f.data().await };
    // IAM's news take a while.
    refuses_data(&f, NotYet, data).await;
}

async fn missing_type(f: Fixture) {
    refuses_create(&f, Invalid, |input, template| {
        input.launch = policy_with(template, |policy| {
            policy.overrides = vec![Override::of_type("r5.17xlarge")];
        });
    })
    .await;
}

async fn wrong_architecture(f: Fixture) {
    let image_id = Some(f.image("arm64").await);
    let data = TemplateData { image_id, ..f.data().await };
    refuses_data(&f, Invalid, data).await;
}

async fn missing_subnet(f: Fixture) {
    refuses_create(&f, Invalid, |input, _| {
        input.subnets = text_set(["subnet-0ffffffffffffffff"]);
    })
    .await;
}

async fn no_subnet(f: Fixture) {
    refuses_create(&f, Invalid, |input, _| input.subnets.clear()).await;
}

async fn no_source(f: Fixture) {
    refuses_create(&f, Invalid, |input, _| input.launch = LaunchSource::None).await;
}

async fn template_without_a_type(f: Fixture) {
    // Only overrides bring a type, and a plain template has none.
    refuses_create(&f, Invalid, |input, template| {
        input.launch = LaunchSource::Template(reference(template, 1));
    })
    .await;
    let template = f.make_template("grp-2").await;
    let input = f.group_input("grp-2", &template);
    f.aws.create_auto_scaling_group(input).await.unwrap();
    let launch = Some(LaunchSource::Template(reference(&template, 1)));
    let input = ops::UpdateAutoScalingGroup { launch, ..update_of("grp-2") };
    refuses_update(&f, Invalid, input).await;
}

async fn template_without_an_image(f: Fixture) {
    let data = TemplateData { image_id: None, ..f.data().await };
    refuses_data(&f, Invalid, data).await;
}

async fn more_than_40_overrides(f: Fixture) {
    let sizes = ["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge"];
    let families = ["m5", "r5", "c5", "m5a", "r5a", "m6i"];
    let names = families.iter().flat_map(|family| sizes.map(|size| format!("{family}.{size}")));
    let overrides: Vec<_> = names.map(Override::of_type).take(41).collect();
    assert_eq!(overrides.len(), 41);
    refuses_create(&f, Invalid, |input, template| {
        input.launch = policy_with(template, |policy| policy.overrides = overrides);
    })
    .await;
}

async fn type_twice(f: Fixture) {
    refuses_create(&f, Invalid, |input, template| {
        input.launch = policy_with(template, |policy| {
            policy.overrides.push(Override::of_type("m5.2xlarge"));
        });
    })
    .await;
}

async fn pools_without_lowest_price(f: Fixture) {
    refuses_create(&f, Invalid, |input, template| {
        input.launch = policy_with(template, |policy| policy.distribution.spot_pools = Some(3));
    })
    .await;
}

async fn percentage_above_100(f: Fixture) {
    refuses_create(&f, Invalid, |input, template| {
        input.launch =
            policy_with(template, |policy| policy.distribution.on_demand_percentage = 101);
    })
    .await;
}

async fn lifetime_too_short(f: Fixture) {
    refuses_create(&f, Invalid, |input, _| input.max_instance_lifetime = Some(86_399)).await;
}

async fn more_than_50_tags(f: Fixture) {
    refuses_create(&f, Invalid, |input, _| {
        input.tags = (0..51).map(|at| (format!("tag-{at}"), group_tag("x", false))).collect();
    })
    .await;
}

async fn tag_key_too_long(f: Fixture) {
    f.make_group("grp").await;
    let before = f.group("grp").await;
    let tags = BTreeMap::from([("x".repeat(129), group_tag("", false))]);
    let input = ops::CreateOrUpdateTags { group: "grp".to_owned(), tags };
    refused(f.aws.create_or_update_tags(input).await, Invalid, CODE);
    assert_eq!(f.group("grp").await, before);
}

async fn refused_update_changes_nothing(f: Fixture) {
    let template = f.make_group("grp").await;
    let launch = policy_with(&template, |policy| {
        policy.overrides = vec![Override::of_type("r5.17xlarge")];
    });
    let input = ops::UpdateAutoScalingGroup {
        min_size: Some(1),
        max_size: Some(9),
        capacity_rebalance: Some(true),
        launch: Some(launch),
        subnets: Some(f.subnets().into_iter().take(1).collect()),
        ..update_of("grp")
    };
    refuses_update(&f, Invalid, input).await;
}
