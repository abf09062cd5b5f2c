"""Makes new accounts cheap: AWS's managed policies are read once, not once for each account."""

from __future__ import annotations

import copy
import json
from functools import cache

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy


@cache
def _prototypes(region: str) -> list[AWSManagedPolicy]:
    return [
        AWSManagedPolicy.from_data(name, "aws", region, data)
        for name, data in json.loads(aws_managed_policies_data).items()
    ]


def _init_aws_policies(self: IAMBackend) -> list[ManagedPolicy]:
    """Copies of the policies: versions are shared, since nobody can change AWS's own."""
    policies: list[ManagedPolicy] = []
    for prototype in _prototypes(self.region_name):
        policy = copy.copy(prototype)
        policy.account_id = self.account_id
        policies.append(policy)
    return policies


def patch() -> None:
    """Puts the copies in the place of moto's own reading."""
    IAMBackend._init_aws_policies = _init_aws_policies  # type: ignore[method-assign]
