//! Why a group can't become what the config asks for, whatever is written.

use std::collections::BTreeMap;

use kmax_model::{
    Address, Arch, AutoScalingGroup, CapacityType, DesiredPool, LastApplied, LaunchSource, Notice,
    Snapshot,
};

use crate::group::adoption_obstacles;
use crate::ownership::Standing;

/// Returns what stands in the way of a pool.
pub(crate) fn of(
    pool: &DesiredPool,
    live: &AutoScalingGroup,
    applied: Option<&LastApplied>,
    standing: Standing,
    snapshot: &Snapshot,
) -> Option<Vec<Notice>> {
    let refusals = match standing {
        Standing::Adopted => adoption(pool, live, snapshot),
        Standing::Ours => fixed(pool, live, applied),
        Standing::Absent => Vec::new(),
    };
    (!refusals.is_empty()).then_some(refusals)
}

fn refuse(live: &AutoScalingGroup, rule: &str, message: String, hint: &str) -> Notice {
    Notice {
        address: Some(Address::auto_scaling_group(&live.name).to_string()),
        rule: rule.to_owned(),
        message,
        hint: Some(hint.to_owned()),
    }
}

fn adoption(pool: &DesiredPool, live: &AutoScalingGroup, snapshot: &Snapshot) -> Vec<Notice> {
    let none = BTreeMap::new();
    let lifecycles = snapshot.lifecycles.got().unwrap_or(&none);
    let notice = |obstacle: String| {
        refuse(
            live,
            "adopt-replaces-nodes",
            format!("taking over {} would replace nodes: {obstacle}", live.name),
            "make the pool's spec and capacity_type fit what runs, or let those nodes go first",
        )
    };
    adoption_obstacles(pool, live, lifecycles).into_iter().map(notice).collect()
}

/// What is fixed for the life of a pool. Where the record of it is gone, what lives tells.
fn fixed(
    pool: &DesiredPool,
    live: &AutoScalingGroup,
    applied: Option<&LastApplied>,
) -> Vec<Notice> {
    let notice = |rule: &str, what: &str, was: &str, is: &str| {
        refuse(
            live,
            rule,
            format!("{what} is fixed for the life of a pool: it was {was} and is {is} now"),
            "add a pool of another key, move the work there, then remove this one",
        )
    };
    let mut refusals = Vec::new();
    let capacity_type = applied.map(|a| a.capacity_type).or_else(|| lived_capacity_type(live));
    if let Some(was) = capacity_type.filter(|was| *was != pool.capacity_type) {
        let is = pool.capacity_type.as_str();
        refusals.push(notice("fixed-capacity-type", "capacity_type", was.as_str(), is));
    }
    let arch = applied.map(|applied| applied.arch).or_else(|| lived_arch(live));
    if let Some(was) = arch.filter(|was| *was != pool.arch) {
        refusals.push(notice("fixed-arch", "arch", was.as_str(), pool.arch.as_str()));
    }
    refusals
}

/// Tells from what lives how a group buys its nodes.
fn lived_capacity_type(live: &AutoScalingGroup) -> Option<CapacityType> {
    match &live.launch {
        LaunchSource::Mixed(policy) => {
            let distribution = &policy.distribution;
            match (distribution.on_demand_base, distribution.on_demand_percentage) {
                (0, 0) => Some(CapacityType::Spot),
                (_, 100) => Some(CapacityType::OnDemand),
                (_, _) => None,
            }
        }
        LaunchSource::None | LaunchSource::Configuration(_) | LaunchSource::Template(_) => None,
    }
}

/// Tells from the types that a group launches which architecture they have.
fn lived_arch(live: &AutoScalingGroup) -> Option<Arch> {
    let overrides = match &live.launch {
        LaunchSource::Mixed(policy) => policy.overrides.as_slice(),
        LaunchSource::None | LaunchSource::Configuration(_) | LaunchSource::Template(_) => &[],
    };
    let named = overrides.iter().find_map(|item| item.instance_type.as_deref());
    let running = live.instances.first().map(|instance| instance.instance_type.as_str());
    named.or(running).map(arch_of)
}

/// Tells a type's architecture from its name: behind the generation of an ARM family stands a `g`
/// (EC2 user guide, "Instance type names"); the first of them, `a1`, has none.
fn arch_of(instance_type: &str) -> Arch {
    let rest = instance_type.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    if rest.starts_with('g') || instance_type.starts_with("a1.") {
        Arch::Arm64
    } else {
        Arch::X86_64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_tells_its_architecture() {
        for name in ["r5.2xlarge", "g5.xlarge", "m7i-flex.large", "x2iedn.xlarge", "u-6tb1.metal"] {
            assert_eq!(arch_of(name), Arch::X86_64, "{name}");
        }
        for name in
            ["a1.large", "c6g.xlarge", "c7gd.large", "im4gn.large", "x2gd.large", "g5g.large"]
        {
            assert_eq!(arch_of(name), Arch::Arm64, "{name}");
        }
    }
}
