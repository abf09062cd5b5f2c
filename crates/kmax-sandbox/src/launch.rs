//! What Auto Scaling judges of the thing that a group launches from.

use std::collections::BTreeSet;

use kmax_model::{
    Distribution, LaunchSource, MixedInstancesPolicy, Override, TemplateData, TemplateRef,
    TemplateVersion,
};

use crate::catalog::{instance_type, is_offered};
use crate::refusal::Refusal;
use crate::state::{Hideable, State, version_key};
use crate::template_reads::version_number;
use crate::templates::{no_such_template, no_such_version};

const MOST_OVERRIDES: usize = 40;
const MOST_TEMPLATES: usize = 20;
const MOST_REQUIREMENTS: usize = 4;
/// EC2's names of fields that `TemplateData::other` may hold.
const INSTANCE_TYPE: &str = "InstanceType";
const MARKET_OPTIONS: &str = "InstanceMarketOptions";
const REQUIREMENTS: &str = "InstanceRequirements";

/// Words a refusal as Auto Scaling words what EC2 told it about a template.
fn fully_formed(message: &str) -> Refusal {
    Refusal::validation(format!("You must use a valid fully-formed launch template. {message}"))
}

fn constraint(field: &str, value: impl std::fmt::Display, constraint: &str) -> Refusal {
    Refusal::validation(format!(
        "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: \
         {constraint}"
    ))
}

/// Returns the type that a template names by itself.
pub(crate) fn own_type(data: &TemplateData) -> Option<&str> {
    // Fields that kmax never writes are kept as printed, which may be in quotes.
    data.other.get(INSTANCE_TYPE).map(|name| name.trim_matches('"'))
}

/// Returns whether a template asks for the spot market by itself.
pub(crate) fn wants_spot(data: &TemplateData) -> bool {
    data.other.get(MARKET_OPTIONS).is_some_and(|options| options.contains("spot"))
}

impl State {
    /// Judges what a group launches from, and returns it with ids, names and defaults filled in.
    pub(crate) fn check_launch(
        &mut self,
        launch: &LaunchSource,
        subnets: &BTreeSet<String>,
    ) -> Result<LaunchSource, Refusal> {
        match launch {
            LaunchSource::None => Err(Refusal::validation(
                "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, \
                 InstanceId or MixedInstancesPolicy parameter.",
            )),
            LaunchSource::Configuration(name) => Err(Refusal::validation(format!(
                "Launch configuration name not found - A launch configuration with the name: \
                 {name} does not exist"
            ))),
            LaunchSource::Template(template) => {
                let (template, version) = self.check_template(template, subnets)?;
                if version.data.other.contains_key(REQUIREMENTS) {
                    return Err(fully_formed("InstanceRequirements need a MixedInstancesPolicy."));
                }
                let Some(name) = own_type(&version.data) else {
                    return Err(fully_formed(
                        "The request must contain the parameter InstanceType",
                    ));
                };
                self.check_types(&version.data, &[name], subnets)?;
                let is_spot = wants_spot(&version.data);
                check_spot_tags(&version.data, !is_spot)?;
                Ok(LaunchSource::Template(template))
            }
            LaunchSource::Mixed(policy) => self.check_policy(policy, subnets),
        }
    }

    fn check_policy(
        &mut self,
        policy: &MixedInstancesPolicy,
        subnets: &BTreeSet<String>,
    ) -> Result<LaunchSource, Refusal> {
        let MixedInstancesPolicy { template, overrides, distribution } = policy;
        check_distribution(distribution)?;
        check_overrides(overrides)?;
        let (template, version) = self.check_template(template, subnets)?;
        if version.data.other.contains_key(MARKET_OPTIONS) {
            return Err(Refusal::validation(
                "Incompatible launch template: The launch template must not request spot \
                 instances (InstanceMarketOptions) when a MixedInstancesPolicy is used.",
            ));
        }
        let launches_on_demand =
            distribution.on_demand_base > 0 || distribution.on_demand_percentage > 0;
        check_spot_tags(&version.data, launches_on_demand)?;
        let types: Vec<&str> = if overrides.is_empty() {
            own_type(&version.data).into_iter().collect()
        } else {
            overrides.iter().filter_map(|o| o.instance_type.as_deref()).collect()
        };
        let has_requirements = overrides.iter().any(|o| o.requirements.is_some())
            || version.data.other.contains_key(REQUIREMENTS);
        if types.is_empty() && !has_requirements {
            return Err(fully_formed("The request must contain the parameter InstanceType"));
        }
        let mut checked = Vec::new();
        for item in overrides {
            let Override { instance_type, weighted_capacity: _, template, requirements: _ } = item;
            let mut item = item.clone();
            if let Some(own) = template {
                let (own, version) = self.check_template(own, subnets)?;
                let own_types: Vec<&str> = instance_type.as_deref().into_iter().collect();
                self.check_types(&version.data, &own_types, subnets)?;
                item.template = Some(own);
            }
            checked.push(item);
        }
        let of_the_template: Vec<&str> = if overrides.is_empty() {
            types
        } else {
            let plain = overrides.iter().filter(|o| o.template.is_none());
            plain.filter_map(|o| o.instance_type.as_deref()).collect()
        };
        self.check_types(&version.data, &of_the_template, subnets)?;
        let distribution = distribution.clone();
        Ok(LaunchSource::Mixed(MixedInstancesPolicy { template, overrides: checked, distribution }))
    }

    /// Resolves a reference to a template; the version's number is as it is now.
    pub(crate) fn resolve(
        &mut self,
        template: &TemplateRef,
    ) -> Result<(TemplateRef, TemplateVersion), Refusal> {
        let TemplateRef { id, name, version } = template;
        let found = if id.is_empty() {
            self.templates.values().find(|row| row.template.name == *name).cloned()
        } else {
            self.templates.get(id).cloned()
        };
        let named = if id.is_empty() { name } else { id };
        let Some(row) = found else { return Err(no_such_template(named)) };
        let found = row.template;
        if !self.sees(Hideable::Template, &found.id) {
            return Err(no_such_template(named));
        }
        if !name.is_empty() && *name != found.name {
            return Err(no_such_template(name));
        }
        let number = version_number(&found, version).ok_or_else(|| {
            Refusal::validation(format!("Invalid launch template version: '{version}'"))
        })?;
        let content = self
            .versions
            .get(&version_key(&found.id, number))
            .ok_or_else(|| no_such_version(&found.id, version))?;
        let version = if version.is_empty() { "$Default".to_owned() } else { version.clone() };
        Ok((TemplateRef { id: found.id, name: found.name, version }, content.clone()))
    }

    fn check_template(
        &mut self,
        template: &TemplateRef,
        subnets: &BTreeSet<String>,
    ) -> Result<(TemplateRef, TemplateVersion), Refusal> {
        let (template, version) = self.resolve(template).map_err(|r| fully_formed(r.message()))?;
        let key = version_key(&template.id, version.number);
        if template.number().is_some() && !self.sees(Hideable::Version, &key) {
            let refusal = no_such_version(&template.id, &template.version);
            return Err(fully_formed(refusal.message()));
        }
        let data = &version.data;
        let Some(image_id) = &data.image_id else {
            return Err(fully_formed("The request must contain the parameter ImageId"));
        };
        match self.images.get(image_id) {
            Some(image) if image.state == "available" => {}
            Some(image) => {
                let state = &image.state;
                return Err(fully_formed(&format!("The image id '[{image_id}]' is {state}")));
            }
            None => {
                let message = format!("The image id '[{image_id}]' does not exist");
                return Err(fully_formed(&message));
            }
        }
        if let Some(profile) = &data.instance_profile {
            let is_seen = self.sees(Hideable::Profile, profile);
            if !is_seen || !self.profiles.contains(profile) {
                return Err(fully_formed(&format!(
                    "Value ({profile}) for parameter iamInstanceProfile.name is invalid. Invalid \
                     IAM Instance Profile name"
                )));
            }
        }
        let vpc = subnets.iter().find_map(|id| self.subnets.get(id)).map(|s| s.vpc_id.clone());
        for id in &data.security_group_ids {
            let vpc = vpc.as_deref().unwrap_or("the default VPC");
            if self.security_groups.get(id).is_none_or(|group| group.vpc_id != vpc) {
                let message = format!("The security group '{id}' does not exist in VPC '{vpc}'");
                return Err(fully_formed(&message));
            }
        }
        if data.metadata.instance_metadata_tags.as_deref() == Some("enabled") {
            let keys = data.tags.get("instance").into_iter().flatten();
            if let Some((key, _)) = keys.into_iter().find(|(key, _)| !is_metadata_key(key)) {
                return Err(fully_formed(&format!(
                    "'{key}' is not a valid tag key. Tag keys must match pattern \
                     ([0-9a-zA-Z\\-_+=,.@:]{{1,255}}), and must not be a reserved name \
                     ('.', '..', '_index')"
                )));
            }
        }
        Ok((template, version))
    }

    /// Judges types: real, of the image's architecture, sold in a zone of the group.
    fn check_types(
        &self,
        data: &TemplateData,
        types: &[&str],
        subnets: &BTreeSet<String>,
    ) -> Result<(), Refusal> {
        let image = data.image_id.as_ref().and_then(|id| self.images.get(id));
        let zones = self.zones_of(subnets);
        for name in types {
            let Some(found) = instance_type(name) else {
                return Err(fully_formed(&format!(
                    "The following supplied instance types do not exist: [{name}]"
                )));
            };
            if let Some(image) = image
                && !found.architectures.contains(&image.architecture)
            {
                let of_type: Vec<&str> = found.architectures.iter().map(String::as_str).collect();
                return Err(fully_formed(&format!(
                    "The architecture '{}' of the specified instance type does not match the \
                     architecture '{}' of the specified AMI. Specify an instance type and an AMI \
                     that have matching architectures, and try again. ({name}, {})",
                    of_type.join(","),
                    image.architecture,
                    image.id
                )));
            }
            if !zones.iter().any(|zone| is_offered(name, zone)) {
                let zones: Vec<&str> = zones.iter().map(String::as_str).collect();
                return Err(fully_formed(&format!(
                    "Your requested instance type ({name}) is not supported in your requested \
                     Availability Zone ({}).",
                    zones.join(", ")
                )));
            }
        }
        Ok(())
    }

    /// Returns the zones of subnets.
    pub(crate) fn zones_of(&self, subnets: &BTreeSet<String>) -> BTreeSet<String> {
        subnets.iter().filter_map(|id| self.subnets.get(id)).map(|s| s.zone.clone()).collect()
    }

    /// Judges the subnets of a group.
    pub(crate) fn check_subnets(&self, subnets: &BTreeSet<String>) -> Result<(), Refusal> {
        if subnets.is_empty() {
            return Err(Refusal::validation(
                "At least one Availability Zone or VPC Subnet is required.",
            ));
        }
        let mut vpcs = BTreeSet::new();
        for id in subnets {
            let subnet = self.subnets.get(id).ok_or_else(|| {
                Refusal::validation(format!("The subnet ID '{id}' does not exist"))
            })?;
            vpcs.insert(&subnet.vpc_id);
        }
        if vpcs.len() > 1 {
            return Err(Refusal::validation("The subnets must all be in the same VPC."));
        }
        Ok(())
    }
}

/// Instance metadata serves tags as paths: their keys must do as one.
fn is_metadata_key(key: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_+=,.@:".contains(c);
    key.chars().all(is_allowed) && ![".", "..", "_index"].contains(&key)
}

/// On-demand launches have no spot request that could be tagged.
fn check_spot_tags(data: &TemplateData, launches_on_demand: bool) -> Result<(), Refusal> {
    if launches_on_demand && data.tags.contains_key("spot-instances-request") {
        return Err(fully_formed(
            "'spot-instances-request' is not a valid taggable resource type for an on-demand \
             launch.",
        ));
    }
    Ok(())
}

fn check_overrides(overrides: &[Override]) -> Result<(), Refusal> {
    if overrides.len() > MOST_OVERRIDES {
        return Err(constraint(
            "mixedInstancesPolicy.launchTemplate.overrides",
            format!("[{} overrides]", overrides.len()),
            "Member must have length less than or equal to 40",
        ));
    }
    let templates: BTreeSet<_> = overrides
        .iter()
        .filter_map(|o| o.template.as_ref().map(|t| (&t.id, &t.name, &t.version)))
        .collect();
    if templates.len() > MOST_TEMPLATES {
        return Err(Refusal::validation(format!(
            "An Auto Scaling group can have at most {MOST_TEMPLATES} launch templates in its \
             overrides."
        )));
    }
    let requirements = overrides.iter().filter(|o| o.requirements.is_some()).count();
    if requirements > MOST_REQUIREMENTS {
        return Err(Refusal::validation(format!(
            "An Auto Scaling group can have at most {MOST_REQUIREMENTS} InstanceRequirements."
        )));
    }
    let mut seen = BTreeSet::new();
    for Override { instance_type, weighted_capacity, template: _, requirements } in overrides {
        match (instance_type, requirements) {
            (Some(_), Some(_)) => {
                return Err(Refusal::validation(
                    "An override can't have both an InstanceType and InstanceRequirements.",
                ));
            }
            (None, None) => {
                return Err(Refusal::validation(
                    "An override must have an InstanceType or InstanceRequirements.",
                ));
            }
            (Some(name), None) if !seen.insert(name) => {
                return Err(Refusal::validation(format!(
                    "The instance types of overrides must be unique: {name}"
                )));
            }
            (Some(_), None) | (None, Some(_)) => {}
        }
        if let Some(weight) = weighted_capacity
            && !weight.parse::<u32>().is_ok_and(|weight| (1..=999).contains(&weight))
        {
            let rule = "Member must be a whole number from 1 to 999";
            return Err(constraint("weightedCapacity", weight, rule));
        }
    }
    if requirements > 0 && requirements < overrides.len() {
        return Err(Refusal::validation(
            "Overrides can't mix InstanceType and InstanceRequirements in one policy.",
        ));
    }
    Ok(())
}

fn check_distribution(distribution: &Distribution) -> Result<(), Refusal> {
    let Distribution {
        on_demand_base: _,
        on_demand_percentage,
        on_demand_allocation,
        spot_allocation,
        spot_pools,
        spot_max_price,
    } = distribution;
    if *on_demand_percentage > 100 {
        let rule = "Member must have value less than or equal to 100";
        return Err(constraint("onDemandPercentageAboveBaseCapacity", on_demand_percentage, rule));
    }
    if !["prioritized", "lowest-price"].contains(&on_demand_allocation.as_str()) {
        let rule = "Member must satisfy enum value set: [prioritized, lowest-price]";
        return Err(constraint("onDemandAllocationStrategy", on_demand_allocation, rule));
    }
    let spot = [
        "lowest-price",
        "capacity-optimized",
        "capacity-optimized-prioritized",
        "price-capacity-optimized",
    ];
    if !spot.contains(&spot_allocation.as_str()) {
        let rule = format!("Member must satisfy enum value set: [{}]", spot.join(", "));
        return Err(constraint("spotAllocationStrategy", spot_allocation, &rule));
    }
    if let Some(pools) = spot_pools {
        if spot_allocation != "lowest-price" {
            return Err(Refusal::validation(
                "SpotInstancePools option is only available with the lowest-price allocation \
                 strategy.",
            ));
        }
        if !(1..=20).contains(pools) {
            let rule = "Member must have value between 1 and 20";
            return Err(constraint("spotInstancePools", pools, rule));
        }
    }
    if let Some(price) = spot_max_price
        && price.parse::<f64>().is_ok_and(|price| price <= 0.0) | price.parse::<f64>().is_err()
    {
        return Err(Refusal::validation(format!("Invalid spot price: '{price}'")));
    }
    Ok(())
}
