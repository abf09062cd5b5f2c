//! Limits of EC2, Auto Scaling, EBS and Kubernetes that a file is held to.

/// The shortest name of a launch template.
pub(crate) const TEMPLATE_NAME_MIN: usize = 3;

/// The longest value of a label, and the longest name in the key of one. A pool's name is a label
/// value (`eks.amazonaws.com/nodegroup`), which is shorter than the 128 characters of a launch
/// template's name and the 255 of a group's.
pub(crate) const LABEL_VALUE: usize = 63;

/// The longest key of a tag.
pub(crate) const TAG_KEY: usize = 128;

/// The longest value of a tag.
pub(crate) const TAG_VALUE: usize = 256;

/// Tags that an Auto Scaling group carries at most.
pub(crate) const TAGS_PER_GROUP: usize = 50;

/// What Cluster Autoscaler's tag prefixes leave for the key of a label or a taint: a tag key is 128
/// characters, `k8s.io/cluster-autoscaler/node-template/label/` is 46 of them.
pub(crate) const LABEL_KEY_IN_TAG: usize = 82;

/// Tags of a group that stand for resources of a node from which Cluster Autoscaler scales up from
/// zero: cpu, memory, ephemeral-storage, pods.
pub(crate) const RESOURCE_TAGS: usize = 4;

/// Labels that kmax sets on every node.
pub(crate) const OWN_LABELS: [&str; 4] =
    ["node.spotmax/team", "node.spotmax/type", "node.spotmax/spec", "eks.amazonaws.com/nodegroup"];

/// The longest name of an EKS cluster.
pub(crate) const CLUSTER_NAME: usize = 100;

/// The longest name of an IAM role.
pub(crate) const ROLE_NAME: usize = 64;

/// The longest name of an instance profile.
pub(crate) const PROFILE_NAME: usize = 128;

/// The longest name of a security group.
pub(crate) const SECURITY_GROUP_NAME: usize = 255;

/// Security groups that a network interface takes, as AWS allows at most.
pub(crate) const SECURITY_GROUPS: usize = 16;

/// Overrides of a mixed instances policy.
pub(crate) const OVERRIDES: usize = 40;

/// The limits of an EBS volume type.
pub(crate) struct VolumeLimits {
    /// Sizes in GiB.
    pub(crate) size_gib: (u32, u32),
    /// Provisioned IOPS, where it takes any.
    pub(crate) iops: Option<(u32, u32)>,
    /// IOPS that may be provisioned for each GiB.
    pub(crate) iops_per_gib: Option<u32>,
    /// Provisioned throughput in MiB/s, where it takes any.
    pub(crate) throughput_mibps: Option<(u32, u32)>,
}

impl VolumeLimits {
    /// The limits of a type.
    pub(crate) fn of(volume_type: crate::pool::VolumeType) -> Self {
        use crate::pool::VolumeType::{Gp2, Gp3, Io1, Io2};
        match volume_type {
            Gp3 => Self {
                size_gib: (1, 65_536),
                iops: Some((3_000, 80_000)),
                iops_per_gib: Some(500),
                throughput_mibps: Some((125, 2_000)),
            },
            Gp2 => Self {
                size_gib: (1, 16_384),
                iops: None,
                iops_per_gib: None,
                throughput_mibps: None,
            },
            Io1 => Self {
                size_gib: (4, 16_384),
                iops: Some((100, 64_000)),
                iops_per_gib: Some(50),
                throughput_mibps: None,
            },
            Io2 => Self {
                size_gib: (4, 65_536),
                iops: Some((100, 256_000)),
                iops_per_gib: Some(1_000),
                throughput_mibps: None,
            },
        }
    }
}
