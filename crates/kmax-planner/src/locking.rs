//! Resolves specs and images into the entries of `kmax.lock`.

use std::collections::BTreeSet;

use kmax_bootstrap::eni_max_pods;
use kmax_config::{Config, Lock, LockEntry, LockImage, LockNode, LockState, Pool};
use kmax_model::{InstanceType, Notice, PoolId, Read, Snapshot, Subnet};

use crate::desired::pool_subnets;
use crate::images::offered;

/// A mixed instances policy takes at most so many overrides.
pub(crate) const MAX_OVERRIDES: usize = 40;

/// What to resolve anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockRequest {
    /// Only what is missing or stale.
    Missing,
    /// Everything.
    UpgradeAll,
    /// What is missing or stale, and these pools.
    Upgrade(BTreeSet<PoolId>),
}

/// What became of the lock.
#[derive(Clone, Debug, PartialEq)]
pub struct LockOutcome {
    /// The lock as it would be written.
    pub lock: Lock,
    /// Pools whose entry is new or differs, with the old one.
    pub changed: Vec<(PoolId, Option<LockEntry>, LockEntry)>,
    /// Pools that are gone from the config, whose entries are dropped.
    pub dropped: Vec<PoolId>,
    /// Pools that could not be resolved; their entries stay as they were.
    pub failed: Vec<Notice>,
}

/// Why one instance type is in or out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeVerdict {
    /// The instance type.
    pub instance_type: String,
    /// vCPUs.
    pub vcpus: u32,
    /// Memory, MiB.
    pub memory_mib: u64,
    /// Why it is out; none where it is in.
    pub exclusion: Option<String>,
}

/// How a pool's spec came to its instance types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The types that are in, in order of preference.
    pub chosen: Vec<TypeVerdict>,
    /// The types that are out, by name.
    pub excluded: Vec<TypeVerdict>,
    /// The zones that were looked at.
    pub zones: BTreeSet<String>,
}

/// Resolves the lock entries that a request asks for.
pub fn resolve_lock(
    config: &Config,
    lock: &Lock,
    snapshot: &Snapshot,
    request: &LockRequest,
) -> LockOutcome {
    let mut outcome = LockOutcome {
        lock: lock.clone(),
        changed: Vec::new(),
        dropped: Vec::new(),
        failed: Vec::new(),
    };
    for pool in &config.pools {
        let old = match lock.entry(pool) {
            LockState::Current(entry) => {
                let asked = match request {
                    LockRequest::Missing => false,
                    LockRequest::UpgradeAll => true,
                    LockRequest::Upgrade(pools) => pools.contains(&pool.id),
                };
                if !asked {
                    continue;
                }
                Some(entry.clone())
            }
            LockState::Stale(_, entry) => Some(entry.clone()),
            LockState::Missing => None,
        };
        match resolve_entry(config, pool, snapshot) {
            Ok(entry) if old.as_ref() == Some(&entry) => {}
            Ok(entry) => {
                outcome.lock.pools.insert(pool.id.clone(), entry.clone());
                outcome.changed.push((pool.id.clone(), old, entry));
            }
            Err(notice) => outcome.failed.push(notice),
        }
    }
    let gone: Vec<PoolId> =
        lock.pools.keys().filter(|id| config.pool(id).is_none()).cloned().collect();
    for id in gone {
        outcome.lock.pools.remove(&id);
        outcome.dropped.push(id);
    }
    outcome
}

fn refuse(pool: &Pool, rule: &str, message: String, hint: &str) -> Notice {
    Notice {
        address: Some(pool.id.to_string()),
        rule: rule.to_owned(),
        message,
        hint: Some(hint.to_owned()),
    }
}

fn unread(pool: &Pool, what: &str) -> Notice {
    let message = format!("{what} could not be read, so the pool can't be resolved");
    refuse(pool, "unread", message, "see what could not be read, mend that, and run it again")
}

/// Resolves one pool's entry.
pub(crate) fn resolve_entry(
    config: &Config,
    pool: &Pool,
    snapshot: &Snapshot,
) -> Result<LockEntry, Notice> {
    let Explanation { chosen, excluded: _, zones } = explain(config, pool, snapshot)?;
    let Some(first) = chosen.first() else {
        let zones: Vec<&str> = zones.iter().map(String::as_str).collect();
        return Err(refuse(
            pool,
            "no-instance-type",
            format!(
                "no {} instance type in {} fits spec `{}` ({})",
                pool.arch,
                zones.join(", "),
                pool.spec_name,
                pool.spec.definition()
            ),
            "widen the spec, or see `kmax lock --explain POOL` for why each type is out",
        ));
    };
    let types = snapshot.instance_types.got();
    let facts = types.and_then(|types| types.iter().find(|t| t.name == first.instance_type));
    let Some(facts) = facts else { return Err(unread(pool, "ec2:DescribeInstanceTypes")) };
    let node = LockNode {
        vcpus: facts.vcpus,
        memory_mib: facts.memory_mib,
        eni_max_pods: eni_max_pods(facts.network_interfaces, facts.ipv4_per_interface),
    };
    let instance_types = chosen.into_iter().map(|verdict| verdict.instance_type).collect();
    let (inputs, image) = (LockEntry::inputs(pool), resolve_image(pool, snapshot)?);
    Ok(LockEntry { inputs, image, instance_types, node })
}

fn resolve_image(pool: &Pool, snapshot: &Snapshot) -> Result<LockImage, Notice> {
    if let Some(id) = &pool.ami.id {
        let name = snapshot.images.got().and_then(|images| images.get(id)).map(|i| i.name.clone());
        return Ok(LockImage { id: id.clone(), release: None, name });
    }
    let cluster = match &snapshot.cluster {
        Read::Got(Some(cluster)) => cluster,
        Read::Got(None) => {
            return Err(refuse(
                pool,
                "cluster-missing",
                "the cluster does not exist, so its version and with it the image is unknown"
                    .into(),
                "check `cluster.name` and `cluster.region`",
            ));
        }
        Read::NotRead | Read::Failed(_) => return Err(unread(pool, "eks:DescribeCluster")),
    };
    let Some(parameters) = snapshot.parameters.got() else {
        return Err(unread(pool, "ssm:GetParameters"));
    };
    let Some(offered) = offered(&pool.ami, pool.arch, &cluster.version, parameters) else {
        let release = pool.ami.release.as_deref().unwrap_or("recommended");
        return Err(refuse(
            pool,
            "no-image",
            format!(
                "SSM has no {} image `{release}` for Kubernetes {} on {}",
                pool.ami.family, cluster.version, pool.arch
            ),
            "name a release that exists, or an image by its id: ami = { family = \"al2023\", id = \"ami-...\" }",
        ));
    };
    Ok(LockImage { id: offered.id, release: offered.release, name: None })
}

/// Says of every instance type why it is in or out for a pool.
pub fn explain(config: &Config, pool: &Pool, snapshot: &Snapshot) -> Result<Explanation, Notice> {
    let Some(types) = snapshot.instance_types.got() else {
        return Err(unread(pool, "ec2:DescribeInstanceTypes"));
    };
    let Some(offerings) = snapshot.offerings.got() else {
        return Err(unread(pool, "ec2:DescribeInstanceTypeOfferings"));
    };
    let Some(subnets) = snapshot.subnets.got() else {
        return Err(unread(pool, "ec2:DescribeSubnets"));
    };
    let zones: BTreeSet<String> = pool_subnets(config, pool, subnets)
        .map_err(|notices| {
            let rest = unread(pool, "the pool's subnets");
            notices.into_iter().next().unwrap_or(rest)
        })?
        .into_iter()
        .map(|subnet: &Subnet| subnet.zone.clone())
        .collect();
    let offered: BTreeSet<&str> = offerings
        .iter()
        .filter(|offering| zones.contains(&offering.zone))
        .map(|offering| offering.instance_type.as_str())
        .collect();
    let (mut chosen, mut excluded) = (Vec::new(), Vec::new());
    // Cluster Autoscaler takes every node for the first type: the smallest memory comes first, and
    // of equals the type that brings no disks of its own.
    let mut types: Vec<&InstanceType> = types.iter().collect();
    types.sort_by_key(|t| (t.memory_mib, t.instance_store_gb, t.vcpus, t.name.as_str()));
    for instance_type in types {
        let exclusion = match pool.spec.admits(instance_type, pool.arch, pool.capacity_type) {
            Err(exclusion) => Some(exclusion.to_string()),
            Ok(()) if !offered.contains(instance_type.name.as_str()) => {
                Some("not offered in the pool's zones".to_owned())
            }
            Ok(()) => None,
        };
        let verdict = verdict(instance_type, exclusion);
        if verdict.exclusion.is_none() { chosen.push(verdict) } else { excluded.push(verdict) }
    }
    for mut beyond in chosen.split_off(chosen.len().min(MAX_OVERRIDES)) {
        beyond.exclusion = Some(format!("past the {MAX_OVERRIDES} types that a group takes"));
        excluded.push(beyond);
    }
    excluded.sort_by(|a, b| a.instance_type.cmp(&b.instance_type));
    Ok(Explanation { chosen, excluded, zones })
}

fn verdict(instance_type: &InstanceType, exclusion: Option<String>) -> TypeVerdict {
    TypeVerdict {
        instance_type: instance_type.name.clone(),
        vcpus: instance_type.vcpus,
        memory_mib: instance_type.memory_mib,
        exclusion,
    }
}
