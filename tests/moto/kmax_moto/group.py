"""An Auto Scaling group: its fields as the API shows them, and its instances.

It takes the place of moto's FakeAutoScalingGroup, from which it derives so that moto's remaining
operations (lifecycle hooks, policies, warm pools, load balancers) find what they expect.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Any, cast
from uuid import uuid4

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState
from moto.core.utils import utcnow
from moto.ec2.models.instances import Instance

from . import wire
from .errors import AwsError, ValidationError
from .launch import LaunchError, launch_instance, on_demand_target
from .registry import Call

#: Activities that are remembered per account and region.
MAX_ACTIVITIES = 10_000

PROCESSES = (
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
)


class Member(InstanceState):
    """An instance of a group, with the template version that it was launched from."""

    def __init__(
        self, instance: Instance, group: Group, used: dict[str, Any], override: dict[str, Any]
    ):
        super().__init__(
            instance,
            protected_from_scale_in=group.fields.get("NewInstancesProtectedFromScaleIn", False),
            autoscaling_group=group,
        )
        self.used = used
        self.weighted_capacity = override.get("WeightedCapacity")

    @property
    def launch_template(self) -> dict[str, Any]:
        """The version that the instance was launched from, not the template's default."""
        return self.used

    @property
    def weight(self) -> int:
        """What the instance counts for in the group's desired capacity."""
        return int(self.weighted_capacity or 1)

    @property
    def is_spot(self) -> bool:
        """Whether the instance is a spot one."""
        return self.instance.lifecycle == "spot"

    def describe(self) -> dict[str, Any]:
        """The instance as a group shows it."""
        return {
            "InstanceId": self.instance_id,
            "InstanceType": self.instance_type,
            "AvailabilityZone": self.availability_zone,
            "LifecycleState": self.lifecycle_state,
            "HealthStatus": self.health_status,
            "LaunchTemplate": self.used,
            "ImageId": self.instance.image_id,
            "ProtectedFromScaleIn": bool(self.protected_from_scale_in),
            "WeightedCapacity": self.weighted_capacity,
        }


class Group(FakeAutoScalingGroup):
    """A group whose capacity follows AWS's rules."""

    min_size: int
    max_size: int
    desired_capacity: int

    def __init__(self, call: Call, name: str):
        self.autoscaling_backend = call.autoscaling
        self.ec2_backend = call.ec2
        self.name = name
        self._id = str(uuid4())
        self.region = call.region
        self.account_id = call.account
        self.created_time = utcnow()  # type: ignore[assignment]
        #: What the API shows and nothing here computes, by its name in the API.
        self.fields: dict[str, Any] = {}
        self.tags_by_key: dict[str, dict[str, Any]] = {}
        self.suspended: dict[str, str] = {}
        self.zones: list[str] = []
        self.subnet_by_zone: dict[str, str] = {}
        self.vpc: str | None = None
        self.min_size = 0
        self.max_size = 0
        self.desired_capacity = 0
        self.instance_states: list[Member] = []  # type: ignore[assignment]
        self.metrics: list[str] = []
        self.warm_pool = None
        self.load_balancer_names: list[str] = []
        self.target_group_arns: list[str] = []
        self.launch_configuration_name: str | None = None  # type: ignore[assignment]
        #: Describe calls that still show the group after its deletion; None while it lives.
        self.reads_left: int | None = None
        #: Describe calls that do not show the group yet.
        self.hidden_reads = 0
        self._tags_xml: wire.Xml | None = None
        self._policy_xml: tuple[dict[str, Any], wire.Xml] | None = None

    @property  # type: ignore[misc]
    def tags(self) -> list[dict[str, Any]]:
        """Tags as the API shows them, sorted by key."""
        return [self.tags_by_key[key] for key in sorted(self.tags_by_key)]

    @property
    def vpc_zone_identifier(self) -> str | None:  # type: ignore[override]
        """The subnets, for moto's own code."""
        return self.fields.get("VPCZoneIdentifier")

    @property
    def availability_zones(self) -> list[str]:  # type: ignore[override]
        """The zones, for moto's own code."""
        return self.zones

    @property
    def new_instances_protected_from_scale_in(self) -> bool:  # type: ignore[override]
        """For moto's own code."""
        return bool(self.fields.get("NewInstancesProtectedFromScaleIn"))

    def put_tag(self, tag: dict[str, Any]) -> None:
        """Sets one tag."""
        self._tags_xml = None
        self.tags_by_key[tag["Key"]] = {
            "ResourceId": self.name,
            "ResourceType": "auto-scaling-group",
            "Key": tag["Key"],
            "Value": tag.get("Value", ""),
            "PropagateAtLaunch": tag.get("PropagateAtLaunch", False),
        }

    def drop_tag(self, key: str) -> None:
        """Removes one tag, if it is there."""
        self._tags_xml = None
        self.tags_by_key.pop(key, None)

    def propagated_tags(self) -> dict[str, str]:
        """Tags that instances get, which win over those of the template."""
        return {
            tag["Key"]: tag["Value"]
            for tag in self.tags_by_key.values()
            if tag["PropagateAtLaunch"]
        }

    def describe(self, instances: bool = True, tags: bool = True) -> dict[str, Any]:
        """The group as the API shows it."""
        return self.fields | {
            "AutoScalingGroupName": self.name,
            "AutoScalingGroupARN": self.arn,
            "MinSize": self.min_size,
            "MaxSize": self.max_size,
            "DesiredCapacity": self.desired_capacity,
            "AvailabilityZones": sorted(self.zones),
            "LoadBalancerNames": self.load_balancer_names,
            "TargetGroupARNs": self.target_group_arns,
            "Instances": [state.describe() for state in self.instance_states] if instances else [],
            "CreatedTime": self.created_time,
            "SuspendedProcesses": [
                {"ProcessName": name, "SuspensionReason": self.suspended[name]}
                for name in sorted(self.suspended)
            ],
            "EnabledMetrics": [
                {"Metric": metric, "Granularity": "1Minute"} for metric in self.metrics
            ],
            "Status": "Delete in progress" if self.reads_left is not None else None,
            "Tags": self.tags if tags else [],
        }

    def render(self, instances: bool) -> dict[str, Any]:
        """The group as `describe` tells it, its large and constant parts as XML that is kept."""
        answer = self.describe(instances, tags=False)
        if self._tags_xml is None:
            self._tags_xml = wire.list_to_xml("autoscaling", "TagDescriptionList", self.tags)
        answer["Tags"] = self._tags_xml
        policy = answer.get("MixedInstancesPolicy")
        if policy is not None:
            # An update puts a new policy in the place of the old one and never changes it.
            if self._policy_xml is None or self._policy_xml[0] is not policy:
                xml = wire.to_xml("autoscaling", "MixedInstancesPolicy", policy)
                self._policy_xml = (policy, xml)
            answer["MixedInstancesPolicy"] = self._policy_xml[1]
        return answer

    # Capacity.

    @property
    def capacity(self) -> int:
        """What the instances count for."""
        return sum(state.weight for state in self.instance_states)

    def set_desired_capacity(self, new_capacity: int | None) -> None:
        """Moves desired and launches or terminates what lacks or is too much."""
        self.desired_capacity = self.min_size if new_capacity is None else new_capacity
        self.reconcile()

    def replace_autoscaling_group_instances(
        self, count_needed: int, propagated_tags: dict[str, str]
    ) -> None:
        """What moto calls after an instance was terminated behind the group's back."""
        self.reconcile()

    def reconcile(self) -> None:
        """Launches and terminates until the instances count for what is desired."""
        while self.capacity < self.desired_capacity and "Launch" not in self.suspended:
            if not self._launch():
                break
        while self.capacity > self.desired_capacity and "Terminate" not in self.suspended:
            victim = self._victim()
            if victim is None:
                break
            self.terminate(victim, "a difference between desired and actual capacity")
        if self.name in self.autoscaling_backend.autoscaling_groups:
            self.autoscaling_backend.update_attached_elbs(self.name)
            self.autoscaling_backend.update_attached_target_groups(self.name)

    def _launch(self) -> bool:
        policy = self.fields.get("MixedInstancesPolicy")
        spot = False
        if policy is not None:
            target = on_demand_target(
                policy["InstancesDistribution"], len(self.instance_states) + 1
            )
            spot = sum(not state.is_spot for state in self.instance_states) >= target
        try:
            instance, used, override = launch_instance(self, spot)
        except (LaunchError, AwsError) as error:
            message = error.message if isinstance(error, AwsError) else str(error)
            self.record("Launching a new EC2 instance.", "Failed", message)
            return False
        instance.autoscaling_group = self  # type: ignore[attr-defined]
        self.instance_states.append(Member(instance, self, used, override))
        self.record(f"Launching a new EC2 instance: {instance.id}", "Successful")
        return True

    def _victim(self) -> Member | None:
        """The zone with the most instances, there the oldest template version, then the oldest."""
        candidates = [state for state in self.instance_states if not state.protected_from_scale_in]
        if not candidates:
            return None
        counts = Counter(state.availability_zone for state in candidates)
        return min(
            candidates,
            key=lambda state: (-counts[state.availability_zone], int(state.used["Version"])),
        )

    def terminate(self, state: Member, cause: str) -> dict[str, Any]:
        """Ends one instance and says so in an activity."""
        self.instance_states.remove(state)
        self.ec2_backend.terminate_instances([state.instance_id])
        return self.record(
            f"Terminating EC2 instance: {state.instance_id}", "Successful", cause=cause
        )

    def record(
        self, description: str, status: str, message: str | None = None, cause: str | None = None
    ) -> dict[str, Any]:
        """Remembers an activity, which stock moto never shows."""
        now = utcnow()
        activity = {
            "ActivityId": str(uuid4()),
            "AutoScalingGroupName": self.name,
            "AutoScalingGroupARN": self.arn,
            "Description": description,
            "Cause": f"At {now:%Y-%m-%dT%H:%M:%SZ} in response to {cause or 'a change of capacity'}.",
            "StartTime": now,
            "EndTime": now,
            "StatusCode": status,
            "StatusMessage": message,
            "Progress": 100,
            "Details": "{}",
        }
        activities(self.autoscaling_backend).appendleft(activity)
        return activity


def activities(backend: AutoScalingBackend) -> deque[dict[str, Any]]:
    """The activities of an account and region, newest first; moto's reset forgets them."""
    return backend.__dict__.setdefault("kmax_activities", deque(maxlen=MAX_ACTIVITIES))


def groups_of(call: Call) -> dict[str, Group]:
    """All groups of an account and region, by name."""
    return cast(dict[str, Group], call.autoscaling.autoscaling_groups)


def living(call: Call, name: str) -> Group:
    """A group that exists and is not being deleted."""
    group = groups_of(call).get(name)
    if group is None:
        raise ValidationError(
            f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"
        )
    if group.reads_left is not None:
        raise ValidationError(f"AutoScalingGroup '{name}' is pending deletion")
    return group
