//! What apply says while it runs, and what it reports at the end.

use serde::{Deserialize, Serialize};

use crate::{Action, Address, Digest};

/// One event of an apply. Progress bars, plain lines and JSON all hang off this one stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The lock is being asked for and another holds it, or it is held.
    Lock {
        /// Whether it is held by this apply now.
        held: bool,
        /// Words for people.
        message: String,
    },
    /// Execution starts.
    Started {
        /// The plan's digest.
        plan_digest: Digest,
        /// How many changes there are.
        changes: usize,
    },
    /// A change starts.
    ChangeStarted {
        /// The object.
        address: Address,
        /// What is done.
        action: Action,
    },
    /// A change goes on to its next step.
    Step {
        /// The object.
        address: Address,
        /// The step, in words.
        message: String,
    },
    /// A call is tried again.
    Retry {
        /// The operation.
        operation: String,
        /// What was answered.
        error: String,
        /// Milliseconds until the next try.
        delay_ms: u64,
    },
    /// A change ended.
    ChangeFinished {
        /// The object.
        address: Address,
        /// What is done.
        action: Action,
        /// How it ended.
        outcome: Outcome,
    },
    /// All ended.
    Finished {
        /// Changes done.
        done: usize,
        /// Changes that failed or were refused.
        failed: usize,
        /// Changes not begun.
        skipped: usize,
        /// Whether it was cancelled.
        cancelled: bool,
    },
}

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Done,
    /// A call failed.
    Failed {
        /// What went wrong.
        error: String,
        /// What to do next.
        hint: Option<String>,
    },
    /// What was read just before the write is not what was planned on.
    Refused {
        /// The rule's code.
        rule: String,
        /// What moved.
        message: String,
        /// What to do next.
        hint: Option<String>,
    },
    /// A change that it depends on did not end well.
    Skipped {
        /// That change.
        because: Address,
    },
    /// It was not begun before the run was cancelled.
    Cancelled,
}

/// How one change ended, for the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeOutcome {
    /// The object.
    pub address: Address,
    /// What was to be done.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
}

/// The report of an apply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyReport {
    /// Every change of the plan, in the plan's order.
    pub changes: Vec<ChangeOutcome>,
    /// Whether a write went through, the lock's own aside.
    pub wrote: bool,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// Why the whole run stopped, where it did.
    pub stopped: Option<String>,
}

impl ApplyReport {
    /// Counts the changes that are done.
    pub fn done(&self) -> usize {
        self.changes.iter().filter(|c| matches!(c.outcome, Outcome::Done)).count()
    }

    /// Counts the changes that failed or were refused.
    pub fn failed(&self) -> usize {
        let failed = |o: &Outcome| matches!(o, Outcome::Failed { .. } | Outcome::Refused { .. });
        self.changes.iter().filter(|c| failed(&c.outcome)).count()
    }

    /// Counts the changes that were not begun.
    pub fn skipped(&self) -> usize {
        let skipped = |o: &Outcome| matches!(o, Outcome::Skipped { .. } | Outcome::Cancelled);
        self.changes.iter().filter(|c| skipped(&c.outcome)).count()
    }
}
