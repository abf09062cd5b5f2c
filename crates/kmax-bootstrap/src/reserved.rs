//! What the kubelet leaves to pods.
//!
//! The defaults are those that nodeadm writes on EKS's AL2023 images (awslabs/amazon-eks-ami,
//! `nodeadm/internal/kubelet/config.go` and `eni_max_pods.go`):
//!
//! - kube-reserved CPU: 6 % of the first core, 1 % of the second, 0.5 % of the third and fourth,
//!   0.25 % of the rest;
//! - kube-reserved memory: 11 MiB for each pod that the instance type's network interfaces have
//!   addresses for, and 255 MiB. nodeadm counts by the instance type even where
//!   `kubelet.config.maxPods` is set (awslabs/amazon-eks-ami#1698): an `m5.2xlarge` keeps 893 MiB
//!   with 58 pods as with 110;
//! - kube-reserved ephemeral storage: 1 GiB;
//! - nothing system-reserved;
//! - hard eviction under 100 MiB of memory, 10 % of the node's file system and 5 % of its inodes.
//!
//! What the user sets is merged over these key by key: nodeadm hands it to the kubelet as a drop-in
//! configuration, whose maps the kubelet merges.

use std::collections::BTreeMap;

use crate::quantity::{Quantity, Threshold};
use crate::{BootstrapError, KubeletSettings};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// What of a node is left to pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocatable {
    /// Thousandths of a CPU.
    pub cpu_millis: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Pods.
    pub pods: u32,
}

impl Allocatable {
    /// Returns the CPU as a Kubernetes quantity: `7910m`.
    pub fn cpu(&self) -> String {
        format!("{}m", self.cpu_millis)
    }

    /// Returns the memory as a Kubernetes quantity in KiB, as the kubelet reports it.
    pub fn memory(&self) -> String {
        format!("{}Ki", self.memory_bytes / 1024)
    }
}

/// Computes what a node of an instance type leaves to pods.
///
/// `vcpus` and `memory_mib` are the instance type's. The kernel sees a few percent less memory than
/// EC2 lists; a caller who must not overstate it passes less.
/// `eni_max_pods` is the number that [`eni_max_pods`] gives for the instance type: the reserved
/// memory follows from it, and it is the number of pods where `kubelet` sets none.
pub fn allocatable(
    vcpus: u32,
    memory_mib: u64,
    eni_max_pods: u32,
    kubelet: &KubeletSettings,
) -> Result<Allocatable, BootstrapError> {
    let KubeletSettings { max_pods, kube_reserved, system_reserved, eviction_hard } = kubelet;
    let reserved = |resource: &str| -> Result<(Option<Quantity>, Option<Quantity>), _> {
        Ok::<_, BootstrapError>((
            quantity("kube_reserved", kube_reserved, resource)?,
            quantity("system_reserved", system_reserved, resource)?,
        ))
    };

    let (kube, system) = reserved("cpu")?;
    let kept = kube
        .map_or_else(|| default_kube_reserved_cpu_millis(vcpus), Quantity::millis)
        .saturating_add(system.map_or(0, Quantity::millis));
    let cpu_millis = (u64::from(vcpus) * 1000).saturating_sub(kept);

    let capacity = memory_mib.saturating_mul(MIB);
    let (kube, system) = reserved("memory")?;
    let kept = kube
        .map_or_else(|| default_kube_reserved_memory_mib(eni_max_pods) * MIB, Quantity::units)
        .saturating_add(system.map_or(0, Quantity::units))
        .saturating_add(
            threshold(eviction_hard, "memory.available")?
                .map_or(100 * MIB, |threshold| threshold.of(capacity)),
        );

    Ok(Allocatable {
        cpu_millis,
        memory_bytes: capacity.saturating_sub(kept),
        pods: max_pods.unwrap_or(eni_max_pods),
    })
}

/// Computes what of a root volume, in bytes, is left to pods as `ephemeral-storage`. What the file
/// system keeps for itself is not counted.
pub fn allocatable_storage(
    volume_gib: u64,
    kubelet: &KubeletSettings,
) -> Result<u64, BootstrapError> {
    let KubeletSettings { max_pods: _, kube_reserved, system_reserved, eviction_hard } = kubelet;
    let capacity = volume_gib.saturating_mul(GIB);
    let kube = quantity("kube_reserved", kube_reserved, "ephemeral-storage")?;
    let system = quantity("system_reserved", system_reserved, "ephemeral-storage")?;
    let evicted = threshold(eviction_hard, "nodefs.available")?;
    let kept = kube
        .map_or(GIB, Quantity::units)
        .saturating_add(system.map_or(0, Quantity::units))
        .saturating_add(evicted.map_or(capacity / 10, |threshold| threshold.of(capacity)));
    Ok(capacity.saturating_sub(kept))
}

/// Returns the thousandths of a CPU that nodeadm reserves for Kubernetes.
pub fn default_kube_reserved_cpu_millis(vcpus: u32) -> u64 {
    // Each range of cores, in thousandths of a core, and the share of it in hundredths of a percent.
    const RANGES: [(u64, u64, u64); 4] =
        [(0, 1000, 600), (1000, 2000, 100), (2000, 4000, 50), (4000, u64::MAX, 25)];
    let total = u64::from(vcpus) * 1000;
    RANGES
        .iter()
        .map(|&(from, to, share)| total.min(to).saturating_sub(from) * share / 10_000)
        .sum()
}

/// Returns the MiB of memory that nodeadm reserves for Kubernetes.
pub fn default_kube_reserved_memory_mib(eni_max_pods: u32) -> u64 {
    11 * u64::from(eni_max_pods) + 255
}

/// Returns how many pods an instance type has addresses for: each network interface of the default
/// network card has one address for itself, and two pods use the host's network.
pub fn eni_max_pods(interfaces: u32, ipv4_addresses_per_interface: u32) -> u32 {
    interfaces.saturating_mul(ipv4_addresses_per_interface.saturating_sub(1)).saturating_add(2)
}

fn quantity(
    field: &str,
    map: &BTreeMap<String, String>,
    resource: &str,
) -> Result<Option<Quantity>, BootstrapError> {
    map.get(resource)
        .map(|text| Quantity::parse(&format!("kubelet.{field}.{resource}"), text))
        .transpose()
}

fn threshold(
    map: &BTreeMap<String, String>,
    signal: &str,
) -> Result<Option<Threshold>, BootstrapError> {
    map.get(signal)
        .map(|text| Threshold::parse(&format!("kubelet.eviction_hard.{signal}"), text))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn reserves_what_nodeadm_reserves() {
        for (vcpus, millis) in [(1, 60), (2, 70), (4, 80), (8, 90), (16, 110), (96, 310)] {
            assert_eq!(default_kube_reserved_cpu_millis(vcpus), millis, "{vcpus}");
        }
        assert_eq!(eni_max_pods(4, 15), 58);
        assert_eq!(eni_max_pods(3, 10), 29);
        assert_eq!(default_kube_reserved_memory_mib(58), 893);
        assert_eq!(default_kube_reserved_memory_mib(29), 574);
    }

    #[test]
    fn max_pods_does_not_move_the_reserved_memory() {
        let plain = allocatable(8, 65_536, 58, &KubeletSettings::default()).unwrap();
        assert_eq!(
            plain,
            Allocatable { cpu_millis: 7910, memory_bytes: (65_536 - 893 - 100) * MIB, pods: 58 }
        );
        assert_eq!((plain.cpu(), plain.memory()), ("7910m".to_owned(), "66092032Ki".to_owned()));
        let more = KubeletSettings { max_pods: Some(110), ..KubeletSettings::default() };
        assert_eq!(allocatable(8, 65_536, 58, &more).unwrap(), Allocatable { pods: 110, ..plain });
    }

    #[test]
    fn what_the_user_sets_replaces_the_default_of_its_key() {
        let kubelet = KubeletSettings {
            max_pods: None,
            kube_reserved: map(&[("cpu", "0.5")]),
            system_reserved: map(&[("memory", "1Gi"), ("cpu", "100m")]),
            eviction_hard: map(&[("memory.available", "5%"), ("nodefs.available", "20Gi")]),
        };
        assert_eq!(
            allocatable(4, 16_000, 58, &kubelet).unwrap(),
            Allocatable {
                cpu_millis: 3400,
                memory_bytes: (16_000 - 893 - 1024 - 800) * MIB,
                pods: 58
            }
        );
        assert_eq!(allocatable_storage(100, &kubelet).unwrap(), 79 * GIB);
        assert_eq!(allocatable_storage(100, &KubeletSettings::default()).unwrap(), 89 * GIB);
    }

    #[test]
    fn more_than_there_is_leaves_nothing() {
        let kubelet = KubeletSettings {
            kube_reserved: map(&[("cpu", "9"), ("memory", "1Ei"), ("ephemeral-storage", "1Ei")]),
            ..KubeletSettings::default()
        };
        assert_eq!(
            allocatable(8, 1024, 58, &kubelet).unwrap(),
            Allocatable { cpu_millis: 0, memory_bytes: 0, pods: 58 }
        );
        assert_eq!(allocatable_storage(100, &kubelet).unwrap(), 0);
    }

    #[test]
    fn an_amount_that_is_none_is_named() {
        let kubelet = KubeletSettings {
            eviction_hard: map(&[("memory.available", "much")]),
            ..KubeletSettings::default()
        };
        assert_eq!(
            allocatable(8, 1024, 58, &kubelet).unwrap_err().to_string(),
            "`kubelet.eviction_hard.memory.available` is `much`, not a quantity like `500m`, `2` or \
             `1Gi`"
        );
    }
}
