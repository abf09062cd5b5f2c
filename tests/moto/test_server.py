"""The rest of the server: identity, images, parameters, clusters, types, faults, the log, control."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from conftest import HERE, Cloud
from test_launch_templates import refused

FOLDER = "/aws/service/eks/optimized-ami/1.34/amazon-linux-2023"


# Identity and accounts.


def test_access_keys_carry_their_account(server: str) -> None:
    for account in ("210000000001", "210000000002"):
        cloud = Cloud(server, account)
        identity = cloud.client("sts").get_caller_identity()
        assert identity["Account"] == account
        assert identity["Arn"] == f"arn:aws:iam::{account}:user/kmax"
        cloud.client("ec2").create_launch_template(
            LaunchTemplateName=f"in-{account}", LaunchTemplateData={"ImageId": "ami-1"}
        )
        assert len(cloud.client("ec2").describe_launch_templates()["LaunchTemplates"]) == 1
        assert cloud.client("ec2", "eu-west-1").describe_launch_templates()["LaunchTemplates"] == []


def test_seeds_have_the_same_ids_in_every_account(server: str) -> None:
    one = Cloud(server, "210000000011").control("seed", cluster="same")
    two = Cloud(server, "210000000012").control("seed", cluster="same")
    assert one["subnets"] == two["subnets"] and one["vpc"] == two["vpc"]
    assert one["security_groups"] == two["security_groups"]
    other = Cloud(server, "210000000012").control("seed", cluster="other", role="kmax2")
    assert other["vpc"] != two["vpc"]


def test_seeded_fixtures(cloud: Cloud) -> None:
    ec2, iam, eks = cloud.client("ec2"), cloud.client("iam"), cloud.client("eks")
    named = ec2.describe_subnets(Filters=[{"Name": "tag:Name", "Values": ["adx-prod-private-*"]}])
    assert {item["SubnetId"] for item in named["Subnets"]} == set(cloud.subnets)
    assert {item["AvailabilityZone"] for item in named["Subnets"]} == set(cloud.ids["subnets"])
    found = ec2.describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["spotmax-kmax-worknode-sg"]}]
    )
    assert found["SecurityGroups"][0]["GroupId"] == cloud.worker_group
    refused(
        "InvalidSubnetID.NotFound", ec2.describe_subnets, SubnetIds=["subnet-0123456789abcdef0"]
    )
    refused(
        "InvalidGroup.NotFound", ec2.describe_security_groups, GroupIds=["sg-0123456789abcdef0"]
    )
    profile = iam.get_instance_profile(InstanceProfileName="kmax-worknode")["InstanceProfile"]
    assert profile["Roles"][0]["RoleName"] == "kmax-worknode"
    refused("NoSuchEntity", iam.get_instance_profile, InstanceProfileName="nobody")
    attached = iam.list_attached_role_policies(RoleName="kmax-worknode")["AttachedPolicies"]
    assert {item["PolicyName"] for item in attached} == {
        "AmazonEKSWorkerNodePolicy",
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEKS_CNI_Policy",
    }
    cluster = eks.describe_cluster(name="adx-prod")["cluster"]
    assert cluster["version"] == "1.34" and cluster["status"] == "ACTIVE"
    assert cluster["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == "172.20.0.0/16"
    assert cluster["accessConfig"]["authenticationMode"] == "API_AND_CONFIG_MAP"
    assert cluster["endpoint"].startswith("https://")
    network = cluster["resourcesVpcConfig"]
    assert network["vpcId"] == cloud.ids["vpc"]
    assert network["clusterSecurityGroupId"] == cloud.ids["cluster_security_group"]
    assert cluster["roleArn"] == f"arn:aws:iam::{cloud.account}:role/kmax"
    refused("ResourceNotFoundException", eks.describe_cluster, name="nobody")


def test_a_cluster_takes_what_the_test_wants(bare: Cloud) -> None:
    bare.control(
        "seed",
        cluster="mine",
        version="1.35",
        endpoint="https://127.0.0.1:6443",
        certificate_authority="Y2E=",
        service_ipv4_cidr="10.100.0.0/16",
        authentication_mode="CONFIG_MAP",
    )
    eks = bare.client("eks")
    cluster = eks.describe_cluster(name="mine")["cluster"]
    assert cluster["endpoint"] == "https://127.0.0.1:6443"
    assert cluster["certificateAuthority"]["data"] == "Y2E="
    assert cluster["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == "10.100.0.0/16"
    assert cluster["accessConfig"]["authenticationMode"] == "CONFIG_MAP"
    bare.control("eks", cluster="mine", authentication_mode="API", status="UPDATING")
    cluster = eks.describe_cluster(name="mine")["cluster"]
    assert cluster["accessConfig"]["authenticationMode"] == "API"
    assert cluster["status"] == "UPDATING"


# Images and parameters.


def test_parameters_name_images_that_exist(cloud: Cloud) -> None:
    ssm, ec2 = cloud.client("ssm"), cloud.client("ec2")
    for minor in ("1.33", "1.34", "1.35"):
        for architecture in ("x86_64", "arm64"):
            folder = FOLDER.replace("1.34", minor) + f"/{architecture}/standard"
            names = [f"{folder}/recommended/{part}" for part in ("image_id", "release_version")]
            got = ssm.get_parameters(Names=[*names, f"{folder}/recommended/nothing"])
            values = {item["Name"]: item["Value"] for item in got["Parameters"]}
            assert got["InvalidParameters"] == [f"{folder}/recommended/nothing"]
            image_id, release = (values[name] for name in names)
            image = ec2.describe_images(ImageIds=[image_id])["Images"][0]
            assert image["Architecture"] == architecture and image["State"] == "available"
            date = release.partition("-")[2]
            assert image["Name"] == (
                f"amazon-eks-node-al2023-{architecture}-standard-{minor}-v{date}"
            )
            assert image["DeprecationTime"] > datetime.now(UTC).isoformat()
            assert image["RootDeviceName"] == "/dev/xvda" and image["OwnerId"] == "602401143452"
            one = ssm.get_parameter(Name=f"{folder}/{image['Name']}/image_id")["Parameter"]
            assert one["Value"] == image_id and one["DataType"] == "aws:ec2:image"
    refused(
        "ValidationException",
        ssm.get_parameters,
        Names=[f"{FOLDER}/x86_64/standard/{n}" for n in range(11)],
    )


def test_recommended_moves_to_the_second_release(cloud: Cloud) -> None:
    ssm = cloud.client("ssm")
    name = f"{FOLDER}/x86_64/standard/recommended/release_version"

    def release() -> str:
        return ssm.get_parameter(Name=name)["Parameter"]["Value"]

    assert release() == "1.34.1-20260712"
    first = cloud.image("first")
    assert cloud.control("ssm/release", release="second", minor="1.33") != {"images": []}
    assert release() == "1.34.1-20260712"
    second = cloud.image("second")
    assert release() == "1.34.2-20260801" and second != first
    both = cloud.client("ec2").describe_images(ImageIds=[first, second])["Images"]
    assert [image["ImageId"] for image in both] == [first, second]
    by_path = ssm.get_parameters_by_path(Path=f"{FOLDER}/x86_64/standard", Recursive=True)
    assert by_path["Parameters"]


def test_images_that_go(cloud: Cloud) -> None:
    ec2, image = cloud.client("ec2"), cloud.image()
    refused("InvalidAMIID.NotFound", ec2.describe_images, ImageIds=[image, "ami-0123456789abcdef0"])
    cloud.control("images", image_id=image, deprecation_time="2026-01-01T00:00:00.000Z")
    assert ec2.describe_images(ImageIds=[image])["Images"][0]["DeprecationTime"][:4] == "2026"
    owned = ec2.describe_images(Owners=["602401143452"])["Images"]
    assert image not in {item["ImageId"] for item in owned}
    cloud.control("images", image_id=image, deregister=True)
    refused("InvalidAMIID.NotFound", ec2.describe_images, ImageIds=[image])


# Instance types.


def test_types_and_offerings_come_in_pages(bare: Cloud) -> None:
    ec2 = bare.client("ec2")
    pages = list(ec2.get_paginator("describe_instance_types").paginate(MaxResults=100))
    assert [len(page["InstanceTypes"]) for page in pages] == [100] * 13 + [95]
    some = ec2.describe_instance_types(InstanceTypes=["m5.large", "m7g.large"])["InstanceTypes"]
    assert {item["InstanceType"] for item in some} == {"m5.large", "m7g.large"}
    assert some[0]["VCpuInfo"]["DefaultVCpus"] == 2
    refused("InvalidInstanceType", ec2.describe_instance_types, InstanceTypes=["z9.nano"])
    filtered = ec2.get_paginator("describe_instance_types").paginate(
        Filters=[
            {"Name": "vcpu-info.default-vcpus", "Values": ["8"]},
            {"Name": "processor-info.supported-architecture", "Values": ["arm64"]},
        ]
    )
    assert sum(len(page["InstanceTypes"]) for page in filtered) > 30
    offerings = list(
        ec2.get_paginator("describe_instance_type_offerings").paginate(
            LocationType="availability-zone",
            Filters=[{"Name": "location", "Values": ["us-east-1a", "us-east-1b"]}],
            PaginationConfig={"PageSize": 1000},
        )
    )
    assert len(offerings) == 3 and len(offerings[0]["InstanceTypeOfferings"]) == 1000


def test_instances_come_in_pages(cloud: Cloud) -> None:
    cloud.group(MinSize=12, MaxSize=12)
    pages = list(
        cloud.client("ec2")
        .get_paginator("describe_instances")
        .paginate(PaginationConfig={"PageSize": 5})
    )
    assert [sum(len(r["Instances"]) for r in page["Reservations"]) for page in pages] == [5, 5, 2]


# Faults and the log.


def test_faults_of_an_answer(bare: Cloud) -> None:
    ec2, autoscaling, ssm = bare.client("ec2"), bare.client("autoscaling"), bare.client("ssm")
    eks = bare.client("eks")
    for kind, expected, status in (
        ("throttle", "RequestLimitExceeded", 503),
        ("http_500", "InternalError", 500),
        ("http_503", "Unavailable", 503),
        ("deny", "UnauthorizedOperation", 403),
    ):
        bare.control("faults", operation="DescribeLaunchTemplates", kind=kind)
        with pytest.raises(ClientError) as error:
            ec2.describe_launch_templates()
        assert error.value.response["Error"]["Code"] == expected
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
        ec2.describe_launch_templates()
    bare.control("faults", operation="*", kind="throttle", count=3)
    refused("Throttling", autoscaling.describe_auto_scaling_groups)
    refused("ThrottlingException", ssm.get_parameters, Names=["/a/b"])
    refused("ThrottlingException", eks.describe_cluster, name="x")
    bare.control(
        "faults",
        operation="autoscaling:CreateAutoScalingGroup",
        kind="error",
        code="ResourceContention",
        message="busy",
    )
    arguments = {"AutoScalingGroupName": "x", "MinSize": 0, "MaxSize": 1}
    refused("ResourceContention", autoscaling.create_auto_scaling_group, **arguments)
    refused("ValidationError", autoscaling.create_auto_scaling_group, **arguments)
    assert [item["hits"] for item in bare.control("faults", "GET")[-1:]] == [1]


def test_the_nth_call_is_hit(bare: Cloud) -> None:
    ec2 = bare.client("ec2")
    bare.control("faults", operation="*", kind="http_500", nth=3, count=2)
    for call in range(1, 7):
        if call in (3, 4):
            refused("InternalError", ec2.describe_launch_templates)
        else:
            ec2.describe_launch_templates()


def test_chance_and_clear(bare: Cloud) -> None:
    ec2 = bare.client("ec2")
    bare.control("faults", operation="*", kind="throttle", probability=0.5)
    failed = 0
    for _ in range(60):
        try:
            ec2.describe_launch_templates()
        except ClientError:
            failed += 1
    assert 10 < failed < 50
    bare.control("faults/clear")
    for _ in range(20):
        ec2.describe_launch_templates()


def test_a_lost_response_did_its_work(bare: Cloud) -> None:
    ec2 = bare.client("ec2")
    arguments = {"LaunchTemplateData": {"ImageId": "ami-1"}}
    bare.control("faults", operation="CreateLaunchTemplate", kind="lose_response")
    with pytest.raises(ConnectionClosedError):
        ec2.create_launch_template(LaunchTemplateName="done", **arguments)
    bare.control("faults", operation="CreateLaunchTemplate", kind="lose_request")
    with pytest.raises(ConnectionClosedError):
        ec2.create_launch_template(LaunchTemplateName="not-done", **arguments)
    found = ec2.describe_launch_templates()["LaunchTemplates"]
    assert [item["LaunchTemplateName"] for item in found] == ["done"]


def test_slow_calls_hold_up_nobody_else(bare: Cloud) -> None:
    bare.control("faults", operation="DescribeLaunchTemplates", kind="slow", delay_ms=800)
    ec2, started = bare.client("ec2"), time.monotonic()
    slow = threading.Thread(target=ec2.describe_launch_templates)
    slow.start()
    time.sleep(0.1)
    bare.client("autoscaling").describe_auto_scaling_groups()
    assert time.monotonic() - started < 0.7
    slow.join()
    assert time.monotonic() - started >= 0.8


def test_limits_throttle_and_refill(bare: Cloud) -> None:
    ec2 = bare.client("ec2")
    bare.control("limits", service="ec2", tokens=5, refill=20)
    for _ in range(5):
        ec2.describe_launch_templates()
    refused("RequestLimitExceeded", ec2.describe_launch_templates)
    # Each operation has a bucket of its own, and other services have none.
    ec2.describe_subnets()
    bare.client("autoscaling").describe_auto_scaling_groups()
    time.sleep(0.2)
    ec2.describe_launch_templates()
    assert bare.control("calls", "GET")["throttled"] == 1
    bare.control("limits/clear")
    for _ in range(10):
        ec2.describe_launch_templates()


def test_faults_of_one_account_hit_no_other(server: str) -> None:
    one, two = Cloud(server, "210000000021"), Cloud(server, "210000000022")
    one.control("faults", operation="*", kind="throttle", count=None)
    two.client("ec2").describe_launch_templates()
    refused("RequestLimitExceeded", one.client("ec2").describe_launch_templates)
    one.control("faults/clear")


def test_calls_are_counted(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    cloud.control("calls/clear")
    ec2.describe_launch_templates()
    ec2.describe_launch_templates()
    cloud.client("eks").describe_cluster(name="adx-prod")
    cloud.client("ssm").get_parameters(Names=["/a/b"])
    cloud.control("call", service="ec2", operation="DescribeLaunchTemplates", params={})
    log = cloud.control("calls", "GET")
    assert log["counts"] == {
        "ec2:DescribeLaunchTemplates": 2,
        "eks:DescribeCluster": 1,
        "ssm:GetParameters": 1,
    }
    assert log["total"] == 4
    assert log["sequence"] == [
        "ec2:DescribeLaunchTemplates",
        "ec2:DescribeLaunchTemplates",
        "eks:DescribeCluster",
        "ssm:GetParameters",
    ]


# Control and the server itself.


def test_any_call_through_control(cloud: Cloud) -> None:
    cloud.group()
    cloud.control(
        "call",
        service="autoscaling",
        operation="UpdateAutoScalingGroup",
        params={"AutoScalingGroupName": "dsp-8c64g-kmax", "MaxSize": 7},
    )
    answer = cloud.control(
        "call", service="autoscaling", operation="DescribeAutoScalingGroups", params={}
    )
    assert answer["AutoScalingGroups"][0]["MaxSize"] == 7
    with pytest.raises(AssertionError, match="ValidationError"):
        cloud.control(
            "call",
            service="autoscaling",
            operation="SetDesiredCapacity",
            params={"AutoScalingGroupName": "nobody", "DesiredCapacity": 1},
        )


def test_snapshots_tell_whether_anything_changed(cloud: Cloud) -> None:
    cloud.group(MinSize=1)
    before = cloud.control("snapshot", "GET")
    cloud.read()
    assert cloud.control("snapshot", "GET") == before
    cloud.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="dsp-8c64g-kmax", MaxSize=9
    )
    after = cloud.control("snapshot", "GET")
    assert after != before and after["launch_templates"] == before["launch_templates"]


def test_what_is_not_served_is_a_typed_error(bare: Cloud) -> None:
    for service, call, arguments in (
        ("ec2", "get_capacity_manager_attributes", {}),
        ("autoscaling", "start_instance_refresh", {"AutoScalingGroupName": "x"}),
        ("eks", "describe_addon_versions", {}),
        ("ssm", "describe_sessions", {"State": "Active"}),
        ("iam", "get_organizations_access_report", {"JobId": "1" * 36}),
        ("sts", "get_web_identity_token", {"Audience": ["a"], "SigningAlgorithm": "RS256"}),
    ):
        client: Any = bare.client(service)
        with pytest.raises(ClientError) as error:
            getattr(client, call)(**arguments)
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400, service
        assert error.value.response["Error"]["Code"] in (
            "InvalidAction",
            "UnknownOperationException",
        ), service


def test_wrong_control_requests_are_told(bare: Cloud) -> None:
    for path, wish in (
        ("faults", {"kind": "nonsense"}),
        ("faults", {"kind": "throttle", "nht": 3}),
        ("ssm/release", {"release": "third"}),
        ("settings", {"nonsense": 1}),
        ("nonsense", {}),
        ("scale", {"group": "nobody", "desired": 1}),
    ):
        with pytest.raises(AssertionError, match="error"):
            bare.control(path, **wish)


def test_reset_empties_one_account_or_all(server: str) -> None:
    process = subprocess.Popen(
        [sys.executable, str(HERE / "server.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().split()[1]
    one, two = Cloud(url, "210000000031"), Cloud(url, "210000000032")
    for cloud in (one, two):
        cloud.control("seed")
        cloud.control("templates", count=2)
        cloud.control("faults", operation="Nothing", kind="throttle")
        cloud.control("ssm/release", release="second")
        cloud.control("settings", max_groups=7)
    one.control("reset")

    def templates(cloud: Cloud) -> int:
        return len(cloud.client("ec2").describe_launch_templates()["LaunchTemplates"])

    assert (templates(one), templates(two)) == (0, 2)
    assert len(two.control("faults", "GET")) == 1
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).read()
    assert templates(two) == 0 and two.control("faults", "GET") == []
    assert two.control("calls", "GET")["total"] == 1
    name = f"{FOLDER}/x86_64/standard/recommended/release_version"
    parameter = two.client("ssm").get_parameter(Name=name)["Parameter"]
    assert parameter["Value"] == "1.34.1-20260712"
    assert (
        two.client("autoscaling").describe_account_limits()["MaxNumberOfAutoScalingGroups"] == 500
    )
    two.control("seed")
    process.terminate()
    assert process.wait(timeout=10) == 0


def test_many_at_once(server: str) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            cloud = Cloud(server, f"22000000{number:04d}")
            cloud.ids = cloud.control("seed")
            cloud.group(MinSize=1)
            assert len(cloud.read()["Instances"]) == 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_presigned_identity_request_is_answered(bare: Cloud) -> None:
    url = bare.client("sts").generate_presigned_url("get_caller_identity", ExpiresIn=60)
    with urllib.request.urlopen(url) as response:
        assert bare.account in response.read().decode()


def test_the_sandbox_sells_what_moto_knows() -> None:
    embedded = HERE.parents[1] / "crates/kmax-sandbox/src/instance_types.tsv"
    check = [sys.executable, str(HERE / "catalogue.py"), "--check", str(embedded)]
    assert subprocess.run(check, check=False).returncode == 0


def test_connections_stay_open(bare: Cloud) -> None:
    connection = http.client.HTTPConnection(bare.url.removeprefix("http://"))
    for _ in range(3):
        connection.request("GET", f"/kmax-test/calls?account={bare.account}")
        socket = connection.sock
        assert connection.getresponse().read()
        assert connection.sock is socket is not None


def test_control_answers_are_json(bare: Cloud) -> None:
    with urllib.request.urlopen(f"{bare.url}/kmax-test/faults") as response:
        assert response.headers["Content-Type"] == "application/json"
        assert isinstance(json.load(response), list)
