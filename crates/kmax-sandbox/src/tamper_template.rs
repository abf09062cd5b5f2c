//! What people do to launch templates.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmax_cloud::ops;
use kmax_model::{BlockDevice, TemplateData};

use crate::state::{State, TemplateRow, version_key};
use crate::tamper::{TamperError, parsed, words};

/// The fields of a template that can be set.
const TEMPLATE_FIELDS: [&str; 20] = [
    "default_version",
    "tags.KEY",
    "image_id",
    "instance_profile",
    "security_group_ids",
    "user_data",
    "block_devices.DEVICE.size_gib",
    "block_devices.DEVICE.volume_type",
    "block_devices.DEVICE.iops",
    "block_devices.DEVICE.throughput_mibps",
    "block_devices.DEVICE.encrypted",
    "block_devices.DEVICE.kms_key",
    "block_devices.DEVICE.delete_on_termination",
    "block_devices.DEVICE.snapshot_id",
    "metadata.http_endpoint",
    "metadata.http_tokens",
    "metadata.hop_limit",
    "metadata.instance_metadata_tags",
    "tag_specifications.TYPE.KEY",
    "other.FIELD",
];

impl State {
    /// Sets or takes away a field of a template.
    pub(crate) fn set_template(
        &mut self,
        name: &str,
        field: &str,
        value: Option<&str>,
    ) -> Result<(), TamperError> {
        let missing = || TamperError::NoSuchObject(format!("launch_template.{name}"));
        let template_id = self.template_id(name).ok_or_else(missing)?;
        if let Some(key) = field.strip_prefix("tags.") {
            match value {
                Some(value) => {
                    let tags = [(key.to_owned(), value.to_owned())].into();
                    self.create_tags(&ops::CreateTags { resource: template_id, tags })?;
                }
                None => {
                    if let Some(row) = self.templates.get_mut(&template_id) {
                        row.template.tags.remove(key);
                    }
                }
            }
            return Ok(());
        }
        if field == "default_version" {
            let default_version = parsed(field, value.unwrap_or_default(), "a version's number")?;
            let client_token = String::new();
            self.modify_launch_template(&ops::ModifyLaunchTemplate {
                template_id,
                default_version,
                client_token,
            })?;
            return Ok(());
        }
        self.edit_template(name, field, value, true).map(|_| ())
    }

    /// Makes a version that differs from the default one in one field.
    pub(crate) fn edit_template(
        &mut self,
        name: &str,
        field: &str,
        value: Option<&str>,
        make_default: bool,
    ) -> Result<u64, TamperError> {
        let missing = || TamperError::NoSuchObject(format!("launch_template.{name}"));
        let template_id = self.template_id(name).ok_or_else(missing)?;
        let TemplateRow { template, .. } =
            self.templates.get(&template_id).cloned().ok_or_else(missing)?;
        let key = version_key(&template_id, template.default_version);
        let mut data = self.versions.get(&key).ok_or_else(missing)?.data.clone();
        if !change(&mut data, field, value)? {
            return Err(TamperError::NoSuchField {
                object: format!("launch_template.{name}"),
                field: field.to_owned(),
                fields: TEMPLATE_FIELDS.to_vec(),
            });
        }
        let version = self.create_launch_template_version(&ops::CreateLaunchTemplateVersion {
            template_id: template_id.clone(),
            data,
            ..Default::default()
        })?;
        if make_default {
            self.modify_launch_template(&ops::ModifyLaunchTemplate {
                template_id,
                default_version: version.number,
                client_token: String::new(),
            })?;
        }
        Ok(version.number)
    }
}

/// Changes one field of a version's content; whether there is such a field.
fn change(data: &mut TemplateData, field: &str, value: Option<&str>) -> Result<bool, TamperError> {
    let text = value.map(str::to_owned);
    match field {
        "image_id" => data.image_id = text,
        "instance_profile" => data.instance_profile = text,
        "security_group_ids" => {
            data.security_group_ids =
                words(value.unwrap_or_default()).into_iter().collect::<BTreeSet<_>>();
        }
        // People type text; what EC2 is sent is base64.
        "user_data" => data.user_data = value.map(|text| STANDARD.encode(text)),
        "metadata.http_endpoint" => data.metadata.http_endpoint = text,
        "metadata.http_tokens" => data.metadata.http_tokens = text,
        "metadata.instance_metadata_tags" => data.metadata.instance_metadata_tags = text,
        "metadata.hop_limit" => {
            let number = |text| parsed(field, text, "a whole number");
            data.metadata.hop_limit = value.map(number).transpose()?;
        }
        field => return change_part(data, field, value),
    }
    Ok(true)
}

fn change_part(
    data: &mut TemplateData,
    field: &str,
    value: Option<&str>,
) -> Result<bool, TamperError> {
    if let Some(name) = field.strip_prefix("other.") {
        match value {
            Some(value) => data.other.insert(name.to_owned(), value.to_owned()),
            None => data.other.remove(name),
        };
        return Ok(true);
    }
    if let Some((resource_type, key)) =
        field.strip_prefix("tag_specifications.").and_then(|rest| rest.split_once('.'))
    {
        let tags = data.tags.entry(resource_type.to_owned()).or_default();
        match value {
            Some(value) => tags.insert(key.to_owned(), value.to_owned()),
            None => tags.remove(key),
        };
        data.tags.retain(|_, tags| !tags.is_empty());
        return Ok(true);
    }
    let device = field.strip_prefix("block_devices.").and_then(|rest| rest.rsplit_once('.'));
    let Some((device, part)) = device else { return Ok(false) };
    let device = data.block_devices.entry(device.to_owned()).or_default();
    change_device(device, field, part, value)
}

fn change_device(
    device: &mut BlockDevice,
    field: &str,
    part: &str,
    value: Option<&str>,
) -> Result<bool, TamperError> {
    let number = || value.map(|text| parsed(field, text, "a whole number")).transpose();
    let switch = || value.map(|text| parsed(field, text, "true or false")).transpose();
    let text = || value.map(str::to_owned);
    match part {
        "size_gib" => device.size_gib = number()?,
        "volume_type" => device.volume_type = text(),
        "iops" => device.iops = number()?,
        "throughput_mibps" => device.throughput_mibps = number()?,
        "encrypted" => device.encrypted = switch()?,
        "kms_key" => device.kms_key = text(),
        "delete_on_termination" => device.delete_on_termination = switch()?,
        "snapshot_id" => device.snapshot_id = text(),
        _ => return Ok(false),
    }
    Ok(true)
}
