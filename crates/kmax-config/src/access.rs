//! `[access]`: login users, groups and sudo rules.

use std::collections::BTreeMap;

use serde::Serialize;

/// Users, groups and sudo rules of every node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Access {
    /// `Defaults` lines of the sudoers file.
    pub sudo_defaults: Vec<String>,
    /// Command aliases of sudo, by name.
    pub sudo_aliases: BTreeMap<String, Vec<String>>,
    /// Groups, by name.
    pub groups: BTreeMap<String, AccessGroup>,
    /// Users, by name.
    pub users: BTreeMap<String, AccessUser>,
}

/// A group of users.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AccessGroup {
    /// What its members may do, each rule as sudoers writes it after the name.
    pub sudo: Vec<String>,
}

/// A login user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AccessUser {
    /// The groups it is in.
    pub groups: Vec<String>,
    /// The public keys it logs in with.
    pub ssh_authorized_keys: Vec<String>,
}
