"""One server for all self tests; one account, seeded, for each."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

HERE = Path(__file__).parent
ACCOUNTS = itertools.count(100000000001)


class Cloud:
    """An account of the server under test."""

    def __init__(self, url: str, account: str):
        self.url = url
        self.account = account
        self.ids: dict[str, Any] = {}

    def client(self, service: str, region: str = "us-east-1", **config: Any) -> Any:
        """A client without retries, so that each error is seen."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=f"AKIA{self.account}KMAX",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def control(self, path: str, method: str = "POST", **wish: Any) -> Any:
        """A control request for this account."""
        wish = {"account": self.account} | wish
        query = f"?account={self.account}" if method == "GET" else ""
        request = urllib.request.Request(
            f"{self.url}/kmax-test/{path}{query}",
            data=json.dumps(wish).encode() if method == "POST" else None,
            method=method,
        )
        try:
            with urllib.request.urlopen(request) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()}") from None

    @property
    def subnets(self) -> list[str]:
        """The seeded subnets."""
        return list(self.ids["subnets"].values())

    @property
    def worker_group(self) -> str:
        """The seeded security group of workers."""
        return self.ids["security_groups"]["spotmax-kmax-worknode-sg"]

    def image(
        self, release: str = "first", minor: str = "1.34", architecture: str = "x86_64"
    ) -> str:
        """An image of AL2023."""
        self.control("ssm/release", release=release)
        name = (
            f"/aws/service/eks/optimized-ami/{minor}/amazon-linux-2023/{architecture}/standard"
            "/recommended/image_id"
        )
        return self.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]

    def data(self, **more: Any) -> dict[str, Any]:
        """Template data that can launch."""
        return {
            "ImageId": self.image(),
            "IamInstanceProfile": {"Name": "kmax-worknode"},
            "SecurityGroupIds": [self.worker_group],
        } | more

    def template(self, name: str = "dsp-8c64g-kmax", **more: Any) -> str:
        """Makes a template; its id."""
        answer = self.client("ec2").create_launch_template(
            LaunchTemplateName=name, LaunchTemplateData=self.data(**more)
        )
        return answer["LaunchTemplate"]["LaunchTemplateId"]

    def mixed(self, template: str, version: str = "1", **more: Any) -> dict[str, Any]:
        """A mixed policy as kmax writes it."""
        return {
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": version},
                "Overrides": [{"InstanceType": "r5.2xlarge"}, {"InstanceType": "r6i.2xlarge"}],
            },
            "InstancesDistribution": {
                "OnDemandBaseCapacity": 0,
                "OnDemandPercentageAboveBaseCapacity": 0,
                "SpotAllocationStrategy": "price-capacity-optimized",
            },
        } | more

    def group(self, name: str = "dsp-8c64g-kmax", template: str | None = None, **more: Any) -> Any:
        """Makes a group; the client that made it."""
        client = self.client("autoscaling")
        arguments = {
            "AutoScalingGroupName": name,
            "MinSize": 0,
            "MaxSize": 5,
            "VPCZoneIdentifier": ",".join(self.subnets),
        } | more
        if not {"MixedInstancesPolicy", "LaunchTemplate"} & set(arguments):
            arguments["MixedInstancesPolicy"] = self.mixed(template or self.template(name))
        client.create_auto_scaling_group(**arguments)
        return client

    def read(self, name: str = "dsp-8c64g-kmax") -> dict[str, Any]:
        """Reads a group."""
        answer = self.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[name]
        )
        return answer["AutoScalingGroups"][0]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a running server."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "server.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdin is not None
    line = process.stdout.readline().split()
    assert line[0] == "ready"
    yield line[1]
    process.stdin.close()
    assert process.wait(timeout=10) == 0


@pytest.fixture
def bare(server: str) -> Cloud:
    """An account in which nothing is."""
    return Cloud(server, str(next(ACCOUNTS)))


@pytest.fixture
def cloud(bare: Cloud) -> Cloud:
    """An account with network, roles, profile and cluster."""
    bare.ids = bare.control("seed", cluster="adx-prod")
    return bare
