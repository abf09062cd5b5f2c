//! What others than kmax do: people in the console, an autoscaler, AWS itself.

use std::collections::{BTreeMap, BTreeSet};

use kmax_cloud::ops;
use kmax_model::{
    Address, AutoScalingGroup, GroupTag, InstanceProfile, Kind, LaunchSource, MixedInstancesPolicy,
    Override, TemplateData, TemplateRef,
};
use thiserror::Error;

use crate::catalog::instance_type;
use crate::groups::PROCESSES;
use crate::refusal::Refusal;
use crate::sandbox::Sandbox;
use crate::state::{GroupRow, Hideable, State};

/// Who an act is put down to.
const BY_HAND: &str = "by hand";
pub(crate) const AUTOSCALER: &str = "autoscaler";

/// The fields of a group that can be set.
const GROUP_FIELDS: [&str; 19] = [
    "min",
    "max",
    "desired",
    "launch_template.name",
    "launch_template.version",
    "instance_types",
    "distribution.on_demand_base",
    "distribution.on_demand_percentage",
    "distribution.on_demand_allocation",
    "distribution.spot_allocation",
    "distribution.spot_pools",
    "distribution.spot_max_price",
    "subnets",
    "capacity_rebalance",
    "max_instance_lifetime",
    "new_instances_protected",
    "suspended_processes.PROCESS",
    "tags.KEY",
    "other.FIELD",
];

/// An act of tampering was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TamperError {
    /// Nothing has that name.
    #[error("the sandbox has no `{0}`")]
    NoSuchObject(String),
    /// The object has no such field, or not one that can be set.
    #[error("`{object}` has no field `{field}` that can be set")]
    NoSuchField {
        /// The object.
        object: String,
        /// The field.
        field: String,
        /// The fields that can be set.
        fields: Vec<&'static str>,
    },
    /// The value is of the wrong kind.
    #[error("`{value}` is no value of `{field}`: {wanted} is wanted")]
    WrongValue {
        /// The field.
        field: String,
        /// The value.
        value: String,
        /// What is wanted.
        wanted: &'static str,
    },
    /// The words are no assignment.
    #[error("`{0}` says no field and value")]
    NoAssignment(String),
    /// AWS would refuse it as well.
    #[error("AWS refuses it: {0}")]
    Refused(String),
}

impl TamperError {
    /// Returns what a person can do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoSuchObject(_) => Some("`kmax sandbox show` lists what there is".to_owned()),
            Self::NoSuchField { fields, .. } => {
                Some(format!("these can be set: {}", fields.join(", ")))
            }
            Self::NoAssignment(_) => Some(
                "write it as ADDRESS.FIELD=VALUE, as in auto_scaling_group.dsp-8c64g-kmax.max=7"
                    .to_owned(),
            ),
            Self::WrongValue { .. } | Self::Refused(_) => None,
        }
    }
}

impl From<Refusal> for TamperError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.message().to_owned())
    }
}

pub(crate) fn parsed<T: std::str::FromStr>(
    field: &str,
    value: &str,
    wanted: &'static str,
) -> Result<T, TamperError> {
    let wrong =
        |_| TamperError::WrongValue { field: field.to_owned(), value: value.to_owned(), wanted };
    value.trim().parse().map_err(wrong)
}

pub(crate) fn words(value: &str) -> Vec<String> {
    value.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The value of an optional setting: an empty text takes it away.
fn optional(value: &str) -> Option<&str> {
    (!value.is_empty()).then_some(value)
}

impl Sandbox {
    /// Sets a field, written `ADDRESS.FIELD=VALUE`.
    pub fn assign(&mut self, assignment: &str) -> Result<(), TamperError> {
        let (path, value) = assignment
            .split_once('=')
            .ok_or_else(|| TamperError::NoAssignment(assignment.to_owned()))?;
        self.set(path, value)
    }

    /// Sets a field as a person in the console would: `auto_scaling_group.dsp-8c64g-kmax.max` to
    /// `7`. Content of a template is set by making a new version and the default of it.
    pub fn set(&mut self, path: &str, value: &str) -> Result<(), TamperError> {
        self.put(path, Some(value))?;
        self.state.audit(BY_HAND, format!("set {path}"));
        Ok(())
    }

    /// Takes a field away: a tag, a setting that may be absent.
    pub fn unset(&mut self, path: &str) -> Result<(), TamperError> {
        self.put(path, None)?;
        self.state.audit(BY_HAND, format!("unset {path}"));
        Ok(())
    }

    fn put(&mut self, path: &str, value: Option<&str>) -> Result<(), TamperError> {
        let (Address { kind, name }, field) = self.split(path)?;
        match kind {
            Kind::AutoScalingGroup => self.state.set_group(&name, &field, value),
            Kind::LaunchTemplate => self.state.set_template(&name, &field, value),
        }
    }

    /// Makes a version of a template with one field changed, which may or may not become the
    /// default.
    pub fn make_version(
        &mut self,
        template: &str,
        field: &str,
        value: &str,
        make_default: bool,
    ) -> Result<u64, TamperError> {
        self.state.edit_template(template, field, Some(value), make_default)
    }

    /// Deletes an object by hand: a group by force, with its instances.
    pub fn delete(&mut self, address: &Address) -> Result<(), TamperError> {
        let Address { kind, name } = address;
        let missing = || TamperError::NoSuchObject(address.to_string());
        match kind {
            Kind::AutoScalingGroup => {
                let row = self.state.groups.remove(name).ok_or_else(missing)?;
                self.state.stale_group_tags.remove(name);
                for instance in &row.group.instances {
                    self.state.end_instance(&instance.id);
                }
            }
            Kind::LaunchTemplate => {
                let template_id = self.state.template_id(name).ok_or_else(missing)?;
                self.state.delete_launch_template(&ops::DeleteLaunchTemplate { template_id })?;
            }
        }
        self.state.audit(BY_HAND, format!("deleted {address}"));
        Ok(())
    }

    /// Sets the desired capacity of a group as an autoscaler does, which drains what it ends.
    pub fn scale(&mut self, group: &str, desired: u32) -> Result<(), TamperError> {
        self.state.scale(group, desired, AUTOSCALER)
    }

    /// Terminates an instance; its group launches another where that is its desired capacity.
    pub fn terminate(&mut self, instance: &str) -> Result<(), TamperError> {
        let missing = || TamperError::NoSuchObject(instance.to_owned());
        let row = self.state.instances.get(instance).ok_or_else(missing)?;
        if row.terminated_at.is_some() {
            return Err(missing());
        }
        self.state.audit(BY_HAND, format!("terminated {instance}"));
        self.state.end_instance(instance);
        for group in self.state.groups.keys() {
            if self.state.take_out(&group, instance) {
                self.state.settle(&group, BY_HAND);
            }
        }
        Ok(())
    }

    /// Makes a template and a plain group of one name and one type, as a person in the console
    /// makes them, with so many nodes.
    pub fn create_plain_pool(
        &mut self,
        name: &str,
        instance_type: &str,
        nodes: u32,
    ) -> Result<(), TamperError> {
        self.state.create_plain_pool(name, instance_type, nodes)
    }

    /// Makes an instance profile with a role.
    pub fn create_instance_profile(&mut self, name: &str, role: &str) -> Result<(), TamperError> {
        if self.state.profiles.contains(name) {
            return Err(TamperError::Refused(format!("Instance Profile {name} already exists.")));
        }
        let arn = format!("arn:aws:iam::{}:instance-profile/{name}", self.state.meta.account);
        let profile = InstanceProfile { name: name.to_owned(), arn, roles: vec![role.to_owned()] };
        self.state.profiles.insert(name, profile);
        self.state.hide(Hideable::Profile, name);
        Ok(())
    }

    /// Splits `KIND.NAME.FIELD`. Names and fields may hold points: an object must have the name.
    fn split(&self, path: &str) -> Result<(Address, String), TamperError> {
        let missing = || TamperError::NoSuchObject(path.to_owned());
        let (kind, rest) = path.split_once('.').ok_or_else(missing)?;
        let kind = Kind::ALL.into_iter().find(|k| k.as_str() == kind).ok_or_else(missing)?;
        let names: Vec<String> = match kind {
            Kind::AutoScalingGroup => self.state.groups.keys(),
            Kind::LaunchTemplate => {
                self.state.templates.values().map(|row| row.template.name.clone()).collect()
            }
        };
        let of = |name: &String| {
            let field = rest.strip_prefix(name.as_str())?.strip_prefix('.')?;
            Some((name.clone(), field.to_owned()))
        };
        let longest = names.iter().filter_map(of).max_by_key(|(name, _)| name.len());
        let (name, field) = longest.ok_or_else(missing)?;
        Ok((Address { kind, name }, field))
    }
}

impl State {
    fn scale(&mut self, name: &str, desired: u32, cause: &str) -> Result<(), TamperError> {
        let mut group = self.living_group(name)?;
        let AutoScalingGroup { min_size, max_size, .. } = group;
        if !(min_size..=max_size).contains(&desired) {
            return Err(TamperError::Refused(format!(
                "New SetDesiredCapacity value {desired} is not between min size {min_size} and max \
                 size {max_size} of the group."
            )));
        }
        group.desired_capacity = desired;
        self.put_group(group);
        self.settle(name, cause);
        Ok(())
    }

    /// Returns a group that can be changed.
    fn living_group(&self, name: &str) -> Result<AutoScalingGroup, TamperError> {
        let missing = || TamperError::NoSuchObject(format!("auto_scaling_group.{name}"));
        let GroupRow { group, .. } = self.groups.get(name).ok_or_else(missing)?;
        if group.is_being_deleted() {
            let message = format!("The Auto Scaling group '{name}' is being deleted.");
            return Err(TamperError::Refused(message));
        }
        Ok(group.clone())
    }

    fn set_group(
        &mut self,
        name: &str,
        field: &str,
        value: Option<&str>,
    ) -> Result<(), TamperError> {
        let mut group = self.living_group(name)?;
        let unknown = || TamperError::NoSuchField {
            object: format!("auto_scaling_group.{name}"),
            field: field.to_owned(),
            fields: GROUP_FIELDS.to_vec(),
        };
        let number = |text: &str| parsed::<u32>(field, text, "a whole number");
        let switch = |text: &str| parsed::<bool>(field, text, "true or false");
        let mut update =
            ops::UpdateAutoScalingGroup { name: name.to_owned(), ..Default::default() };
        if let Some(key) = field.strip_prefix("tags.") {
            return self.set_group_tag(group, key, value);
        }
        if let Some(process) = field.strip_prefix("suspended_processes.") {
            let is_suspended = switch(value.unwrap_or("false"))?;
            return self.set_process(group, process, is_suspended);
        }
        if let Some(key) = field.strip_prefix("other.") {
            match value {
                Some(value) => group.other.insert(key.to_owned(), value.to_owned()),
                None => group.other.remove(key),
            };
            self.put_group(group);
            return Ok(());
        }
        let value = value.unwrap_or_default();
        match field {
            "min" | "min_size" => update.min_size = Some(number(value)?),
            "max" | "max_size" => update.max_size = Some(number(value)?),
            "desired" | "desired_capacity" => {
                return self.scale(name, number(value)?, BY_HAND);
            }
            "subnets" => update.subnets = Some(words(value).into_iter().collect()),
            "capacity_rebalance" => {
                update.capacity_rebalance = Some(switch(optional(value).unwrap_or("false"))?);
            }
            "new_instances_protected" => {
                update.new_instances_protected = Some(switch(optional(value).unwrap_or("false"))?);
            }
            "max_instance_lifetime" => {
                update.max_instance_lifetime = Some(number(optional(value).unwrap_or("0"))?);
            }
            field => {
                let launch = self.changed_launch(&group.launch, field, value)?;
                update.launch = Some(launch.ok_or_else(unknown)?);
            }
        }
        Ok(self.update_auto_scaling_group(&update, BY_HAND)?)
    }

    /// Returns what a group launches from with one field changed; none where there is no such
    /// field.
    fn changed_launch(
        &self,
        launch: &LaunchSource,
        field: &str,
        value: &str,
    ) -> Result<Option<LaunchSource>, TamperError> {
        let number = |text: &str| parsed::<u32>(field, text, "a whole number");
        let with_template = |template: TemplateRef| match launch {
            LaunchSource::None | LaunchSource::Configuration(_) | LaunchSource::Template(_) => {
                LaunchSource::Template(template)
            }
            LaunchSource::Mixed(policy) => {
                LaunchSource::Mixed(MixedInstancesPolicy { template, ..policy.clone() })
            }
        };
        let own = launch.template().cloned().unwrap_or_default();
        match field {
            "launch_template.version" => {
                let template = TemplateRef { version: value.to_owned(), ..own };
                return Ok(Some(with_template(template)));
            }
            "launch_template.name" => {
                let id = self
                    .template_id(value)
                    .ok_or_else(|| TamperError::NoSuchObject(format!("launch_template.{value}")))?;
                let row = self.templates.get(&id);
                let version = row.map_or(1, |row| row.template.default_version).to_string();
                let template = TemplateRef { id, name: value.to_owned(), version };
                return Ok(Some(with_template(template)));
            }
            _ => {}
        }
        let LaunchSource::Mixed(policy) = launch else { return Ok(None) };
        let mut policy = policy.clone();
        let distribution = &mut policy.distribution;
        match field {
            "instance_types" => {
                policy.overrides = words(value).into_iter().map(Override::of_type).collect();
            }
            "distribution.on_demand_base" => distribution.on_demand_base = number(value)?,
            "distribution.on_demand_percentage" => {
                distribution.on_demand_percentage = number(value)?;
            }
            "distribution.on_demand_allocation" => {
                value.clone_into(&mut distribution.on_demand_allocation);
            }
            "distribution.spot_allocation" => {
                value.clone_into(&mut distribution.spot_allocation);
                if value != "lowest-price" {
                    distribution.spot_pools = None;
                }
            }
            "distribution.spot_pools" => {
                // The number of pools is a setting of the strategy `lowest-price`.
                distribution.spot_pools = optional(value).map(number).transpose()?;
                if distribution.spot_pools.is_some() {
                    "lowest-price".clone_into(&mut distribution.spot_allocation);
                }
            }
            "distribution.spot_max_price" => {
                distribution.spot_max_price = optional(value).map(str::to_owned);
            }
            _ => return Ok(None),
        }
        Ok(Some(LaunchSource::Mixed(policy)))
    }

    fn set_group_tag(
        &mut self,
        group: AutoScalingGroup,
        key: &str,
        value: Option<&str>,
    ) -> Result<(), TamperError> {
        let propagate_at_launch = group.tags.get(key).is_some_and(|tag| tag.propagate_at_launch);
        match value {
            Some(value) => {
                let tag = GroupTag { value: value.to_owned(), propagate_at_launch };
                let tags = BTreeMap::from([(key.to_owned(), tag)]);
                self.create_or_update_tags(&ops::CreateOrUpdateTags { group: group.name, tags })?;
            }
            None => {
                let keys = BTreeSet::from([key.to_owned()]);
                self.delete_group_tags(&ops::DeleteGroupTags { group: group.name, keys })?;
            }
        }
        Ok(())
    }

    fn set_process(
        &mut self,
        mut group: AutoScalingGroup,
        process: &str,
        is_suspended: bool,
    ) -> Result<(), TamperError> {
        if !PROCESSES.contains(&process) {
            return Err(TamperError::NoSuchField {
                object: format!("auto_scaling_group.{}", group.name),
                field: format!("suspended_processes.{process}"),
                fields: PROCESSES.to_vec(),
            });
        }
        if is_suspended {
            group.suspended_processes.insert(process.to_owned());
        } else {
            group.suspended_processes.remove(process);
        }
        let name = group.name.clone();
        self.put_group(group);
        self.settle(&name, BY_HAND);
        Ok(())
    }

    /// Returns the id of the template of a name.
    pub(crate) fn template_id(&self, name: &str) -> Option<String> {
        let found = self.templates.iter().find(|(_, row)| row.template.name == name);
        found.map(|(id, _)| id.clone())
    }

    fn create_plain_pool(
        &mut self,
        name: &str,
        type_name: &str,
        nodes: u32,
    ) -> Result<(), TamperError> {
        let found = instance_type(type_name).ok_or_else(|| TamperError::WrongValue {
            field: "the instance type".to_owned(),
            value: type_name.to_owned(),
            wanted: "a type such as r5.2xlarge",
        })?;
        let cluster = self.clusters.values().next();
        let minor = cluster.map(|cluster| cluster.version.as_str()).unwrap_or_default();
        let image_id = found.architectures.iter().find_map(|arch| self.recommended(minor, arch));
        let security_group_ids =
            cluster.and_then(|c| c.cluster_security_group_id.clone()).into_iter().collect();
        let subnets = cluster.map(|c| c.subnet_ids.clone()).unwrap_or_default();
        let data = TemplateData {
            image_id,
            instance_profile: self.profiles.values().next().map(|profile| profile.name.clone()),
            security_group_ids,
            other: BTreeMap::from([("InstanceType".to_owned(), type_name.to_owned())]),
            ..TemplateData::default()
        };
        let template = self.create_launch_template(&ops::CreateLaunchTemplate {
            name: name.to_owned(),
            data,
            ..Default::default()
        })?;
        let version = "$Latest".to_owned();
        let template = TemplateRef { id: template.id, name: template.name, version };
        self.create_auto_scaling_group(&ops::CreateAutoScalingGroup {
            name: name.to_owned(),
            max_size: (2 * nodes).max(1),
            launch: LaunchSource::Template(template),
            subnets,
            ..Default::default()
        })?;
        self.audit(BY_HAND, format!("made the pool {name}"));
        self.scale(name, nodes, BY_HAND)
    }
}
