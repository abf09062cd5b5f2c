//! Updates of groups, field by field: what is sent changes, what is not stays.

use kmax_cloud::ops;
use kmax_model::{AutoScalingGroup, Distribution, LaunchSource, MixedInstancesPolicy, Override};

use super::case::cases;
use super::fixture::{Fixture, reference, update_of};

cases!("group_updates":
    nothing,
    min_size,
    max_size,
    both_sizes,
    subnets,
    capacity_rebalance,
    max_instance_lifetime,
    new_instances_protected,
    version,
    overrides_in_order,
    overrides_with_weights_and_templates,
    distribution_by_field,
    spot_max_price_is_cleared,
    desired_is_moved_by_min,
    desired_is_moved_by_max,
    a_change_keeps_desired,
);

/// Updates a fresh group and asserts that it is as it was but for `change`.
async fn check(
    f: &Fixture,
    input: ops::UpdateAutoScalingGroup,
    change: impl FnOnce(&mut AutoScalingGroup),
) {
    let mut expected = f.group(&input.name).await;
    change(&mut expected);
    f.update(input.clone()).await;
    assert_eq!(f.group(&input.name).await, expected, "{input:?}");
    // Again, nothing changes.
    f.update(input.clone()).await;
    assert_eq!(f.group(&input.name).await, expected, "{input:?}, again");
}

async fn nothing(f: Fixture) {
    f.make_group("grp").await;
    check(&f, update_of("grp"), |_| {}).await;
}

async fn min_size(f: Fixture) {
    f.make_group("grp").await;
    f.scale("grp", 3).await;
    let input = ops::UpdateAutoScalingGroup { min_size: Some(2), ..update_of("grp") };
    check(&f, input, |group| group.min_size = 2).await;
}

async fn max_size(f: Fixture) {
    f.make_group("grp").await;
    let input = ops::UpdateAutoScalingGroup { max_size: Some(40), ..update_of("grp") };
    check(&f, input, |group| group.max_size = 40).await;
}

async fn both_sizes(f: Fixture) {
    f.make_group("grp").await;
    let input =
        ops::UpdateAutoScalingGroup { min_size: Some(0), max_size: Some(0), ..update_of("grp") };
    check(&f, input, |group| group.max_size = 0).await;
}

async fn subnets(f: Fixture) {
    f.make_group("grp").await;
    let one = f.subnets().into_iter().take(1).collect();
    let input = ops::UpdateAutoScalingGroup { subnets: Some(f.subnets()), ..update_of("grp") };
    check(&f, input, |_| {}).await;
    let input = ops::UpdateAutoScalingGroup { subnets: Some(one), ..update_of("grp") };
    let expected = input.subnets.clone().unwrap();
    check(&f, input, |group| group.subnets = expected).await;
}

async fn capacity_rebalance(f: Fixture) {
    f.make_group("grp").await;
    for on in [true, false] {
        let input =
            ops::UpdateAutoScalingGroup { capacity_rebalance: Some(on), ..update_of("grp") };
        check(&f, input, |group| group.capacity_rebalance = on).await;
    }
}

async fn max_instance_lifetime(f: Fixture) {
    f.make_group("grp").await;
    for seconds in [86_400, 604_800, 0] {
        let input = ops::UpdateAutoScalingGroup {
            max_instance_lifetime: Some(seconds),
            ..update_of("grp")
        };
        check(&f, input, |group| group.max_instance_lifetime = seconds).await;
    }
}

async fn new_instances_protected(f: Fixture) {
    f.make_group("grp").await;
    for on in [true, false] {
        let input =
            ops::UpdateAutoScalingGroup { new_instances_protected: Some(on), ..update_of("grp") };
        check(&f, input, |group| group.new_instances_protected = on).await;
    }
}

fn launch_of(policy: MixedInstancesPolicy) -> ops::UpdateAutoScalingGroup {
    ops::UpdateAutoScalingGroup { launch: Some(LaunchSource::Mixed(policy)), ..update_of("grp") }
}

async fn set_policy(f: &Fixture, policy: MixedInstancesPolicy) {
    let expected = LaunchSource::Mixed(policy.clone());
    check(f, launch_of(policy), |group| group.launch = expected).await;
}

async fn version(f: Fixture) {
    let template = f.make_group("grp").await;
    f.make_version(&template.id, f.data().await).await;
    for number in [2, 1] {
        set_policy(&f, Fixture::policy(&template, number)).await;
    }
    for alias in ["$Latest", "$Default"] {
        let mut policy = Fixture::policy(&template, 1);
        policy.template.version = alias.to_owned();
        set_policy(&f, policy).await;
    }
}

async fn overrides_in_order(f: Fixture) {
    let template = f.make_group("grp").await;
    for types in [
        vec!["r5.2xlarge", "m5.2xlarge"],
        vec!["m5.2xlarge", "r5.2xlarge"],
        vec!["r5.2xlarge"],
        vec!["m5.large", "m5.xlarge", "m5.2xlarge", "r5.large", "r5.xlarge"],
    ] {
        let overrides = types.into_iter().map(Override::of_type).collect();
        set_policy(&f, MixedInstancesPolicy { overrides, ..Fixture::policy(&template, 1) }).await;
    }
}

async fn overrides_with_weights_and_templates(f: Fixture) {
    let template = f.make_group("grp").await;
    let other = f.make_template("other").await;
    let weighted = |name, weight: &str| Override {
        weighted_capacity: Some(weight.to_owned()),
        ..Override::of_type(name)
    };
    let overrides = vec![weighted("m5.2xlarge", "1"), weighted("r5.2xlarge", "2")];
    set_policy(&f, MixedInstancesPolicy { overrides, ..Fixture::policy(&template, 1) }).await;
    let own = Override { template: Some(reference(&other, 1)), ..Override::of_type("m5.2xlarge") };
    let overrides = vec![Override::of_type("r5.2xlarge"), own];
    set_policy(&f, MixedInstancesPolicy { overrides, ..Fixture::policy(&template, 1) }).await;
}

/// Returns distributions that differ by one field each. A field that is added to the model does
/// not compile until it has its samples here.
fn distributions(of: &Distribution) -> Vec<Distribution> {
    let Distribution {
        on_demand_base: _,
        on_demand_percentage: _,
        on_demand_allocation: _,
        spot_allocation: _,
        spot_pools: _,
        spot_max_price: _,
    } = of;
    let other = || of.clone();
    let lowest = "lowest-price".to_owned();
    vec![
        Distribution { on_demand_base: 3, ..other() },
        Distribution { on_demand_percentage: 100, ..other() },
        Distribution { on_demand_percentage: 35, ..other() },
        Distribution { on_demand_allocation: lowest.clone(), ..other() },
        Distribution { spot_allocation: "capacity-optimized".to_owned(), ..other() },
        Distribution { spot_allocation: lowest.clone(), spot_pools: Some(5), ..other() },
        Distribution { spot_max_price: Some("0.25".to_owned()), ..other() },
        Distribution::default(),
    ]
}

async fn distribution_by_field(f: Fixture) {
    let template = f.make_group("grp").await;
    let usual = Fixture::policy(&template, 1);
    for distribution in distributions(&usual.distribution) {
        set_policy(&f, MixedInstancesPolicy { distribution, ..usual.clone() }).await;
        // And back: nothing of the field stays behind.
        set_policy(&f, usual.clone()).await;
    }
}

async fn spot_max_price_is_cleared(f: Fixture) {
    let template = f.make_template("grp").await;
    let mut policy = Fixture::policy(&template, 1);
    policy.distribution.spot_max_price = Some("0.25".to_owned());
    let input = ops::CreateAutoScalingGroup {
        launch: LaunchSource::Mixed(policy.clone()),
        ..f.group_input("grp", &template)
    };
    f.aws.create_auto_scaling_group(input).await.unwrap();
    assert_eq!(f.group("grp").await.launch, LaunchSource::Mixed(policy));
    set_policy(&f, Fixture::policy(&template, 1)).await;
}

async fn desired_is_moved_by_min(f: Fixture) {
    f.make_group("grp").await;
    f.scale("grp", 1).await;
    f.update(ops::UpdateAutoScalingGroup { min_size: Some(3), ..update_of("grp") }).await;
    let group = f.group("grp").await;
    assert_eq!((group.min_size, group.desired_capacity, group.max_size), (3, 3, 10));
}

async fn desired_is_moved_by_max(f: Fixture) {
    f.make_group("grp").await;
    f.scale("grp", 5).await;
    f.update(ops::UpdateAutoScalingGroup { max_size: Some(2), ..update_of("grp") }).await;
    let group = f.group("grp").await;
    assert_eq!((group.min_size, group.desired_capacity, group.max_size), (0, 2, 2));
}

async fn a_change_keeps_desired(f: Fixture) {
    let template = f.make_group("grp").await;
    f.scale("grp", 4).await;
    f.make_version(&template.id, f.data().await).await;
    let before = f.group("grp").await;
    f.update(launch_of(Fixture::policy(&template, 2))).await;
    let after = f.group("grp").await;
    assert_eq!(after.desired_capacity, 4);
    assert_eq!(after.instances, before.instances);
}
