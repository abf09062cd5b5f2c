//! Long walks: hands, configs, autoscalers and crashes in whatever order, and an apply at the end.

use kmax_applier::LOCK_TTL;
use kmax_model::Address;
use kmax_planner::drift;
use kmax_sandbox::{Fault, FaultKind};

use crate::convergence::{act, reconfigure};
use crate::fields::{ByConfig, Hand, NAME, POOL, cases};
use crate::harness::{Engine, lines};

/// Numbers that look random and are the same in every run (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Nodes that ended by a call of kmax without a drain.
fn killed(engine: &Engine) -> Vec<String> {
    let log = engine.port.with(|sandbox| sandbox.audit_log()).unwrap();
    let by_kmax = log.into_iter().filter(|entry| entry.cause.starts_with("autoscaling:Up"));
    by_kmax.map(|entry| entry.event).filter(|e| e.ends_with("without a drain")).collect()
}

/// What kmax refuses until somebody scaled the pool down.
async fn make_room(engine: &Engine) {
    let plan = engine.plan().await;
    if plan.refusals.iter().any(|r| ["needs-drain", "nodes_terminated"].contains(&&*r.rule)) {
        // A hand may have set a minimum that only kmax can take back, and for that nodes must go.
        engine.tamper(&format!("auto_scaling_group.{NAME}.min=0"));
        engine.scale(NAME, 0);
        // Nodes that a hand had protected from scale-in are ended one by one.
        for node in engine.group(NAME).instances {
            engine.port.with(|sandbox| sandbox.terminate(&node.id)).unwrap().unwrap();
        }
        let refusals = engine.plan().await.refusals;
        assert!(refusals.is_empty(), "{refusals:#?}\nof {:#?}", plan.refusals);
    }
}

async fn walk(base: &Engine, seed: u64) {
    let mut dice = Dice(seed);
    let mut engine = base.fork();
    let cases = cases();
    let hands: Vec<Hand> = cases.iter().flat_map(|(_, case)| case.hands).copied().collect();
    let configs: Vec<ByConfig> = cases.iter().map(|(_, case)| case.config).collect();
    let mut path = Vec::new();
    for _ in 0..12 {
        match dice.below(6) {
            0 | 1 => {
                let hand = hands[dice.below(hands.len())];
                // What a hand did before may stand in the way of this one.
                let pinned = dice.below(2) == 0;
                let done = act(&engine, hand.does, pinned);
                path.push(format!("{:?} {pinned}: {done:?}", hand.does));
            }
            2 => match configs[dice.below(configs.len())] {
                config @ (ByConfig::Edit(_) | ByConfig::Release) => {
                    reconfigure(&mut engine, config).await;
                    path.push("config".to_owned());
                }
                ByConfig::Cannot(_) => {
                    engine.reconfigure(POOL).await;
                    path.push("the first config".to_owned());
                }
            },
            3 => {
                let nodes = u32::try_from(dice.below(5)).unwrap();
                let _ = engine.port.with(|sandbox| sandbox.scale(NAME, nodes)).unwrap();
                path.push(format!("{nodes} nodes"));
            }
            4 => {
                let plan = engine.plan().await;
                let nth = u32::try_from(1 + dice.below(16)).unwrap();
                let fault = Fault::new(FaultKind::Crash { done: dice.below(2) == 0 }).nth(nth);
                let port = engine.port.sibling().with_faults([fault]);
                if plan.is_applyable() {
                    let _ = engine.apply_plan(&port, &plan).await;
                }
                engine.clock.advance(LOCK_TTL + 1);
                path.push(format!("crash at {nth}"));
            }
            _ => {
                make_room(&engine).await;
                engine.converge().await;
                path.push("apply".to_owned());
                let plan = engine.plan().await;
                assert!(plan.changes.is_empty(), "seed {seed}: {path:#?} {:#?}", lines(&plan));
            }
        }
        assert!(killed(&engine).is_empty(), "seed {seed}: {path:#?} {:?}", killed(&engine));
    }
    make_room(&engine).await;
    engine.converge().await;
    let plan = engine.plan().await;
    assert!(plan.changes.is_empty(), "seed {seed}: {path:#?} {:#?}", lines(&plan));
    assert!(drift(&plan).is_empty(), "seed {seed}: {path:#?}");
    // Whatever kmax has a say in is as in a pool that it makes from nothing.
    let fresh = engine.fork();
    crate::scenarios::remove(&fresh, &Address::auto_scaling_group(NAME));
    crate::scenarios::remove(&fresh, &Address::launch_template(NAME));
    fresh.converge().await;
    let (found, mut wanted) = (engine.account().meaning(), fresh.account().meaning());
    let wanted = wanted.remove(NAME).expect("a pool");
    for (field, value) in wanted.iter().filter(|(path, _)| *path != "new_instances_protected") {
        assert_eq!(found[NAME].get(field), Some(value), "seed {seed}: {field} {path:#?}");
    }
}

/// `KMAX_WALKS` says how many walks.
#[tokio::test(start_paused = true)]
async fn whatever_happens_an_apply_ends_well() {
    let base = crate::convergence::base().await;
    let walks = std::env::var("KMAX_WALKS").ok().and_then(|text| text.parse().ok());
    for seed in 0..walks.unwrap_or(50) {
        walk(&base, seed).await;
    }
}
