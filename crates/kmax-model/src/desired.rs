//! What the config asks for, resolved to the last detail.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Arch, CapacityType, Distribution, LastApplied, Managed, Owner, PoolId, TemplateData};

/// One pool as it ought to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredPool {
    /// The pool.
    pub id: PoolId,
    /// The ownership tags of its objects.
    pub owner: Owner,
    /// How it buys its nodes.
    pub capacity_type: CapacityType,
    /// Its architecture.
    pub arch: Arch,
    /// Whether objects of its name that nobody's tags claim may be taken over.
    pub adopt: bool,
    /// Its launch template.
    pub template: DesiredTemplate,
    /// Its Auto Scaling group.
    pub group: DesiredGroup,
    /// The hashes of `kmax:applied` that this state leads to; `template_version` is not known yet.
    pub applied: LastApplied,
}

/// A launch template as it ought to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredTemplate {
    /// Its name.
    pub name: String,
    /// The content of the version that new nodes launch from.
    pub data: TemplateData,
}

/// An Auto Scaling group as it ought to be. Its desired capacity is not kmax's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredGroup {
    /// Its name, that of its template.
    pub name: String,
    /// The least number of nodes.
    pub min_size: u32,
    /// The greatest number of nodes.
    pub max_size: u32,
    /// Ids of subnets.
    pub subnets: BTreeSet<String>,
    /// Instance types in order of preference, at most 40.
    pub instance_types: Vec<String>,
    /// How spot and on-demand are mixed.
    pub distribution: Distribution,
    /// All tags that kmax wants, `kmax:applied` and `kmax:applying` aside. None is propagated.
    pub tags: BTreeMap<String, String>,
    /// Processes that must be suspended; others may be, and stay so.
    pub suspended_processes: BTreeSet<String>,
    /// Replaces spot instances at risk, without a drain.
    pub capacity_rebalance: Managed<bool>,
    /// Seconds after which an instance is replaced, without a drain.
    pub max_instance_lifetime: Managed<u32>,
    /// Whether new instances are protected from scale-in.
    pub new_instances_protected: Managed<bool>,
}
