"""All that mends moto, gathered: importing this registers our operations, `patch` changes moto's own."""

from __future__ import annotations

from . import (
    autoscaling,
    ec2_tags,
    eks,
    group_reads,
    group_tags,
    iam,
    identity,
    images,
    instance_types,
    launch,
    launch_templates,
    scaling,
    template_reads,
)

#: Modules whose operations stand in the registry once they are imported.
SERVED = (
    autoscaling,
    ec2_tags,
    group_reads,
    group_tags,
    identity,
    images,
    instance_types,
    launch_templates,
    scaling,
    template_reads,
)


def patch() -> None:
    """Changes what moto itself serves."""
    for module in (eks, iam, identity, images, launch):
        module.patch()
