//! AMI families: who reads the user data at boot, and so in what form it is written.

use crate::{Al2023, BootstrapError, NodeSpec, UserData};

/// The form of user data that the images of one AMI family read at boot.
pub trait Family: Send + Sync {
    /// Returns the family's name as `kmax.toml` writes it.
    fn name(&self) -> &'static str;

    /// Renders the user data of a node. The same spec makes the same bytes.
    fn render(&self, spec: &NodeSpec) -> Result<UserData, BootstrapError>;

    /// Reads back what [`Family::render`] wrote, and refuses what holds more than that.
    fn parse(&self, bytes: &[u8]) -> Result<NodeSpec, BootstrapError>;
}

/// All families that user data can be rendered for.
pub const FAMILIES: &[&dyn Family] = &[&Al2023];

/// Returns the family of a name.
pub fn family(name: &str) -> Result<&'static dyn Family, BootstrapError> {
    FAMILIES
        .iter()
        .copied()
        .find(|family| family.name() == name)
        .ok_or_else(|| BootstrapError::UnknownFamily { name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_families_by_name() {
        assert_eq!(family("al2023").unwrap().name(), "al2023");
        let error = family("windows").err().unwrap();
        assert_eq!(
            error.to_string(),
            "`windows` is not an AMI family that user data can be rendered for"
        );
    }
}
