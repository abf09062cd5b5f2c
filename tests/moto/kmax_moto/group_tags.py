"""Tags of Auto Scaling groups.

Stock moto tags groups that do not exist, any number of times, with any key.
"""

from __future__ import annotations

from typing import Any

from .errors import AwsError, ValidationError
from .group import groups_of, living
from .group_reads import page_size
from .registry import Call, operation, page

MAX_TAGS = 50


def check_group_tags(tags: list[dict[str, Any]]) -> None:
    """Refuses tags that Auto Scaling refuses."""
    for tag in tags:
        key, value = tag.get("Key", ""), tag.get("Value", "")
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise ValidationError(f"The tag '{key}' is longer than 128 or its value than 256")
        if key.lower().startswith("aws:"):
            raise ValidationError(f"The tag key '{key}' begins with the reserved prefix aws:")
    keys = [tag["Key"] for tag in tags]
    if len(set(keys)) != len(keys):
        raise ValidationError("Duplicate tag keys found. Tag keys must be unique per resource")
    if len(keys) > MAX_TAGS:
        raise ValidationError(f"A group can't have more than {MAX_TAGS} tags")


@operation("autoscaling", "CreateOrUpdateTags")
def create_or_update_tags(call: Call) -> dict[str, Any]:
    """Tags groups: all of the request or nothing of it."""
    by_group: dict[str, list[dict[str, Any]]] = {}
    for tag in call.params["Tags"]:
        by_group.setdefault(_tagged_name(tag), []).append(tag)
    for name, tags in by_group.items():
        group = living(call, name)
        check_group_tags(tags)
        if len(set(group.tags_by_key) | {tag["Key"] for tag in tags}) > MAX_TAGS:
            raise AwsError("LimitExceeded", f"A group can't have more than {MAX_TAGS} tags")
    for name, tags in by_group.items():
        for tag in tags:
            living(call, name).put_tag(tag)
    return {}


@operation("autoscaling", "DeleteTags")
def delete_tags(call: Call) -> dict[str, Any]:
    """Removes tags of groups; a key that is not there is no error."""
    tags = call.params["Tags"]
    for tag in tags:
        living(call, _tagged_name(tag))
    for tag in tags:
        living(call, tag["ResourceId"]).drop_tag(tag["Key"])
    return {}


def _tagged_name(tag: dict[str, Any]) -> str:
    if not tag.get("ResourceId") or tag.get("ResourceType") != "auto-scaling-group":
        raise ValidationError(
            "A tag must name its ResourceId and the ResourceType auto-scaling-group"
        )
    return tag["ResourceId"]


@operation("autoscaling", "DescribeTags")
def describe_tags(call: Call) -> dict[str, Any]:
    """Lists tags of groups, 50 a page unless asked for up to 100."""
    params = call.params
    tags = [tag for group in groups_of(call).values() for tag in group.tags]
    fields = {
        "auto-scaling-group": "ResourceId",
        "key": "Key",
        "value": "Value",
        "propagate-at-launch": "PropagateAtLaunch",
    }
    for item in params.get("Filters", []):
        name, values = item.get("Name", ""), item.get("Values", [])
        if name not in fields:
            raise ValidationError(
                f"Filter type {name} is not correct. Allowed: {', '.join(fields)}"
            )
        wanted = [value.lower() for value in values] if name == "propagate-at-launch" else values
        tags = [
            tag
            for tag in tags
            if (
                str(tag[fields[name]]).lower()
                if name == "propagate-at-launch"
                else tag[fields[name]]
            )
            in wanted
        ]
    part, token = page(tags, page_size(params, 50), params.get("NextToken"))
    return {"Tags": part, "NextToken": token}
