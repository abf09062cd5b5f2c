//! The tag `kmax:applied`: what was last applied to a group, in at most 256 characters.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::{Arch, CapacityType};

/// What the last finished apply left behind, the base of the three-way comparison.
///
/// Written `v1 lt=7 min=0 max=40 net=<8 hex> ...`. Hashes stand for values that do not fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastApplied {
    /// `lt`: the number of the template version.
    pub template_version: u64,
    /// `min`.
    pub min_size: u32,
    /// `max`.
    pub max_size: u32,
    /// `net`: hash of the subnets.
    pub subnets: String,
    /// `mix`: hash of the distribution.
    pub distribution: String,
    /// `types`: hash of the overrides.
    pub overrides: String,
    /// `cal`: hash of Cluster Autoscaler's label tags.
    pub ca_labels: String,
    /// `cat`: hash of Cluster Autoscaler's taint tags.
    pub ca_taints: String,
    /// `car`: hash of Cluster Autoscaler's resource tags.
    pub ca_resources: String,
    /// `cfg`: hash of the pool as the config said it.
    pub config: String,
    /// `for`: hash of what the lock entry was resolved for.
    pub locked_for: String,
    /// `cap`: the capacity type, fixed for the life of the pool.
    pub capacity_type: CapacityType,
    /// `arch`: the architecture, fixed for the life of the pool.
    pub arch: Arch,
}

const VERSION: &str = "v1";

impl fmt::Display for LastApplied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            template_version,
            min_size,
            max_size,
            subnets,
            distribution,
            overrides,
            ca_labels,
            ca_taints,
            ca_resources,
            config,
            locked_for,
            capacity_type,
            arch,
        } = self;
        write!(
            f,
            "{VERSION} lt={template_version} min={min_size} max={max_size} net={subnets} \
             mix={distribution} types={overrides} cal={ca_labels} cat={ca_taints} \
             car={ca_resources} cfg={config} for={locked_for} cap={capacity_type} arch={arch}"
        )
    }
}

/// The tag `kmax:applied` can't be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not what kmax writes into `kmax:applied`")]
pub struct ParseAppliedError(pub String);

impl FromStr for LastApplied {
    type Err = ParseAppliedError;

    /// Reads the tag. Keys that a later kmax added are passed over; a missing one is an error.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || ParseAppliedError(text.to_owned());
        let mut words = text.split(' ');
        if words.next() != Some(VERSION) {
            return Err(refused());
        }
        let values: BTreeMap<&str, &str> =
            words.map(|word| word.split_once('=').ok_or_else(refused)).collect::<Result<_, _>>()?;
        let value = |key: &str| values.get(key).copied().ok_or_else(refused);
        let hash = |key: &str| value(key).map(str::to_owned);
        Ok(Self {
            template_version: value("lt")?.parse().map_err(|_| refused())?,
            min_size: value("min")?.parse().map_err(|_| refused())?,
            max_size: value("max")?.parse().map_err(|_| refused())?,
            subnets: hash("net")?,
            distribution: hash("mix")?,
            overrides: hash("types")?,
            ca_labels: hash("cal")?,
            ca_taints: hash("cat")?,
            ca_resources: hash("car")?,
            config: hash("cfg")?,
            locked_for: hash("for")?,
            capacity_type: value("cap")?.parse().map_err(|_| refused())?,
            arch: value("arch")?.parse().map_err(|_| refused())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_within_a_tag_value() {
        let hash = "0123abcd".to_owned();
        let applied = LastApplied {
            template_version: u64::MAX,
            min_size: u32::MAX,
            max_size: u32::MAX,
            subnets: hash.clone(),
            distribution: hash.clone(),
            overrides: hash.clone(),
            ca_labels: hash.clone(),
            ca_taints: hash.clone(),
            ca_resources: hash.clone(),
            config: hash.clone(),
            locked_for: hash,
            capacity_type: CapacityType::OnDemand,
            arch: Arch::X86_64,
        };
        let text = applied.to_string();
        assert!(text.len() <= 256, "{} characters", text.len());
        assert_eq!(text.parse(), Ok(applied));
    }

    #[test]
    fn refuses_what_it_can_not_read() {
        for text in ["", "v2 lt=1", "v1", "v1 lt=x", "v1 lt"] {
            assert!(text.parse::<LastApplied>().is_err(), "{text}");
        }
    }
}
