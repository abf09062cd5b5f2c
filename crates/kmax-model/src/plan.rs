//! The plan: every change, what it does to nodes, and what is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fields::Fields;
use crate::{
    Address, ClusterRef, DesiredGroup, Digest, LastApplied, PoolId, ReadFailure, TemplateData,
};

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is removed.
    Delete,
    /// It is taken over from a person, and changed where need be.
    Adopt,
}

impl Action {
    /// Returns the action's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Adopt => "adopt",
        }
    }
}

/// Why something is done. For people, never for decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The pool is new.
    New,
    /// The pool is gone from the config.
    Removed,
    /// The config changed since the last apply.
    Config,
    /// Somebody changed it in the cloud since the last apply.
    Drift,
    /// Both.
    ConfigAndDrift,
    /// A new kmax, a new lock or a new base template brought it.
    Upgrade,
    /// Nothing tells what was last applied.
    Unknown,
}

impl Reason {
    /// Returns the reason's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Removed => "removed",
            Self::Config => "config",
            Self::Drift => "drift",
            Self::ConfigAndDrift => "config_and_drift",
            Self::Upgrade => "upgrade",
            Self::Unknown => "unknown",
        }
    }

    /// Returns whether a hand in the cloud has part in it.
    pub fn is_drift(self) -> bool {
        match self {
            Self::Drift | Self::ConfigAndDrift => true,
            Self::New | Self::Removed | Self::Config | Self::Upgrade | Self::Unknown => false,
        }
    }
}

/// What a change does to nodes, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Impact {
    /// Nodes launched.
    pub launches: u32,
    /// Nodes replaced by others.
    pub replaces: u32,
    /// Nodes terminated.
    pub terminates: u32,
    /// Nodes that stay as they are, on an older template version.
    pub stays_old: u32,
}

impl Add for Impact {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            launches: self.launches + other.launches,
            replaces: self.replaces + other.replaces,
            terminates: self.terminates + other.terminates,
            stays_old: self.stays_old + other.stays_old,
        }
    }
}

impl AddAssign for Impact {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// One field of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field's path.
    pub path: String,
    /// What lives; `null` is nothing.
    pub before: Value,
    /// What is wanted; `null` is nothing.
    pub after: Value,
    /// What was last applied, where that is known and is neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Value>,
    /// Why they differ.
    pub reason: Reason,
}

/// One change of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The object.
    pub address: Address,
    /// The pool that it belongs to.
    pub pool: PoolId,
    /// What is done.
    pub action: Action,
    /// Why, over all fields.
    pub reason: Reason,
    /// What that does to nodes.
    pub impact: Impact,
    /// Field by field, by path.
    pub fields: Vec<FieldChange>,
    /// The object as it was read: the precondition of every write. Empty where there was none.
    pub observed: Fields,
    /// Changes that must be done first.
    pub depends_on: BTreeSet<Address>,
    /// Covers address, action, `depends_on` and the paths and values of the fields.
    pub digest: Digest,
    /// What apply carries out. It holds user data and is never saved.
    pub work: Work,
}

impl Change {
    /// Returns the digest of what a reviewer approves.
    pub fn digest_of(
        address: &Address,
        action: Action,
        depends_on: &BTreeSet<Address>,
        fields: &[FieldChange],
    ) -> Digest {
        let fields: Vec<(&str, &Value, &Value)> =
            fields.iter().map(|f| (f.path.as_str(), &f.before, &f.after)).collect();
        Digest::of(&(address, action, depends_on, fields))
    }
}

/// What apply carries out for one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// On a launch template.
    Template(TemplateWork),
    /// On an Auto Scaling group.
    Group(Box<GroupWork>),
}

/// What is done to a launch template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateWork {
    /// Make it, with its first version.
    Create {
        /// The content.
        data: Box<TemplateData>,
        /// The template's own tags.
        tags: BTreeMap<String, String>,
    },
    /// Change it.
    Update {
        /// Its id.
        id: String,
        /// Ownership tags that are missing.
        set_tags: BTreeMap<String, String>,
        /// The version that its group is to pin and that becomes the default.
        version: TemplateVersionWork,
        /// The user data that new nodes get until then, base64, to show the difference.
        previous_user_data: Option<String>,
    },
    /// Remove it, once no group uses it.
    Delete {
        /// Its id.
        id: String,
    },
}

/// The version that a template is to offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateVersionWork {
    /// A version to be made.
    Make(Box<TemplateData>),
    /// A version that is there, its content compared.
    Keep {
        /// Its number.
        number: u64,
        /// The digest of its content.
        content: Digest,
    },
}

/// What is done to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupWork {
    /// Make it.
    Create {
        /// The whole group.
        desired: DesiredGroup,
        /// What to record; the template's version is filled in once it is known.
        applied: LastApplied,
        /// The number of the template version that it is to pin, where it exists already.
        template_version: Option<u64>,
    },
    /// Change it. Only what differs is sent.
    Update {
        /// The whole group as it ought to be.
        desired: DesiredGroup,
        /// What to record; the template's version is filled in once it is known.
        applied: LastApplied,
        /// The number of the template version that it is to pin, where it exists already.
        template_version: Option<u64>,
        /// Paths of the fields that differ.
        paths: BTreeSet<String>,
        /// Tags to remove.
        remove_tags: BTreeSet<String>,
    },
    /// Remove it. Only a group without instances is.
    Delete,
}

/// Something that is refused or warned of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Notice {
    /// The object it is about, a pool, or the part of the config; none for the whole plan.
    pub address: Option<String>,
    /// The rule's code, as in `docs/rules.md`.
    pub rule: String,
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

/// A source that could not be read.
pub type Unread = ReadFailure;

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What it governs.
    pub cluster: ClusterRef,
    /// Covers the config.
    pub config_digest: Digest,
    /// Covers the lock file.
    pub lock_digest: Digest,
    /// Covers cluster, `config_digest`, `lock_digest` and the changes' digests.
    pub digest: Digest,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// The changes, in order of pool and address.
    pub changes: Vec<Change>,
    /// What keeps the plan from being applied.
    pub refusals: Vec<Notice>,
    /// What a person should know.
    pub warnings: Vec<Notice>,
    /// Warnings that `[[accept]]` silenced, with its reason.
    pub accepted: Vec<(Notice, String)>,
    /// How many objects are as they should be.
    pub unchanged: usize,
    /// How many pools were compared.
    pub pools: usize,
    /// The pools that the plan was limited to; empty is all.
    pub selection: BTreeSet<PoolId>,
    /// Living nodes by pool.
    pub nodes: BTreeMap<PoolId, u32>,
}

impl Plan {
    /// Computes the digest of a plan's parts.
    pub fn digest_of<'a>(
        cluster: &ClusterRef,
        config: &Digest,
        lock: &Digest,
        changes: impl Iterator<Item = &'a Digest>,
    ) -> Digest {
        let digests: Vec<&Digest> = changes.collect();
        Digest::of(&(cluster, config, lock, digests))
    }

    /// Returns whether everything that was asked for was read.
    pub fn is_complete(&self) -> bool {
        self.unread.is_empty()
    }

    /// Returns whether nothing is refused.
    pub fn is_applyable(&self) -> bool {
        self.refusals.is_empty()
    }

    /// Returns the impact of all changes.
    pub fn impact(&self) -> Impact {
        self.changes.iter().fold(Impact::default(), |sum, change| sum + change.impact)
    }

    /// Counts the changes of an action.
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }

    /// Returns the change of an address.
    pub fn change(&self, address: &Address) -> Option<&Change> {
        self.changes.iter().find(|change| change.address == *address)
    }
}
