//! What a person should know and no change expresses.

use std::collections::{BTreeMap, BTreeSet};

use kmax_config::{Config, Lock, LockState};
use kmax_model::{
    AutoScalingGroup, CapacityType, DesiredPool, EksCluster, Notice, Owner, Ownership, Snapshot,
};

use crate::guard::count;
use crate::images::offered;

/// The rule of a template that more than one group uses (G13 of the design: one pool, one template).
pub(crate) const SHARED_TEMPLATE: &str = "shared-template";
/// Spot is diversified over at least so many types.
const FEW_SPOT_TYPES: usize = 10;

fn warning(address: Option<String>, rule: &str, message: String, hint: &str) -> Notice {
    Notice { address, rule: rule.to_owned(), message, hint: Some(hint.to_owned()) }
}

/// Returns a warning for what has no effect yet though its default speaks.
pub(crate) fn unsupported(config: &Config) -> (Vec<Notice>, Vec<Notice>) {
    let (written, defaults): (Vec<_>, Vec<_>) =
        config.unsupported.iter().partition(|item| item.written);
    let refusals = written
        .into_iter()
        .map(|item| {
            let message = format!(
                "line {}, column {}: {}: {}",
                item.place.line, item.place.column, item.key_path, item.message
            );
            warning(Some(item.key_path.to_string()), "not-supported", message, &item.hint)
        })
        .collect();
    let names: Vec<String> = defaults.iter().map(|item| item.key_path.to_string()).collect();
    let warnings = if names.is_empty() {
        Vec::new()
    } else {
        let message = format!("not supported yet, neither read nor written: {}", names.join(", "));
        let hint = "look after these yourself; `[[accept]]` with this rule silences the warning";
        vec![warning(None, "not-supported", message, hint)]
    };
    (refusals, warnings)
}

/// Compares the cluster with what the config says of it.
pub(crate) fn cluster(config: &Config, cluster: &EksCluster) -> Vec<Notice> {
    let mut warnings = Vec::new();
    if let Some(version) = &config.cluster.version
        && *version != cluster.version
    {
        warnings.push(warning(
            Some("cluster.version".to_owned()),
            "cluster-version",
            format!("the cluster runs {} and cluster.version is {version}", cluster.version),
            "set cluster.version to what runs, or upgrade the cluster",
        ));
    }
    if cluster.vpc_id.as_ref().is_some_and(|vpc| *vpc != config.cluster.vpc) {
        warnings.push(warning(
            Some("cluster.vpc".to_owned()),
            "cluster-vpc",
            format!(
                "the cluster is in {} and cluster.vpc is {}",
                cluster.vpc_id.as_deref().unwrap_or_default(),
                config.cluster.vpc
            ),
            "nodes outside of the cluster's VPC can't reach it: set cluster.vpc to it",
        ));
    }
    warnings
}

/// Says which locked images have a newer release.
pub(crate) fn newer_images(
    config: &Config,
    lock: &Lock,
    snapshot: &Snapshot,
    cluster: &EksCluster,
) -> Vec<Notice> {
    let Some(parameters) = snapshot.parameters.got() else { return Vec::new() };
    let mut behind: BTreeMap<(String, String), u32> = BTreeMap::new();
    // Many pools follow few images.
    let mut newest = BTreeMap::new();
    for pool in &config.pools {
        if pool.ami.release.is_some() || pool.ami.id.is_some() {
            continue;
        }
        let now = newest
            .entry((pool.ami.family.as_str(), pool.arch))
            .or_insert_with(|| offered(&pool.ami, pool.arch, &cluster.version, parameters));
        let Some(now) = now else { continue };
        if lock.pools.get(&pool.id).is_none_or(|entry| entry.image.id == now.id) {
            continue;
        }
        if let LockState::Current(entry) = lock.entry(pool) {
            let locked = entry.image.release.clone().unwrap_or_else(|| entry.image.id.clone());
            let now = now.release.clone().unwrap_or_else(|| now.id.clone());
            *behind.entry((locked, now)).or_default() += 1;
        }
    }
    let notice = |((locked, now), pools): ((String, String), u32)| {
        let are = if pools == 1 { "is" } else { "are" };
        let message = format!("{} {are} locked to {locked} and {now} exists", count(pools, "pool"));
        warning(None, "newer-image", message, "run `kmax lock --upgrade` to move to it")
    };
    behind.into_iter().map(notice).collect()
}

/// Warns of spot pools that few instance types can serve.
pub(crate) fn few_spot_types(pool: &DesiredPool) -> Option<Notice> {
    let types = pool.group.instance_types.len();
    match pool.capacity_type {
        CapacityType::Spot if types < FEW_SPOT_TYPES => Some(warning(
            Some(pool.id.to_string()),
            "few-spot-types",
            format!(
                "spot from only {} is easily interrupted",
                count(types as u32, "instance type")
            ),
            "widen the spec to at least 10 types",
        )),
        CapacityType::Spot | CapacityType::OnDemand => None,
    }
}

/// Warns of subnets that a group leaves while nodes run in their zones.
pub(crate) fn left_zones(
    pool: &DesiredPool,
    live: &AutoScalingGroup,
    snapshot: &Snapshot,
) -> Option<Notice> {
    let subnets = snapshot.subnets.got()?;
    let zones = |ids: &BTreeSet<String>| -> BTreeSet<&str> {
        subnets.iter().filter(|s| ids.contains(&s.id)).map(|s| s.zone.as_str()).collect()
    };
    let left: BTreeSet<&str> =
        zones(&live.subnets).difference(&zones(&pool.group.subnets)).copied().collect();
    let stranded = live.instances.iter().filter(|i| left.contains(i.zone.as_str())).count() as u32;
    if stranded == 0 {
        return None;
    }
    let left: Vec<&str> = left.into_iter().collect();
    Some(warning(
        Some(pool.id.to_string()),
        "zone-left",
        format!(
            "{} in {}, which the pool leaves, stay there",
            count(stranded, "node"),
            left.join(", ")
        ),
        "drain them when it suits; nothing replaces them by itself while AZRebalance is suspended",
    ))
}

/// Finds templates of this stack that another group than their own launches from.
pub(crate) fn shared_templates(snapshot: &Snapshot, cluster: &str, stack: &str) -> Vec<Notice> {
    let (Some(templates), Some(groups)) = (snapshot.templates.got(), snapshot.groups.got()) else {
        return Vec::new();
    };
    let is_ours = |tags: &BTreeMap<String, String>| match Ownership::of(tags) {
        Ownership::Owned(Owner { cluster: c, stack: s, pool: _ }) => c == cluster && s == stack,
        Ownership::None | Ownership::Partial(_) => false,
    };
    let mut notices = Vec::new();
    for group in groups.values() {
        let Some(used) = group.launch.template() else { continue };
        let Some(state) = templates.get(&used.name) else { continue };
        if used.name != group.name && is_ours(&state.template.tags) {
            notices.push(warning(
                Some(format!("launch_template.{}", used.name)),
                SHARED_TEMPLATE,
                format!(
                    "launch template {} is used by Auto Scaling group {} too: its nodes register \
                     with the labels of another pool",
                    used.name, group.name
                ),
                "give that group a template of its own",
            ));
        }
    }
    notices
}
