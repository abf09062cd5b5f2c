"""Processes and capacity of Auto Scaling groups.

Stock moto suspends processes that do not exist, and moves desired past min and max.
"""

from __future__ import annotations

from typing import Any

from moto.core.utils import utcnow

from .errors import ValidationError
from .group import PROCESSES, Group, Member, groups_of, living
from .registry import Call, operation


@operation("autoscaling", "SuspendProcesses")
def suspend_processes(call: Call) -> dict[str, Any]:
    """Suspends the named processes, all where none is named."""
    group = living(call, call.params["AutoScalingGroupName"])
    for name in _processes(call):
        group.suspended.setdefault(name, f"User suspended at {utcnow():%Y-%m-%dT%H:%M:%SZ}")
    return {}


@operation("autoscaling", "ResumeProcesses")
def resume_processes(call: Call) -> dict[str, Any]:
    """Resumes the named processes, all where none is named, and makes up for what they missed."""
    group = living(call, call.params["AutoScalingGroupName"])
    for name in _processes(call):
        group.suspended.pop(name, None)
    group.reconcile()
    return {}


def _processes(call: Call) -> list[str]:
    names = call.params.get("ScalingProcesses") or list(PROCESSES)
    for name in names:
        if name not in PROCESSES:
            raise ValidationError(f"Invalid process: {name}. Allowed: {', '.join(PROCESSES)}")
    return names


@operation("autoscaling", "SetDesiredCapacity")
def set_desired_capacity(call: Call) -> dict[str, Any]:
    """Moves desired within min and max, which stock moto does not look at."""
    group, desired = (
        living(call, call.params["AutoScalingGroupName"]),
        call.params["DesiredCapacity"],
    )
    if desired > group.max_size:
        raise ValidationError(
            f"New SetDesiredCapacity value {desired} is above max value {group.max_size} for the AutoScalingGroup."
        )
    if desired < group.min_size:
        raise ValidationError(
            f"New SetDesiredCapacity value {desired} is below min value {group.min_size} for the AutoScalingGroup."
        )
    group.set_desired_capacity(desired)
    return {}


@operation("autoscaling", "TerminateInstanceInAutoScalingGroup")
def terminate_instance(call: Call) -> dict[str, Any]:
    """Terminates an instance; with decrement only where desired stays at min or above."""
    instance_id = call.params["InstanceId"]
    decrement = call.params["ShouldDecrementDesiredCapacity"]
    group, state = _member(call, instance_id)
    if decrement and group.desired_capacity - state.weight < group.min_size:
        raise ValidationError(
            f"Currently, desiredSize equals minSize ({group.min_size}). Terminating instance without "
            "replacement will violate group's min size constraint. Either set "
            "shouldDecrementDesiredCapacity flag to false or lower group's min size."
        )
    activity = group.terminate(state, "a user request")
    group.set_desired_capacity(group.desired_capacity - (state.weight if decrement else 0))
    return {"Activity": activity}


def _member(call: Call, instance_id: str) -> tuple[Group, Member]:
    for group in groups_of(call).values():
        for state in group.instance_states:
            if state.instance_id == instance_id:
                return group, state
    raise ValidationError(
        f"Instance Id not found - No managed instance found for instance ID: {instance_id}"
    )


@operation("autoscaling", "SetInstanceProtection")
def set_instance_protection(call: Call) -> dict[str, Any]:
    """Protects instances of a group against scale-in."""
    group = living(call, call.params["AutoScalingGroupName"])
    by_id = {state.instance_id: state for state in group.instance_states}
    for instance_id in call.params["InstanceIds"]:
        if instance_id not in by_id:
            raise ValidationError(
                f"The instance {instance_id} is not part of the group '{group.name}'"
            )
    for instance_id in call.params["InstanceIds"]:
        by_id[instance_id].protected_from_scale_in = call.params["ProtectedFromScaleIn"]
    return {}
