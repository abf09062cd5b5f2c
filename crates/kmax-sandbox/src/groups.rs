//! Auto Scaling groups.

use std::collections::{BTreeMap, BTreeSet};

use kmax_cloud::{Page, ops};
use kmax_model::{AutoScalingGroup, GroupTag};

use crate::paging::{Paging, page_with};
use crate::refusal::Refusal;
use crate::state::{GroupRow, Hideable, StaleTags, State, read_tags};
use crate::tags::{MOST_TAGS, check_group_tag_count, check_group_tags};

/// A quota of Auto Scaling: groups in a region.
const MOST_GROUPS: usize = 500;
const LONGEST_NAME: usize = 255;
const MOST_RECORDS: u32 = 100;
const DEFAULT_RECORDS: u32 = 50;
/// The least maximum lifetime of an instance, and the greatest: a day and a year.
const LIFETIMES: std::ops::RangeInclusive<u32> = 86_400..=31_536_000;
/// The processes that can be suspended.
pub(crate) const PROCESSES: [&str; 9] = [
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
];

fn check_name(name: &str) -> Result<(), Refusal> {
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME || name.contains(':') {
        return Err(Refusal::validation(format!(
            "1 validation error detected: Value '{name}' at 'autoScalingGroupName' failed to \
             satisfy constraint: Member must have length between 1 and 255 and no colon"
        )));
    }
    Ok(())
}

fn check_sizes(min: u32, max: u32) -> Result<(), Refusal> {
    if min > max {
        return Err(Refusal::validation(format!(
            "Min size ({min}) must be less than or equal to max size ({max})"
        )));
    }
    Ok(())
}

fn check_lifetime(seconds: u32) -> Result<(), Refusal> {
    if seconds != 0 && !LIFETIMES.contains(&seconds) {
        return Err(Refusal::validation(format!(
            "Max instance lifetime ({seconds}) must be 0 or between {} and {} seconds",
            LIFETIMES.start(),
            LIFETIMES.end()
        )));
    }
    Ok(())
}

fn texts(tags: &BTreeMap<String, GroupTag>) -> impl Iterator<Item = (&String, &String)> {
    tags.iter().map(|(key, tag)| (key, &tag.value))
}

impl State {
    pub(crate) fn describe_auto_scaling_groups(
        &mut self,
        input: &ops::DescribeAutoScalingGroups,
    ) -> Result<Page<AutoScalingGroup>, Refusal> {
        let ops::DescribeAutoScalingGroups { names, max_records, next_token } = input;
        let size = max_records.unwrap_or(DEFAULT_RECORDS);
        if !(1..=MOST_RECORDS).contains(&size) {
            return Err(Refusal::validation(format!(
                "1 validation error detected: Value '{size}' at 'maxRecords' failed to satisfy \
                 constraint: Member must have value between 1 and {MOST_RECORDS}"
            )));
        }
        if names.len() > size as usize {
            // All that is named must fit into one page.
            return Err(Refusal::validation(format!(
                "Up to {size} Auto Scaling group names can be described where that is the greatest \
                 number of records."
            )));
        }
        let paging =
            Paging::auto_scaling("DescribeAutoScalingGroups", names, next_token.as_deref())
                .of_size(size as usize);
        let asked: Vec<String> = if names.is_empty() {
            self.groups.keys()
        } else {
            let sorted: BTreeSet<String> = names.iter().cloned().collect();
            sorted.into_iter().filter(|name| self.groups.contains(name)).collect()
        };
        let mut seen = Vec::new();
        for name in asked {
            if self.sees(Hideable::Group, &name) && !self.is_gone_now(&name) {
                seen.push(name);
            }
        }
        let table = &mut self.stale_group_tags;
        let stale: BTreeMap<String, BTreeMap<String, GroupTag>> = seen
            .iter()
            .filter_map(|name| read_tags(table, name).map(|tags| (name.clone(), tags)))
            .collect();
        let rows = seen.into_iter().filter_map(|name| {
            let row = self.groups.get(&name)?;
            Some((name, &row.group))
        });
        page_with(rows.collect(), &paging, |group| {
            let mut group = group.clone();
            if let Some(tags) = stale.get(&group.name) {
                group.tags.clone_from(tags);
            }
            group
        })
    }

    /// Counts a read of a group that is being deleted; whether it has gone with it.
    fn is_gone_now(&mut self, name: &str) -> bool {
        match self.groups.get(name).and_then(|row| row.reads_until_gone) {
            None => false,
            Some(0) => {
                self.groups.remove(name);
                true
            }
            Some(reads) => {
                if let Some(row) = self.groups.get_mut(name) {
                    row.reads_until_gone = Some(reads - 1);
                }
                false
            }
        }
    }

    /// Returns the group that a write names.
    fn group(&mut self, name: &str) -> Result<AutoScalingGroup, Refusal> {
        let is_seen = self.sees(Hideable::Group, name);
        let row = self.groups.get(name).filter(|_| is_seen).ok_or_else(|| {
            Refusal::validation(format!(
                "AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"
            ))
        })?;
        if row.group.is_being_deleted() {
            return Err(Refusal::new(
                "ScalingActivityInProgress",
                format!("The Auto Scaling group '{name}' is being deleted."),
            ));
        }
        Ok(row.group.clone())
    }

    /// Writes a group that is not being deleted.
    pub(crate) fn put_group(&mut self, group: AutoScalingGroup) {
        self.groups.insert(group.name.clone(), GroupRow { group, reads_until_gone: None });
    }

    pub(crate) fn create_auto_scaling_group(
        &mut self,
        input: &ops::CreateAutoScalingGroup,
    ) -> Result<(), Refusal> {
        let ops::CreateAutoScalingGroup {
            name,
            min_size,
            max_size,
            launch,
            subnets,
            tags,
            capacity_rebalance,
            max_instance_lifetime,
            new_instances_protected,
        } = input;
        check_name(name)?;
        check_sizes(*min_size, *max_size)?;
        check_group_tags(texts(tags))?;
        if tags.len() > MOST_TAGS {
            return Err(Refusal::validation(format!(
                "1 validation error detected: Value '[{} tags]' at 'tags' failed to satisfy \
                 constraint: Member must have length less than or equal to {MOST_TAGS}",
                tags.len()
            )));
        }
        check_lifetime(max_instance_lifetime.unwrap_or_default())?;
        if let Some(row) = self.groups.get(name) {
            let pending = if row.group.is_being_deleted() { " and is pending delete" } else { "" };
            return Err(Refusal::new(
                "AlreadyExists",
                format!(
                    "AutoScalingGroup by this name already exists - A group with the name {name} \
                     already exists{pending}"
                ),
            ));
        }
        if self.groups.len() >= MOST_GROUPS {
            return Err(Refusal::new(
                "LimitExceeded",
                format!("You have already reached your limit of {MOST_GROUPS} AutoScalingGroups."),
            ));
        }
        self.check_subnets(subnets)?;
        let launch = self.check_launch(launch, subnets)?;
        let group = AutoScalingGroup {
            name: name.clone(),
            status: None,
            min_size: *min_size,
            max_size: *max_size,
            desired_capacity: *min_size,
            launch,
            subnets: subnets.clone(),
            suspended_processes: [].into(),
            capacity_rebalance: capacity_rebalance.unwrap_or_default(),
            max_instance_lifetime: max_instance_lifetime.unwrap_or_default(),
            new_instances_protected: new_instances_protected.unwrap_or_default(),
            tags: tags.clone(),
            instances: Vec::new(),
            other: BTreeMap::new(),
        };
        self.put_group(group);
        self.settle(name, "autoscaling:CreateAutoScalingGroup");
        self.hide(Hideable::Group, name);
        Ok(())
    }

    pub(crate) fn update_auto_scaling_group(
        &mut self,
        input: &ops::UpdateAutoScalingGroup,
        cause: &str,
    ) -> Result<(), Refusal> {
        let ops::UpdateAutoScalingGroup {
            name,
            min_size,
            max_size,
            launch,
            subnets,
            capacity_rebalance,
            max_instance_lifetime,
            new_instances_protected,
        } = input;
        let mut group = self.group(name)?;
        group.min_size = min_size.unwrap_or(group.min_size);
        group.max_size = max_size.unwrap_or(group.max_size);
        check_sizes(group.min_size, group.max_size)?;
        check_lifetime(max_instance_lifetime.unwrap_or_default())?;
        if let Some(subnets) = subnets {
            self.check_subnets(subnets)?;
            group.subnets.clone_from(subnets);
        }
        if launch.is_some() || subnets.is_some() {
            let launch = launch.as_ref().unwrap_or(&group.launch);
            group.launch = self.check_launch(launch, &group.subnets)?;
        }
        group.capacity_rebalance = capacity_rebalance.unwrap_or(group.capacity_rebalance);
        group.max_instance_lifetime = max_instance_lifetime.unwrap_or(group.max_instance_lifetime);
        group.new_instances_protected =
            new_instances_protected.unwrap_or(group.new_instances_protected);
        let before = group.desired_capacity;
        group.desired_capacity = before.clamp(group.min_size, group.max_size);
        if group.desired_capacity != before {
            let event =
                format!("desired of {name} moved from {before} to {}", group.desired_capacity);
            self.audit(cause, event);
        }
        self.put_group(group);
        self.settle(name, cause);
        Ok(())
    }

    pub(crate) fn delete_auto_scaling_group(
        &mut self,
        input: &ops::DeleteAutoScalingGroup,
    ) -> Result<(), Refusal> {
        let name = &input.name;
        let mut group = self.group(name)?;
        if !group.instances.is_empty() {
            return Err(Refusal::new(
                "ResourceInUse",
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot \
                 instance request(s) still in the group.",
            ));
        }
        if group.other.get("DeletionProtection").is_some_and(|p| p == "prevent-all-deletion") {
            return Err(Refusal::validation(format!(
                "The Auto Scaling group '{name}' is protected from deletion."
            )));
        }
        self.stale_group_tags.remove(name);
        if self.meta.delay == 0 {
            self.groups.remove(name);
        } else {
            group.status = Some("Delete in progress".to_owned());
            let reads_until_gone = Some(self.meta.delay);
            self.groups.insert(name.clone(), GroupRow { group, reads_until_gone });
        }
        Ok(())
    }

    /// Returns the group whose tags a write names. Auto Scaling says `in use` of one that goes.
    fn tagged_group(&mut self, name: &str) -> Result<AutoScalingGroup, Refusal> {
        if self.groups.get(name).is_some_and(|row| row.group.is_being_deleted()) {
            return Err(Refusal::new(
                "ResourceInUse",
                format!("The Auto Scaling group '{name}' is being deleted."),
            ));
        }
        self.group(name)
    }

    fn put_tags(&mut self, group: AutoScalingGroup, before: BTreeMap<String, GroupTag>) {
        if self.meta.delay > 0 {
            let stale = StaleTags { reads: self.meta.delay, before };
            self.stale_group_tags.insert(group.name.clone(), stale);
        }
        self.put_group(group);
    }

    pub(crate) fn create_or_update_tags(
        &mut self,
        input: &ops::CreateOrUpdateTags,
    ) -> Result<(), Refusal> {
        let ops::CreateOrUpdateTags { group: name, tags } = input;
        check_group_tags(texts(tags))?;
        let mut group = self.tagged_group(name)?;
        let before = group.tags.clone();
        group.tags.extend(tags.clone());
        check_group_tag_count(name, group.tags.len())?;
        self.put_tags(group, before);
        Ok(())
    }

    pub(crate) fn delete_group_tags(
        &mut self,
        input: &ops::DeleteGroupTags,
    ) -> Result<(), Refusal> {
        let ops::DeleteGroupTags { group: name, keys } = input;
        let mut group = self.tagged_group(name)?;
        let before = group.tags.clone();
        group.tags.retain(|key, _| !keys.contains(key));
        self.put_tags(group, before);
        Ok(())
    }

    pub(crate) fn suspend_processes(
        &mut self,
        input: &ops::SuspendProcesses,
    ) -> Result<(), Refusal> {
        let ops::SuspendProcesses { group: name, processes } = input;
        if let Some(unknown) = processes.iter().find(|p| !PROCESSES.contains(&p.as_str())) {
            return Err(Refusal::validation(format!("Invalid process type: '{unknown}'")));
        }
        let mut group = self.group(name)?;
        if processes.is_empty() {
            // Naming none means all of them.
            group.suspended_processes = PROCESSES.map(str::to_owned).into();
        } else {
            group.suspended_processes.extend(processes.clone());
        }
        self.put_group(group);
        Ok(())
    }
}
