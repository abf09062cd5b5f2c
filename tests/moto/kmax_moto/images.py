"""Images of EKS nodes and the public parameters that name them.

Stock moto knows neither. Each minor of Kubernetes has two releases per architecture and variant, so
that an upgrade can be shown: the parameters under `recommended` stand on the first until the tests move
them. Ids derive from region and name and are the same in every run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.ec2.models.amis import Ami, AmiBackend
from moto.ssm.models import Parameter, ParameterDict, ssm_backends

from .errors import AwsError
from .registry import Call, operation, page

OWNER = "602401143452"
PREFIX = "/aws/service/eks/optimized-ami"

#: Releases of each minor: the one that is recommended at first, and the next.
RELEASES = {
    "1.33": ("1.33.5-20260712", "1.33.6-20260801"),
    "1.34": ("1.34.1-20260712", "1.34.2-20260801"),
    "1.35": ("1.35.0-20260712", "1.35.1-20260801"),
}
#: Architectures of each variant of AL2023.
VARIANTS = {
    "standard": ("x86_64", "arm64"),
    "nvidia": ("x86_64", "arm64"),
    "neuron": ("x86_64",),
}


@dataclass(frozen=True)
class Release:
    """One image of AL2023 for EKS."""

    minor: str
    architecture: str
    variant: str
    release_version: str

    @property
    def date(self) -> str:
        """The day on which the image was made, as it stands in its name."""
        return self.release_version.partition("-")[2]

    @property
    def name(self) -> str:
        """The image's name."""
        return (
            f"amazon-eks-node-al2023-{self.architecture}-{self.variant}-{self.minor}-v{self.date}"
        )

    @property
    def created(self) -> datetime:
        """When the image was made."""
        return datetime.strptime(self.date, "%Y%m%d").replace(hour=20, tzinfo=UTC)

    def image_id(self, region: str) -> str:
        """The image's id, another one in each region."""
        return "ami-0" + hashlib.sha256(f"{region}/{self.name}".encode()).hexdigest()[:16]

    def parameters(self, region: str) -> dict[str, str]:
        """What the parameters of the release say, by the last part of their path."""
        image = self.image_id(region)
        values = {
            "image_id": image,
            "image_name": self.name,
            "release_version": self.release_version,
        }
        return values | {"": json.dumps({"schema_version": "2"} | values)}

    @property
    def folder(self) -> str:
        """The path above `recommended` and above the release's own parameters."""
        return f"{PREFIX}/{self.minor}/amazon-linux-2023/{self.architecture}/{self.variant}"


def families() -> Iterator[tuple[Release, ...]]:
    """The releases of each minor, architecture and variant, oldest first."""
    for minor, versions in RELEASES.items():
        for variant, architectures in VARIANTS.items():
            for architecture in architectures:
                yield tuple(Release(minor, architecture, variant, text) for text in versions)


class EksAmi(Ami):
    """An image with what stock moto leaves out: when it is deprecated, and its real root volume."""

    deprecation_time: str

    @property
    def block_device_mappings(self) -> list[dict[str, Any]]:
        """The root volume."""
        return [
            {
                "DeviceName": self.root_device_name,
                "Ebs": {
                    "SnapshotId": self.ebs_snapshot.id,
                    "VolumeSize": 20,
                    "DeleteOnTermination": True,
                    "VolumeType": "gp3",
                    "Encrypted": False,
                },
            }
        ]


def register_images(backend: AmiBackend) -> None:
    """Puts the images into a new EC2 backend, in place of the thousand that moto loads."""
    region = backend.region_name  # type: ignore[attr-defined]
    for releases in families():
        for release in releases:
            image = EksAmi(
                backend,
                release.image_id(region),
                name=release.name,
                description=f"EKS-optimized Kubernetes node based on AL2023 (k8s: {release.minor})",
                owner_id=OWNER,
                owner_alias="amazon",
                public=True,
                virtualization_type="hvm",
                architecture=release.architecture,
                creation_date=release.created,
                image_location=f"amazon/{release.name}",
                hypervisor="xen",
                root_device_type="ebs",
                root_device_name="/dev/xvda",
                region_name=region + "a",
            )
            deprecated = release.created + timedelta(days=730)
            image.deprecation_time = deprecated.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            backend.amis[image.id] = image


def _put(parameters: ParameterDict, name: str, value: str, date: datetime) -> None:
    # The dictionary's own way in: its subclass looks at the name and would load again.
    versions = dict.setdefault(parameters, name, [])
    versions.append(
        Parameter(
            account_id=parameters.account_id,
            name=name,
            value=value,
            parameter_type="String",
            description=None,
            allowed_pattern=None,
            keyid=None,
            last_modified_date=date,
            version=len(versions) + 1,
            data_type="aws:ec2:image" if name.endswith("/image_id") else "text",
        )
    )


def _put_release(parameters: ParameterDict, folder: str, release: Release) -> None:
    for part, value in release.parameters(parameters.region_name).items():
        _put(parameters, f"{folder}/{part}".rstrip("/"), value, release.created)


def load_parameters(parameters: ParameterDict) -> None:
    """Fills in all parameters of EKS images."""
    for releases in families():
        for release in releases:
            _put_release(parameters, f"{release.folder}/{release.name}", release)
        _put_release(parameters, f"{releases[0].folder}/recommended", releases[0])


def recommend(account: str, region: str, index: int, minor: str | None) -> list[str]:
    """Moves `recommended` to the first or the second release; tells the image ids."""
    parameters = ssm_backends[account][region]._parameters
    parameters._check_loading_status(PREFIX)
    moved = []
    for releases in families():
        if minor is None or releases[0].minor == minor:
            _put_release(parameters, f"{releases[0].folder}/recommended", releases[index])
            moved.append(releases[index].image_id(region))
    return moved


def patch() -> None:
    """Makes moto's EC2 and SSM know the images."""
    stock = ParameterDict._check_loading_status

    def check_loading_status(self: ParameterDict, key: str) -> None:
        if str(key or "").startswith(PREFIX):
            if not self.__dict__.get("kmax_loaded"):
                self.__dict__["kmax_loaded"] = True
                load_parameters(self)
            return
        stock(self, key)

    ParameterDict._check_loading_status = check_loading_status  # type: ignore[method-assign]
    AmiBackend._load_amis = register_images  # type: ignore[method-assign,assignment]


@operation("ec2", "DescribeImages")
def describe_images(call: Call) -> dict[str, Any]:
    """Lists images; stock moto is silent about unknown ids as long as one is known."""
    params, backend = call.params, call.ec2
    asked = params.get("ImageIds", [])
    for image_id in asked:
        if not image_id.startswith("ami-"):
            raise AwsError("InvalidAMIID.Malformed", f'Invalid id: "{image_id}"')
        if image_id not in backend.amis:
            raise AwsError("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
    filters = {item["Name"]: item.get("Values", []) for item in params.get("Filters", [])}
    chosen = [backend.amis[image_id] for image_id in dict.fromkeys(asked)] if asked else None
    images = backend.describe_images(
        ami_ids=None, filters=filters, owners=params.get("Owners"), exec_users=None
    )
    if chosen is not None:
        found = {image.id for image in images}
        images = [image for image in chosen if image.id in found]
    elif not params.get("IncludeDeprecated"):
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        images = [image for image in images if getattr(image, "deprecation_time", "9") > now]
    part, token = page(images, params.get("MaxResults", 1000), params.get("NextToken"))
    return {"Images": [_describe(image) for image in part], "NextToken": token}


def _describe(image: Ami) -> dict[str, Any]:
    return {
        "ImageId": image.id,
        "ImageLocation": image.image_location,
        "State": image.state,
        "OwnerId": image.owner_id,
        "ImageOwnerAlias": image.owner_alias,
        "Public": image.is_public,
        "Architecture": image.architecture,
        "ImageType": image.image_type,
        "Name": image.name,
        "Description": image.description,
        "RootDeviceType": image.root_device_type,
        "RootDeviceName": image.root_device_name,
        "BlockDeviceMappings": image.block_device_mappings,
        "VirtualizationType": image.virtualization_type,
        "Hypervisor": image.hypervisor,
        "EnaSupport": True,
        "ImdsSupport": "v2.0",
        "CreationDate": image.creation_date.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "DeprecationTime": getattr(image, "deprecation_time", None),
        "Tags": image.get_tags(),
    }
