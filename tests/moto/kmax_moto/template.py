"""Launch templates and their versions, as moto keeps them, and how a request names one."""

from __future__ import annotations

import re
import secrets
from typing import Any, cast

from moto.core.types import Base64EncodedString
from moto.core.utils import utcnow
from moto.ec2.models import EC2Backend
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion
from moto.ec2.utils import convert_tag_spec

from . import wire
from .errors import AwsError

ID = re.compile(r"^lt-[0-9a-f]{8,17}$")

MAX_VERSIONS = 10_000


class Version(LaunchTemplateVersion):
    """A version: immutable, its data rendered at most once."""

    def __init__(
        self, template: Template, number: int, data: dict[str, Any], description: str | None
    ):
        self.template = template
        self.number = number
        self.data = data
        self.description = description  # type: ignore[assignment]
        self.create_time = utcnow().replace(microsecond=0)
        self.instance_tags = self.tags_at_launch("instance")
        self._xml: wire.Xml | None = None

    def tags_at_launch(self, kind: str) -> dict[str, str]:
        """Tags that the version gives to what is launched from it."""
        return convert_tag_spec(self.data.get("TagSpecifications", [])).get(kind, {})

    @property
    def user_data(self) -> Base64EncodedString | None:
        """User data as moto's RunInstances wants them."""
        text = self.data.get("UserData")
        return Base64EncodedString(text) if text else None

    def describe(self, caller: str) -> dict[str, Any]:
        """The version as the API shows it."""
        if self._xml is None:
            self._xml = wire.to_xml("ec2", "ResponseLaunchTemplateData", self.data)
        template = self.template
        return {
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "VersionNumber": self.number,
            "VersionDescription": self.description,
            "CreateTime": self.create_time,
            "CreatedBy": caller,
            "DefaultVersion": template.default_version_number == self.number,
            "LaunchTemplateData": self._xml,
        }


class Template(LaunchTemplate):
    """A template whose version numbers are never used twice."""

    def __init__(self, backend: EC2Backend, name: str):
        self.ec2_backend = backend
        self.name = name
        self.id = "lt-0" + secrets.token_hex(8)
        self.create_time = utcnow().replace(microsecond=0)
        self.numbered: dict[int, Version] = {}
        self.last_number = 0
        self.default_version_number = 1
        #: Describe calls that do not show the template yet.
        self.hidden_reads = 0

    def add(self, data: dict[str, Any], description: str | None) -> Version:
        """Makes the next version."""
        if len(self.numbered) >= MAX_VERSIONS:
            raise AwsError(
                "LimitExceeded",
                f"You have reached the limit of {MAX_VERSIONS} versions of launch template {self.id}.",
            )
        self.last_number += 1
        version = Version(self, self.last_number, data, description)
        self.numbered[version.number] = version
        return version

    def create_version(self, data: dict[str, Any], description: str) -> Version:
        """What moto's CloudFormation calls."""
        return self.add(data, description)

    @property
    def versions(self) -> list[Version]:  # type: ignore[override]
        """All versions, oldest first."""
        return list(self.numbered.values())

    @property
    def tags(self) -> list[dict[str, str]]:  # type: ignore[override]
        """The tags of now, not those of the create call."""
        return self.get_tags()

    def latest_version(self) -> Version:
        """The version with the highest number."""
        return self.numbered[next(reversed(self.numbered))]

    def default_version(self) -> Version:
        """The version that is used where none is named."""
        return self.numbered[self.default_version_number]

    def get_version(self, num: Any) -> Version:
        """A version by its number, `$Latest` or `$Default`."""
        text = str(num)
        if text == "$Latest":
            return self.latest_version()
        if text == "$Default":
            return self.default_version()
        version = self.numbered.get(int(text)) if text.isdigit() else None
        if version is None:
            raise AwsError(
                "InvalidLaunchTemplateId.VersionNotFound",
                f"Could not find the specified version {num} for the launch template with ID {self.id}.",
            )
        return version

    def describe(self, caller: str) -> dict[str, Any]:
        """The template as the API shows it."""
        return {
            "LaunchTemplateId": self.id,
            "LaunchTemplateName": self.name,
            "CreateTime": self.create_time,
            "CreatedBy": caller,
            "DefaultVersionNumber": self.default_version_number,
            "LatestVersionNumber": self.latest_version().number,
            "Tags": [
                {"Key": key, "Value": value}
                for key, value in self.ec2_backend.tags.get(self.id, {}).items()
            ],
        }


def templates_of(backend: EC2Backend) -> dict[str, Template]:
    """All templates of an account and region, by id."""
    return cast(dict[str, Template], backend.launch_templates)


def find(
    backend: EC2Backend, template_id: str | None, name: str | None, parameter: str = ""
) -> Template:
    """The template that a request names, by exactly one of id and name."""
    if template_id and name:
        raise AwsError(
            "InvalidParameterCombination",
            "Either a launch template ID or a launch template name must be specified, not both.",
        )
    if template_id:
        if not ID.match(template_id):
            raise AwsError(
                "InvalidLaunchTemplateId.Malformed",
                f'Invalid id: "{template_id}" (expecting "lt-...")',
            )
        template = templates_of(backend).get(template_id)
        if template is None:
            raise AwsError(
                "InvalidLaunchTemplateId.NotFound",
                f"The specified launch template, with template ID {template_id}, does not exist.",
            )
        return template
    if name:
        known = backend.launch_template_name_to_ids.get(name)
        if known is None:
            raise AwsError(
                "InvalidLaunchTemplateName.NotFoundException",
                f"The specified launch template, with template name {name}, does not exist.",
            )
        return templates_of(backend)[known]
    raise AwsError(
        "MissingParameter",
        "The request must contain either a launch template ID or a launch template name"
        + (f" ({parameter})" if parameter else "")
        + ".",
    )


def add_template(
    backend: EC2Backend,
    name: str,
    data: dict[str, Any],
    description: str | None,
    tags: dict[str, str],
) -> Template:
    """Puts a template into moto's backend."""
    template = Template(backend, name)
    template.add(data, description)
    backend.launch_templates[template.id] = template
    backend.launch_template_name_to_ids[name] = template.id
    if tags:
        backend.create_tags([template.id], tags)
    return template
