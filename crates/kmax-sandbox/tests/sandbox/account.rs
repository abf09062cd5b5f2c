use kmax_cloud::{ErrorClass, Request, Response, ops};
use kmax_model::Arch;
use kmax_sandbox::{Sandbox, Seed};

use crate::world::{World, call, set};

const PREFIX: &str = "/aws/service/eks/optimized-ami";

fn parameters(world: &mut World, names: &[String]) -> Vec<String> {
    let input = ops::GetParameters { names: names.to_vec() };
    let found = call!(world, GetParameters, input).expect("read");
    names.iter().filter_map(|name| found.get(name).cloned()).collect()
}

#[test]
fn any_config_works_at_once() {
    let seed = Seed {
        account: "210987654321".into(),
        region: "eu-west-1".into(),
        cluster: "other".into(),
        version: "1.35".into(),
        vpc: "vpc-1".into(),
        subnets: vec!["private-1".into(), "subnet-0123456789abcdef0".into()],
        security_groups: vec!["nodes".into(), "sg-0123456789abcdef0".into()],
        instance_profiles: [("nodes".to_owned(), "role".to_owned())].into(),
        images: [("ami-0123456789abcdef0".to_owned(), Arch::Arm64)].into(),
    };
    let mut world = World { sandbox: Sandbox::new(&seed) };
    let who = call!(world, GetCallerIdentity, ops::GetCallerIdentity {}).expect("read");
    assert_eq!(who.account, "210987654321");
    let input = ops::DescribeCluster { name: "other".into() };
    let cluster = call!(world, DescribeCluster, input).expect("read");
    assert_eq!((cluster.status.as_str(), cluster.version.as_str()), ("ACTIVE", "1.35"));
    assert_eq!(cluster.service_cidr.as_deref(), Some("10.100.0.0/16"));
    let endpoint = cluster.endpoint.expect("an endpoint");
    assert!(endpoint.starts_with("https://") && endpoint.ends_with("eu-west-1.eks.amazonaws.com"));
    let vpc_id = Some("vpc-1".to_owned());
    let input = ops::DescribeSubnets { vpc_id: vpc_id.clone(), next_token: None };
    let subnets = call!(world, DescribeSubnets, input).expect("read").items;
    let zones: Vec<&str> = subnets.iter().map(|subnet| subnet.zone.as_str()).collect();
    assert_eq!(set(&zones), set(&["eu-west-1a", "eu-west-1b"]));
    assert!(subnets.iter().any(|s| s.tags.get("Name").is_some_and(|n| n == "private-1")));
    let input = ops::DescribeSecurityGroups { vpc_id, next_token: None };
    let groups = call!(world, DescribeSecurityGroups, input).expect("read").items;
    assert!(groups.iter().any(|group| group.name == "nodes"));
    assert!(groups.iter().any(|group| group.id == "sg-0123456789abcdef0"));
    assert!(
        groups.iter().any(|group| Some(&group.id) == cluster.cluster_security_group_id.as_ref())
    );
    let input = ops::GetInstanceProfile { name: "nodes".into() };
    assert_eq!(call!(world, GetInstanceProfile, input).expect("read").roles, ["role"]);
    let ids = vec!["ami-0123456789abcdef0".to_owned(), "ami-0".to_owned()];
    let images = call!(world, DescribeImages, ops::DescribeImages { ids, next_token: None });
    let images = images.expect("read").items;
    assert_eq!((images.len(), images[0].architecture.as_str()), (1, "arm64"));
    // A config that says more later finds it, and nothing is lost.
    assert!(world.sandbox.complete(&seed).is_empty());
    let more = Seed { subnets: vec!["private-1".into(), "private-3".into()], ..seed };
    assert_eq!(world.sandbox.complete(&more).len(), 1);
}

#[test]
fn what_is_missing_has_its_code() {
    let mut world = World::new();
    let answer = call!(world, DescribeCluster, ops::DescribeCluster { name: "no".into() });
    assert_eq!(answer, Err(("ResourceNotFoundException".into(), ErrorClass::NotFound)));
    let answer = call!(world, DescribeCluster, ops::DescribeCluster { name: String::new() });
    assert_eq!(answer, Err(("InvalidParameterException".into(), ErrorClass::Invalid)));
    let answer = call!(world, GetInstanceProfile, ops::GetInstanceProfile { name: "no".into() });
    assert_eq!(answer, Err(("NoSuchEntity".into(), ErrorClass::NotFound)));
}

#[test]
fn parameters_follow_the_releases() {
    let mut world = World::new();
    for minor in ["1.33", "1.34", "1.35"] {
        for arch in ["x86_64", "arm64"] {
            let path = format!("{PREFIX}/{minor}/amazon-linux-2023/{arch}/standard");
            let name =
                |date: &str| format!("amazon-eks-node-al2023-{arch}-standard-{minor}-v{date}");
            let names = [
                format!("{path}/recommended/image_id"),
                format!("{path}/{}/image_id", name("20260712")),
                format!("{path}/{}/image_id", name("20260801")),
                format!("{path}/{}/image_id", name("20260101")),
            ];
            let found = parameters(&mut world, &names);
            assert_eq!(found.len(), 3, "{path}");
            assert_eq!(found[0], found[1]);
            assert_ne!(found[0], found[2]);
            let input = ops::DescribeImages { ids: found, next_token: None };
            let images = call!(world, DescribeImages, input).expect("read").items;
            assert_eq!(images.len(), 2);
            assert!(images.iter().all(|image| image.architecture == arch));
        }
    }
    let names =
        [format!("{PREFIX}/1.34/amazon-linux-2023/x86_64/standard/recommended/release_version")];
    assert_eq!(parameters(&mut world, &names), ["1.34.1-20260712"]);
    assert_eq!(world.sandbox.release_amis(), Some("20260801"));
    assert_eq!(parameters(&mut world, &names), ["1.34.2-20260801"]);
    let releases = std::iter::from_fn(|| world.sandbox.release_amis()).count();
    assert_eq!(releases, 6);
    assert_eq!(world.sandbox.release_amis(), None);
}

#[test]
fn the_clusters_own_minor_has_images() {
    let name = |minor: &str, variant: &str| {
        format!("{PREFIX}/{minor}/amazon-linux-2023/x86_64/{variant}/recommended/image_id")
    };
    let mut world = World::new();
    assert_eq!(parameters(&mut world, &[name("1.99", "standard")]).len(), 0);
    assert_eq!(parameters(&mut world, &[name("1.34", "nvidia")]).len(), 1);
    let seed = Seed { version: "1.99".into(), ..Seed::default() };
    let mut world = World { sandbox: Sandbox::new(&seed) };
    let found = parameters(&mut world, &[name("1.99", "standard")]);
    let input = ops::DescribeImages { ids: found, next_token: None };
    assert_eq!(call!(world, DescribeImages, input).expect("read").items.len(), 1);
}

#[test]
fn parameters_are_read_by_tens() {
    let mut world = World::new();
    let names = |count: u32| (0..count).map(|n| format!("/p/{n}")).collect::<Vec<_>>();
    let mut read = |names| call!(world, GetParameters, ops::GetParameters { names });
    assert_eq!(read(names(10)).map(|found| found.len()), Ok(0));
    assert!(read(names(11)).is_err());
    assert!(read(names(0)).is_err());
    assert!(read(vec!["/p".into(), "/p".into()]).is_err());
}
