//! The content of versions: what was written is read back, field by field.

use std::collections::BTreeMap;

use kmax_model::{BlockDevice, MetadataOptions, TemplateData};

use super::case::cases;
use super::fixture::{Fixture, text_map, text_set};

cases!("template_data": read_back_whole, read_back_by_field);

fn volume() -> BlockDevice {
    BlockDevice {
        size_gib: Some(100),
        volume_type: Some("gp3".to_owned()),
        iops: Some(3_000),
        throughput_mibps: Some(125),
        encrypted: Some(true),
        kms_key: Some("alias/nodes".to_owned()),
        delete_on_termination: Some(true),
        snapshot_id: Some("snap-0123456789abcdef0".to_owned()),
    }
}

fn device(device: BlockDevice) -> BTreeMap<String, BlockDevice> {
    BTreeMap::from([("/dev/xvda".to_owned(), device)])
}

fn metadata() -> MetadataOptions {
    MetadataOptions {
        http_endpoint: Some("enabled".to_owned()),
        http_tokens: Some("required".to_owned()),
        hop_limit: Some(2),
        instance_metadata_tags: Some("disabled".to_owned()),
    }
}

/// Returns data with every field set that kmax writes.
fn whole() -> TemplateData {
    let tags = text_map([("Name", "a node"), ("team", "a & <b> \"c\" ü")]);
    TemplateData {
        image_id: Some("ami-0123456789abcdef0".to_owned()),
        instance_profile: Some("kmax-worknode".to_owned()),
        security_group_ids: text_set(["sg-0123456789abcdef0", "sg-0123456789abcdef1"]),
        user_data: Some("IyEvYmluL3NoCmVjaG8gaGVsbG8K".to_owned()),
        block_devices: BTreeMap::from([
            ("/dev/xvda".to_owned(), volume()),
            ("/dev/xvdb".to_owned(), BlockDevice { size_gib: Some(20), ..BlockDevice::default() }),
        ]),
        metadata: metadata(),
        tags: BTreeMap::from([
            ("instance".to_owned(), tags.clone()),
            ("volume".to_owned(), tags.clone()),
            ("network-interface".to_owned(), tags),
        ]),
        other: BTreeMap::new(),
    }
}

/// Returns data that hold one field each, by the field's name. A field that is added to the model
/// does not compile until it has its samples here.
pub fn samples() -> Vec<(&'static str, TemplateData)> {
    let TemplateData {
        image_id,
        instance_profile,
        security_group_ids,
        user_data,
        block_devices: _,
        metadata: MetadataOptions { http_endpoint, http_tokens, hop_limit, instance_metadata_tags },
        tags,
        // What kmax never writes.
        other: _,
    } = whole();
    let BlockDevice {
        size_gib,
        volume_type,
        iops,
        throughput_mibps,
        encrypted,
        kms_key,
        delete_on_termination,
        snapshot_id,
    } = volume();
    let none = TemplateData::default;
    let on_volume = |it| TemplateData { block_devices: device(it), ..none() };
    let no_volume = BlockDevice::default;
    let on_metadata = |metadata| TemplateData { metadata, ..none() };
    let no_metadata = MetadataOptions::default;
    let one_tag = BTreeMap::from([("instance".to_owned(), text_map([("empty", "")]))]);
    vec![
        ("image_id", TemplateData { image_id, ..none() }),
        ("instance_profile", TemplateData { instance_profile, ..none() }),
        ("security_group_ids", TemplateData { security_group_ids, ..none() }),
        ("user_data", TemplateData { user_data, ..none() }),
        ("tags", TemplateData { tags, ..none() }),
        ("tags", TemplateData { tags: one_tag, ..none() }),
        ("size_gib", on_volume(BlockDevice { size_gib, ..no_volume() })),
        ("volume_type", on_volume(BlockDevice { volume_type, ..no_volume() })),
        ("iops", on_volume(BlockDevice { iops, ..no_volume() })),
        ("throughput_mibps", on_volume(BlockDevice { throughput_mibps, ..no_volume() })),
        ("encrypted", on_volume(BlockDevice { encrypted, ..no_volume() })),
        ("encrypted", on_volume(BlockDevice { encrypted: Some(false), ..no_volume() })),
        ("kms_key", on_volume(BlockDevice { kms_key, ..no_volume() })),
        ("delete_on_termination", on_volume(BlockDevice { delete_on_termination, ..no_volume() })),
        (
            "delete_on_termination",
            on_volume(BlockDevice { delete_on_termination: Some(false), ..no_volume() }),
        ),
        ("snapshot_id", on_volume(BlockDevice { snapshot_id, ..no_volume() })),
        ("http_endpoint", on_metadata(MetadataOptions { http_endpoint, ..no_metadata() })),
        ("http_tokens", on_metadata(MetadataOptions { http_tokens, ..no_metadata() })),
        ("hop_limit", on_metadata(MetadataOptions { hop_limit, ..no_metadata() })),
        (
            "instance_metadata_tags",
            on_metadata(MetadataOptions { instance_metadata_tags, ..no_metadata() }),
        ),
    ]
}

async fn read_back_whole(f: Fixture) {
    let template = f.make_template_of("whole", whole()).await;
    let version = f.version(&template.id, "$Latest").await;
    assert_eq!(version.data, whole());
    assert!(version.is_kmax(), "{}", version.description);
}

async fn read_back_by_field(f: Fixture) {
    let template = f.make_template_of("by-field", whole()).await;
    for (field, data) in samples() {
        let made = f.make_version(&template.id, data.clone()).await;
        assert_eq!(made.data, data, "{field}, in the answer");
        let read = f.version(&template.id, &made.number.to_string()).await;
        assert_eq!(read.data, data, "{field}, read back");
        assert!(read.is_kmax(), "{field}: {}", read.description);
    }
}
