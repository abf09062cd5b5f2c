//! A pool as it is meant: every setting merged, every default filled in.

use std::collections::BTreeMap;

use kmax_model::{Arch, CapacityType, PoolId};
use serde::Serialize;

use crate::raw::choices::AmiFamily;
use crate::spec::Spec;

pub use crate::raw::choices::{InstanceStore, TaintEffect, VolumeType};

/// One pool: a launch template and the Auto Scaling group made from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pool {
    /// The team and the key under `[teams.TEAM.pools]`.
    pub id: PoolId,
    /// The derived name of the launch template and the group.
    pub name: String,
    /// The spec's name, value of the label `node.spotmax/spec`.
    pub spec_name: String,
    /// What instance types the pool may use.
    pub spec: Spec,
    /// The image.
    pub ami: Ami,
    /// The IAM role of the nodes.
    pub node_role: String,
    /// The instance profile of the nodes.
    pub instance_profile: String,
    /// Security groups of the nodes, ids or names, in the order written.
    pub security_groups: Vec<String>,
    /// Spot or on demand.
    pub capacity_type: CapacityType,
    /// The processor architecture.
    pub arch: Arch,
    /// The least number of nodes.
    pub min: u32,
    /// The greatest number of nodes.
    pub max: u32,
    /// Subnets, each one of the cluster's as it is written there; empty means all of the cluster's.
    pub subnets: Vec<String>,
    /// The root volume.
    pub volume: Volume,
    /// What becomes of local disks.
    pub instance_store: InstanceStore,
    /// Node labels beside the four that kmax sets.
    pub labels: BTreeMap<String, String>,
    /// Node taints, sorted by key, effect and value.
    pub taints: Vec<Taint>,
    /// Tags beside those that kmax sets.
    pub tags: BTreeMap<String, String>,
    /// Settings of the kubelet.
    pub kubelet: Kubelet,
    /// How many network hops an answer of the instance metadata service may travel.
    pub metadata_hop_limit: u8,
    /// Names of `[user_data.*]` parts, in order.
    pub user_data: Vec<String>,
    /// Whether a template and group of this name that nobody owns are taken over.
    pub adopt: bool,
    /// Where the pool is written.
    #[serde(skip)]
    pub place: Place,
}

/// A place in the file, for messages. It takes no part in the config's digest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

/// The image of a pool: a family, and at most one of release and id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ami {
    /// The family, which decides the format of the user data.
    pub family: AmiFamily,
    /// A release to stay on; by default the one that the lock file froze.
    pub release: Option<String>,
    /// An image to use as it is.
    pub id: Option<String>,
}

/// The root volume of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Volume {
    /// The size in GiB.
    pub size_gib: u32,
    /// The EBS volume type.
    #[serde(rename = "type")]
    pub volume_type: VolumeType,
    /// Whether the volume is encrypted.
    pub encrypted: bool,
    /// Provisioned IOPS, for `gp3`, `io1` and `io2`.
    pub iops: Option<u32>,
    /// Provisioned throughput in MiB/s, for `gp3`.
    pub throughput_mibps: Option<u32>,
    /// The KMS key: an id, an ARN, or an alias.
    pub kms_key: Option<String>,
}

/// A taint that nodes register with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Taint {
    /// The key.
    pub key: String,
    /// What pods without a toleration meet.
    pub effect: TaintEffect,
    /// The value, which may be empty.
    pub value: String,
}

/// Settings of the kubelet; an absent one is left to the image's own default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Kubelet {
    /// The most pods a node takes.
    pub max_pods: Option<u32>,
    /// Resources kept for Kubernetes itself, `cpu = "90m"`.
    pub kube_reserved: BTreeMap<String, String>,
    /// Resources kept for the system.
    pub system_reserved: BTreeMap<String, String>,
    /// Thresholds under which pods are evicted, `"memory.available" = "100Mi"`.
    pub eviction_hard: BTreeMap<String, String>,
}
