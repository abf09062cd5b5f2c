//! Groups and their policies, both ways.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::types::{
    self, InstancesDistribution, LaunchTemplateOverrides, LaunchTemplateSpecification,
    SuspendedProcess, TagDescription,
};
use kmax_cloud::{CloudError, Operation};
use kmax_model::{
    AutoScalingGroup, Distribution, GroupTag, Instance, LaunchSource, MixedInstancesPolicy,
    Override, TemplateRef,
};

use crate::error::not_sendable;
use crate::print::Node;

/// What Auto Scaling shows of fields that nobody set.
const UNSET: [(&str, &str); 9] = [
    ("AvailabilityZoneDistribution", "{CapacityDistributionStrategy: BalancedBestEffort}"),
    (
        "AvailabilityZoneImpairmentPolicy",
        "{ZonalShiftEnabled: false, ImpairedZoneHealthCheckBehavior: IgnoreUnhealthy}",
    ),
    ("AvailabilityZoneImpairmentPolicy", "{ZonalShiftEnabled: false}"),
    ("CapacityReservationSpecification", "{CapacityReservationPreference: Default}"),
    ("DefaultCooldown", "300"),
    ("DesiredCapacityType", "units"),
    ("HealthCheckGracePeriod", "0"),
    ("HealthCheckType", "EC2"),
    ("TerminationPolicies", "[Default]"),
];

/// The end of the role that Auto Scaling takes where nobody names one.
const SERVICE_LINKED_ROLE: &str = "/AWSServiceRoleForAutoScaling";

const LOWEST_PRICE: &str = "lowest-price";
/// With `lowest-price`, where nobody says how many.
const DEFAULT_SPOT_POOLS: i32 = 2;

/// Reads a group.
pub(super) fn read_group(mut group: types::AutoScalingGroup) -> AutoScalingGroup {
    let launch = read_launch(&mut group);
    let tags = group.tags.take().unwrap_or_default().into_iter().map(read_tag).collect();
    let mut instances: Vec<Instance> =
        group.instances.take().unwrap_or_default().into_iter().map(read_instance).collect();
    instances.sort_by(|a, b| a.id.cmp(&b.id));
    let processes = group.suspended_processes.take().unwrap_or_default().into_iter();
    let suspended = |it: SuspendedProcess| it.process_name;
    let zone_identifier = group.vpc_zone_identifier.take().unwrap_or_default();
    let subnets = zone_identifier.split(',').map(str::trim).filter(|id| !id.is_empty());
    AutoScalingGroup {
        name: group.auto_scaling_group_name.take().unwrap_or_default(),
        status: group.status.take().filter(|status| !status.is_empty()),
        min_size: unsigned(group.min_size.take()),
        max_size: unsigned(group.max_size.take()),
        desired_capacity: unsigned(group.desired_capacity.take()),
        launch,
        subnets: subnets.map(str::to_owned).collect(),
        suspended_processes: processes.filter_map(suspended).collect(),
        capacity_rebalance: group.capacity_rebalance.take().unwrap_or_default(),
        max_instance_lifetime: unsigned(group.max_instance_lifetime.take()),
        new_instances_protected: group
            .new_instances_protected_from_scale_in
            .take()
            .unwrap_or_default(),
        tags,
        instances,
        other: read_other(group),
    }
}

/// Reads what kmax has no field for, after everything else was taken.
fn read_other(mut group: types::AutoScalingGroup) -> BTreeMap<String, String> {
    // Facts of AWS's, and what follows from the subnets.
    group.auto_scaling_group_arn = None;
    group.availability_zones = None;
    group.availability_zone_ids = None;
    group.created_time = None;
    group.predicted_capacity = None;
    group.service_linked_role_arn.take_if(|arn| arn.ends_with(SERVICE_LINKED_ROLE));
    let mut other = Node::of(&group).into_fields();
    other.retain(|name, value| !UNSET.contains(&(name.as_str(), value.as_str())));
    other
}

/// Takes what a group launches from.
fn read_launch(group: &mut types::AutoScalingGroup) -> LaunchSource {
    if let Some(policy) = &mut group.mixed_instances_policy {
        return LaunchSource::Mixed(read_policy(policy));
    }
    if let Some(template) = group.launch_template.take() {
        return LaunchSource::Template(read_ref(template));
    }
    match group.launch_configuration_name.take().filter(|name| !name.is_empty()) {
        Some(name) => LaunchSource::Configuration(name),
        None => LaunchSource::None,
    }
}

fn read_policy(policy: &mut types::MixedInstancesPolicy) -> MixedInstancesPolicy {
    let mut template = TemplateRef::default();
    let mut overrides = Vec::new();
    if let Some(launch) = &mut policy.launch_template {
        if let Some(specification) = launch.launch_template_specification.take() {
            template = read_ref(specification);
        }
        overrides.extend(launch.overrides.iter_mut().flatten().map(read_override));
        // What is left of an override is shown among its empty siblings, so that its place is told.
        let left = launch.overrides.iter().flatten().any(|it| !Node::of(it).is_empty());
        if !left {
            launch.overrides = None;
        }
    }
    let by_requirements = overrides.iter().any(|it| it.requirements.is_some());
    let distribution = read_distribution(policy.instances_distribution.as_mut(), by_requirements);
    MixedInstancesPolicy { template, overrides, distribution }
}

fn read_override(item: &mut LaunchTemplateOverrides) -> Override {
    let requirements = item.instance_requirements.take();
    Override {
        instance_type: item.instance_type.take().filter(|name| !name.is_empty()),
        weighted_capacity: item.weighted_capacity.take().filter(|weight| !weight.is_empty()),
        template: item.launch_template_specification.take().map(read_ref),
        requirements: requirements
            .map(|it| Node::of(&it))
            .filter(|node| !node.is_empty())
            .map(|node| node.to_string()),
    }
}

/// Takes a distribution, with AWS's defaults where it is silent.
fn read_distribution(
    distribution: Option<&mut InstancesDistribution>,
    by_requirements: bool,
) -> Distribution {
    let defaults = Distribution::default();
    let on_demand_default =
        if by_requirements { LOWEST_PRICE.to_owned() } else { defaults.on_demand_allocation };
    let Some(found) = distribution else {
        return Distribution { on_demand_allocation: on_demand_default, ..Distribution::default() };
    };
    let or = |found: Option<String>, default: String| {
        found.filter(|text| !text.is_empty()).unwrap_or(default)
    };
    let spot_allocation = or(found.spot_allocation_strategy.take(), defaults.spot_allocation);
    let spot_pools = found.spot_instance_pools.take();
    Distribution {
        on_demand_base: found
            .on_demand_base_capacity
            .take()
            .map_or(defaults.on_demand_base, |count| unsigned(Some(count))),
        on_demand_percentage: found
            .on_demand_percentage_above_base_capacity
            .take()
            .map_or(defaults.on_demand_percentage, |percent| unsigned(Some(percent))),
        on_demand_allocation: or(found.on_demand_allocation_strategy.take(), on_demand_default),
        // The number means nothing with other strategies, and nothing new where it is AWS's own.
        spot_pools: spot_pools
            .filter(|pools| spot_allocation == LOWEST_PRICE && *pools != DEFAULT_SPOT_POOLS)
            .and_then(|pools| pools.try_into().ok()),
        spot_allocation,
        spot_max_price: found.spot_max_price.take().filter(|price| !price.is_empty()),
    }
}

fn read_ref(specification: LaunchTemplateSpecification) -> TemplateRef {
    TemplateRef {
        id: specification.launch_template_id.unwrap_or_default(),
        name: specification.launch_template_name.unwrap_or_default(),
        // Auto Scaling takes the default version where none is named.
        version: specification
            .version
            .filter(|version| !version.is_empty())
            .unwrap_or_else(|| "$Default".to_owned()),
    }
}

fn read_tag(tag: TagDescription) -> (String, GroupTag) {
    let value = GroupTag {
        value: tag.value.unwrap_or_default(),
        propagate_at_launch: tag.propagate_at_launch.unwrap_or_default(),
    };
    (tag.key.unwrap_or_default(), value)
}

fn read_instance(instance: types::Instance) -> Instance {
    Instance {
        id: instance.instance_id.unwrap_or_default(),
        instance_type: instance.instance_type.unwrap_or_default(),
        zone: instance.availability_zone.unwrap_or_default(),
        lifecycle_state: instance
            .lifecycle_state
            .map(|it| it.as_str().to_owned())
            .unwrap_or_default(),
        health: instance.health_status.unwrap_or_default(),
        template: instance.launch_template.map(read_ref),
        protected_from_scale_in: instance.protected_from_scale_in.unwrap_or_default(),
    }
}

fn unsigned(number: Option<i32>) -> u32 {
    number.and_then(|number| number.try_into().ok()).unwrap_or_default()
}

/// What a call sends of where a group launches from: one of the three.
#[derive(Debug, Default)]
pub(super) struct Launch {
    pub(super) configuration: Option<String>,
    pub(super) template: Option<LaunchTemplateSpecification>,
    pub(super) policy: Option<types::MixedInstancesPolicy>,
}

/// How a call says that spot instances cost at most what on-demand ones do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpotMaxPrice {
    /// Not at all: there is none yet.
    Omitted,
    /// By an empty text: what is left out stays as it is.
    Cleared,
}

/// Writes what a group launches from, whole.
pub(super) fn write_launch(
    operation: Operation,
    launch: &LaunchSource,
    no_price: SpotMaxPrice,
) -> Result<Launch, CloudError> {
    Ok(match launch {
        LaunchSource::None => Launch::default(),
        LaunchSource::Configuration(name) => {
            Launch { configuration: Some(name.clone()), ..Launch::default() }
        }
        LaunchSource::Template(template) => {
            Launch { template: Some(write_ref(template)), ..Launch::default() }
        }
        LaunchSource::Mixed(policy) => {
            Launch { policy: Some(write_policy(operation, policy, no_price)?), ..Launch::default() }
        }
    })
}

fn write_policy(
    operation: Operation,
    policy: &MixedInstancesPolicy,
    no_price: SpotMaxPrice,
) -> Result<types::MixedInstancesPolicy, CloudError> {
    let MixedInstancesPolicy { template, overrides, distribution } = policy;
    let overrides: Vec<_> =
        overrides.iter().map(|it| write_override(operation, it)).collect::<Result<_, _>>()?;
    let launch = types::LaunchTemplate::builder()
        .launch_template_specification(write_ref(template))
        .set_overrides(Some(overrides))
        .build();
    Ok(types::MixedInstancesPolicy::builder()
        .launch_template(launch)
        .instances_distribution(write_distribution(distribution, no_price))
        .build())
}

fn write_override(
    operation: Operation,
    item: &Override,
) -> Result<LaunchTemplateOverrides, CloudError> {
    let Override { instance_type, weighted_capacity, template, requirements } = item;
    if requirements.is_some() {
        return Err(not_sendable(operation, "kmax does not write instance requirements"));
    }
    Ok(LaunchTemplateOverrides::builder()
        .set_instance_type(instance_type.clone())
        .set_weighted_capacity(weighted_capacity.clone())
        .set_launch_template_specification(template.as_ref().map(write_ref))
        .build())
}

fn write_distribution(
    distribution: &Distribution,
    no_price: SpotMaxPrice,
) -> InstancesDistribution {
    let Distribution {
        on_demand_base,
        on_demand_percentage,
        on_demand_allocation,
        spot_allocation,
        spot_pools,
        spot_max_price,
    } = distribution;
    let price = spot_max_price.clone().or(match no_price {
        SpotMaxPrice::Omitted => None,
        SpotMaxPrice::Cleared => Some(String::new()),
    });
    InstancesDistribution::builder()
        .on_demand_base_capacity(super::size(*on_demand_base))
        .on_demand_percentage_above_base_capacity(super::size(*on_demand_percentage))
        .on_demand_allocation_strategy(on_demand_allocation)
        .spot_allocation_strategy(spot_allocation)
        .set_spot_instance_pools(spot_pools.map(super::size))
        .set_spot_max_price(price)
        .build()
}

/// Names a template by its id; AWS refuses id and name together.
fn write_ref(template: &TemplateRef) -> LaunchTemplateSpecification {
    let TemplateRef { id, name, version } = template;
    let specification = LaunchTemplateSpecification::builder();
    let specification = if id.is_empty() {
        specification.launch_template_name(name)
    } else {
        specification.launch_template_id(id)
    };
    specification.set_version((!version.is_empty()).then(|| version.clone())).build()
}

#[cfg(test)]
mod tests;
