//! Versions of launch templates.

use std::collections::BTreeSet;

use kmax_cloud::ErrorClass::{Conflict, Invalid, NotFound};
use kmax_cloud::ops;
use kmax_model::TemplateData;

use super::case::cases;
use super::fixture::{Fixture, refused, refused_as};

cases!("versions":
    numbered_in_order,
    read_by_number_and_alias,
    read_of_all_templates,
    read_of_all_templates_by_alias_only,
    missing_template,
    missing_version,
    whole_never_merged,
    same_token_same_version,
    same_token_other_body,
    description_has_a_length,
    user_data_has_a_form,
    deleted_ones_and_those_that_can_not_be,
    of_a_missing_template_are_not_deleted,
    numbers_are_not_used_again,
    at_most_200_are_deleted,
    pages,
    pages_have_bounds,
);

/// Returns data that differ by a number.
async fn numbered(f: &Fixture, number: u32) -> TemplateData {
    use kmax_model::MetadataOptions;
    let metadata = MetadataOptions { hop_limit: Some(number), ..MetadataOptions::default() };
    TemplateData { metadata, ..f.data().await }
}

async fn numbered_in_order(f: Fixture) {
    let template = f.make_template("numbered").await;
    for number in 2..5 {
        let data = numbered(&f, number).await;
        let made = f.make_version(&template.id, data.clone()).await;
        assert_eq!(made.number, u64::from(number));
        assert_eq!(made.description, data.description());
        assert_eq!(made.data, data);
        assert_eq!((&made.template_id, &made.template_name), (&template.id, &template.name));
        assert!(made.is_kmax());
    }
    let now = &f.templates(&["numbered"]).await[0];
    assert_eq!((now.default_version, now.latest_version), (1, 4));
    let numbers: Vec<_> = f.versions(&template.id, &[]).await.iter().map(|it| it.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
}

async fn read_by_number_and_alias(f: Fixture) {
    let template = f.make_template("aliased").await;
    for number in 2..4 {
        f.make_version(&template.id, numbered(&f, number).await).await;
    }
    assert_eq!(f.version(&template.id, "$Default").await.number, 1);
    assert_eq!(f.version(&template.id, "$Latest").await.number, 3);
    let found = f.versions(&template.id, &["2", "3"]).await;
    assert_eq!(found.iter().map(|it| it.number).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(found[0].data, numbered(&f, 2).await);
}

async fn bulk(f: &Fixture, versions: &[&str]) -> BTreeSet<(String, u64)> {
    let input = ops::DescribeLaunchTemplateVersions {
        versions: versions.iter().map(|version| (*version).to_owned()).collect(),
        ..ops::DescribeLaunchTemplateVersions::default()
    };
    let found = f.aws.describe_launch_template_versions(input).await.unwrap().items;
    found.into_iter().map(|it| (it.template_name, it.number)).collect()
}

async fn read_of_all_templates(f: Fixture) {
    let first = f.make_template("first").await;
    f.make_version(&first.id, numbered(&f, 2).await).await;
    f.make_version(&first.id, numbered(&f, 3).await).await;
    f.make_template("second").await;
    let pair = |name: &str, number| (name.to_owned(), number);
    let latest = BTreeSet::from([pair("first", 3), pair("second", 1)]);
    assert_eq!(bulk(&f, &["$Latest"]).await, latest);
    let default = BTreeSet::from([pair("first", 1), pair("second", 1)]);
    assert_eq!(bulk(&f, &["$Default"]).await, default);
    assert_eq!(bulk(&f, &["$Latest", "$Default"]).await, &latest | &default);
}

async fn read_of_all_templates_by_alias_only(f: Fixture) {
    f.make_template("first").await;
    for versions in [vec![], vec!["1".to_owned()]] {
        let input = ops::DescribeLaunchTemplateVersions {
            versions,
            ..ops::DescribeLaunchTemplateVersions::default()
        };
        refused_as(f.aws.describe_launch_template_versions(input).await, Invalid);
    }
}

async fn missing_template(f: Fixture) {
    let input = ops::CreateLaunchTemplateVersion {
        template_id: "lt-0ffffffffffffffff".to_owned(),
        description: String::new(),
        data: f.data().await,
        client_token: f.token(),
    };
    refused(
        f.aws.create_launch_template_version(input).await,
        NotFound,
        "InvalidLaunchTemplateId.NotFound",
    );
}

async fn missing_version(f: Fixture) {
    let template = f.make_template("short").await;
    let input = ops::DescribeLaunchTemplateVersions {
        template_id: Some(template.id),
        versions: vec!["1".to_owned(), "9".to_owned()],
        ..ops::DescribeLaunchTemplateVersions::default()
    };
    refused(
        f.aws.describe_launch_template_versions(input).await,
        NotFound,
        "InvalidLaunchTemplateId.VersionNotFound",
    );
}

async fn whole_never_merged(f: Fixture) {
    let template = f.make_template("whole").await;
    let data = TemplateData { user_data: Some("YQ==".to_owned()), ..TemplateData::default() };
    let made = f.make_version(&template.id, data.clone()).await;
    assert_eq!(made.data, data);
    assert_eq!(f.version(&template.id, "2").await.data, data);
}

async fn same_token_same_version(f: Fixture) {
    let template = f.make_template("once").await;
    let data = numbered(&f, 2).await;
    let input = ops::CreateLaunchTemplateVersion {
        template_id: template.id.clone(),
        description: data.description(),
        data,
        client_token: f.token(),
    };
    let first = f.aws.create_launch_template_version(input.clone()).await.unwrap();
    let second = f.aws.create_launch_template_version(input).await.unwrap();
    assert_eq!(first.number, 2);
    assert_eq!(first, second);
    assert_eq!(f.versions(&template.id, &[]).await.len(), 2);
}

async fn same_token_other_body(f: Fixture) {
    let template = f.make_template("once").await;
    let input = ops::CreateLaunchTemplateVersion {
        template_id: template.id.clone(),
        description: String::new(),
        data: numbered(&f, 2).await,
        client_token: f.token(),
    };
    f.aws.create_launch_template_version(input.clone()).await.unwrap();
    let other = ops::CreateLaunchTemplateVersion { data: numbered(&f, 3).await, ..input };
    refused(
        f.aws.create_launch_template_version(other).await,
        Conflict,
        "IdempotentParameterMismatch",
    );
    assert_eq!(f.versions(&template.id, &[]).await.len(), 2);
}

async fn description_has_a_length(f: Fixture) {
    let template = f.make_template("long").await;
    let input = ops::CreateLaunchTemplateVersion {
        template_id: template.id.clone(),
        description: "x".repeat(256),
        data: f.data().await,
        client_token: f.token(),
    };
    refused_as(f.aws.create_launch_template_version(input.clone()).await, Invalid);
    let fits = ops::CreateLaunchTemplateVersion {
        description: "x".repeat(255),
        client_token: f.token(),
        ..input
    };
    f.aws.create_launch_template_version(fits).await.unwrap();
    assert_eq!(f.version(&template.id, "2").await.description, "x".repeat(255));
}

async fn user_data_has_a_form(f: Fixture) {
    let template = f.make_template("coded").await;
    // 16,384 bytes are 21,848 characters of base64.
    for user_data in ["no base64!".to_owned(), "AAAA".repeat(5_462)] {
        let input = ops::CreateLaunchTemplateVersion {
            template_id: template.id.clone(),
            description: String::new(),
            data: TemplateData { user_data: Some(user_data), ..TemplateData::default() },
            client_token: f.token(),
        };
        refused_as(f.aws.create_launch_template_version(input).await, Invalid);
    }
    let data = TemplateData { user_data: Some("AAAA".repeat(5_461)), ..TemplateData::default() };
    f.make_version(&template.id, data.clone()).await;
    assert_eq!(f.version(&template.id, "2").await.data, data);
}

async fn delete(f: &Fixture, id: &str, versions: Vec<u64>) -> Vec<(u64, Option<String>)> {
    let input = ops::DeleteLaunchTemplateVersions { template_id: id.to_owned(), versions };
    let answer = f.aws.delete_launch_template_versions(input).await.unwrap();
    let mut found: Vec<_> =
        answer.into_iter().map(|it| (it.version, it.error.map(|(code, _)| code))).collect();
    found.sort();
    found
}

async fn deleted_ones_and_those_that_can_not_be(f: Fixture) {
    let template = f.make_template("pruned").await;
    for number in 2..5 {
        f.make_version(&template.id, numbered(&f, number).await).await;
    }
    let answer = delete(&f, &template.id, vec![1, 2, 3, 9]).await;
    assert_eq!(answer.len(), 4, "{answer:?}");
    // Version 1 is the default.
    assert_eq!((answer[0].0, answer[0].1.is_some()), (1, true));
    assert_eq!(answer[1..3], [(2, None), (3, None)]);
    let missing = "launchTemplateVersionDoesNotExist".to_owned();
    assert_eq!(answer[3], (9, Some(missing)));
    let left: Vec<_> = f.versions(&template.id, &[]).await.iter().map(|it| it.number).collect();
    assert_eq!(left, [1, 4]);
}

async fn of_a_missing_template_are_not_deleted(f: Fixture) {
    let answer = delete(&f, "lt-0ffffffffffffffff", vec![1, 2]).await;
    let code = || Some("launchTemplateIdDoesNotExist".to_owned());
    assert_eq!(answer, [(1, code()), (2, code())]);
}

async fn numbers_are_not_used_again(f: Fixture) {
    let template = f.make_template("counted").await;
    f.make_version(&template.id, numbered(&f, 2).await).await;
    f.make_version(&template.id, numbered(&f, 3).await).await;
    assert_eq!(delete(&f, &template.id, vec![3]).await, [(3, None)]);
    assert_eq!(f.templates(&["counted"]).await[0].latest_version, 2);
    assert_eq!(f.make_version(&template.id, numbered(&f, 3).await).await.number, 4);
}

async fn at_most_200_are_deleted(f: Fixture) {
    let template = f.make_template("many").await;
    let versions = (2..203).collect();
    let input = ops::DeleteLaunchTemplateVersions { template_id: template.id, versions };
    refused_as(f.aws.delete_launch_template_versions(input).await, Invalid);
}

async fn pages(f: Fixture) {
    let template = f.make_template("paged").await;
    for number in 2..8 {
        f.make_version(&template.id, numbered(&f, number).await).await;
    }
    let mut sizes = Vec::new();
    let mut numbers = BTreeSet::new();
    let mut next_token = None;
    loop {
        let input = ops::DescribeLaunchTemplateVersions {
            template_id: Some(template.id.clone()),
            max_results: Some(3),
            next_token,
            ..ops::DescribeLaunchTemplateVersions::default()
        };
        let page = f.aws.describe_launch_template_versions(input).await.unwrap();
        sizes.push(page.items.len());
        numbers.extend(page.items.iter().map(|version| version.number));
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [3, 3, 1]);
    assert_eq!(numbers, (1..8).collect());
}

async fn pages_have_bounds(f: Fixture) {
    let input = ops::DescribeLaunchTemplateVersions {
        versions: vec!["$Latest".to_owned()],
        max_results: Some(201),
        ..ops::DescribeLaunchTemplateVersions::default()
    };
    refused_as(f.aws.describe_launch_template_versions(input).await, Invalid);
}
