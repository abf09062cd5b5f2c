"""Reads of Auto Scaling groups: pages, tokens, filters, activities, limits.

Stock moto takes any page size and token, and knows no activities, limits or refreshes.
"""

from __future__ import annotations

from typing import Any

from .errors import ValidationError
from .group import Group, Member, activities, groups_of, living
from .registry import Call, operation, page, settings, visible


@operation("autoscaling", "DescribeAutoScalingGroups")
def describe_auto_scaling_groups(call: Call) -> dict[str, Any]:
    """Lists groups, 50 a page unless asked for up to 100."""
    params, known = call.params, groups_of(call)
    size = page_size(params, default=50)
    names = params.get("AutoScalingGroupNames", [])
    if len(names) > size:
        raise ValidationError(
            f"At most {size} Auto Scaling group names can be given; raise MaxRecords or name fewer."
        )
    groups: list[Group]
    if names:
        groups = [known[name] for name in dict.fromkeys(names) if name in known]
    else:
        groups = list(known.values())
    for item in params.get("Filters", []):
        groups = [group for group in groups if _has_tag(group, item)]
    if not params.get("NextToken"):
        groups = visible(groups)
    shown_groups, token = page(groups, size, params.get("NextToken"))
    instances = params.get("IncludeInstances", True)
    answer = [group.render(instances) for group in shown_groups]
    for group in shown_groups:
        if group.reads_left is not None:
            group.reads_left -= 1
            if group.reads_left <= 0:
                known.pop(group.name, None)
    return {"AutoScalingGroups": answer, "NextToken": token}


def page_size(params: dict[str, Any], default: int, most: int = 100) -> int:
    """The page size of a request, within what the operation allows."""
    size = params.get("MaxRecords", default)
    if not 1 <= size <= most:
        raise ValidationError(
            f"1 validation error detected: Value '{size}' at 'maxRecords' failed to satisfy "
            f"constraint: Member must have value between 1 and {most}"
        )
    return size


def _has_tag(group: Group, item: dict[str, Any]) -> bool:
    name, values = item.get("Name", ""), item.get("Values", [])
    if name == "tag-key":
        return any(value in group.tags_by_key for value in values)
    if name == "tag-value":
        return any(tag["Value"] in values for tag in group.tags_by_key.values())
    if name.startswith("tag:"):
        tag = group.tags_by_key.get(name.removeprefix("tag:"))
        return tag is not None and tag["Value"] in values
    raise ValidationError(
        f"Filter type {name} is not correct. Allowed: tag-key, tag-value, tag:<key>"
    )


@operation("autoscaling", "DescribeAutoScalingInstances")
def describe_auto_scaling_instances(call: Call) -> dict[str, Any]:
    """Lists instances of groups with the template version that each was launched from."""
    params = call.params
    wanted = set(params.get("InstanceIds", []))
    states: list[Member] = [
        state
        for group in groups_of(call).values()
        for state in group.instance_states
        if not wanted or state.instance_id in wanted
    ]
    part, token = page(states, page_size(params, 50, 50), params.get("NextToken"))
    return {
        "AutoScalingInstances": [
            state.describe() | {"AutoScalingGroupName": state.auto_scaling_group_name}
            for state in part
        ],
        "NextToken": token,
    }


@operation("autoscaling", "DescribeScalingActivities")
def describe_scaling_activities(call: Call) -> dict[str, Any]:
    """Lists activities, newest first."""
    params = call.params
    name = params.get("AutoScalingGroupName")
    known = groups_of(call)
    if name and name not in known and not params.get("IncludeDeletedGroups"):
        raise ValidationError(
            f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"
        )
    ids = params.get("ActivityIds", [])
    found = [
        activity
        for activity in activities(call.autoscaling)
        if (not name or activity["AutoScalingGroupName"] == name)
        and (not ids or activity["ActivityId"] in ids)
    ]
    part, token = page(found, page_size(params, 100), params.get("NextToken"))
    return {"Activities": part, "NextToken": token}


@operation("autoscaling", "DescribeAccountLimits")
def describe_account_limits(call: Call) -> dict[str, Any]:
    """Tells how many groups there may be and are."""
    backend = call.autoscaling
    return {
        "MaxNumberOfAutoScalingGroups": settings(call).max_groups,
        "MaxNumberOfLaunchConfigurations": 200,
        "NumberOfAutoScalingGroups": len(backend.autoscaling_groups),
        "NumberOfLaunchConfigurations": len(backend.launch_configurations),
    }


@operation("autoscaling", "DescribeInstanceRefreshes")
def describe_instance_refreshes(call: Call) -> dict[str, Any]:
    """Tells that there are none: stock moto does not know the operation."""
    living(call, call.params["AutoScalingGroupName"])
    return {"InstanceRefreshes": []}


@operation("autoscaling", "DescribeLifecycleHooks")
def describe_lifecycle_hooks(call: Call) -> dict[str, Any]:
    """Lists hooks without the roles and targets that stock moto makes up."""
    name = call.params["AutoScalingGroupName"]
    living(call, name)
    wanted = call.params.get("LifecycleHookNames")
    return {
        "LifecycleHooks": [
            {
                "LifecycleHookName": hook.name,
                "AutoScalingGroupName": name,
                "LifecycleTransition": hook.lifecycle_transition,
                "HeartbeatTimeout": hook.heartbeat_timeout,
                "GlobalTimeout": hook.global_timeout,
                "DefaultResult": hook.default_result,
            }
            for hook in call.autoscaling.describe_lifecycle_hooks(name, wanted)
        ]
    }
