//! Every field: changed in the config and converged; changed by hand, named and mended.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::ground::{Ground, TWO_POOLS};

const DSP: &str = "dsp-8c64g-kmax";

/// What the config says of a pool, and the paths that a plan must name for it.
const CONFIGS: &[(&str, &[&str])] = &[
    ("max = 61", &["max_size"]),
    ("max = 60, min = 1", &["min_size"]),
    (
        "max = 60, labels = { tier = \"a\" }",
        &["user_data.node-config", "tags.k8s.io/cluster-autoscaler/node-template/label/tier"],
    ),
    (
        "max = 60, taints = [{ key = \"dedicated\", value = \"dsp\", effect = \"NoSchedule\" }]",
        &["user_data.node-config", "tags.k8s.io/cluster-autoscaler/node-template/taint/dedicated"],
    ),
    (
        "max = 60, tags = { app = \"x\" }",
        &[
            "tags.app",
            "tag_specifications.instance.app",
            "tag_specifications.volume.app",
            "tag_specifications.network-interface.app",
        ],
    ),
    ("max = 60, volume = { size_gib = 200 }", &["block_devices./dev/xvda.size_gib"]),
    (
        "max = 60, volume = { type = \"io2\", iops = 4000 }",
        &["block_devices./dev/xvda.volume_type", "block_devices./dev/xvda.iops"],
    ),
    (
        "max = 60, volume = { throughput_mibps = 300, iops = 3500 }",
        &["block_devices./dev/xvda.throughput_mibps", "block_devices./dev/xvda.iops"],
    ),
    ("max = 60, volume = { encrypted = false }", &["block_devices./dev/xvda.encrypted"]),
    ("max = 60, volume = { kms_key = \"alias/nodes\" }", &["block_devices./dev/xvda.kms_key"]),
    ("max = 60, metadata_hop_limit = 3", &["metadata.hop_limit"]),
    (
        "max = 60, kubelet = { max_pods = 60 }",
        &["user_data.node-config", "tags.k8s.io/cluster-autoscaler/node-template/resources/pods"],
    ),
    ("max = 60, security_groups = [\"spotmax-kmax-master-sg\"]", &["security_group_ids"]),
    ("max = 60, spec = \"8c32g\"", &["instance_types", "user_data.node-config"]),
];

#[test]
fn a_field_changed_in_the_config_converges() {
    let Some(ground) = Ground::new(TWO_POOLS) else { return };
    ground.converge();
    for (setting, paths) in CONFIGS {
        ground.write(&TWO_POOLS.replace("max = 60", setting));
        ground.kmax(&["lock"]).code(0);
        let planned = ground.planned();
        for path in *paths {
            let is_named = planned.iter().any(|line| line.contains(&format!(" {path} ")));
            assert!(is_named, "{setting}: {path} is not in {planned:#?}");
        }
        assert!(planned.iter().all(|line| line.contains(DSP)), "{setting}: {planned:#?}");
        assert!(!planned.iter().any(|line| line.contains("drift")), "{setting}: {planned:#?}");
        ground.kmax(&["apply", "--auto-approve"]).code(0);
        ground.assert_converged();
    }
    // And back again, to content that an old version may still hold.
    ground.write(TWO_POOLS);
    ground.converge();
}

/// What somebody does in the console, and the paths that drift must name.
fn hands(ground: &Ground) -> Vec<(&'static str, &'static str, Value, Vec<&'static str>)> {
    let update = |rest: Value| {
        let mut params = rest;
        params["AutoScalingGroupName"] = json!(DSP);
        params
    };
    let group = ground.group(DSP);
    let policy = |change: &dyn Fn(&mut Value)| {
        let mut policy = group["MixedInstancesPolicy"].clone();
        // AWS shows id and name, and takes only one of them.
        let used = &mut policy["LaunchTemplate"]["LaunchTemplateSpecification"];
        used.as_object_mut().unwrap().remove("LaunchTemplateName");
        change(&mut policy);
        update(json!({ "MixedInstancesPolicy": policy }))
    };
    let tag = |key: &str, value: &str| json!({ "Tags": [{ "ResourceId": DSP, "ResourceType": "auto-scaling-group", "Key": key, "Value": value, "PropagateAtLaunch": false }] });
    let subnet = ground.seeded.subnets.values().next().unwrap();
    let asg = "UpdateAutoScalingGroup";
    vec![
        ("autoscaling", asg, update(json!({ "MaxSize": 7 })), vec!["max_size"]),
        ("autoscaling", asg, update(json!({ "MaxSize": 7, "MinSize": 0 })), vec!["max_size"]),
        ("autoscaling", asg, update(json!({ "VPCZoneIdentifier": subnet })), vec!["subnets"]),
        (
            "autoscaling",
            asg,
            update(json!({ "CapacityRebalance": true })),
            vec!["capacity_rebalance"],
        ),
        (
            "autoscaling",
            asg,
            update(json!({ "MaxInstanceLifetime": 86400 })),
            vec!["max_instance_lifetime"],
        ),
        (
            "autoscaling",
            asg,
            policy(&|p| {
                p["InstancesDistribution"]["SpotAllocationStrategy"] = json!("lowest-price");
            }),
            vec!["distribution.spot_allocation", "distribution.spot_pools"],
        ),
        (
            "autoscaling",
            asg,
            policy(&|p| {
                p["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] = json!(50);
            }),
            vec!["distribution.on_demand_percentage"],
        ),
        (
            "autoscaling",
            asg,
            policy(&|p| p["InstancesDistribution"]["SpotMaxPrice"] = json!("0.5")),
            vec!["distribution.spot_max_price"],
        ),
        (
            "autoscaling",
            asg,
            policy(&|p| {
                p["LaunchTemplate"]["Overrides"].as_array_mut().unwrap().reverse();
            }),
            vec!["instance_types"],
        ),
        (
            "autoscaling",
            asg,
            policy(&|p| {
                p["LaunchTemplate"]["LaunchTemplateSpecification"]["Version"] = json!("$Latest");
            }),
            vec!["launch_template.version"],
        ),
        (
            "autoscaling",
            "ResumeProcesses",
            update(json!({ "ScalingProcesses": ["AZRebalance"] })),
            vec!["suspended_processes.AZRebalance"],
        ),
        ("autoscaling", "CreateOrUpdateTags", tag("cost-center", "666"), vec!["tags.cost-center"]),
        ("autoscaling", "CreateOrUpdateTags", tag("kmax:pool", "x/y"), vec!["tags.kmax:pool"]),
        (
            "autoscaling",
            "CreateOrUpdateTags",
            tag("k8s.io/cluster-autoscaler/node-template/label/node.spotmax/team", "x"),
            vec!["tags.k8s.io/cluster-autoscaler/node-template/label/node.spotmax/team"],
        ),
        (
            "autoscaling",
            "DeleteTags",
            tag("k8s.io/cluster-autoscaler/enabled", "true"),
            vec!["tags.k8s.io/cluster-autoscaler/enabled"],
        ),
        ("autoscaling", "DeleteTags", tag("kmax:applied", "x"), vec!["tags.kmax:applied"]),
        (
            "ec2",
            "CreateLaunchTemplateVersion",
            json!({ "LaunchTemplateName": DSP, "LaunchTemplateData": { "InstanceType": "t3.micro" } }),
            vec![],
        ),
        (
            "ec2",
            "ModifyLaunchTemplate",
            json!({ "LaunchTemplateName": DSP, "DefaultVersion": "2" }),
            vec!["default_version"],
        ),
    ]
}

#[test]
fn a_field_changed_by_hand_is_named_and_mended() {
    let Some(ground) = Ground::new(TWO_POOLS) else { return };
    ground.converge();
    for (service, operation, params, paths) in hands(&ground) {
        ground.by_hand(service, operation, params.clone());
        let code = if paths.is_empty() { 0 } else { 2 };
        let drift = ground.kmax(&["drift", "--json"]).code(code).json();
        let mut found = BTreeSet::new();
        for item in drift["drift"].as_array().unwrap() {
            assert!(item["address"].as_str().unwrap().ends_with(DSP), "{drift:#}");
            for field in item["fields"].as_array().unwrap() {
                found.insert(field["path"].as_str().unwrap().to_owned());
            }
        }
        let named: BTreeSet<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        assert!(found.is_subset(&named), "{operation} {params}: {found:?}");
        assert!(found.is_empty() == named.is_empty(), "{operation} {params}: {found:?}");
        assert!(named.iter().next().is_none_or(|path| found.contains(path)), "{found:?}");
        ground.kmax(&["apply", "--auto-approve"]).code(0);
        ground.assert_converged();
    }
}
