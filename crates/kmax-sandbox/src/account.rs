//! What the account has beside templates and groups: read only.

use kmax_cloud::{Page, ops};
use kmax_model::{EksCluster, InstanceProfile, SecurityGroup, Subnet};

use crate::images::check_filter;
use crate::paging::{Paging, page, page_with};
use crate::refusal::Refusal;
use crate::state::{Hideable, InstanceRow, State};

/// The tag that EC2 puts on what it launches from a template.
pub(crate) const TAG_LAUNCHED_FROM: &str = "aws:ec2launchtemplate:id";

impl State {
    pub(crate) fn caller_identity(&self) -> ops::CallerIdentity {
        let account = self.meta.account.clone();
        let arn = format!("arn:aws:sts::{account}:assumed-role/kmax/sandbox");
        ops::CallerIdentity { account, arn }
    }

    pub(crate) fn describe_cluster(
        &self,
        input: &ops::DescribeCluster,
    ) -> Result<EksCluster, Refusal> {
        let name = &input.name;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 100 || !name.chars().all(is_name) {
            return Err(Refusal::new(
                "InvalidParameterException",
                format!("The cluster name '{name}' is not valid."),
            ));
        }
        self.clusters.get(name).cloned().ok_or_else(|| {
            Refusal::new("ResourceNotFoundException", format!("No cluster found for name: {name}."))
                .with_status(404)
        })
    }

    pub(crate) fn instance_profile(
        &mut self,
        input: &ops::GetInstanceProfile,
    ) -> Result<InstanceProfile, Refusal> {
        let name = &input.name;
        let is_seen = self.sees(Hideable::Profile, name);
        self.profiles.get(name).filter(|_| is_seen).cloned().ok_or_else(|| {
            Refusal::new("NoSuchEntity", format!("Instance Profile {name} cannot be found."))
                .with_status(404)
        })
    }

    pub(crate) fn describe_subnets(
        &self,
        input: &ops::DescribeSubnets,
    ) -> Result<Page<Subnet>, Refusal> {
        let ops::DescribeSubnets { vpc_id, next_token } = input;
        let paging = Paging::ec2("DescribeSubnets", vpc_id, next_token.as_deref());
        let rows = self.subnets.iter();
        let rows = rows.filter(|(_, s)| vpc_id.as_ref().is_none_or(|vpc| *vpc == s.vpc_id));
        page(rows.map(|(id, subnet)| (id.clone(), subnet)).collect(), &paging)
    }

    pub(crate) fn describe_security_groups(
        &self,
        input: &ops::DescribeSecurityGroups,
    ) -> Result<Page<SecurityGroup>, Refusal> {
        let ops::DescribeSecurityGroups { vpc_id, next_token } = input;
        let paging = Paging::ec2("DescribeSecurityGroups", vpc_id, next_token.as_deref());
        let rows = self.security_groups.iter();
        let rows = rows.filter(|(_, g)| vpc_id.as_ref().is_none_or(|vpc| *vpc == g.vpc_id));
        page(rows.map(|(id, group)| (id.clone(), group)).collect(), &paging)
    }

    pub(crate) fn describe_instances(
        &self,
        input: &ops::DescribeInstances,
    ) -> Result<Page<ops::Ec2Instance>, Refusal> {
        let ops::DescribeInstances { ids, launched_from, max_results, next_token } = input;
        check_filter("instance-id", ids.len())?;
        let query = (ids, launched_from);
        let paging = Paging::ec2("DescribeInstances", &query, next_token.as_deref()).at_most(
            *max_results,
            5,
            1_000,
        )?;
        let asked = |id: &String, row: &InstanceRow| {
            (ids.is_empty() || ids.contains(id))
                && launched_from
                    .as_ref()
                    .is_none_or(|template| row.tags.get(TAG_LAUNCHED_FROM) == Some(template))
        };
        let rows = self.instances.iter().filter(|(id, row)| asked(id, row));
        let rows = rows.map(|(id, row)| (id.clone(), (id, row))).collect();
        page_with(rows, &paging, |(id, row)| ops::Ec2Instance {
            id: id.clone(),
            instance_type: row.instance_type.clone(),
            lifecycle: row.lifecycle.clone(),
            state: row.state.clone(),
            tags: row.tags.clone(),
        })
    }
}
