use kmax_cloud::{ErrorClass, Request, Response, ops};

use crate::world::{World, call, set};

#[test]
fn sizes_of_pages_are_bounded() {
    let mut world = World::new();
    for size in [0, 201] {
        let input = ops::DescribeLaunchTemplates { max_results: Some(size), ..Default::default() };
        assert!(call!(world, DescribeLaunchTemplates, input).is_err(), "{size}");
        let input = ops::DescribeLaunchTemplateVersions {
            versions: vec!["$Latest".into()],
            max_results: Some(size),
            ..Default::default()
        };
        assert!(call!(world, DescribeLaunchTemplateVersions, input).is_err(), "{size}");
    }
    for size in [4, 101] {
        let input = ops::DescribeInstanceTypes { max_results: Some(size), ..Default::default() };
        assert!(call!(world, DescribeInstanceTypes, input).is_err(), "{size}");
    }
    for size in [4, 1_001] {
        let max_results = Some(size);
        let input = ops::DescribeInstanceTypeOfferings { max_results, ..Default::default() };
        assert!(call!(world, DescribeInstanceTypeOfferings, input).is_err(), "{size}");
        let input = ops::DescribeInstances { max_results, ..Default::default() };
        assert!(call!(world, DescribeInstances, input).is_err(), "{size}");
    }
    for size in [0, 101] {
        let max_records = Some(size);
        let input = ops::DescribeAutoScalingGroups { max_records, ..Default::default() };
        let answer = call!(world, DescribeAutoScalingGroups, input);
        assert_eq!(answer, Err(("ValidationError".into(), ErrorClass::Invalid)));
    }
    for (count, max_records) in [(51, None), (21, Some(20)), (101, Some(100))] {
        let mut read = |count: u32| {
            let names = (0..count).map(|n| format!("g{n}")).collect();
            let input = ops::DescribeAutoScalingGroups { names, max_records, next_token: None };
            call!(world, DescribeAutoScalingGroups, input).is_ok()
        };
        assert_eq!([read(count - 1), read(count)], [true, false], "{count}");
    }
    let names = (0..201).map(|n| format!("g{n}")).collect();
    let input = ops::DescribeLaunchTemplates { names, ..Default::default() };
    assert!(call!(world, DescribeLaunchTemplates, input).is_err());
}

#[test]
fn groups_come_by_50_unless_asked_otherwise() {
    let mut world = World::new();
    let template = world.create_pool("g000");
    let input = world.group_input("", World::policy(&template, "1"));
    for n in 1..120 {
        let name = format!("g{n:03}");
        let input = ops::CreateAutoScalingGroup { name, ..input.clone() };
        call!(world, CreateAutoScalingGroup, input).expect("made");
    }
    let mut sizes = |max_records| {
        let mut sizes = Vec::new();
        let mut next_token = None;
        loop {
            let input =
                ops::DescribeAutoScalingGroups { max_records, next_token, ..Default::default() };
            let page = call!(world, DescribeAutoScalingGroups, input).expect("read");
            sizes.push(page.items.len());
            next_token = page.next_token;
            if next_token.is_none() {
                return sizes;
            }
        }
    };
    assert_eq!(sizes(None), [50, 50, 20]);
    assert_eq!(sizes(Some(100)), [100, 20]);
    assert_eq!(sizes(Some(60)), [60, 60]);
}

#[test]
fn tokens_are_good_for_their_own_listing() {
    let mut world = World::new();
    let input = ops::DescribeInstanceTypes::default();
    let page = call!(world, DescribeInstanceTypes, input).expect("read");
    let next_token = page.next_token;
    assert!(next_token.is_some());
    let again = ops::DescribeInstanceTypes { next_token: next_token.clone(), ..Default::default() };
    assert_eq!(call!(world, DescribeInstanceTypes, again).expect("read").items.len(), 100);
    let architecture = Some("arm64".to_owned());
    let next = next_token.clone();
    let input = ops::DescribeInstanceTypes { architecture, next_token: next, max_results: None };
    assert!(call!(world, DescribeInstanceTypes, input).is_err());
    let input = ops::DescribeAutoScalingGroups { next_token, ..Default::default() };
    assert!(call!(world, DescribeAutoScalingGroups, input).is_err());
    let next_token = Some("garbage".to_owned());
    let input = ops::DescribeSubnets { next_token, vpc_id: None };
    assert!(call!(world, DescribeSubnets, input).is_err());
}

#[test]
fn all_types_of_an_architecture_are_read_by_pages() {
    let mut world = World::new();
    let mut next_token = None;
    let mut names = Vec::new();
    loop {
        let architecture = Some("arm64".to_owned());
        let input = ops::DescribeInstanceTypes { architecture, next_token, max_results: Some(100) };
        let page = call!(world, DescribeInstanceTypes, input).expect("read");
        names.extend(page.items.into_iter().map(|t| t.name));
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    assert!(names.len() > 300 && set(&all).len() == names.len());
}
