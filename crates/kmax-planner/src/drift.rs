//! What differs though nobody changed the config.

use kmax_model::{
    Action, Address, Change, ClusterRef, FieldChange, Notice, Plan, PoolId, ReadFailure,
};
use serde::{Deserialize, Serialize};

use crate::warn::SHARED_TEMPLATE;

/// What somebody changed in the cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftReport {
    /// What it governs.
    pub cluster: ClusterRef,
    /// The objects that differ.
    pub items: Vec<DriftItem>,
    /// Drift that no change of kmax mends.
    pub notices: Vec<Notice>,
    /// What could not be read.
    pub unread: Vec<ReadFailure>,
    /// How many pools were compared.
    pub pools: usize,
}

/// One object that somebody changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftItem {
    /// The object.
    pub address: Address,
    /// Its pool.
    pub pool: PoolId,
    /// What was done to it.
    pub finding: Finding,
    /// The fields that were changed: `before` is what lives, `after` what the config wants, `base`
    /// what was last applied where that is a third value.
    pub fields: Vec<FieldChange>,
}

/// What was done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Fields were changed.
    Changed,
    /// It was deleted.
    Deleted,
}

/// Picks out of a plan what a hand in the cloud did.
pub fn drift(plan: &Plan) -> DriftReport {
    DriftReport {
        cluster: plan.cluster.clone(),
        items: plan.changes.iter().filter_map(item).collect(),
        notices: plan
            .warnings
            .iter()
            .filter(|warning| warning.rule == SHARED_TEMPLATE)
            .cloned()
            .collect(),
        unread: plan.unread.clone(),
        pools: plan.pools,
    }
}

fn item(change: &Change) -> Option<DriftItem> {
    let fields: Vec<FieldChange> =
        change.fields.iter().filter(|field| field.reason.is_drift()).cloned().collect();
    if fields.is_empty() {
        return None;
    }
    let finding = match change.action {
        Action::Create => Finding::Deleted,
        Action::Update | Action::Adopt | Action::Delete => Finding::Changed,
    };
    // Of an object that is gone, every field is: the name says it all.
    let fields = match finding {
        Finding::Changed => fields,
        Finding::Deleted => Vec::new(),
    };
    Some(DriftItem { address: change.address.clone(), pool: change.pool.clone(), finding, fields })
}

impl DriftReport {
    /// Returns whether nobody changed anything.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.notices.is_empty()
    }
}
