//! What holds of every plan, over random configs, clouds and gaps in what was read.

#[path = "../support/account.rs"]
mod account;
mod world;

use kmax_model::fields::Fields;
use kmax_model::{Digest, Plan, PlanDocument, Read, ReadFailure, Snapshot};
use kmax_planner::{Options, drift, plan};
use proptest::prelude::*;

use crate::world::{World, pools, shuffled, world};

/// A world is an account in the sandbox: some are enough, and each takes its time.
fn some() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) }
}

fn planned(world: &World) -> Plan {
    plan(&world.config, &world.lock, &world.snapshot, &Options::default())
}

fn failed<T>() -> Read<T> {
    Read::Failed(ReadFailure { source: "a test".to_owned(), error: "a gap".to_owned() })
}

/// Takes sources out of what was read, a bit each.
fn with_gaps(snapshot: &Snapshot, gaps: u16, template_gaps: &[bool]) -> Snapshot {
    let mut snapshot = snapshot.clone();
    let is_gap = |bit: u16| gaps & (1 << bit) != 0;
    if let Read::Got(templates) = &mut snapshot.templates {
        for (state, _) in templates.values_mut().zip(template_gaps).filter(|(_, gap)| **gap) {
            state.versions.clear();
            state.failure = failed::<()>().failure().cloned();
        }
    }
    if is_gap(0) {
        snapshot.groups = failed();
    }
    if is_gap(1) {
        snapshot.templates = failed();
    }
    if is_gap(2) {
        snapshot.cluster = failed();
    }
    if is_gap(3) {
        snapshot.subnets = failed();
    }
    if is_gap(4) {
        snapshot.security_groups = failed();
    }
    if is_gap(5) {
        snapshot.images = failed();
    }
    if is_gap(6) {
        snapshot.parameters = failed();
    }
    if is_gap(7) {
        snapshot.lifecycles = failed();
    }
    if is_gap(8) {
        snapshot.account = failed();
    }
    if is_gap(9) {
        for profile in snapshot.instance_profiles.values_mut() {
            *profile = failed();
        }
    }
    snapshot
}

proptest! {
    #![proptest_config(some())]

    #[test]
    fn order_of_the_input_is_irrelevant(
        world in world(),
        team_order in any::<u64>(),
        pool_order in any::<u64>(),
        read_order in any::<u64>(),
    ) {
        let first = planned(&world);
        prop_assert_eq!(&first, &planned(&world), "the same arguments make the same plan");
        let text = world::config_text(&world.pools, team_order, pool_order);
        let mut snapshot = world.snapshot.clone();
        if let Read::Got(subnets) = &mut snapshot.subnets {
            shuffled(subnets, read_order);
        }
        if let Read::Got(groups) = &mut snapshot.security_groups {
            shuffled(groups, read_order);
        }
        if let Read::Got(groups) = &mut snapshot.groups {
            for group in groups.values_mut() {
                shuffled(&mut group.instances, read_order);
            }
        }
        let second = plan(&world::parse(&text), &world.lock, &snapshot, &Options::default());
        prop_assert_eq!(first, second);
    }

    #[test]
    fn what_was_applied_needs_no_more(world in world(), next in pools()) {
        let world = world.applied();
        let plan = planned(&world);
        prop_assert_eq!(&plan.changes, &[]);
        prop_assert_eq!(&plan.refusals, &[]);
        prop_assert!(drift(&plan).is_empty());
        let next = world.reconfigured(next).applied();
        prop_assert_eq!(planned(&next).changes, []);
    }

    #[test]
    fn a_gap_never_adds_a_change(
        world in world(),
        gaps in any::<u16>(),
        few in any::<bool>(),
        template_gaps in proptest::collection::vec(any::<bool>(), 8),
    ) {
        // One gap alone, or many at once.
        let gaps = if few { 1 << (gaps % 10) } else { gaps };
        let whole = planned(&world);
        let snapshot = with_gaps(&world.snapshot, gaps, &template_gaps);
        let plan = plan(&world.config, &world.lock, &snapshot, &Options::default());
        for change in &plan.changes {
            let same = whole.change(&change.address).is_some_and(|c| c.digest == change.digest);
            prop_assert!(same, "{} came from a gap", change.address);
        }
        let is_whole = snapshot == world.snapshot;
        prop_assert_eq!(plan.is_complete(), is_whole, "a gap is told, and only a gap");
    }

    #[test]
    fn nodes_move_no_digest(world in world(), desired in 0_u32..9, lose in any::<bool>()) {
        let before = planned(&world);
        let mut snapshot = world.snapshot.clone();
        if let Read::Got(groups) = &mut snapshot.groups {
            for group in groups.values_mut() {
                group.desired_capacity = desired.clamp(group.min_size, group.max_size);
                if lose {
                    group.instances.pop();
                }
            }
        }
        let after = plan(&world.config, &world.lock, &snapshot, &Options::default());
        prop_assert_eq!(&before.digest, &after.digest);
        let digests = |plan: &Plan| -> Vec<Digest> {
            plan.changes.iter().map(|change| change.digest.clone()).collect()
        };
        prop_assert_eq!(digests(&before), digests(&after));
    }

    #[test]
    fn a_document_holds_the_plan_and_no_user_data(world in world()) {
        let plan = planned(&world);
        let document = PlanDocument::of(&plan, "0.1.0", "2026-08-01T12:00:00Z");
        let text = serde_json::to_string(&document).expect("plain data");
        let read: PlanDocument = serde_json::from_str(&text).expect("its own text");
        prop_assert_eq!(&document, &read);
        prop_assert_eq!(kmax_planner::approve(&read, &plan).refusals, []);
        for secret in world.user_data() {
            prop_assert!(!text.contains(&secret), "user data in the document");
        }
        let observed: Vec<&Fields> = document.changes.iter().map(|c| &c.observed).collect();
        prop_assert!(observed.iter().all(|fields| !fields.contains_key("user_data")));
    }
}
