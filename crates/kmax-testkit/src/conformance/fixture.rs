//! What a case works with.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use kmax_cloud::{Aws, CloudError, ErrorClass, Meter, Metered, collect_pages, ops};
use kmax_model::{
    AutoScalingGroup, Distribution, GroupTag, LaunchSource, LaunchTemplate, MixedInstancesPolicy,
    Override, TemplateData, TemplateRef, TemplateVersion,
};

use super::{Ground, Place};

/// The ground of one case and the calls that most cases make.
#[derive(Clone)]
pub struct Fixture {
    ground: Arc<dyn Ground>,
    tokens: Arc<AtomicU32>,
    pub(super) aws: Aws,
    pub(super) place: Place,
}

impl Fixture {
    pub(super) fn new(ground: Arc<dyn Ground>, meter: Arc<Meter>) -> Self {
        let aws = Aws::new(Arc::new(Metered::new(ground.aws().port(), meter)));
        let place = ground.place();
        Self { ground, tokens: Arc::default(), aws, place }
    }

    pub(super) async fn scale(&self, group: &str, desired: u32) {
        self.ground.scale(group, desired).await;
    }

    /// Returns a client token that no other call of the case has.
    pub(super) fn token(&self) -> String {
        format!("token-{}", self.tokens.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns the name of the SSM parameter of an image: `x86_64` or `arm64`.
    pub(super) fn image_parameter(&self, arch: &str) -> String {
        let version = &self.place.version;
        format!(
            "/aws/service/eks/optimized-ami/{version}/amazon-linux-2023/{arch}/standard/recommended/image_id"
        )
    }

    /// Returns an image's id.
    pub(super) async fn image(&self, arch: &str) -> String {
        let name = self.image_parameter(arch);
        let input = ops::GetParameters { names: vec![name.clone()] };
        let mut found = self.aws.get_parameters(input).await.unwrap();
        found.remove(&name).unwrap_or_else(|| panic!("there is no parameter {name}"))
    }

    pub(super) fn subnets(&self) -> BTreeSet<String> {
        self.place.subnets.values().cloned().collect()
    }

    /// Returns template data from which instances can be launched.
    pub(super) async fn data(&self) -> TemplateData {
        TemplateData {
            image_id: Some(self.image("x86_64").await),
            instance_profile: Some(self.place.instance_profile.clone()),
            security_group_ids: self.place.security_groups.values().take(1).cloned().collect(),
            tags: BTreeMap::from([("instance".to_owned(), text_map([("made-by", "template")]))]),
            ..TemplateData::default()
        }
    }

    pub(super) async fn make_template(&self, name: &str) -> LaunchTemplate {
        let data = self.data().await;
        self.make_template_of(name, data).await
    }

    pub(super) async fn make_template_of(&self, name: &str, data: TemplateData) -> LaunchTemplate {
        let input = ops::CreateLaunchTemplate {
            name: name.to_owned(),
            description: data.description(),
            data,
            tags: text_map([("kmax:cluster", "c"), ("kmax:stack", "main")]),
            client_token: self.token(),
        };
        self.aws.create_launch_template(input).await.unwrap()
    }

    pub(super) async fn make_version(&self, id: &str, data: TemplateData) -> TemplateVersion {
        let input = ops::CreateLaunchTemplateVersion {
            template_id: id.to_owned(),
            description: data.description(),
            data,
            client_token: self.token(),
        };
        self.aws.create_launch_template_version(input).await.unwrap()
    }

    pub(super) async fn templates(&self, names: &[&str]) -> Vec<LaunchTemplate> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let read = |next_token| {
            let input = ops::DescribeLaunchTemplates {
                names: names.clone(),
                next_token,
                ..ops::DescribeLaunchTemplates::default()
            };
            self.aws.describe_launch_templates(input)
        };
        let mut found = collect_pages(read).await.unwrap();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// Returns versions of a template by number; all where none is named.
    pub(super) async fn versions(&self, id: &str, versions: &[&str]) -> Vec<TemplateVersion> {
        let input = ops::DescribeLaunchTemplateVersions {
            template_id: Some(id.to_owned()),
            versions: versions.iter().map(|version| (*version).to_owned()).collect(),
            ..ops::DescribeLaunchTemplateVersions::default()
        };
        let mut found = self.aws.describe_launch_template_versions(input).await.unwrap().items;
        found.sort_by_key(|version| version.number);
        found
    }

    pub(super) async fn version(&self, id: &str, version: &str) -> TemplateVersion {
        let mut found = self.versions(id, &[version]).await;
        assert_eq!(found.len(), 1, "version {version}");
        found.remove(0)
    }

    /// Returns a policy of two instance types on a template.
    pub(super) fn policy(template: &LaunchTemplate, version: u64) -> MixedInstancesPolicy {
        MixedInstancesPolicy {
            template: reference(template, version),
            overrides: vec![Override::of_type("m5.2xlarge"), Override::of_type("r5.2xlarge")],
            distribution: Distribution {
                on_demand_percentage: 0,
                spot_allocation: "price-capacity-optimized".to_owned(),
                ..Distribution::default()
            },
        }
    }

    /// Returns the input that makes a group of kmax's form.
    pub(super) fn group_input(
        &self,
        name: &str,
        template: &LaunchTemplate,
    ) -> ops::CreateAutoScalingGroup {
        ops::CreateAutoScalingGroup {
            name: name.to_owned(),
            min_size: 0,
            max_size: 10,
            launch: LaunchSource::Mixed(Self::policy(template, 1)),
            subnets: self.subnets(),
            tags: BTreeMap::from([
                ("kmax:cluster".to_owned(), group_tag("c", false)),
                ("team".to_owned(), group_tag("dsp", true)),
            ]),
            ..ops::CreateAutoScalingGroup::default()
        }
    }

    /// Makes a template and a group of one name.
    pub(super) async fn make_group(&self, name: &str) -> LaunchTemplate {
        let template = self.make_template(name).await;
        let input = self.group_input(name, &template);
        self.aws.create_auto_scaling_group(input).await.unwrap();
        template
    }

    pub(super) async fn groups(&self, names: &[&str]) -> Vec<AutoScalingGroup> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let read = |next_token| {
            let input = ops::DescribeAutoScalingGroups {
                names: names.clone(),
                next_token,
                ..ops::DescribeAutoScalingGroups::default()
            };
            self.aws.describe_auto_scaling_groups(input)
        };
        let mut found = collect_pages(read).await.unwrap();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    pub(super) async fn group(&self, name: &str) -> AutoScalingGroup {
        let mut found = self.groups(&[name]).await;
        assert_eq!(found.len(), 1, "group {name}");
        found.remove(0)
    }

    pub(super) async fn update(&self, input: ops::UpdateAutoScalingGroup) {
        self.aws.update_auto_scaling_group(input).await.unwrap();
    }
}

/// Returns an update of a group that changes nothing.
pub(super) fn update_of(name: &str) -> ops::UpdateAutoScalingGroup {
    ops::UpdateAutoScalingGroup { name: name.to_owned(), ..ops::UpdateAutoScalingGroup::default() }
}

pub(super) fn reference(template: &LaunchTemplate, version: u64) -> TemplateRef {
    TemplateRef {
        id: template.id.clone(),
        name: template.name.clone(),
        version: version.to_string(),
    }
}

pub(super) fn group_tag(value: &str, propagate_at_launch: bool) -> GroupTag {
    GroupTag { value: value.to_owned(), propagate_at_launch }
}

pub(super) fn text_map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

pub(super) fn text_set<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.into_iter().map(str::to_owned).collect()
}

/// Asserts that a call was refused with a code and in a class.
#[track_caller]
pub(super) fn refused<T: Debug>(
    answer: Result<T, CloudError>,
    class: ErrorClass,
    code: &str,
) -> CloudError {
    match answer {
        Ok(answer) => panic!("{code} was expected, the answer is {answer:?}"),
        Err(error) => {
            assert_eq!((error.class, error.code.as_str()), (class, code), "{}", error.message);
            assert!(!error.message.is_empty(), "{code} has no message");
            error
        }
    }
}

/// Asserts that a call was refused in a class, whatever the code.
#[track_caller]
pub(super) fn refused_as<T: Debug>(answer: Result<T, CloudError>, class: ErrorClass) {
    match answer {
        Ok(answer) => panic!("{class:?} was expected, the answer is {answer:?}"),
        Err(error) => assert_eq!(error.class, class, "{}: {}", error.code, error.message),
    }
}
