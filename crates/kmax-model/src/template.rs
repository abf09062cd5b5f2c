//! Launch templates as they live in EC2.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Digest;

/// What the description of every version that kmax makes begins with; the content's digest follows.
pub const VERSION_DESCRIPTION_PREFIX: &str = "kmax v1 ";

/// A launch template without its versions (ec2:DescribeLaunchTemplates).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplate {
    /// Its id, never used twice.
    pub id: String,
    /// Its name, unique in account and region.
    pub name: String,
    /// The number of the default version.
    pub default_version: u64,
    /// The number of the version made last.
    pub latest_version: u64,
    /// The tags of the template itself.
    pub tags: BTreeMap<String, String>,
}

/// One immutable version of a launch template (ec2:DescribeLaunchTemplateVersions).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateVersion {
    /// The template's id.
    pub template_id: String,
    /// The template's name.
    pub template_name: String,
    /// Its number; never used again after a deletion.
    pub number: u64,
    /// What its maker wrote beside it.
    pub description: String,
    /// What it launches.
    pub data: TemplateData,
}

impl TemplateVersion {
    /// Returns whether kmax made it: its description holds the digest of just this content.
    pub fn is_kmax(&self) -> bool {
        self.description == self.data.description()
    }
}

/// The content of a version, in kmax's form.
///
/// A field that is added here later must be skipped while it is empty: digests of
/// versions made before then stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateData {
    /// The AMI's id.
    pub image_id: Option<String>,
    /// The instance profile's name, also where the template names it by ARN.
    pub instance_profile: Option<String>,
    /// Ids of security groups, whether named by the template or by its first network interface.
    pub security_group_ids: BTreeSet<String>,
    /// User data, base64.
    pub user_data: Option<String>,
    /// Volumes by device name, `/dev/xvda`.
    pub block_devices: BTreeMap<String, BlockDevice>,
    /// The instance metadata service.
    pub metadata: MetadataOptions,
    /// Tags by resource type: `instance`, `volume`, `network-interface`.
    pub tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Whatever else the version holds, by EC2's name of the field, printed. kmax never writes it.
    pub other: BTreeMap<String, String>,
}

impl TemplateData {
    /// Returns the digest of the content.
    pub fn digest(&self) -> Digest {
        Digest::of(self)
    }

    /// Returns the description that a version of this content carries: at most 255 characters.
    pub fn description(&self) -> String {
        format!("{VERSION_DESCRIPTION_PREFIX}{}", self.digest())
    }
}

/// One EBS volume of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BlockDevice {
    /// Size, GiB.
    pub size_gib: Option<u32>,
    /// `gp3`, `io2` ...
    pub volume_type: Option<String>,
    /// IOPS.
    pub iops: Option<u32>,
    /// Throughput, MiB/s.
    pub throughput_mibps: Option<u32>,
    /// Encrypted at rest.
    pub encrypted: Option<bool>,
    /// The KMS key; AWS's own where none is named.
    pub kms_key: Option<String>,
    /// Whether it goes with its instance.
    pub delete_on_termination: Option<bool>,
    /// The snapshot it starts from. kmax never writes it.
    pub snapshot_id: Option<String>,
}

/// The instance metadata service of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetadataOptions {
    /// `enabled` or `disabled`.
    pub http_endpoint: Option<String>,
    /// `required` (IMDSv2) or `optional`.
    pub http_tokens: Option<String>,
    /// How many network hops an answer may travel, 1 to 64.
    pub hop_limit: Option<u32>,
    /// `enabled` or `disabled`; tag keys with `/` fail the launch where it is enabled.
    pub instance_metadata_tags: Option<String>,
}
