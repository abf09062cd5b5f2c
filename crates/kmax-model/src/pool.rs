//! What names and fixes a pool.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Names a pool within one `kmax.toml`: the team and the pool's key, written `dsp/8c64g`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolId {
    /// The team, as in `[teams.dsp]`.
    pub team: String,
    /// The key of the pool under its team.
    pub key: String,
}

impl PoolId {
    /// Makes an id of a team and a key.
    pub fn new(team: impl Into<String>, key: impl Into<String>) -> Self {
        Self { team: team.into(), key: key.into() }
    }
}

impl fmt::Display for PoolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.team, self.key)
    }
}

/// A pool id is not of the form `TEAM/KEY`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a pool: write it as TEAM/KEY")]
pub struct ParsePoolIdError(pub String);

impl FromStr for PoolId {
    type Err = ParsePoolIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((team, key)) if !team.is_empty() && !key.is_empty() && !key.contains('/') => {
                Ok(Self::new(team, key))
            }
            Some(_) | None => Err(ParsePoolIdError(text.to_owned())),
        }
    }
}

impl Serialize for PoolId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PoolId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The processor architecture of a pool, in EC2's words. Fixed for the life of the pool.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Arch {
    /// 64-bit x86: EC2's `x86_64`.
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
    /// 64-bit ARM: EC2's `arm64`.
    Arm64,
}

impl Arch {
    /// Returns EC2's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a pool buys its nodes: the label `node.spotmax/type`. Fixed for the life of the pool.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum CapacityType {
    /// Spot instances only.
    #[default]
    Spot,
    /// On-demand instances only.
    OnDemand,
}

impl CapacityType {
    /// Returns the value of the label `node.spotmax/type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::OnDemand => "ondemand",
        }
    }
}

impl fmt::Display for CapacityType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Arch {
    type Err = ParseWordError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::X86_64, Self::Arm64]
            .into_iter()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| ParseWordError(text.to_owned()))
    }
}

impl FromStr for CapacityType {
    type Err = ParseWordError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Spot, Self::OnDemand]
            .into_iter()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| ParseWordError(text.to_owned()))
    }
}

/// A word is none of those that are known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a known word")]
pub struct ParseWordError(pub String);
