//! Instance types and where they are sold. The types are real ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use kmax_cloud::{Page, ops};
use kmax_model::{InstanceType, Offering};

use crate::paging::{Paging, page};
use crate::refusal::Refusal;
use crate::state::State;

/// A type and the letters of the zones that sell it.
struct Sold {
    instance_type: InstanceType,
    zones: String,
}

static TYPES: LazyLock<BTreeMap<String, Sold>> = LazyLock::new(|| {
    let lines = include_str!("instance_types.tsv").lines().skip(1);
    lines.filter_map(read_line).map(|sold| (sold.instance_type.name.clone(), sold)).collect()
});

fn read_line(line: &str) -> Option<Sold> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [
        name,
        vcpus,
        memory_mib,
        architectures,
        accelerators,
        bare_metal,
        burstable,
        current_generation,
        usage_classes,
        instance_store_gb,
        network_interfaces,
        ipv4_per_interface,
        zones,
    ] = columns.as_slice()
    else {
        return None;
    };
    let words = |text: &str| -> BTreeSet<String> { text.split(',').map(str::to_owned).collect() };
    let instance_type = InstanceType {
        name: (*name).to_owned(),
        vcpus: vcpus.parse().ok()?,
        memory_mib: memory_mib.parse().ok()?,
        architectures: words(architectures),
        accelerators: accelerators.parse().ok()?,
        bare_metal: *bare_metal == "1",
        burstable: *burstable == "1",
        current_generation: *current_generation == "1",
        usage_classes: words(usage_classes),
        instance_store_gb: instance_store_gb.parse().ok()?,
        network_interfaces: network_interfaces.parse().ok()?,
        ipv4_per_interface: ipv4_per_interface.parse().ok()?,
    };
    // A type that no zone sells is not one of the region.
    (!zones.is_empty()).then(|| Sold { instance_type, zones: (*zones).to_owned() })
}

/// Returns a type of the region.
pub(crate) fn instance_type(name: &str) -> Option<&'static InstanceType> {
    TYPES.get(name).map(|sold| &sold.instance_type)
}

/// Returns whether a zone sells a type.
pub(crate) fn is_offered(name: &str, zone: &str) -> bool {
    let letter = zone.chars().next_back();
    TYPES.get(name).is_some_and(|sold| letter.is_some_and(|letter| sold.zones.contains(letter)))
}

pub(crate) fn describe_instance_types(
    input: &ops::DescribeInstanceTypes,
) -> Result<Page<InstanceType>, Refusal> {
    let ops::DescribeInstanceTypes { architecture, max_results, next_token } = input;
    let paging = Paging::ec2("DescribeInstanceTypes", architecture, next_token.as_deref())
        .at_most(*max_results, 5, 100)?;
    let asked =
        |t: &InstanceType| architecture.as_ref().is_none_or(|arch| t.architectures.contains(arch));
    let rows = TYPES
        .iter()
        .filter(|(_, sold)| asked(&sold.instance_type))
        .map(|(name, sold)| (name.clone(), &sold.instance_type))
        .collect();
    page(rows, &paging)
}

impl State {
    pub(crate) fn describe_instance_type_offerings(
        &self,
        input: &ops::DescribeInstanceTypeOfferings,
    ) -> Result<Page<Offering>, Refusal> {
        let ops::DescribeInstanceTypeOfferings { zones, max_results, next_token } = input;
        let paging = Paging::ec2("DescribeInstanceTypeOfferings", zones, next_token.as_deref())
            .at_most(*max_results, 5, 1_000)?;
        let mut offerings = BTreeSet::new();
        for (name, sold) in TYPES.iter() {
            for letter in sold.zones.chars() {
                let zone = format!("{}{letter}", self.meta.region);
                if zones.is_empty() || zones.contains(&zone) {
                    offerings.insert(Offering { instance_type: name.clone(), zone });
                }
            }
        }
        let rows = offerings.iter().map(|o| (format!("{} {}", o.instance_type, o.zone), o));
        page(rows.collect(), &paging)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        let lines = include_str!("instance_types.tsv").lines().skip(1);
        let unsold = lines.clone().filter(|line| line.ends_with('\t')).count();
        assert_eq!(TYPES.len() + unsold, lines.count());
        assert!(TYPES.len() > 1_300);
    }

    #[test]
    fn knows_types_and_zones() {
        let found = instance_type("r5.2xlarge").expect("r5.2xlarge is a type");
        assert_eq!((found.vcpus, found.memory_mib), (8, 65_536));
        assert!(is_offered("r5.2xlarge", "us-east-1a"));
        assert!(!is_offered("r5.2xlarge", "us-east-1z"));
        assert!(instance_type("r5.3xlarge").is_none());
    }
}
