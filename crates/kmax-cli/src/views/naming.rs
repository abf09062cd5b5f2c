//! Names of fields for people, and the order in which they are shown.

use kmax_model::fields::{TEMPLATE_NAME, TEMPLATE_VERSION};

/// How a field is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldName {
    /// Its place among the others of its object.
    pub(crate) rank: u8,
    /// The name for people.
    pub(crate) label: String,
    /// What its numbers count.
    pub(crate) unit: &'static str,
}

/// Names and ranks of fields that have a fixed path.
const FIXED: [(&str, &str, u8); 31] = [
    ("image_id", "image", 0),
    ("instance_profile", "instance profile", 1),
    ("security_group_ids", "security groups", 2),
    ("metadata.http_endpoint", "metadata endpoint", 5),
    ("metadata.http_tokens", "metadata tokens", 5),
    ("metadata.hop_limit", "metadata hop limit", 5),
    ("metadata.instance_metadata_tags", "metadata tags", 5),
    ("default_version", "default version", 1),
    ("version", "version", 0),
    ("name", "name", 0),
    (TEMPLATE_NAME, "template", 0),
    (TEMPLATE_VERSION, "template version", 1),
    ("min_size", "min", 2),
    ("max_size", "max", 3),
    ("instance_types", "instance types", 4),
    ("subnets", "subnets", 5),
    ("distribution.on_demand_base", "on-demand base", 6),
    ("distribution.on_demand_percentage", "on-demand share", 6),
    ("distribution.on_demand_allocation", "on-demand allocation", 6),
    ("distribution.spot_allocation", "spot allocation", 6),
    ("distribution.spot_pools", "spot pools", 6),
    ("distribution.spot_max_price", "spot max price", 6),
    ("capacity_rebalance", "capacity rebalance", 7),
    ("max_instance_lifetime", "max instance lifetime", 7),
    ("new_instances_protected", "protect new instances", 7),
    ("tags.kmax:cluster", "owner: cluster", 8),
    ("tags.kmax:stack", "owner: stack", 8),
    ("tags.kmax:pool", "owner: pool", 8),
    ("tags.kmax:applied", "record of last apply", 20),
    ("tags.kmax:applying", "unfinished apply", 20),
    ("user_data", "user data", 3),
];

/// Prefixes of paths, their names, and their ranks.
const PREFIXED: [(&str, &str, u8); 10] = [
    ("user_data.", "user data ", 3),
    ("suspended_processes.", "suspended ", 7),
    ("tag_specifications.instance.", "instance tag ", 10),
    ("tag_specifications.volume.", "volume tag ", 11),
    ("tag_specifications.network-interface.", "interface tag ", 12),
    ("tags.k8s.io/cluster-autoscaler/node-template/label/", "autoscaler label ", 14),
    ("tags.k8s.io/cluster-autoscaler/node-template/taint/", "autoscaler taint ", 15),
    ("tags.k8s.io/cluster-autoscaler/node-template/resources/", "autoscaler resource ", 16),
    ("tags.", "tag ", 13),
    ("other.", "", 18),
];

/// Returns how a field of an object is shown.
pub(crate) fn field(path: &str) -> FieldName {
    let unit = match path {
        "distribution.on_demand_percentage" => " %",
        "max_instance_lifetime" => " s",
        _ if path.ends_with(".size_gib") => " GiB",
        _ if path.ends_with(".throughput_mibps") => " MiB/s",
        _ => "",
    };
    if let Some((_, label, rank)) = FIXED.iter().find(|(fixed, _, _)| *fixed == path) {
        return FieldName { rank: *rank, label: (*label).to_owned(), unit };
    }
    if let Some(rest) = path.strip_prefix("block_devices.") {
        let (device, what) = rest.rsplit_once('.').unwrap_or((rest, ""));
        let what = match what {
            "size_gib" => "size",
            "volume_type" => "type",
            "throughput_mibps" => "throughput",
            "kms_key" => "KMS key",
            "delete_on_termination" => "deleted with node",
            "snapshot_id" => "snapshot",
            other => other,
        };
        return FieldName { rank: 4, label: format!("volume {device} {what}"), unit };
    }
    let prefixed = PREFIXED.iter().find_map(|(prefix, label, rank)| {
        let rest = path.strip_prefix(prefix)?;
        Some(FieldName { rank: *rank, label: format!("{label}{rest}"), unit })
    });
    prefixed.unwrap_or_else(|| FieldName { rank: 19, label: path.to_owned(), unit })
}

/// Returns the name of a node tag: a tag that instances, volumes and interfaces share.
pub(crate) fn node_tag(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("tag_specifications.")?.split_once('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_well() {
        let label = |path: &str| field(path).label;
        assert_eq!(label("max_size"), "max");
        assert_eq!(label("block_devices./dev/xvda.size_gib"), "volume /dev/xvda size");
        assert_eq!(
            label("tags.k8s.io/cluster-autoscaler/node-template/label/node.spotmax/team"),
            "autoscaler label node.spotmax/team"
        );
        assert_eq!(
            label("tags.k8s.io/cluster-autoscaler/enabled"),
            "tag k8s.io/cluster-autoscaler/enabled"
        );
        assert_eq!(label("something_new"), "something_new");
    }
}
