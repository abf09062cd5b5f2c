//! Leaving a field out, removing it and setting it are three things.

use serde::{Deserialize, Serialize};

/// What kmax wants of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Managed<T> {
    /// kmax has no say: whatever lives there stays.
    #[default]
    Unmanaged,
    /// kmax wants the field to be absent, or at AWS's default.
    Unset,
    /// kmax wants this value.
    Set(T),
}

impl<T> Managed<T> {
    /// Returns whether kmax has a say in the field.
    pub fn is_managed(&self) -> bool {
        match self {
            Self::Unmanaged => false,
            Self::Unset | Self::Set(_) => true,
        }
    }

    /// Returns the value wanted, if one is.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Unmanaged | Self::Unset => None,
            Self::Set(value) => Some(value),
        }
    }
}
