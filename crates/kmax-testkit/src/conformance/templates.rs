//! Launch templates themselves.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use kmax_cloud::ErrorClass::{AlreadyExists, Conflict, Invalid, NotFound};
use kmax_cloud::{Page, ops};
use kmax_model::{LaunchTemplate, TemplateData};

use super::case::cases;
use super::fixture::{Fixture, refused, refused_as, text_map};

cases!("templates":
    created_and_read_back,
    name_is_taken,
    one_of_two_takers_wins,
    one_of_two_deleters_wins,
    name_has_a_form,
    empty_data_is_refused,
    names_that_are_missing_are_left_out,
    read_by_tags,
    tags_are_no_patterns,
    pages,
    pages_have_bounds,
    same_token_same_template,
    same_token_other_body,
    default_version_moves,
    default_version_must_exist,
    same_token_same_modification,
    deleted,
    name_is_free_after_deletion,
    tags_are_added_and_overwritten,
    tags_of_a_missing_template,
    token_of_a_page_is_checked,
);

fn input(f: &Fixture, name: &str, data: TemplateData) -> ops::CreateLaunchTemplate {
    ops::CreateLaunchTemplate {
        name: name.to_owned(),
        description: data.description(),
        data,
        tags: BTreeMap::new(),
        client_token: f.token(),
    }
}

async fn created_and_read_back(f: Fixture) {
    let data = f.data().await;
    let tags = text_map([("kmax:cluster", "c"), ("note", "a & <b> \"c\" ü")]);
    let made = f
        .aws
        .create_launch_template(ops::CreateLaunchTemplate {
            tags: tags.clone(),
            ..input(&f, "kmax-lock/c.d_e(f)/main", data.clone())
        })
        .await
        .unwrap();
    let expected = LaunchTemplate {
        id: made.id.clone(),
        name: "kmax-lock/c.d_e(f)/main".to_owned(),
        default_version: 1,
        latest_version: 1,
        tags,
    };
    assert!(made.id.starts_with("lt-"), "{}", made.id);
    assert_eq!(made, expected);
    assert_eq!(f.templates(&["kmax-lock/c.d_e(f)/main"]).await, [expected]);
    let version = f.version(&made.id, "1").await;
    assert_eq!((version.template_id, version.template_name), (made.id, made.name));
    assert_eq!((version.number, version.data), (1, data));
}

async fn name_is_taken(f: Fixture) {
    let first = f.make_template("taken").await;
    let again = input(&f, "taken", f.data().await);
    refused(
        f.aws.create_launch_template(again).await,
        AlreadyExists,
        "InvalidLaunchTemplateName.AlreadyExistsException",
    );
    assert_eq!(f.templates(&[]).await, [first]);
}

/// What a lock is built on.
async fn one_of_two_takers_wins(f: Fixture) {
    let data = f.data().await;
    let takers = (0..8).map(|_| f.aws.create_launch_template(input(&f, "lock", data.clone())));
    let answers = futures::future::join_all(takers).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    for answer in lost {
        refused(answer, AlreadyExists, "InvalidLaunchTemplateName.AlreadyExistsException");
    }
    assert_eq!(f.templates(&[]).await[0].id, won[0].as_ref().unwrap().id);
}

async fn one_of_two_deleters_wins(f: Fixture) {
    let template_id = f.make_template("lock").await.id;
    let delete = || ops::DeleteLaunchTemplate { template_id: template_id.clone() };
    let deleters = (0..8).map(|_| f.aws.delete_launch_template(delete()));
    let answers = futures::future::join_all(deleters).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    for answer in lost {
        refused(answer, NotFound, "InvalidLaunchTemplateId.NotFound");
    }
}

async fn name_has_a_form(f: Fixture) {
    for name in ["ab", "a b c", "a:b", &"x".repeat(129)] {
        let wrong = input(&f, name, f.data().await);
        refused_as(f.aws.create_launch_template(wrong).await, Invalid);
    }
    assert_eq!(f.templates(&[]).await, []);
}

async fn empty_data_is_refused(f: Fixture) {
    let empty = input(&f, "empty", TemplateData::default());
    refused(f.aws.create_launch_template(empty).await, Invalid, "MissingParameter");
}

async fn names_that_are_missing_are_left_out(f: Fixture) {
    f.make_template("here").await;
    f.make_template("there").await;
    let found = f.templates(&["here", "nowhere"]).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].name, "here");
    assert_eq!(f.templates(&["nowhere"]).await, []);
}

async fn read_by_tags(f: Fixture) {
    for (name, stack) in [("one", "main"), ("two", "blue"), ("three", "main")] {
        let tags = text_map([("kmax:cluster", "c"), ("kmax:stack", stack)]);
        let made = ops::CreateLaunchTemplate { tags, ..input(&f, name, f.data().await) };
        f.aws.create_launch_template(made).await.unwrap();
    }
    let read = async |tags| {
        let input =
            ops::DescribeLaunchTemplates { tags, ..ops::DescribeLaunchTemplates::default() };
        let found = f.aws.describe_launch_templates(input).await.unwrap().items;
        found.into_iter().map(|template| template.name).collect::<BTreeSet<_>>()
    };
    let main = text_map([("kmax:cluster", "c"), ("kmax:stack", "main")]);
    assert_eq!(read(main).await, BTreeSet::from(["one".to_owned(), "three".to_owned()]));
    assert_eq!(read(text_map([("kmax:cluster", "c")])).await.len(), 3);
    assert_eq!(read(text_map([("kmax:cluster", "C")])).await.len(), 0);
}

async fn tags_are_no_patterns(f: Fixture) {
    let make = async |name, note| {
        let tags = text_map([("note", note)]);
        let input = ops::CreateLaunchTemplate { tags, ..input(&f, name, f.data().await) };
        f.aws.create_launch_template(input).await.unwrap();
    };
    make("starred", "a*c?").await;
    make("plain", "abcd").await;
    let tags = text_map([("note", "a*c?")]);
    let input = ops::DescribeLaunchTemplates { tags, ..ops::DescribeLaunchTemplates::default() };
    let found = f.aws.describe_launch_templates(input).await.unwrap().items;
    assert_eq!(found.iter().map(|it| &*it.name).collect::<Vec<_>>(), ["starred"]);
}

async fn make_many(f: &Fixture, count: usize) {
    let data = f.data().await;
    let make = |at| {
        let data = data.clone();
        async move { f.make_template_of(&template_name(at), data).await }
    };
    let makes: Vec<_> = (0..count).map(make).collect();
    futures::stream::iter(makes).buffer_unordered(8).collect::<Vec<_>>().await;
}

fn template_name(at: usize) -> String {
    format!("many-{at:03}")
}

async fn pages(f: Fixture) {
    make_many(&f, 250).await;
    let mut sizes = Vec::new();
    let mut names = BTreeSet::new();
    let mut next_token = None;
    loop {
        let Page { items, next_token: next } = f
            .aws
            .describe_launch_templates(ops::DescribeLaunchTemplates {
                max_results: Some(100),
                next_token,
                ..ops::DescribeLaunchTemplates::default()
            })
            .await
            .unwrap();
        sizes.push(items.len());
        names.extend(items.into_iter().map(|template| template.name));
        next_token = next;
        if next_token.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [100, 100, 50]);
    assert_eq!(names, (0..250).map(template_name).collect());
    // The service's default is its greatest page.
    let page =
        f.aws.describe_launch_templates(ops::DescribeLaunchTemplates::default()).await.unwrap();
    assert_eq!((page.items.len(), page.next_token.is_some()), (200, true));
    // Versions of all templates, in bulk.
    let bulk = |next_token| {
        f.aws.describe_launch_template_versions(ops::DescribeLaunchTemplateVersions {
            versions: vec!["$Latest".to_owned(), "$Default".to_owned()],
            max_results: Some(200),
            next_token,
            ..ops::DescribeLaunchTemplateVersions::default()
        })
    };
    let first = bulk(None).await.unwrap();
    assert_eq!((first.items.len(), first.next_token.is_some()), (200, true));
    let all = kmax_cloud::collect_pages(bulk).await.unwrap();
    let names: BTreeSet<_> = all.into_iter().map(|version| version.template_name).collect();
    assert_eq!(names, (0..250).map(template_name).collect());
}

async fn pages_have_bounds(f: Fixture) {
    let input = ops::DescribeLaunchTemplates {
        max_results: Some(201),
        ..ops::DescribeLaunchTemplates::default()
    };
    refused_as(f.aws.describe_launch_templates(input).await, Invalid);
}

async fn token_of_a_page_is_checked(f: Fixture) {
    let input = ops::DescribeLaunchTemplates {
        next_token: Some("no such token".to_owned()),
        ..ops::DescribeLaunchTemplates::default()
    };
    refused_as(f.aws.describe_launch_templates(input).await, Invalid);
}

async fn same_token_same_template(f: Fixture) {
    let input = input(&f, "once", f.data().await);
    let first = f.aws.create_launch_template(input.clone()).await.unwrap();
    let second = f.aws.create_launch_template(input).await.unwrap();
    assert_eq!(first.id, second.id);
    assert_eq!(f.templates(&[]).await.len(), 1);
    assert_eq!(f.versions(&first.id, &[]).await.len(), 1);
}

async fn same_token_other_body(f: Fixture) {
    let first = input(&f, "once", f.data().await);
    f.aws.create_launch_template(first.clone()).await.unwrap();
    let other = ops::CreateLaunchTemplate { name: "twice".to_owned(), ..first };
    refused(f.aws.create_launch_template(other).await, Conflict, "IdempotentParameterMismatch");
    assert_eq!(f.templates(&["twice"]).await, []);
}

async fn default_version_moves(f: Fixture) {
    let template = f.make_template("moving").await;
    let data = TemplateData { user_data: Some("YQ==".to_owned()), ..f.data().await };
    f.make_version(&template.id, data).await;
    let before = &f.templates(&["moving"]).await[0];
    assert_eq!((before.default_version, before.latest_version), (1, 2));
    let modify = ops::ModifyLaunchTemplate {
        template_id: template.id.clone(),
        default_version: 2,
        client_token: f.token(),
    };
    let answer = f.aws.modify_launch_template(modify).await.unwrap();
    assert_eq!((answer.default_version, answer.latest_version), (2, 2));
    assert_eq!(f.templates(&["moving"]).await[0].default_version, 2);
    assert_eq!(f.version(&template.id, "$Default").await.number, 2);
}

async fn default_version_must_exist(f: Fixture) {
    let template = f.make_template("moving").await;
    let modify = |template_id: &str, default_version| {
        f.aws.modify_launch_template(ops::ModifyLaunchTemplate {
            template_id: template_id.to_owned(),
            default_version,
            client_token: f.token(),
        })
    };
    refused(modify(&template.id, 7).await, NotFound, "InvalidLaunchTemplateId.VersionNotFound");
    refused(modify("lt-0ffffffffffffffff", 1).await, NotFound, "InvalidLaunchTemplateId.NotFound");
    assert_eq!(f.templates(&["moving"]).await[0].default_version, 1);
}

async fn same_token_same_modification(f: Fixture) {
    let template = f.make_template("moving").await;
    f.make_version(&template.id, f.data().await).await;
    let modify = ops::ModifyLaunchTemplate {
        template_id: template.id.clone(),
        default_version: 2,
        client_token: f.token(),
    };
    f.aws.modify_launch_template(modify.clone()).await.unwrap();
    f.aws.modify_launch_template(modify.clone()).await.unwrap();
    let other = ops::ModifyLaunchTemplate { default_version: 1, ..modify };
    refused(f.aws.modify_launch_template(other).await, Conflict, "IdempotentParameterMismatch");
    assert_eq!(f.templates(&["moving"]).await[0].default_version, 2);
}

async fn deleted(f: Fixture) {
    let template = f.make_template("gone").await;
    let delete = ops::DeleteLaunchTemplate { template_id: template.id.clone() };
    f.aws.delete_launch_template(delete.clone()).await.unwrap();
    assert_eq!(f.templates(&["gone"]).await, []);
    refused(
        f.aws.delete_launch_template(delete).await,
        NotFound,
        "InvalidLaunchTemplateId.NotFound",
    );
    let input = ops::DescribeLaunchTemplateVersions {
        template_id: Some(template.id),
        ..ops::DescribeLaunchTemplateVersions::default()
    };
    refused(
        f.aws.describe_launch_template_versions(input).await,
        NotFound,
        "InvalidLaunchTemplateId.NotFound",
    );
}

async fn name_is_free_after_deletion(f: Fixture) {
    let first = f.make_template("again").await;
    let delete = ops::DeleteLaunchTemplate { template_id: first.id.clone() };
    f.aws.delete_launch_template(delete).await.unwrap();
    let second = f.make_template("again").await;
    assert_ne!(first.id, second.id);
    assert_eq!((second.default_version, second.latest_version), (1, 1));
}

async fn tags_are_added_and_overwritten(f: Fixture) {
    let template = f.make_template("tagged").await;
    let tags = text_map([("kmax:stack", "blue"), ("until", "2026-08-01T00:00:00Z"), ("empty", "")]);
    let input = ops::CreateTags { resource: template.id, tags };
    f.aws.create_tags(input).await.unwrap();
    let expected = text_map([
        ("empty", ""),
        ("kmax:cluster", "c"),
        ("kmax:stack", "blue"),
        ("until", "2026-08-01T00:00:00Z"),
    ]);
    assert_eq!(f.templates(&["tagged"]).await[0].tags, expected);
}

async fn tags_of_a_missing_template(f: Fixture) {
    let tags = text_map([("a", "b")]);
    let input = ops::CreateTags { resource: "lt-0ffffffffffffffff".to_owned(), tags };
    refused(f.aws.create_tags(input).await, NotFound, "InvalidLaunchTemplateId.NotFound");
}
