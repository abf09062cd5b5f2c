//! From config, lock and what was read to the pool as it ought to be.

use std::collections::{BTreeMap, BTreeSet};

use kmax_bootstrap::{
    ClusterFacts, KubeletSettings, NodeSpec, Taint, TaintEffect, allocatable, allocatable_storage,
    family,
};
use kmax_config::{Config, LockEntry, Pool};
use kmax_model::{
    BlockDevice, CA_PREFIX, CapacityType, DesiredGroup, DesiredPool, DesiredTemplate, Distribution,
    EksCluster, LastApplied, Managed, MetadataOptions, Notice, Owner, SecurityGroup, Snapshot,
    Subnet, TemplateData, short_hash,
};

/// The device that AL2023 images boot from.
const ROOT_DEVICE: &str = "/dev/xvda";
/// Types of resources that a launch tags.
const TAGGED: [&str; 3] = ["instance", "volume", "network-interface"];
/// The process that would move nodes between zones behind Cluster Autoscaler's back.
pub(crate) const AZ_REBALANCE: &str = "AZRebalance";

/// The prefixes of Cluster Autoscaler's node-template tags, a hash of `kmax:applied` each.
pub(crate) const CA_LABEL: &str = "k8s.io/cluster-autoscaler/node-template/label/";
pub(crate) const CA_TAINT: &str = "k8s.io/cluster-autoscaler/node-template/taint/";
pub(crate) const CA_RESOURCE: &str = "k8s.io/cluster-autoscaler/node-template/resources/";

fn notice(pool: &Pool, rule: &str, message: String, hint: Option<String>) -> Notice {
    Notice { address: Some(pool.id.to_string()), rule: rule.to_owned(), message, hint }
}

/// Returns the subnets of a pool: its own, else all of the cluster's.
pub(crate) fn pool_subnets<'a>(
    config: &Config,
    pool: &Pool,
    subnets: &'a [Subnet],
) -> Result<Vec<&'a Subnet>, Vec<Notice>> {
    let wanted = if pool.subnets.is_empty() { &config.cluster.subnets } else { &pool.subnets };
    let (mut found, mut notices) = (Vec::new(), Vec::new());
    for name in wanted {
        let is_it = |s: &&Subnet| s.id == *name || s.tags.get("Name") == Some(name);
        let matches: Vec<&Subnet> = subnets.iter().filter(is_it).collect();
        match matches.as_slice() {
            [subnet] => found.push(*subnet),
            [] => notices.push(notice(
                pool,
                "subnet-missing",
                format!("VPC {} has no subnet `{name}`", config.cluster.vpc),
                Some("check `cluster.subnets`: ids, or values of the tag Name".into()),
            )),
            several => notices.push(notice(
                pool,
                "subnet-ambiguous",
                format!("{} subnets of {} are named `{name}`", several.len(), config.cluster.vpc),
                Some("name subnets by their ids".into()),
            )),
        }
    }
    if notices.is_empty() { Ok(found) } else { Err(notices) }
}

fn security_group_ids(
    config: &Config,
    pool: &Pool,
    groups: &[SecurityGroup],
) -> Result<BTreeSet<String>, Vec<Notice>> {
    let (mut ids, mut notices) = (BTreeSet::new(), Vec::new());
    for name in &pool.security_groups {
        // A group's name is unique within its VPC.
        match groups.iter().find(|group| group.id == *name || group.name == *name) {
            Some(group) => {
                ids.insert(group.id.clone());
            }
            None => notices.push(notice(
                pool,
                "security-group-missing",
                format!("VPC {} has no security group `{name}`", config.cluster.vpc),
                Some("create it, or name another in `security_groups`".into()),
            )),
        }
    }
    if notices.is_empty() { Ok(ids) } else { Err(notices) }
}

fn cluster_facts(
    config: &Config,
    pool: &Pool,
    cluster: &EksCluster,
) -> Result<ClusterFacts, Notice> {
    let fact = |value: &Option<String>| {
        value.clone().ok_or_else(|| {
            notice(
                pool,
                "cluster-not-ready",
                format!(
                    "cluster {} is {} and does not tell its endpoint yet",
                    config.cluster.name, cluster.status
                ),
                Some("wait until it is ACTIVE".into()),
            )
        })
    };
    Ok(ClusterFacts {
        name: config.cluster.name.clone(),
        endpoint: fact(&cluster.endpoint)?,
        certificate_authority: fact(&cluster.certificate_authority)?,
        service_cidr: fact(&cluster.service_cidr)?,
    })
}

fn kubelet(pool: &Pool) -> KubeletSettings {
    KubeletSettings {
        max_pods: pool.kubelet.max_pods,
        kube_reserved: pool.kubelet.kube_reserved.clone(),
        system_reserved: pool.kubelet.system_reserved.clone(),
        eviction_hard: pool.kubelet.eviction_hard.clone(),
    }
}

fn labels(pool: &Pool) -> BTreeMap<String, String> {
    let mut labels = pool.labels.clone();
    labels.extend([
        ("node.spotmax/team".to_owned(), pool.id.team.clone()),
        ("node.spotmax/type".to_owned(), pool.capacity_type.to_string()),
        ("node.spotmax/spec".to_owned(), pool.spec_name.clone()),
        ("eks.amazonaws.com/nodegroup".to_owned(), pool.name.clone()),
    ]);
    labels
}

fn taints(pool: &Pool) -> Vec<Taint> {
    let effect = |effect: kmax_config::TaintEffect| match effect {
        kmax_config::TaintEffect::NoSchedule => TaintEffect::NoSchedule,
        kmax_config::TaintEffect::PreferNoSchedule => TaintEffect::PreferNoSchedule,
        kmax_config::TaintEffect::NoExecute => TaintEffect::NoExecute,
    };
    let taint = |taint: &kmax_config::Taint| Taint {
        key: taint.key.clone(),
        value: taint.value.clone(),
        effect: effect(taint.effect),
    };
    pool.taints.iter().map(taint).collect()
}

/// Returns the tags that say what a thing costs whom: on instances, volumes, interfaces and groups.
fn cost_tags(pool: &Pool) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::from([("Name".to_owned(), pool.name.clone())]);
    tags.extend(pool.tags.clone());
    tags.insert("team".to_owned(), pool.id.team.clone());
    tags
}

fn template_data(
    pool: &Pool,
    cluster_name: &str,
    entry: &LockEntry,
    spec: &NodeSpec,
    security_group_ids: BTreeSet<String>,
) -> Result<TemplateData, Notice> {
    let user_data = family(pool.ami.family.as_str())
        .and_then(|family| family.render(spec))
        .map_err(|error| notice(pool, "user-data", error.to_string(), None))?;
    let mut tags = cost_tags(pool);
    tags.insert(format!("kubernetes.io/cluster/{cluster_name}"), "owned".to_owned());
    let volume = &pool.volume;
    let root = BlockDevice {
        size_gib: Some(volume.size_gib),
        volume_type: Some(volume.volume_type.as_str().to_owned()),
        iops: volume.iops,
        throughput_mibps: volume.throughput_mibps,
        encrypted: Some(volume.encrypted),
        kms_key: volume.kms_key.clone(),
        delete_on_termination: Some(true),
        snapshot_id: None,
    };
    Ok(TemplateData {
        image_id: Some(entry.image.id.clone()),
        instance_profile: Some(pool.instance_profile.clone()),
        security_group_ids,
        user_data: Some(user_data.base64()),
        block_devices: BTreeMap::from([(ROOT_DEVICE.to_owned(), root)]),
        metadata: MetadataOptions {
            http_endpoint: Some("enabled".to_owned()),
            http_tokens: Some("required".to_owned()),
            hop_limit: Some(u32::from(pool.metadata_hop_limit)),
            // Tag keys contain `/`, which metadata can't serve: a launch would fail.
            instance_metadata_tags: Some("disabled".to_owned()),
        },
        tags: TAGGED.into_iter().map(|kind| (kind.to_owned(), tags.clone())).collect(),
        other: BTreeMap::new(),
    })
}

/// Returns Cluster Autoscaler's tags: discovery, and what a node of the first type would be.
fn autoscaler_tags(
    pool: &Pool,
    cluster_name: &str,
    entry: &LockEntry,
    spec: &NodeSpec,
) -> Result<BTreeMap<String, String>, Notice> {
    let node = &entry.node;
    let refuse =
        |error: kmax_bootstrap::BootstrapError| notice(pool, "kubelet", error.to_string(), None);
    let left = allocatable(node.vcpus, node.memory_mib, node.eni_max_pods, &spec.kubelet)
        .map_err(refuse)?;
    let storage =
        allocatable_storage(u64::from(pool.volume.size_gib), &spec.kubelet).map_err(refuse)?;
    let mut tags = discovery_tags(cluster_name);
    for (key, value) in &spec.labels {
        tags.insert(format!("{CA_LABEL}{key}"), value.clone());
    }
    for taint in &spec.taints {
        tags.insert(
            format!("{CA_TAINT}{}", taint.key),
            format!("{}:{}", taint.value, taint.effect),
        );
    }
    for (resource, quantity) in [
        ("cpu", left.cpu()),
        ("memory", left.memory()),
        ("ephemeral-storage", format!("{}Ki", storage / 1024)),
        ("pods", left.pods.to_string()),
    ] {
        tags.insert(format!("{CA_RESOURCE}{resource}"), quantity);
    }
    Ok(tags)
}

/// Returns the tags by which Cluster Autoscaler finds a group.
pub(crate) fn discovery_tags(cluster_name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([
        (format!("{CA_PREFIX}enabled"), "true".to_owned()),
        (format!("{CA_PREFIX}{cluster_name}"), "owned".to_owned()),
    ])
}

fn distribution(capacity_type: CapacityType) -> Distribution {
    Distribution {
        on_demand_base: 0,
        on_demand_percentage: match capacity_type {
            CapacityType::Spot => 0,
            CapacityType::OnDemand => 100,
        },
        // By priority a type that is dear for what it brings beside CPU and memory could come first.
        on_demand_allocation: "lowest-price".to_owned(),
        spot_allocation: "price-capacity-optimized".to_owned(),
        spot_pools: None,
        spot_max_price: None,
    }
}

/// Returns the tags of a prefix, without it.
pub(crate) fn under<'a>(
    tags: &'a BTreeMap<String, String>,
    prefix: &str,
) -> BTreeMap<&'a str, &'a str> {
    tags.iter()
        .filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value.as_str())))
        .collect()
}

/// Resolves one pool, all but what [`record_source`] adds.
pub(crate) fn resolve(
    config: &Config,
    pool: &Pool,
    entry: &LockEntry,
    snapshot: &Snapshot,
    cluster: &EksCluster,
) -> Result<DesiredPool, Vec<Notice>> {
    let subnets = snapshot.subnets.got().map(Vec::as_slice).unwrap_or_default();
    let groups = snapshot.security_groups.got().map(Vec::as_slice).unwrap_or_default();
    let mut notices = Vec::new();
    let subnet_ids: BTreeSet<String> = match pool_subnets(config, pool, subnets) {
        Ok(subnets) => subnets.into_iter().map(|subnet| subnet.id.clone()).collect(),
        Err(more) => {
            notices.extend(more);
            BTreeSet::new()
        }
    };
    let security_group_ids = security_group_ids(config, pool, groups).unwrap_or_else(|more| {
        notices.extend(more);
        BTreeSet::new()
    });
    if !notices.is_empty() {
        return Err(notices);
    }
    let one = |notice: Notice| vec![notice];
    let cluster_name = &config.cluster.name;
    let spec = NodeSpec {
        cluster: cluster_facts(config, pool, cluster).map_err(one)?,
        cluster_dns: Vec::new(),
        labels: labels(pool),
        taints: taints(pool),
        kubelet: kubelet(pool),
    };
    let data = template_data(pool, cluster_name, entry, &spec, security_group_ids).map_err(one)?;
    let owner = Owner {
        cluster: cluster_name.clone(),
        stack: config.cluster.stack.clone(),
        pool: pool.id.clone(),
    };
    let mut tags = cost_tags(pool);
    tags.extend(autoscaler_tags(pool, cluster_name, entry, &spec).map_err(one)?);
    tags.extend(owner.tags());
    let group = DesiredGroup {
        name: pool.name.clone(),
        min_size: pool.min,
        max_size: pool.max,
        subnets: subnet_ids,
        instance_types: entry.instance_types.clone(),
        distribution: distribution(pool.capacity_type),
        tags,
        suspended_processes: BTreeSet::from([AZ_REBALANCE.to_owned()]),
        // Both terminate nodes without a drain.
        capacity_rebalance: Managed::Set(false),
        max_instance_lifetime: Managed::Unset,
        new_instances_protected: Managed::Unmanaged,
    };
    let applied = applied(&group, pool);
    let template = DesiredTemplate { name: pool.name.clone(), data };
    Ok(DesiredPool {
        id: pool.id.clone(),
        owner,
        capacity_type: pool.capacity_type,
        arch: pool.arch,
        adopt: pool.adopt,
        template,
        group,
        applied,
    })
}

/// Adds what a record says of config and lock, which only a pool that changes needs.
pub(crate) fn record_source(
    desired: &mut DesiredPool,
    config: &Config,
    pool: &Pool,
    entry: &LockEntry,
) {
    // A pool that names no subnets has the cluster's.
    desired.applied.config = short_hash(&(pool, &config.cluster.subnets));
    desired.applied.locked_for = short_hash(&entry.inputs);
}

fn applied(group: &DesiredGroup, pool: &Pool) -> LastApplied {
    LastApplied {
        template_version: 0,
        min_size: group.min_size,
        max_size: group.max_size,
        subnets: short_hash(&group.subnets),
        distribution: short_hash(&group.distribution),
        overrides: short_hash(&group.instance_types),
        ca_labels: short_hash(&under(&group.tags, CA_LABEL)),
        ca_taints: short_hash(&under(&group.tags, CA_TAINT)),
        ca_resources: short_hash(&under(&group.tags, CA_RESOURCE)),
        config: String::new(),
        locked_for: String::new(),
        capacity_type: pool.capacity_type,
        arch: pool.arch,
    }
}
