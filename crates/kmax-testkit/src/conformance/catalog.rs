//! What a cluster's nodes stand on, and what EC2 offers.

use std::collections::{BTreeMap, BTreeSet};

use kmax_cloud::ErrorClass::{Invalid, NotFound};
use kmax_cloud::{collect_pages, ops};
use kmax_model::{InstanceType, Offering};

use super::case::cases;
use super::fixture::{Fixture, refused, refused_as, text_set};

cases!("catalog":
    identity,
    cluster,
    cluster_missing,
    instance_profile,
    instance_profile_missing,
    parameters,
    parameters_at_most_ten,
    subnets,
    security_groups,
    images,
    instance_types,
    instance_types_by_architecture,
    instance_type_pages_have_bounds,
    offerings,
);

async fn identity(f: Fixture) {
    let identity = f.aws.get_caller_identity(ops::GetCallerIdentity {}).await.unwrap();
    assert_eq!(identity.account, f.place.account);
    assert!(identity.arn.starts_with("arn:aws:"), "{}", identity.arn);
    assert!(identity.arn.contains(&f.place.account), "{}", identity.arn);
}

async fn cluster(f: Fixture) {
    let input = ops::DescribeCluster { name: f.place.cluster.clone() };
    let cluster = f.aws.describe_cluster(input).await.unwrap();
    assert_eq!(cluster.name, f.place.cluster);
    assert_eq!(cluster.status, "ACTIVE");
    assert_eq!(cluster.version, f.place.version);
    assert!(cluster.endpoint.unwrap().starts_with("https://"));
    assert!(!cluster.certificate_authority.unwrap().is_empty());
    assert!(cluster.service_cidr.unwrap().contains('/'));
    assert_eq!(cluster.vpc_id.as_ref(), Some(&f.place.vpc));
    assert_eq!(cluster.subnet_ids, f.subnets());
    assert!(cluster.cluster_security_group_id.unwrap().starts_with("sg-"));
    assert_eq!(cluster.authentication_mode.as_deref(), Some("API_AND_CONFIG_MAP"));
}

async fn cluster_missing(f: Fixture) {
    let input = ops::DescribeCluster { name: "no-such-cluster".to_owned() };
    refused(f.aws.describe_cluster(input).await, NotFound, "ResourceNotFoundException");
}

async fn instance_profile(f: Fixture) {
    let name = f.place.instance_profile.clone();
    let input = ops::GetInstanceProfile { name: name.clone() };
    let profile = f.aws.get_instance_profile(input).await.unwrap();
    let arn = format!("arn:aws:iam::{}:instance-profile/{name}", f.place.account);
    assert_eq!((profile.name, profile.arn), (name, arn));
    assert_eq!(profile.roles.len(), 1);
}

async fn instance_profile_missing(f: Fixture) {
    let input = ops::GetInstanceProfile { name: "no-such-profile".to_owned() };
    refused(f.aws.get_instance_profile(input).await, NotFound, "NoSuchEntity");
}

async fn parameters(f: Fixture) {
    let (x86, arm) = (f.image_parameter("x86_64"), f.image_parameter("arm64"));
    let release = x86.replace("/image_id", "/release_version");
    let missing = x86.replace("/standard/", "/no-such-variant/");
    let names = vec![x86.clone(), missing, arm.clone(), release.clone()];
    let found = f.aws.get_parameters(ops::GetParameters { names }).await.unwrap();
    assert_eq!(found.keys().collect::<BTreeSet<_>>(), BTreeSet::from([&x86, &arm, &release]));
    assert!(found[&x86].starts_with("ami-") && found[&arm].starts_with("ami-"), "{found:?}");
    assert_ne!(found[&x86], found[&arm]);
    assert!(found[&release].starts_with(&f.place.version), "{found:?}");
}

async fn parameters_at_most_ten(f: Fixture) {
    let names = (0..11).map(|at| format!("/aws/service/kmax/{at}")).collect();
    refused_as(f.aws.get_parameters(ops::GetParameters { names }).await, Invalid);
}

async fn subnets(f: Fixture) {
    let read = |next_token| {
        let vpc_id = Some(f.place.vpc.clone());
        f.aws.describe_subnets(ops::DescribeSubnets { vpc_id, next_token })
    };
    let found = collect_pages(read).await.unwrap();
    let by_zone: BTreeMap<_, _> =
        found.iter().map(|subnet| (subnet.zone.clone(), subnet.id.clone())).collect();
    assert_eq!(by_zone, f.place.subnets);
    for subnet in found {
        assert_eq!(subnet.vpc_id, f.place.vpc);
        assert!(subnet.free_addresses > 0, "{}", subnet.id);
        assert!(subnet.tags.contains_key("Name"), "{}", subnet.id);
    }
    let input =
        ops::DescribeSubnets { vpc_id: Some("vpc-0ffffffffffffffff".into()), next_token: None };
    assert_eq!(f.aws.describe_subnets(input).await.unwrap().items, []);
}

async fn security_groups(f: Fixture) {
    let read = |next_token| {
        let vpc_id = Some(f.place.vpc.clone());
        f.aws.describe_security_groups(ops::DescribeSecurityGroups { vpc_id, next_token })
    };
    let found = collect_pages(read).await.unwrap();
    let by_name: BTreeMap<_, _> =
        found.iter().map(|group| (group.name.clone(), group.id.clone())).collect();
    for (name, id) in &f.place.security_groups {
        assert_eq!(by_name.get(name), Some(id), "{name}");
    }
    assert!(found.iter().all(|group| group.vpc_id == f.place.vpc));
}

async fn images(f: Fixture) {
    let (x86, arm) = (f.image("x86_64").await, f.image("arm64").await);
    let ids = vec![x86.clone(), "ami-0ffffffffffffffff".to_owned(), arm.clone()];
    let page = f.aws.describe_images(ops::DescribeImages { ids, next_token: None }).await.unwrap();
    let found: BTreeMap<_, _> =
        page.items.into_iter().map(|image| (image.id.clone(), image)).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[&x86].architecture, "x86_64");
    assert_eq!(found[&arm].architecture, "arm64");
    for image in found.values() {
        assert_eq!(image.state, "available");
        assert!(!image.name.is_empty());
    }
}

async fn all_types(f: &Fixture, architecture: Option<&str>) -> BTreeMap<String, InstanceType> {
    let read = |next_token| {
        f.aws.describe_instance_types(ops::DescribeInstanceTypes {
            architecture: architecture.map(str::to_owned),
            max_results: Some(100),
            next_token,
        })
    };
    let found = collect_pages(read).await.unwrap();
    let count = found.len();
    let found: BTreeMap<_, _> = found.into_iter().map(|it| (it.name.clone(), it)).collect();
    assert_eq!(found.len(), count, "a type is listed twice");
    found
}

async fn instance_types(f: Fixture) {
    let types = all_types(&f, None).await;
    assert!(types.len() > 500, "{} types", types.len());
    let expected = InstanceType {
        name: "r5.2xlarge".to_owned(),
        vcpus: 8,
        memory_mib: 65_536,
        architectures: text_set(["x86_64"]),
        accelerators: 0,
        bare_metal: false,
        burstable: false,
        // AWS calls it so until there are enough newer ones.
        current_generation: types["r5.2xlarge"].current_generation,
        usage_classes: types["r5.2xlarge"].usage_classes.clone(),
        instance_store_gb: 0,
        network_interfaces: 4,
        ipv4_per_interface: 15,
    };
    assert_eq!(types["r5.2xlarge"], expected);
    assert!(expected.usage_classes.is_superset(&text_set(["on-demand", "spot"])));
    assert_eq!(types["r6g.2xlarge"].architectures, text_set(["arm64"]));
    assert_eq!(types["m5d.2xlarge"].instance_store_gb, 300);
    assert!(types["m5.metal"].bare_metal);
    assert!(types["t3.large"].burstable);
    assert!(types.values().any(|it| it.accelerators > 1));
    assert!(types["c5a.large"].current_generation && !types["c3.large"].current_generation);
}

async fn instance_types_by_architecture(f: Fixture) {
    let types = all_types(&f, Some("arm64")).await;
    assert!(types.contains_key("r6g.2xlarge") && !types.contains_key("r5.2xlarge"));
    assert!(types.values().all(|it| it.architectures.contains("arm64")));
}

async fn instance_type_pages_have_bounds(f: Fixture) {
    for size in [4, 101] {
        let input = ops::DescribeInstanceTypes {
            max_results: Some(size),
            ..ops::DescribeInstanceTypes::default()
        };
        refused_as(f.aws.describe_instance_types(input).await, Invalid);
    }
}

async fn offerings(f: Fixture) {
    let zones: BTreeSet<String> = f.place.subnets.keys().take(2).cloned().collect();
    let read = |next_token| {
        f.aws.describe_instance_type_offerings(ops::DescribeInstanceTypeOfferings {
            zones: zones.clone(),
            max_results: Some(1_000),
            next_token,
        })
    };
    let found: BTreeSet<Offering> = collect_pages(read).await.unwrap().into_iter().collect();
    assert!(found.iter().all(|offering| zones.contains(&offering.zone)));
    for zone in &zones {
        let offering = Offering { instance_type: "r5.2xlarge".to_owned(), zone: zone.clone() };
        assert!(found.contains(&offering), "{offering:?}");
    }
}
