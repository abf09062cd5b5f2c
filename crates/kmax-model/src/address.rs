//! Addresses: how plans, reports and people name one object.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The kinds of objects that kmax knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An EC2 launch template.
    LaunchTemplate,
    /// An EC2 Auto Scaling group, with its tags and suspended processes.
    AutoScalingGroup,
}

impl Kind {
    /// All kinds, in the order in which a pool's objects are created.
    pub const ALL: [Self; 2] = [Self::LaunchTemplate, Self::AutoScalingGroup];

    /// Returns the kind's word in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LaunchTemplate => "launch_template",
            Self::AutoScalingGroup => "auto_scaling_group",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Names one object: `auto_scaling_group.dsp-8c64g-kmax`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// What it is.
    pub kind: Kind,
    /// Its name in AWS.
    pub name: String,
}

impl Address {
    /// Makes the address of a launch template.
    pub fn launch_template(name: impl Into<String>) -> Self {
        Self { kind: Kind::LaunchTemplate, name: name.into() }
    }

    /// Makes the address of an Auto Scaling group.
    pub fn auto_scaling_group(name: impl Into<String>) -> Self {
        Self { kind: Kind::AutoScalingGroup, name: name.into() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.name)
    }
}

/// A text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not an address such as `auto_scaling_group.dsp-8c64g-kmax`")]
pub struct ParseAddressError(pub String);

impl FromStr for Address {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || ParseAddressError(text.to_owned());
        let (kind, name) = text.split_once('.').ok_or_else(refused)?;
        let kind = Kind::ALL.into_iter().find(|k| k.as_str() == kind).ok_or_else(refused)?;
        if name.is_empty() {
            return Err(refused());
        }
        Ok(Self { kind, name: name.to_owned() })
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for kind in Kind::ALL {
            let address = Address { kind, name: "dsp-8c64g-kmax".into() };
            assert_eq!(address.to_string().parse(), Ok(address));
        }
    }

    #[test]
    fn refuses_what_is_no_address() {
        for text in ["", "x", "launch_template.", "volume.a"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
