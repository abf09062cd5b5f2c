//! Auto Scaling groups as they live in AWS.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// An Auto Scaling group (autoscaling:DescribeAutoScalingGroups).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoScalingGroup {
    /// Its name, unique in account and region.
    pub name: String,
    /// Set while the group is being deleted.
    pub status: Option<String>,
    /// The least number of instances.
    pub min_size: u32,
    /// The greatest number of instances.
    pub max_size: u32,
    /// How many instances are wanted now; Cluster Autoscaler's, never kmax's.
    pub desired_capacity: u32,
    /// What it launches from.
    pub launch: LaunchSource,
    /// Ids of the subnets it launches into.
    pub subnets: BTreeSet<String>,
    /// Names of suspended processes.
    pub suspended_processes: BTreeSet<String>,
    /// Replaces spot instances that are at risk.
    pub capacity_rebalance: bool,
    /// Seconds after which an instance is replaced without a drain; 0 is never.
    pub max_instance_lifetime: u32,
    /// Whether new instances are protected from scale-in.
    pub new_instances_protected: bool,
    /// Its tags.
    pub tags: BTreeMap<String, GroupTag>,
    /// Its instances, by id.
    pub instances: Vec<Instance>,
    /// What kmax has no say in, by Auto Scaling's name of the field, printed.
    pub other: BTreeMap<String, String>,
}

impl AutoScalingGroup {
    /// Returns the tags without their flags.
    pub fn plain_tags(&self) -> BTreeMap<String, String> {
        self.tags.iter().map(|(key, tag)| (key.clone(), tag.value.clone())).collect()
    }

    /// Counts the living instances.
    pub fn living(&self) -> u32 {
        self.instances.iter().filter(|instance| instance.is_living()).count() as u32
    }

    /// Counts the nodes that the group runs or is about to run: a maximum below that ends nodes.
    pub fn running(&self) -> u32 {
        self.living().max(self.desired_capacity)
    }

    /// Returns whether the group is being deleted.
    pub fn is_being_deleted(&self) -> bool {
        self.status.is_some()
    }
}

/// A tag of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupTag {
    /// Its value.
    pub value: String,
    /// Whether instances get it at launch.
    pub propagate_at_launch: bool,
}

/// What a group launches from. The forms exclude each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaunchSource {
    /// Nothing that could be read.
    #[default]
    None,
    /// A launch configuration, by name: the old form.
    Configuration(String),
    /// A launch template, one type.
    Template(TemplateRef),
    /// A mixed instances policy.
    Mixed(MixedInstancesPolicy),
}

impl LaunchSource {
    /// Returns the template, where there is one.
    pub fn template(&self) -> Option<&TemplateRef> {
        match self {
            Self::None | Self::Configuration(_) => None,
            Self::Template(template) => Some(template),
            Self::Mixed(policy) => Some(&policy.template),
        }
    }
}

/// A launch template as a group or an instance names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRef {
    /// The template's id.
    pub id: String,
    /// The template's name.
    pub name: String,
    /// A number, `$Latest` or `$Default`.
    pub version: String,
}

impl TemplateRef {
    /// Returns the number, unless the version is `$Latest` or `$Default`.
    pub fn number(&self) -> Option<u64> {
        self.version.parse().ok()
    }
}

/// A mixed instances policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MixedInstancesPolicy {
    /// The template.
    pub template: TemplateRef,
    /// The instance types, in order of preference.
    pub overrides: Vec<Override>,
    /// How spot and on-demand are mixed.
    pub distribution: Distribution,
}

/// One override of a mixed instances policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The instance type.
    pub instance_type: Option<String>,
    /// Its weight.
    pub weighted_capacity: Option<String>,
    /// A template of its own.
    pub template: Option<TemplateRef>,
    /// Instance requirements, printed.
    pub requirements: Option<String>,
}

impl Override {
    /// Makes an override that names nothing but a type.
    pub fn of_type(instance_type: impl Into<String>) -> Self {
        Self { instance_type: Some(instance_type.into()), ..Self::default() }
    }
}

/// How a mixed instances policy mixes, with AWS's defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// The first so many instances are on-demand.
    pub on_demand_base: u32,
    /// Of the rest, so many percent are on-demand.
    pub on_demand_percentage: u32,
    /// `prioritized` or `lowest-price`.
    pub on_demand_allocation: String,
    /// `price-capacity-optimized`, `capacity-optimized`, `lowest-price` ...
    pub spot_allocation: String,
    /// How many spot pools; only with `lowest-price`.
    pub spot_pools: Option<u32>,
    /// The highest price per hour; none is the on-demand price.
    pub spot_max_price: Option<String>,
}

impl Default for Distribution {
    /// AWS's defaults.
    fn default() -> Self {
        Self {
            on_demand_base: 0,
            on_demand_percentage: 100,
            on_demand_allocation: "prioritized".into(),
            spot_allocation: "lowest-price".into(),
            spot_pools: None,
            spot_max_price: None,
        }
    }
}

/// An instance of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// Its instance type.
    pub instance_type: String,
    /// Its availability zone.
    pub zone: String,
    /// `InService`, `Pending`, `Terminating` ...
    pub lifecycle_state: String,
    /// `Healthy` or `Unhealthy`.
    pub health: String,
    /// The template version it was launched from.
    pub template: Option<TemplateRef>,
    /// Whether scale-in leaves it alone.
    pub protected_from_scale_in: bool,
}

impl Instance {
    /// Returns whether the instance still counts: not on its way out.
    pub fn is_living(&self) -> bool {
        !self.lifecycle_state.starts_with("Terminat")
    }
}
