//! Puts the plan together.

use std::collections::{BTreeMap, BTreeSet};

use kmax_config::{Config, Lock, LockEntry, LockState, Pool};
use kmax_model::{
    Address, AutoScalingGroup, Change, ClusterRef, DesiredPool, Digest, EksCluster, Notice, Owner,
    Ownership, Plan, PoolId, Read, ReadFailure, Snapshot, TemplateRef, TemplateState,
};

use crate::group::Past;
use crate::guard::{self, count};
use crate::ownership::{self, standings};
use crate::template::{base_version, target};
use crate::{desired, group, locking, obstacle, remove, template, warn};

/// What a run asks for beside the config.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Only these pools; empty is all.
    pub pools: BTreeSet<PoolId>,
    /// Guards raised for this run, by name.
    pub allow: BTreeMap<String, u32>,
}

/// Pools are compared by so many threads.
const THREADS: usize = 8;
/// Fewer pools than this are not worth a thread of their own.
const POOLS_PER_THREAD: usize = 250;

/// What the comparison of pools gives.
#[derive(Default)]
struct Outcome {
    changes: Vec<Change>,
    unchanged: usize,
    refusals: Vec<Notice>,
    warnings: Vec<Notice>,
}

/// Waits for a thread; a panic there is one here.
fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

impl Outcome {
    fn add(&mut self, other: Self) {
        let Self { changes, unchanged, refusals, warnings } = other;
        self.changes.extend(changes);
        self.unchanged += unchanged;
        self.refusals.extend(refusals);
        self.warnings.extend(warnings);
    }
}

/// Plans. Same arguments, same plan.
pub fn plan(config: &Config, lock: &Lock, snapshot: &Snapshot, options: &Options) -> Plan {
    let cluster_ref = ClusterRef {
        name: config.cluster.name.clone(),
        region: config.cluster.region.clone(),
        account: config.cluster.account.clone(),
        stack: config.cluster.stack.clone(),
    };
    let owned = owned(config, snapshot);
    let planner = Planner { config, lock, snapshot, options, owned };
    let mut outcome = Outcome::default();
    let mut pools = 0;
    let (config_digest, lock_digest) = std::thread::scope(|scope| {
        // Nothing before the end needs the digests, and of many pools they take their time.
        let config_digest = scope.spawn(|| Digest::of(config));
        let lock_digest = scope.spawn(|| Digest::of(lock));
        if planner.check_account(&mut outcome) {
            planner.general(&mut outcome);
            pools = planner.pools(&mut outcome);
            planner.removals(&mut outcome);
            let refusals = guard::check(config.guards, &options.allow, &outcome.changes);
            outcome.refusals.extend(refusals);
        }
        (joined(config_digest), joined(lock_digest))
    });
    let Outcome { mut changes, unchanged, mut refusals, warnings } = outcome;
    changes.sort_by(|a, b| (&a.pool, &a.address).cmp(&(&b.pool, &b.address)));
    refusals.sort();
    refusals.dedup();
    let (mut warnings, accepted) = planner.accept(warnings);
    warnings.sort();
    warnings.dedup();
    Plan {
        digest: Plan::digest_of(
            &cluster_ref,
            &config_digest,
            &lock_digest,
            changes.iter().map(|change| &change.digest),
        ),
        cluster: cluster_ref,
        config_digest,
        lock_digest,
        unread: planner.unread(),
        changes,
        refusals,
        warnings,
        accepted,
        unchanged,
        pools,
        selection: options.pools.clone(),
        nodes: planner.nodes(),
    }
}

/// Refuses credentials of another account than the config names.
pub fn wrong_account(account: &str, wanted: &str) -> Notice {
    Notice {
        address: None,
        rule: "wrong-account".to_owned(),
        message: format!(
            "the credentials are of account {account} and cluster.account is {wanted}"
        ),
        hint: Some("use the credentials or the profile of the right account".to_owned()),
    }
}

struct Planner<'a> {
    config: &'a Config,
    lock: &'a Lock,
    snapshot: &'a Snapshot,
    options: &'a Options,
    /// Names of live objects of this stack, with the pool that their tags name.
    owned: BTreeMap<String, PoolId>,
}

impl Planner<'_> {
    fn selects(&self, pool: &PoolId) -> bool {
        self.options.pools.is_empty() || self.options.pools.contains(pool)
    }

    /// Nothing is planned in another account, nor where the account is unknown.
    fn check_account(&self, outcome: &mut Outcome) -> bool {
        let wanted = &self.config.cluster.account;
        match &self.snapshot.account {
            Read::Got(account) if account == wanted => true,
            Read::Got(account) => {
                outcome.refusals.push(wrong_account(account, wanted));
                false
            }
            Read::NotRead | Read::Failed(_) => false,
        }
    }

    fn general(&self, outcome: &mut Outcome) {
        let (refusals, warnings) = warn::unsupported(self.config);
        outcome.refusals.extend(refusals);
        outcome.warnings.extend(warnings);
        for diagnostic in &self.config.warnings {
            outcome.warnings.push(Notice {
                address: Some(diagnostic.path.to_string()),
                rule: diagnostic.code.to_string(),
                message: diagnostic.message.clone(),
                hint: diagnostic.hint.clone(),
            });
        }
        match &self.snapshot.cluster {
            Read::Got(Some(cluster)) => {
                outcome.warnings.extend(warn::cluster(self.config, cluster));
                let newer = warn::newer_images(self.config, self.lock, self.snapshot, cluster);
                outcome.warnings.extend(newer);
            }
            Read::Got(None) => outcome.refusals.push(Notice {
                address: Some("cluster.name".to_owned()),
                rule: "cluster-missing".to_owned(),
                message: format!(
                    "there is no EKS cluster {} in {}",
                    self.config.cluster.name, self.config.cluster.region
                ),
                hint: Some("check `cluster.name` and `cluster.region`, or create it".into()),
            }),
            Read::NotRead | Read::Failed(_) => {}
        }
        for id in &self.options.pools {
            let lives = self.owned.values().any(|pool| pool == id);
            if self.config.pool(id).is_none() && !lives {
                outcome.refusals.push(Notice {
                    address: Some(id.to_string()),
                    rule: "unknown-pool".to_owned(),
                    message: format!("there is no pool {id}, neither in the config nor live"),
                    hint: Some("`--pool` takes TEAM/KEY as under [teams.TEAM.pools]".into()),
                });
            }
        }
        let cluster = &self.config.cluster;
        let shared = warn::shared_templates(self.snapshot, &cluster.name, &cluster.stack);
        outcome.warnings.extend(shared);
    }

    /// Compares the pools of the config and returns how many there are.
    fn pools(&self, outcome: &mut Outcome) -> usize {
        let (Some(templates), Some(groups)) =
            (self.snapshot.templates.got(), self.snapshot.groups.got())
        else {
            return 0;
        };
        let pools: Vec<&Pool> =
            self.config.pools.iter().filter(|pool| self.selects(&pool.id)).collect();
        let compare = |pools: &[&Pool]| {
            let mut outcome = Outcome::default();
            for pool in pools {
                let (template, group) = (templates.get(&pool.name), groups.get(&pool.name));
                self.pool(pool, template, group, &mut outcome);
            }
            outcome
        };
        // Pools know nothing of each other, and their results keep the pools' order.
        std::thread::scope(|scope| {
            let chunks = pools.chunks(POOLS_PER_THREAD.max(pools.len().div_ceil(THREADS)));
            let threads: Vec<_> = chunks.map(|pools| scope.spawn(|| compare(pools))).collect();
            for thread in threads {
                outcome.add(joined(thread));
            }
        });
        pools.len()
    }

    fn pool(
        &self,
        pool: &Pool,
        template: Option<&TemplateState>,
        group: Option<&AutoScalingGroup>,
        outcome: &mut Outcome,
    ) {
        let Some(cluster) = self.readable(pool, template) else { return };
        let entry = match self.lock.entry(pool) {
            LockState::Current(entry) => entry.clone(),
            LockState::Stale(why, _) => match self.not_locked(pool, &why, outcome) {
                Some(entry) => entry,
                None => return,
            },
            LockState::Missing => match self.not_locked(pool, "it has no entry", outcome) {
                Some(entry) => entry,
                None => return,
            },
        };
        if let Err(notices) = self.check_profile(pool).and_then(|()| self.check_image(pool, &entry))
        {
            outcome.refusals.extend(notices);
            return;
        }
        match desired::resolve(self.config, pool, &entry, self.snapshot, cluster) {
            Ok(desired) if is_met(&desired, template, group) => {
                outcome.warnings.extend(warn::few_spot_types(&desired));
                outcome.unchanged += 2;
            }
            Ok(mut desired) => {
                desired::record_source(&mut desired, self.config, pool, &entry);
                self.compare(&desired, template, group, outcome);
            }
            Err(notices) => outcome.refusals.extend(notices),
        }
    }

    /// Returns the cluster where all that the pool depends on was read and is there.
    fn readable(&self, pool: &Pool, template: Option<&TemplateState>) -> Option<&EksCluster> {
        let Snapshot { subnets, security_groups, cluster, .. } = self.snapshot;
        let read = subnets.got().is_some()
            && security_groups.got().is_some()
            && template.is_none_or(|state| state.failure.is_none())
            && !(pool.adopt && self.snapshot.lifecycles.failure().is_some());
        if read { cluster.got()?.as_ref() } else { None }
    }

    /// Returns the entry that a pool would get; apply refuses it until it is in the lock file.
    fn not_locked(&self, pool: &Pool, why: &str, outcome: &mut Outcome) -> Option<LockEntry> {
        match locking::resolve_entry(self.config, pool, self.snapshot) {
            Ok(entry) => {
                let image = entry.image.release.as_ref().unwrap_or(&entry.image.id);
                let types = entry.instance_types.len() as u32;
                outcome.refusals.push(Notice {
                    address: Some(pool.id.to_string()),
                    rule: "not-locked".to_owned(),
                    message: format!(
                        "kmax.lock does not cover the pool: {why}; it would get image {image} and \
                         {} from {}",
                        count(types, "instance type"),
                        entry.instance_types.first().map_or("none", String::as_str),
                    ),
                    hint: Some("run `kmax lock` and commit kmax.lock".to_owned()),
                });
                Some(entry)
            }
            Err(notice) if notice.rule == "unread" => None,
            Err(notice) => {
                outcome.refusals.push(notice);
                None
            }
        }
    }

    /// Auto Scaling refuses a group whose template names a profile that does not exist.
    fn check_profile(&self, pool: &Pool) -> Result<(), Vec<Notice>> {
        match self.snapshot.instance_profiles.get(&pool.instance_profile) {
            Some(Read::Got(None)) => Err(vec![Notice {
                address: Some(pool.id.to_string()),
                rule: "instance-profile-missing".to_owned(),
                message: format!("there is no instance profile {}", pool.instance_profile),
                hint: Some("create it, or name another in `instance_profile`".to_owned()),
            }]),
            Some(Read::Got(Some(_)) | Read::NotRead | Read::Failed(_)) | None => Ok(()),
        }
    }

    fn check_image(&self, pool: &Pool, entry: &LockEntry) -> Result<(), Vec<Notice>> {
        let Some(images) = self.snapshot.images.got() else { return Ok(()) };
        let refuse = |rule: &str, message: String, hint: &str| {
            Err(vec![Notice {
                address: Some(pool.id.to_string()),
                rule: rule.to_owned(),
                message,
                hint: Some(hint.to_owned()),
            }])
        };
        let id = &entry.image.id;
        match images.get(id) {
            Some(image) if image.architecture != pool.arch.as_str() => refuse(
                "image-arch",
                format!("image {id} is {} and the pool is {}", image.architecture, pool.arch),
                "name an image of the pool's architecture",
            ),
            Some(image) if image.state != "available" => refuse(
                "image-missing",
                format!("image {id} is {}", image.state),
                "run `kmax lock --upgrade` for that pool",
            ),
            Some(_) => Ok(()),
            // What the lock holds was asked for by id; what a new entry would hold was not.
            None => match self.lock.entry(pool) {
                LockState::Current(_) => refuse(
                    "image-missing",
                    format!("there is no image {id}"),
                    "run `kmax lock --upgrade` for that pool, or name another image",
                ),
                LockState::Stale(..) | LockState::Missing => Ok(()),
            },
        }
    }

    fn compare(
        &self,
        pool: &DesiredPool,
        state: Option<&TemplateState>,
        live: Option<&AutoScalingGroup>,
        outcome: &mut Outcome,
    ) {
        let name = &pool.group.name;
        let address = Address::auto_scaling_group(name);
        if live.is_some_and(AutoScalingGroup::is_being_deleted) {
            outcome.refusals.push(Notice {
                address: Some(address.to_string()),
                rule: "being-deleted".to_owned(),
                message: format!("Auto Scaling group {name} is being deleted"),
                hint: Some("wait until it is gone, then plan again".to_owned()),
            });
            return;
        }
        let template = state.map(|state| &state.template);
        let standing = match standings(&pool.owner, pool.adopt, template, live, name) {
            Ok(standing) => standing,
            Err(notices) => {
                outcome.refusals.extend(notices);
                return;
            }
        };
        let (history, applied) = group::history(pool, live, template);
        if let Some(live) = live
            && let Some(refusals) =
                obstacle::of(pool, live, applied.as_ref(), standing.group, self.snapshot)
        {
            outcome.refusals.extend(refusals);
            return;
        }
        let target = target(&pool.template.data, state, history);
        let old_nodes = live.map_or(0, |live| group::nodes_not_on(live, None));
        let template_change = template::change(
            pool,
            standing.template,
            state,
            history,
            &target,
            live.is_some(),
            old_nodes,
        );
        let depends_on: BTreeSet<Address> =
            template_change.iter().map(|change| change.address.clone()).collect();
        let version = state.and_then(|state| base_version(state, history, &target));
        let group_change = match live {
            None => Some(group::create(pool, &target, depends_on, state.is_some())),
            Some(live) => group::change(
                pool,
                standing.group,
                live,
                Past {
                    history,
                    applied: applied.as_ref(),
                    version,
                    version_source: template::source_of(template_change.as_ref(), history),
                    template_id: template.map(|template| template.id.as_str()),
                },
                &target,
                depends_on,
            ),
        };
        outcome.warnings.extend(warn::few_spot_types(pool));
        if let Some(live) = live {
            outcome.warnings.extend(warn::left_zones(pool, live, self.snapshot));
            outcome.refusals.extend(needs_drain(pool, live));
            outcome.refusals.extend(group::too_many_tags(pool, live, version));
        }
        for change in [template_change, group_change] {
            match change {
                Some(change) => outcome.changes.push(change),
                None => outcome.unchanged += 1,
            }
        }
    }

    /// Plans the removal of what is this stack's and no pool's.
    fn removals(&self, outcome: &mut Outcome) {
        let (Some(templates), Some(groups)) =
            (self.snapshot.templates.got(), self.snapshot.groups.got())
        else {
            return;
        };
        let wanted: BTreeSet<&str> = self.config.pools.iter().map(|p| p.name.as_str()).collect();
        let cluster = &self.config.cluster;
        let is_ours = |ownership: Ownership| match ownership {
            Ownership::Owned(owner) => {
                owner.cluster == cluster.name && owner.stack == cluster.stack
            }
            Ownership::None | Ownership::Partial(_) => false,
        };
        for (name, pool) in &self.owned {
            if wanted.contains(name.as_str()) || !self.selects(pool) {
                continue;
            }
            let group = groups.get(name);
            if templates.get(name).is_some_and(|state| state.failure.is_some()) {
                continue;
            }
            if let Some(group) = group {
                if !is_ours(ownership::of_group(group)) {
                    let address = Address::auto_scaling_group(name);
                    outcome.refusals.push(ownership_lost(&address, "Auto Scaling group"));
                    continue;
                }
                outcome.refusals.extend(drain_before_delete(pool, group));
                outcome.changes.push(remove::delete_group(pool, group));
            }
            if let Some(state) = templates.get(name) {
                if !is_ours(Ownership::of(&state.template.tags)) {
                    let address = Address::launch_template(name);
                    outcome.refusals.push(ownership_lost(&address, "launch template"));
                    continue;
                }
                let users = groups.values().filter(|g| g.name != *name);
                let user = users.filter(|g| g.launch.template().is_some_and(|t| t.name == *name));
                if let Some(user) = user.map(|g| &g.name).next() {
                    outcome.refusals.push(Notice {
                        address: Some(Address::launch_template(name).to_string()),
                        rule: "template-in-use".to_owned(),
                        message: format!("Auto Scaling group {user} launches from {name} too"),
                        hint: Some("give that group a template of its own first".to_owned()),
                    });
                    continue;
                }
                outcome.changes.push(remove::delete_template(pool, state, group.is_some()));
            }
        }
    }

    fn unread(&self) -> Vec<ReadFailure> {
        // Exhaustive, so that a source added later is not forgotten here.
        let Snapshot {
            account,
            cluster,
            subnets,
            security_groups,
            instance_profiles,
            groups,
            templates,
            images,
            parameters,
            instance_types,
            offerings,
            lifecycles,
            calls: _,
        } = self.snapshot;
        let single = templates.got().into_iter().flatten();
        let mut unread: Vec<ReadFailure> = [
            account.failure(),
            cluster.failure(),
            subnets.failure(),
            security_groups.failure(),
            groups.failure(),
            templates.failure(),
            images.failure(),
            parameters.failure(),
            instance_types.failure(),
            offerings.failure(),
            lifecycles.failure(),
        ]
        .into_iter()
        .flatten()
        .chain(instance_profiles.values().filter_map(Read::failure))
        .chain(single.filter_map(|(_, state)| state.failure.as_ref()))
        .cloned()
        .collect();
        unread.sort();
        unread.dedup();
        unread
    }

    /// Counts the living nodes of this stack's groups.
    fn nodes(&self) -> BTreeMap<PoolId, u32> {
        let Some(groups) = self.snapshot.groups.got() else { return BTreeMap::new() };
        let living = |name: &String| groups.get(name).map_or(0, AutoScalingGroup::living);
        let mut nodes = BTreeMap::new();
        for (name, pool) in &self.owned {
            if self.selects(pool) {
                *nodes.entry(pool.clone()).or_default() += living(name);
            }
        }
        nodes
    }

    /// Takes out the warnings that the config accepts.
    fn accept(&self, warnings: Vec<Notice>) -> (Vec<Notice>, Vec<(Notice, String)>) {
        let (mut kept, mut accepted) = (Vec::new(), Vec::new());
        for warning in warnings {
            match self.config.accepted(&warning.rule) {
                Some(reason) => accepted.push((warning, reason.to_owned())),
                None => kept.push(warning),
            }
        }
        accepted.sort();
        accepted.dedup();
        (kept, accepted)
    }
}

/// Returns whether all of a pool is as it should be: then nothing has to be told of it but what the
/// config alone tells.
fn is_met(
    pool: &DesiredPool,
    state: Option<&TemplateState>,
    live: Option<&AutoScalingGroup>,
) -> bool {
    let (Some(state), Some(live)) = (state, live) else { return false };
    let pinned = live.launch.template().and_then(TemplateRef::number);
    !live.is_being_deleted()
        && live.running() <= pool.group.max_size
        && group::is_met(pool, live, &state.template.id)
        && pinned.is_some_and(|pinned| template::is_met(pool, state, pinned))
}

/// Returns names of live objects of this stack, with the pool that their tags name; where a group's
/// tag names another pool than its template's, the template's counts.
fn owned(config: &Config, snapshot: &Snapshot) -> BTreeMap<String, PoolId> {
    let cluster = &config.cluster;
    let pool_of = |ownership: Ownership| match ownership {
        Ownership::Owned(Owner { cluster: c, stack, pool }) => {
            (c == cluster.name && stack == cluster.stack).then_some(pool)
        }
        Ownership::None | Ownership::Partial(_) => None,
    };
    let templates = snapshot.templates.got().into_iter().flatten();
    let groups = snapshot.groups.got().into_iter().flatten();
    let mut owned: BTreeMap<String, PoolId> = groups
        .filter_map(|(name, group)| Some((name.clone(), pool_of(ownership::of_group(group))?)))
        .collect();
    owned.extend(templates.filter_map(|(name, state)| {
        Some((name.clone(), pool_of(Ownership::of(&state.template.tags))?))
    }));
    owned
}

fn ownership_lost(address: &Address, what: &str) -> Notice {
    Notice {
        address: Some(address.to_string()),
        rule: "ownership-lost".to_owned(),
        message: format!(
            "the pool of {} is gone from the config and its {what} lost its tags of kmax: it is \
             not removed",
            address.name
        ),
        hint: Some(
            "remove it by hand, or put the pool back, apply, and remove it again".to_owned(),
        ),
    }
}

/// Refuses a maximum below what runs: Auto Scaling would terminate nodes without a drain.
fn needs_drain(pool: &DesiredPool, live: &AutoScalingGroup) -> Option<Notice> {
    let running = live.running();
    let max = pool.group.max_size;
    (max < running).then(|| Notice {
        address: Some(Address::auto_scaling_group(&live.name).to_string()),
        rule: "needs-drain".to_owned(),
        message: format!(
            "max {max} is below the {} of pool {}: {} would be terminated without a drain",
            count(running, "running node"),
            pool.id,
            running - max
        ),
        hint: Some(format!("scale the pool down to {max} first, or set max to {running} or more")),
    })
}

fn drain_before_delete(pool: &PoolId, group: &AutoScalingGroup) -> Option<Notice> {
    let running = group.running();
    (running > 0).then(|| Notice {
        address: Some(Address::auto_scaling_group(&group.name).to_string()),
        rule: "needs-drain".to_owned(),
        message: format!(
            "pool {pool} is gone from the config and still has {}",
            count(running, "running node")
        ),
        hint: Some(if group.min_size == 0 {
            "move its work away and scale it to 0 first, or put the pool back".to_owned()
        } else {
            "put the pool back with min = 0, apply, scale it to 0, then take it out".to_owned()
        }),
    })
}
