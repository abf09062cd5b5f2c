use aws_sdk_ec2::types::{
    CapacityReservationPreference, LaunchTemplateCapacityReservationSpecificationResponse,
    LaunchTemplateInstanceMetadataOptionsState, LaunchTemplateTagSpecification,
    LaunchTemplatesMonitoring, Tag,
};
use kmax_cloud::ErrorClass;

use super::*;

const OPERATION: Operation = Operation::CreateLaunchTemplateVersion;

fn sample() -> TemplateData {
    let tags = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
    TemplateData {
        image_id: Some("ami-1".into()),
        instance_profile: Some("nodes".into()),
        security_group_ids: BTreeSet::from(["sg-2".to_owned(), "sg-1".to_owned()]),
        user_data: Some("YQ==".into()),
        block_devices: BTreeMap::from([(
            "/dev/xvda".to_owned(),
            BlockDevice { size_gib: Some(20), encrypted: Some(false), ..BlockDevice::default() },
        )]),
        metadata: MetadataOptions { hop_limit: Some(2), ..MetadataOptions::default() },
        tags: BTreeMap::from([("instance".to_owned(), tags)]),
        other: BTreeMap::new(),
    }
}

/// What EC2 shows of a request, plus what it adds by itself.
fn shown(request: RequestLaunchTemplateData) -> ResponseLaunchTemplateData {
    let profile = request.iam_instance_profile.unwrap();
    let device = request.block_device_mappings.unwrap().remove(0);
    let ebs = device.ebs.unwrap();
    let metadata = request.metadata_options.unwrap();
    let tags = request.tag_specifications.unwrap().remove(0);
    ResponseLaunchTemplateData::builder()
        .set_image_id(request.image_id)
        .iam_instance_profile(
            LaunchTemplateIamInstanceProfileSpecification::builder().set_name(profile.name).build(),
        )
        .set_security_group_ids(request.security_group_ids)
        .set_user_data(request.user_data)
        .block_device_mappings(
            LaunchTemplateBlockDeviceMapping::builder()
                .set_device_name(device.device_name)
                .ebs(
                    LaunchTemplateEbsBlockDevice::builder()
                        .set_volume_size(ebs.volume_size)
                        .set_encrypted(ebs.encrypted)
                        .build(),
                )
                .build(),
        )
        .metadata_options(
            LaunchTemplateInstanceMetadataOptions::builder()
                .state(LaunchTemplateInstanceMetadataOptionsState::Pending)
                .set_http_put_response_hop_limit(metadata.http_put_response_hop_limit)
                .http_protocol_ipv6(LaunchTemplateInstanceMetadataProtocolIpv6::Disabled)
                .build(),
        )
        .tag_specifications(
            LaunchTemplateTagSpecification::builder()
                .set_resource_type(tags.resource_type)
                .set_tags(tags.tags)
                .build(),
        )
        .ebs_optimized(false)
        .disable_api_termination(false)
        .monitoring(LaunchTemplatesMonitoring::builder().enabled(false).build())
        .kernel_id("")
        .set_security_groups(Some(Vec::new()))
        .build()
}

#[test]
fn what_was_written_is_read_back() {
    let request = write_data(OPERATION, &sample()).unwrap();
    assert_eq!(read_data(shown(request)), sample());
}

#[test]
fn empty_data_write_nothing() {
    let request = write_data(OPERATION, &TemplateData::default()).unwrap();
    assert_eq!(request, RequestLaunchTemplateData::builder().build());
    let nothing = ResponseLaunchTemplateData::builder().build();
    assert_eq!(read_data(nothing), TemplateData::default());
}

#[test]
fn what_kmax_has_no_field_for_is_not_dropped_in_silence() {
    let other = BTreeMap::from([("KeyName".to_owned(), "k".to_owned())]);
    let data = TemplateData { other, ..sample() };
    let error = write_data(OPERATION, &data).unwrap_err();
    assert_eq!(error.class, ErrorClass::Invalid);
    assert!(error.message.contains("`KeyName`"), "{error}");
}

#[test]
fn profile_by_arn_is_its_name() {
    let profile = |arn: &str| {
        profile_name(LaunchTemplateIamInstanceProfileSpecification::builder().arn(arn).build())
    };
    assert_eq!(profile("arn:aws:iam::1:instance-profile/a/b/nodes").as_deref(), Some("nodes"));
    assert_eq!(profile("arn:aws:iam::1:instance-profile/nodes").as_deref(), Some("nodes"));
    assert_eq!(profile(""), None);
}

#[test]
fn specifications_of_one_resource_are_one_map() {
    let specification = |key: &str| {
        LaunchTemplateTagSpecification::builder()
            .resource_type(ResourceType::Instance)
            .tags(Tag::builder().key(key).value("1").build())
            .build()
    };
    let data = ResponseLaunchTemplateData::builder()
        .tag_specifications(specification("b"))
        .tag_specifications(specification("a"))
        .build();
    let keys: Vec<_> = read_data(data).tags.remove("instance").unwrap().into_keys().collect();
    assert_eq!(keys, ["a", "b"]);
}

#[test]
fn a_field_of_any_depth_is_printed() {
    let data = ResponseLaunchTemplateData::builder()
        .capacity_reservation_specification(
            LaunchTemplateCapacityReservationSpecificationResponse::builder()
                .capacity_reservation_preference(CapacityReservationPreference::Open)
                .build(),
        )
        .build();
    let name = "CapacityReservationSpecification".to_owned();
    let text = "{CapacityReservationPreference: Open}".to_owned();
    assert_eq!(read_data(data).other, BTreeMap::from([(name, text)]));
}
