//! Cases, the ground they run on, and the run.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use kmax_cloud::{Aws, Meter, Operation};
use tokio::task::JoinError;

use super::Fixture;

/// An empty account that an implementation of the port stands on.
#[async_trait]
pub trait Ground: Send + Sync {
    /// Returns the port, without retries.
    fn aws(&self) -> Aws;

    /// Returns what the account holds.
    fn place(&self) -> Place;

    /// Moves a group's desired capacity, within its bounds, as Cluster Autoscaler would; the
    /// instances are in service, or gone, when it returns.
    async fn scale(&self, group: &str, desired: u32);
}

/// What an account holds before a case runs: a cluster and what its nodes need. It has no launch
/// template, no group and no instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The account id.
    pub account: String,
    /// The region; it offers `m5.2xlarge`, `r5.2xlarge` and `r6g.2xlarge` in all zones.
    pub region: String,
    /// The cluster's name; it is active, and its endpoint, certificate authority, service CIDR,
    /// VPC, subnets and authentication mode are known.
    pub cluster: String,
    /// The cluster's minor version; its AL2023 images are in SSM.
    pub version: String,
    /// The VPC's id.
    pub vpc: String,
    /// Zone to id of a subnet of the VPC: at least two.
    pub subnets: BTreeMap<String, String>,
    /// Name to id of a security group of the VPC: at least two.
    pub security_groups: BTreeMap<String, String>,
    /// The name of an instance profile with one role.
    pub instance_profile: String,
}

/// One case.
#[derive(Clone, Copy)]
pub struct Case {
    /// Its name: `templates.pages`.
    pub name: &'static str,
    pub(super) run: fn(Fixture) -> BoxFuture<'static, ()>,
}

/// A case that a ground can't hold.
#[derive(Clone, Copy, Debug)]
pub struct Lacking {
    /// The case's name.
    pub case: &'static str,
    /// Why not.
    pub reason: &'static str,
}

/// Lists the cases of a module.
macro_rules! cases {
    ($module:literal: $($name:ident),* $(,)?) => {
        pub(super) fn cases() -> Vec<$crate::conformance::Case> {
            vec![$($crate::conformance::Case {
                name: concat!($module, ".", stringify!($name)),
                run: |fixture| Box::pin($name(fixture)),
            }),*]
        }
    };
}
pub(super) use cases;

/// Runs all cases, each on a ground of its own, and reports those that failed together.
///
/// # Panics
///
/// Where a case fails, or one of `lacking` is none.
pub async fn run<F, Fut>(make_ground: F, lacking: &[Lacking])
where
    F: Fn() -> Fut,
    Fut: Future<Output = Arc<dyn Ground>>,
{
    let cases = super::cases();
    let names: BTreeSet<_> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    for Lacking { case, .. } in lacking {
        assert!(names.contains(case), "`{case}` is not a case");
    }
    let only = std::env::var("KMAX_CONFORMANCE").unwrap_or_default();
    let meter = Arc::new(Meter::default());
    let mut runs = Vec::new();
    for Case { name, run } in cases {
        if let Some(Lacking { reason, .. }) = lacking.iter().find(|it| it.case == name) {
            println!("{name}: not held here, {reason}");
            continue;
        }
        if !name.contains(&only) {
            continue;
        }
        let fixture = Fixture::new(make_ground().await, Arc::clone(&meter));
        runs.push(async move {
            let task = tokio::spawn(async move { run(fixture).await });
            (name, task.await)
        });
    }
    let mut outcomes: Vec<_> = futures::stream::iter(runs).buffer_unordered(4).collect().await;
    outcomes.sort_by_key(|(name, _)| *name);
    let failed: Vec<_> = outcomes
        .into_iter()
        .filter_map(|(name, outcome)| Some(format!("{name}: {}", message_of(outcome.err()?))))
        .collect();
    assert!(failed.is_empty(), "{} cases failed:\n{}", failed.len(), failed.join("\n"));
    if only.is_empty() {
        assert_complete(&meter);
    }
}

/// Asserts that the cases call every operation, so that one that is added is not forgotten.
fn assert_complete(meter: &Meter) {
    let called = meter.calls();
    let missing: Vec<_> =
        Operation::ALL.iter().map(|it| it.action()).filter(|it| !called.contains_key(it)).collect();
    assert!(missing.is_empty(), "no case calls {}", missing.join(", "));
}

/// Returns what a case panicked with.
fn message_of(error: JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else { return "cancelled".to_owned() };
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked").to_owned()
}
