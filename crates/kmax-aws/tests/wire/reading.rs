//! What others made, as kmax reads it: fields that kmax has no word for are not lost.

use std::collections::{BTreeMap, BTreeSet};

use kmax_cloud::ops;
use kmax_model::{AutoScalingGroup, LaunchSource, TemplateVersion};
use kmax_testkit::moto;
use serde_json::{Value, json};

use crate::ground::MotoGround;

fn texts<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn ids<const N: usize>(ids: [&str; N]) -> BTreeSet<String> {
    ids.into_iter().map(str::to_owned).collect()
}

async fn version_of(ground: &MotoGround, data: Value) -> TemplateVersion {
    let params = json!({ "LaunchTemplateName": "theirs", "LaunchTemplateData": data });
    let made = ground.account.call("ec2", "CreateLaunchTemplate", params).unwrap();
    let id = made["LaunchTemplate"]["LaunchTemplateId"].as_str().unwrap();
    let input = ops::DescribeLaunchTemplateVersions {
        template_id: Some(id.to_owned()),
        ..ops::DescribeLaunchTemplateVersions::default()
    };
    let found = ground.aws.describe_launch_template_versions(input).await.unwrap();
    found.items.into_iter().next().unwrap()
}

#[tokio::test]
async fn template_with_everything_else() {
    let Some(moto) = moto::server() else { return };
    let ground = MotoGround::new(moto).await;
    let data = json!({
        "ImageId": "ami-0123456789abcdef0",
        "InstanceType": "m5.large",
        "KeyName": "a key",
        "EbsOptimized": true,
        "Monitoring": { "Enabled": true },
        "DisableApiTermination": false,
        "InstanceInitiatedShutdownBehavior": "terminate",
        "InstanceMarketOptions": {
            "MarketType": "spot",
            "SpotOptions": { "MaxPrice": "0.1", "SpotInstanceType": "one-time" },
        },
        "Placement": { "Tenancy": "dedicated", "GroupName": "g" },
        "CpuOptions": { "CoreCount": 2, "ThreadsPerCore": 1 },
        "CreditSpecification": { "CpuCredits": "unlimited" },
        "IamInstanceProfile": { "Arn": "arn:aws:iam::1:instance-profile/path/theirs" },
        "NetworkInterfaces": [
            { "DeviceIndex": 1, "Groups": ["sg-2"] },
            { "DeviceIndex": 0, "Groups": ["sg-1"], "AssociatePublicIpAddress": false },
        ],
        "BlockDeviceMappings": [
            { "DeviceName": "/dev/xvda", "Ebs": { "VolumeSize": 8, "VolumeInitializationRate": 100 } },
            { "DeviceName": "/dev/sdb", "VirtualName": "ephemeral0" },
        ],
        "MetadataOptions": { "HttpTokens": "optional", "HttpProtocolIpv6": "enabled" },
        "TagSpecifications": [
            { "ResourceType": "volume", "Tags": [{ "Key": "a", "Value": "1" }] },
            { "ResourceType": "instance", "Tags": [{ "Key": "b", "Value": "2" }] },
        ],
    });
    let version = version_of(&ground, data).await;
    assert!(!version.is_kmax());
    let data = version.data;
    assert_eq!(data.image_id.as_deref(), Some("ami-0123456789abcdef0"));
    assert_eq!(data.instance_profile.as_deref(), Some("theirs"));
    assert_eq!(data.security_group_ids, ids(["sg-1"]));
    assert_eq!(data.user_data, None);
    assert_eq!(data.block_devices.keys().collect::<Vec<_>>(), ["/dev/xvda"]);
    assert_eq!(data.block_devices["/dev/xvda"].size_gib, Some(8));
    assert_eq!(data.metadata.http_tokens.as_deref(), Some("optional"));
    assert_eq!(data.tags["volume"], texts([("a", "1")]));
    assert_eq!(data.tags["instance"], texts([("b", "2")]));
    let expected = texts([
        ("BlockDeviceMappings./dev/sdb", "{VirtualName: ephemeral0}"),
        ("BlockDeviceMappings./dev/xvda", "{Ebs: {VolumeInitializationRate: 100}}"),
        ("CpuOptions", "{CoreCount: 2, ThreadsPerCore: 1}"),
        ("CreditSpecification", "{CpuCredits: unlimited}"),
        ("EbsOptimized", "true"),
        ("InstanceInitiatedShutdownBehavior", "terminate"),
        (
            "InstanceMarketOptions",
            "{MarketType: Spot, SpotOptions: {MaxPrice: 0.1, SpotInstanceType: OneTime}}",
        ),
        ("InstanceType", "m5.large"),
        ("KeyName", "a key"),
        ("MetadataOptions", "{HttpProtocolIpv6: Enabled}"),
        ("Monitoring", "{Enabled: true}"),
        (
            "NetworkInterfaces",
            "[{DeviceIndex: 1, Groups: [sg-2]}, {AssociatePublicIpAddress: false, DeviceIndex: 0}]",
        ),
        ("Placement", "{GroupName: g, Tenancy: Dedicated}"),
    ]);
    assert_eq!(data.other, expected);
}

#[tokio::test]
async fn template_with_nothing_else() {
    let Some(moto) = moto::server() else { return };
    let ground = MotoGround::new(moto).await;
    let data = json!({
        "SecurityGroupIds": ["sg-1"],
        "EbsOptimized": false,
        "Monitoring": { "Enabled": false },
        "DisableApiStop": false,
        "EnclaveOptions": { "Enabled": false },
        "HibernationOptions": { "Configured": false },
        "MetadataOptions": { "HttpProtocolIpv6": "disabled" },
    });
    let data = version_of(&ground, data).await.data;
    let expected =
        kmax_model::TemplateData { security_group_ids: ids(["sg-1"]), ..Default::default() };
    assert_eq!(data, expected);
}

async fn group(ground: &MotoGround, name: &str) -> AutoScalingGroup {
    let input = ops::DescribeAutoScalingGroups {
        names: vec![name.to_owned()],
        ..ops::DescribeAutoScalingGroups::default()
    };
    ground.aws.describe_auto_scaling_groups(input).await.unwrap().items.remove(0)
}

/// Makes a template that can be launched from, and returns parameters of a group on it.
async fn group_params(ground: &MotoGround) -> Value {
    let place = kmax_testkit::conformance::Ground::place(ground);
    let parameter = "/aws/service/eks/optimized-ami/1.34/amazon-linux-2023/x86_64/standard/recommended/image_id";
    let input = ops::GetParameters { names: vec![parameter.to_owned()] };
    let image = ground.aws.get_parameters(input).await.unwrap().remove(parameter).unwrap();
    let data = json!({ "ImageId": image, "InstanceType": "m5.large" });
    let params = json!({ "LaunchTemplateName": "theirs", "LaunchTemplateData": data });
    ground.account.call("ec2", "CreateLaunchTemplate", params).unwrap();
    let subnets: Vec<_> = place.subnets.values().cloned().collect();
    json!({
        "AutoScalingGroupName": "theirs",
        "MinSize": 0,
        "MaxSize": 3,
        "VPCZoneIdentifier": subnets.join(", "),
    })
}

#[tokio::test]
async fn group_from_a_plain_template() {
    let Some(moto) = moto::server() else { return };
    let ground = MotoGround::new(moto).await;
    let mut params = group_params(&ground).await;
    params["LaunchTemplate"] = json!({ "LaunchTemplateName": "theirs" });
    ground.account.call("autoscaling", "CreateAutoScalingGroup", params).unwrap();
    let found = group(&ground, "theirs").await;
    let LaunchSource::Template(template) = &found.launch else { panic!("{:?}", found.launch) };
    assert!(template.id.starts_with("lt-"));
    assert_eq!((template.name.as_str(), template.version.as_str()), ("theirs", "$Default"));
    assert_eq!(found.subnets.len(), 3);
    assert_eq!(found.other, BTreeMap::new());

    // A policy takes the template's place, and the reverse.
    let policy = kmax_model::MixedInstancesPolicy {
        template: template.clone(),
        overrides: vec![kmax_model::Override::of_type("m5.large")],
        distribution: kmax_model::Distribution::default(),
    };
    for launch in [LaunchSource::Mixed(policy), found.launch.clone()] {
        let update = ops::UpdateAutoScalingGroup {
            name: "theirs".to_owned(),
            launch: Some(launch.clone()),
            ..ops::UpdateAutoScalingGroup::default()
        };
        ground.aws.update_auto_scaling_group(update).await.unwrap();
        assert_eq!(group(&ground, "theirs").await.launch, launch);
    }
}

#[tokio::test]
async fn group_with_everything_else() {
    let Some(moto) = moto::server() else { return };
    let ground = MotoGround::new(moto).await;
    let mut params = group_params(&ground).await;
    params["MixedInstancesPolicy"] = json!({
        "LaunchTemplate": {
            "LaunchTemplateSpecification": { "LaunchTemplateName": "theirs", "Version": "$Latest" },
            "Overrides": [{ "InstanceRequirements": {
                "VCpuCount": { "Min": 2, "Max": 4 },
                "MemoryMiB": { "Min": 4096 },
            } }],
        },
    });
    params["HealthCheckGracePeriod"] = json!(60);
    params["DefaultCooldown"] = json!(10);
    params["TerminationPolicies"] = json!(["OldestInstance", "Default"]);
    params["DefaultInstanceWarmup"] = json!(5);
    params["DeletionProtection"] = json!("prevent-all-deletion");
    params["InstanceMaintenancePolicy"] =
        json!({ "MinHealthyPercentage": 90, "MaxHealthyPercentage": 110 });
    ground.account.call("autoscaling", "CreateAutoScalingGroup", params).unwrap();
    let found = group(&ground, "theirs").await;
    let LaunchSource::Mixed(policy) = &found.launch else { panic!("{:?}", found.launch) };
    assert_eq!(policy.template.version, "$Latest");
    assert_eq!(
        policy.overrides[0].requirements.as_deref(),
        Some("{VCpuCount: {Min: 2, Max: 4}, MemoryMib: {Min: 4096}}")
    );
    // AWS's default where types are chosen by requirements.
    assert_eq!(policy.distribution.on_demand_allocation, "lowest-price");
    let expected = texts([
        ("DefaultCooldown", "10"),
        ("DefaultInstanceWarmup", "5"),
        ("DeletionProtection", "PreventAllDeletion"),
        ("HealthCheckGracePeriod", "60"),
        ("InstanceMaintenancePolicy", "{MinHealthyPercentage: 90, MaxHealthyPercentage: 110}"),
        ("TerminationPolicies", "[OldestInstance, Default]"),
    ]);
    assert_eq!(found.other, expected);

    // What kmax can't write it does not send.
    let update = ops::UpdateAutoScalingGroup {
        name: "theirs".to_owned(),
        launch: Some(found.launch.clone()),
        ..ops::UpdateAutoScalingGroup::default()
    };
    let error = ground.aws.update_auto_scaling_group(update).await.unwrap_err();
    assert_eq!(error.code, "NotSendable");
}

#[tokio::test]
async fn group_that_is_being_deleted() {
    let Some(moto) = moto::server() else { return };
    let ground = MotoGround::new(moto).await;
    ground.account.settings(json!({ "deleting_reads": 1 }));
    let mut params = group_params(&ground).await;
    params["LaunchTemplate"] = json!({ "LaunchTemplateName": "theirs" });
    ground.account.call("autoscaling", "CreateAutoScalingGroup", params).unwrap();
    let input = ops::DeleteAutoScalingGroup { name: "theirs".to_owned() };
    ground.aws.delete_auto_scaling_group(input).await.unwrap();
    let found = group(&ground, "theirs").await;
    assert!(found.is_being_deleted());
    assert_eq!(found.status.as_deref(), Some("Delete in progress"));
}
