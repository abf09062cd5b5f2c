"""The yardstick of kmax's benchmarks: plain boto3 that does the same reads, or the same writes.

    target/servers/venv/bin/python tests/moto/baseline.py --endpoint URL [--account ID] [--region NAME]
        [--cluster NAME] [--write N [--prefix NAME] [--workers N]] [--json]

Without `--write` it makes, one after another, the paged reads of a plan that finds nothing to do:
GetCallerIdentity, DescribeCluster, DescribeSubnets, DescribeSecurityGroups, GetParameters,
DescribeImages, DescribeLaunchTemplates and DescribeLaunchTemplateVersions ($Latest, $Default) in pages
of 200, DescribeAutoScalingGroups in pages of 100. Nothing is compared or kept.

With `--write N` it makes the writes of an apply that creates N pools: for each CreateLaunchTemplate,
CreateAutoScalingGroup, SuspendProcesses, CreateOrUpdateTags and DeleteTags, in `--workers` threads
(1 by default). `--json` prints one line with `mode`, `seconds`, `calls`, `pools` and `peak_rss_kib`,
else the same stands in words. The clock starts after the clients are made: making them is boto3's
own cost, not that of the calls; `startup_seconds` tells it apart.
"""

from __future__ import annotations

import argparse
import base64
import json
import resource
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

MINOR_FOLDER = "/aws/service/eks/optimized-ami/{minor}/amazon-linux-2023"
PATTERN = "kmax-baseline"

#: As many overrides as a pool of kmax has at most, of types that all zones offer.
TYPES = [
    f"{family}.2xlarge"
    for family in ("r5", "r5a", "r5d", "r5n", "r6i", "r6a", "r6id", "r6in", "r7i", "r7a")
]


class Calls:
    """Clients that count what they send."""

    def __init__(self, arguments: argparse.Namespace):
        self.count = 0
        self._lock = threading.Lock()
        self.clients: dict[str, Any] = {}
        for service in ("sts", "eks", "ec2", "ssm", "autoscaling"):
            client = boto3.client(
                service,
                endpoint_url=arguments.endpoint,
                region_name=arguments.region,
                aws_access_key_id=f"AKIA{arguments.account}KMAX",
                aws_secret_access_key="test",
                config=Config(max_pool_connections=max(10, arguments.workers)),
            )
            client.meta.events.register("before-send", self._sent)
            self.clients[service] = client

    def _sent(self, **_: Any) -> None:
        with self._lock:
            self.count += 1

    def pages(self, service: str, operation: str, **arguments: Any) -> list[dict[str, Any]]:
        """All pages of an operation."""
        return list(self.clients[service].get_paginator(operation).paginate(**arguments))


def read(calls: Calls, cluster_name: str) -> int:
    """Makes the reads of a plan; the number of groups seen."""
    calls.clients["sts"].get_caller_identity()
    cluster = calls.clients["eks"].describe_cluster(name=cluster_name)["cluster"]
    network = cluster["resourcesVpcConfig"]
    calls.pages("ec2", "describe_subnets", SubnetIds=network["subnetIds"])
    calls.pages(
        "ec2",
        "describe_security_groups",
        Filters=[{"Name": "vpc-id", "Values": [network["vpcId"]]}],
    )
    folder = MINOR_FOLDER.format(minor=cluster["version"])
    names = [
        f"{folder}/{architecture}/standard/recommended/{part}"
        for architecture in ("x86_64", "arm64")
        for part in ("image_id", "release_version")
    ]
    found = calls.clients["ssm"].get_parameters(Names=names)["Parameters"]
    images = [item["Value"] for item in found if item["Name"].endswith("/image_id")]
    calls.clients["ec2"].describe_images(ImageIds=images)
    calls.pages("ec2", "describe_launch_templates", MaxResults=200)
    calls.pages(
        "ec2",
        "describe_launch_template_versions",
        Versions=["$Latest", "$Default"],
        MaxResults=200,
    )
    groups = calls.pages(
        "autoscaling", "describe_auto_scaling_groups", PaginationConfig={"PageSize": 100}
    )
    return sum(len(page["AutoScalingGroups"]) for page in groups)


def user_data(name: str) -> str:
    """User data of the size that kmax renders."""
    text = (
        'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="//"\n\n--//\n'
        "Content-Type: application/node.eks.aws\n\n---\napiVersion: node.eks.aws/v1alpha1\n"
        f"kind: NodeConfig\nspec:\n  cluster:\n    name: {name}\n"
        + "    # padding\n" * 60
        + "--//--\n"
    )
    return base64.b64encode(text.encode()).decode()


def write(calls: Calls, arguments: argparse.Namespace) -> None:
    """Makes the writes of an apply that creates pools."""
    cluster = calls.clients["eks"].describe_cluster(name=arguments.cluster)["cluster"]
    network = cluster["resourcesVpcConfig"]
    folder = MINOR_FOLDER.format(minor=cluster["version"])
    image = calls.clients["ssm"].get_parameters(
        Names=[f"{folder}/x86_64/standard/recommended/image_id"]
    )["Parameters"][0]["Value"]
    group = calls.clients["ec2"].describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [network["vpcId"]]}]
    )["SecurityGroups"][0]["GroupId"]

    def pool(number: int) -> None:
        _write_pool(
            calls,
            f"{arguments.prefix}-{number:05d}-kmax",
            arguments.cluster,
            image,
            group,
            network["subnetIds"],
        )

    if arguments.workers == 1:
        for number in range(arguments.write):
            pool(number)
    else:
        with ThreadPoolExecutor(arguments.workers) as workers:
            list(workers.map(pool, range(arguments.write)))


def _write_pool(
    calls: Calls, name: str, cluster: str, image: str, group: str, subnets: list[str]
) -> None:
    owner = [
        {"Key": "kmax:cluster", "Value": cluster},
        {"Key": "kmax:stack", "Value": "main"},
        {"Key": "kmax:pool", "Value": f"base/{name}"},
    ]
    nodes = [*owner, {"Key": "Name", "Value": name}]
    template = calls.clients["ec2"].create_launch_template(
        LaunchTemplateName=name,
        VersionDescription="sha256:" + "0" * 64,
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": owner}],
        LaunchTemplateData={
            "ImageId": image,
            "IamInstanceProfile": {"Name": "kmax-worknode"},
            "SecurityGroupIds": [group],
            "BlockDeviceMappings": [
                {
                    "DeviceName": "/dev/xvda",
                    "Ebs": {"VolumeSize": 100, "VolumeType": "gp3", "Encrypted": True},
                }
            ],
            "MetadataOptions": {
                "HttpTokens": "required",
                "HttpPutResponseHopLimit": 2,
                "InstanceMetadataTags": "disabled",
            },
            "UserData": user_data(name),
            "TagSpecifications": [
                {"ResourceType": kind, "Tags": nodes}
                for kind in ("instance", "volume", "network-interface")
            ],
        },
    )["LaunchTemplate"]
    client = calls.clients["autoscaling"]

    def tag(key: str, value: str) -> dict[str, Any]:
        return {
            "ResourceId": name,
            "ResourceType": "auto-scaling-group",
            "Key": key,
            "Value": value,
            "PropagateAtLaunch": False,
        }

    prefix = "k8s.io/cluster-autoscaler/"
    discovery = [tag(prefix + "enabled", "true"), tag(prefix + cluster, "owned")]
    discovery += [tag(f"{prefix}node-template/label/label-{n}", f"value-{n}") for n in range(12)]
    client.create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=20,
        VPCZoneIdentifier=",".join(subnets),
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {
                    "LaunchTemplateId": template["LaunchTemplateId"],
                    "Version": "1",
                },
                "Overrides": [{"InstanceType": kind} for kind in TYPES],
            },
            "InstancesDistribution": {
                "OnDemandBaseCapacity": 0,
                "OnDemandPercentageAboveBaseCapacity": 0,
                "SpotAllocationStrategy": "price-capacity-optimized",
            },
        },
        Tags=[
            *discovery,
            *(tag(item["Key"], item["Value"]) for item in owner),
            tag("kmax:applying", "sha256:" + "0" * 64),
        ],
    )
    client.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["AZRebalance"])
    client.create_or_update_tags(Tags=[tag("kmax:applied", "v1 lt=1 min=0 max=20 " + "0" * 60)])
    client.delete_tags(Tags=[tag("kmax:applying", "")])


def main() -> int:
    """Runs one of the two and says how long it took."""
    parser = argparse.ArgumentParser(description="Plain boto3 as a yardstick.")
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--account", default="123456789012")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--cluster", default="kmax-test")
    parser.add_argument("--write", type=int, default=0, metavar="N")
    parser.add_argument("--prefix", default=PATTERN)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    begun = time.monotonic()
    calls = Calls(arguments)
    started = time.monotonic()
    if arguments.write:
        write(calls, arguments)
        pools = arguments.write
    else:
        pools = read(calls, arguments.cluster)
    result = {
        "mode": "write" if arguments.write else "read",
        "pools": pools,
        "calls": calls.count,
        "seconds": round(time.monotonic() - started, 4),
        "startup_seconds": round(started - begun, 4),
        "peak_rss_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }
    if arguments.json:
        print(json.dumps(result))
    else:
        print(
            f"{result['mode']}: {pools} pools, {calls.count} calls, {result['seconds']} s "
            f"(clients {result['startup_seconds']} s), peak {result['peak_rss_kib'] // 1024} MiB"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
