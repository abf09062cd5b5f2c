//! An account with helpers to move in it.

use std::collections::{BTreeMap, BTreeSet};

use kmax_cloud::{CloudError, ErrorClass, Request, Response, ops};
use kmax_model::{
    AutoScalingGroup, Distribution, GroupTag, LaunchSource, LaunchTemplate, MixedInstancesPolicy,
    Override, TemplateData, TemplateRef, TemplateVersion,
};
use kmax_sandbox::Sandbox;

/// What AWS answered to a call that it refused.
pub(crate) type Refused = (String, ErrorClass);

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
}

/// Calls an operation by its name and takes the answer apart.
macro_rules! call {
    ($world:expr, $operation:ident, $input:expr) => {
        match $world.sandbox.call(&Request::$operation($input)) {
            Ok(Response::$operation(output)) => Ok(output),
            Ok(other) => panic!("{} was answered {:?}", stringify!($operation), other.operation()),
            Err(error) => Err($crate::world::refused(error)),
        }
    };
}
pub(crate) use call;

pub(crate) fn refused(error: CloudError) -> Refused {
    (error.code, error.class)
}

pub(crate) fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub(crate) fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn group_tags(pairs: &[(&str, &str)]) -> BTreeMap<String, GroupTag> {
    let tag = |value: &str| GroupTag { value: value.to_owned(), propagate_at_launch: false };
    pairs.iter().map(|(key, value)| ((*key).to_owned(), tag(value))).collect()
}

impl World {
    pub(crate) fn new() -> Self {
        Self { sandbox: Sandbox::default() }
    }

    pub(crate) fn image(&mut self, arch: &str) -> String {
        let name = format!(
            "/aws/service/eks/optimized-ami/1.34/amazon-linux-2023/{arch}/standard/recommended/image_id"
        );
        let found = call!(self, GetParameters, ops::GetParameters { names: vec![name.clone()] });
        found.expect("parameters are read")[&name].clone()
    }

    pub(crate) fn security_group(&mut self, name: &str) -> String {
        let found = call!(self, DescribeSecurityGroups, ops::DescribeSecurityGroups::default());
        let found = found.expect("security groups are read").items;
        found.into_iter().find(|group| group.name == name).expect("the group is there").id
    }

    pub(crate) fn subnets(&mut self) -> BTreeSet<String> {
        let found = call!(self, DescribeSubnets, ops::DescribeSubnets::default());
        found.expect("subnets are read").items.into_iter().map(|subnet| subnet.id).collect()
    }

    /// Content that launches.
    pub(crate) fn data(&mut self) -> TemplateData {
        TemplateData {
            image_id: Some(self.image("x86_64")),
            instance_profile: Some("kmax-worknode".into()),
            security_group_ids: [self.security_group("spotmax-kmax-worknode-sg")].into(),
            tags: BTreeMap::from([("instance".into(), tags(&[("team", "dsp"), ("a", "1")]))]),
            ..TemplateData::default()
        }
    }

    pub(crate) fn create_template(&mut self, name: &str, data: TemplateData) -> LaunchTemplate {
        let input = ops::CreateLaunchTemplate { name: name.into(), data, ..Default::default() };
        call!(self, CreateLaunchTemplate, input).expect("the template is made")
    }

    pub(crate) fn create_version(&mut self, id: &str, data: TemplateData) -> TemplateVersion {
        let template_id = id.to_owned();
        let input = ops::CreateLaunchTemplateVersion { template_id, data, ..Default::default() };
        call!(self, CreateLaunchTemplateVersion, input).expect("the version is made")
    }

    /// A mixed policy, spot only, that launches from a version of a template.
    pub(crate) fn policy(template: &LaunchTemplate, version: &str) -> MixedInstancesPolicy {
        MixedInstancesPolicy {
            template: TemplateRef {
                id: template.id.clone(),
                name: String::new(),
                version: version.into(),
            },
            overrides: vec![Override::of_type("r5.2xlarge"), Override::of_type("r6i.2xlarge")],
            distribution: Distribution {
                on_demand_percentage: 0,
                spot_allocation: "price-capacity-optimized".into(),
                ..Distribution::default()
            },
        }
    }

    pub(crate) fn group_input(
        &mut self,
        name: &str,
        policy: MixedInstancesPolicy,
    ) -> ops::CreateAutoScalingGroup {
        ops::CreateAutoScalingGroup {
            name: name.into(),
            min_size: 0,
            max_size: 10,
            launch: LaunchSource::Mixed(policy),
            subnets: self.subnets(),
            ..Default::default()
        }
    }

    /// A template and a group of one name.
    pub(crate) fn create_pool(&mut self, name: &str) -> LaunchTemplate {
        let data = self.data();
        let template = self.create_template(name, data);
        let input = self.group_input(name, Self::policy(&template, "1"));
        call!(self, CreateAutoScalingGroup, input).expect("the group is made");
        template
    }

    pub(crate) fn update(&mut self, input: ops::UpdateAutoScalingGroup) -> Result<(), Refused> {
        call!(self, UpdateAutoScalingGroup, input)
    }

    pub(crate) fn group(&self, name: &str) -> AutoScalingGroup {
        self.sandbox.groups().remove(name).expect("the group is there")
    }
}
