//! What the account holds.

use std::collections::BTreeMap;

use kmax_model::{
    AutoScalingGroup, Digest, EksCluster, Image, InstanceProfile, LaunchTemplate, SecurityGroup,
    Subnet, TemplateVersion,
};
use serde::{Deserialize, Serialize};

use crate::faults::Fault;
use crate::table::{Table, Tracked};

/// 2026-08-15T00:00:00Z, when every sandbox begins.
const DAWN: u64 = 1_786_752_000;

/// What there is once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Meta {
    pub(crate) account: String,
    pub(crate) region: String,
    /// The time of day, seconds since 1970.
    pub(crate) now: u64,
    /// Counts everything that was given an id or a place in a log.
    pub(crate) counter: u64,
    /// The place of the recommended AMI release among all.
    pub(crate) recommended: usize,
    /// For how many reads what is new stays invisible.
    pub(crate) delay: u32,
}

impl Default for Meta {
    fn default() -> Self {
        Self {
            account: String::new(),
            region: String::new(),
            now: DAWN,
            counter: 0,
            recommended: 0,
            delay: 0,
        }
    }
}

/// A launch template.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct TemplateRow {
    pub(crate) template: LaunchTemplate,
    /// The number that the next version gets.
    pub(crate) next_version: u64,
}

/// An Auto Scaling group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct GroupRow {
    pub(crate) group: AutoScalingGroup,
    /// While it is being deleted: for how many reads it is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reads_until_gone: Option<u32>,
}

/// An instance as EC2 sees it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct InstanceRow {
    pub(crate) instance_type: String,
    pub(crate) lifecycle: String,
    pub(crate) state: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) launched_at: u64,
    pub(crate) terminated_at: Option<u64>,
}

/// What a client token stands for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TokenRow {
    /// The digest of the request.
    pub(crate) request: Digest,
    /// When it was first used.
    pub(crate) used_at: u64,
    /// The template answered.
    pub(crate) template: LaunchTemplate,
    /// The number of the version answered.
    pub(crate) version: u64,
}

/// Tags that were changed and are still read as they were.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StaleTags<T> {
    pub(crate) reads: u32,
    pub(crate) before: T,
}

/// Something that happened which no answer tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Seconds since 1970, in the sandbox's own time.
    pub at: u64,
    /// What brought it about: an IAM action, `by hand`, `autoscaler` or `time`.
    pub cause: String,
    /// What happened.
    pub event: String,
}

macro_rules! tables {
    ($($(#[$doc:meta])* $field:ident: $row:ty,)*) => {
        /// The whole of it.
        #[derive(Clone, Debug, Default)]
        pub(crate) struct State {
            pub(crate) meta: Tracked<Meta>,
            $($(#[$doc])* pub(crate) $field: Table<$row>,)*
        }

        /// What a call changed.
        #[derive(Debug, Default, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(crate) struct Changes {
            #[serde(skip_serializing_if = "Option::is_none")]
            meta: Option<Meta>,
            $(
                #[serde(skip_serializing_if = "BTreeMap::is_empty")]
                $field: BTreeMap<String, Option<$row>>,
            )*
        }

        impl Changes {
            pub(crate) fn is_empty(&self) -> bool {
                self.meta.is_none() $(&& self.$field.is_empty())*
            }
        }

        impl State {
            /// Returns what changed since the last time.
            pub(crate) fn take_changes(&mut self) -> Changes {
                Changes {
                    meta: self.meta.take_changes(),
                    $($field: self.$field.take_changes(),)*
                }
            }

            /// Returns all there is as changes to an empty state.
            pub(crate) fn whole(&self) -> Changes {
                Changes { meta: Some(Meta::clone(&self.meta)), $($field: self.$field.whole(),)* }
            }

            /// Takes over changes made elsewhere.
            pub(crate) fn take_over(&mut self, changes: Changes) {
                if let Some(meta) = changes.meta {
                    self.meta.take_over(meta);
                }
                $(self.$field.take_over(changes.$field);)*
            }
        }
    };
}

tables! {
    /// By name.
    clusters: EksCluster,
    /// By id.
    subnets: Subnet,
    /// By id.
    security_groups: SecurityGroup,
    /// By name.
    profiles: InstanceProfile,
    /// By id.
    images: Image,
    /// By id.
    templates: TemplateRow,
    /// By template id and number, as [`version_key`] writes them.
    versions: TemplateVersion,
    /// By name.
    groups: GroupRow,
    /// By id.
    instances: InstanceRow,
    /// By operation and token.
    tokens: TokenRow,
    /// How many more reads miss an object, by kind and id.
    hidden: u32,
    /// By group.
    stale_group_tags: StaleTags<BTreeMap<String, kmax_model::GroupTag>>,
    /// By template id.
    stale_template_tags: StaleTags<BTreeMap<String, String>>,
    /// By number.
    faults: Fault,
    /// By number.
    audit: AuditEntry,
}

/// The key of a template's version: sorted by number.
pub(crate) fn version_key(template_id: &str, number: u64) -> String {
    format!("{template_id}/{number:010}")
}

/// Kinds of objects that are not seen at once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hideable {
    Template,
    /// A version, for Auto Scaling; EC2 knows it at once.
    Version,
    Group,
    Profile,
}

fn hidden_key(kind: Hideable, id: &str) -> String {
    let kind = match kind {
        Hideable::Template => "template",
        Hideable::Version => "version",
        Hideable::Group => "group",
        Hideable::Profile => "profile",
    };
    format!("{kind}/{id}")
}

impl State {
    /// Returns the next number.
    pub(crate) fn count(&mut self) -> u64 {
        self.meta.counter += 1;
        self.meta.counter
    }

    /// Makes an id of AWS's form: a prefix and 17 hex digits, the first of them 0.
    pub(crate) fn next_id(&mut self, prefix: &str) -> String {
        let number = self.count();
        id_of(prefix, &format!("{}/{}/{number}", self.meta.account, self.meta.region))
    }

    /// Writes down what happened.
    pub(crate) fn audit(&mut self, cause: &str, event: impl Into<String>) {
        let number = self.count();
        let entry = AuditEntry { at: self.meta.now, cause: cause.to_owned(), event: event.into() };
        self.audit.insert(format!("{number:010}"), entry);
    }

    /// Hides a new object from the next reads, where a delay is set.
    pub(crate) fn hide(&mut self, kind: Hideable, id: &str) {
        if self.meta.delay > 0 {
            self.hidden.insert(hidden_key(kind, id), self.meta.delay);
        }
    }

    /// Reads an object: whether it is seen. A read that misses it brings it closer.
    pub(crate) fn sees(&mut self, kind: Hideable, id: &str) -> bool {
        if self.hidden.is_empty() {
            return true;
        }
        let key = hidden_key(kind, id);
        match self.hidden.get(&key).copied() {
            None => true,
            Some(0 | 1) => {
                self.hidden.remove(&key);
                false
            }
            Some(reads) => {
                self.hidden.insert(key, reads - 1);
                false
            }
        }
    }

    /// Ends every delay that is under way.
    pub(crate) fn settle_delays(&mut self) {
        self.hidden.clear();
        self.stale_group_tags.clear();
        self.stale_template_tags.clear();
        self.groups.retain(|row| row.reads_until_gone.is_none());
    }
}

/// Makes an id of AWS's form that depends on nothing but a seed.
pub(crate) fn id_of(prefix: &str, seed: &str) -> String {
    let digest = Digest::of_bytes(format!("{prefix}/{seed}").as_bytes());
    let hex = digest.as_str().trim_start_matches("sha256:");
    format!("{prefix}-0{}", hex.get(..16).unwrap_or(hex))
}

/// Reads tags that may still be seen as they were.
pub(crate) fn read_tags<T: Clone>(table: &mut Table<StaleTags<T>>, id: &str) -> Option<T> {
    let stale = table.get(id)?.clone();
    if stale.reads <= 1 {
        table.remove(id);
    } else {
        table.insert(id, StaleTags { reads: stale.reads - 1, before: stale.before.clone() });
    }
    Some(stale.before)
}
