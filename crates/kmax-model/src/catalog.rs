//! What EC2 offers: instance types, where they are sold, and images.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// An instance type (ec2:DescribeInstanceTypes).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceType {
    /// Its name, `r5.2xlarge`.
    pub name: String,
    /// vCPUs.
    pub vcpus: u32,
    /// Memory, MiB.
    pub memory_mib: u64,
    /// `x86_64`, `arm64`, `i386` ...
    pub architectures: BTreeSet<String>,
    /// GPUs, FPGAs, inference and media accelerators, counted.
    pub accelerators: u32,
    /// A whole machine without a hypervisor.
    pub bare_metal: bool,
    /// Of a burstable family.
    pub burstable: bool,
    /// What EC2 calls the current generation.
    pub current_generation: bool,
    /// `spot`, `on-demand` ...
    pub usage_classes: BTreeSet<String>,
    /// Instance store, GB, 0 where there is none.
    pub instance_store_gb: u64,
    /// How many network interfaces it can have (`NetworkInfo.MaximumNetworkInterfaces`).
    pub network_interfaces: u32,
    /// How many IPv4 addresses each of them can have (`NetworkInfo.Ipv4AddressesPerInterface`).
    pub ipv4_per_interface: u32,
}

impl InstanceType {
    /// Returns the family: `r5` of `r5.2xlarge`.
    pub fn family(&self) -> &str {
        self.name.split_once('.').map_or(self.name.as_str(), |(family, _)| family)
    }
}

/// An instance type is sold in a zone (ec2:DescribeInstanceTypeOfferings).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Offering {
    /// The instance type's name.
    pub instance_type: String,
    /// The availability zone.
    pub zone: String,
}

/// A machine image (ec2:DescribeImages).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// `available`, `deregistered` ...
    pub state: String,
    /// When it is deprecated, RFC 3339.
    pub deprecation_time: Option<String>,
}
