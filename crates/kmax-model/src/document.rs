//! The plan as JSON: a format of its own, without user data or secrets.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::fields::Fields;
use crate::{
    Action, Address, Change, ClusterRef, Digest, FieldChange, Impact, Notice, Plan, PoolId, Reason,
};

/// The version of the plan's JSON. A reader refuses another major.
pub const PLAN_FORMAT_VERSION: &str = "1.0";

/// A plan as `kmax plan --json` prints it and `-o` saves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanDocument {
    /// [`PLAN_FORMAT_VERSION`].
    pub format_version: String,
    /// The kmax that planned.
    pub kmax_version: String,
    /// The plan's digest.
    pub plan_digest: Digest,
    /// What it governs.
    pub cluster: ClusterDocument,
    /// The pools that the plan was limited to; empty is all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub selection: BTreeSet<PoolId>,
    /// Covers the config.
    pub config_digest: Digest,
    /// Covers the lock file.
    pub lock_digest: Digest,
    /// When it was planned, RFC 3339. No digest covers it.
    pub created_at: String,
    /// Everything that was asked for was read.
    pub complete: bool,
    /// Nothing is refused.
    pub applyable: bool,
    /// What could not be read.
    pub unread: Vec<UnreadDocument>,
    /// The changes.
    pub changes: Vec<ChangeDocument>,
    /// What is refused.
    pub refusals: Vec<Notice>,
    /// What is warned of.
    pub warnings: Vec<Notice>,
    /// Warnings silenced by `[[accept]]`.
    #[serde(default)]
    pub accepted: Vec<AcceptedDocument>,
    /// Totals.
    pub summary: SummaryDocument,
}

/// What a plan governs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterDocument {
    /// The EKS cluster's name.
    pub name: String,
    /// The AWS region.
    pub region: String,
    /// The AWS account id.
    pub account: String,
    /// The stack.
    pub stack: String,
}

/// A source that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadDocument {
    /// What was asked.
    pub source: String,
    /// What was answered.
    pub error: String,
}

/// A warning that the config accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedDocument {
    /// The warning.
    #[serde(flatten)]
    pub notice: Notice,
    /// The reason that the config gives.
    pub reason: String,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeDocument {
    /// The object.
    pub address: Address,
    /// The pool.
    pub pool: PoolId,
    /// What is done.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// What that does to nodes.
    pub impact: Impact,
    /// Field by field.
    pub fields: Vec<FieldChange>,
    /// The object as it was read.
    pub observed: Fields,
    /// Changes that must be done first.
    pub depends_on: BTreeSet<Address>,
    /// Covers address, action, `depends_on` and fields.
    pub digest: Digest,
}

/// Totals of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryDocument {
    /// Objects made.
    pub create: usize,
    /// Objects changed.
    pub update: usize,
    /// Objects removed.
    pub delete: usize,
    /// Objects taken over.
    pub adopt: usize,
    /// Objects as they should be.
    pub unchanged: usize,
    /// Nodes launched.
    pub launches: u32,
    /// Nodes replaced.
    pub replaces: u32,
    /// Nodes terminated.
    pub terminates: u32,
    /// Nodes on an older template.
    pub stays_old: u32,
}

impl SummaryDocument {
    /// Sums up a plan.
    pub fn of(plan: &Plan) -> Self {
        let Impact { launches, replaces, terminates, stays_old } = plan.impact();
        Self {
            create: plan.count(Action::Create),
            update: plan.count(Action::Update),
            delete: plan.count(Action::Delete),
            adopt: plan.count(Action::Adopt),
            unchanged: plan.unchanged,
            launches,
            replaces,
            terminates,
            stays_old,
        }
    }
}

impl From<&Change> for ChangeDocument {
    fn from(change: &Change) -> Self {
        let Change {
            address,
            pool,
            action,
            reason,
            impact,
            fields,
            observed,
            depends_on,
            digest,
            work: _,
        } = change;
        Self {
            address: address.clone(),
            pool: pool.clone(),
            action: *action,
            reason: *reason,
            impact: *impact,
            fields: fields.clone(),
            observed: observed.clone(),
            depends_on: depends_on.clone(),
            digest: digest.clone(),
        }
    }
}

impl PlanDocument {
    /// Returns what of a saved plan is not what its digests cover: it was edited or damaged.
    pub fn edited(&self) -> Option<String> {
        let is_edited = |change: &&ChangeDocument| {
            let ChangeDocument { address, action, depends_on, fields, digest, .. } = change;
            Change::digest_of(address, *action, depends_on, fields) != *digest
        };
        if let Some(change) = self.changes.iter().find(is_edited) {
            return Some(format!("the change of {} is not what its digest covers", change.address));
        }
        let ClusterDocument { name, region, account, stack } = self.cluster.clone();
        let cluster = ClusterRef { name, region, account, stack };
        let digests = self.changes.iter().map(|change| &change.digest);
        let digest = Plan::digest_of(&cluster, &self.config_digest, &self.lock_digest, digests);
        (digest != self.plan_digest).then(|| "the plan is not what its digest covers".to_owned())
    }

    /// Makes the document of a plan, made by `kmax_version` at `created_at` (RFC 3339).
    pub fn of(plan: &Plan, kmax_version: &str, created_at: &str) -> Self {
        Self {
            format_version: PLAN_FORMAT_VERSION.to_owned(),
            kmax_version: kmax_version.to_owned(),
            plan_digest: plan.digest.clone(),
            cluster: ClusterDocument {
                name: plan.cluster.name.clone(),
                region: plan.cluster.region.clone(),
                account: plan.cluster.account.clone(),
                stack: plan.cluster.stack.clone(),
            },
            selection: plan.selection.clone(),
            config_digest: plan.config_digest.clone(),
            lock_digest: plan.lock_digest.clone(),
            created_at: created_at.to_owned(),
            complete: plan.is_complete(),
            applyable: plan.is_applyable(),
            unread: plan
                .unread
                .iter()
                .map(|u| UnreadDocument { source: u.source.clone(), error: u.error.clone() })
                .collect(),
            changes: plan.changes.iter().map(ChangeDocument::from).collect(),
            refusals: plan.refusals.clone(),
            warnings: plan.warnings.clone(),
            accepted: plan
                .accepted
                .iter()
                .map(|(notice, reason)| AcceptedDocument {
                    notice: notice.clone(),
                    reason: reason.clone(),
                })
                .collect(),
            summary: SummaryDocument::of(plan),
        }
    }
}
