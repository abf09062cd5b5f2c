//! Settings of pools, the same in `[defaults]`, under a team and in a pool.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::choices::{ArchWord, CapacityWord, InstanceStore, TaintEffect, VolumeType};
use super::words::AmiWord;

/// Declares a table that takes every setting of a pool, and some keys of its own.
macro_rules! settings {
    ($(#[$meta:meta])* $name:ident { $($(#[$own_meta:meta])* $own:ident: $own_type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            $($(#[$own_meta])* pub(crate) $own: $own_type,)*
            /// The image of the nodes: a family, or a table that says more. By default `al2023`.
            pub(crate) ami: Option<AmiWord>,
            /// The name of the nodes' IAM role. By default `kmax-worknode`.
            pub(crate) node_role: Option<String>,
            /// The name of the nodes' instance profile, whose role is `node_role`. By default
            /// `kmax-worknode`.
            pub(crate) instance_profile: Option<String>,
            /// The security groups of the nodes: names or ids. By default
            /// `spotmax-kmax-worknode-sg`.
            pub(crate) security_groups: Option<Vec<String>>,
            /// Whether nodes are spot or on demand: the label `node.spotmax/type`. Fixed for the
            /// life of a pool. By default `spot`.
            pub(crate) capacity_type: Option<CapacityWord>,
            /// The processor architecture. Fixed for the life of a pool. By default `x86_64`.
            pub(crate) arch: Option<ArchWord>,
            /// The least number of nodes. By default 0.
            #[schemars(range(max = 10000))]
            pub(crate) min: Option<u32>,
            /// The greatest number of nodes. By default 20.
            #[schemars(range(max = 10000))]
            pub(crate) max: Option<u32>,
            /// The subnets of the nodes, each one of `cluster.subnets`. Empty, which is the default,
            /// means all of them.
            pub(crate) subnets: Option<Vec<String>>,
            /// The root volume. By default 100 GiB of encrypted `gp3`.
            pub(crate) volume: Option<VolumeSettings>,
            /// What becomes of local disks: `none` leaves them alone, `raid0` joins them for
            /// containers. By default `none`.
            pub(crate) instance_store: Option<InstanceStore>,
            /// Node labels beside the four that kmax sets: `node.spotmax/team`,
            /// `node.spotmax/type`, `node.spotmax/spec` and `eks.amazonaws.com/nodegroup`.
            pub(crate) labels: Option<BTreeMap<String, String>>,
            /// Taints that nodes register with.
            pub(crate) taints: Option<Vec<TaintEntry>>,
            /// Tags of instances, volumes, network interfaces and groups, beside those that kmax
            /// sets.
            pub(crate) tags: Option<BTreeMap<String, String>>,
            /// Settings of the kubelet, by the kubelet's own names in snake case.
            pub(crate) kubelet: Option<KubeletSettings>,
            /// How many network hops an answer of the instance metadata service may travel. With 1
            /// no pod reaches it. By default 2.
            #[schemars(range(min = 1, max = 64))]
            pub(crate) metadata_hop_limit: Option<u8>,
            /// Names of `[user_data.*]` parts, in the order in which they run.
            pub(crate) user_data: Option<Vec<String>>,
            /// Values of outer layers that are taken away, by their dotted keys, for example
            /// `kubelet.max_pods`.
            #[allow(dead_code, reason = "obeyed by the merge, not through this type")]
            pub(crate) unset: Option<Vec<String>>,
        }
    };
}

settings! {
    /// Settings of all pools.
    #[expect(dead_code, reason = "mirrored for the schema; merged as a tree")]
    DefaultSettings {}
}

settings! {
    /// A team: settings of all its pools, and the pools.
    #[expect(dead_code, reason = "mirrored for the schema; merged as a tree")]
    TeamSettings {
        /// The team's pools by key. The key is the pool's spec unless `spec` says another, and it
        /// is `{pool}` in the pool's name.
        #[serde(default)]
        pools: BTreeMap<String, PoolSettings>,
    }
}

settings! {
    /// A pool: one launch template and one Auto Scaling group of the same name.
    PoolSettings {
        /// The spec, value of the label `node.spotmax/spec`: `NcMg`, `small`, `medium`, `large` or a
        /// name of `[specs.*]`. By default the pool's key.
        #[expect(dead_code, reason = "read with its place, not through this type")]
        spec: Option<String>,
        /// Whether kmax takes over a template and a group of the pool's name that a person made. By
        /// default false: such a pool is refused.
        #[expect(dead_code, reason = "read with its place, not through this type")]
        adopt: Option<bool>,
    }
}

/// The root volume.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VolumeSettings {
    /// The size in GiB.
    #[schemars(range(min = 1, max = 65536))]
    pub(crate) size_gib: Option<u32>,
    /// The EBS volume type.
    #[serde(rename = "type")]
    pub(crate) volume_type: Option<VolumeType>,
    /// Whether the volume is encrypted.
    pub(crate) encrypted: Option<bool>,
    /// Provisioned IOPS, for `gp3`, `io1` and `io2`.
    #[schemars(range(min = 100, max = 256_000))]
    pub(crate) iops: Option<u32>,
    /// Provisioned throughput in MiB/s, for `gp3`.
    #[schemars(range(min = 125, max = 2000))]
    pub(crate) throughput_mibps: Option<u32>,
    /// The KMS key that encrypts it: an id, an ARN, or `alias/NAME`. By default the account's own for
    /// EBS.
    pub(crate) kms_key: Option<String>,
}

/// A taint.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaintEntry {
    /// The taint's key.
    pub(crate) key: String,
    /// The taint's value. By default empty.
    #[serde(default)]
    pub(crate) value: String,
    /// What pods without a toleration meet.
    pub(crate) effect: TaintEffect,
}

/// Settings of the kubelet.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KubeletSettings {
    /// The most pods a node takes. By default 110; unset, the image computes it from the instance
    /// type.
    #[schemars(range(min = 1, max = 1024))]
    pub(crate) max_pods: Option<u32>,
    /// Resources kept for Kubernetes itself, for example `cpu = "90m"`.
    pub(crate) kube_reserved: Option<BTreeMap<String, String>>,
    /// Resources kept for the system.
    pub(crate) system_reserved: Option<BTreeMap<String, String>>,
    /// Thresholds under which pods are evicted, for example `"memory.available" = "100Mi"`.
    pub(crate) eviction_hard: Option<BTreeMap<String, String>>,
}
