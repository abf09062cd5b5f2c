//! Whose a template and a group are, and whether kmax may touch them.

use kmax_model::{Address, AutoScalingGroup, LaunchTemplate, Notice, Owner, Ownership};

/// What ownership allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing of that name is there.
    Absent,
    /// It is this stack's, maybe with tags missing that another object of the pool still has.
    Ours,
    /// Nobody's tags claim it and the config adopts it.
    Adopted,
}

/// How a pool's two objects stand.
pub(crate) struct Standings {
    pub(crate) template: Standing,
    pub(crate) group: Standing,
}

/// Reads the ownership from a group's tags.
pub(crate) fn of_group(group: &AutoScalingGroup) -> Ownership {
    Ownership::of(group.tags.iter().map(|(key, tag)| (key, &tag.value)))
}

enum Claim {
    Absent,
    Nobody,
    Ours,
    Other(String),
}

fn claim(ownership: Option<Ownership>, owner: &Owner) -> Claim {
    let Some(ownership) = ownership else { return Claim::Absent };
    match ownership {
        Ownership::None => Claim::Nobody,
        Ownership::Owned(other) => {
            if other.cluster == owner.cluster && other.stack == owner.stack {
                Claim::Ours
            } else {
                let Owner { cluster, stack, pool } = other;
                Claim::Other(format!("pool {pool} of cluster {cluster}, stack {stack}"))
            }
        }
        // Some tags were taken away; those that are left must not speak for another.
        Ownership::Partial(left) => {
            let ours = owner.tags();
            let [cluster, stack, _] = Owner::tag_keys();
            let agrees = |key: &str| left.get(key).is_none_or(|value| ours.get(key) == Some(value));
            if agrees(cluster) && agrees(stack) {
                Claim::Ours
            } else {
                let tags: Vec<String> = left.iter().map(|(k, v)| format!("{k}={v}")).collect();
                Claim::Other(tags.join(", "))
            }
        }
    }
}

fn refuse(address: &Address, rule: &str, message: String, hint: &str) -> Notice {
    Notice {
        address: Some(address.to_string()),
        rule: rule.to_owned(),
        message,
        hint: Some(hint.to_owned()),
    }
}

/// Decides whether a pool's objects may be touched.
///
/// Where one of the two is ours and the other carries no tag of ours, its tags were taken away: it
/// is ours still.
pub(crate) fn standings(
    owner: &Owner,
    adopt: bool,
    template: Option<&LaunchTemplate>,
    group: Option<&AutoScalingGroup>,
    name: &str,
) -> Result<Standings, Vec<Notice>> {
    let template_claim = claim(template.map(|t| Ownership::of(&t.tags)), owner);
    let group_claim = claim(group.map(of_group), owner);
    let one_is_ours = matches!(template_claim, Claim::Ours) || matches!(group_claim, Claim::Ours);
    let mut notices = Vec::new();
    let mut standing = |claim: Claim, address: Address, what: &str| match claim {
        Claim::Absent => Standing::Absent,
        Claim::Ours => Standing::Ours,
        Claim::Nobody if one_is_ours => Standing::Ours,
        Claim::Nobody if adopt => Standing::Adopted,
        Claim::Nobody => {
            let message = format!("{what} {name} exists and carries no tags of kmax");
            let hint =
                "set `adopt = true` on the pool to take it over, or give the pool another key";
            notices.push(refuse(&address, "foreign", message, hint));
            Standing::Absent
        }
        Claim::Other(whose) => {
            let message = format!("{what} {name} belongs to {whose}");
            let hint = "names are unique per account and region: give this cluster another `pool_name` pattern";
            notices.push(refuse(&address, "other-owner", message, hint));
            Standing::Absent
        }
    };
    let standings = Standings {
        template: standing(template_claim, Address::launch_template(name), "launch template"),
        group: standing(group_claim, Address::auto_scaling_group(name), "Auto Scaling group"),
    };
    if notices.is_empty() { Ok(standings) } else { Err(notices) }
}
