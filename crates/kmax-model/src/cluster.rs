//! What a pool stands on: the cluster and its network.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Names what one `kmax.toml` governs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterRef {
    /// The EKS cluster's name.
    pub name: String,
    /// The AWS region.
    pub region: String,
    /// The AWS account id, 12 digits.
    pub account: String,
    /// The stack.
    pub stack: String,
}

/// An EKS cluster (eks:DescribeCluster).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EksCluster {
    /// Its name.
    pub name: String,
    /// `ACTIVE`, `CREATING`, `UPDATING`, `DELETING`, `FAILED` ...
    pub status: String,
    /// The minor version, `1.34`.
    pub version: String,
    /// The URL of the API server.
    pub endpoint: Option<String>,
    /// The certificate authority, base64.
    pub certificate_authority: Option<String>,
    /// The CIDR block of services, IPv4 or IPv6.
    pub service_cidr: Option<String>,
    /// The VPC's id.
    pub vpc_id: Option<String>,
    /// The ids of the control plane's subnets.
    pub subnet_ids: BTreeSet<String>,
    /// The security group that EKS made.
    pub cluster_security_group_id: Option<String>,
    /// `CONFIG_MAP`, `API_AND_CONFIG_MAP` or `API`.
    pub authentication_mode: Option<String>,
}

/// A subnet (ec2:DescribeSubnets).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// Its id.
    pub id: String,
    /// The VPC's id.
    pub vpc_id: String,
    /// The availability zone, `us-east-1a`.
    pub zone: String,
    /// How many addresses are free.
    pub free_addresses: u32,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A security group (ec2:DescribeSecurityGroups).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The VPC's id.
    pub vpc_id: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An instance profile (iam:GetInstanceProfile).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceProfile {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The names of its roles.
    pub roles: Vec<String>,
}
