//! What each operation is asked, and the answers that are no resources.
//!
//! Field names follow the AWS API references. A page size of `None` is the service's default.

use std::collections::{BTreeMap, BTreeSet};

use kmax_model::{GroupTag, LaunchSource, TemplateData};

/// sts:GetCallerIdentity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GetCallerIdentity {}

/// Who the credentials belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The account id.
    pub account: String,
    /// The principal's ARN.
    pub arn: String,
}

/// eks:DescribeCluster. `ResourceNotFoundException` where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescribeCluster {
    /// The cluster's name.
    pub name: String,
}

/// iam:GetInstanceProfile. `NoSuchEntity` where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GetInstanceProfile {
    /// The profile's name.
    pub name: String,
}

/// ssm:GetParameters. Answers name to value; names that do not exist are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GetParameters {
    /// At most 10 names.
    pub names: Vec<String>,
}

/// ec2:DescribeSubnets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescribeSubnets {
    /// Only subnets of this VPC (filter `vpc-id`).
    pub vpc_id: Option<String>,
    /// The page to read.
    pub next_token: Option<String>,
}

/// ec2:DescribeSecurityGroups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescribeSecurityGroups {
    /// Only groups of this VPC (filter `vpc-id`).
    pub vpc_id: Option<String>,
    /// The page to read.
    pub next_token: Option<String>,
}

/// ec2:DescribeImages by the filter `image-id`: an image that does not exist is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescribeImages {
    /// Ids, at most 200.
    pub ids: Vec<String>,
    /// The page to read.
    pub next_token: Option<String>,
}

/// ec2:DescribeInstanceTypes, all that the region has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescribeInstanceTypes {
    /// Only of this architecture (filter `processor-info.supported-architecture`).
    pub architecture: Option<String>,
    /// 5 to 100.
    pub max_results: Option<u32>,
    /// The page to read.
    pub next_token: Option<String>,
}

/// ec2:DescribeInstanceTypeOfferings by zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescribeInstanceTypeOfferings {
    /// Only in these zones (filter `location`); empty is all.
    pub zones: BTreeSet<String>,
    /// 5 to 1,000.
    pub max_results: Option<u32>,
    /// The page to read.
    pub next_token: Option<String>,
}

/// ec2:DescribeInstances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescribeInstances {
    /// Only these (filter `instance-id`); empty is all.
    pub ids: Vec<String>,
    /// Only instances launched from this template (filter `tag:aws:ec2launchtemplate:id`).
    pub launched_from: Option<String>,
    /// 5 to 1,000.
    pub max_results: Option<u32>,
    /// The page to read.
    pub next_token: Option<String>,
}

/// An instance as EC2 sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ec2Instance {
    /// Its id.
    pub id: String,
    /// Its instance type.
    pub instance_type: String,
    /// `spot` or `on-demand`.
    pub lifecycle: String,
    /// `running`, `pending`, `terminated` ...
    pub state: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// ec2:DescribeLaunchTemplates. Names and tags are filters: what does not exist is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescribeLaunchTemplates {
    /// Only these names (filter `launch-template-name`, at most 200); empty is all.
    pub names: Vec<String>,
    /// Only templates that carry these tags (filters `tag:KEY`).
    pub tags: BTreeMap<String, String>,
    /// 1 to 200.
    pub max_results: Option<u32>,
    /// The page to read.
    pub next_token: Option<String>,
}

/// ec2:DescribeLaunchTemplateVersions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescribeLaunchTemplateVersions {
    /// The template; none reads all templates, then only `$Latest` and `$Default` may be asked.
    pub template_id: Option<String>,
    /// Numbers, `$Latest`, `$Default`; empty is all of one template.
    pub versions: Vec<String>,
    /// 1 to 200.
    pub max_results: Option<u32>,
    /// The page to read.
    pub next_token: Option<String>,
}

/// ec2:CreateLaunchTemplate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateLaunchTemplate {
    /// The name.
    pub name: String,
    /// The description of version 1.
    pub description: String,
    /// The content of version 1; EC2 refuses an empty one.
    pub data: TemplateData,
    /// The template's own tags.
    pub tags: BTreeMap<String, String>,
    /// Makes the call idempotent; a changed body is `IdempotentParameterMismatch`.
    pub client_token: String,
}

/// ec2:CreateLaunchTemplateVersion, whole: never from a source version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateLaunchTemplateVersion {
    /// The template.
    pub template_id: String,
    /// The version's description.
    pub description: String,
    /// The content.
    pub data: TemplateData,
    /// Makes the call idempotent.
    pub client_token: String,
}

/// ec2:ModifyLaunchTemplate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModifyLaunchTemplate {
    /// The template.
    pub template_id: String,
    /// The number of the version that becomes the default.
    pub default_version: u64,
    /// Makes the call idempotent.
    pub client_token: String,
}

/// ec2:DeleteLaunchTemplate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteLaunchTemplate {
    /// The template.
    pub template_id: String,
}

/// ec2:DeleteLaunchTemplateVersions. AWS answers 200 with the failures inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteLaunchTemplateVersions {
    /// The template.
    pub template_id: String,
    /// At most 200 numbers.
    pub versions: Vec<u64>,
}

/// What became of one version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionDeletion {
    /// The number.
    pub version: u64,
    /// Why it was not deleted: code and message.
    pub error: Option<(String, String)>,
}

/// ec2:CreateTags: adds tags or overwrites their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateTags {
    /// The id of what is tagged.
    pub resource: String,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// autoscaling:DescribeAutoScalingGroups, with their instances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescribeAutoScalingGroups {
    /// Only these; one that does not exist is left out. Empty is all.
    pub names: Vec<String>,
    /// At most 100.
    pub max_records: Option<u32>,
    /// The page to read.
    pub next_token: Option<String>,
}

/// autoscaling:CreateAutoScalingGroup. Desired capacity is never sent: it becomes the minimum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateAutoScalingGroup {
    /// The name; `AlreadyExists` where it is taken.
    pub name: String,
    /// The least size.
    pub min_size: u32,
    /// The greatest size.
    pub max_size: u32,
    /// What to launch from.
    pub launch: LaunchSource,
    /// Ids of subnets.
    pub subnets: BTreeSet<String>,
    /// Tags, set within the call.
    pub tags: BTreeMap<String, GroupTag>,
    /// Left at AWS's default where none.
    pub capacity_rebalance: Option<bool>,
    /// Seconds; left at AWS's default where none.
    pub max_instance_lifetime: Option<u32>,
    /// Left at AWS's default where none.
    pub new_instances_protected: Option<bool>,
}

/// autoscaling:UpdateAutoScalingGroup. What is none stays as it is; desired capacity is never sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateAutoScalingGroup {
    /// The group.
    pub name: String,
    /// The least size; raises desired capacity where that is below.
    pub min_size: Option<u32>,
    /// The greatest size; lowers desired capacity where that is above.
    pub max_size: Option<u32>,
    /// The whole of what to launch from. A policy replaces a plain template and the reverse; a
    /// `spot_max_price` of none clears it.
    pub launch: Option<LaunchSource>,
    /// All subnets.
    pub subnets: Option<BTreeSet<String>>,
    /// Replaces spot instances at risk.
    pub capacity_rebalance: Option<bool>,
    /// Seconds; 0 clears it.
    pub max_instance_lifetime: Option<u32>,
    /// Protects new instances from scale-in.
    pub new_instances_protected: Option<bool>,
}

/// autoscaling:DeleteAutoScalingGroup, never by force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteAutoScalingGroup {
    /// The group.
    pub name: String,
}

/// autoscaling:CreateOrUpdateTags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateOrUpdateTags {
    /// The group.
    pub group: String,
    /// The tags.
    pub tags: BTreeMap<String, GroupTag>,
}

/// autoscaling:DeleteTags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteGroupTags {
    /// The group.
    pub group: String,
    /// The keys.
    pub keys: BTreeSet<String>,
}

/// autoscaling:SuspendProcesses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuspendProcesses {
    /// The group.
    pub group: String,
    /// The processes.
    pub processes: BTreeSet<String>,
}
