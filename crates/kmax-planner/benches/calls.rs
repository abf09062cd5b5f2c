//! Calls of a plan that changes nothing, by number of pools: `cargo bench -p kmax-planner --bench calls`.
//!
//! The account is the sandbox, which pages as AWS does. A region takes 500 Auto Scaling groups there.

#[path = "../tests/support/account.rs"]
mod account;
#[expect(dead_code, reason = "only the config is of use here")]
#[path = "../tests/support/fleet.rs"]
mod fleet;

use kmax_cloud::{Request, ops};
use kmax_config::Config;
use kmax_model::TemplateData;
use kmax_planner::{Options, plan};

use crate::account::Account;

/// Templates of others in a crowded account.
const OTHERS: usize = 4_000;

fn main() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    println!("pools  others' templates  calls   goal");
    for others in [0, OTHERS] {
        for pools in [1, 50, 150, 400, 500] {
            let calls = runtime.block_on(calls(pools, others));
            let total: u32 = calls.values().sum();
            println!("{pools:>5}  {others:>17}  {total:>5}  {:>5.1}", goal(pools));
            for (operation, count) in calls {
                println!("         {count:>4} {operation}");
            }
        }
    }
}

fn goal(pools: usize) -> f64 {
    1.1 * (pools.div_ceil(100) + 2 * pools.div_ceil(200) + 12) as f64
}

/// Applies so many pools, plans again, and returns the calls of that.
async fn calls(pools: usize, others: usize) -> std::collections::BTreeMap<String, u32> {
    let text = fleet::config_text(pools);
    let config = Config::parse("kmax.toml", &text, &|_| Err(String::new()));
    let config = config.expect("a valid config");
    let mut account = Account::new();
    account
        .port
        .with(|sandbox| {
            for number in 0..others {
                let data = TemplateData {
                    image_id: Some("ami-0123456789abcdef0".to_owned()),
                    ..TemplateData::default()
                };
                let name = format!("others-{number}");
                let input = ops::CreateLaunchTemplate { name, data, ..Default::default() };
                sandbox.call(&Request::CreateLaunchTemplate(input)).expect("there is room");
            }
        })
        .expect("it is in memory");
    account.apply(&config).await.expect("it is applied");
    let snapshot = account.observe(&config, Vec::new()).await;
    let plan = plan(&config, &account.lock, &snapshot, &Options::default());
    assert_eq!((plan.changes.len(), plan.refusals.len(), plan.unread.len()), (0, 0, 0));
    snapshot.calls
}
