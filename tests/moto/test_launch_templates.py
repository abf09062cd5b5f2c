"""Each lie of moto about launch templates, and that it is mended."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from botocore.exceptions import ClientError

from conftest import Cloud

NAME = "dsp-8c64g-kmax"


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def refused(expected: str, call: Any, **arguments: Any) -> str:
    """Asserts the code of a refusal; its message."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    assert code(error) == expected, error.value
    return error.value.response["Error"]["Message"]


FULL: dict[str, Any] = {
    "ImageId": "ami-0123456789abcdef0",
    "InstanceType": "r5.2xlarge",
    "KeyName": "ops",
    "EbsOptimized": True,
    "Monitoring": {"Enabled": True},
    "IamInstanceProfile": {"Arn": "arn:aws:iam::123456789012:instance-profile/kmax-worknode"},
    "NetworkInterfaces": [
        {
            "DeviceIndex": 0,
            "AssociatePublicIpAddress": False,
            "DeleteOnTermination": True,
            "Groups": ["sg-0123456789abcdef0"],
        }
    ],
    "BlockDeviceMappings": [
        {
            "DeviceName": "/dev/xvda",
            "Ebs": {
                "VolumeSize": 100,
                "VolumeType": "gp3",
                "Iops": 4000,
                "Throughput": 250,
                "Encrypted": True,
                "KmsKeyId": "alias/kmax",
                "DeleteOnTermination": True,
            },
        }
    ],
    "MetadataOptions": {
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 2,
        "HttpEndpoint": "enabled",
        "InstanceMetadataTags": "disabled",
    },
    "UserData": base64.b64encode(b"MIME-Version: 1.0\n\xff\x00binary & <xml>").decode(),
    "TagSpecifications": [
        {"ResourceType": "instance", "Tags": [{"Key": "a/b", "Value": "1 & <2>"}]},
        {"ResourceType": "volume", "Tags": [{"Key": "v", "Value": ""}]},
        {"ResourceType": "network-interface", "Tags": [{"Key": "n", "Value": "3"}]},
    ],
    "InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.1"}},
    "CpuOptions": {"CoreCount": 2, "ThreadsPerCore": 1},
    "EnclaveOptions": {"Enabled": False},
    "Placement": {"Tenancy": "default"},
}


def test_all_data_comes_back(bare: Cloud) -> None:
    ec2 = bare.client("ec2")
    made = ec2.create_launch_template(
        LaunchTemplateName=NAME,
        LaunchTemplateData=FULL,
        VersionDescription="kmax sha256:1234",
        TagSpecifications=[
            {
                "ResourceType": "launch-template",
                "Tags": [{"Key": "kmax:pool", "Value": "dsp/8c64g"}],
            }
        ],
    )["LaunchTemplate"]
    assert made["DefaultVersionNumber"] == made["LatestVersionNumber"] == 1
    assert made["Tags"] == [{"Key": "kmax:pool", "Value": "dsp/8c64g"}]
    assert made["CreatedBy"].startswith(f"arn:aws:iam::{bare.account}:")
    version = ec2.describe_launch_template_versions(LaunchTemplateName=NAME)[
        "LaunchTemplateVersions"
    ][0]
    assert version["LaunchTemplateData"] == FULL
    assert version["VersionDescription"] == "kmax sha256:1234"
    assert version["DefaultVersion"] is True
    assert version["CreateTime"] and version["CreatedBy"]


def test_names_are_unique_and_ids_are_not_used_again(bare: Cloud) -> None:
    ec2 = bare.client("ec2")
    first = bare.client("ec2").create_launch_template(
        LaunchTemplateName=NAME, LaunchTemplateData=FULL
    )["LaunchTemplate"]["LaunchTemplateId"]
    refused(
        "InvalidLaunchTemplateName.AlreadyExistsException",
        ec2.create_launch_template,
        LaunchTemplateName=NAME,
        LaunchTemplateData=FULL,
    )
    assert (
        ec2.delete_launch_template(LaunchTemplateId=first)["LaunchTemplate"]["LaunchTemplateName"]
        == NAME
    )
    refused("InvalidLaunchTemplateId.NotFound", ec2.delete_launch_template, LaunchTemplateId=first)
    again = ec2.create_launch_template(LaunchTemplateName=NAME, LaunchTemplateData=FULL)
    assert again["LaunchTemplate"]["LaunchTemplateId"] != first
    ec2.delete_launch_template(LaunchTemplateName=NAME)
    refused(
        "InvalidLaunchTemplateName.NotFoundException",
        ec2.delete_launch_template,
        LaunchTemplateName=NAME,
    )


def test_malformed_requests_are_refused(bare: Cloud) -> None:
    ec2 = bare.client("ec2", parameter_validation=False)
    create = ec2.create_launch_template
    refused("MissingParameter", create, LaunchTemplateName=NAME, LaunchTemplateData={})
    for name in ("ab", "no spaces", "x" * 129):
        refused(
            "InvalidLaunchTemplateName.MalformedException",
            create,
            LaunchTemplateName=name,
            LaunchTemplateData=FULL,
        )
    data = {"ImageId": "ami-1"}
    refused(
        "InvalidUserData.Malformed",
        create,
        LaunchTemplateName=NAME,
        LaunchTemplateData=data | {"UserData": "not base64!"},
    )
    refused(
        "InvalidParameterValue",
        create,
        LaunchTemplateName=NAME,
        LaunchTemplateData=data | {"UserData": base64.b64encode(b"x" * 16385).decode()},
    )
    for key in ("launch-template", "auto-scaling-group"):
        refused(
            "InvalidParameterValue",
            create,
            LaunchTemplateName=NAME,
            LaunchTemplateData=data
            | {"TagSpecifications": [{"ResourceType": key, "Tags": [{"Key": "a", "Value": "b"}]}]},
        )
    for tags in (
        [{"Key": "aws:x", "Value": ""}],
        [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}],
        [{"Key": "a" * 129, "Value": ""}],
    ):
        refused(
            "InvalidParameterValue",
            create,
            LaunchTemplateName=NAME,
            LaunchTemplateData=data,
            TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}],
        )
    refused(
        "InvalidParameterValue",
        create,
        LaunchTemplateName=NAME,
        LaunchTemplateData=data,
        VersionDescription="x" * 256,
    )
    refused("MissingParameter", create, LaunchTemplateData=data)
    assert ec2.describe_launch_templates()["LaunchTemplates"] == []


def test_dry_run_tells_what_would_happen(bare: Cloud) -> None:
    ec2 = bare.client("ec2")
    arguments = {"LaunchTemplateName": NAME, "LaunchTemplateData": FULL}
    refused("DryRunOperation", ec2.create_launch_template, DryRun=True, **arguments)
    assert ec2.describe_launch_templates()["LaunchTemplates"] == []
    ec2.create_launch_template(**arguments)
    refused(
        "InvalidLaunchTemplateName.AlreadyExistsException",
        ec2.create_launch_template,
        DryRun=True,
        **arguments,
    )


def test_client_tokens_replay_the_first_answer(bare: Cloud) -> None:
    ec2 = bare.client("ec2")
    arguments = {"LaunchTemplateName": NAME, "LaunchTemplateData": FULL, "ClientToken": "t1"}
    first = ec2.create_launch_template(**arguments)["LaunchTemplate"]
    again = ec2.create_launch_template(**arguments)["LaunchTemplate"]
    assert first == again
    refused(
        "IdempotentParameterMismatch",
        ec2.create_launch_template,
        **arguments | {"VersionDescription": "other"},
    )
    version = {
        "LaunchTemplateName": NAME,
        "LaunchTemplateData": FULL | {"KeyName": "other"},
        "ClientToken": "t1",
    }
    one = ec2.create_launch_template_version(**version)["LaunchTemplateVersion"]
    two = ec2.create_launch_template_version(**version)["LaunchTemplateVersion"]
    assert one == two and one["VersionNumber"] == 2
    refused(
        "IdempotentParameterMismatch",
        ec2.create_launch_template_version,
        **version | {"LaunchTemplateData": FULL},
    )
    assert (
        ec2.create_launch_template_version(**version | {"ClientToken": "t2"})[
            "LaunchTemplateVersion"
        ]["VersionNumber"]
        == 3
    )
    moved = {"LaunchTemplateName": NAME, "DefaultVersion": "2", "ClientToken": "t3"}
    ec2.modify_launch_template(**moved)
    ec2.modify_launch_template(**moved)
    refused(
        "IdempotentParameterMismatch",
        ec2.modify_launch_template,
        **moved | {"DefaultVersion": "3"},
    )


def test_source_version_is_the_ground_of_a_new_one(bare: Cloud) -> None:
    ec2 = bare.client("ec2")
    ec2.create_launch_template(LaunchTemplateName=NAME, LaunchTemplateData=FULL)
    made = ec2.create_launch_template_version(
        LaunchTemplateName=NAME,
        SourceVersion="1",
        LaunchTemplateData={"ImageId": "ami-2", "MetadataOptions": {"HttpTokens": "optional"}},
    )["LaunchTemplateVersion"]
    assert made["LaunchTemplateData"] == FULL | {
        "ImageId": "ami-2",
        "MetadataOptions": {"HttpTokens": "optional"},
    }
    plain = ec2.create_launch_template_version(
        LaunchTemplateName=NAME, LaunchTemplateData={"ImageId": "ami-3"}
    )["LaunchTemplateVersion"]
    assert plain["LaunchTemplateData"] == {"ImageId": "ami-3"}
    refused(
        "InvalidLaunchTemplateId.VersionNotFound",
        ec2.create_launch_template_version,
        LaunchTemplateName=NAME,
        SourceVersion="9",
        LaunchTemplateData={"ImageId": "ami-3"},
    )
    refused(
        "InvalidLaunchTemplateName.NotFoundException",
        ec2.create_launch_template_version,
        LaunchTemplateName="nobody",
        LaunchTemplateData={"ImageId": "ami-3"},
    )


def test_version_numbers_are_not_used_again(bare: Cloud) -> None:
    ec2 = bare.client("ec2")
    made = ec2.create_launch_template(LaunchTemplateName=NAME, LaunchTemplateData=FULL)
    template = made["LaunchTemplate"]["LaunchTemplateId"]
    for _ in range(3):
        ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=FULL)
    answer = ec2.delete_launch_template_versions(
        LaunchTemplateId=template, Versions=["4", "1", "9", "3"]
    )
    assert [
        item["VersionNumber"] for item in answer["SuccessfullyDeletedLaunchTemplateVersions"]
    ] == [4, 3]
    failed = {
        item["VersionNumber"]: item["ResponseError"]["Code"]
        for item in answer["UnsuccessfullyDeletedLaunchTemplateVersions"]
    }
    assert failed == {1: "unexpectedError", 9: "launchTemplateVersionDoesNotExist"}
    latest = ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"][0]
    assert (latest["DefaultVersionNumber"], latest["LatestVersionNumber"]) == (1, 2)
    made = ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=FULL)
    assert made["LaunchTemplateVersion"]["VersionNumber"] == 5
    listed = ec2.describe_launch_template_versions(LaunchTemplateId=template)
    assert [item["VersionNumber"] for item in listed["LaunchTemplateVersions"]] == [5, 2, 1]
    missing = ec2.delete_launch_template_versions(
        LaunchTemplateId="lt-0123456789abcdef0", Versions=["1"]
    )["UnsuccessfullyDeletedLaunchTemplateVersions"]
    assert missing[0]["ResponseError"]["Code"] == "launchTemplateIdDoesNotExist"


def test_default_moves_and_only_to_what_exists(bare: Cloud) -> None:
    ec2 = bare.client("ec2")
    ec2.create_launch_template(LaunchTemplateName=NAME, LaunchTemplateData=FULL)
    ec2.create_launch_template_version(LaunchTemplateName=NAME, LaunchTemplateData=FULL)
    refused(
        "InvalidLaunchTemplateId.VersionNotFound",
        ec2.modify_launch_template,
        LaunchTemplateName=NAME,
        DefaultVersion="3",
    )
    moved = ec2.modify_launch_template(LaunchTemplateName=NAME, DefaultVersion="2")
    assert moved["LaunchTemplate"]["DefaultVersionNumber"] == 2
    versions = ec2.describe_launch_template_versions(LaunchTemplateName=NAME)
    assert {
        item["VersionNumber"]: item["DefaultVersion"] for item in versions["LaunchTemplateVersions"]
    } == {1: False, 2: True}


def test_templates_come_in_pages_of_200(bare: Cloud) -> None:
    bare.control("templates", count=450, prefix="pool")
    ec2 = bare.client("ec2")
    pages = list(ec2.get_paginator("describe_launch_templates").paginate(MaxResults=200))
    assert [len(page["LaunchTemplates"]) for page in pages] == [200, 200, 50]
    names = [item["LaunchTemplateName"] for page in pages for item in page["LaunchTemplates"]]
    assert len(set(names)) == 450
    assert len(ec2.describe_launch_templates()["LaunchTemplates"]) == 200
    refused("InvalidParameterValue", ec2.describe_launch_templates, MaxResults=201)
    refused("InvalidNextToken", ec2.describe_launch_templates, NextToken="nonsense")


def test_versions_of_all_templates_come_in_bulk(bare: Cloud) -> None:
    bare.control("templates", count=250, prefix="pool", versions=2)
    ec2 = bare.client("ec2")
    paginator = ec2.get_paginator("describe_launch_template_versions")
    pages = list(paginator.paginate(Versions=["$Latest", "$Default"], MaxResults=200))
    assert [len(page["LaunchTemplateVersions"]) for page in pages] == [200, 200, 100]
    bare.control("reset")
    bare.control("templates", count=250, prefix="pool")
    pages = list(paginator.paginate(Versions=["$Latest", "$Default"], MaxResults=200))
    # One row where the latest version is the default one.
    assert [len(page["LaunchTemplateVersions"]) for page in pages] == [200, 50]
    latest = ec2.describe_launch_template_versions(Versions=["$Latest"], MaxResults=1)
    assert latest["LaunchTemplateVersions"][0]["VersionNumber"] == 1
    for size in (0, 201):
        refused(
            "InvalidParameterValue",
            ec2.describe_launch_template_versions,
            Versions=["$Latest"],
            MaxResults=size,
        )
    refused("MissingParameter", ec2.describe_launch_template_versions)
    refused("InvalidParameterValue", ec2.describe_launch_template_versions, Versions=["1"])


def test_versions_of_one_template(bare: Cloud) -> None:
    bare.control("templates", count=1, prefix="pool", versions=205)
    ec2, name = bare.client("ec2"), "pool-00000"
    describe = ec2.describe_launch_template_versions
    pages = list(
        ec2.get_paginator("describe_launch_template_versions").paginate(LaunchTemplateName=name)
    )
    assert [len(page["LaunchTemplateVersions"]) for page in pages] == [200, 5]

    def numbers(**arguments: Any) -> list[int]:
        answer = describe(LaunchTemplateName=name, **arguments)
        return [item["VersionNumber"] for item in answer["LaunchTemplateVersions"]]

    assert numbers(Versions=["3", "$Latest", "$Default"]) == [205, 3, 1]
    assert numbers(MinVersion="3", MaxVersion="5") == [5, 4, 3]
    assert numbers(Filters=[{"Name": "is-default-version", "Values": ["true"]}]) == [1]
    refused(
        "InvalidLaunchTemplateId.VersionNotFound",
        describe,
        LaunchTemplateName=name,
        Versions=["206"],
    )
    refused("InvalidLaunchTemplateId.Malformed", describe, LaunchTemplateId="nonsense")
    refused("InvalidLaunchTemplateId.NotFound", describe, LaunchTemplateId="lt-0123456789abcdef0")


def test_filters_and_tags_that_change_after_create(bare: Cloud) -> None:
    bare.control("templates", count=3, prefix="a", tags={"kmax:cluster": "adx", "team": "dsp"})
    bare.control("templates", count=2, prefix="b")
    ec2 = bare.client("ec2")

    def names(*filters: tuple[str, list[str]]) -> list[str]:
        answer = ec2.describe_launch_templates(
            Filters=[{"Name": name, "Values": values} for name, values in filters]
        )
        return [item["LaunchTemplateName"] for item in answer["LaunchTemplates"]]

    assert len(names(("tag:kmax:cluster", ["adx"]))) == 3
    assert names(("tag-key", ["kmax:*"]), ("launch-template-name", ["a-0000[12]", "a-00002"])) == [
        "a-00002"
    ]
    assert names(("launch-template-name", ["b-*"])) == ["b-00000", "b-00001"]
    assert names(("launch-template-name", ["?-00001"])) == ["a-00001", "b-00001"]
    found = ec2.describe_launch_templates(LaunchTemplateNames=["b-00000"])["LaunchTemplates"][0]
    ec2.create_tags(
        Resources=[found["LaunchTemplateId"]], Tags=[{"Key": "kmax:cluster", "Value": "adx"}]
    )
    assert len(names(("tag:kmax:cluster", ["adx"]))) == 4
    found = ec2.describe_launch_templates(LaunchTemplateNames=["b-00000"])["LaunchTemplates"][0]
    assert found["Tags"] == [{"Key": "kmax:cluster", "Value": "adx"}]
    ec2.delete_tags(
        Resources=[found["LaunchTemplateId"]], Tags=[{"Key": "kmax:cluster", "Value": "other"}]
    )
    assert len(names(("tag:kmax:cluster", ["adx"]))) == 4
    ec2.delete_tags(Resources=[found["LaunchTemplateId"]], Tags=[{"Key": "kmax:cluster"}])
    assert len(names(("tag:kmax:cluster", ["adx"]))) == 3
    refused(
        "InvalidLaunchTemplateId.NotFound",
        ec2.create_tags,
        Resources=["lt-0123456789abcdef0"],
        Tags=[{"Key": "a", "Value": "b"}],
    )
    refused(
        "TagLimitExceeded",
        ec2.create_tags,
        Resources=[found["LaunchTemplateId"]],
        Tags=[{"Key": f"k{index}", "Value": ""} for index in range(51)],
    )
    refused(
        "InvalidLaunchTemplateName.NotFoundException",
        ec2.describe_launch_templates,
        LaunchTemplateNames=["a-00000", "nobody"],
    )
    refused(
        "InvalidLaunchTemplateId.NotFound",
        ec2.describe_launch_templates,
        LaunchTemplateIds=[found["LaunchTemplateId"], "lt-0123456789abcdef0"],
    )
