"""Writes of launch templates.

What is mended: ClientToken and SourceVersion that stock moto ignores, version numbers that come back
after a delete, DeleteLaunchTemplateVersions, tag specifications of the template that leak into its
data, empty template data, limits, names, dry runs of calls that would fail.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from moto.ec2.models import EC2Backend

from .ec2_tags import check_tags
from .errors import AwsError
from .registry import Call, operation, settings
from .template import Template, add_template, find

NAME = re.compile(r"^[a-zA-Z0-9().\-/_]{3,128}$")

MAX_TEMPLATES = 5_000
MAX_USER_DATA = 16_384

#: What a tag specification inside the template data may name.
TAGGABLE_AT_LAUNCH = {
    "instance",
    "volume",
    "network-interface",
    "spot-instances-request",
    "elastic-gpu",
}


def _template_tags(specifications: list[dict[str, Any]]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for specification in specifications:
        kind = specification.get("ResourceType")
        if kind != "launch-template":
            raise AwsError(
                "InvalidParameterValue",
                f"'{kind}' is not a valid taggable resource type for this operation.",
            )
        tags |= check_tags(specification.get("Tags", []))
    return tags


def _check_data(data: dict[str, Any]) -> None:
    """What EC2 looks at when a template is made: its form, not what it names."""
    user_data = data.get("UserData")
    if user_data is not None:
        try:
            decoded = base64.b64decode(user_data, validate=True)
        except binascii.Error:
            raise AwsError(
                "InvalidUserData.Malformed", "Invalid BASE64 encoding of user data."
            ) from None
        if len(decoded) > MAX_USER_DATA:
            raise AwsError(
                "InvalidParameterValue", f"User data is limited to {MAX_USER_DATA} bytes"
            )
    for specification in data.get("TagSpecifications", []):
        kind = specification.get("ResourceType")
        if kind not in TAGGABLE_AT_LAUNCH:
            raise AwsError(
                "InvalidParameterValue",
                f"'{kind}' is not a valid taggable resource type for this operation.",
            )
        check_tags(specification.get("Tags", []))


def _required_data(call: Call) -> dict[str, Any]:
    data = call.params.get("LaunchTemplateData")
    if not data:
        raise AwsError(
            "MissingParameter", "The request must contain the parameter LaunchTemplateData"
        )
    _check_data(data)
    return data


def _check_description(call: Call) -> str | None:
    description = call.params.get("VersionDescription")
    if description is not None and len(description) > 255:
        raise AwsError(
            "InvalidParameterValue", "The version description is limited to 255 characters."
        )
    return description


def _replayed(call: Call) -> dict[str, Any] | None:
    """The first answer to a ClientToken that was seen, or an error when the body differs."""
    token = call.params.get("ClientToken")
    if not token:
        return None
    seen = _tokens(call.ec2).get((call.operation, token))
    if seen is None:
        return None
    if seen[0] != _body(call):
        raise AwsError(
            "IdempotentParameterMismatch",
            "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
        )
    return seen[1]


def _remember(call: Call, answer: dict[str, Any]) -> dict[str, Any]:
    token = call.params.get("ClientToken")
    if token:
        _tokens(call.ec2)[call.operation, token] = (_body(call), answer)
    return answer


def _body(call: Call) -> str:
    rest = {
        key: value for key, value in call.params.items() if key not in ("ClientToken", "DryRun")
    }
    return json.dumps(rest, sort_keys=True)


def _tokens(backend: EC2Backend) -> dict[tuple[str, str], tuple[str, dict[str, Any]]]:
    """Tokens live on moto's backend, so that its reset forgets them."""
    return backend.__dict__.setdefault("kmax_client_tokens", {})


@operation("ec2", "CreateLaunchTemplate")
def create_launch_template(call: Call) -> dict[str, Any]:
    """Makes a template with its first version."""
    replayed = _replayed(call)
    if replayed is not None:
        return replayed
    backend = call.ec2
    name = call.params["LaunchTemplateName"]
    if not NAME.match(name):
        raise AwsError(
            "InvalidLaunchTemplateName.MalformedException",
            "A launch template name must be between 3 and 128 characters, and may contain letters, "
            "numbers, and the following characters: ( ) . - / _.",
        )
    data = _required_data(call)
    description = _check_description(call)
    tags = _template_tags(call.params.get("TagSpecifications", []))
    if name in backend.launch_template_name_to_ids:
        raise AwsError(
            "InvalidLaunchTemplateName.AlreadyExistsException",
            "Launch template name already in use.",
        )
    if len(backend.launch_templates) >= MAX_TEMPLATES:
        raise AwsError(
            "LimitExceeded", f"You have reached the limit of {MAX_TEMPLATES} launch templates."
        )
    call.dry_run()
    template = add_template(backend, name, data, description, tags)
    template.hidden_reads = settings(call).hidden_reads
    return _remember(call, {"LaunchTemplate": template.describe(call.caller_arn)})


@operation("ec2", "CreateLaunchTemplateVersion")
def create_launch_template_version(call: Call) -> dict[str, Any]:
    """Makes a version, from a source version where one is named."""
    replayed = _replayed(call)
    if replayed is not None:
        return replayed
    params = call.params
    data = _required_data(call)
    description = _check_description(call)
    template = find(call.ec2, params.get("LaunchTemplateId"), params.get("LaunchTemplateName"))
    source = params.get("SourceVersion")
    if source:
        data = template.get_version(source).data | data
    call.dry_run()
    version = template.add(data, description)
    return _remember(call, {"LaunchTemplateVersion": version.describe(call.caller_arn)})


@operation("ec2", "ModifyLaunchTemplate")
def modify_launch_template(call: Call) -> dict[str, Any]:
    """Moves the default version."""
    replayed = _replayed(call)
    if replayed is not None:
        return replayed
    params = call.params
    template = find(call.ec2, params.get("LaunchTemplateId"), params.get("LaunchTemplateName"))
    number = params.get("DefaultVersion")
    if not number:
        raise AwsError("MissingParameter", "The request must contain the parameter DefaultVersion")
    version = template.get_version(number)
    call.dry_run()
    template.default_version_number = version.number
    return _remember(call, {"LaunchTemplate": template.describe(call.caller_arn)})


@operation("ec2", "DeleteLaunchTemplate")
def delete_launch_template(call: Call) -> dict[str, Any]:
    """Deletes a template, in use or not, with its versions and tags."""
    params, backend = call.params, call.ec2
    template = find(backend, params.get("LaunchTemplateId"), params.get("LaunchTemplateName"))
    call.dry_run()
    answer = template.describe(call.caller_arn)
    del backend.launch_templates[template.id]
    del backend.launch_template_name_to_ids[template.name]
    backend.tags.pop(template.id, None)
    return {"LaunchTemplate": answer}


@operation("ec2", "DeleteLaunchTemplateVersions")
def delete_launch_template_versions(call: Call) -> dict[str, Any]:
    """Deletes versions; what can't be deleted is told inside of an answer with status 200."""
    params = call.params
    versions = params["Versions"]
    if len(versions) > 200:
        raise AwsError(
            "InvalidParameterValue", "At most 200 versions can be deleted in a single request."
        )
    asked_id, asked_name = params.get("LaunchTemplateId"), params.get("LaunchTemplateName")
    deleted: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    template: Template | None = None
    missing = ("", "")
    try:
        template = find(call.ec2, asked_id, asked_name)
    except AwsError as error:
        codes = {
            "InvalidLaunchTemplateId.NotFound": "launchTemplateIdDoesNotExist",
            "InvalidLaunchTemplateId.Malformed": "launchTemplateIdMalformed",
            "InvalidLaunchTemplateName.NotFoundException": "launchTemplateNameDoesNotExist",
        }
        if error.code not in codes:
            raise
        missing = (codes[error.code], error.message)
    call.dry_run()
    for text in versions:
        item: dict[str, Any] = {
            "LaunchTemplateId": template.id if template else asked_id,
            "LaunchTemplateName": template.name if template else asked_name,
            "VersionNumber": int(text) if text.isdigit() else None,
        }
        code, message = missing
        if template is not None:
            code, message = _delete_version(template, text)
        if code:
            failed.append(item | {"ResponseError": {"Code": code, "Message": message}})
        else:
            deleted.append(item)
    return {
        "SuccessfullyDeletedLaunchTemplateVersions": deleted,
        "UnsuccessfullyDeletedLaunchTemplateVersions": failed,
    }


def _delete_version(template: Template, text: str) -> tuple[str, str]:
    if not text.isdigit() or int(text) not in template.numbered:
        return (
            "launchTemplateVersionDoesNotExist",
            f"Could not find launch template version {text} of {template.id}.",
        )
    if int(text) == template.default_version_number:
        return ("unexpectedError", f"The default version {text} of {template.id} can't be deleted.")
    del template.numbered[int(text)]
    return "", ""
