//! What a node must know at boot, whatever its image.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::dns::parse_cidr;
use crate::quantity::{Quantity, Threshold};
use crate::{BootstrapError, cluster_dns};

/// What a node must know at boot to join its cluster as it should.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSpec {
    /// The cluster to join.
    pub cluster: ClusterFacts,
    /// The addresses of the cluster's DNS service; where empty, the family's own rule holds, which
    /// is [`cluster_dns`].
    #[serde(default)]
    pub cluster_dns: Vec<String>,
    /// The labels to register with.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The taints to register with.
    #[serde(default)]
    pub taints: Vec<Taint>,
    /// Settings of the kubelet.
    #[serde(default)]
    pub kubelet: KubeletSettings,
}

/// What eks:DescribeCluster tells of a cluster and every node needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterFacts {
    /// The cluster's name.
    pub name: String,
    /// The URL of its API server.
    pub endpoint: String,
    /// Its certificate authority, base64.
    pub certificate_authority: String,
    /// The CIDR block of its services, IPv4 or IPv6.
    pub service_cidr: String,
}

/// A taint to register with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Taint {
    /// The key.
    pub key: String,
    /// The value, which may be empty.
    #[serde(default)]
    pub value: String,
    /// What it does to pods that do not tolerate it.
    pub effect: TaintEffect,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TaintEffect {
    /// They are not placed here.
    NoSchedule,
    /// They are placed here only where there is no other place.
    PreferNoSchedule,
    /// They are not placed here, and those that run here are evicted.
    NoExecute,
}

impl TaintEffect {
    /// All effects.
    pub const ALL: [Self; 3] = [Self::NoSchedule, Self::PreferNoSchedule, Self::NoExecute];

    /// Returns Kubernetes's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
}

impl fmt::Display for TaintEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TaintEffect {
    type Err = BootstrapError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|effect| effect.as_str() == text).ok_or_else(|| {
            invalid(
                "effect",
                format!("is `{text}`, not one of NoSchedule, PreferNoSchedule and NoExecute"),
            )
        })
    }
}

/// Settings of the kubelet; what is absent is left to the image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KubeletSettings {
    /// The most pods a node takes.
    pub max_pods: Option<u32>,
    /// Resources kept for Kubernetes itself: `cpu` = `90m`.
    pub kube_reserved: BTreeMap<String, String>,
    /// Resources kept for the system.
    pub system_reserved: BTreeMap<String, String>,
    /// Thresholds under which pods are evicted: `memory.available` = `100Mi` or `5%`.
    pub eviction_hard: BTreeMap<String, String>,
}

/// The resources that the kubelet can reserve.
const RESERVABLE: [&str; 4] = ["cpu", "ephemeral-storage", "memory", "pid"];

/// The signals that the kubelet evicts by.
const EVICTION_SIGNALS: [&str; 6] = [
    "imagefs.available",
    "imagefs.inodesFree",
    "memory.available",
    "nodefs.available",
    "nodefs.inodesFree",
    "pid.available",
];

impl NodeSpec {
    /// Checks that a node can boot with this: whatever passes is read on the node as it is written
    /// here, whatever does not would keep the node from joining or be read as something else.
    pub(crate) fn check(&self) -> Result<(), BootstrapError> {
        let Self { cluster, cluster_dns: dns, labels, taints, kubelet } = self;
        cluster.check()?;
        for address in dns {
            if address.parse::<std::net::IpAddr>().is_err() {
                return Err(invalid("cluster_dns", format!("has `{address}`, not an IP address")));
            }
        }
        for (key, value) in labels {
            let field = format!("labels.{key}");
            check_key(&field, key)?;
            check_label_value(&field, value)?;
        }
        let mut seen = BTreeSet::new();
        for Taint { key, value, effect } in taints {
            let field = format!("taints.{key}");
            check_key(&field, key)?;
            check_label_value(&field, value)?;
            if !seen.insert((key, effect)) {
                return Err(invalid(field, format!("is there twice with the effect {effect}")));
            }
        }
        kubelet.check()
    }
}

impl ClusterFacts {
    fn check(&self) -> Result<(), BootstrapError> {
        let Self { name, endpoint, certificate_authority, service_cidr } = self;
        if name.is_empty() {
            return Err(invalid("cluster.name", "is empty"));
        }
        if !endpoint.starts_with("https://") {
            return Err(invalid("cluster.endpoint", format!("is `{endpoint}`, not an https URL")));
        }
        if certificate_authority.is_empty() || STANDARD.decode(certificate_authority).is_err() {
            return Err(invalid("cluster.certificate_authority", "is not base64"));
        }
        if parse_cidr(service_cidr).is_none() {
            return Err(invalid(
                "cluster.service_cidr",
                format!("is `{service_cidr}`, not a CIDR block"),
            ));
        }
        cluster_dns(service_cidr).map(|_| ())
    }
}

impl KubeletSettings {
    fn check(&self) -> Result<(), BootstrapError> {
        let Self { max_pods, kube_reserved, system_reserved, eviction_hard } = self;
        if max_pods.is_some_and(|pods| pods == 0 || i32::try_from(pods).is_err()) {
            return Err(invalid("kubelet.max_pods", format!("is not from 1 to {}", i32::MAX)));
        }
        for (name, map) in [("kube_reserved", kube_reserved), ("system_reserved", system_reserved)]
        {
            for (resource, amount) in map {
                let field = format!("kubelet.{name}.{resource}");
                if !RESERVABLE.contains(&resource.as_str()) {
                    return Err(invalid(field, format!("is not one of {}", RESERVABLE.join(", "))));
                }
                Quantity::parse(&field, amount)?;
            }
        }
        for (signal, threshold) in eviction_hard {
            let field = format!("kubelet.eviction_hard.{signal}");
            if !EVICTION_SIGNALS.contains(&signal.as_str()) {
                return Err(invalid(
                    field,
                    format!("is not one of {}", EVICTION_SIGNALS.join(", ")),
                ));
            }
            Threshold::parse(&field, threshold)?;
        }
        Ok(())
    }
}

pub(crate) fn invalid(field: impl Into<String>, problem: impl Into<String>) -> BootstrapError {
    BootstrapError::InvalidSpec { field: field.into(), problem: problem.into() }
}

/// Checks the key of a label or taint: a name of at most 63 characters, with or without a DNS
/// domain of at most 253 before it.
fn check_key(field: &str, key: &str) -> Result<(), BootstrapError> {
    let (domain, name) = match key.split_once('/') {
        Some((domain, name)) => (Some(domain), name),
        None => (None, key),
    };
    let domain_is_valid = domain.is_none_or(|domain| {
        domain.len() <= 253
            && domain.split('.').all(|label| {
                edges_are(label, |b| b.is_ascii_lowercase() || b.is_ascii_digit())
                    && label
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            })
    });
    if domain_is_valid && !name.is_empty() && is_label_text(name) {
        Ok(())
    } else {
        Err(invalid(field, "is not a key that Kubernetes takes"))
    }
}

fn check_label_value(field: &str, value: &str) -> Result<(), BootstrapError> {
    if value.is_empty() || is_label_text(value) {
        Ok(())
    } else {
        Err(invalid(
            field,
            format!(
                "has the value `{value}`, not at most 63 characters of letters, digits, `-`, `_` \
                 and `.` that start and end with a letter or digit"
            ),
        ))
    }
}

fn is_label_text(text: &str) -> bool {
    text.len() <= 63
        && edges_are(text, |b| b.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Tells whether a text is not empty and starts and ends with such a byte.
fn edges_are(text: &str, is_edge: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    matches!((bytes.first(), bytes.last()), (Some(&first), Some(&last)) if is_edge(first) && is_edge(last))
}
