//! What was read of the cloud. A failed read is data.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    AutoScalingGroup, EksCluster, Image, InstanceProfile, InstanceType, LaunchTemplate, Offering,
    SecurityGroup, Subnet, TemplateVersion,
};

/// What is to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The EKS cluster's name.
    pub cluster: String,
    /// The id of the VPC whose subnets and security groups are read.
    pub vpc: String,
    /// The names that pools have or would have; templates of these names are read whoever owns them.
    pub names: BTreeSet<String>,
    /// Instance profiles to look up.
    pub instance_profiles: BTreeSet<String>,
    /// Ids of images to look up.
    pub images: BTreeSet<String>,
    /// SSM public parameters to look up; `{version}` in a name stands for the cluster's minor version.
    pub parameters: BTreeSet<String>,
    /// Whether instance types and offerings are needed, to resolve a spec.
    pub catalog: bool,
    /// Names of groups to be adopted: the lifecycles of their instances are read.
    pub adopt: BTreeSet<String>,
}

/// The outcome of reading one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read<T> {
    /// Nobody asked.
    #[default]
    NotRead,
    /// It was asked for and not had.
    Failed(ReadFailure),
    /// It was read, whole.
    Got(T),
}

impl<T> Read<T> {
    /// Returns what was read.
    pub fn got(&self) -> Option<&T> {
        match self {
            Self::NotRead | Self::Failed(_) => None,
            Self::Got(value) => Some(value),
        }
    }

    /// Returns why it could not be read.
    pub fn failure(&self) -> Option<&ReadFailure> {
        match self {
            Self::NotRead | Self::Got(_) => None,
            Self::Failed(failure) => Some(failure),
        }
    }
}

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReadFailure {
    /// What was asked, by its API name: `autoscaling:DescribeAutoScalingGroups`.
    pub source: String,
    /// What was answered.
    pub error: String,
}

/// A launch template with those of its versions that were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateState {
    /// The template.
    pub template: LaunchTemplate,
    /// Versions by number: the latest, the default, the one its group pins and the one last applied.
    pub versions: BTreeMap<u64, TemplateVersion>,
    /// Set where versions could not be read; nothing may be decided on this template then.
    pub failure: Option<ReadFailure>,
}

/// Everything that was read for one plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Snapshot {
    /// The account that the credentials belong to.
    pub account: Read<String>,
    /// The cluster; none where it does not exist.
    pub cluster: Read<Option<EksCluster>>,
    /// The subnets of the cluster's VPC.
    pub subnets: Read<Vec<Subnet>>,
    /// The security groups of the cluster's VPC.
    pub security_groups: Read<Vec<SecurityGroup>>,
    /// Instance profiles by the name asked for; none where it does not exist.
    pub instance_profiles: BTreeMap<String, Read<Option<InstanceProfile>>>,
    /// All Auto Scaling groups of the region, by name.
    pub groups: Read<BTreeMap<String, AutoScalingGroup>>,
    /// Launch templates that carry the cluster's tag or a pool's name, by name.
    pub templates: Read<BTreeMap<String, TemplateState>>,
    /// Images by the id asked for; one that is missing does not exist.
    pub images: Read<BTreeMap<String, Image>>,
    /// SSM public parameters by the name asked for; one that is missing does not exist.
    pub parameters: Read<BTreeMap<String, String>>,
    /// Instance types, read only where something must be resolved.
    pub instance_types: Read<Vec<InstanceType>>,
    /// Where instance types are sold, read only where something must be resolved.
    pub offerings: Read<BTreeSet<Offering>>,
    /// Instances of groups to be adopted: id to `spot` or `on-demand`.
    pub lifecycles: Read<BTreeMap<String, String>>,
    /// How many calls were made, by operation.
    pub calls: BTreeMap<String, u32>,
}
