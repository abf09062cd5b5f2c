//! Ownership: whose an object is, by its tags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::PoolId;

/// The prefix of all tags that are kmax's own.
pub const TAG_PREFIX: &str = "kmax:";
/// The tag of a group that holds what was last applied.
pub const TAG_APPLIED: &str = "kmax:applied";
/// The tag of a group that holds the digest of the plan being applied.
pub const TAG_APPLYING: &str = "kmax:applying";
/// The tag that marks the launch template which serves as a lock.
pub const TAG_LOCK: &str = "kmax:lock";
/// The prefix of the tags that Cluster Autoscaler reads.
pub const CA_PREFIX: &str = "k8s.io/cluster-autoscaler/";

const TAG_CLUSTER: &str = "kmax:cluster";
const TAG_STACK: &str = "kmax:stack";
/// The tag that names the pool of an object.
pub const TAG_POOL: &str = "kmax:pool";

/// The three ownership tags of a template or a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Owner {
    /// `kmax:cluster`.
    pub cluster: String,
    /// `kmax:stack`.
    pub stack: String,
    /// `kmax:pool`.
    pub pool: PoolId,
}

impl Owner {
    /// Returns the ownership tags.
    pub fn tags(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (TAG_CLUSTER.to_owned(), self.cluster.clone()),
            (TAG_STACK.to_owned(), self.stack.clone()),
            (TAG_POOL.to_owned(), self.pool.to_string()),
        ])
    }

    /// The key of the tag by which a cluster's objects are found.
    pub const fn cluster_tag() -> &'static str {
        TAG_CLUSTER
    }

    /// The keys of the ownership tags.
    pub const fn tag_keys() -> [&'static str; 3] {
        [TAG_CLUSTER, TAG_STACK, TAG_POOL]
    }
}

/// Whose an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It carries no ownership tag at all.
    None,
    /// It carries all three.
    Owned(Owner),
    /// It carries some ownership tags, or one that can't be read.
    Partial(BTreeMap<String, String>),
}

impl Ownership {
    /// Reads the ownership from an object's tags.
    pub fn of<'a>(tags: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        let found: BTreeMap<String, String> = tags
            .into_iter()
            .filter(|(key, _)| Owner::tag_keys().contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if found.is_empty() {
            return Self::None;
        }
        let whole = (found.get(TAG_CLUSTER), found.get(TAG_STACK), found.get(TAG_POOL));
        if let (Some(cluster), Some(stack), Some(pool)) = whole
            && let Ok(pool) = pool.parse()
        {
            return Self::Owned(Owner { cluster: cluster.clone(), stack: stack.clone(), pool });
        }
        Self::Partial(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_its_tags() {
        let owner = Owner {
            cluster: "adx-prod".into(),
            stack: "main".into(),
            pool: PoolId::new("dsp", "8c64g"),
        };
        assert_eq!(Ownership::of(&owner.tags()), Ownership::Owned(owner.clone()));
        let mut some = owner.tags();
        some.remove(TAG_POOL);
        assert_eq!(Ownership::of(&some), Ownership::Partial(some.clone()));
        assert_eq!(Ownership::of(&BTreeMap::new()), Ownership::None);
    }
}
