"""Tags of EC2 resources: reserved keys, limits, and what is tagged must exist."""

from __future__ import annotations

from typing import Any

from .errors import AwsError
from .registry import Call, operation
from .template import find

MAX_TAGS = 50


def check_tags(tags: list[dict[str, str]]) -> dict[str, str]:
    """Refuses tags that EC2 refuses."""
    found: dict[str, str] = {}
    for tag in tags:
        key, value = tag.get("Key", ""), tag.get("Value", "")
        if not key or len(key) > 128:
            raise AwsError(
                "InvalidParameterValue",
                f"Tag key exceeds the maximum length of 128 characters or is empty: '{key}'",
            )
        if len(value) > 256:
            raise AwsError(
                "InvalidParameterValue", "Tag value exceeds the maximum length of 256 characters"
            )
        if key.lower().startswith("aws:"):
            raise AwsError(
                "InvalidParameterValue",
                "Tag keys starting with 'aws:' are reserved for internal use",
            )
        if key in found:
            raise AwsError("InvalidParameterValue", f"Duplicate tag key '{key}' specified.")
        found[key] = value
    if len(found) > MAX_TAGS:
        raise AwsError("TagLimitExceeded", "More than 50 tags are specified.")
    return found


@operation("ec2", "CreateTags")
def create_tags(call: Call) -> dict[str, Any]:
    """Tags EC2 resources, refusing reserved keys and more than 50 tags."""
    return _change_tags(call, create=True)


@operation("ec2", "DeleteTags")
def delete_tags(call: Call) -> dict[str, Any]:
    """Removes tags: of a key with a value only where the value is the same."""
    return _change_tags(call, create=False)


def _change_tags(call: Call, create: bool) -> dict[str, Any]:
    backend = call.ec2
    resources, tags = call.params.get("Resources", []), call.params.get("Tags", [])
    if not resources:
        raise AwsError("MissingParameter", "The request must contain the parameter resourceIdSet")
    for resource in resources:
        if resource.startswith("lt-"):
            find(backend, resource, None)
    others = [resource for resource in resources if not resource.startswith("lt-")]
    if others:
        backend.do_resources_exist(others)
    if create:
        checked = check_tags(tags)
        for resource in resources:
            users = {key for key in backend.tags.get(resource, {}) if not key.startswith("aws:")}
            if len(users | set(checked)) > MAX_TAGS:
                raise AwsError(
                    "TagLimitExceeded",
                    f"The maximum number of Tags for a resource has been reached: {resource}",
                )
        call.dry_run()
        backend.create_tags(resources, checked)
        return {}
    call.dry_run()
    if not tags:
        for resource in resources:
            kept = backend.tags.get(resource, {})
            for key in [key for key in kept if not key.startswith("aws:")]:
                del kept[key]
        return {}
    backend.delete_tags(resources, {tag["Key"]: tag.get("Value") for tag in tags})
    return {}
