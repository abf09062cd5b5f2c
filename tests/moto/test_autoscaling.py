"""Each lie of moto about Auto Scaling groups, and that it is mended."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from conftest import Cloud
from test_launch_templates import refused

NAME = "dsp-8c64g-kmax"


def invalid(call: Any, **arguments: Any) -> str:
    """Asserts a ValidationError; its message."""
    return refused("ValidationError", call, **arguments)


def base(cloud: Cloud, **more: Any) -> dict[str, Any]:
    """Arguments of a create call, but for the template."""
    return {
        "AutoScalingGroupName": NAME,
        "MinSize": 0,
        "MaxSize": 5,
        "VPCZoneIdentifier": ",".join(cloud.subnets),
    } | more


def test_all_that_is_written_is_read(cloud: Cloud) -> None:
    template = cloud.template()
    cloud.group(
        template=template,
        MinSize=1,
        MaxSize=7,
        HealthCheckGracePeriod=120,
        MaxInstanceLifetime=604800,
        CapacityRebalance=True,
        TerminationPolicies=["OldestLaunchTemplate", "Default"],
        DefaultInstanceWarmup=90,
        DefaultCooldown=60,
        NewInstancesProtectedFromScaleIn=True,
        DeletionProtection="prevent-force-deletion",
        InstanceMaintenancePolicy={"MinHealthyPercentage": 90, "MaxHealthyPercentage": 120},
        Tags=[
            {"Key": "kmax:pool", "Value": "dsp/8c64g", "PropagateAtLaunch": False},
            {"Key": "Name", "Value": NAME, "PropagateAtLaunch": True},
        ],
    )
    group = cloud.read()
    assert group["DesiredCapacity"] == 1 and len(group["Instances"]) == 1
    for field, value in {
        "MinSize": 1,
        "MaxSize": 7,
        "HealthCheckGracePeriod": 120,
        "HealthCheckType": "EC2",
        "MaxInstanceLifetime": 604800,
        "CapacityRebalance": True,
        "TerminationPolicies": ["OldestLaunchTemplate", "Default"],
        "DefaultInstanceWarmup": 90,
        "DefaultCooldown": 60,
        "NewInstancesProtectedFromScaleIn": True,
        "DeletionProtection": "prevent-force-deletion",
        "InstanceMaintenancePolicy": {"MinHealthyPercentage": 90, "MaxHealthyPercentage": 120},
        "AvailabilityZones": ["us-east-1a", "us-east-1b", "us-east-1c"],
    }.items():
        assert group[field] == value, field
    assert set(group["VPCZoneIdentifier"].split(",")) == set(cloud.subnets)
    assert group["Tags"] == [
        {
            "ResourceId": NAME,
            "ResourceType": "auto-scaling-group",
            "Key": "Name",
            "Value": NAME,
            "PropagateAtLaunch": True,
        },
        {
            "ResourceId": NAME,
            "ResourceType": "auto-scaling-group",
            "Key": "kmax:pool",
            "Value": "dsp/8c64g",
            "PropagateAtLaunch": False,
        },
    ]
    assert "LaunchTemplate" not in group and "Status" not in group
    policy = group["MixedInstancesPolicy"]
    assert policy["LaunchTemplate"]["LaunchTemplateSpecification"] == {
        "LaunchTemplateId": template,
        "LaunchTemplateName": NAME,
        "Version": "1",
    }
    assert [item["InstanceType"] for item in policy["LaunchTemplate"]["Overrides"]] == [
        "r5.2xlarge",
        "r6i.2xlarge",
    ]
    assert policy["InstancesDistribution"] == {
        "OnDemandAllocationStrategy": "prioritized",
        "OnDemandBaseCapacity": 0,
        "OnDemandPercentageAboveBaseCapacity": 0,
        "SpotAllocationStrategy": "price-capacity-optimized",
    }


def test_defaults(cloud: Cloud) -> None:
    template = cloud.template()
    policy = cloud.mixed(template)
    del policy["InstancesDistribution"]
    cloud.group(MixedInstancesPolicy=policy)
    group = cloud.read()
    assert group["MixedInstancesPolicy"]["InstancesDistribution"] == {
        "OnDemandAllocationStrategy": "prioritized",
        "OnDemandBaseCapacity": 0,
        "OnDemandPercentageAboveBaseCapacity": 100,
        "SpotAllocationStrategy": "lowest-price",
        "SpotInstancePools": 2,
    }
    assert group["HealthCheckGracePeriod"] == 0 and group["TerminationPolicies"] == ["Default"]
    assert group["CapacityRebalance"] is False and "MaxInstanceLifetime" not in group
    assert group["DeletionProtection"] == "none"


def test_a_name_is_used_once(cloud: Cloud) -> None:
    template = cloud.template()
    client = cloud.group(template=template, MaxSize=3)
    refused(
        "AlreadyExists",
        client.create_auto_scaling_group,
        **base(cloud, MixedInstancesPolicy=cloud.mixed(template), MaxSize=9),
    )
    assert cloud.read()["MaxSize"] == 3


def test_create_checks_what_the_template_names(cloud: Cloud) -> None:
    client = cloud.client("autoscaling")
    create = client.create_auto_scaling_group
    good = cloud.template()

    def attempt(name: str, **data: Any) -> str:
        template = cloud.template(name, **data)
        return invalid(create, **base(cloud, MixedInstancesPolicy=cloud.mixed(template)))

    assert "does not exist" in attempt("no-image", ImageId="ami-0123456789abcdef0")
    assert "Invalid IAM Instance Profile" in attempt(
        "no-profile", IamInstanceProfile={"Name": "nobody"}
    )
    assert "Invalid IAM Instance Profile" in attempt(
        "no-profile-arn",
        IamInstanceProfile={"Arn": f"arn:aws:iam::{cloud.account}:instance-profile/nobody"},
    )
    assert "security group" in attempt("no-sg", SecurityGroupIds=["sg-0123456789abcdef0"])
    assert "matching architectures" in attempt("arm", ImageId=cloud.image(architecture="arm64"))
    assert "Spot" in attempt("market", InstanceMarketOptions={"MarketType": "spot"})
    assert "key pair" in attempt("key", KeyName="nobody")
    assert "Network interfaces" in attempt(
        "both", NetworkInterfaces=[{"DeviceIndex": 0, "Groups": [cloud.worker_group]}]
    )
    assert "version 9" in invalid(
        create, **base(cloud, MixedInstancesPolicy=cloud.mixed(good, version="9"))
    )
    assert "does not exist" in invalid(
        create, **base(cloud, MixedInstancesPolicy=cloud.mixed("lt-0123456789abcdef0"))
    )
    policy = cloud.mixed(good)
    policy["LaunchTemplate"]["Overrides"] = [{"InstanceType": "z9.nano"}]
    assert "z9.nano" in invalid(create, **base(cloud, MixedInstancesPolicy=policy))
    policy["LaunchTemplate"]["Overrides"] = [{"InstanceType": "r5.2xlarge"}] * 2
    assert "more than once" in invalid(create, **base(cloud, MixedInstancesPolicy=policy))
    policy["LaunchTemplate"]["Overrides"] = [{"InstanceType": f"m5.{n}"} for n in range(41)]
    assert "40" in invalid(create, **base(cloud, MixedInstancesPolicy=policy))
    assert "subnet-0123" in invalid(
        create,
        **base(
            cloud,
            MixedInstancesPolicy=cloud.mixed(good),
            VPCZoneIdentifier="subnet-0123456789abcdef0",
        ),
    )
    assert "either LaunchTemplate" in invalid(create, **base(cloud))
    assert "either LaunchTemplate" in invalid(
        create,
        **base(
            cloud,
            MixedInstancesPolicy=cloud.mixed(good),
            LaunchTemplate={"LaunchTemplateId": good},
        ),
    )
    named = {"LaunchTemplateId": good, "LaunchTemplateName": NAME, "Version": "1"}
    assert "either launchTemplateId or" in invalid(create, **base(cloud, LaunchTemplate=named))
    assert "InstanceType" in invalid(
        create, **base(cloud, LaunchTemplate={"LaunchTemplateId": good, "Version": "1"})
    )
    assert client.describe_auto_scaling_groups()["AutoScalingGroups"] == []


def test_bounds(cloud: Cloud) -> None:
    template = cloud.template()
    create = cloud.client("autoscaling").create_auto_scaling_group
    policy = cloud.mixed(template)
    for bounds in (
        {"MinSize": 3, "MaxSize": 2},
        {"MinSize": -1},
        {"DesiredCapacity": 6},
        {"MinSize": 2, "DesiredCapacity": 1},
        {"MaxInstanceLifetime": 3600},
        {"TerminationPolicies": ["Nonsense"]},
        {"HealthCheckType": "NONE"},
    ):
        invalid(create, **base(cloud, MixedInstancesPolicy=policy, **bounds))
    for distribution in (
        {"OnDemandPercentageAboveBaseCapacity": 101},
        {"SpotAllocationStrategy": "nonsense"},
        {"SpotAllocationStrategy": "capacity-optimized", "SpotInstancePools": 3},
    ):
        policy["InstancesDistribution"] = distribution
        invalid(create, **base(cloud, MixedInstancesPolicy=policy))
    invalid(create, **base(cloud, MixedInstancesPolicy=policy, AutoScalingGroupName="a:b"))


def test_update_leaves_what_it_does_not_name(cloud: Cloud) -> None:
    client = cloud.group(
        MaxInstanceLifetime=604800, CapacityRebalance=True, HealthCheckGracePeriod=9
    )
    before = cloud.read()
    client.update_auto_scaling_group(AutoScalingGroupName=NAME, MaxSize=9)
    after = cloud.read()
    assert after == before | {"MaxSize": 9}
    client.update_auto_scaling_group(
        AutoScalingGroupName=NAME,
        MixedInstancesPolicy={"InstancesDistribution": {"OnDemandBaseCapacity": 1}},
    )
    policy = cloud.read()["MixedInstancesPolicy"]
    assert policy["LaunchTemplate"] == before["MixedInstancesPolicy"]["LaunchTemplate"]
    assert policy["InstancesDistribution"]["OnDemandBaseCapacity"] == 1
    assert policy["InstancesDistribution"]["SpotAllocationStrategy"] == "price-capacity-optimized"
    client.update_auto_scaling_group(AutoScalingGroupName=NAME, MaxInstanceLifetime=0)
    assert "MaxInstanceLifetime" not in cloud.read()


def test_a_refused_update_changes_nothing(cloud: Cloud) -> None:
    client = cloud.group()
    before = cloud.read()
    template = before["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
    update = client.update_auto_scaling_group
    missing = cloud.mixed(template["LaunchTemplateId"], version="7")
    invalid(
        update,
        AutoScalingGroupName=NAME,
        MaxSize=50,
        HealthCheckGracePeriod=7,
        MixedInstancesPolicy=missing,
    )
    invalid(update, AutoScalingGroupName=NAME, MinSize=6)
    invalid(update, AutoScalingGroupName=NAME, DesiredCapacity=6)
    invalid(
        update,
        AutoScalingGroupName=NAME,
        MixedInstancesPolicy=cloud.mixed(template["LaunchTemplateId"]),
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplateId"]},
    )
    assert "name not found" in invalid(update, AutoScalingGroupName="nobody", MaxSize=1)
    assert cloud.read() == before


def test_template_and_mixed_policy_exclude_each_other(cloud: Cloud) -> None:
    template = cloud.template(InstanceType="r5.2xlarge")
    client = cloud.group(LaunchTemplate={"LaunchTemplateName": NAME, "Version": "$Latest"})
    group = cloud.read()
    assert group["LaunchTemplate"] == {
        "LaunchTemplateId": template,
        "LaunchTemplateName": NAME,
        "Version": "$Latest",
    }
    assert "MixedInstancesPolicy" not in group
    client.update_auto_scaling_group(
        AutoScalingGroupName=NAME, MixedInstancesPolicy=cloud.mixed(template)
    )
    group = cloud.read()
    assert "LaunchTemplate" not in group and "MixedInstancesPolicy" in group
    client.update_auto_scaling_group(
        AutoScalingGroupName=NAME, LaunchTemplate={"LaunchTemplateId": template, "Version": "1"}
    )
    group = cloud.read()
    assert group["LaunchTemplate"]["Version"] == "1" and "MixedInstancesPolicy" not in group


def test_min_and_max_move_desired(cloud: Cloud) -> None:
    client = cloud.group()
    update = client.update_auto_scaling_group
    assert cloud.read()["DesiredCapacity"] == 0
    update(AutoScalingGroupName=NAME, MinSize=2)
    group = cloud.read()
    assert group["DesiredCapacity"] == 2 == len(group["Instances"])
    cloud.control("scale", group=NAME, desired=4)
    assert len(cloud.read()["Instances"]) == 4
    update(AutoScalingGroupName=NAME, MinSize=0, MaxSize=3)
    group = cloud.read()
    assert group["DesiredCapacity"] == 3 == len(group["Instances"])
    update(AutoScalingGroupName=NAME, MaxSize=10)
    assert cloud.read()["DesiredCapacity"] == 3


def test_instances_launch_from_the_groups_version(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    template = cloud.template(
        TagSpecifications=[
            {
                "ResourceType": "instance",
                "Tags": [{"Key": "team", "Value": "dsp"}, {"Key": "Name", "Value": "template"}],
            },
            {"ResourceType": "volume", "Tags": [{"Key": "team", "Value": "dsp"}]},
            {"ResourceType": "network-interface", "Tags": [{"Key": "team", "Value": "dsp"}]},
        ],
        BlockDeviceMappings=[
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {"VolumeSize": 100, "VolumeType": "gp3", "Encrypted": True},
            }
        ],
    )
    second = ec2.create_launch_template_version(
        LaunchTemplateId=template,
        SourceVersion="1",
        LaunchTemplateData={"ImageId": cloud.image("second")},
    )["LaunchTemplateVersion"]
    assert second["VersionNumber"] == 2
    client = cloud.group(
        MixedInstancesPolicy=cloud.mixed(template, version="2"),
        Tags=[{"Key": "Name", "Value": "group", "PropagateAtLaunch": True}],
    )
    cloud.control("scale", group=NAME, desired=3)
    group = cloud.read()
    for instance in group["Instances"]:
        assert instance["LaunchTemplate"] == {
            "LaunchTemplateId": template,
            "LaunchTemplateName": NAME,
            "Version": "2",
        }
        assert instance["InstanceType"] == "r5.2xlarge"
        assert instance["LifecycleState"] == "InService" and instance["HealthStatus"] == "Healthy"
    assert len({instance["AvailabilityZone"] for instance in group["Instances"]}) == 3
    ids = [instance["InstanceId"] for instance in group["Instances"]]
    described = ec2.describe_instances(InstanceIds=ids)["Reservations"][0]["Instances"][0]
    assert described["ImageId"] == cloud.image("second")
    assert described["InstanceLifecycle"] == "spot"
    tags = {tag["Key"]: tag["Value"] for tag in described["Tags"]}
    assert tags["team"] == "dsp" and tags["Name"] == "group"
    assert tags["aws:autoscaling:groupName"] == NAME
    assert tags["aws:ec2launchtemplate:version"] == "2"
    volume = described["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    volumes = ec2.describe_volumes(VolumeIds=[volume])["Volumes"]
    assert volumes[0]["Tags"] == [{"Key": "team", "Value": "dsp"}] and volumes[0]["Size"] == 100
    # An old node keeps its version when the group moves on.
    client.update_auto_scaling_group(
        AutoScalingGroupName=NAME, MixedInstancesPolicy=cloud.mixed(template, version="1")
    )
    cloud.control("scale", group=NAME, desired=4)
    versions = sorted(item["LaunchTemplate"]["Version"] for item in cloud.read()["Instances"])
    assert versions == ["1", "2", "2", "2"]
    listed = client.describe_auto_scaling_instances()["AutoScalingInstances"]
    assert sorted(item["LaunchTemplate"]["Version"] for item in listed) == versions
    # Scaling in takes the oldest version of the fullest zone, here the zone with two.
    cloud.control("scale", group=NAME, desired=3)
    assert len(cloud.read()["Instances"]) == 3


def test_on_demand_share(cloud: Cloud) -> None:
    template = cloud.template()
    policy = cloud.mixed(template)
    policy["InstancesDistribution"] |= {
        "OnDemandBaseCapacity": 1,
        "OnDemandPercentageAboveBaseCapacity": 50,
    }
    cloud.group(MixedInstancesPolicy=policy, MinSize=5)
    reservations = cloud.client("ec2").describe_instances()["Reservations"]
    kinds = [
        instance.get("InstanceLifecycle", "on-demand")
        for reservation in reservations
        for instance in reservation["Instances"]
    ]
    assert sorted(kinds) == ["on-demand"] * 3 + ["spot"] * 2


def test_failed_launches_are_activities(cloud: Cloud) -> None:
    template = cloud.template(
        MetadataOptions={"InstanceMetadataTags": "enabled"},
        TagSpecifications=[
            {
                "ResourceType": "instance",
                "Tags": [{"Key": "kubernetes.io/cluster/x", "Value": "owned"}],
            }
        ],
    )
    client = cloud.group(template=template, MinSize=1)
    group = cloud.read()
    assert group["DesiredCapacity"] == 1 and group["Instances"] == []
    activities = client.describe_scaling_activities(AutoScalingGroupName=NAME)["Activities"]
    assert activities[0]["StatusCode"] == "Failed"
    assert "not a valid tag key" in activities[0]["StatusMessage"]
    invalid(client.describe_scaling_activities, AutoScalingGroupName="nobody")


def test_delete_needs_an_empty_group(cloud: Cloud) -> None:
    client = cloud.group(MinSize=2)
    delete = client.delete_auto_scaling_group
    refused("ResourceInUse", delete, AutoScalingGroupName=NAME)
    client.update_auto_scaling_group(AutoScalingGroupName=NAME, MinSize=0, MaxSize=0)
    assert cloud.read()["Instances"] == []
    delete(AutoScalingGroupName=NAME)
    invalid(delete, AutoScalingGroupName=NAME)
    client = cloud.group("forced", MinSize=2)
    delete(AutoScalingGroupName="forced", ForceDelete=True)
    assert client.describe_auto_scaling_groups()["AutoScalingGroups"] == []
    states = {
        instance["State"]["Name"]
        for reservation in cloud.client("ec2").describe_instances()["Reservations"]
        for instance in reservation["Instances"]
    }
    assert states == {"terminated"}


def test_deletion_protection(cloud: Cloud) -> None:
    client = cloud.group(DeletionProtection="prevent-all-deletion")
    invalid(client.delete_auto_scaling_group, AutoScalingGroupName=NAME)
    client.update_auto_scaling_group(
        AutoScalingGroupName=NAME, DeletionProtection="prevent-force-deletion"
    )
    invalid(client.delete_auto_scaling_group, AutoScalingGroupName=NAME, ForceDelete=True)
    client.delete_auto_scaling_group(AutoScalingGroupName=NAME)


def test_deletion_takes_a_while_on_request(cloud: Cloud) -> None:
    cloud.control("settings", deleting_reads=2)
    template = cloud.template()
    client = cloud.group(template=template)
    client.delete_auto_scaling_group(AutoScalingGroupName=NAME)
    assert cloud.read()["Status"] == "Delete in progress"
    arguments = base(cloud, MixedInstancesPolicy=cloud.mixed(template))
    assert "pending delete" in refused(
        "AlreadyExists", client.create_auto_scaling_group, **arguments
    )
    assert cloud.read()["Status"] == "Delete in progress"
    assert client.describe_auto_scaling_groups()["AutoScalingGroups"] == []
    client.create_auto_scaling_group(**arguments)


def test_tags(cloud: Cloud) -> None:
    client = cloud.group()

    def tag(key: str, value: str = "", name: str = NAME) -> dict[str, Any]:
        return {
            "ResourceId": name,
            "ResourceType": "auto-scaling-group",
            "Key": key,
            "Value": value,
            "PropagateAtLaunch": False,
        }

    invalid(client.create_or_update_tags, Tags=[tag("a"), tag("b", name="nobody")])
    assert cloud.read()["Tags"] == []
    client.create_or_update_tags(Tags=[tag("b", "2"), tag("a", "1")])
    client.create_or_update_tags(Tags=[tag("a", "3")])
    assert cloud.read()["Tags"] == [tag("a", "3"), tag("b", "2")]
    client.delete_tags(Tags=[tag("a"), tag("never")])
    assert cloud.read()["Tags"] == [tag("b", "2")]
    invalid(client.delete_tags, Tags=[tag("a", name="nobody")])
    refused("LimitExceeded", client.create_or_update_tags, Tags=[tag(f"k{n}") for n in range(50)])
    invalid(client.create_or_update_tags, Tags=[tag("aws:x")])
    invalid(client.create_or_update_tags, Tags=[tag("k", "v" * 257)])
    listed = client.describe_tags(Filters=[{"Name": "key", "Values": ["b"]}])["Tags"]
    assert listed == [tag("b", "2")]


def test_suspended_processes(cloud: Cloud) -> None:
    client = cloud.group()
    client.suspend_processes(AutoScalingGroupName=NAME, ScalingProcesses=["AZRebalance", "Launch"])
    client.suspend_processes(AutoScalingGroupName=NAME, ScalingProcesses=["AZRebalance"])
    suspended = cloud.read()["SuspendedProcesses"]
    assert [item["ProcessName"] for item in suspended] == ["AZRebalance", "Launch"]
    assert suspended[0]["SuspensionReason"].startswith("User suspended at ")
    cloud.control("scale", group=NAME, desired=1)
    assert cloud.read()["Instances"] == []
    client.resume_processes(AutoScalingGroupName=NAME, ScalingProcesses=["Launch"])
    assert len(cloud.read()["Instances"]) == 1
    invalid(client.suspend_processes, AutoScalingGroupName=NAME, ScalingProcesses=["AZRebalancing"])
    invalid(client.suspend_processes, AutoScalingGroupName="nobody")


def test_pages_filters_and_names(cloud: Cloud) -> None:
    template = cloud.template()
    client = cloud.client("autoscaling")
    for index in range(230):
        cloud.group(
            f"pool-{index:03d}",
            template=template,
            Tags=[{"Key": "kmax:cluster", "Value": "adx" if index % 2 else "other"}],
        )
    paginator = client.get_paginator("describe_auto_scaling_groups")
    pages = list(paginator.paginate(MaxRecords=100))
    assert [len(page["AutoScalingGroups"]) for page in pages] == [100, 100, 30]
    names = {group["AutoScalingGroupName"] for page in pages for group in page["AutoScalingGroups"]}
    assert len(names) == 230
    describe = client.describe_auto_scaling_groups
    assert len(describe()["AutoScalingGroups"]) == 50
    invalid(describe, MaxRecords=101)
    refused("InvalidNextToken", describe, NextToken="nonsense")
    filtered = paginator.paginate(
        Filters=[
            {"Name": "tag:kmax:cluster", "Values": ["adx"]},
            {"Name": "tag-key", "Values": ["kmax:cluster", "other"]},
        ],
        MaxRecords=100,
    )
    assert [len(page["AutoScalingGroups"]) for page in filtered] == [100, 15]
    assert (
        len(describe(Filters=[{"Name": "tag-value", "Values": ["other"]}])["AutoScalingGroups"])
        == 50
    )
    some = describe(AutoScalingGroupNames=["pool-001", "nobody", "pool-000"])["AutoScalingGroups"]
    assert {group["AutoScalingGroupName"] for group in some} == {"pool-000", "pool-001"}
    invalid(describe, AutoScalingGroupNames=[f"pool-{index:03d}" for index in range(51)])
    limits = client.describe_account_limits()
    assert (
        limits["NumberOfAutoScalingGroups"] == 230 and limits["MaxNumberOfAutoScalingGroups"] == 500
    )


def test_include_instances(cloud: Cloud) -> None:
    client = cloud.group(MinSize=1)
    group = client.describe_auto_scaling_groups(IncludeInstances=False)["AutoScalingGroups"][0]
    assert group["Instances"] == [] and group["DesiredCapacity"] == 1


def test_limit_of_groups(cloud: Cloud) -> None:
    cloud.control("settings", max_groups=1)
    template = cloud.template()
    client = cloud.group(template=template)
    refused(
        "LimitExceeded",
        client.create_auto_scaling_group,
        **base(cloud, MixedInstancesPolicy=cloud.mixed(template), AutoScalingGroupName="two"),
    )


def test_scaling_keeps_within_bounds(cloud: Cloud) -> None:
    client = cloud.group(MinSize=1, MaxSize=2)
    invalid(client.set_desired_capacity, AutoScalingGroupName=NAME, DesiredCapacity=3)
    invalid(client.set_desired_capacity, AutoScalingGroupName=NAME, DesiredCapacity=0)
    client.set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=2)
    first, second = (item["InstanceId"] for item in cloud.read()["Instances"])
    terminate = client.terminate_instance_in_auto_scaling_group
    activity = terminate(InstanceId=first, ShouldDecrementDesiredCapacity=True)["Activity"]
    assert activity["AutoScalingGroupName"] == NAME
    group = cloud.read()
    assert group["DesiredCapacity"] == 1 == len(group["Instances"])
    assert "min size constraint" in invalid(
        terminate, InstanceId=second, ShouldDecrementDesiredCapacity=True
    )
    terminate(InstanceId=second, ShouldDecrementDesiredCapacity=False)
    (replacement,) = cloud.read()["Instances"]
    assert replacement["InstanceId"] != second
    invalid(terminate, InstanceId=second, ShouldDecrementDesiredCapacity=True)
    # Terminated through EC2, it is replaced, too.
    cloud.client("ec2").terminate_instances(InstanceIds=[replacement["InstanceId"]])
    (another,) = cloud.read()["Instances"]
    assert another["InstanceId"] != replacement["InstanceId"]
    # What is protected is not scaled in.
    client.set_instance_protection(
        AutoScalingGroupName=NAME, InstanceIds=[another["InstanceId"]], ProtectedFromScaleIn=True
    )
    client.update_auto_scaling_group(AutoScalingGroupName=NAME, MinSize=0, MaxSize=0)
    assert [item["InstanceId"] for item in cloud.read()["Instances"]] == [another["InstanceId"]]


def test_what_moto_lacks_is_a_typed_error(cloud: Cloud) -> None:
    client = cloud.client("autoscaling")
    with pytest.raises(ClientError) as error:
        client.start_instance_refresh(AutoScalingGroupName=NAME)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert error.value.response["Error"]["Code"] == "InvalidAction"


def test_new_objects_are_seen_late_on_request(cloud: Cloud) -> None:
    cloud.control("settings", hidden_reads=2)
    ec2, client = cloud.client("ec2"), cloud.client("autoscaling")
    template = cloud.template()
    assert ec2.describe_launch_templates()["LaunchTemplates"] == []
    refused(
        "InvalidLaunchTemplateId.NotFound",
        ec2.describe_launch_template_versions,
        LaunchTemplateId=template,
    )
    assert len(ec2.describe_launch_templates()["LaunchTemplates"]) == 1
    cloud.group(template=template)
    named = {"AutoScalingGroupNames": [NAME]}
    seen = [
        len(client.describe_auto_scaling_groups(**named)["AutoScalingGroups"]) for _ in range(3)
    ]
    assert seen == [0, 0, 1]
