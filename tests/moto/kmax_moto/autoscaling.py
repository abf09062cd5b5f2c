"""Auto Scaling groups: create, update, delete.

What is mended: names that exist already, template versions, images, profiles, types and security groups
that do not; bounds of min, max and desired and how they move desired; a mixed policy that an update
erased, its defaults, and that it excludes a plain template; MaxInstanceLifetime, CapacityRebalance,
TerminationPolicies, DefaultInstanceWarmup, DeletionProtection that were dropped; delete with instances;
tags and processes of a group that does not exist; pages, tokens and filters; activities and limits.
"""

from __future__ import annotations

from typing import Any

from .errors import AwsError, ValidationError
from .group import Group, groups_of, living
from .group_tags import check_group_tags
from .launch import check_launch, complete, shown, template_of, version_of
from .registry import Call, operation, settings

MAX_OVERRIDES = 40
MAX_LIFETIME = 31_536_000
MIN_LIFETIME = 86_400

TERMINATION_POLICIES = {
    "Default",
    "OldestInstance",
    "NewestInstance",
    "OldestLaunchConfiguration",
    "OldestLaunchTemplate",
    "ClosestToNextInstanceHour",
    "AllocationStrategy",
}
HEALTH_CHECKS = {"EC2", "ELB", "EBS", "VPC_LATTICE"}
SPOT_STRATEGIES = {
    "lowest-price",
    "capacity-optimized",
    "capacity-optimized-prioritized",
    "price-capacity-optimized",
}

#: Fields that are kept as they come, in create and in update.
PLAIN = (
    "DefaultCooldown",
    "HealthCheckType",
    "HealthCheckGracePeriod",
    "PlacementGroup",
    "TerminationPolicies",
    "NewInstancesProtectedFromScaleIn",
    "CapacityRebalance",
    "ServiceLinkedRoleARN",
    "MaxInstanceLifetime",
    "Context",
    "DesiredCapacityType",
    "DefaultInstanceWarmup",
    "InstanceMaintenancePolicy",
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
    "CapacityReservationSpecification",
    "InstanceLifecyclePolicy",
    "DeletionProtection",
)

DEFAULTS: dict[str, Any] = {
    "DefaultCooldown": 300,
    "HealthCheckType": "EC2",
    "HealthCheckGracePeriod": 0,
    "TerminationPolicies": ["Default"],
    "NewInstancesProtectedFromScaleIn": False,
    "CapacityRebalance": False,
    "TrafficSources": [],
    "DeletionProtection": "none",
    "AvailabilityZoneDistribution": {"CapacityDistributionStrategy": "balanced-best-effort"},
    "CapacityReservationSpecification": {"CapacityReservationPreference": "default"},
}


@operation("autoscaling", "CreateAutoScalingGroup")
def create_auto_scaling_group(call: Call) -> dict[str, Any]:
    """Makes a group, with all that stock moto does not look at."""
    params, backend, groups = call.params, call.autoscaling, groups_of(call)
    name = params["AutoScalingGroupName"]
    if ":" in name:
        raise ValidationError(f"The group name '{name}' must not contain a colon")
    existing = groups.get(name)
    if existing is not None:
        reason = (
            f"A group with the name {name} already exists"
            if existing.reads_left is None
            else f"A group with the name {name} is pending delete"
        )
        raise AwsError("AlreadyExists", f"AutoScalingGroup by this name already exists - {reason}")
    if len(groups) >= settings(call).max_groups:
        raise AwsError("LimitExceeded", "You have reached the limit of Auto Scaling groups.")
    sources = ("LaunchTemplate", "LaunchConfigurationName", "InstanceId", "MixedInstancesPolicy")
    if sum(bool(params.get(source)) for source in sources) != 1:
        raise ValidationError(
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId "
            "or MixedInstancesPolicy parameter."
        )
    if params.get("LaunchConfigurationName") or params.get("InstanceId"):
        raise AwsError(
            "NotImplemented",
            "Launch configurations and InstanceId are not served by this test server.",
        )
    group = Group(call, name)
    group.fields = dict(DEFAULTS)
    group.fields["ServiceLinkedRoleARN"] = (
        f"arn:aws:iam::{call.account}:role/aws-service-role/autoscaling.amazonaws.com/"
        "AWSServiceRoleForAutoScaling"
    )
    _check_bounds(params["MinSize"], params["MaxSize"], params.get("DesiredCapacity"))
    _set_plain(group, params)
    _set_network(group, params, create=True)
    _set_source(group, params)
    tags = params.get("Tags", [])
    check_group_tags(tags)
    group.load_balancer_names = params.get("LoadBalancerNames", [])
    group.target_group_arns = params.get("TargetGroupARNs", [])
    # Nothing above has changed anything; from here on the group exists.
    for tag in tags:
        group.put_tag(tag)
    group.min_size, group.max_size = params["MinSize"], params["MaxSize"]
    group.hidden_reads = settings(call).hidden_reads
    groups[name] = group
    for hook in params.get("LifecycleHookSpecificationList", []):
        backend.create_lifecycle_hook(
            name=hook["LifecycleHookName"],
            as_name=name,
            transition=hook["LifecycleTransition"],
            timeout=hook.get("HeartbeatTimeout"),
            result=hook.get("DefaultResult", "ABANDON"),
        )
    group.set_desired_capacity(params.get("DesiredCapacity"))
    return {}


@operation("autoscaling", "UpdateAutoScalingGroup")
def update_auto_scaling_group(call: Call) -> dict[str, Any]:
    """Changes what the request names and leaves the rest as it is."""
    params = call.params
    group = living(call, params["AutoScalingGroupName"])
    if params.get("LaunchConfigurationName"):
        raise AwsError(
            "NotImplemented", "Launch configurations are not served by this test server."
        )
    if params.get("LaunchTemplate") and params.get("MixedInstancesPolicy"):
        raise ValidationError(
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName or "
            "MixedInstancesPolicy parameter."
        )
    least = params.get("MinSize", group.min_size)
    most = params.get("MaxSize", group.max_size)
    desired = params.get("DesiredCapacity")
    _check_bounds(least, most, desired)
    # A draft takes the changes, so that a request that is refused halfway leaves nothing behind.
    draft = Group(call, group.name)
    draft.fields = dict(group.fields)
    draft.zones, draft.subnet_by_zone, draft.vpc = group.zones, group.subnet_by_zone, group.vpc
    _set_plain(draft, params)
    _set_network(draft, params, create=False)
    _set_source(draft, params)
    group.fields = draft.fields
    group.zones, group.subnet_by_zone, group.vpc = draft.zones, draft.subnet_by_zone, draft.vpc
    group.min_size, group.max_size = least, most
    moved = min(max(group.desired_capacity, least), most) if desired is None else desired
    group.set_desired_capacity(moved)
    return {}


def _check_bounds(least: int, most: int, desired: int | None) -> None:
    for name, value in (("minSize", least), ("maxSize", most), ("desiredCapacity", desired)):
        if value is not None and value < 0:
            raise ValidationError(
                f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy "
                "constraint: Member must have value greater than or equal to 0"
            )
    if least > most:
        raise ValidationError(
            f"Max bound, {most}, must be greater than or equal to min bound, {least}"
        )
    if desired is not None and not least <= desired <= most:
        raise ValidationError(
            f"Desired capacity:{desired} must be between the specified min size:{least} and max size:{most}"
        )


def _set_plain(group: Group, params: dict[str, Any]) -> None:
    """Fields that AWS keeps and stock moto mostly drops, and the values that clear them."""
    given = {name: params[name] for name in PLAIN if name in params}
    lifetime = given.get("MaxInstanceLifetime")
    if lifetime is not None and lifetime != 0 and not MIN_LIFETIME <= lifetime <= MAX_LIFETIME:
        raise ValidationError(
            f"Invalid MaxInstanceLifetime {lifetime}: it must be 0 or between {MIN_LIFETIME} and {MAX_LIFETIME} seconds"
        )
    for policy in given.get("TerminationPolicies", []):
        if policy not in TERMINATION_POLICIES and not policy.startswith("arn:"):
            raise ValidationError(f"Termination policy '{policy}' is not supported")
    for check in given.get("HealthCheckType", "EC2").split(","):
        if check not in HEALTH_CHECKS:
            raise ValidationError(f"Valid health check types are: {sorted(HEALTH_CHECKS)}")
    if given.get("DesiredCapacityType", "units") not in ("units", "vcpu", "memory-mib"):
        raise ValidationError("DesiredCapacityType must be one of units, vcpu, memory-mib")
    for name in ("DefaultCooldown", "HealthCheckGracePeriod"):
        if given.get(name, 0) < 0:
            raise ValidationError(f"{name} must not be negative")
    if given.get("TerminationPolicies") == []:
        given["TerminationPolicies"] = ["Default"]
    group.fields |= given
    cleared = {
        "MaxInstanceLifetime": 0,
        "DefaultInstanceWarmup": -1,
        "PlacementGroup": "",
        "Context": "",
    }
    for name, sentinel in cleared.items():
        if group.fields.get(name) == sentinel:
            del group.fields[name]
    maintenance = group.fields.get("InstanceMaintenancePolicy")
    if maintenance and set(maintenance.values()) == {-1}:
        del group.fields["InstanceMaintenancePolicy"]


def _set_network(group: Group, params: dict[str, Any], create: bool) -> None:
    """Subnets must exist and lie in one VPC; the zones follow from them."""
    asked = params.get("AvailabilityZones", [])
    identifiers = params.get("VPCZoneIdentifier")
    if not identifiers:
        if asked:
            if not create and group.subnet_by_zone and set(asked) != set(group.zones):
                raise ValidationError(
                    "The availability zones of the specified subnets and the Auto Scaling group do not match"
                )
            known = {zone.name for zone in group.ec2_backend.describe_availability_zones([])}
            for zone in asked:
                if zone not in known:
                    raise ValidationError(f"Invalid availability zones: [{zone}]")
            group.zones = asked
        elif create:
            raise ValidationError("At least one Availability Zone or VPC Subnet is required.")
        return
    ids = sorted({part.strip() for part in identifiers.split(",") if part.strip()})
    found = {
        subnet.id: subnet
        for by_id in group.ec2_backend.subnets.values()
        for subnet in by_id.values()
        if subnet.id in ids
    }
    for subnet_id in ids:
        if subnet_id not in found:
            raise ValidationError(f"The subnet ID '{subnet_id}' does not exist")
    if len({subnet.vpc_id for subnet in found.values()}) > 1:
        raise ValidationError("The subnets of an Auto Scaling group must be in the same VPC")
    by_zone: dict[str, str] = {}
    for subnet_id in ids:
        by_zone.setdefault(found[subnet_id].availability_zone, subnet_id)
    if asked and set(asked) != set(by_zone):
        raise ValidationError(
            "The availability zones of the specified subnets and the Auto Scaling group do not match"
        )
    group.zones, group.subnet_by_zone = sorted(by_zone), by_zone
    group.vpc = found[ids[0]].vpc_id
    group.fields["VPCZoneIdentifier"] = ",".join(ids)


def _set_source(group: Group, params: dict[str, Any]) -> None:
    """The template or the mixed policy: one or the other, each checked against what it names."""
    plain, policy = params.get("LaunchTemplate"), params.get("MixedInstancesPolicy")
    backend = group.ec2_backend
    if plain:
        specification = complete(backend, plain)
        version = version_of(template_of(backend, shown(specification)), specification)
        check_launch(backend, version, [], group.zones, group.vpc, mixed=False)
        group.fields["LaunchTemplate"] = specification
        group.fields.pop("MixedInstancesPolicy", None)
    elif policy:
        group.fields["MixedInstancesPolicy"] = _mixed(group, policy)
        group.fields.pop("LaunchTemplate", None)


def _mixed(group: Group, policy: dict[str, Any]) -> dict[str, Any]:
    """A mixed policy, merged into the one that was there, with AWS's defaults."""
    backend = group.ec2_backend
    old = group.fields.get("MixedInstancesPolicy", {"LaunchTemplate": {}})
    given = policy.get("LaunchTemplate", {})
    base = given.get("LaunchTemplateSpecification")
    if base is None:
        base = old["LaunchTemplate"].get("LaunchTemplateSpecification")
        if base is None:
            raise ValidationError("The mixed instances policy must contain a launch template.")
        base = shown(base)
    specification = complete(backend, base)
    overrides = given.get("Overrides", old["LaunchTemplate"].get("Overrides", []))
    overrides = [_override(backend, override) for override in overrides]
    types = [override["InstanceType"] for override in overrides if "InstanceType" in override]
    requirements = sum("InstanceRequirements" in override for override in overrides)
    if len(overrides) > MAX_OVERRIDES:
        raise ValidationError(
            f"Overrides must have at most {MAX_OVERRIDES} members, {len(overrides)} were given"
        )
    if types and requirements:
        raise ValidationError(
            "You can specify either InstanceType or InstanceRequirements in the overrides, but not both."
        )
    if len(set(types)) != len(types):
        twice = sorted({name for name in types if types.count(name) > 1})
        raise ValidationError(f"Instance types are specified more than once: {', '.join(twice)}")
    version = version_of(template_of(backend, shown(specification)), specification)
    check_launch(backend, version, types, group.zones, group.vpc, mixed=True)
    return {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": specification,
            "Overrides": overrides,
        },
        "InstancesDistribution": _distribution(
            old.get("InstancesDistribution", {}),
            policy.get("InstancesDistribution", {}),
            requirements,
        ),
    }


def _override(backend: Any, override: dict[str, Any]) -> dict[str, Any]:
    if "InstanceType" in override and "InstanceRequirements" in override:
        raise ValidationError(
            "You can specify either InstanceType or InstanceRequirements in the overrides, but not both."
        )
    specification = override.get("LaunchTemplateSpecification")
    if specification is None:
        return override
    if specification.get("LaunchTemplateId") and specification.get("LaunchTemplateName"):
        specification = shown(specification)
    return override | {"LaunchTemplateSpecification": complete(backend, specification)}


def _distribution(old: dict[str, Any], given: dict[str, Any], requirements: int) -> dict[str, Any]:
    merged: dict[str, Any] = {
        "OnDemandAllocationStrategy": "lowest-price" if requirements else "prioritized",
        "OnDemandBaseCapacity": 0,
        "OnDemandPercentageAboveBaseCapacity": 100,
        "SpotAllocationStrategy": "lowest-price",
    }
    merged |= old
    merged |= given
    percentage = merged["OnDemandPercentageAboveBaseCapacity"]
    if not 0 <= percentage <= 100:
        raise ValidationError(
            f"OnDemandPercentageAboveBaseCapacity must be between 0 and 100, not {percentage}"
        )
    if merged["OnDemandBaseCapacity"] < 0:
        raise ValidationError("OnDemandBaseCapacity must not be negative")
    if merged["OnDemandAllocationStrategy"] not in ("prioritized", "lowest-price"):
        raise ValidationError("OnDemandAllocationStrategy must be prioritized or lowest-price")
    strategy = merged["SpotAllocationStrategy"]
    if strategy not in SPOT_STRATEGIES:
        raise ValidationError(f"SpotAllocationStrategy must be one of {sorted(SPOT_STRATEGIES)}")
    if strategy == "lowest-price":
        merged.setdefault("SpotInstancePools", 2)
    elif "SpotInstancePools" in given:
        raise ValidationError(
            "SpotInstancePools option is only available with the lowest-price allocation strategy."
        )
    else:
        merged.pop("SpotInstancePools", None)
    if merged.get("SpotMaxPrice") == "":
        del merged["SpotMaxPrice"]
    return merged


@operation("autoscaling", "DeleteAutoScalingGroup")
def delete_auto_scaling_group(call: Call) -> dict[str, Any]:
    """Deletes a group; one with instances only by force, one under protection not at all."""
    name, force = call.params["AutoScalingGroupName"], call.params.get("ForceDelete", False)
    backend = call.autoscaling
    group = living(call, name)
    protection = group.fields["DeletionProtection"]
    if protection == "prevent-all-deletion" or (protection == "prevent-force-deletion" and force):
        raise ValidationError(
            f"The Auto Scaling group '{name}' can't be deleted: its deletion protection is {protection}."
        )
    if group.instance_states and not force:
        raise AwsError(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance "
            "request(s) still in the group.",
        )
    for state in list(group.instance_states):
        group.terminate(state, "the deletion of the group")
    group.desired_capacity = group.min_size = group.max_size = 0
    reads = settings(call).deleting_reads
    if reads:
        group.reads_left = reads
    else:
        del backend.autoscaling_groups[name]
    hooks = backend.lifecycle_hooks
    for key in [key for key, hook in hooks.items() if hook.auto_scaling_group_name == name]:
        del hooks[key]
    return {}
