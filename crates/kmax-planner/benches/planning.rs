//! Pure planning by number of pools: `cargo bench -p kmax-planner --bench planning [-- POOLS ...]`.
//!
//! Beside the median the processor time of a plan is told, of all threads together: on a machine
//! that does other things as well it says more than the clock does.
#![expect(clippy::disallowed_methods, reason = "it measures time and memory")]

#[path = "../tests/support/fleet.rs"]
mod fleet;

use std::hint::black_box;
use std::time::{Duration, Instant};

use kmax_planner::{Options, plan};

use crate::fleet::Fleet;

/// How often each plan is made; the median counts.
const ROUNDS: usize = 15;

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![100, 1_000, 10_000] } else { asked };
    println!("pools  plan        median     best  processor   inputs");
    for pools in sizes {
        let before = resident_kib();
        let new = Fleet::new(pools);
        let live = new.applied();
        let inputs = resident_kib().saturating_sub(before) / 1024;
        for (name, fleet, changes) in [("no change", &live, 0), ("all new", &new, 2 * pools)] {
            let Times { median, best, processor } = measure(fleet, changes);
            let ms = |time: Duration| time.as_secs_f64() * 1e3;
            println!(
                "{pools:>5}  {name:<9} {:>6.1} ms {:>5.1} ms {:>6.1} ms  {inputs:>4} MiB",
                ms(median),
                ms(best),
                ms(processor)
            );
        }
    }
}

struct Times {
    median: Duration,
    best: Duration,
    processor: Duration,
}

fn measure(fleet: &Fleet, changes: usize) -> Times {
    let options = Options::default();
    let before = processor_time();
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            let plan = plan(&fleet.config, &fleet.lock, &fleet.snapshot, &options);
            let time = started.elapsed();
            assert_eq!(plan.changes.len(), changes);
            assert_eq!(plan.refusals, []);
            black_box(plan);
            time
        })
        .collect();
    let processor = processor_time().saturating_sub(before) / ROUNDS as u32;
    times.sort();
    Times { median: times[ROUNDS / 2], best: times[0], processor }
}

/// Returns the processor time that the process has used, by Linux's `/proc`; 0 elsewhere.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in brackets, may hold anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = |index: usize| fields.split_whitespace().nth(index)?.parse::<u64>().ok();
    // A tick is 10 ms on every Linux of today.
    Duration::from_millis(10 * (ticks(11).unwrap_or_default() + ticks(12).unwrap_or_default()))
}

/// Returns the memory that the process holds, by Linux's `/proc`; 0 elsewhere.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    kib.and_then(|kib| kib.parse().ok()).unwrap_or_default()
}
