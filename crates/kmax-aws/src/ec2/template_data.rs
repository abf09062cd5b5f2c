//! The content of template versions, both ways.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{
    LaunchTemplateBlockDeviceMapping, LaunchTemplateBlockDeviceMappingRequest,
    LaunchTemplateEbsBlockDevice, LaunchTemplateEbsBlockDeviceRequest,
    LaunchTemplateHttpTokensState, LaunchTemplateIamInstanceProfileSpecification,
    LaunchTemplateIamInstanceProfileSpecificationRequest,
    LaunchTemplateInstanceMetadataEndpointState, LaunchTemplateInstanceMetadataOptions,
    LaunchTemplateInstanceMetadataOptionsRequest, LaunchTemplateInstanceMetadataProtocolIpv6,
    LaunchTemplateInstanceMetadataTagsState, LaunchTemplateInstanceNetworkInterfaceSpecification,
    LaunchTemplateTagSpecificationRequest, RequestLaunchTemplateData, ResourceType,
    ResponseLaunchTemplateData, VolumeType,
};
use kmax_cloud::{CloudError, Operation};
use kmax_model::{BlockDevice, MetadataOptions, TemplateData};

use super::{tag_list, tag_map};
use crate::error::not_sendable;
use crate::print::Node;

/// What EC2 shows of fields that nobody set.
const UNSET: [(&str, &str); 7] = [
    ("DisableApiStop", "false"),
    ("DisableApiTermination", "false"),
    ("EbsOptimized", "false"),
    ("EnclaveOptions", "{Enabled: false}"),
    ("HibernationOptions", "{Configured: false}"),
    ("Monitoring", "{Enabled: false}"),
    ("Operator", "{Managed: false}"),
];

/// Reads the content of a version.
pub(super) fn read_data(mut data: ResponseLaunchTemplateData) -> TemplateData {
    let mut rest = BTreeMap::new();
    let instance_profile = data.iam_instance_profile.take().and_then(profile_name);
    let mut security_group_ids: BTreeSet<String> =
        data.security_group_ids.take().unwrap_or_default().into_iter().collect();
    if let Some(first) = first_interface(data.network_interfaces.as_deref_mut()) {
        security_group_ids.extend(first.groups.take().unwrap_or_default());
    }
    let mut block_devices = BTreeMap::new();
    for mapping in data.block_device_mappings.take().unwrap_or_default() {
        read_device(mapping, &mut block_devices, &mut rest);
    }
    let metadata = match data.metadata_options.take() {
        Some(options) => read_metadata(options, &mut rest),
        None => MetadataOptions::default(),
    };
    let mut tags: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for specification in data.tag_specifications.take().unwrap_or_default() {
        let resource = specification.resource_type.map(|it| it.as_str().to_owned());
        let found = tag_map(specification.tags);
        if !found.is_empty() {
            tags.entry(resource.unwrap_or_default()).or_default().extend(found);
        }
    }
    // The names of variants are Rust's; these two are worth AWS's own words.
    if let Some(instance_type) = data.instance_type.take() {
        rest.insert("InstanceType".to_owned(), instance_type.as_str().to_owned());
    }
    if let Some(behavior) = data.instance_initiated_shutdown_behavior.take() {
        rest.insert("InstanceInitiatedShutdownBehavior".to_owned(), behavior.as_str().to_owned());
    }
    let image_id = text(data.image_id.take());
    let user_data = text(data.user_data.take());

    let mut other = Node::of(&data).into_fields();
    // Printed as redacted, whether it is there or not.
    other.remove("UserData");
    other.retain(|name, value| !UNSET.contains(&(name.as_str(), value.as_str())));
    other.append(&mut rest);
    TemplateData {
        image_id,
        instance_profile,
        security_group_ids,
        user_data,
        block_devices,
        metadata,
        tags,
        other,
    }
}

fn text(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// The name that stands for the profile, also at the end of `arn:aws:iam::1:instance-profile/p/n`.
fn profile_name(profile: LaunchTemplateIamInstanceProfileSpecification) -> Option<String> {
    let from_arn = |arn: String| arn.rsplit('/').next().map(str::to_owned);
    text(profile.name).or_else(|| text(profile.arn).and_then(from_arn))
}

/// The interface with which an instance comes up.
fn first_interface(
    interfaces: Option<&mut [LaunchTemplateInstanceNetworkInterfaceSpecification]>,
) -> Option<&mut LaunchTemplateInstanceNetworkInterfaceSpecification> {
    let place = |it: &&mut LaunchTemplateInstanceNetworkInterfaceSpecification| {
        (it.network_card_index.unwrap_or(0), it.device_index.unwrap_or(0))
    };
    interfaces?.iter_mut().min_by_key(place)
}

fn read_device(
    mut mapping: LaunchTemplateBlockDeviceMapping,
    devices: &mut BTreeMap<String, BlockDevice>,
    rest: &mut BTreeMap<String, String>,
) {
    let name = mapping.device_name.take().unwrap_or_default();
    if let Some(ebs) = &mut mapping.ebs {
        devices.insert(name.clone(), read_volume(ebs));
    }
    let left = Node::of(&mapping);
    if !left.is_empty() {
        rest.insert(format!("BlockDeviceMappings.{name}"), left.to_string());
    }
}

/// Takes what kmax knows out of a volume.
fn read_volume(ebs: &mut LaunchTemplateEbsBlockDevice) -> BlockDevice {
    BlockDevice {
        size_gib: unsigned(ebs.volume_size.take()),
        volume_type: ebs.volume_type.take().map(|it| it.as_str().to_owned()),
        iops: unsigned(ebs.iops.take()),
        throughput_mibps: unsigned(ebs.throughput.take()),
        encrypted: ebs.encrypted.take(),
        kms_key: text(ebs.kms_key_id.take()),
        delete_on_termination: ebs.delete_on_termination.take(),
        snapshot_id: text(ebs.snapshot_id.take()),
    }
}

fn unsigned(number: Option<i32>) -> Option<u32> {
    number.and_then(|number| number.try_into().ok())
}

fn read_metadata(
    mut options: LaunchTemplateInstanceMetadataOptions,
    rest: &mut BTreeMap<String, String>,
) -> MetadataOptions {
    let found = MetadataOptions {
        http_endpoint: options.http_endpoint.take().map(|it| it.as_str().to_owned()),
        http_tokens: options.http_tokens.take().map(|it| it.as_str().to_owned()),
        hop_limit: unsigned(options.http_put_response_hop_limit.take()),
        instance_metadata_tags: options
            .instance_metadata_tags
            .take()
            .map(|it| it.as_str().to_owned()),
    };
    // `pending` and `applied` tell nothing of what is wanted.
    options.state = None;
    if options.http_protocol_ipv6 == Some(LaunchTemplateInstanceMetadataProtocolIpv6::Disabled) {
        options.http_protocol_ipv6 = None;
    }
    let left = Node::of(&options);
    if !left.is_empty() {
        rest.insert("MetadataOptions".to_owned(), left.to_string());
    }
    found
}

/// Writes the content of a version. What kmax has no field for can't be written.
pub(super) fn write_data(
    operation: Operation,
    data: &TemplateData,
) -> Result<RequestLaunchTemplateData, CloudError> {
    let TemplateData {
        image_id,
        instance_profile,
        security_group_ids,
        user_data,
        block_devices,
        metadata,
        tags,
        other,
    } = data;
    if let Some(name) = other.keys().next() {
        return Err(not_sendable(operation, format!("kmax does not write `{name}`")));
    }
    let profile = instance_profile.as_ref().map(|name| {
        LaunchTemplateIamInstanceProfileSpecificationRequest::builder().name(name).build()
    });
    let groups: Vec<String> = security_group_ids.iter().cloned().collect();
    let devices: Vec<_> = block_devices.iter().map(|(name, it)| write_device(name, it)).collect();
    let tags: Vec<_> = tags
        .iter()
        .filter(|(_, tags)| !tags.is_empty())
        .map(|(resource, tags)| {
            LaunchTemplateTagSpecificationRequest::builder()
                .resource_type(ResourceType::from(resource.as_str()))
                .set_tags(Some(tag_list(tags)))
                .build()
        })
        .collect();
    Ok(RequestLaunchTemplateData::builder()
        .set_image_id(image_id.clone())
        .set_iam_instance_profile(profile)
        .set_security_group_ids((!groups.is_empty()).then_some(groups))
        .set_user_data(user_data.clone())
        .set_block_device_mappings((!devices.is_empty()).then_some(devices))
        .set_metadata_options(write_metadata(metadata))
        .set_tag_specifications((!tags.is_empty()).then_some(tags))
        .build())
}

fn write_device(name: &str, device: &BlockDevice) -> LaunchTemplateBlockDeviceMappingRequest {
    let BlockDevice {
        size_gib,
        volume_type,
        iops,
        throughput_mibps,
        encrypted,
        kms_key,
        delete_on_termination,
        snapshot_id,
    } = device;
    let ebs = LaunchTemplateEbsBlockDeviceRequest::builder()
        .set_volume_size(signed(*size_gib))
        .set_volume_type(volume_type.as_deref().map(VolumeType::from))
        .set_iops(signed(*iops))
        .set_throughput(signed(*throughput_mibps))
        .set_encrypted(*encrypted)
        .set_kms_key_id(kms_key.clone())
        .set_delete_on_termination(*delete_on_termination)
        .set_snapshot_id(snapshot_id.clone())
        .build();
    LaunchTemplateBlockDeviceMappingRequest::builder().device_name(name).ebs(ebs).build()
}

fn signed(number: Option<u32>) -> Option<i32> {
    number.map(|number| i32::try_from(number).unwrap_or(i32::MAX))
}

fn write_metadata(
    metadata: &MetadataOptions,
) -> Option<LaunchTemplateInstanceMetadataOptionsRequest> {
    if *metadata == MetadataOptions::default() {
        return None;
    }
    let MetadataOptions { http_endpoint, http_tokens, hop_limit, instance_metadata_tags } =
        metadata;
    let options = LaunchTemplateInstanceMetadataOptionsRequest::builder()
        .set_http_endpoint(
            http_endpoint.as_deref().map(LaunchTemplateInstanceMetadataEndpointState::from),
        )
        .set_http_tokens(http_tokens.as_deref().map(LaunchTemplateHttpTokensState::from))
        .set_http_put_response_hop_limit(signed(*hop_limit))
        .set_instance_metadata_tags(
            instance_metadata_tags.as_deref().map(LaunchTemplateInstanceMetadataTagsState::from),
        );
    Some(options.build())
}

#[cfg(test)]
mod tests;
