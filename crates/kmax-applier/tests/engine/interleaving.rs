//! Several at once: two applies, a person, an autoscaler, a lock that is lost.

use std::collections::BTreeSet;
use std::sync::Arc;

use kmax_applier::{LOCK_TTL, LockError};
use kmax_cloud::Request;
use kmax_model::{Address, ApplyReport, ClusterRef, Outcome, Plan};
use kmax_planner::drift;

use crate::account::Account;
use crate::harness::{Engine, TWO_POOLS};
use crate::ports::{Gate, apply_around};
use crate::scenarios::{self, ONE_POOL};

const POOL: &str = "dsp-8c64g-kmax";

/// Who dies without anybody having drained it.
fn deaths(engine: &Engine) -> Vec<String> {
    let log = engine.port.with(|sandbox| sandbox.audit_log()).unwrap();
    log.into_iter().map(|entry| entry.event).filter(|e| e.ends_with("without a drain")).collect()
}

fn all_done(report: &ApplyReport) -> bool {
    report.done() == report.changes.len()
}

/// Demands that whoever did not do it all says why.
fn says_why(report: &ApplyReport, what: &str) {
    for change in &report.changes {
        match &change.outcome {
            Outcome::Done | Outcome::Skipped { .. } => {}
            Outcome::Failed { error: words, .. } | Outcome::Refused { message: words, .. } => {
                assert!(!words.is_empty(), "{what}");
            }
            Outcome::Cancelled => assert!(report.stopped.is_some(), "{what}"),
        }
    }
}

/// Demands that every field is as it was, or as one of those who worked on it meant it.
fn somebody_meant(found: &Account, meant: &[&Account], what: &str) {
    let meant: Vec<_> = meant.iter().map(|account| account.meaning()).collect();
    for (name, fields) in found.meaning() {
        let of = |path: &str| -> Vec<_> {
            let groups = meant.iter().filter_map(|groups| groups.get(&name));
            groups.map(|fields| fields.get(path).cloned()).collect()
        };
        let paths = meant.iter().filter_map(|groups| groups.get(&name)).flat_map(|f| f.keys());
        let paths: BTreeSet<&String> = paths.chain(fields.keys()).collect();
        for path in paths {
            let value = fields.get(path).cloned();
            assert!(of(path).contains(&value), "{what}: {name} {path} is {value:?}: nobody's will");
        }
    }
}

/// Two configs, each with a plan for one account.
struct Two {
    account: Engine,
    bodies: [&'static str; 2],
}

impl Two {
    /// What the account is when only one of the two works on it.
    async fn alone(&self, which: usize) -> (usize, Account) {
        let account = self.account.fork();
        let engine = account.beside(self.bodies[which]).await;
        let (plan, port) = (engine.plan().await, engine.port.sibling());
        assert!(plan.is_applyable(), "{:?}", plan.refusals);
        let report = engine.apply_plan(&port, &plan).await.unwrap();
        assert!(all_done(&report), "{report:#?}");
        (port.calls().len(), engine.account())
    }

    async fn forked(&self) -> [Engine; 2] {
        let account = self.account.fork();
        [account.beside(self.bodies[0]).await, account.beside(self.bodies[1]).await]
    }
}

/// The lock of another stack: whoever holds it does not know of the one who holds ours.
fn elsewhere(cluster: &ClusterRef) -> ClusterRef {
    ClusterRef { stack: "elsewhere".to_owned(), ..cluster.clone() }
}

const LARGER: &str =
    "[teams.dsp.pools]\n8c64g = { max = 70, volume = { size_gib = 200 }, tags = { a = \"1\" } }\n";
const OTHER: &str = "[teams.dsp.pools]\n8c64g = { max = 80, volume = { size_gib = 300 }, labels = { \"example.com/b\" = \"2\" } }\n";
const PLAIN: &str = "[teams.dsp.pools]\n8c64g = { max = 60 }\n";
const NONE: &str = "[teams.dsp.pools]\n";

async fn one_living() -> Engine {
    let engine = Engine::new(PLAIN).await;
    engine.converge().await;
    engine
}

async fn pairs() -> Vec<(&'static str, Two)> {
    let nothing = Engine::new(PLAIN).await;
    let living = one_living().await;
    let two = |account: &Engine, bodies| Two { account: account.fork(), bodies };
    vec![
        ("two updates", two(&living, [LARGER, OTHER])),
        ("two creates", two(&nothing, [LARGER, OTHER])),
        ("the same create twice", two(&nothing, [LARGER, LARGER])),
        ("the same update twice", two(&living, [LARGER, LARGER])),
        ("an update and a delete", two(&living, [LARGER, NONE])),
        ("two deletes", two(&living, [NONE, NONE])),
    ]
}

/// One apply as a whole at every point of another: the lock lets one of them through.
#[tokio::test(start_paused = true)]
async fn the_lock_lets_one_through() {
    for (name, two) in pairs().await {
        let (calls, first) = two.alone(0).await;
        let (_, second) = two.alone(1).await;
        for n in 1..=calls {
            let what = format!("{name}, before call {n} of {calls}");
            let [a, b] = two.forked().await;
            let (plan_a, plan_b) = (a.plan().await, b.plan().await);
            let port = b.port.sibling();
            let (report, answer) =
                apply_around(&a, &a.port.sibling(), &plan_a, n, b.apply_plan(&port, &plan_b)).await;
            let report = report.unwrap();
            says_why(&report, &what);
            let found = a.account();
            match answer {
                Err(LockError::Held { .. }) => {
                    assert!(n > 1 && all_done(&report), "{what}: {report:#?}");
                    assert_eq!(found.meaning(), first.meaning(), "{what}");
                }
                Err(error) => panic!("{what}: {error}"),
                Ok(other) => {
                    assert!(n == 1 && all_done(&other), "{what}: {other:#?}");
                    assert_eq!(found.meaning(), second.meaning(), "{what}");
                }
            }
            converges(&a, &first, &what).await;
            converges(&b, &second, &what).await;
        }
    }
}

/// Demands that one of the two, coming again, makes the account what it means.
async fn converges(engine: &Engine, meant: &Account, what: &str) {
    // Its config is as it was; only what lives has moved.
    engine.converge().await;
    engine.assert_converged().await;
    assert_eq!(engine.account().meaning(), meant.meaning(), "{what}");
}

/// Without a lock in common: one goes on from each point of the other, from each of its own. Every
/// object is read before it is written, so one is refused or both meant what comes of it.
#[tokio::test(start_paused = true)]
async fn preconditions_hold_without_the_lock() {
    let mut schedules = 0;
    for (name, two) in pairs().await {
        let before = two.account.account();
        let (calls_a, first) = two.alone(0).await;
        let (calls_b, second) = two.alone(1).await;
        for i in 1..calls_a {
            for j in 1..calls_b {
                let what = format!("{name}: {i} of {calls_a}, then {j} of {calls_b}");
                let [a, b] = two.forked().await;
                let (plan_a, plan_b) = (a.plan().await, b.plan().await);
                let gates = [Gate::new(a.port.sibling()), Gate::new(b.port.sibling())];
                let gates = gates.map(Arc::new);
                let (report_a, report_b) = {
                    let run_a = a.apply_over(gates[0].clone(), &plan_a, &plan_a.cluster);
                    let elsewhere = elsewhere(&plan_b.cluster);
                    let run_b = b.apply_over(gates[1].clone(), &plan_b, &elsewhere);
                    let schedule = async {
                        gates[0].open(i);
                        gates[0].is_held().await;
                        gates[1].open(j);
                        gates[1].is_held().await;
                        gates[0].open(usize::MAX);
                        gates[1].open(usize::MAX);
                    };
                    let (report_a, report_b, ()) = tokio::join!(run_a, run_b, schedule);
                    (report_a.unwrap(), report_b.unwrap())
                };
                says_why(&report_a, &what);
                says_why(&report_b, &what);
                somebody_meant(&a.account(), &[&before, &first, &second], &what);
                assert_eq!(deaths(&a), [""; 0], "{what}");
                converges(&a, &first, &what).await;
                converges(&b, &second, &what).await;
                schedules += 1;
            }
        }
    }
    assert!(schedules > 300, "{schedules} schedules");
}

/// A run that sleeps past the end of its lock, which another takes over, does nothing more.
#[tokio::test(start_paused = true)]
async fn who_outlives_its_lock_stops() {
    for (name, two) in pairs().await {
        let (calls, first) = two.alone(0).await;
        let (_, second) = two.alone(1).await;
        for n in 2..=calls {
            let what = format!("{name}, before call {n} of {calls}");
            let [a, b] = two.forked().await;
            let plan_a = a.plan().await;
            let takes_over = async {
                b.clock.advance(LOCK_TTL + 1);
                let (port, plan) = (b.port.sibling(), b.plan().await);
                let report = b.apply_plan(&port, &plan).await.expect("it takes over");
                assert!(all_done(&report), "{what}: {report:#?}");
            };
            let inner = a.port.sibling();
            let (report, ()) = apply_around(&a, &inner, &plan_a, n, takes_over).await;
            let report = report.unwrap();
            says_why(&report, &what);
            // It stops before its next call, unless it reads that nothing is left to do.
            let is_meant = a.account().meaning() == first.meaning();
            assert!(n + 1 >= calls || is_meant || !all_done(&report), "{what}: {report:#?}");
            // The call that was under way went through; then it only tries to give its lock back.
            let later: Vec<Request> = inner.calls().into_iter().skip(n).collect();
            let is_release = |r: &Request| matches!(r, Request::DeleteLaunchTemplate(_));
            assert!(later.iter().all(is_release), "{what}: {later:#?}");
            converges(&a, &first, &what).await;
            converges(&b, &second, &what).await;
        }
    }
}

/// A lock that somebody deletes by hand: the run notices when it renews it, and stops.
#[tokio::test(start_paused = true)]
async fn who_loses_its_lock_stops() {
    let base = scenarios::update().await;
    let (wanted, calls) = undisturbed(&base).await;
    for n in 2..calls {
        let what = format!("before call {n} of {calls}");
        let engine = base.fork();
        let plan = engine.plan().await;
        let steals = async {
            scenarios::remove(&engine, &Address::launch_template("kmax-lock/adx-prod/main"));
            engine.clock.advance(61);
        };
        let (report, ()) = apply_around(&engine, &engine.port.sibling(), &plan, n, steals).await;
        let report = report.unwrap();
        says_why(&report, &what);
        // Two pools are worked on at a time, so the last two calls may be under way already.
        assert!(report.stopped.is_some() || n + 2 >= calls, "{what}: {report:#?}");
        converges(&engine, &wanted, &what).await;
    }
}

/// Returns the account after an apply that nobody disturbs, and how many calls that makes.
async fn undisturbed(base: &Engine) -> (Account, usize) {
    let engine = base.fork();
    let (plan, port) = (engine.plan().await, engine.port.sibling());
    let report = engine.apply_plan(&port, &plan).await.unwrap();
    assert!(all_done(&report), "{report:#?}");
    (engine.account(), port.calls().len())
}

type Deed = fn(&Engine);

/// A person who works on the same pool at every point of an apply.
#[tokio::test(start_paused = true)]
async fn a_person_at_every_point() {
    let deeds: [(&str, Deed); 6] = [
        ("max", |engine| engine.tamper("auto_scaling_group.dsp-8c64g-kmax.max=9")),
        ("tag", |engine| engine.tamper("auto_scaling_group.dsp-8c64g-kmax.tags.cost-center=9")),
        ("types", |engine| {
            engine.tamper("auto_scaling_group.dsp-8c64g-kmax.instance_types=r5.2xlarge");
        }),
        ("content", |engine| engine.tamper("launch_template.dsp-8c64g-kmax.metadata.hop_limit=5")),
        ("owner", |engine| {
            let path = "launch_template.dsp-8c64g-kmax.tags.kmax:stack";
            engine.port.with(|sandbox| sandbox.unset(path)).unwrap().unwrap();
        }),
        ("group", |engine| scenarios::remove(engine, &Address::auto_scaling_group(POOL))),
    ];
    let base = scenarios::update().await;
    let (wanted, calls) = undisturbed(&base).await;
    for (name, deed) in deeds {
        let person = base.fork();
        deed(&person);
        let (before, touched) = (base.account(), person.account());
        for n in 1..=calls {
            let what = format!("{name}, before call {n} of {calls}");
            let engine = base.fork();
            let plan = engine.plan().await;
            let port = engine.port.sibling();
            let (report, ()) =
                apply_around(&engine, &port, &plan, n, async { deed(&engine) }).await;
            let report = report.unwrap();
            says_why(&report, &what);
            let found = engine.account();
            somebody_meant(&found, &[&before, &wanted, &touched], &what);
            if all_done(&report) && found.meaning() != wanted.meaning() {
                let after = engine.plan().await;
                assert!(!drift(&after).is_empty(), "{what}: what a hand did since is drift");
            }
            converges(&engine, &wanted, &what).await;
        }
    }
}

/// A person who makes a pool of the name that is being created: whoever is first has it, and what the
/// person made is not touched.
#[tokio::test(start_paused = true)]
async fn a_person_who_is_quicker() {
    let base = scenarios::create().await;
    let (wanted, calls) = undisturbed(&base).await;
    let mut quicker = 0;
    for n in 1..=calls {
        let what = format!("before call {n} of {calls}");
        let (engine, plan) = (base.fork(), base.plan().await);
        let makes = async {
            let made = engine.port.with(|s| s.create_plain_pool(POOL, "c5.large", 1)).unwrap();
            made.is_ok().then(|| engine.account())
        };
        let (report, made) = apply_around(&engine, &engine.port.sibling(), &plan, n, makes).await;
        let report = report.unwrap();
        says_why(&report, &what);
        if let Some(made) = made {
            quicker += 1;
            let found = engine.account();
            assert_eq!(found.group(POOL), made.group(POOL), "{what}");
            assert_eq!(found.template(POOL), made.template(POOL), "{what}");
            let rules: Vec<String> =
                engine.plan().await.refusals.into_iter().map(|refusal| refusal.rule).collect();
            assert_eq!(rules, ["foreign", "foreign"], "{what}");
            assert!(!all_done(&report), "{what}");
        } else {
            assert!(all_done(&report), "{what}");
            assert_eq!(engine.account().meaning(), wanted.meaning(), "{what}");
        }
    }
    assert!(quicker > 1, "{quicker} times");
}

/// Runs an apply with an autoscaler at work just before call `n`; returns how it ended and what that
/// call was.
async fn autoscaled(
    base: &Engine,
    plan: &Plan,
    n: usize,
    desired: u32,
) -> (Engine, ApplyReport, Request) {
    let engine = base.fork();
    let scales = async {
        // A group that is gone, or whose max does not allow it, is not scaled.
        let _ = engine.port.with(|sandbox| sandbox.scale(POOL, desired)).unwrap();
    };
    let inner = engine.port.sibling();
    let (report, ()) = apply_around(&engine, &inner, plan, n, scales).await;
    let report = report.unwrap();
    let call = inner.calls()[n - 1].clone();
    (engine, report, call)
}

/// Cluster Autoscaler moves desired at every point of an apply that lowers max: no node dies, but in
/// the race that one call leaves.
#[tokio::test(start_paused = true)]
async fn an_autoscaler_while_max_is_lowered() {
    let mut base = scenarios::living().await;
    base.reconfigure(&TWO_POOLS.replace("max = 60", "max = 6")).await;
    let plan = base.plan().await;
    let (wanted, calls) = undisturbed(&base).await;
    let mut refused = 0;
    for desired in [0, 6, 12] {
        for n in 1..=calls {
            let what = format!("{desired} nodes before call {n} of {calls}");
            let (engine, report, call) = autoscaled(&base, &plan, n, desired).await;
            says_why(&report, &what);
            let is_race = matches!(call, Request::UpdateAutoScalingGroup(_)) && desired > 6;
            assert_eq!(deaths(&engine).is_empty(), !is_race, "{what}");
            if all_done(&report) {
                assert_eq!(engine.group(POOL).max_size, 6, "{what}");
            } else {
                refused += 1;
                let nodes = engine.group(POOL).instances.len();
                assert_eq!(nodes, 12, "{what}: {report:#?}");
                engine.scale(POOL, 4);
            }
            converges(&engine, &wanted, &what).await;
        }
    }
    assert!(refused > 2, "{refused} were refused");
}

/// The same while a pool is removed.
#[tokio::test(start_paused = true)]
async fn an_autoscaler_while_a_pool_is_removed() {
    let mut base = one_living().await;
    base.reconfigure(NONE).await;
    let plan = base.plan().await;
    let (_, calls) = undisturbed(&base).await;
    let mut refused = 0;
    for n in 1..=calls {
        let what = format!("before call {n} of {calls}");
        let (engine, report, call) = autoscaled(&base, &plan, n, 3).await;
        says_why(&report, &what);
        let is_race = matches!(call, Request::UpdateAutoScalingGroup(_));
        assert_eq!(deaths(&engine).is_empty(), !is_race, "{what}");
        if !all_done(&report) {
            refused += 1;
            assert_eq!(engine.group(POOL).instances.len(), 3, "{what}: {report:#?}");
            engine.scale(POOL, 0);
        }
        engine.converge().await;
        engine.assert_converged().await;
        let left = engine.account();
        assert!(left.groups.is_empty() && left.templates.is_empty(), "{what}");
    }
    assert!(refused > 2, "{refused} were refused");
}

/// And while a pool is changed in what does not concern its size: the apply does not mind.
#[tokio::test(start_paused = true)]
async fn an_autoscaler_while_a_template_is_changed() {
    let mut base = scenarios::living().await;
    base.reconfigure(&ONE_POOL.replace("max = 60", "max = 60, volume = { size_gib = 200 }")).await;
    let plan = base.plan().await;
    let (wanted, calls) = undisturbed(&base).await;
    for desired in [0, 7] {
        for n in 1..=calls {
            let what = format!("{desired} nodes before call {n} of {calls}");
            let (engine, report, _) = autoscaled(&base, &plan, n, desired).await;
            assert!(all_done(&report), "{what}: {report:#?}");
            assert_eq!(deaths(&engine), [""; 0], "{what}");
            assert_eq!(engine.group(POOL).instances.len(), desired as usize, "{what}");
            assert_eq!(engine.account().meaning(), wanted.meaning(), "{what}");
            engine.assert_converged().await;
        }
    }
}
