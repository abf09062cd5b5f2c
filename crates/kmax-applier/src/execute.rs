//! The ready-set loop.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use kmax_cloud::Aws;
use kmax_model::{
    Address, ApplyReport, Change, ChangeOutcome, Event, GroupWork, Kind, Outcome, Plan,
    TemplateWork, Work,
};

use crate::context::{Context, Events, Settings, StepError};
use crate::template::Offered;
use crate::{ApplyLock, Cancel, group, prune, template};

/// A template's change ends after its group's, and the group's record is written after that, so
/// each has two parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    /// Everything but what comes last.
    Main(Address),
    /// A template's tags and default version, a group's record.
    Finish(Address),
}

impl Task {
    fn address(&self) -> &Address {
        match self {
            Self::Main(address) | Self::Finish(address) => address,
        }
    }
}

/// The order in which tasks that wait for nothing are begun.
fn rank(task: &Task) -> u8 {
    match task {
        Task::Finish(_) => 0,
        Task::Main(Address { kind: Kind::AutoScalingGroup, .. }) => 1,
        Task::Main(Address { kind: Kind::LaunchTemplate, .. }) => 2,
    }
}

/// What a task gave.
enum Done {
    Nothing,
    Offered(Offered),
}

/// Carries out the changes of a plan that are allowed, and reports on all of them.
///
/// Independent branches go on after a failure; what depends on a change that did not end well is
/// skipped. Changes that are not in `allowed` are left out of the report.
pub async fn apply(
    aws: &Aws,
    lock: &ApplyLock,
    plan: &Plan,
    allowed: &BTreeSet<Address>,
    settings: &Settings,
    cancel: &Cancel,
    events: Events,
) -> ApplyReport {
    let context = Context::new(aws, lock, &plan.digest, settings, cancel, events);
    let changes: BTreeMap<&Address, &Change> = plan
        .changes
        .iter()
        .filter(|change| allowed.contains(&change.address))
        .map(|change| (&change.address, change))
        .collect();
    context.emit(Event::Started { plan_digest: plan.digest.clone(), changes: changes.len() });
    let mut run = Run {
        context: &context,
        waiting: tasks(&changes),
        changes,
        offered: BTreeMap::new(),
        outcomes: BTreeMap::new(),
        stopped: None,
    };
    run.walk().await;
    let Run { outcomes, offered, stopped, changes, .. } = run;
    if stopped.is_none() && !context.is_cancelled() {
        let done = |address: &Address| outcomes.get(address) == Some(&Outcome::Done);
        let pruned = offered.into_iter().filter(|(address, _)| done(address)).collect();
        prune::prune(&context, &pruned).await;
    }
    let report = ApplyReport {
        changes: plan
            .changes
            .iter()
            .filter(|change| changes.contains_key(&change.address))
            .map(|change| ChangeOutcome {
                address: change.address.clone(),
                action: change.action,
                outcome: outcomes.get(&change.address).cloned().unwrap_or(Outcome::Cancelled),
            })
            .collect(),
        wrote: context.wrote(),
        cancelled: context.is_cancelled(),
        stopped,
    };
    context.emit(Event::Finished {
        done: report.done(),
        failed: report.failed(),
        skipped: report.skipped(),
        cancelled: report.cancelled,
    });
    report
}

/// Returns each task with the tasks that come before it.
fn tasks(changes: &BTreeMap<&Address, &Change>) -> BTreeMap<Task, BTreeSet<Task>> {
    let mut tasks = BTreeMap::new();
    for (address, change) in changes {
        let before = change.depends_on.iter().filter(|a| changes.contains_key(a));
        let before: BTreeSet<Task> = before.cloned().map(Task::Main).collect();
        let main = Task::Main((*address).clone());
        let other = match address.kind {
            Kind::LaunchTemplate => Task::Main(Address::auto_scaling_group(&address.name)),
            Kind::AutoScalingGroup => Task::Finish(Address::launch_template(&address.name)),
        };
        if has_finish(change) {
            let is_there = match changes.get(other.address()) {
                Some(change) => matches!(other, Task::Main(_)) || has_finish(change),
                None => false,
            };
            let after = [main.clone()].into_iter().chain(is_there.then_some(other));
            tasks.insert(Task::Finish((*address).clone()), after.collect());
        }
        tasks.insert(main, before);
    }
    tasks
}

/// Returns whether a change has a second part.
fn has_finish(change: &Change) -> bool {
    match &change.work {
        Work::Template(TemplateWork::Update { .. }) => true,
        Work::Template(TemplateWork::Create { .. } | TemplateWork::Delete { .. }) => false,
        Work::Group(work) => match **work {
            GroupWork::Create { .. } | GroupWork::Update { .. } => true,
            GroupWork::Delete => false,
        },
    }
}

struct Run<'a> {
    context: &'a Context<'a>,
    changes: BTreeMap<&'a Address, &'a Change>,
    waiting: BTreeMap<Task, BTreeSet<Task>>,
    /// Versions that templates offer to their groups, and that become their defaults.
    offered: BTreeMap<Address, Offered>,
    outcomes: BTreeMap<Address, Outcome>,
    stopped: Option<String>,
}

impl Run<'_> {
    async fn walk(&mut self) {
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.context.settings.parallelism.max(1)
                && self.stopped.is_none()
                && !self.context.is_cancelled()
            {
                let Some(task) = self.next_ready() else { break };
                let change = self.changes.get(task.address()).copied();
                let template = Address::launch_template(&task.address().name);
                let offered = self.offered.get(&template).cloned();
                running.push(run_task(self.context, task, change, offered));
            }
            let Some((task, result)) = running.next().await else { break };
            self.finish(&task, result);
        }
        // What was never begun was cancelled, or the run stopped.
        let rest: BTreeSet<Address> =
            self.waiting.keys().map(|task| task.address().clone()).collect();
        for address in rest {
            if !self.outcomes.contains_key(&address) {
                self.close(&address, Outcome::Cancelled);
            }
        }
    }

    /// Takes a task that waits for nothing: of several the one nearest to the end of its pool, so
    /// that pools are finished one after another and not all of them stand half done.
    fn next_ready(&mut self) -> Option<Task> {
        let ready = |(_, before): &(&Task, &BTreeSet<Task>)| before.is_empty();
        let task = self
            .waiting
            .iter()
            .filter(ready)
            .map(|(task, _)| task)
            .min_by_key(|task| rank(task))?;
        let task = task.clone();
        self.waiting.remove(&task);
        if let Task::Main(address) = &task
            && let Some(change) = self.changes.get(address)
        {
            self.context
                .emit(Event::ChangeStarted { address: address.clone(), action: change.action });
        }
        Some(task)
    }

    fn finish(&mut self, task: &Task, result: Result<Done, StepError>) {
        let address = task.address().clone();
        match result {
            Ok(done) => {
                if let Done::Offered(offered) = done {
                    self.offered.insert(address.clone(), offered);
                }
                for before in self.waiting.values_mut() {
                    before.remove(task);
                }
                if !self.waiting.contains_key(&Task::Finish(address.clone())) {
                    self.close(&address, Outcome::Done);
                }
            }
            Err(error) => {
                if let StepError::Lock(lost) = &error {
                    self.stopped = Some(lost.to_string());
                }
                self.close(&address, error.outcome());
                self.skip_dependents(task);
            }
        }
    }

    /// Closes whatever waits, directly or not, for a task that did not end well.
    fn skip_dependents(&mut self, failed: &Task) {
        let mut open = vec![failed.clone()];
        while let Some(failed) = open.pop() {
            let dependents: Vec<Task> = self
                .waiting
                .iter()
                .filter(|(_, before)| before.contains(&failed))
                .map(|(task, _)| task.clone())
                .collect();
            for task in dependents {
                self.waiting.remove(&task);
                let because = failed.address().clone();
                if !self.outcomes.contains_key(task.address()) {
                    self.close(&task.address().clone(), Outcome::Skipped { because });
                }
                open.push(task);
            }
        }
    }

    fn close(&mut self, address: &Address, outcome: Outcome) {
        if let Some(change) = self.changes.get(address) {
            self.context.emit(Event::ChangeFinished {
                address: address.clone(),
                action: change.action,
                outcome: outcome.clone(),
            });
        }
        self.outcomes.insert(address.clone(), outcome);
    }
}

async fn run_task(
    context: &Context<'_>,
    task: Task,
    change: Option<&Change>,
    offered: Option<Offered>,
) -> (Task, Result<Done, StepError>) {
    let result = match change {
        Some(change) => carry_out(context, &task, change, offered.as_ref()).await,
        None => Ok(Done::Nothing),
    };
    (task, result)
}

async fn carry_out(
    context: &Context<'_>,
    task: &Task,
    change: &Change,
    offered: Option<&Offered>,
) -> Result<Done, StepError> {
    match (task, &change.work) {
        (Task::Main(_), Work::Template(work)) => {
            let offered = template::begin(context, change, work).await?;
            Ok(offered.map_or(Done::Nothing, Done::Offered))
        }
        (Task::Main(_), Work::Group(work)) => {
            group::carry_out(context, change, work, offered).await?;
            Ok(Done::Nothing)
        }
        (Task::Finish(address), Work::Template(work)) => {
            if let (Some(offered), TemplateWork::Update { set_tags, .. }) = (offered, work) {
                template::finish(context, address, set_tags, offered).await?;
            }
            Ok(Done::Nothing)
        }
        (Task::Finish(address), Work::Group(work)) => {
            group::finish(context, address, work, offered).await?;
            Ok(Done::Nothing)
        }
    }
}
