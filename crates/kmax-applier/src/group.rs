//! Auto Scaling groups: the steps of create, update and delete.

use std::collections::{BTreeMap, BTreeSet};

use kmax_cloud::{ErrorClass, ops};
use kmax_model::fields::{TEMPLATE_NAME, TEMPLATE_VERSION, tag_path};
use kmax_model::{
    Address, AutoScalingGroup, CA_PREFIX, Change, DesiredGroup, GroupTag, GroupWork, LastApplied,
    LaunchSource, Managed, MixedInstancesPolicy, Override, TAG_APPLIED, TAG_APPLYING, TemplateRef,
};

use crate::context::{Context, StepError, moved, unchanged};
use crate::template::Offered;

/// So many tags fit safely into one call.
const TAGS_PER_CALL: usize = 25;

/// Carries out what a plan says of a group. `offered` is the template version to pin.
pub(crate) async fn carry_out(
    context: &Context<'_>,
    change: &Change,
    work: &GroupWork,
    offered: Option<&Offered>,
) -> Result<(), StepError> {
    let address = &change.address;
    match work {
        GroupWork::Create { desired, applied: _, template_version } => {
            let offered = pinned(context, address, offered, *template_version).await?;
            create(context, address, desired, &offered).await
        }
        GroupWork::Update { desired, applied: _, template_version, paths, remove_tags } => {
            let offered = pinned(context, address, offered, *template_version).await?;
            let update = Update { desired, offered: &offered, paths, remove_tags };
            update.run(context, change).await
        }
        GroupWork::Delete => delete(context, change).await,
    }
}

/// Writes down what was applied, then takes the mark of an apply under way off.
pub(crate) async fn finish(
    context: &Context<'_>,
    address: &Address,
    work: &GroupWork,
    offered: Option<&Offered>,
) -> Result<(), StepError> {
    let (applied, planned, marked) = match work {
        GroupWork::Create { applied, template_version, .. } => (applied, template_version, true),
        GroupWork::Update { applied, template_version, paths, .. } => {
            let marked = !is_record_only(paths) || paths.contains(&tag_path(TAG_APPLYING));
            (applied, template_version, marked)
        }
        GroupWork::Delete => return Ok(()),
    };
    let number = offered.map(|offered| offered.number).or(*planned);
    let applied = LastApplied {
        template_version: number.unwrap_or(applied.template_version),
        ..applied.clone()
    };
    let record = (TAG_APPLIED.to_owned(), tag(applied.to_string()));
    set_tags(context, address, vec![record]).await?;
    let mark = marked.then(|| TAG_APPLYING.to_owned());
    delete_tags(context, address, mark.into_iter().collect()).await
}

/// Returns whether nothing but the record of the last apply differs.
fn is_record_only(paths: &BTreeSet<String>) -> bool {
    let record = [TAG_APPLIED, TAG_APPLYING].map(tag_path);
    paths.iter().all(|path| record.contains(path))
}

/// Returns the version to pin: what the template's change made, else the one that the plan names.
async fn pinned(
    context: &Context<'_>,
    address: &Address,
    offered: Option<&Offered>,
    planned: Option<u64>,
) -> Result<Offered, StepError> {
    if let Some(offered) = offered {
        return Ok(offered.clone());
    }
    let template = Address::launch_template(&address.name);
    match (context.find_template(&address.name).await?, planned) {
        (Some(live), Some(number)) => Ok(Offered { id: live.id, number }),
        (Some(_), None) => Err(moved(&template, "got no new version")),
        (None, _) => Err(moved(&template, "is gone")),
    }
}

fn tag(value: impl Into<String>) -> GroupTag {
    GroupTag { value: value.into(), propagate_at_launch: false }
}

fn launch(desired: &DesiredGroup, offered: &Offered) -> LaunchSource {
    LaunchSource::Mixed(MixedInstancesPolicy {
        template: TemplateRef {
            id: offered.id.clone(),
            name: desired.name.clone(),
            version: offered.number.to_string(),
        },
        overrides: desired.instance_types.iter().map(Override::of_type).collect(),
        distribution: desired.distribution.clone(),
    })
}

/// Returns the value to send: none leaves the field as it is.
fn sent<T: Clone>(field: &Managed<T>, unset: T) -> Option<T> {
    match field {
        Managed::Unmanaged => None,
        Managed::Unset => Some(unset),
        Managed::Set(value) => Some(value.clone()),
    }
}

async fn create(
    context: &Context<'_>,
    address: &Address,
    desired: &DesiredGroup,
    offered: &Offered,
) -> Result<(), StepError> {
    // The name is unique: creating it is the test whether it is there.
    let mut tags: BTreeMap<String, GroupTag> =
        desired.tags.iter().map(|(key, value)| (key.clone(), tag(value))).collect();
    tags.insert(TAG_APPLYING.to_owned(), tag(context.plan_digest.as_str()));
    let input = ops::CreateAutoScalingGroup {
        name: desired.name.clone(),
        min_size: desired.min_size,
        max_size: desired.max_size,
        launch: launch(desired, offered),
        subnets: desired.subnets.clone(),
        tags,
        capacity_rebalance: desired.capacity_rebalance.value().copied(),
        max_instance_lifetime: desired.max_instance_lifetime.value().copied(),
        new_instances_protected: desired.new_instances_protected.value().copied(),
    };
    match context.write(context.aws.create_auto_scaling_group(input)).await {
        // An earlier try went through and its answer was lost, or somebody was quicker.
        Err(StepError::Cloud(error)) if error.class == ErrorClass::AlreadyExists => {
            let live = context.find_group(&address.name).await?;
            let mark = live.as_ref().and_then(|group| group.tags.get(TAG_APPLYING));
            if mark.is_none_or(|mark| mark.value != context.plan_digest.as_str()) {
                return Err(moved(address, "came up meanwhile"));
            }
        }
        answer => answer?,
    }
    context
        .wait_for("the new Auto Scaling group was not seen", async || {
            match suspend(context, address, &desired.suspended_processes).await {
                Err(StepError::Cloud(error)) if error.class == ErrorClass::NotFound => Ok(None),
                answer => answer.map(Some),
            }
        })
        .await
}

async fn suspend(
    context: &Context<'_>,
    address: &Address,
    processes: &BTreeSet<String>,
) -> Result<(), StepError> {
    if processes.is_empty() {
        return Ok(());
    }
    let input = ops::SuspendProcesses { group: address.name.clone(), processes: processes.clone() };
    context.write(context.aws.suspend_processes(input)).await
}

async fn set_tags(
    context: &Context<'_>,
    address: &Address,
    tags: Vec<(String, GroupTag)>,
) -> Result<(), StepError> {
    for tags in tags.chunks(TAGS_PER_CALL) {
        let input = ops::CreateOrUpdateTags {
            group: address.name.clone(),
            tags: tags.iter().cloned().collect(),
        };
        context.write(context.aws.create_or_update_tags(input)).await?;
    }
    Ok(())
}

async fn delete_tags(
    context: &Context<'_>,
    address: &Address,
    keys: BTreeSet<String>,
) -> Result<(), StepError> {
    if keys.is_empty() {
        return Ok(());
    }
    let input = ops::DeleteGroupTags { group: address.name.clone(), keys };
    context.write(context.aws.delete_group_tags(input)).await
}

struct Update<'a> {
    desired: &'a DesiredGroup,
    offered: &'a Offered,
    paths: &'a BTreeSet<String>,
    remove_tags: &'a BTreeSet<String>,
}

impl Update<'_> {
    async fn run(&self, context: &Context<'_>, change: &Change) -> Result<(), StepError> {
        let address = &change.address;
        let live = self.read(context, change).await?;
        if is_record_only(self.paths) {
            return Ok(());
        }
        // The mark comes with the first write, so that a crash from here on is no person's hand.
        let mut tags = vec![(TAG_APPLYING.to_owned(), tag(context.plan_digest.as_str()))];
        if !self.remove_tags.is_empty() {
            // A group takes 50 tags: those that go make room for those that come.
            set_tags(context, address, std::mem::take(&mut tags)).await?;
            delete_tags(context, address, self.remove_tags.clone()).await?;
        }
        let differs = |(key, _): &(&String, &String)| self.paths.contains(&tag_path(key));
        let wanted = self.desired.tags.iter().filter(differs);
        tags.extend(wanted.map(|(key, value)| (key.clone(), tag(value))));
        set_tags(context, address, tags).await?;
        self.update(context, change, &live).await?;
        let missing: BTreeSet<String> = self
            .desired
            .suspended_processes
            .difference(&live.suspended_processes)
            .cloned()
            .collect();
        suspend(context, address, &missing).await
    }

    /// Reads the group as it is now, and refuses one that is not as it was planned on.
    async fn read(
        &self,
        context: &Context<'_>,
        change: &Change,
    ) -> Result<AutoScalingGroup, StepError> {
        let address = &change.address;
        let Some(live) = context.find_group(&address.name).await? else {
            return Err(moved(address, "is gone"));
        };
        if live.is_being_deleted() {
            return Err(moved(address, "is being deleted"));
        }
        unchanged(address, &change.observed, &live.fields())?;
        self.check_size(address, &live)?;
        Ok(live)
    }

    /// Never a maximum below what runs: Auto Scaling would terminate nodes without a drain.
    fn check_size(&self, address: &Address, live: &AutoScalingGroup) -> Result<(), StepError> {
        let running = live.running();
        if self.desired.max_size >= running {
            return Ok(());
        }
        Err(StepError::Refused {
            rule: "needs-drain",
            message: format!(
                "{address}: max {} is below the {running} nodes that run now",
                self.desired.max_size
            ),
            hint: "scale the pool down first, or raise max",
        })
    }

    async fn update(
        &self,
        context: &Context<'_>,
        change: &Change,
        live: &AutoScalingGroup,
    ) -> Result<(), StepError> {
        let desired = self.desired;
        let has = |path: &str| self.paths.contains(path);
        let launches = has(TEMPLATE_VERSION)
            || has(TEMPLATE_NAME)
            || has("instance_types")
            || self.paths.iter().any(|path| path.starts_with("distribution."));
        let when = |path: &str, value: Option<bool>| if has(path) { value } else { None };
        let input = ops::UpdateAutoScalingGroup {
            name: desired.name.clone(),
            min_size: has("min_size").then_some(desired.min_size),
            max_size: has("max_size").then_some(desired.max_size),
            launch: launches.then(|| launch(desired, self.offered)),
            subnets: has("subnets").then(|| desired.subnets.clone()),
            capacity_rebalance: when(
                "capacity_rebalance",
                sent(&desired.capacity_rebalance, false),
            ),
            max_instance_lifetime: if has("max_instance_lifetime") {
                sent(&desired.max_instance_lifetime, 0)
            } else {
                None
            },
            new_instances_protected: when(
                "new_instances_protected",
                sent(&desired.new_instances_protected, false),
            ),
        };
        let nothing =
            ops::UpdateAutoScalingGroup { name: desired.name.clone(), ..Default::default() };
        if input == nothing {
            return Ok(());
        }
        if input.max_size.is_some_and(|max| max < live.max_size) {
            // The autoscaler may have launched since; one call's race is left.
            let now = context.find_group(&desired.name).await?;
            let now = now.ok_or_else(|| moved(&change.address, "is gone"))?;
            self.check_size(&change.address, &now)?;
        }
        context.write(context.aws.update_auto_scaling_group(input)).await
    }
}

fn empty(address: &Address, group: &AutoScalingGroup) -> Result<(), StepError> {
    match group.running() {
        0 => Ok(()),
        nodes => Err(StepError::Refused {
            rule: "needs-drain",
            message: format!("{address} runs {nodes} nodes now"),
            hint: "scale the pool to 0 first",
        }),
    }
}

async fn delete(context: &Context<'_>, change: &Change) -> Result<(), StepError> {
    let address = &change.address;
    let Some(live) = context.find_group(&address.name).await? else { return Ok(()) };
    if !live.is_being_deleted() {
        unchanged(address, &change.observed, &live.fields())?;
        empty(address, &live)?;
        let mark = (TAG_APPLYING.to_owned(), tag(context.plan_digest.as_str()));
        set_tags(context, address, vec![mark]).await?;
        // Without its tags the autoscaler leaves the group alone.
        let discovery: BTreeSet<String> =
            live.tags.keys().filter(|key| is_discovery(key)).cloned().collect();
        delete_tags(context, address, discovery).await?;
        let Some(now) = context.find_group(&address.name).await? else { return Ok(()) };
        empty(address, &now)?;
        if now.min_size > 0 || now.max_size > 0 {
            let input = ops::UpdateAutoScalingGroup {
                name: address.name.clone(),
                min_size: Some(0),
                max_size: Some(0),
                ..Default::default()
            };
            context.write(context.aws.update_auto_scaling_group(input)).await?;
        }
        context.step(address, "deleting");
        context
            .wait_for("the group was not free to be deleted", async || {
                let input = ops::DeleteAutoScalingGroup { name: address.name.clone() };
                match context.write(context.aws.delete_auto_scaling_group(input)).await {
                    Ok(()) => Ok(Some(())),
                    Err(StepError::Cloud(error)) if error.class == ErrorClass::NotFound => {
                        Ok(Some(()))
                    }
                    Err(StepError::Cloud(error)) if error.class == ErrorClass::InUse => {
                        let now = context.find_group(&address.name).await?;
                        now.map_or(Ok(()), |now| empty(address, &now))?;
                        Ok(None)
                    }
                    Err(error) => Err(error),
                }
            })
            .await?;
    }
    context
        .wait_for("the group was not gone", async || {
            Ok(context.find_group(&address.name).await?.is_none().then_some(()))
        })
        .await
}

/// Returns whether Cluster Autoscaler finds groups by a tag.
fn is_discovery(key: &str) -> bool {
    key.strip_prefix(CA_PREFIX).is_some_and(|rest| !rest.contains('/'))
}
