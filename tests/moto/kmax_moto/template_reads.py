"""Reads of launch templates: pages of 200, filters, versions of all templates in bulk.

Stock moto stops at 15 without a token, and shows the tags of the create call for ever.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend

from .errors import AwsError
from .registry import Call, matches_any, operation, page, visible, wildcard
from .template import Template, Version, find, templates_of


@operation("ec2", "DescribeLaunchTemplates")
def describe_launch_templates(call: Call) -> dict[str, Any]:
    """Lists templates, 200 a page."""
    params, backend = call.params, call.ec2
    names, ids = params.get("LaunchTemplateNames", []), params.get("LaunchTemplateIds", [])
    if len(names) > 200 or len(ids) > 200:
        raise AwsError(
            "InvalidParameterValue",
            "At most 200 launch templates can be named in a single request.",
        )
    templates: list[Template] = []
    by_id = templates_of(backend)
    try:
        if ids or names:
            wanted = dict.fromkeys(ids)
            for asked in names:
                wanted[backend.launch_template_name_to_ids[asked]] = None
            templates = visible([by_id[known] for known in wanted])
            if len(templates) < len(wanted):
                raise KeyError("a template that is not visible yet")
        else:
            templates = list(by_id.values())
            if not params.get("NextToken"):
                templates = visible(templates)
    except KeyError:
        raise AwsError(
            "InvalidLaunchTemplateId.NotFound"
            if ids and not all(known in by_id for known in ids)
            else "InvalidLaunchTemplateName.NotFoundException",
            "At least one of the launch templates specified in the request does not exist.",
        ) from None
    for item in params.get("Filters", []):
        templates = _filter_templates(backend, templates, item)
    call.dry_run()
    shown, token = page(templates, params.get("MaxResults", 200), params.get("NextToken"))
    return {
        "LaunchTemplates": [template.describe(call.caller_arn) for template in shown],
        "NextToken": token,
    }


def _filter_templates(
    backend: EC2Backend, templates: list[Template], item: dict[str, Any]
) -> list[Template]:
    name, patterns = item.get("Name", ""), [wildcard(value) for value in item.get("Values", [])]
    tags = backend.tags
    if name == "launch-template-name":
        return [found for found in templates if matches_any([found.name], patterns)]
    if name == "create-time":
        return [
            found
            for found in templates
            if matches_any([found.create_time.strftime("%Y-%m-%dT%H:%M:%S.000Z")], patterns)
        ]
    if name == "tag-key":
        return [found for found in templates if matches_any(tags.get(found.id, {}), patterns)]
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return [
            found
            for found in templates
            if key in tags.get(found.id, {}) and matches_any([tags[found.id][key]], patterns)
        ]
    raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")


BULK = (
    "To describe the launch template data for all your launch templates, for 'Versions' specify "
    "'$Latest', '$Default', or both, and omit the launch template ID, name, and version numbers."
)


@operation("ec2", "DescribeLaunchTemplateVersions")
def describe_launch_template_versions(call: Call) -> dict[str, Any]:
    """Lists versions of one template, or the latest and default ones of all, 200 a page."""
    params, backend = call.params, call.ec2
    asked = params.get("Versions", [])
    template_id, name = params.get("LaunchTemplateId"), params.get("LaunchTemplateName")
    found: list[Version] = []
    if template_id or name:
        template = find(backend, template_id, name)
        if not visible([template]):
            raise AwsError(
                "InvalidLaunchTemplateId.NotFound",
                f"The specified launch template, with template ID {template.id}, does not exist.",
            )
        found = _versions_of(template, params)
    elif not asked:
        raise AwsError("MissingParameter", BULK)
    elif set(asked) - {"$Latest", "$Default"}:
        raise AwsError("InvalidParameterValue", BULK)
    else:
        templates = list(templates_of(backend).values())
        for template in templates if params.get("NextToken") else visible(templates):
            numbers = {template.get_version(text).number for text in asked}
            found += [template.numbered[number] for number in sorted(numbers, reverse=True)]
    for item in params.get("Filters", []):
        patterns = [wildcard(value) for value in item.get("Values", [])]
        found = [
            version
            for version in found
            if matches_any([_version_attribute(version, item.get("Name", ""))], patterns)
        ]
    call.dry_run()
    size = params.get("MaxResults", 200)
    if not 1 <= size <= 200:
        raise AwsError(
            "InvalidParameterValue",
            f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value between 1 and 200.",
        )
    shown, token = page(found, size, params.get("NextToken"))
    return {
        "LaunchTemplateVersions": [version.describe(call.caller_arn) for version in shown],
        "NextToken": token,
    }


def _versions_of(template: Template, params: dict[str, Any]) -> list[Version]:
    asked = params.get("Versions", [])
    least, most = params.get("MinVersion"), params.get("MaxVersion")
    if asked and (least or most):
        raise AwsError(
            "InvalidParameterCombination",
            "Versions can't be specified together with MinVersion or MaxVersion.",
        )
    if asked:
        numbers = {template.get_version(text).number for text in asked}
    else:
        low = int(least) if least else 1
        high = int(most) if most else template.last_number
        numbers = {number for number in template.numbered if low <= number <= high}
    return [template.numbered[number] for number in sorted(numbers, reverse=True)]


def _version_attribute(version: Version, name: str) -> str:
    data = version.data
    profile = data.get("IamInstanceProfile", {})
    attributes = {
        "create-time": version.create_time.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "ebs-optimized": str(data.get("EbsOptimized", False)).lower(),
        "http-endpoint": data.get("MetadataOptions", {}).get("HttpEndpoint", ""),
        "http-tokens": data.get("MetadataOptions", {}).get("HttpTokens", ""),
        "iam-instance-profile": profile.get("Arn") or profile.get("Name") or "",
        "image-id": data.get("ImageId", ""),
        "instance-type": data.get("InstanceType", ""),
        "is-default-version": str(
            version.template.default_version_number == version.number
        ).lower(),
        "kernel-id": data.get("KernelId", ""),
        "ram-disk-id": data.get("RamDiskId", ""),
    }
    if name not in attributes:
        raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return attributes[name]
