//! Amazon EC2 Auto Scaling.

mod group;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::Tag;
use kmax_cloud::{CloudError, Operation, Page, ops};
use kmax_model::{AutoScalingGroup, GroupTag};

use crate::error::{convert, not_sendable};
use group::{Launch, SpotMaxPrice, read_group, write_launch};

pub(crate) async fn describe_auto_scaling_groups(
    client: &Client,
    input: ops::DescribeAutoScalingGroups,
) -> Result<Page<AutoScalingGroup>, CloudError> {
    let ops::DescribeAutoScalingGroups { names, max_records, next_token } = input;
    let call = client
        .describe_auto_scaling_groups()
        .set_auto_scaling_group_names((!names.is_empty()).then_some(names))
        .set_max_records(max_records.map(|count| count as i32))
        .set_next_token(next_token);
    let answer = call.send().await.map_err(|e| convert(Operation::DescribeAutoScalingGroups, e))?;
    let items = answer.auto_scaling_groups.unwrap_or_default().into_iter().map(read_group);
    let next_token = answer.next_token.filter(|token| !token.is_empty());
    Ok(Page { items: items.collect(), next_token })
}

pub(crate) async fn create_auto_scaling_group(
    client: &Client,
    input: ops::CreateAutoScalingGroup,
) -> Result<(), CloudError> {
    const OPERATION: Operation = Operation::CreateAutoScalingGroup;
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
    let Launch { configuration, template, policy } =
        write_launch(OPERATION, &launch, SpotMaxPrice::Omitted)?;
    let tags = (!tags.is_empty()).then(|| tag_list(&name, &tags));
    let call = client
        .create_auto_scaling_group()
        .auto_scaling_group_name(name)
        .min_size(size(min_size))
        .max_size(size(max_size))
        .set_launch_configuration_name(configuration)
        .set_launch_template(template)
        .set_mixed_instances_policy(policy)
        .set_vpc_zone_identifier(zone_identifier(&subnets))
        .set_tags(tags)
        .set_capacity_rebalance(capacity_rebalance)
        .set_max_instance_lifetime(max_instance_lifetime.map(size))
        .set_new_instances_protected_from_scale_in(new_instances_protected);
    call.send().await.map_err(|e| convert(OPERATION, e))?;
    Ok(())
}

pub(crate) async fn update_auto_scaling_group(
    client: &Client,
    input: ops::UpdateAutoScalingGroup,
) -> Result<(), CloudError> {
    const OPERATION: Operation = Operation::UpdateAutoScalingGroup;
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
    let launch = launch.map(|launch| write_launch(OPERATION, &launch, SpotMaxPrice::Cleared));
    let Launch { configuration, template, policy } = launch.transpose()?.unwrap_or_default();
    let call = client
        .update_auto_scaling_group()
        .auto_scaling_group_name(name)
        .set_min_size(min_size.map(size))
        .set_max_size(max_size.map(size))
        .set_launch_configuration_name(configuration)
        .set_launch_template(template)
        .set_mixed_instances_policy(policy)
        .set_vpc_zone_identifier(subnets.as_ref().and_then(zone_identifier))
        .set_capacity_rebalance(capacity_rebalance)
        .set_max_instance_lifetime(max_instance_lifetime.map(size))
        .set_new_instances_protected_from_scale_in(new_instances_protected);
    call.send().await.map_err(|e| convert(OPERATION, e))?;
    Ok(())
}

pub(crate) async fn delete_auto_scaling_group(
    client: &Client,
    input: ops::DeleteAutoScalingGroup,
) -> Result<(), CloudError> {
    let ops::DeleteAutoScalingGroup { name } = input;
    let call = client.delete_auto_scaling_group().auto_scaling_group_name(name);
    call.send().await.map_err(|e| convert(Operation::DeleteAutoScalingGroup, e))?;
    Ok(())
}

pub(crate) async fn create_or_update_tags(
    client: &Client,
    input: ops::CreateOrUpdateTags,
) -> Result<(), CloudError> {
    let ops::CreateOrUpdateTags { group, tags } = input;
    let call = client.create_or_update_tags().set_tags(Some(tag_list(&group, &tags)));
    call.send().await.map_err(|e| convert(Operation::CreateOrUpdateTags, e))?;
    Ok(())
}

pub(crate) async fn delete_tags(
    client: &Client,
    input: ops::DeleteGroupTags,
) -> Result<(), CloudError> {
    let ops::DeleteGroupTags { group, keys } = input;
    let tags = keys.iter().map(|key| tag(&group, key)).collect();
    let call = client.delete_tags().set_tags(Some(tags));
    call.send().await.map_err(|e| convert(Operation::DeleteGroupTags, e))?;
    Ok(())
}

pub(crate) async fn suspend_processes(
    client: &Client,
    input: ops::SuspendProcesses,
) -> Result<(), CloudError> {
    let ops::SuspendProcesses { group, processes } = input;
    if processes.is_empty() {
        // Without a name Auto Scaling suspends all of them.
        return Err(not_sendable(Operation::SuspendProcesses, "no process is named"));
    }
    let call = client
        .suspend_processes()
        .auto_scaling_group_name(group)
        .set_scaling_processes(Some(processes.into_iter().collect()));
    call.send().await.map_err(|e| convert(Operation::SuspendProcesses, e))?;
    Ok(())
}

fn size(size: u32) -> i32 {
    i32::try_from(size).unwrap_or(i32::MAX)
}

fn zone_identifier(subnets: &BTreeSet<String>) -> Option<String> {
    let ids: Vec<&str> = subnets.iter().map(String::as_str).collect();
    (!ids.is_empty()).then(|| ids.join(","))
}

fn tag_list(group: &str, tags: &BTreeMap<String, GroupTag>) -> Vec<Tag> {
    let mut list = Vec::with_capacity(tags.len());
    for (key, GroupTag { value, propagate_at_launch }) in tags {
        let mut tag = tag(group, key);
        tag.value = Some(value.clone());
        tag.propagate_at_launch = Some(*propagate_at_launch);
        list.push(tag);
    }
    list
}

/// Names a tag of a group.
fn tag(group: &str, key: &str) -> Tag {
    Tag::builder().resource_id(group).resource_type("auto-scaling-group").key(key).build()
}
