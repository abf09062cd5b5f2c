use kmax_cloud::{ErrorClass, Request, Response, ops};
use kmax_model::{MetadataOptions, TemplateData};

use crate::world::{Refused, World, call, tags};

fn refused(code: &str, class: ErrorClass) -> Refused {
    (code.to_owned(), class)
}

fn create(world: &mut World, input: ops::CreateLaunchTemplate) -> Result<String, Refused> {
    call!(world, CreateLaunchTemplate, input).map(|template| template.id)
}

fn some_data() -> TemplateData {
    TemplateData { image_id: Some("ami-1".into()), ..TemplateData::default() }
}

fn input(name: &str) -> ops::CreateLaunchTemplate {
    ops::CreateLaunchTemplate { name: name.into(), data: some_data(), ..Default::default() }
}

fn describe(
    world: &mut World,
    template_id: Option<&str>,
    versions: &[&str],
) -> Result<Vec<(String, u64)>, Refused> {
    let input = ops::DescribeLaunchTemplateVersions {
        template_id: template_id.map(str::to_owned),
        versions: versions.iter().map(|v| (*v).to_owned()).collect(),
        ..Default::default()
    };
    let page = call!(world, DescribeLaunchTemplateVersions, input)?;
    Ok(page.items.into_iter().map(|v| (v.template_name, v.number)).collect())
}

#[test]
fn a_template_begins_with_version_1() {
    let mut world = World::new();
    let id = create(&mut world, input("abc")).expect("made");
    assert!(id.starts_with("lt-0") && id.len() == 20, "{id}");
    assert_eq!(describe(&mut world, Some(&id), &[]), Ok(vec![("abc".into(), 1)]));
}

#[test]
fn names_are_unique_and_of_a_form() {
    let mut world = World::new();
    create(&mut world, input("abc")).expect("made");
    let code = "InvalidLaunchTemplateName.AlreadyExistsException";
    assert_eq!(create(&mut world, input("abc")), Err(refused(code, ErrorClass::AlreadyExists)));
    let code = "InvalidLaunchTemplateName.MalformedException";
    for name in ["", "ab", "a b c", "é-x", &"x".repeat(129)] {
        assert_eq!(create(&mut world, input(name)), Err(refused(code, ErrorClass::Invalid)));
    }
    create(&mut world, input("kmax-lock/adx-prod/main(1)._")).expect("made");
    create(&mut world, input(&"x".repeat(128))).expect("made");
}

#[test]
fn the_form_of_the_content_is_judged_and_nothing_else() {
    let mut world = World::new();
    let of = |data| ops::CreateLaunchTemplate { data, ..input("abc") };
    let metadata = |metadata| TemplateData { metadata, ..some_data() };
    let user_data = |text: &str| TemplateData { user_data: Some(text.into()), ..some_data() };
    let tagged = |kind: &str, key: &str| TemplateData {
        tags: [(kind.to_owned(), tags(&[(key, "v")]))].into(),
        ..some_data()
    };
    let bad = [
        TemplateData::default(),
        user_data("not base64!"),
        user_data(&"QUFB".repeat(16 * 1024 / 3 + 1)),
        metadata(MetadataOptions { http_tokens: Some("maybe".into()), ..Default::default() }),
        metadata(MetadataOptions { hop_limit: Some(65), ..Default::default() }),
        tagged("instance", "aws:x"),
        tagged("instance", &"k".repeat(129)),
        tagged("subnet", "x"),
    ];
    for data in bad {
        let answer = create(&mut world, of(data.clone()));
        assert!(matches!(answer, Err((_, ErrorClass::Invalid))), "{answer:?} {data:?}");
    }
    let description = "d".repeat(256);
    let long = ops::CreateLaunchTemplate { description, ..input("abc") };
    assert!(create(&mut world, long).is_err());
    // An image that does not exist is not noticed here.
    create(&mut world, input("abc")).expect("made");
    let data = user_data(&"QUFB".repeat(16 * 1024 / 3));
    create(&mut world, ops::CreateLaunchTemplate { name: "full".into(), ..of(data) })
        .expect("made");
}

#[test]
fn a_token_replays_the_first_answer() {
    let mut world = World::new();
    let with_token =
        |name: &str| ops::CreateLaunchTemplate { client_token: "t".into(), ..input(name) };
    let id = create(&mut world, with_token("abc")).expect("made");
    assert_eq!(create(&mut world, with_token("abc")), Ok(id.clone()));
    let mismatch = refused("IdempotentParameterMismatch", ErrorClass::Conflict);
    assert_eq!(create(&mut world, with_token("abd")), Err(mismatch.clone()));
    // Deleted or not: the answer is the first one, and nothing comes back to life.
    let delete = ops::DeleteLaunchTemplate { template_id: id.clone() };
    call!(world, DeleteLaunchTemplate, delete).expect("deleted");
    assert_eq!(create(&mut world, with_token("abc")), Ok(id));
    assert!(world.sandbox.show().templates.is_empty());

    let id = create(&mut world, input("abc")).expect("made");
    let version = |image: &str| ops::CreateLaunchTemplateVersion {
        template_id: id.clone(),
        description: "two".into(),
        data: TemplateData { image_id: Some(image.into()), ..TemplateData::default() },
        client_token: "t".into(),
    };
    let first = call!(world, CreateLaunchTemplateVersion, version("ami-2")).expect("made");
    let second = call!(world, CreateLaunchTemplateVersion, version("ami-2")).expect("replayed");
    assert_eq!((first.number, &first), (2, &second));
    let answer = call!(world, CreateLaunchTemplateVersion, version("ami-3"));
    assert_eq!(answer, Err(mismatch));
    assert_eq!(describe(&mut world, Some(&id), &[]).map(|v| v.len()), Ok(2));
    // A token is forgotten after a day.
    world.sandbox.age(86_400);
    let third = call!(world, CreateLaunchTemplateVersion, version("ami-3")).expect("made");
    assert_eq!(third.number, 3);
}

#[test]
fn numbers_of_versions_are_not_used_again() {
    let mut world = World::new();
    let id = create(&mut world, input("abc")).expect("made");
    for _ in 0..3 {
        world.create_version(&id, some_data());
    }
    let delete = |versions: &[u64]| ops::DeleteLaunchTemplateVersions {
        template_id: id.clone(),
        versions: versions.to_vec(),
    };
    let answers = call!(world, DeleteLaunchTemplateVersions, delete(&[1, 4, 9])).expect("200");
    let codes: Vec<(u64, Option<&str>)> = answers
        .iter()
        .map(|answer| (answer.version, answer.error.as_ref().map(|(code, _)| code.as_str())))
        .collect();
    let missing = "launchTemplateVersionDoesNotExist";
    assert_eq!(codes, [(1, Some("unexpectedError")), (4, None), (9, Some(missing))]);
    let latest = describe(&mut world, Some(&id), &["$Latest"]);
    assert_eq!(latest, Ok(vec![("abc".into(), 3)]));
    assert_eq!(world.create_version(&id, some_data()).number, 5);
    let many: Vec<u64> = (1..=201).collect();
    assert!(call!(world, DeleteLaunchTemplateVersions, delete(&many)).is_err());
    assert!(call!(world, DeleteLaunchTemplateVersions, delete(&[])).is_err());
}

#[test]
fn the_default_version_moves_only_to_one_that_exists() {
    let mut world = World::new();
    let id = create(&mut world, input("abc")).expect("made");
    world.create_version(&id, some_data());
    let modify = |template_id: &str, default_version| ops::ModifyLaunchTemplate {
        template_id: template_id.to_owned(),
        default_version,
        client_token: String::new(),
    };
    let template = call!(world, ModifyLaunchTemplate, modify(&id, 2)).expect("modified");
    assert_eq!((template.default_version, template.latest_version), (2, 2));
    let code = "InvalidLaunchTemplateId.VersionNotFound";
    let answer = call!(world, ModifyLaunchTemplate, modify(&id, 3));
    assert_eq!(answer, Err(refused(code, ErrorClass::NotFound)));
    let answer = call!(world, ModifyLaunchTemplate, modify("lt-0123456789abcdef0", 1));
    assert_eq!(answer, Err(refused("InvalidLaunchTemplateId.NotFound", ErrorClass::NotFound)));
    let answer = call!(world, ModifyLaunchTemplate, modify("nothing", 1));
    assert_eq!(answer, Err(refused("InvalidLaunchTemplateId.Malformed", ErrorClass::Invalid)));
}

#[test]
fn latest_and_default_of_all_templates_come_once_each() {
    let mut world = World::new();
    create(&mut world, input("abc")).expect("made");
    let id = create(&mut world, input("abd")).expect("made");
    world.create_version(&id, some_data());
    let mut all = describe(&mut world, None, &["$Latest", "$Default"]).expect("read");
    all.sort();
    assert_eq!(all, [("abc".into(), 1), ("abd".into(), 1), ("abd".into(), 2)]);
    for versions in [&[][..], &["1"], &["$Latest", "1"]] {
        assert!(describe(&mut world, None, versions).is_err());
    }
    let both = describe(&mut world, Some(&id), &["$Latest", "2", "$Default"]);
    assert_eq!(both, Ok(vec![("abd".into(), 1), ("abd".into(), 2)]));
    let code = "InvalidLaunchTemplateId.VersionNotFound";
    let missing = describe(&mut world, Some(&id), &["7"]);
    assert_eq!(missing, Err(refused(code, ErrorClass::NotFound)));
}

#[test]
fn templates_are_found_by_name_and_by_tag() {
    let mut world = World::new();
    let tags_of_a = tags(&[("kmax:cluster", "a"), ("x", "1")]);
    let a = ops::CreateLaunchTemplate { tags: tags_of_a, ..input("abc") };
    create(&mut world, a).expect("made");
    create(&mut world, input("abd")).expect("made");
    let mut find = |names: &[&str], pairs: &[(&str, &str)]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let input = ops::DescribeLaunchTemplates { names, tags: tags(pairs), ..Default::default() };
        let page = call!(world, DescribeLaunchTemplates, input).expect("read");
        let mut names: Vec<String> = page.items.into_iter().map(|t| t.name).collect();
        names.sort();
        names
    };
    assert_eq!(find(&[], &[]), ["abc", "abd"]);
    assert_eq!(find(&["abd", "nothing"], &[]), ["abd"]);
    assert_eq!(find(&[], &[("kmax:cluster", "a")]), ["abc"]);
    assert!(find(&[], &[("kmax:cluster", "b")]).is_empty());
    assert!(find(&["abd"], &[("kmax:cluster", "a")]).is_empty());
}

#[test]
fn tags_are_added_and_overwritten() {
    let mut world = World::new();
    let id = create(&mut world, input("abc")).expect("made");
    let mut tag = |resource: &str, pairs: &[(&str, &str)]| {
        let input = ops::CreateTags { resource: resource.to_owned(), tags: tags(pairs) };
        call!(world, CreateTags, input)
    };
    tag(&id, &[("a", "1"), ("b", "1")]).expect("tagged");
    tag(&id, &[("b", "2")]).expect("tagged");
    assert!(tag(&id, &[("aws:b", "2")]).is_err());
    assert!(tag(&id, &[]).is_err());
    let missing = tag("lt-0123456789abcdef0", &[("a", "1")]);
    assert_eq!(missing, Err(refused("InvalidLaunchTemplateId.NotFound", ErrorClass::NotFound)));
    let keys: Vec<String> = (0..49).map(|n| format!("k{n}")).collect();
    let many: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "")).collect();
    assert!(tag(&id, &many).is_err());
    let page = call!(world, DescribeLaunchTemplates, ops::DescribeLaunchTemplates::default());
    let found = page.expect("read").items;
    assert_eq!(found[0].tags, tags(&[("a", "1"), ("b", "2")]));
}

#[test]
fn a_template_in_use_can_be_deleted() {
    let mut world = World::new();
    let template = world.create_pool("abc");
    let delete = ops::DeleteLaunchTemplate { template_id: template.id };
    call!(world, DeleteLaunchTemplate, delete.clone()).expect("deleted");
    let code = "InvalidLaunchTemplateId.NotFound";
    let answer = call!(world, DeleteLaunchTemplate, delete);
    assert_eq!(answer, Err(refused(code, ErrorClass::NotFound)));
    // The group stays, and can't launch any more.
    world.sandbox.scale("abc", 1).expect("scaled");
    assert!(world.group("abc").instances.is_empty());
}

#[test]
fn the_5000th_template_is_the_last() {
    let mut world = World::new();
    for n in 0..5_000 {
        create(&mut world, input(&format!("template-{n}"))).expect("made");
    }
    let answer = create(&mut world, input("one-more"));
    assert_eq!(answer, Err(refused("LaunchTemplateLimitExceeded", ErrorClass::Limit)));
}
