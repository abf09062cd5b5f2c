//! Auto Scaling groups: desired against live.

use std::collections::{BTreeMap, BTreeSet};

use kmax_model::fields::{Fields, TEMPLATE_NAME, TEMPLATE_VERSION, tag_path};
use kmax_model::{
    Action, Address, AutoScalingGroup, CA_PREFIX, Change, DesiredGroup, DesiredPool, Distribution,
    FieldChange, GroupTag, GroupWork, Impact, LastApplied, LaunchSource, LaunchTemplate, Managed,
    Notice, Override, Owner, Reason, TAG_APPLIED, TAG_APPLYING, TAG_POOL, TAG_PREFIX,
    TemplateVersion, Work, short_hash,
};
use serde_json::{Value, json};

use crate::desired::{CA_LABEL, CA_RESOURCE, CA_TAINT, under};
use crate::ownership::Standing;
use crate::reason::{Base, Source};
use crate::template::{Draft, History, Target, finish, push};

/// What a group's tags tell of its last apply.
pub(crate) fn history(
    pool: &DesiredPool,
    group: Option<&AutoScalingGroup>,
    template: Option<&LaunchTemplate>,
) -> (History, Option<LastApplied>) {
    let tag = |key: &str| group.and_then(|group| group.tags.get(key));
    let applied: Option<LastApplied> = tag(TAG_APPLIED).and_then(|tag| tag.value.parse().ok());
    let history = History {
        applied_version: applied.as_ref().map(|applied| applied.template_version),
        pinned_version: group
            .and_then(|group| group.launch.template())
            .filter(|template| template.name == pool.template.name)
            .and_then(kmax_model::TemplateRef::number),
        same_config: applied.as_ref().is_some_and(|a| a.config == pool.applied.config),
        same_lock_inputs: applied.as_ref().is_some_and(|a| a.locked_for == pool.applied.locked_for),
        unfinished: tag(TAG_APPLYING).is_some(),
        same_pool_tag: tag(TAG_POOL).is_some_and(|of_group| {
            template.and_then(|template| template.tags.get(TAG_POOL)) == Some(&of_group.value)
        }),
    };
    (history, applied)
}

/// Everything that a field's base is taken from.
struct Bases<'a> {
    applied: Option<&'a LastApplied>,
    live: &'a AutoScalingGroup,
    pool: &'a DesiredPool,
    /// The template version that was applied last.
    version: Option<&'a TemplateVersion>,
    adopted: bool,
    /// The group pins a template that is gone, maybe with another of its name in its place.
    template_gone: bool,
    /// Template and group name the same pool as their owner.
    same_pool_tag: bool,
}

impl Bases<'_> {
    fn hash<T: serde::Serialize + ?Sized, U: serde::Serialize + ?Sized>(
        base: &str,
        live: &T,
        desired: &U,
    ) -> Base {
        Base::Hash {
            live_is_base: short_hash(live) == base,
            desired_is_base: short_hash(desired) == base,
        }
    }

    /// Returns what was last applied to a field.
    fn of(&self, path: &str, desired: &Value) -> Base {
        let Some(applied) = self.applied else {
            // Whatever the config says, these are always the same on a group of ours.
            let constant = !self.adopted && is_constant(path, &self.pool.owner.cluster);
            return if constant { Base::Value(desired.clone()) } else { Base::Unknown };
        };
        let group = &self.pool.group;
        let live_tags = self.live.plain_tags();
        let tags = |hash: &str, prefix: &str| {
            Self::hash(hash, &under(&live_tags, prefix), &under(&group.tags, prefix))
        };
        let tag_at = |prefix: &str| path.starts_with(&tag_path(prefix));
        match path {
            "min_size" => Base::Value(json!(applied.min_size)),
            "max_size" => Base::Value(json!(applied.max_size)),
            "subnets" => Self::hash(&applied.subnets, &self.live.subnets, &group.subnets),
            "instance_types" => {
                let live = self.live.fields().remove(path).unwrap_or(Value::Null);
                Self::hash(&applied.overrides, &live, &group.instance_types)
            }
            // Only a hand deletes a template under its group.
            TEMPLATE_VERSION if self.template_gone => Base::Value(desired.clone()),
            TEMPLATE_VERSION => Base::Value(json!(applied.template_version.to_string())),
            _ if path.starts_with("distribution.") => match &self.live.launch {
                LaunchSource::Mixed(policy) => {
                    Self::hash(&applied.distribution, &policy.distribution, &group.distribution)
                }
                LaunchSource::None | LaunchSource::Configuration(_) | LaunchSource::Template(_) => {
                    Self::hash(&applied.distribution, &Value::Null, &group.distribution)
                }
            },
            _ if self.same_pool_tag && path == tag_path(TAG_POOL) => {
                let live = live_tags.get(TAG_POOL);
                Base::Value(json!(live))
            }
            _ if is_constant(path, &self.pool.owner.cluster) => Base::Value(desired.clone()),
            _ if tag_at(CA_LABEL) => tags(&applied.ca_labels, CA_LABEL),
            _ if tag_at(CA_TAINT) => tags(&applied.ca_taints, CA_TAINT),
            _ if tag_at(CA_RESOURCE) => tags(&applied.ca_resources, CA_RESOURCE),
            // Nobody but kmax may have other tags under that prefix.
            _ if tag_at(CA_PREFIX) => Base::Value(Value::Null),
            _ => match (self.version, path.strip_prefix(&tag_path(""))) {
                (Some(version), Some(key)) => Base::Value(json!(instance_tag(version, key))),
                (_, _) => Base::Unknown,
            },
        }
    }
}

/// The value that a version gives to a tag of its instances, which groups of kmax carry too.
fn instance_tag<'a>(version: &'a TemplateVersion, key: &str) -> Option<&'a String> {
    if key.starts_with("kubernetes.io/cluster/") {
        return None;
    }
    version.data.tags.get("instance")?.get(key)
}

/// Returns whether kmax gives a field the same value whatever the config says.
fn is_constant(path: &str, cluster: &str) -> bool {
    let tag = path.strip_prefix(&tag_path(""));
    path == TEMPLATE_NAME
        || path == "capacity_rebalance"
        || path == "max_instance_lifetime"
        || path.starts_with("suspended_processes.")
        || tag.is_some_and(|key| {
            Owner::tag_keys().contains(&key)
                || crate::desired::discovery_tags(cluster).contains_key(key)
        })
}

/// Returns keys of live tags that kmax wrote and no longer wants.
fn obsolete_tags(
    live: &AutoScalingGroup,
    pool: &DesiredPool,
    version: Option<&TemplateVersion>,
) -> BTreeSet<String> {
    let is_ours = |key: &str| {
        key.starts_with(CA_PREFIX)
            || version.is_some_and(|version| instance_tag(version, key).is_some())
    };
    live.tags
        .keys()
        .filter(|key| !pool.group.tags.contains_key(*key))
        .filter(|key| !key.starts_with(TAG_PREFIX))
        .filter(|key| is_ours(key))
        .cloned()
        .collect()
}

/// Auto Scaling takes so many tags on a group.
const MAX_TAGS: usize = 50;

/// Refuses a pool whose tags, with those that other people set, would not fit on its group.
pub(crate) fn too_many_tags(
    pool: &DesiredPool,
    live: &AutoScalingGroup,
    version: Option<&TemplateVersion>,
) -> Option<Notice> {
    let obsolete = obsolete_tags(live, pool, version);
    let kept = live.tags.keys().filter(|key| !obsolete.contains(*key));
    let mut keys: BTreeSet<&str> = kept.map(String::as_str).collect();
    let is_ours = |key: &&str| key.starts_with(TAG_PREFIX) || pool.group.tags.contains_key(*key);
    let others = keys.iter().filter(|key| !is_ours(key)).count();
    keys.extend(pool.group.tags.keys().map(String::as_str));
    keys.extend([TAG_APPLIED, TAG_APPLYING]);
    (keys.len() > MAX_TAGS).then(|| Notice {
        address: Some(Address::auto_scaling_group(&live.name).to_string()),
        rule: "too-many-tags".to_owned(),
        message: format!(
            "the group would have {} tags and Auto Scaling takes {MAX_TAGS}; {others} of them are \
             not kmax's",
            keys.len()
        ),
        hint: Some("take tags away in the config, or by hand those that are not kmax's".to_owned()),
    })
}

/// Returns what `kmax:applied` has to say once a pool is as it should be.
pub(crate) fn record(pool: &DesiredPool, template_version: u64) -> LastApplied {
    LastApplied { template_version, ..pool.applied.clone() }
}

/// Returns whether a record tells of the same state; what it says of config and lock may differ.
fn same_state(a: &LastApplied, b: &LastApplied) -> bool {
    let LastApplied {
        template_version,
        min_size,
        max_size,
        subnets,
        distribution,
        overrides,
        ca_labels,
        ca_taints,
        ca_resources,
        config: _,
        locked_for: _,
        capacity_type,
        arch,
    } = a;
    *template_version == b.template_version
        && (*min_size, *max_size) == (b.min_size, b.max_size)
        && (*capacity_type, *arch) == (b.capacity_type, b.arch)
        && (subnets, distribution, overrides) == (&b.subnets, &b.distribution, &b.overrides)
        && (ca_labels, ca_taints, ca_resources) == (&b.ca_labels, &b.ca_taints, &b.ca_resources)
}

/// How many living instances a group has that were launched from another version.
pub(crate) fn nodes_not_on(group: &AutoScalingGroup, version: Option<u64>) -> u32 {
    let is_old = |instance: &&kmax_model::Instance| {
        let number = instance.template.as_ref().and_then(kmax_model::TemplateRef::number);
        instance.is_living() && (version.is_none() || number != version)
    };
    group.instances.iter().filter(is_old).count() as u32
}

/// Returns the fields wanted of a group, as a map that also names the template's version.
fn wanted(pool: &DesiredPool, target: &Target) -> Fields {
    let mut fields = pool.group.fields();
    fields.insert(TEMPLATE_VERSION.to_owned(), target.value());
    fields
}

/// Returns whether a group is just as it is wanted, without a tag too many, and its record says so.
///
/// No field of it differs then. Making them all to find that out would be most of a plan's time.
pub(crate) fn is_met(pool: &DesiredPool, live: &AutoScalingGroup, template_id: &str) -> bool {
    let Some(pinned) = live.launch.template() else { return false };
    let Some(version) = pinned.number() else { return false };
    let is_recorded = || {
        let applied = live.tags.get(TAG_APPLIED).and_then(|tag| tag.value.parse().ok());
        applied.is_some_and(|applied| same_state(&applied, &record(pool, version)))
    };
    pinned.id == template_id
        && pinned.version == version.to_string()
        && !live.tags.contains_key(TAG_APPLYING)
        && is_as_wanted(&pool.group, live)
        && is_recorded()
}

/// Returns whether no field of a group differs, the version that it pins aside.
fn is_as_wanted(desired: &DesiredGroup, live: &AutoScalingGroup) -> bool {
    // Exhaustive, so that a field added later is not forgotten here.
    let DesiredGroup {
        name,
        min_size,
        max_size,
        subnets,
        instance_types,
        distribution,
        tags,
        suspended_processes,
        capacity_rebalance,
        max_instance_lifetime,
        new_instances_protected,
    } = desired;
    let LaunchSource::Mixed(policy) = &live.launch else { return false };
    policy.template.name == *name
        && policy.overrides.len() == instance_types.len()
        && policy.overrides.iter().zip(instance_types).all(|(item, name)| is_type(item, name))
        && policy.distribution == *distribution
        && live.min_size == *min_size
        && live.max_size == *max_size
        && live.subnets == *subnets
        && live.suspended_processes.is_superset(suspended_processes)
        && is_managed_as(capacity_rebalance, live.capacity_rebalance)
        && is_managed_as(max_instance_lifetime, live.max_instance_lifetime)
        && is_managed_as(new_instances_protected, live.new_instances_protected)
        && has_just(&live.tags, tags)
}

/// Returns whether an override names a type and nothing else.
fn is_type(item: &Override, name: &str) -> bool {
    let Override { instance_type, weighted_capacity, template, requirements } = item;
    instance_type.as_deref() == Some(name)
        && weighted_capacity.is_none()
        && template.is_none()
        && requirements.is_none()
}

/// Returns whether a live value is the one wanted, AWS's default where none is.
fn is_managed_as<T: Copy + Default + PartialEq>(wanted: &Managed<T>, live: T) -> bool {
    match wanted {
        Managed::Unmanaged => true,
        Managed::Unset => live == T::default(),
        Managed::Set(value) => live == *value,
    }
}

/// Returns whether tags are those wanted, those of kmax's own records aside.
fn has_just(live: &BTreeMap<String, GroupTag>, wanted: &BTreeMap<String, String>) -> bool {
    let mut wanted = wanted.iter().peekable();
    for (key, GroupTag { value, propagate_at_launch }) in live {
        if wanted.next_if(|(name, _)| *name == key).is_some_and(|(_, text)| text == value) {
            if *propagate_at_launch {
                return false;
            }
        } else if key != TAG_APPLIED && key != TAG_APPLYING {
            return false;
        }
    }
    wanted.next().is_none()
}

/// Makes the creation of a pool's group.
pub(crate) fn create(
    pool: &DesiredPool,
    target: &Target,
    depends_on: BTreeSet<Address>,
    has_template: bool,
) -> Change {
    // A template of ours without its group: the group was deleted by hand.
    let why = if has_template { Reason::Drift } else { Reason::New };
    let field = |(path, after): (String, Value)| FieldChange {
        path,
        before: Value::Null,
        after,
        base: None,
        reason: why,
    };
    let fields = wanted(pool, target).into_iter().filter(|(_, value)| !value.is_null());
    finish(Draft {
        address: Address::auto_scaling_group(&pool.group.name),
        pool,
        action: Action::Create,
        reason: Some(why),
        impact: Impact { launches: pool.group.min_size, ..Impact::default() },
        fields: fields.map(field).collect(),
        observed: Fields::new(),
        depends_on,
        work: Work::Group(Box::new(GroupWork::Create {
            desired: pool.group.clone(),
            applied: pool.applied.clone(),
            template_version: target.number,
        })),
    })
}

/// What is known of a group's last apply.
#[derive(Clone, Copy)]
pub(crate) struct Past<'a> {
    pub(crate) history: History,
    pub(crate) applied: Option<&'a LastApplied>,
    /// The template version that was applied last.
    pub(crate) version: Option<&'a TemplateVersion>,
    /// What brought the version that the group is to pin.
    pub(crate) version_source: Source,
    /// The id of the live template of the pool's name.
    pub(crate) template_id: Option<&'a str>,
}

/// Returns what a group pins where that is a template of the pool's name which is gone.
///
/// A template of the same name may be there again and hold the same version numbers; the group
/// can't launch from it until it names it anew.
fn pinned_but_gone(
    pool: &DesiredPool,
    live: &AutoScalingGroup,
    template_id: Option<&str>,
) -> Option<String> {
    let pinned = live.launch.template().filter(|pinned| pinned.name == pool.template.name)?;
    let is_there = template_id == Some(pinned.id.as_str());
    (!is_there).then(|| format!("{} of {}, which is gone", pinned.version, pinned.id))
}

/// Compares a pool's group. None is a group as it should be.
pub(crate) fn change(
    pool: &DesiredPool,
    standing: Standing,
    live: &AutoScalingGroup,
    past: Past<'_>,
    target: &Target,
    depends_on: BTreeSet<Address>,
) -> Option<Change> {
    let Past { history, applied, version, version_source, template_id } = past;
    let adopted = standing == Standing::Adopted;
    let gone = pinned_but_gone(pool, live, template_id);
    let bases = Bases {
        applied,
        live,
        pool,
        version,
        adopted,
        template_gone: gone.is_some(),
        same_pool_tag: history.same_pool_tag,
    };
    let before = live.fields();
    let mut fields = Vec::new();
    for (path, after) in wanted(pool, target) {
        let before = match &gone {
            Some(gone) if path == TEMPLATE_VERSION => json!(gone),
            Some(_) | None => before.get(&path).cloned().unwrap_or(Value::Null),
        };
        if before != after {
            let source = match path.as_str() {
                TEMPLATE_VERSION => version_source,
                _ => history.source(path == "instance_types"),
            };
            let base = bases.of(&path, &after);
            push(&mut fields, &path, before, &base, after, source, history);
        }
    }
    let remove_tags = obsolete_tags(live, pool, version);
    for key in &remove_tags {
        let path = tag_path(key);
        let before = before.get(&path).cloned().unwrap_or(Value::Null);
        let base = bases.of(&path, &Value::Null);
        push(&mut fields, &path, before, &base, Value::Null, history.source(false), history);
    }
    let record_lost = applied.is_none() && !adopted && !history.unfinished;
    if fields.is_empty() || (record_lost && target.number.is_some()) {
        record_change(pool, live, history, applied, target, &mut fields);
    }
    if fields.is_empty() {
        return None;
    }
    let paths: BTreeSet<String> = fields.iter().map(|field| field.path.clone()).collect();
    Some(finish(Draft {
        address: Address::auto_scaling_group(&live.name),
        pool,
        action: if adopted { Action::Adopt } else { Action::Update },
        reason: None,
        impact: impact(pool, live, &paths, target, adopted),
        fields,
        observed: before,
        depends_on,
        work: Work::Group(Box::new(GroupWork::Update {
            desired: pool.group.clone(),
            applied: pool.applied.clone(),
            template_version: target.number,
            paths,
            remove_tags,
        })),
    }))
}

/// A group that is as it should be may still lack the record of it, or the end of an apply.
fn record_change(
    pool: &DesiredPool,
    live: &AutoScalingGroup,
    history: History,
    applied: Option<&LastApplied>,
    target: &Target,
    fields: &mut Vec<FieldChange>,
) {
    let record = record(pool, target.number.unwrap_or_default());
    let current = applied.is_some_and(|applied| same_state(applied, &record));
    if current && !history.unfinished {
        return;
    }
    let tag = |key: &str| live.tags.get(key).map(|tag| tag.value.clone());
    let reason = if history.unfinished {
        Reason::Unknown
    } else if applied.is_none() || history.same_config {
        Reason::Drift
    } else {
        // The config caught up with what a hand had done: nothing of it is left to mend.
        Reason::Config
    };
    let field = |key: &str, after: Value| FieldChange {
        path: tag_path(key),
        before: json!(tag(key)),
        after,
        base: None,
        reason,
    };
    if !current {
        fields.push(field(TAG_APPLIED, json!(record.to_string())));
    }
    if history.unfinished {
        fields.push(field(TAG_APPLYING, Value::Null));
    }
}

fn impact(
    pool: &DesiredPool,
    live: &AutoScalingGroup,
    paths: &BTreeSet<String>,
    target: &Target,
    adopted: bool,
) -> Impact {
    let mut impact = Impact::default();
    let running = live.running();
    if pool.group.max_size < running {
        impact.terminates = running - pool.group.max_size;
    }
    if pool.group.min_size > live.desired_capacity {
        impact.launches = pool.group.min_size - live.desired_capacity;
    }
    let after = on_demand(&pool.group.distribution, running);
    impact.replaces = match &live.launch {
        LaunchSource::Mixed(policy) => on_demand(&policy.distribution, running).abs_diff(after),
        // What is adopted has the right nodes, or it is refused.
        LaunchSource::Template(_) | LaunchSource::Configuration(_) if adopted => 0,
        // A group without a mix buys on demand.
        LaunchSource::Template(_) | LaunchSource::Configuration(_) => running - after,
        LaunchSource::None => 0,
    };
    // A version still to be made is the template's change, which counts them.
    if paths.contains(TEMPLATE_VERSION) && target.number.is_some() {
        impact.stays_old = nodes_not_on(live, target.number);
    }
    impact
}

/// How many of so many nodes a distribution buys on demand. Auto Scaling replaces nodes, without a
/// drain, until a changed distribution is met.
fn on_demand(distribution: &Distribution, nodes: u32) -> u32 {
    let base = distribution.on_demand_base.min(nodes);
    base + ((nodes - base) * distribution.on_demand_percentage).div_ceil(100)
}

/// Returns why taking over a group would replace or strand its nodes.
pub(crate) fn adoption_obstacles(
    pool: &DesiredPool,
    live: &AutoScalingGroup,
    lifecycles: &BTreeMap<String, String>,
) -> Vec<String> {
    let wanted = match pool.capacity_type {
        kmax_model::CapacityType::Spot => "spot",
        kmax_model::CapacityType::OnDemand => "on-demand",
    };
    let types: BTreeSet<&str> = pool.group.instance_types.iter().map(String::as_str).collect();
    let mut obstacles = Vec::new();
    for instance in live.instances.iter().filter(|instance| instance.is_living()) {
        let (id, instance_type) = (&instance.id, &instance.instance_type);
        if !types.contains(instance_type.as_str()) {
            obstacles.push(format!("{id} is a {instance_type}, which the pool's spec leaves out"));
        }
        match lifecycles.get(id) {
            Some(lifecycle) if lifecycle == wanted => {}
            Some(lifecycle) => obstacles
                .push(format!("{id} is {lifecycle} and the pool is {}", pool.capacity_type)),
            None => obstacles.push(format!("how {id} was bought could not be read")),
        }
    }
    obstacles
}
