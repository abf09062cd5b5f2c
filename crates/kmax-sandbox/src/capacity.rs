//! How a group gets to its desired capacity: launches and terminations.

use std::collections::BTreeMap;

use kmax_model::{
    AutoScalingGroup, Distribution, Instance, LaunchSource, Override, TemplateRef, TemplateVersion,
};

use crate::account::TAG_LAUNCHED_FROM;
use crate::catalog::is_offered;
use crate::launch::{own_type, wants_spot};
use crate::state::{InstanceRow, State};
use crate::tamper::AUTOSCALER;

const SPOT: &str = "spot";
const ON_DEMAND: &str = "on-demand";

/// Where and as what the next instance is launched.
struct Place {
    zone: String,
    instance_type: String,
    lifecycle: &'static str,
    template: TemplateRef,
}

impl State {
    /// Brings a group to its desired capacity, as far as its processes run.
    pub(crate) fn settle(&mut self, name: &str, cause: &str) {
        let Some(mut row) = self.groups.get(name).cloned() else { return };
        let before = row.group.instances.clone();
        let desired = row.group.desired_capacity as usize;
        let is_suspended = |process: &str| row.group.suspended_processes.contains(process);
        let (launches, terminates) = (!is_suspended("Launch"), !is_suspended("Terminate"));
        while terminates && row.group.instances.len() > desired {
            let Some(index) = victim(&row.group) else { break };
            let gone = row.group.instances.remove(index);
            self.end_instance(&gone.id);
            let drained = if cause == AUTOSCALER { "after" } else { "without" };
            self.audit(cause, format!("terminated {} of {name} {drained} a drain", gone.id));
        }
        while launches && row.group.instances.len() < desired {
            match self.launch_one(&row.group) {
                Ok(instance) => {
                    self.audit(cause, format!("launched {} of {name}", instance.id));
                    row.group.instances.push(instance);
                }
                Err(message) => {
                    self.audit(cause, format!("launch of an instance of {name} failed: {message}"));
                    break;
                }
            }
        }
        if row.group.instances != before {
            row.group.instances.sort_by(|a, b| a.id.cmp(&b.id));
            self.groups.insert(name, row);
        }
    }

    /// Marks an instance as terminated.
    pub(crate) fn end_instance(&mut self, id: &str) {
        let now = self.meta.now;
        if let Some(instance) = self.instances.get_mut(id) {
            "terminated".clone_into(&mut instance.state);
            instance.terminated_at = Some(now);
        }
    }

    fn launch_one(&mut self, group: &AutoScalingGroup) -> Result<Instance, String> {
        let place = self.next_place(group)?;
        let (template, version) =
            self.resolve(&place.template).map_err(|refusal| refusal.message().to_owned())?;
        let image = version.data.image_id.as_ref().and_then(|id| self.images.get(id));
        if image.is_none_or(|image| image.state != "available") {
            let id = version.data.image_id.as_deref().unwrap_or_default();
            return Err(format!("The image id '[{id}]' does not exist"));
        }
        let id = self.next_id("i");
        let tags = instance_tags(group, &template, &version);
        let row = InstanceRow {
            instance_type: place.instance_type.clone(),
            lifecycle: place.lifecycle.to_owned(),
            state: "running".to_owned(),
            tags,
            launched_at: self.meta.now,
            terminated_at: None,
        };
        self.instances.insert(id.clone(), row);
        Ok(Instance {
            id,
            instance_type: place.instance_type,
            zone: place.zone,
            lifecycle_state: "InService".to_owned(),
            health: "Healthy".to_owned(),
            template: Some(TemplateRef { version: version.number.to_string(), ..template }),
            protected_from_scale_in: group.new_instances_protected,
        })
    }

    /// Chooses the zone with the fewest instances, and there the first type that it sells.
    fn next_place(&mut self, group: &AutoScalingGroup) -> Result<Place, String> {
        let mut zones: BTreeMap<String, usize> =
            self.zones_of(&group.subnets).into_iter().map(|zone| (zone, 0)).collect();
        for instance in &group.instances {
            if let Some(count) = zones.get_mut(&instance.zone) {
                *count += 1;
            }
        }
        let mut by_need: Vec<(usize, String)> =
            zones.into_iter().map(|(zone, count)| (count, zone)).collect();
        by_need.sort();
        let choices = self.choices(&group.launch)?;
        let lifecycle = self.next_lifecycle(group);
        for (_, zone) in by_need {
            let sold = choices.iter().find(|(name, _)| is_offered(name, &zone));
            if let Some((instance_type, template)) = sold {
                let (instance_type, template) = (instance_type.clone(), template.clone());
                return Ok(Place { zone, instance_type, lifecycle, template });
            }
        }
        Err("no zone of the group sells one of its instance types".to_owned())
    }

    /// Returns the types that a group may launch, in order, each with its template.
    fn choices(&mut self, launch: &LaunchSource) -> Result<Vec<(String, TemplateRef)>, String> {
        let own = |state: &mut Self, template: &TemplateRef| {
            let (_, version) = state.resolve(template).map_err(|r| r.message().to_owned())?;
            let name =
                own_type(&version.data).map_or_else(|| state.any_type_for(&version), str::to_owned);
            Ok(vec![(name, template.clone())])
        };
        match launch {
            LaunchSource::None | LaunchSource::Configuration(_) => {
                Err("the group has no launch template".to_owned())
            }
            LaunchSource::Template(template) => own(self, template),
            LaunchSource::Mixed(policy) if policy.overrides.is_empty() => {
                own(self, &policy.template)
            }
            LaunchSource::Mixed(policy) => {
                let mut choices = Vec::new();
                for Override { instance_type, weighted_capacity: _, template, requirements: _ } in
                    &policy.overrides
                {
                    let template = template.as_ref().unwrap_or(&policy.template);
                    match instance_type {
                        Some(name) => choices.push((name.clone(), template.clone())),
                        None => choices.extend(own(self, template)?),
                    }
                }
                Ok(choices)
            }
        }
    }

    /// Stands in for the choice that EC2 makes by requirements: some type that runs the image.
    fn any_type_for(&self, version: &TemplateVersion) -> String {
        let image = version.data.image_id.as_ref().and_then(|id| self.images.get(id));
        let is_arm = image.is_some_and(|image| image.architecture == "arm64");
        if is_arm { "m6g.large".to_owned() } else { "m5.large".to_owned() }
    }

    /// Returns whether the next instance is spot, by the group's distribution.
    fn next_lifecycle(&mut self, group: &AutoScalingGroup) -> &'static str {
        match &group.launch {
            LaunchSource::None | LaunchSource::Configuration(_) => ON_DEMAND,
            LaunchSource::Template(template) => match self.resolve(template) {
                Ok((_, version)) if wants_spot(&version.data) => SPOT,
                Ok(_) | Err(_) => ON_DEMAND,
            },
            LaunchSource::Mixed(policy) => {
                let have = group.instances.iter().filter(|instance| {
                    self.instances.get(&instance.id).is_some_and(|row| row.lifecycle == ON_DEMAND)
                });
                let wanted = on_demand_of(&policy.distribution, group.instances.len() + 1);
                if have.count() < wanted { ON_DEMAND } else { SPOT }
            }
        }
    }

    /// Moves the clock: instances live out their lifetime, what is over is forgotten, delays end.
    pub(crate) fn pass_time(&mut self, seconds: u64) {
        const DAY: u64 = 86_400;
        const HOUR: u64 = 3_600;
        self.meta.now += seconds;
        let now = self.meta.now;
        self.settle_delays();
        self.tokens.retain(|row| now.saturating_sub(row.used_at) < DAY);
        for name in self.groups.keys() {
            self.replace_the_old(&name);
            self.replace_the_stray(&name);
            self.settle(&name, "time");
        }
        self.instances
            .retain(|row| row.terminated_at.is_none_or(|at| now.saturating_sub(at) < HOUR));
    }

    fn replace_the_old(&mut self, name: &str) {
        let Some(group) = self.groups.get(name).map(|row| &row.group) else { return };
        let lifetime = u64::from(group.max_instance_lifetime);
        if lifetime == 0 {
            return;
        }
        let now = self.meta.now;
        let is_old = |id: &str| {
            let row = self.instances.get(id);
            row.is_some_and(|row| now.saturating_sub(row.launched_at) >= lifetime)
        };
        let old: Vec<String> =
            group.instances.iter().map(|i| i.id.clone()).filter(|id| is_old(id)).collect();
        for id in old {
            self.take_out(name, &id);
            self.audit("time", format!("terminated {id} of {name}, which lived out its lifetime"));
        }
    }

    /// Ends what its group would not launch any more: in a zone it has left, of a type it does not
    /// name, on-demand where it wants spot. Auto Scaling does that gradually, without a drain.
    fn replace_the_stray(&mut self, name: &str) {
        let Some(group) = self.groups.get(name).map(|row| row.group.clone()) else { return };
        let zones = self.zones_of(&group.subnets);
        let rebalances = !group.suspended_processes.contains("AZRebalance");
        let mut stray: Vec<(String, &str)> = Vec::new();
        for instance in &group.instances {
            if rebalances && !zones.contains(&instance.zone) {
                stray.push((instance.id.clone(), "which is in a zone that the group left"));
            }
        }
        if let LaunchSource::Mixed(policy) = &group.launch {
            let choices = self.choices(&group.launch).unwrap_or_default();
            let total = group.instances.len();
            let wanted = on_demand_of(&policy.distribution, total);
            let mut left = BTreeMap::from([(ON_DEMAND, wanted), (SPOT, total - wanted)]);
            for instance in &group.instances {
                if !choices.iter().any(|(choice, _)| *choice == instance.instance_type) {
                    stray.push((instance.id.clone(), "whose type the policy does not name"));
                }
                let row = self.instances.get(&instance.id);
                let Some(left) = row.and_then(|row| left.get_mut(row.lifecycle.as_str())) else {
                    continue;
                };
                match left.checked_sub(1) {
                    Some(fewer) => *left = fewer,
                    None => stray.push((instance.id.clone(), "which the distribution rules out")),
                }
            }
        }
        for (id, why) in stray {
            if self.take_out(name, &id) {
                self.audit("time", format!("terminated {id} of {name}, {why}, without a drain"));
            }
        }
    }

    /// Terminates an instance of a group; whether there was one.
    pub(crate) fn take_out(&mut self, group: &str, id: &str) -> bool {
        let is_there = self
            .groups
            .get(group)
            .is_some_and(|row| row.group.instances.iter().any(|instance| instance.id == id));
        if is_there && let Some(row) = self.groups.get_mut(group) {
            row.group.instances.retain(|instance| instance.id != id);
            self.end_instance(id);
        }
        is_there
    }
}

/// How many of so many instances are on-demand.
fn on_demand_of(distribution: &Distribution, total: usize) -> usize {
    let base = (distribution.on_demand_base as usize).min(total);
    base + ((total - base) * distribution.on_demand_percentage as usize).div_ceil(100)
}

/// Chooses what scale-in ends: in the fullest zone, of the oldest version, launched first.
fn victim(group: &AutoScalingGroup) -> Option<usize> {
    let mut zones: BTreeMap<&str, usize> = BTreeMap::new();
    for instance in &group.instances {
        *zones.entry(&instance.zone).or_default() += 1;
    }
    let candidates = group.instances.iter().enumerate();
    let candidates = candidates.filter(|(_, instance)| !instance.protected_from_scale_in);
    let rank = |instance: &Instance| {
        let fullness = zones.get(instance.zone.as_str()).copied().unwrap_or_default();
        let version = instance.template.as_ref().and_then(TemplateRef::number);
        (std::cmp::Reverse(fullness), version, instance.id.clone())
    };
    candidates.min_by_key(|(_, instance)| rank(instance)).map(|(index, _)| index)
}

/// The template's tags, over them the group's, over those what AWS adds.
fn instance_tags(
    group: &AutoScalingGroup,
    template: &TemplateRef,
    version: &TemplateVersion,
) -> BTreeMap<String, String> {
    let mut tags = version.data.tags.get("instance").cloned().unwrap_or_default();
    let propagated = group.tags.iter().filter(|(_, tag)| tag.propagate_at_launch);
    tags.extend(propagated.map(|(key, tag)| (key.clone(), tag.value.clone())));
    tags.extend([
        ("aws:autoscaling:groupName".to_owned(), group.name.clone()),
        (TAG_LAUNCHED_FROM.to_owned(), template.id.clone()),
        ("aws:ec2launchtemplate:version".to_owned(), version.number.to_string()),
    ]);
    tags
}
