"""What Auto Scaling demands of a launch template before it takes it, and the launch itself.

Stock moto takes any version, image, profile or security group, and launches from the template's
default version whatever the group says.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.iam.models import iam_backends

from .errors import AwsError, ValidationError
from .template import Template, Version, find

if TYPE_CHECKING:
    from .group import Group

FORM = "You must use a valid fully-formed launch template. "

#: Tag keys that instance metadata can show; one more launches nothing when it has to.
METADATA_KEY = re.compile(r"^[0-9a-zA-Z\-_+=,.@:]{1,255}$")


class LaunchError(Exception):
    """A launch that fails after the group was accepted: it ends as a failed activity."""


@cache
def offered(region: str) -> dict[str, frozenset[str]]:
    """Instance types by zone."""
    by_zone: dict[str, set[str]] = {}
    for offering in INSTANCE_TYPE_OFFERINGS["availability-zone"].get(region, []):
        by_zone.setdefault(offering["Location"], set()).add(offering["InstanceType"])
    return {zone: frozenset(types) for zone, types in by_zone.items()}


def template_of(backend: EC2Backend, specification: dict[str, Any]) -> Template:
    """The template that a specification names by id or by name, not by both."""
    template_id = specification.get("LaunchTemplateId")
    name = specification.get("LaunchTemplateName")
    if bool(template_id) == bool(name):
        raise ValidationError(
            "Valid requests must contain either launchTemplateId or LaunchTemplateName"
        )
    try:
        return find(backend, template_id, name)
    except AwsError as error:
        raise ValidationError(FORM + error.message) from None


def version_of(template: Template, specification: dict[str, Any]) -> Version:
    """The version that a specification names."""
    try:
        return template.get_version(specification.get("Version") or "$Default")
    except AwsError as error:
        raise ValidationError(FORM + error.message) from None


def complete(backend: EC2Backend, specification: dict[str, Any]) -> dict[str, Any]:
    """A specification as AWS shows it: with id and name."""
    template = template_of(backend, specification)
    version_of(template, specification)
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Version": specification.get("Version") or "$Default",
    }


def shown(specification: dict[str, Any]) -> dict[str, Any]:
    """What `template_of` takes, of a specification that has both id and name."""
    return {key: value for key, value in specification.items() if key != "LaunchTemplateName"}


def check_launch(
    backend: EC2Backend,
    version: Version,
    types: list[str],
    zones: list[str],
    vpc: str | None,
    mixed: bool,
) -> None:
    """Refuses a template that can't launch the given types in the given zones."""
    data = version.data
    image_id = data.get("ImageId", "")
    if not image_id:
        raise ValidationError(FORM + "The request must contain the parameter ImageId")
    architecture = "x86_64"
    if not image_id.startswith("resolve:ssm:"):
        image = backend.amis.get(image_id)
        if image is None:
            raise ValidationError(FORM + f"The image id '[{image_id}]' does not exist")
        if image.state != "available":
            raise ValidationError(FORM + f"The image '{image_id}' is not available")
        architecture = image.architecture or architecture
    if mixed and data.get("InstanceMarketOptions"):
        raise ValidationError(
            "You cannot use a launch template that is set to request Spot Instances "
            "(InstanceMarketOptions) when you configure an Auto Scaling group with a mixed "
            "instances policy."
        )
    types = types or [data["InstanceType"]] if data.get("InstanceType") or types else []
    if not types and not data.get("InstanceRequirements"):
        raise ValidationError(FORM + "The request must contain the parameter InstanceType")
    _check_types(backend.region_name, types, zones, architecture)
    _check_profile(backend, data)
    _check_security_groups(backend, data, vpc)
    key = data.get("KeyName")
    if key and key not in backend.key_pairs:
        raise ValidationError(FORM + f"The key pair '{key}' does not exist")


def _check_types(region: str, types: list[str], zones: list[str], architecture: str) -> None:
    by_zone = offered(region)
    for name in types:
        facts = INSTANCE_TYPES.get(name)
        if facts is None:
            raise ValidationError(FORM + f"Invalid instance type: '{name}'")
        architectures = facts["ProcessorInfo"]["SupportedArchitectures"]
        if architecture not in architectures:
            raise ValidationError(
                FORM
                + f"The architecture '{','.join(architectures)}' of the specified instance type does not "
                f"match the architecture '{architecture}' of the specified AMI. Specify an instance type "
                "and an AMI that have matching architectures, and try again."
            )
    if types and not any(name in by_zone.get(zone, ()) for name in types for zone in zones):
        raise ValidationError(
            FORM
            + f"Your requested instance type ({types[0]}) is not supported in your requested Availability "
            f"Zone ({','.join(zones)})."
        )


def _check_profile(backend: EC2Backend, data: dict[str, Any]) -> None:
    profile = data.get("IamInstanceProfile", {})
    name, arn = profile.get("Name"), profile.get("Arn")
    known = iam_backends[backend.account_id]["aws"].instance_profiles.values()
    if name and not any(found.name == name for found in known):
        raise ValidationError(
            FORM + f"Value ({name}) for parameter iamInstanceProfile.name is invalid. "
            "Invalid IAM Instance Profile name"
        )
    if arn and not any(found.arn == arn for found in known):
        raise ValidationError(
            FORM + f"Value ({arn}) for parameter iamInstanceProfile.arn is invalid. "
            "Invalid IAM Instance Profile ARN"
        )


def security_groups_of(data: dict[str, Any]) -> list[str]:
    """The security groups of a template: those of the instance, or of its first interface."""
    groups: list[str] = data.get("SecurityGroupIds", [])
    if groups:
        return groups
    interfaces = sorted(
        data.get("NetworkInterfaces", []), key=lambda interface: interface.get("DeviceIndex", 0)
    )
    return interfaces[0].get("Groups", []) if interfaces else []


def _check_security_groups(backend: EC2Backend, data: dict[str, Any], vpc: str | None) -> None:
    if data.get("NetworkInterfaces") and data.get("SecurityGroupIds"):
        raise ValidationError(
            FORM
            + "Network interfaces and an instance-level security groups may not be specified on the same request"
        )
    for group_id in security_groups_of(data):
        group = backend.get_security_group_from_id(group_id)
        if group is None:
            raise ValidationError(FORM + f"The security group '{group_id}' does not exist")
        if vpc is not None and group.vpc_id != vpc:
            raise ValidationError(
                FORM + f"The security group '{group_id}' does not exist in VPC '{vpc}'"
            )


def on_demand_target(distribution: dict[str, Any], total: int) -> int:
    """How many of `total` instances of a mixed policy are on demand."""
    base = min(total, distribution.get("OnDemandBaseCapacity", 0))
    percentage = distribution.get("OnDemandPercentageAboveBaseCapacity", 100)
    return base + math.ceil((total - base) * percentage / 100)


def choose_zone(group: Group) -> tuple[str, str | None]:
    """The zone with the fewest instances, and its subnet."""
    counts = Counter(state.availability_zone for state in group.instance_states)
    zone = min(group.zones, key=lambda name: (counts[name], group.zones.index(name)))
    return zone, group.subnet_by_zone.get(zone)


def choose_type(group: Group, zone: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The first type that the zone offers, its override, and the template it launches from."""
    by_zone = offered(group.region).get(zone, frozenset())
    policy = group.fields.get("MixedInstancesPolicy")
    if policy is None:
        base = group.fields["LaunchTemplate"]
        version = version_of(template_of(group.ec2_backend, shown(base)), base)
        return version.instance_type, {}, base
    base = policy["LaunchTemplate"]["LaunchTemplateSpecification"]
    overrides = policy["LaunchTemplate"].get("Overrides", [])
    typed = [override for override in overrides if override.get("InstanceType")]
    for override in typed:
        if override["InstanceType"] in by_zone:
            specification = override.get("LaunchTemplateSpecification", base)
            return override["InstanceType"], override, specification
    if typed:
        raise LaunchError(
            "We currently do not have sufficient capacity in the Availability Zone you requested "
            f"({zone}). Launching EC2 instance failed."
        )
    version = version_of(template_of(group.ec2_backend, shown(base)), base)
    return version.instance_type or "m5.large", {}, base


def launch_instance(group: Group, spot: bool) -> tuple[Instance, dict[str, Any], dict[str, Any]]:
    """Launches one instance of a group from the version that the group pins."""
    backend = group.ec2_backend
    zone, subnet = choose_zone(group)
    instance_type, override, specification = choose_type(group, zone)
    template = template_of(backend, shown(specification))
    version = version_of(template, specification)
    data = version.data
    check_launch(backend, version, [instance_type], [zone], group.vpc, False)
    tags = dict(version.instance_tags)
    tags |= group.propagated_tags()
    _check_tag_keys(data, tags)
    if not spot and version.tags_at_launch("spot-instances-request"):
        raise LaunchError(
            "Tagging of spot-instances-request is only allowed for Spot launches. "
            "Launching EC2 instance failed."
        )
    tags |= {
        "aws:autoscaling:groupName": group.name,
        "aws:ec2launchtemplate:id": template.id,
        "aws:ec2launchtemplate:version": str(version.number),
    }
    market = "spot" if spot or data.get("InstanceMarketOptions") else None
    reservation = backend.run_instances(
        data["ImageId"],
        1,
        version.user_data,
        data.get("SecurityGroups", []),
        security_group_ids=security_groups_of(data),
        instance_type=instance_type,
        # Naming a type makes moto walk all offerings of the region; they were checked above.
        is_instance_type_default=True,
        region_name=group.region,
        placement=zone,
        subnet_id=subnet,
        key_name=data.get("KeyName"),
        lifecycle=market,
        ebs_optimized=data.get("EbsOptimized", False),
        metadata_options=data.get("MetadataOptions", {}),
        monitoring_state="enabled" if data.get("Monitoring", {}).get("Enabled") else "disabled",
        tags={"instance": tags, "volume": version.tags_at_launch("volume")},
        block_device_mappings=_volumes(backend, data),
    )
    instance = reservation.instances[0]
    known_instances(backend)[instance.id] = instance
    interface_tags = version.tags_at_launch("network-interface")
    if interface_tags:
        backend.create_tags([nic.id for nic in instance.nics.values()], interface_tags)
    profile = data.get("IamInstanceProfile", {})
    if profile:
        backend.associate_iam_instance_profile(
            instance_id=instance.id,
            iam_instance_profile_name=profile.get("Name"),
            iam_instance_profile_arn=profile.get("Arn"),
        )
    used = {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Version": str(version.number),
    }
    return instance, used, override


def known_instances(backend: InstanceBackend) -> dict[str, Instance]:
    """Instances that groups launched, by id; moto's reset forgets them."""
    found: dict[str, Instance] = backend.__dict__.setdefault("kmax_instances", {})
    return found


def patch() -> None:
    """Finds instances of groups by id, where moto copies all reservations for each look."""
    stock = InstanceBackend.get_instance

    def get_instance(self: InstanceBackend, instance_id: str) -> Instance:
        return known_instances(self).get(instance_id) or stock(self, instance_id)

    InstanceBackend.get_instance = get_instance  # type: ignore[method-assign]


def _volumes(backend: EC2Backend, data: dict[str, Any]) -> list[dict[str, Any]]:
    """The volumes of the template, or those of the image."""
    mappings = [mapping for mapping in data.get("BlockDeviceMappings", []) if "Ebs" in mapping]
    return mappings or backend.amis[data["ImageId"]].block_device_mappings


def _check_tag_keys(data: dict[str, Any], tags: dict[str, str]) -> None:
    if data.get("MetadataOptions", {}).get("InstanceMetadataTags") != "enabled":
        return
    for key in tags:
        if not METADATA_KEY.match(key):
            raise LaunchError(
                f"'{key}' is not a valid tag key. Tag keys must match pattern "
                "([0-9a-zA-Z\\\\-_+=,.@:]{1,255}), and must not be a reserved name. "
                "Launching EC2 instance failed."
            )
