//! Every class of error at every call: retried, or reported with the change that failed.

use std::collections::{BTreeMap, BTreeSet};

use kmax_applier::LOCK_TTL;
use kmax_cloud::{ErrorClass, Operation, Request};
use kmax_model::{ApplyReport, Digest, Outcome};
use kmax_sandbox::{Fault, FaultKind};

use crate::account::Account;
use crate::harness::{Engine, lines};
use crate::scenarios;

/// Names the pool that a call is about; none is the lock, or a listing.
fn subject(request: &Request, names: &BTreeMap<String, String>) -> Option<String> {
    let of_id = |id: &String| names.get(id).cloned();
    match request {
        Request::CreateLaunchTemplate(r) => Some(r.name.clone()),
        Request::CreateLaunchTemplateVersion(r) => of_id(&r.template_id),
        Request::ModifyLaunchTemplate(r) => of_id(&r.template_id),
        Request::DeleteLaunchTemplate(r) => of_id(&r.template_id),
        Request::DeleteLaunchTemplateVersions(r) => of_id(&r.template_id),
        Request::DescribeLaunchTemplates(r) => r.names.first().cloned(),
        Request::DescribeLaunchTemplateVersions(r) => r.template_id.as_ref().and_then(of_id),
        Request::CreateTags(r) => of_id(&r.resource),
        Request::DescribeAutoScalingGroups(r) => r.names.first().cloned(),
        Request::CreateAutoScalingGroup(r) => Some(r.name.clone()),
        Request::UpdateAutoScalingGroup(r) => Some(r.name.clone()),
        Request::DeleteAutoScalingGroup(r) => Some(r.name.clone()),
        Request::CreateOrUpdateTags(r) => Some(r.group.clone()),
        Request::DeleteGroupTags(r) => Some(r.group.clone()),
        Request::SuspendProcesses(r) => Some(r.group.clone()),
        Request::DescribeInstances(_) => None,
        Request::GetCallerIdentity(_)
        | Request::DescribeCluster(_)
        | Request::GetInstanceProfile(_)
        | Request::GetParameters(_)
        | Request::DescribeSubnets(_)
        | Request::DescribeSecurityGroups(_)
        | Request::DescribeImages(_)
        | Request::DescribeInstanceTypes(_)
        | Request::DescribeInstanceTypeOfferings(_) => panic!("no call of an apply: {request:?}"),
    }
    .filter(|name| !name.starts_with("kmax-lock/"))
}

/// Every fault that a single call can meet, with whether the call is made again.
fn faults(operation: Operation) -> Vec<(String, FaultKind, bool)> {
    let mut faults = vec![("a lost answer".to_owned(), FaultKind::LoseResponse, true)];
    for class in ErrorClass::ALL {
        let kind = FaultKind::of_class(class);
        let FaultKind::Error { code, message, status } = &kind else { panic!("an error") };
        let found = ErrorClass::classify(operation, code, message, *status);
        faults.push((format!("{class:?}"), kind.clone(), found.is_retried()));
    }
    faults
}

fn all_done(report: &ApplyReport) -> bool {
    report.done() == report.changes.len()
}

/// What an apply without faults does, for comparison.
struct Undisturbed {
    calls: Vec<Request>,
    before: Account,
    after: Account,
    /// Names of pools by the ids of their templates.
    names: BTreeMap<String, String>,
}

async fn undisturbed(base: &Engine) -> Undisturbed {
    let engine = base.fork();
    let (before, port) = (engine.account(), engine.port.sibling());
    let plan = engine.plan().await;
    let report = engine.apply_plan(&port, &plan).await.unwrap();
    assert!(all_done(&report), "{report:#?}");
    let after = engine.account();
    let templates = before.templates.values().chain(after.templates.values());
    let names = templates.map(|s| (s.template.id.clone(), s.template.name.clone())).collect();
    Undisturbed { calls: port.calls(), before, after, names }
}

/// Runs into one fault and demands that it is got over or reported, and that a second apply ends well.
async fn run_into(base: &Engine, wanted: &Undisturbed, n: usize, kind: FaultKind, retried: bool) {
    let request = &wanted.calls[n];
    let what = format!("call {} {:?}: {kind:?}", n + 1, request.operation());
    let engine = base.fork();
    let plan = engine.plan().await;
    let fault = Fault::new(kind.clone()).nth(u32::try_from(n + 1).unwrap());
    let port = engine.port.sibling().with_faults([fault]);
    let subject = subject(request, &wanted.names);
    match engine.apply_plan(&port, &plan).await {
        Err(error) => {
            assert!(!retried && subject.is_none(), "{what}: {error}");
            assert_eq!(engine.account(), wanted.before, "{what}: without the lock nothing is done");
        }
        Ok(report) => {
            assert!(!retried || all_done(&report), "{what}: tried again: {report:#?}");
            for change in &report.changes {
                let is_its = subject.as_ref() == Some(&change.address.name);
                match &change.outcome {
                    Outcome::Done => {}
                    Outcome::Failed { error, hint: _ } => {
                        let FaultKind::Error { code, .. } = &kind else {
                            panic!("{what}: {error}")
                        };
                        // What answers "not found" and is there all the same is waited for.
                        let says = error.contains(code.as_str()) || error.contains("was not gone");
                        assert!(is_its && says, "{what}: {error}");
                    }
                    Outcome::Refused { .. } | Outcome::Skipped { .. } => {
                        assert!(is_its, "{what}: {change:?}");
                    }
                    Outcome::Cancelled => panic!("{what}: {change:?}"),
                }
            }
            let failed = report.failed() > 0;
            assert_eq!(all_done(&report), !failed, "{what}: who skips says why");
            assert_eq!(report.stopped, None, "{what}");
            let mut found = engine.account();
            found.templates.retain(|name, _| !name.starts_with("kmax-lock/"));
            assert!(report.wrote || found == wanted.before, "{what}: it wrote and says so");
            // A service that says of what is there that it is not is taken at its word.
            let lies = matches!(request, Request::DeleteLaunchTemplate(_)) && !retried;
            if !failed && !lies {
                assert!(engine.plan().await.changes.is_empty(), "{what}: done is done");
            }
        }
    }
    engine.clock.advance(LOCK_TTL + 1);
    engine.converge().await;
    engine.assert_converged().await;
    crate::crash::assert_same(&engine.account(), &wanted.after.clone().without_ids(), &what);
}

async fn at_every_call(base: &Engine) -> usize {
    let wanted = undisturbed(base).await;
    let mut runs = 0;
    for (n, request) in wanted.calls.iter().enumerate() {
        for (_, kind, retried) in faults(request.operation()) {
            run_into(base, &wanted, n, kind, retried).await;
            runs += 1;
        }
    }
    runs
}

#[tokio::test(start_paused = true)]
async fn at_every_call_of_a_create() {
    assert!(at_every_call(&scenarios::create().await).await > 80);
}

#[tokio::test(start_paused = true)]
async fn at_every_call_of_an_update() {
    assert!(at_every_call(&scenarios::update().await).await > 80);
}

#[tokio::test(start_paused = true)]
async fn at_every_call_of_a_delete() {
    assert!(at_every_call(&scenarios::delete().await).await > 80);
}

#[tokio::test(start_paused = true)]
async fn at_every_call_of_an_adoption() {
    assert!(at_every_call(&scenarios::adopt().await).await > 80);
}

#[tokio::test(start_paused = true)]
async fn at_every_call_of_pruning() {
    assert!(at_every_call(&scenarios::prune().await).await > 80);
}

/// A service that never comes round: after two minutes a call is given up and reported.
#[tokio::test(start_paused = true)]
async fn what_does_not_pass_is_given_up_and_reported() {
    for base in [scenarios::create().await, scenarios::update().await, scenarios::delete().await] {
        let wanted = undisturbed(&base).await;
        let operations: BTreeSet<Operation> = wanted.calls.iter().map(Request::operation).collect();
        for operation in operations {
            for class in [ErrorClass::Throttled, ErrorClass::Unavailable] {
                let what = format!("{operation:?} {class:?}");
                let engine = base.fork();
                let plan = engine.plan().await;
                let fault = Fault::new(FaultKind::of_class(class)).on(operation).times(10_000);
                let port = engine.port.sibling().with_faults([fault]);
                match engine.apply_plan(&port, &plan).await {
                    Err(_) => assert_eq!(operation, Operation::CreateLaunchTemplate, "{what}"),
                    Ok(report) => {
                        // The lock ends by itself where it can't be given back.
                        let is_lock = operation == Operation::DeleteLaunchTemplate;
                        assert!(report.failed() > 0 || is_lock, "{what}: {report:#?}");
                    }
                }
                engine.clock.advance(LOCK_TTL + 1);
                engine.converge().await;
                engine.assert_converged().await;
                let wanted = wanted.after.clone().without_ids();
                crate::crash::assert_same(&engine.account(), &wanted, &what);
            }
        }
    }
}

/// What could not be read is said, and nothing is planned that what could be read does not bear out.
#[tokio::test(start_paused = true)]
async fn a_gap_in_the_reading_is_no_change() {
    let bases = [
        scenarios::create().await,
        scenarios::update().await,
        scenarios::delete().await,
        scenarios::deleted().await,
        scenarios::mixed().await,
    ];
    let mut gaps = 0;
    for base in bases {
        let port = base.port.sibling();
        let honest = base.plan_through(&port).await;
        let digests: BTreeSet<&Digest> = honest.changes.iter().map(|c| &c.digest).collect();
        for (n, request) in port.calls().iter().enumerate() {
            let operation = request.operation();
            for class in [ErrorClass::Denied, ErrorClass::Invalid, ErrorClass::Unavailable] {
                let what = format!("call {} {operation:?} {class:?}", n + 1);
                let fault = Fault::new(FaultKind::of_class(class));
                // One that passes is tried again: only one that stays is a gap.
                let fault = if class.is_retried() {
                    fault.on(operation).times(10_000)
                } else {
                    fault.nth(u32::try_from(n + 1).unwrap())
                };
                let plan = base.plan_through(&base.port.sibling().with_faults([fault])).await;
                for change in &plan.changes {
                    assert!(
                        digests.contains(&change.digest),
                        "{what}: {:#?} is none of {:#?}",
                        lines(&plan),
                        lines(&honest)
                    );
                }
                assert_eq!(plan.is_complete(), plan.unread.is_empty());
                if plan.is_complete() {
                    assert_eq!(plan, honest, "{what}: it was read another way");
                    continue;
                }
                gaps += 1;
                let action = operation.action();
                assert!(
                    plan.unread.iter().any(|gap| gap.source.starts_with(&action)),
                    "{what}: {:?}",
                    plan.unread
                );
            }
        }
    }
    assert!(gaps > 80, "{gaps} gaps");
}

/// What was just written is not seen at once: an apply waits for it, and blames nobody.
#[tokio::test(start_paused = true)]
async fn news_that_travels_slowly_is_waited_for() {
    for reads in 1..=4 {
        let bases = [
            scenarios::create().await,
            scenarios::update().await,
            scenarios::delete().await,
            scenarios::adopt().await,
            scenarios::mend().await,
            scenarios::deleted().await,
        ];
        for base in bases {
            let wanted = undisturbed(&base).await;
            let plan = base.plan().await;
            base.port.with(|sandbox| sandbox.set_delay(reads)).unwrap();
            let report = base.apply_plan(&base.port.sibling(), &plan).await.unwrap();
            assert!(all_done(&report), "{reads} reads: {report:#?}");
            base.port.with(|sandbox| sandbox.set_delay(0)).unwrap();
            base.assert_converged().await;
            let found = base.account();
            crate::crash::assert_same(&found, &wanted.after.without_ids(), "slow news");
        }
    }
}
