//! Random worlds: a config of few pools, and an account that another config was applied to and that
//! people have touched since.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::OnceLock;

use kmax_config::{Config, Lock};
use kmax_model::{Read, Snapshot, TemplateState};
use kmax_planner::LockRequest;
use proptest::prelude::*;

use crate::account::Account;

const HEAD: &str = r#"
format = 1

[cluster]
name = "adx-prod"
region = "us-east-1"
account = "123456789012"
role = "kmax"
vpc = "vpc-0a1b2c3d4e5f60718"
subnets = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb", "subnet-0cccccccccccccccc"]
security_groups = ["spotmax-kmax-master-sg"]

[defaults]
security_groups = ["spotmax-kmax-worknode-sg"]
node_role = "kmax-worknode"
instance_profile = "kmax-worknode"

[guards]
pools_destroyed = 9
"#;

/// What a pool may be; capacity type and architecture are fixed by its name, as in life.
#[derive(Clone, Debug)]
pub(crate) struct PoolText {
    team: &'static str,
    key: &'static str,
    settings: String,
}

/// The pools there may be.
const NAMES: [(&str, &str); 4] =
    [("dsp", "8c64g"), ("dsp", "base"), ("adn", "8c64g"), ("adn", "small")];

/// Returns the settings that a pool's entry in the lock follows from.
fn fixed(key: &str) -> &'static str {
    match key {
        "base" => "spec = \"2c4g\", capacity_type = \"ondemand\"",
        "small" => "arch = \"arm64\"",
        _ => "arch = \"x86_64\"",
    }
}

/// Returns a few pools.
pub(crate) fn pools() -> impl Strategy<Value = Vec<PoolText>> {
    let each = NAMES.map(|(team, key)| {
        let fixed = fixed(key);
        let settings = (0_u32..2, 8_u32..11, 80_u32..82, any::<bool>(), any::<bool>());
        let text = settings.prop_map(move |(min, max, size, labelled, zones)| {
            let mut text =
                format!("{fixed}, min = {min}, max = {max}, volume = {{ size_gib = {size} }}");
            if labelled {
                text.push_str(", labels = { tier = \"hot\" }, tags = { cost = \"1\" }");
                text.push_str(
                    ", taints = [{ key = \"a\", value = \"b\", effect = \"NoSchedule\" }]",
                );
            }
            if zones {
                text.push_str(", subnets = [\"subnet-0aaaaaaaaaaaaaaaa\"]");
            }
            PoolText { team, key, settings: text }
        });
        proptest::option::weighted(0.7, text)
    });
    each.prop_map(|pools| pools.into_iter().flatten().collect::<Vec<PoolText>>())
        .prop_filter("a pool", |pools| !pools.is_empty())
}

/// Puts items in an order that a seed decides.
pub(crate) fn shuffled<T>(items: &mut [T], seed: u64) {
    let mut state = seed | 1;
    for index in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        items.swap(index, (state >> 33) as usize % (index + 1));
    }
}

/// Writes a config, teams and pools in orders that seeds decide.
pub(crate) fn config_text(pools: &[PoolText], team_order: u64, pool_order: u64) -> String {
    let mut teams: BTreeMap<&str, Vec<&PoolText>> = BTreeMap::new();
    for pool in pools {
        teams.entry(pool.team).or_default().push(pool);
    }
    let mut teams: Vec<(&str, Vec<&PoolText>)> = teams.into_iter().collect();
    shuffled(&mut teams, team_order);
    let mut text = HEAD.to_owned();
    for (team, mut pools) in teams {
        shuffled(&mut pools, pool_order);
        text.push_str(&format!("[teams.{team}.pools]\n"));
        for PoolText { key, settings, .. } in pools {
            text.push_str(&format!("{key} = {{ {settings} }}\n"));
        }
    }
    text
}

pub(crate) fn parse(text: &str) -> Config {
    let config = Config::parse("kmax.toml", text, &|path| Err(format!("no file {path}")));
    config.unwrap_or_else(|error| panic!("{}", error.diagnostics().render()))
}

/// An account and a config for it.
pub(crate) struct World {
    pub(crate) pools: Vec<PoolText>,
    pub(crate) config: Config,
    pub(crate) lock: Lock,
    pub(crate) snapshot: Snapshot,
    account: Account,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&config_text(&self.pools, 0, 0))
    }
}

/// Runs a future on paused time.
fn run<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(future)
}

/// What people and the autoscaler do to a group or a template.
const HANDS: [&str; 10] = [
    "auto_scaling_group.NAME.max=9",
    "auto_scaling_group.NAME.tags.owner=somebody",
    "auto_scaling_group.NAME.tags.team=nobody",
    "auto_scaling_group.NAME.tags.k8s.io/cluster-autoscaler/enabled=false",
    "auto_scaling_group.NAME.tags.kmax:applied=v0",
    "auto_scaling_group.NAME.tags.kmax:applying=sha256:0",
    "auto_scaling_group.NAME.capacity_rebalance=true",
    "auto_scaling_group.NAME.suspended_processes.AZRebalance=false",
    "launch_template.NAME.metadata.hop_limit=4",
    "launch_template.NAME.tags.kmax:pool=x/y",
];

/// Returns the lock of all pools there may be: resolving them reads all instance types, once is enough.
fn lock() -> Lock {
    static LOCK: OnceLock<Lock> = OnceLock::new();
    let resolve = || {
        let pools =
            NAMES.map(|(team, key)| PoolText { team, key, settings: fixed(key).to_owned() });
        let mut account = Account::new();
        let config = parse(&config_text(&pools, 0, 0));
        run(account.relock(&config, &LockRequest::Missing)).expect("it resolves");
        account.lock
    };
    LOCK.get_or_init(resolve).clone()
}

/// Returns a world where one config was applied, hands did something, and another is wanted.
pub(crate) fn world() -> impl Strategy<Value = World> {
    let hands = proptest::collection::vec((0..HANDS.len(), any::<prop::sample::Index>()), 0..4);
    (pools(), pools(), hands, 0_u32..4).prop_map(|(before, pools, hands, nodes)| {
        let mut account = Account { lock: lock(), ..Account::new() };
        let config = parse(&config_text(&before, 0, 0));
        run(account.apply(&config)).expect("the first config is applied");
        let names: Vec<String> = config.pools.iter().map(|pool| pool.name.clone()).collect();
        account
            .port
            .with(|sandbox| {
                for name in &names {
                    sandbox.scale(name, nodes.max(1)).expect("it is within min and max");
                }
                for (hand, name) in &hands {
                    let assignment = HANDS[*hand].replace("NAME", name.get::<String>(&names));
                    sandbox.assign(&assignment).expect("a hand may do that");
                }
            })
            .expect("it is in memory");
        World::of(account, pools)
    })
}

impl World {
    fn of(account: Account, pools: Vec<PoolText>) -> Self {
        let config = parse(&config_text(&pools, 0, 0));
        let snapshot = run(account.observe(&config, Vec::new()));
        Self { pools, lock: account.lock.clone(), config, snapshot, account }
    }

    /// Applies the config, once the pools are empty that it does not name.
    pub(crate) fn applied(mut self) -> Self {
        self.account
            .port
            .with(|sandbox| {
                for (name, group) in sandbox.groups() {
                    if self.config.pools.iter().all(|pool| pool.name != name) {
                        sandbox
                            .assign(&format!("auto_scaling_group.{name}.min=0"))
                            .and_then(|()| sandbox.scale(&name, 0))
                            .expect("a group can be empty");
                    } else {
                        let nodes = group.min_size.max(1).min(group.max_size);
                        sandbox.scale(&name, nodes).expect("it is within min and max");
                    }
                }
            })
            .expect("it is in memory");
        run(self.account.apply(&self.config)).expect("it is applied");
        Self::of(self.account, self.pools)
    }

    /// Takes another config.
    pub(crate) fn reconfigured(self, pools: Vec<PoolText>) -> Self {
        Self::of(self.account, pools)
    }

    /// Returns all user data that live, and a piece of their text.
    pub(crate) fn user_data(&self) -> Vec<String> {
        let templates = match &self.snapshot.templates {
            Read::Got(templates) => templates.values().collect(),
            Read::NotRead | Read::Failed(_) => Vec::new(),
        };
        let versions =
            templates.into_iter().flat_map(|state: &TemplateState| state.versions.values());
        let live = versions.filter_map(|version| version.data.user_data.clone());
        let certificate = self.snapshot.cluster.got().cloned().flatten();
        let certificate = certificate.and_then(|cluster| cluster.certificate_authority);
        live.chain(certificate).chain(["apiServerEndpoint".to_owned()]).collect()
    }
}
