//! Resources as flat maps of field path to value, for comparison and display.
//!
//! Structs are taken apart exhaustively: a field added to one of them does not compile until it
//! has its path here, and with it its place in diff, drift and the tests of convergence.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    AutoScalingGroup, BlockDevice, DesiredGroup, Distribution, GroupTag, LaunchSource,
    LaunchTemplate, Managed, MetadataOptions, Override, TemplateData,
};

/// Field path to value; a path that is missing is the same as `null`.
pub type Fields = BTreeMap<String, Value>;

/// The path of a group's template version.
pub const TEMPLATE_VERSION: &str = "launch_template.version";
/// The path of the template's name or the launch configuration that a group uses.
pub const TEMPLATE_NAME: &str = "launch_template.name";

/// Says which fields moved: "max_size was 40 when you reviewed, is 45 now".
pub fn differences(before: &Fields, after: &Fields, when: &str) -> Vec<String> {
    let value = |fields: &Fields, path: &str| fields.get(path).cloned().unwrap_or(Value::Null);
    before
        .keys()
        .chain(after.keys())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|path| (path, value(before, path), value(after, path)))
        .filter(|(_, was, is)| was != is)
        .map(|(path, was, is)| format!("{path} was {} {when}, is {} now", show(&was), show(&is)))
        .collect()
}

/// Writes a value for people.
pub fn show(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn set<T: Serialize>(fields: &mut Fields, path: impl Into<String>, value: T) {
    let value = serde_json::to_value(value).unwrap_or(Value::Null);
    if !value.is_null() {
        fields.insert(path.into(), value);
    }
}

impl TemplateData {
    /// Returns the content's fields.
    pub fn fields(&self) -> Fields {
        let Self {
            image_id,
            instance_profile,
            security_group_ids,
            user_data,
            block_devices,
            metadata:
                MetadataOptions { http_endpoint, http_tokens, hop_limit, instance_metadata_tags },
            tags,
            other,
        } = self;
        let mut fields = Fields::new();
        set(&mut fields, "image_id", image_id);
        set(&mut fields, "instance_profile", instance_profile);
        if !security_group_ids.is_empty() {
            set(&mut fields, "security_group_ids", security_group_ids);
        }
        let digest = user_data.as_ref().map(|text| crate::Digest::of_bytes(text.as_bytes()));
        set(&mut fields, "user_data", digest);
        for (device, block_device) in block_devices {
            let BlockDevice {
                size_gib,
                volume_type,
                iops,
                throughput_mibps,
                encrypted,
                kms_key,
                delete_on_termination,
                snapshot_id,
            } = block_device;
            let path = |name: &str| format!("block_devices.{device}.{name}");
            set(&mut fields, path("size_gib"), size_gib);
            set(&mut fields, path("volume_type"), volume_type);
            set(&mut fields, path("iops"), iops);
            set(&mut fields, path("throughput_mibps"), throughput_mibps);
            set(&mut fields, path("encrypted"), encrypted);
            set(&mut fields, path("kms_key"), kms_key);
            set(&mut fields, path("delete_on_termination"), delete_on_termination);
            set(&mut fields, path("snapshot_id"), snapshot_id);
        }
        set(&mut fields, "metadata.http_endpoint", http_endpoint);
        set(&mut fields, "metadata.http_tokens", http_tokens);
        set(&mut fields, "metadata.hop_limit", hop_limit);
        set(&mut fields, "metadata.instance_metadata_tags", instance_metadata_tags);
        for (resource_type, tags) in tags {
            for (key, value) in tags {
                set(&mut fields, format!("tag_specifications.{resource_type}.{key}"), value);
            }
        }
        for (name, value) in other {
            set(&mut fields, format!("other.{name}"), value);
        }
        fields
    }
}

impl LaunchTemplate {
    /// Returns the fields of the template itself, its versions aside.
    pub fn fields(&self) -> Fields {
        let Self { id, name: _, default_version, latest_version, tags } = self;
        let mut fields = Fields::new();
        set(&mut fields, "id", id);
        set(&mut fields, "default_version", default_version);
        set(&mut fields, "latest_version", latest_version);
        for (key, value) in tags {
            set(&mut fields, tag_path(key), value);
        }
        fields
    }
}

/// Returns the path of a tag.
pub fn tag_path(key: &str) -> String {
    format!("tags.{key}")
}

fn distribution_fields(fields: &mut Fields, distribution: &Distribution) {
    let Distribution {
        on_demand_base,
        on_demand_percentage,
        on_demand_allocation,
        spot_allocation,
        spot_pools,
        spot_max_price,
    } = distribution;
    set(fields, "distribution.on_demand_base", on_demand_base);
    set(fields, "distribution.on_demand_percentage", on_demand_percentage);
    set(fields, "distribution.on_demand_allocation", on_demand_allocation);
    set(fields, "distribution.spot_allocation", spot_allocation);
    set(fields, "distribution.spot_pools", spot_pools);
    set(fields, "distribution.spot_max_price", spot_max_price);
}

fn override_value(item: &Override) -> Value {
    let Override { instance_type, weighted_capacity, template, requirements } = item;
    match (instance_type, weighted_capacity, template, requirements) {
        (Some(name), None, None, None) => json!(name),
        (_, _, _, _) => json!({
            "instance_type": instance_type,
            "weighted_capacity": weighted_capacity,
            "launch_template": template.as_ref().map(|t| format!("{} {}", t.name, t.version)),
            "requirements": requirements,
        }),
    }
}

fn suspended(fields: &mut Fields, processes: &BTreeSet<String>) {
    for process in processes {
        set(fields, format!("suspended_processes.{process}"), true);
    }
}

impl AutoScalingGroup {
    /// Returns the group's fields; instances, desired capacity and status, which move by
    /// themselves, are none.
    pub fn fields(&self) -> Fields {
        let Self {
            name: _,
            status: _,
            min_size,
            max_size,
            desired_capacity: _,
            launch,
            subnets,
            suspended_processes,
            capacity_rebalance,
            max_instance_lifetime,
            new_instances_protected,
            tags,
            instances: _,
            other: _,
        } = self;
        let mut fields = Fields::new();
        set(&mut fields, "min_size", min_size);
        set(&mut fields, "max_size", max_size);
        match launch {
            LaunchSource::None => {}
            LaunchSource::Configuration(name) => {
                set(&mut fields, TEMPLATE_NAME, format!("launch configuration {name}"));
            }
            LaunchSource::Template(template) => {
                set(&mut fields, TEMPLATE_NAME, &template.name);
                set(&mut fields, TEMPLATE_VERSION, &template.version);
            }
            LaunchSource::Mixed(policy) => {
                set(&mut fields, TEMPLATE_NAME, &policy.template.name);
                set(&mut fields, TEMPLATE_VERSION, &policy.template.version);
                let overrides: Vec<Value> = policy.overrides.iter().map(override_value).collect();
                set(&mut fields, "instance_types", overrides);
                distribution_fields(&mut fields, &policy.distribution);
            }
        }
        set(&mut fields, "subnets", subnets);
        suspended(&mut fields, suspended_processes);
        set(&mut fields, "capacity_rebalance", capacity_rebalance);
        set(&mut fields, "max_instance_lifetime", max_instance_lifetime);
        set(&mut fields, "new_instances_protected", new_instances_protected);
        for (key, tag) in tags {
            let GroupTag { value, propagate_at_launch } = tag;
            if *propagate_at_launch {
                let value = json!({ "value": value, "propagate_at_launch": true });
                set(&mut fields, tag_path(key), value);
            } else {
                set(&mut fields, tag_path(key), value);
            }
        }
        fields
    }
}

fn managed<T: Serialize>(fields: &mut Fields, path: &str, value: &Managed<T>, unset: Value) {
    match value {
        Managed::Unmanaged => {}
        Managed::Unset => {
            fields.insert(path.to_owned(), unset);
        }
        Managed::Set(value) => set(fields, path, value),
    }
}

impl DesiredGroup {
    /// Returns the fields that kmax has a say in, the template's version aside. `null` is a field
    /// that must be absent.
    pub fn fields(&self) -> Fields {
        let Self {
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
        } = self;
        let mut fields = Fields::new();
        set(&mut fields, "min_size", min_size);
        set(&mut fields, "max_size", max_size);
        set(&mut fields, TEMPLATE_NAME, name);
        set(&mut fields, "instance_types", instance_types);
        for path in ["distribution.spot_pools", "distribution.spot_max_price"] {
            fields.insert(path.to_owned(), Value::Null);
        }
        distribution_fields(&mut fields, distribution);
        set(&mut fields, "subnets", subnets);
        suspended(&mut fields, suspended_processes);
        managed(&mut fields, "capacity_rebalance", capacity_rebalance, json!(false));
        managed(&mut fields, "max_instance_lifetime", max_instance_lifetime, json!(0));
        managed(&mut fields, "new_instances_protected", new_instances_protected, json!(false));
        for (key, value) in tags {
            set(&mut fields, tag_path(key), value);
        }
        fields
    }
}
