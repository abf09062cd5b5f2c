use std::collections::BTreeSet;

use kmax_cloud::{Request, Response, ops};
use kmax_model::fields::Fields;
use kmax_model::{Address, TemplateData};
use kmax_sandbox::TamperError;
use serde_json::json;

use crate::world::{World, call, tags};

fn world() -> World {
    let mut world = World::new();
    world.create_pool("pool.b");
    world.create_pool("pool");
    world
}

fn changed(before: &Fields, after: &Fields) -> BTreeSet<String> {
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    paths.into_iter().filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}

#[test]
fn every_field_of_a_group_can_be_set() {
    let cases = [
        ("min", "min_size", "1", json!(1)),
        ("max", "max_size", "7", json!(7)),
        ("min_size", "min_size", "1", json!(1)),
        ("launch_template.version", "launch_template.version", "$Latest", json!("$Latest")),
        ("instance_types", "instance_types", "r6i.2xlarge", json!(["r6i.2xlarge"])),
        ("distribution.on_demand_base", "distribution.on_demand_base", "1", json!(1)),
        ("distribution.on_demand_percentage", "distribution.on_demand_percentage", "5", json!(5)),
        (
            "distribution.on_demand_allocation",
            "distribution.on_demand_allocation",
            "lowest-price",
            json!("lowest-price"),
        ),
        (
            "distribution.spot_allocation",
            "distribution.spot_allocation",
            "capacity-optimized",
            json!("capacity-optimized"),
        ),
        ("distribution.spot_max_price", "distribution.spot_max_price", "0.5", json!("0.5")),
        ("subnets", "subnets", "subnet-0aaaaaaaaaaaaaaaa", json!(["subnet-0aaaaaaaaaaaaaaaa"])),
        ("capacity_rebalance", "capacity_rebalance", "true", json!(true)),
        ("max_instance_lifetime", "max_instance_lifetime", "86400", json!(86_400)),
        ("new_instances_protected", "new_instances_protected", "true", json!(true)),
        ("suspended_processes.Launch", "suspended_processes.Launch", "true", json!(true)),
        ("tags.k8s.io/x.y", "tags.k8s.io/x.y", "v=1", json!("v=1")),
    ];
    for (path, field, value, expected) in cases {
        let mut world = world();
        let before = world.group("pool.b").fields();
        world.sandbox.assign(&format!("auto_scaling_group.pool.b.{path}={value}")).expect(path);
        let after = world.group("pool.b").fields();
        assert_eq!(changed(&before, &after), [field.to_owned()].into(), "{path}");
        assert_eq!(after[field], expected, "{path}");
        assert_eq!(
            world.group("pool").fields().get(field),
            {
                let untouched = self::world();
                untouched.group("pool").fields().get(field).cloned()
            }
            .as_ref()
        );
    }
}

#[test]
fn spot_pools_come_with_their_strategy_and_go_with_it() {
    let mut world = world();
    let path = "auto_scaling_group.pool.distribution";
    world.sandbox.set(&format!("{path}.spot_pools"), "4").expect("set");
    let fields = world.group("pool").fields();
    assert_eq!(fields["distribution.spot_pools"], json!(4));
    assert_eq!(fields["distribution.spot_allocation"], json!("lowest-price"));
    world.sandbox.set(&format!("{path}.spot_allocation"), "price-capacity-optimized").expect("set");
    assert!(!world.group("pool").fields().contains_key("distribution.spot_pools"));
}

#[test]
fn what_may_be_absent_can_be_taken_away() {
    let mut world = world();
    for (path, value) in [
        ("tags.x", "1"),
        ("distribution.spot_max_price", "1"),
        ("capacity_rebalance", "true"),
        ("max_instance_lifetime", "86400"),
        ("new_instances_protected", "true"),
        ("suspended_processes.Launch", "true"),
        ("other.HealthCheckType", "ELB"),
    ] {
        let before = world.group("pool");
        let path = format!("auto_scaling_group.pool.{path}");
        world.sandbox.set(&path, value).expect("set");
        assert_ne!(world.group("pool"), before, "{path}");
        world.sandbox.unset(&path).expect("unset");
        assert_eq!(world.group("pool"), before, "{path}");
    }
}

fn content(world: &mut World, name: &str) -> (u64, TemplateData) {
    let names = vec![name.to_owned()];
    let input = ops::DescribeLaunchTemplates { names, ..Default::default() };
    let template = call!(world, DescribeLaunchTemplates, input).expect("read").items.remove(0);
    let input = ops::DescribeLaunchTemplateVersions {
        template_id: Some(template.id),
        versions: vec!["$Default".into()],
        ..Default::default()
    };
    let page = call!(world, DescribeLaunchTemplateVersions, input).expect("read");
    (template.default_version, page.items[0].data.clone())
}

#[test]
fn every_field_of_a_template_can_be_set() {
    let cases = [
        ("image_id", "ami-1"),
        ("instance_profile", "other"),
        ("security_group_ids", "sg-1,sg-2"),
        ("user_data", "#!/bin/sh"),
        ("block_devices./dev/xvda.size_gib", "50"),
        ("block_devices./dev/xvda.volume_type", "io2"),
        ("block_devices./dev/xvda.iops", "4000"),
        ("block_devices./dev/xvda.throughput_mibps", "200"),
        ("block_devices./dev/xvda.encrypted", "false"),
        ("block_devices./dev/xvda.kms_key", "key"),
        ("block_devices./dev/xvda.delete_on_termination", "false"),
        ("block_devices./dev/xvda.snapshot_id", "snap-1"),
        ("metadata.http_endpoint", "disabled"),
        ("metadata.http_tokens", "optional"),
        ("metadata.hop_limit", "3"),
        ("metadata.instance_metadata_tags", "enabled"),
        ("tag_specifications.volume.a.b", "c"),
        ("other.KeyName", "mine"),
    ];
    for (path, value) in cases {
        let mut world = world();
        let (_, before) = content(&mut world, "pool.b");
        world.sandbox.set(&format!("launch_template.pool.b.{path}"), value).expect(path);
        let (version, after) = content(&mut world, "pool.b");
        assert_eq!(version, 2);
        let changed = changed(&before.fields(), &after.fields());
        assert_eq!(changed, [path.to_owned()].into());
        world.sandbox.unset(&format!("launch_template.pool.b.{path}")).expect(path);
        let (version, _) = content(&mut world, "pool.b");
        assert_eq!(version, 3);
    }
    let mut world = world();
    world.sandbox.set("launch_template.pool.default_version", "2").expect_err("there is no 2");
    assert_eq!(world.sandbox.make_version("pool", "image_id", "ami-1", false), Ok(2));
    assert_eq!(content(&mut world, "pool").0, 1);
    world.sandbox.set("launch_template.pool.default_version", "2").expect("set");
    assert_eq!(content(&mut world, "pool").0, 2);
    world.sandbox.set("launch_template.pool.tags.x", "1").expect("set");
    let found = |world: &mut World| {
        let input =
            ops::DescribeLaunchTemplates { tags: tags(&[("x", "1")]), ..Default::default() };
        call!(world, DescribeLaunchTemplates, input).expect("read").items.len()
    };
    assert_eq!(found(&mut world), 1);
    world.sandbox.unset("launch_template.pool.tags.x").expect("unset");
    assert_eq!(found(&mut world), 0);
}

#[test]
fn what_can_not_be_set_says_what_can() {
    let mut world = world();
    for path in [
        "auto_scaling_group.pool.maximum",
        "launch_template.pool.image",
        "launch_template.pool.block_devices.x.y",
    ] {
        let error = world.sandbox.set(path, "1").expect_err(path);
        assert!(matches!(error, TamperError::NoSuchField { .. }), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("can be set")));
    }
    for path in ["", "pool", "volume.a.x", "auto_scaling_group.c.max", "launch_template.pool"] {
        let error = world.sandbox.set(path, "1").expect_err(path);
        assert!(matches!(error, TamperError::NoSuchObject(_)), "{error}");
    }
    for (path, value) in
        [("max", "many"), ("capacity_rebalance", "yes"), ("suspended_processes.Launch", "1")]
    {
        let error =
            world.sandbox.set(&format!("auto_scaling_group.pool.{path}"), value).expect_err(path);
        assert!(matches!(error, TamperError::WrongValue { .. }), "{error}");
    }
    for (path, value) in
        [("min", "11"), ("instance_types", "x"), ("subnets", "subnet-0"), ("tags.aws:x", "")]
    {
        let error =
            world.sandbox.set(&format!("auto_scaling_group.pool.{path}"), value).expect_err(path);
        assert!(matches!(error, TamperError::Refused(_)), "{error}");
    }
    assert!(world.sandbox.assign("auto_scaling_group.pool.max").is_err());
}

#[test]
fn two_groups_may_share_a_template() {
    let mut world = world();
    world.sandbox.set("auto_scaling_group.pool.launch_template.name", "pool.b").expect("set");
    let group = world.group("pool");
    let template = group.launch.template().expect("a template");
    assert_eq!((template.name.as_str(), template.version.as_str()), ("pool.b", "1"));
    assert!(world.sandbox.set("auto_scaling_group.pool.launch_template.name", "no").is_err());
}

#[test]
fn objects_can_be_made_and_deleted_by_hand() {
    let mut world = world();
    world.sandbox.create_plain_pool("mine", "r6g.2xlarge", 2).expect("made");
    assert_eq!(world.group("mine").instances.len(), 2);
    assert!(world.sandbox.create_plain_pool("mine", "r6g.2xlarge", 2).is_err());
    assert!(world.sandbox.create_plain_pool("mine2", "r6g.3xlarge", 2).is_err());
    world.sandbox.delete(&Address::auto_scaling_group("mine")).expect("deleted");
    world.sandbox.delete(&Address::launch_template("mine")).expect("deleted");
    assert!(world.sandbox.delete(&Address::launch_template("mine")).is_err());
    let summary = world.sandbox.show();
    assert_eq!(
        summary.groups.iter().map(|g| g.name.as_str()).collect::<Vec<_>>(),
        ["pool", "pool.b"]
    );
    assert_eq!(summary.templates.len(), 2);
    assert!(summary.audit.iter().any(|entry| entry.event == "deleted launch_template.mine"));
}
