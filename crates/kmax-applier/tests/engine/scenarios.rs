//! Accounts and configs of which each has one kind of work before it.

use kmax_model::Address;

use crate::harness::{Engine, TWO_POOLS};

/// Two pools that are not there yet.
pub(crate) async fn create() -> Engine {
    Engine::new(TWO_POOLS).await
}

/// Two pools that live, one of them with nodes.
pub(crate) async fn living() -> Engine {
    let engine = create().await;
    engine.converge().await;
    engine.scale("dsp-8c64g-kmax", 4);
    engine
}

/// What [`update`] makes of the config.
pub(crate) const UPDATED: &str = r#"
[teams.dsp]
tags = { cost-center = "1002", purpose = "batch" }
[teams.dsp.pools]
8c64g = { min = 1, max = 70, volume = { size_gib = 200 }, labels = { "example.com/owner" = "dsp" } }
[teams.adn.pools]
small = { capacity_type = "ondemand", max = 8, subnets = ["subnet-0aaaaaaaaaaaaaaaa"], metadata_hop_limit = 1 }
"#;

/// New template versions, sizes, subnets, tags to write and tags to remove.
pub(crate) async fn update() -> Engine {
    let mut engine = living().await;
    let tagged = TWO_POOLS.replace("cost-center = \"1001\"", "cost-center = \"1001\", old = \"1\"");
    engine.reconfigure(&tagged).await;
    engine.converge().await;
    engine.reconfigure(UPDATED).await;
    engine
}

/// What [`delete`] makes of the config.
pub(crate) const ONE_POOL: &str = r#"
[teams.dsp]
tags = { cost-center = "1001" }
[teams.dsp.pools]
8c64g = { max = 60 }
"#;

/// One pool of two to be removed.
pub(crate) async fn delete() -> Engine {
    let mut engine = living().await;
    engine.reconfigure(ONE_POOL).await;
    engine
}

/// A pool that a person made, with nodes, to be taken over.
pub(crate) async fn adopt() -> Engine {
    let body = TWO_POOLS.replace("max = 10", "max = 10, adopt = true");
    let engine = Engine::new(&body).await;
    let made = engine.port.with(|s| s.create_plain_pool("adn-small-kmax", "c5.large", 2));
    made.unwrap().unwrap();
    engine
}

/// A pool of which a person touched much.
pub(crate) async fn mend() -> Engine {
    let engine = living().await;
    let pool = "auto_scaling_group.dsp-8c64g-kmax";
    engine.tamper(&format!("{pool}.max=9"));
    engine.tamper(&format!("{pool}.subnets=subnet-0aaaaaaaaaaaaaaaa"));
    engine.tamper(&format!("{pool}.suspended_processes.AZRebalance=false"));
    engine.tamper(&format!("{pool}.tags.k8s.io/cluster-autoscaler/enabled=false"));
    engine.tamper(&format!("{pool}.tags.k8s.io/cluster-autoscaler/mine=1"));
    engine.tamper("launch_template.dsp-8c64g-kmax.image_id=ami-0123456789abcdef0");
    engine.tamper(&format!("{pool}.launch_template.version=$Latest"));
    let unset = |path: &str| engine.port.with(|s| s.unset(path)).unwrap().unwrap();
    unset(&format!("{pool}.tags.kmax:stack"));
    unset("launch_template.adn-small-kmax.tags.kmax:pool");
    unset("auto_scaling_group.adn-small-kmax.tags.kmax:applied");
    engine
}

/// Deletes an object by hand.
pub(crate) fn remove(engine: &Engine, address: &Address) {
    engine.port.with(|sandbox| sandbox.delete(address)).unwrap().unwrap();
}

/// A template and a group that a person deleted.
pub(crate) async fn deleted() -> Engine {
    let engine = living().await;
    remove(&engine, &Address::launch_template("dsp-8c64g-kmax"));
    remove(&engine, &Address::auto_scaling_group("adn-small-kmax"));
    engine
}

/// A template with more versions than are kept, and another to be made.
pub(crate) async fn prune() -> Engine {
    let mut engine = living().await;
    for size in 101..108 {
        let volume = format!("max = 60, volume = {{ size_gib = {size} }}");
        engine.reconfigure(&TWO_POOLS.replace("max = 60", &volume)).await;
        if size < 107 {
            engine.converge().await;
        }
    }
    engine
}

/// Five pools of which one is new, one is gone, one changed, one was touched by hand and one is to be
/// adopted.
pub(crate) async fn mixed() -> Engine {
    let before = r#"
[teams.dsp.pools]
gone = { spec = "small", max = 5 }
changed = { spec = "small", max = 5 }
touched = { spec = "small", max = 5 }
same = { spec = "small", max = 5 }
"#;
    let mut engine = Engine::new(before).await;
    engine.converge().await;
    let made = engine.port.with(|s| s.create_plain_pool("dsp-plain-kmax", "c5.large", 2));
    made.unwrap().unwrap();
    engine.tamper("auto_scaling_group.dsp-touched-kmax.max=9");
    let after = before.replace(
        "gone = { spec = \"small\", max = 5 }",
        "new = { spec = \"small\", max = 5 }\n\
         plain = { spec = \"small\", capacity_type = \"ondemand\", max = 5, adopt = true }",
    );
    let after = after.replace(
        "changed = { spec = \"small\", max = 5 }",
        "changed = { spec = \"small\", max = 6 }",
    );
    engine.reconfigure(&after).await;
    engine
}
