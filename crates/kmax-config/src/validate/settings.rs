//! The settings of one pool: checked where they were written, and made into a [`Pool`].

use std::collections::BTreeMap;

use kmax_model::PoolId;

use super::{iam_name, labels, no_duplicates, security_groups, tags, user_data, volume};
use crate::config::Cluster;
use crate::document::{Finding, Findings};
use crate::limits;
use crate::merge::{Merged, within};
use crate::path::KeyPath;
use crate::pool::{Ami, Kubelet, Pool, Volume};
use crate::raw::choices::{AmiFamily, ArchWord, CapacityWord};
use crate::raw::{AmiWord, KubeletSettings, PoolSettings, UserDataTable};
use crate::rules::Rule;
use crate::spec::Spec;
use crate::syntax::{did_you_mean, is_aws_id, is_percentage, is_quantity, is_version, nearest};

/// What a pool is beside its settings.
pub(crate) struct Identity<'a> {
    pub(crate) id: PoolId,
    pub(crate) name: String,
    pub(crate) spec_name: String,
    pub(crate) spec: Spec,
    pub(crate) adopt: bool,
    pub(crate) at: &'a KeyPath,
}

/// The file around a pool, as far as its settings refer to it.
pub(crate) struct Surroundings<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) user_data: &'a BTreeMap<String, UserDataTable>,
}

/// Where the settings of a pool were written.
struct Origins<'a> {
    merged: &'a Merged,
    pool: &'a KeyPath,
}

impl Origins<'_> {
    fn of(&self, setting: &[&str]) -> KeyPath {
        self.merged.origin(setting).unwrap_or(self.pool).clone()
    }

    /// Where a setting that was taken away was, or the pool.
    fn missing(&self, setting: &[&str]) -> KeyPath {
        self.merged
            .unset_by(setting)
            .map_or_else(|| self.pool.clone(), |unset| unset.origin.clone())
    }
}

/// Reports a setting that every pool needs and an `unset` took away.
fn required<T>(
    findings: &mut Findings<'_, '_>,
    origins: &Origins<'_>,
    setting: &[&str],
    value: Option<T>,
) -> Option<T> {
    if value.is_none() {
        // Where a whole table was taken away, that is said once.
        let key = match origins.merged.unset_by(setting) {
            Some(unset) => unset.setting.iter().fold(KeyPath::root(), |path, step| path.key(step)),
            None => within(&KeyPath::root(), setting),
        };
        let message = format!("`{key}` is taken away, and every pool needs it");
        findings.push(
            Finding::error(Rule::UnsetRequired, message)
                .at(&origins.missing(setting))
                .hint(format!("write another `{key}` instead")),
        );
    }
    value
}

/// Checks the settings of a pool. None where one that it needs is missing.
pub(crate) fn pool(
    findings: &mut Findings<'_, '_>,
    identity: Identity<'_>,
    settings: PoolSettings,
    merged: &Merged,
    surroundings: &Surroundings<'_>,
) -> Option<Pool> {
    let Identity { id, name, spec_name, spec, adopt, at } = identity;
    let origins = Origins { merged, pool: at };
    let ami = ami(findings, &origins, settings.ami.unwrap_or_default());
    let volume = root_volume(findings, &origins, settings.volume.unwrap_or_default());
    let node_role = required(findings, &origins, &["node_role"], settings.node_role);
    let profile = required(findings, &origins, &["instance_profile"], settings.instance_profile);
    let groups = required(findings, &origins, &["security_groups"], settings.security_groups);
    let capacity_type = required(findings, &origins, &["capacity_type"], settings.capacity_type);
    let arch = required(findings, &origins, &["arch"], settings.arch);
    let min = required(findings, &origins, &["min"], settings.min);
    let max = required(findings, &origins, &["max"], settings.max);
    let store = required(findings, &origins, &["instance_store"], settings.instance_store);
    let hops = required(findings, &origins, &["metadata_hop_limit"], settings.metadata_hop_limit);
    let kubelet = kubelet(findings, &origins, settings.kubelet.unwrap_or_default());
    let taint_list = settings.taints.unwrap_or_default();
    let pool = Pool {
        id,
        name,
        spec_name,
        spec,
        ami: ami?,
        node_role: node_role?,
        instance_profile: profile?,
        security_groups: groups?,
        capacity_type: CapacityWord::into(capacity_type?),
        arch: ArchWord::into(arch?),
        min: min?,
        max: max?,
        subnets: settings.subnets.unwrap_or_default(),
        volume: volume?,
        instance_store: store?,
        labels: settings.labels.unwrap_or_default(),
        taints: labels::taints(findings, &origins.of(&["taints"]), &taint_list),
        tags: settings.tags.unwrap_or_default(),
        kubelet,
        metadata_hop_limit: hops?,
        user_data: settings.user_data.unwrap_or_default(),
        adopt,
        place: findings.document().place(findings.document().key_span(at).start),
    };
    check(findings, &origins, &pool, surroundings);
    Some(pool)
}

fn check(
    findings: &mut Findings<'_, '_>,
    origins: &Origins<'_>,
    pool: &Pool,
    surroundings: &Surroundings<'_>,
) {
    let Surroundings { cluster, user_data: parts } = surroundings;
    let at = origins.of(&["node_role"]);
    iam_name(findings, &at, "the nodes' role", &pool.node_role, limits::ROLE_NAME);
    if pool.node_role == cluster.role {
        let message = format!("`{}` is the control plane's role too", pool.node_role);
        findings.push(
            Finding::error(Rule::InvalidRole, message)
                .at(&at)
                .also(&KeyPath::of(["cluster", "role"]), "the control plane's")
                .hint("nodes need a role of their own"),
        );
    }
    let at = origins.of(&["instance_profile"]);
    let profile = "the nodes' instance profile";
    iam_name(findings, &at, profile, &pool.instance_profile, limits::PROFILE_NAME);
    security_groups(findings, &origins.of(&["security_groups"]), &pool.security_groups);
    size(findings, origins, pool);
    subnets(findings, &origins.of(&["subnets"]), &pool.subnets, cluster);
    for (key, value) in &pool.labels {
        labels::label(findings, &origins.of(&["labels", key]), key, value);
    }
    for (key, value) in &pool.tags {
        tags::tag(findings, &origins.of(&["tags", key]), key, value);
    }
    tags::budget(findings, origins.pool, pool);
    if pool.metadata_hop_limit == 1 {
        findings.push(
            Finding::warning(Rule::MetadataHopLimit, "with a hop limit of 1 no pod reaches instance metadata")
                .at(&origins.of(&["metadata_hop_limit"]))
                .hint("cluster-autoscaler on the worker role needs 2; with Pod Identity or IRSA 1 is fine"),
        );
    }
    user_data::names_of_pool(findings, &origins.of(&["user_data"]), &pool.user_data, parts);
}

fn size(findings: &mut Findings<'_, '_>, origins: &Origins<'_>, pool: &Pool) {
    let Pool { min, max, .. } = pool;
    let (min_at, max_at) = (origins.merged.origin(&["min"]), origins.merged.origin(&["max"]));
    if min > max {
        // The one that is written nearer to the pool is the one to change.
        let depth = |path: Option<&KeyPath>| path.map_or(0, |path| path.steps().len());
        let (at, other, label) = if depth(max_at) > depth(min_at) {
            (max_at, min_at, format!("min is {min}"))
        } else {
            (min_at, max_at, format!("max is {max}"))
        };
        let message = format!("min {min} is above max {max} in the pool `{}`", pool.id);
        let finding = Finding::error(Rule::MinAboveMax, message)
            .at(at.unwrap_or(origins.pool))
            .hint(match other {
                Some(_) => "set both, or lower min".to_owned(),
                None => format!("{label} by default: set both"),
            });
        findings.push(match other {
            Some(other) => finding.also(other, label),
            None => finding,
        });
    }
    if *max == 0 {
        findings.push(
            Finding::warning(
                Rule::ZeroMax,
                format!("the pool `{}` can never have a node", pool.id),
            )
            .at(max_at.unwrap_or(origins.pool))
            .hint("set max to 1 or more, or take the pool out"),
        );
    }
}

fn subnets(findings: &mut Findings<'_, '_>, at: &KeyPath, list: &[String], cluster: &Cluster) {
    no_duplicates(findings, at, list, "the subnet");
    for (index, subnet) in list.iter().enumerate() {
        if !cluster.subnets.contains(subnet) {
            // Any two ids are near to each other.
            let hint = nearest(subnet, cluster.subnets.iter().map(String::as_str))
                .filter(|_| !is_aws_id("subnet-", subnet))
                .map(|near| format!("did you mean `{near}`?"));
            findings.push(
                Finding::error(
                    Rule::ForeignSubnet,
                    format!("`{subnet}` is not among the cluster's subnets"),
                )
                .at(&at.index(index))
                .also(&KeyPath::of(["cluster", "subnets"]), "the cluster's")
                .hint(hint.unwrap_or_else(|| {
                    "write one of those as it stands there, or add this one".to_owned()
                })),
            );
        }
    }
}

fn ami(findings: &mut Findings<'_, '_>, origins: &Origins<'_>, word: AmiWord) -> Option<Ami> {
    let AmiWord { family, release, id } = word;
    let family = required(findings, origins, &["ami", "family"], family)?;
    if release.is_some() && id.is_some() {
        findings.push(
            Finding::error(Rule::InvalidAmi, "`release` and `id` exclude each other")
                .at(&origins.of(&["ami", "release"]))
                .also(&origins.of(&["ami", "id"]), "here")
                .hint("an id says the image wholly: take `release` out"),
        );
    }
    if let Some(id) = id.as_ref().filter(|id| !is_aws_id("ami-", id)) {
        findings.push(
            Finding::error(Rule::InvalidAmi, format!("`{id}` is not the id of an image"))
                .at(&origins.of(&["ami", "id"]))
                .hint(super::id_hint("ami-")),
        );
    }
    if let Some(release) = release.as_ref().filter(|release| !is_release(family, release)) {
        let example = match family {
            AmiFamily::Al2023 | AmiFamily::Al2 => "1.34.2-20260801",
            AmiFamily::Bottlerocket => "1.50.0",
            AmiFamily::Ubuntu2204 | AmiFamily::Ubuntu2404 => "20260801",
        };
        findings.push(
            Finding::error(Rule::InvalidAmi, format!("`{release}` is not a release of {family}"))
                .at(&origins.of(&["ami", "release"]))
                .hint(format!("write it as its publisher does, as in `{example}`")),
        );
    }
    Some(Ami { family, release, id })
}

fn is_release(family: AmiFamily, release: &str) -> bool {
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    match family {
        AmiFamily::Al2023 | AmiFamily::Al2 => {
            release.split_once('-').is_some_and(|(version, date)| {
                is_version(version, 3) && date.len() == 8 && digits(date)
            })
        }
        AmiFamily::Bottlerocket => is_version(release, 3),
        AmiFamily::Ubuntu2204 | AmiFamily::Ubuntu2404 => {
            let (date, serial) = release.split_once('.').unwrap_or((release, "0"));
            date.len() == 8 && digits(date) && !serial.is_empty() && digits(serial)
        }
    }
}

fn root_volume(
    findings: &mut Findings<'_, '_>,
    origins: &Origins<'_>,
    settings: crate::raw::VolumeSettings,
) -> Option<Volume> {
    let size = required(findings, origins, &["volume", "size_gib"], settings.size_gib);
    let volume_type = required(findings, origins, &["volume", "type"], settings.volume_type);
    let encrypted = required(findings, origins, &["volume", "encrypted"], settings.encrypted);
    let volume = Volume {
        size_gib: size?,
        volume_type: volume_type?,
        encrypted: encrypted?,
        iops: settings.iops,
        throughput_mibps: settings.throughput_mibps,
        kms_key: settings.kms_key,
    };
    for (key, finding) in volume::volume(&volume) {
        let finding = finding.at(&origins.of(&["volume", key]));
        // What one layer says may not fit the type that another one says.
        findings.push(match origins.merged.origin(&["volume", "type"]) {
            Some(at) if matches!(key, "size_gib" | "iops" | "throughput_mibps") => {
                finding.also(at, "the type")
            }
            Some(_) | None => finding,
        });
    }
    Some(volume)
}

/// Resources that can be reserved.
const RESERVABLE: [&str; 4] = ["cpu", "memory", "ephemeral-storage", "pid"];

/// Signals that pods are evicted by.
const SIGNALS: [&str; 8] = [
    "memory.available",
    "nodefs.available",
    "nodefs.inodesFree",
    "imagefs.available",
    "imagefs.inodesFree",
    "containerfs.available",
    "containerfs.inodesFree",
    "pid.available",
];

fn kubelet(
    findings: &mut Findings<'_, '_>,
    origins: &Origins<'_>,
    settings: KubeletSettings,
) -> Kubelet {
    let KubeletSettings { max_pods, kube_reserved, system_reserved, eviction_hard } = settings;
    let kubelet = Kubelet {
        max_pods,
        kube_reserved: kube_reserved.unwrap_or_default(),
        system_reserved: system_reserved.unwrap_or_default(),
        eviction_hard: eviction_hard.unwrap_or_default(),
    };
    let tables = [
        ("kube_reserved", &kubelet.kube_reserved, RESERVABLE.as_slice()),
        ("system_reserved", &kubelet.system_reserved, RESERVABLE.as_slice()),
        ("eviction_hard", &kubelet.eviction_hard, SIGNALS.as_slice()),
    ];
    for (table, entries, known) in tables {
        for (key, value) in entries {
            let at = origins.of(&["kubelet", table, key]);
            if !known.contains(&key.as_str()) {
                let hint = did_you_mean(key, known.iter().copied());
                let all = || {
                    format!("the kubelet takes {}", crate::syntax::one_of(known.iter().copied()))
                };
                findings.push(
                    Finding::error(
                        Rule::InvalidKubelet,
                        format!("the kubelet's `{table}` takes no `{key}`"),
                    )
                    .at_key(&at)
                    .hint(hint.unwrap_or_else(all)),
                );
            }
            let share = table == "eviction_hard" && is_percentage(value);
            if !share && !is_quantity(value) {
                let hint = if table == "eviction_hard" {
                    "write a quantity as in `100Mi`, or a share as in `10%`"
                } else {
                    "write a quantity as in `90m` or `893Mi`"
                };
                findings.push(
                    Finding::error(Rule::InvalidKubelet, format!("`{key}` can't be `{value}`"))
                        .at(&at)
                        .hint(hint),
                );
            }
        }
    }
    kubelet
}
