//! Each command, over a pool's life.

use std::fs;

use serde_json::json;

use crate::ground::{Ground, TWO_POOLS};

const DSP: &str = "dsp-8c64g-kmax";

#[test]
fn from_nothing_to_an_empty_plan() {
    let Some(ground) = Ground::new(TWO_POOLS) else { return };
    ground.kmax(&["validate"]).code(0);
    // Without a lock a plan shows what it would be, and apply refuses it.
    let plan = ground.kmax(&["plan", "--json"]).code(3).json();
    assert_eq!(plan["refusals"][0]["rule"], "not-locked");
    ground.kmax(&["apply", "--auto-approve"]).code(3);
    ground.kmax(&["lock", "--check"]).code(1);
    ground.kmax(&["lock"]).code(0);
    ground.kmax(&["lock", "--check"]).code(0);
    let plan = ground.kmax(&["plan", "--json", "--detailed-exitcode"]).code(2).json();
    assert_eq!(plan["summary"]["create"], 4);
    ground.kmax(&["apply", "--auto-approve"]).code(0);
    ground.assert_converged();

    let group = ground.group(DSP);
    assert_eq!(group["MinSize"], 0);
    assert_eq!(group["MaxSize"], 60);
    let policy = &group["MixedInstancesPolicy"];
    let first = &policy["LaunchTemplate"]["Overrides"][0]["InstanceType"];
    assert!(first.is_string(), "{policy}");
    assert_eq!(policy["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"], 0);
    assert_eq!(group["SuspendedProcesses"][0]["ProcessName"], "AZRebalance");
}

#[test]
fn nodes_launch_with_the_version_and_tags_of_their_group() {
    let Some(ground) = Ground::new(TWO_POOLS) else { return };
    ground.converge();
    ground.account.scale(DSP, 3);
    ground.assert_converged();
    let group = ground.group(DSP);
    assert_eq!(group["Instances"].as_array().unwrap().len(), 3);
    let instance = &group["Instances"][0];
    assert_eq!(instance["LaunchTemplate"]["LaunchTemplateName"], DSP);
    let params = json!({ "InstanceIds": [instance["InstanceId"]] });
    let answer = ground.by_hand("ec2", "DescribeInstances", params);
    let tags = answer["Reservations"][0]["Instances"][0]["Tags"].as_array().unwrap();
    for (key, value) in [("team", "dsp"), ("kubernetes.io/cluster/adx-prod", "owned")] {
        assert!(tags.contains(&json!({ "Key": key, "Value": value })), "{key}: {tags:?}");
    }
}

#[test]
fn a_saved_plan_is_what_is_applied() {
    let Some(ground) = Ground::new(TWO_POOLS) else { return };
    ground.converge();
    ground.write(&TWO_POOLS.replace("max = 60", "max = 70"));
    ground.kmax(&["plan", "-o", "plan.json"]).code(0);
    let saved = fs::read_to_string(ground.folder().join("plan.json")).unwrap();
    assert!(!saved.contains("NodeConfig"), "no user data in a saved plan");
    assert!(ground.kmax(&["show", "plan.json"]).code(0).stdout.contains("70"));
    // Somebody is quicker: what was reviewed is not what would be done.
    let params = json!({ "AutoScalingGroupName": DSP, "MaxSize": 65 });
    ground.by_hand("autoscaling", "UpdateAutoScalingGroup", params);
    let refused = ground.kmax(&["apply", "plan.json"]).code(3);
    let words = "max_size was 60 when you reviewed, is 65 now";
    assert!(refused.said(words), "{}", refused.stdout);
    ground.kmax(&["plan", "-o", "plan.json"]).code(0);
    ground.kmax(&["apply", "plan.json"]).code(0);
    ground.assert_converged();
    assert_eq!(ground.group(DSP)["MaxSize"], 70);
}

#[test]
fn a_digest_approves_one_plan() {
    let Some(ground) = Ground::new(TWO_POOLS) else { return };
    ground.kmax(&["lock"]).code(0);
    let digest = ground.kmax(&["plan", "--json"]).code(0).json()["plan_digest"].clone();
    let other = format!("sha256:{}", "0".repeat(64));
    ground.kmax(&["apply", "--expect", &other]).code(3);
    ground.kmax(&["apply", "--expect", digest.as_str().unwrap()]).code(0);
    ground.assert_converged();
}

#[test]
fn a_new_image_release_is_a_new_version_for_new_nodes() {
    let Some(ground) = Ground::new(TWO_POOLS) else { return };
    ground.account.release("first");
    ground.converge();
    ground.account.scale(DSP, 4);
    ground.account.release("second");
    let plan = ground.kmax(&["plan", "--json"]).code(0).json();
    assert_eq!(plan["warnings"][0]["rule"], "newer-image", "{:#}", plan["warnings"]);
    ground.kmax(&["lock", "--upgrade"]).code(0);
    let plan = ground.kmax(&["plan", "--json"]).code(0).json();
    assert_eq!(plan["summary"]["stays_old"], 4);
    assert_eq!(plan["changes"][0]["reason"], "upgrade");
    ground.kmax(&["apply", "--auto-approve"]).code(0);
    ground.assert_converged();
    let used = &ground.group(DSP)["MixedInstancesPolicy"]["LaunchTemplate"];
    assert_eq!(used["LaunchTemplateSpecification"]["Version"], "2");
    assert_eq!(ground.version(DSP, "$Default")["VersionNumber"], 2);
    assert_eq!(ground.group(DSP)["Instances"].as_array().unwrap().len(), 4);
}

#[test]
fn a_pool_goes_when_it_is_empty() {
    let Some(ground) = Ground::new(TWO_POOLS) else { return };
    ground.converge();
    ground.account.scale("adn-small-kmax", 2);
    ground.write(
        "[teams.dsp]\ntags = { cost-center = \"1001\" }\n[teams.dsp.pools]\n8c64g = { max = 60 }\n",
    );
    let refused = ground.kmax(&["apply", "--auto-approve"]).code(3);
    assert!(refused.said("needs-drain"), "{}", refused.stdout);
    let args = ["apply", "--auto-approve", "--allow", "nodes_terminated=2"];
    ground.kmax(&args).code(3);
    assert_eq!(ground.group("adn-small-kmax")["Instances"].as_array().unwrap().len(), 2);
    ground.account.scale("adn-small-kmax", 0);
    ground.converge();
    assert!(ground.group("adn-small-kmax").is_null());
}

#[test]
fn a_hand_made_pool_is_taken_over() {
    let Some(ground) = Ground::new(TWO_POOLS) else { return };
    ground.kmax(&["lock"]).code(0);
    let locked = fs::read_to_string(ground.folder().join("kmax.lock")).unwrap();
    let image = locked.split('"').find(|word| word.starts_with("ami-")).unwrap().to_owned();
    ground.by_hand(
        "ec2",
        "CreateLaunchTemplate",
        json!({
            "LaunchTemplateName": "adn-small-kmax",
            "LaunchTemplateData": { "ImageId": image, "InstanceType": "c5.large" },
        }),
    );
    let subnets: Vec<&str> = ground.seeded.subnets.values().map(String::as_str).collect();
    ground.by_hand(
        "autoscaling",
        "CreateAutoScalingGroup",
        json!({
            "AutoScalingGroupName": "adn-small-kmax",
            "LaunchTemplate": { "LaunchTemplateName": "adn-small-kmax", "Version": "$Latest" },
            "MinSize": 0, "MaxSize": 5, "DesiredCapacity": 2,
            "VPCZoneIdentifier": subnets.join(","),
            "Tags": [{ "Key": "owner", "Value": "a person", "PropagateAtLaunch": true }],
        }),
    );
    let refused = ground.kmax(&["plan", "--json"]).code(3).json();
    assert_eq!(refused["refusals"][0]["rule"], "foreign");
    ground.write(&TWO_POOLS.replace("max = 10", "max = 10, adopt = true"));
    let plan = ground.kmax(&["plan", "--json"]).code(0).json();
    assert_eq!(plan["summary"]["adopt"], 2, "{plan:#}");
    assert_eq!(
        (&plan["summary"]["terminates"], &plan["summary"]["replaces"]),
        (&json!(0), &json!(0))
    );
    ground.kmax(&["apply", "--auto-approve"]).code(0);
    ground.assert_converged();
    let group = ground.group("adn-small-kmax");
    assert_eq!(group["Instances"].as_array().unwrap().len(), 2);
    let tags = group["Tags"].as_array().unwrap();
    assert!(tags.iter().any(|tag| tag["Key"] == "owner"), "a person's tag stays");
}

#[test]
fn render_schema_and_completions_print() {
    let Some(ground) = Ground::new(TWO_POOLS) else { return };
    ground.kmax(&["lock"]).code(0);
    let rendered = ground.kmax(&["render", "dsp/8c64g"]).code(0).stdout;
    assert!(rendered.starts_with("MIME-Version"), "{rendered}");
    assert!(rendered.contains("node.spotmax/team=dsp"), "{rendered}");
    assert!(ground.kmax(&["schema"]).code(0).json()["properties"]["teams"].is_object());
    assert!(ground.kmax(&["completions", "bash"]).code(0).stdout.contains("kmax"));
    let explained = ground.kmax(&["lock", "--explain", "dsp/8c64g"]).code(0).stdout;
    assert!(explained.contains("r5.2xlarge"), "{explained}");
}

#[test]
fn another_account_is_left_alone() {
    let Some(ground) = Ground::new(TWO_POOLS) else { return };
    let path = ground.folder().join("kmax.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace(&ground.seeded.account, "999999999999")).unwrap();
    let refused = ground.kmax(&["plan"]).code(3);
    assert!(refused.said("wrong-account"), "{}", refused.stdout);
    ground.kmax(&["apply", "--auto-approve"]).code(3);
    // Neither is the lock taken there, which would be a write.
    let digest = format!("sha256:{}", "0".repeat(64));
    ground.kmax(&["apply", "--expect", &digest]).code(3);
    assert!(ground.account.calls().counts.keys().all(|call| !call.contains("Create")));
}

#[test]
fn the_lock_of_another_apply_holds() {
    let Some(ground) = Ground::new(TWO_POOLS) else { return };
    ground.kmax(&["lock"]).code(0);
    let far = u64::from(u32::MAX).to_string();
    ground.by_hand(
        "ec2",
        "CreateLaunchTemplate",
        json!({
            "LaunchTemplateName": "kmax-lock/adx-prod/main",
            "LaunchTemplateData": { "MetadataOptions": { "HttpTokens": "required" } },
            "TagSpecifications": [{ "ResourceType": "launch-template", "Tags": [
                { "Key": "kmax:lock", "Value": "adx-prod/main" },
                { "Key": "kmax:lock-who", "Value": "alice" },
                { "Key": "kmax:lock-until", "Value": far },
            ]}],
        }),
    );
    let refused = ground.kmax(&["apply", "--auto-approve"]).code(3);
    assert!(refused.said("alice"), "{}", refused.stderr);
    assert!(ground.group(DSP).is_null());
}
