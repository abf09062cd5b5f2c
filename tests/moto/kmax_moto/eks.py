"""EKS clusters as the tests want them.

Stock moto makes up the endpoint and the certificate authority, forgets the access configuration, and
runs 1.19.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from moto.eks import models
from moto.eks.exceptions import InvalidParameterException
from moto.eks.models import Cluster, EKSBackend
from moto.eks.responses import EKSResponse

DEFAULT_VERSION = "1.34"
DEFAULT_CIDR = "172.20.0.0/16"
CERTIFICATE = base64.b64encode(
    b"-----BEGIN CERTIFICATE-----\nMIIBtestOnlyNotACertificate\n-----END CERTIFICATE-----\n"
).decode()


ROLE = re.compile(r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+")


def _check_role(arn: str) -> None:
    """What moto checks, without the botocore session that it makes for each cluster."""
    if not arn or not ROLE.match(arn):
        raise InvalidParameterException(message=f"Invalid Role Arn: '{arn}'")


def settle(cluster: Cluster, fields: dict[str, Any]) -> None:
    """Sets what the tests name of a cluster: the keys are those of `POST /kmax-test/eks`."""
    simple = ("endpoint", "version", "status", "role_arn", "tags")
    for name in simple:
        if name in fields:
            setattr(cluster, name, fields[name])
    if "certificate_authority" in fields:
        cluster.certificate_authority = {"data": fields["certificate_authority"]}
    if "service_ipv4_cidr" in fields:
        cluster.kubernetes_network_config = {
            "serviceIpv4Cidr": fields["service_ipv4_cidr"],
            "ipFamily": "ipv4",
        }
    if "authentication_mode" in fields:
        cluster.access_config = {  # type: ignore[attr-defined]
            "authenticationMode": fields["authentication_mode"],
            "bootstrapClusterCreatorAdminPermissions": True,
        }
    if "vpc_config" in fields:
        cluster.resources_vpc_config = cluster.resources_vpc_config | fields["vpc_config"]


def patch() -> None:
    """Gives clusters that are created through the API an access configuration and a present version."""
    models.validate_role_arn = _check_role
    stock = EKSBackend.create_cluster

    def create_cluster(self: EKSBackend, name: str, **kwargs: Any) -> Cluster:
        kwargs["version"] = kwargs.get("version") or DEFAULT_VERSION
        cluster = stock(self, name=name, **kwargs)
        settle(
            cluster,
            {
                "endpoint": f"https://{name.upper()}.gr7.{self.region_name}.eks.amazonaws.com",
                "certificate_authority": CERTIFICATE,
                "service_ipv4_cidr": (kwargs.get("kubernetes_network_config") or {}).get(
                    "serviceIpv4Cidr", DEFAULT_CIDR
                ),
                "authentication_mode": "CONFIG_MAP",
            },
        )
        return cluster

    EKSBackend.create_cluster = create_cluster  # type: ignore[method-assign,assignment]
    stock_response = EKSResponse.create_cluster

    def respond(self: EKSResponse) -> Any:
        answer = stock_response(self)
        access = self._get_param("accessConfig")
        if access:
            self.eks_backend.describe_cluster(self._get_param("name")).access_config |= access  # type: ignore[attr-defined]
        return answer

    EKSResponse.create_cluster = respond  # type: ignore[method-assign]
