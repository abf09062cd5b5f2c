"""Instance types and their offerings, in pages.

Stock moto answers all 1,395 types and all offerings at once, whatever page is asked for.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.utils import generic_filter

from .errors import AwsError
from .registry import Call, operation, page


def _filters(call: Call) -> dict[str, list[str]]:
    return {item["Name"]: item.get("Values", []) for item in call.params.get("Filters", [])}


@operation("ec2", "DescribeInstanceTypes")
def describe_instance_types(call: Call) -> dict[str, Any]:
    """Lists types, 100 a page."""
    params, backend = call.params, call.ec2
    asked = params.get("InstanceTypes", [])
    if len(asked) > 100:
        raise AwsError("InvalidParameterValue", "At most 100 instance types can be named.")
    if asked and "MaxResults" in params:
        raise AwsError(
            "InvalidParameterCombination",
            "The parameter MaxResults can't be used with the parameter InstanceTypes.",
        )
    found = backend.describe_instance_types(asked or None, None)
    filters = _filters(call)
    if filters:
        found = generic_filter(filters, found)
    part, token = page(found, params.get("MaxResults", 100), params.get("NextToken"))
    return {"InstanceTypes": part, "NextToken": token}


@operation("ec2", "DescribeInstanceTypeOfferings")
def describe_instance_type_offerings(call: Call) -> dict[str, Any]:
    """Lists offerings, 1,000 a page."""
    params = call.params
    found = call.ec2.describe_instance_type_offerings(
        params.get("LocationType", "region"), _filters(call)
    )
    part, token = page(found, params.get("MaxResults", 1000), params.get("NextToken"))
    return {"InstanceTypeOfferings": part, "NextToken": token}
