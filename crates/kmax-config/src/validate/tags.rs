//! Tags of instances, volumes, network interfaces and groups.

use crate::document::{Finding, Findings};
use crate::limits;
use crate::path::KeyPath;
use crate::pool::Pool;
use crate::rules::Rule;
use crate::syntax::quoted;

/// Checks one tag.
pub(crate) fn tag(findings: &mut Findings<'_, '_>, at: &KeyPath, key: &str, value: &str) {
    if let Some(owner) = reserved(key) {
        findings.push(
            Finding::error(Rule::ReservedTag, format!("the tag key `{key}` {owner}"))
                .at_key(at)
                .hint("take it out, or choose another key"),
        );
    }
    let length = key.chars().count();
    if length == 0 || length > limits::TAG_KEY {
        let message = format!("a tag key is {length} characters long");
        let hint = format!("AWS takes 1 to {}", limits::TAG_KEY);
        findings.push(Finding::error(Rule::InvalidTag, message).at_key(at).hint(hint));
    }
    let length = value.chars().count();
    if length > limits::TAG_VALUE {
        let message = format!("the value of the tag `{key}` is {length} characters long");
        let hint = format!("AWS takes {} at most", limits::TAG_VALUE);
        findings.push(Finding::error(Rule::InvalidTag, message).at(at).hint(hint));
    }
    if let Some(bad) = key.chars().chain(value.chars()).find(|c| c.is_control()) {
        let message = format!("the tag `{}` holds {}", key.escape_debug(), quoted(bad));
        findings.push(Finding::error(Rule::InvalidTag, message).at(at).hint("take it out"));
    }
}

/// Whose a tag key is, if it is somebody's.
fn reserved(key: &str) -> Option<&'static str> {
    let lower = key.to_ascii_lowercase();
    if key == "team" {
        Some("is set by kmax, to the team's name")
    } else if lower.starts_with("kmax:") {
        Some("is kept for kmax itself")
    } else if lower.starts_with("aws:") {
        Some("begins with `aws:`, which AWS keeps for itself")
    } else if lower.contains("eks:") {
        Some("holds `eks:`, by which EKS and Cluster Autoscaler take it for EKS's own")
    } else if key.starts_with("kubernetes.io/cluster/") {
        Some("says which cluster a node is of, and kmax sets it")
    } else if key.starts_with(kmax_model::CA_PREFIX) {
        Some("is read by Cluster Autoscaler, and kmax sets it")
    } else {
        None
    }
}

/// Checks how many tags the group of a pool gets. `at` is the pool.
pub(crate) fn budget(findings: &mut Findings<'_, '_>, at: &KeyPath, pool: &Pool) {
    // team, kubernetes.io/cluster/NAME, and Name unless the pool has one of its own.
    let named = usize::from(!pool.tags.contains_key("Name"));
    let basic = 2 + named;
    // cluster, stack, pool, applied, applying.
    let ownership = 5;
    let discovery = 2;
    let labels = limits::OWN_LABELS.len() + pool.labels.len();
    let scale_from_zero = labels + pool.taints.len() + limits::RESOURCE_TAGS;
    let kmax = basic + ownership + discovery;
    let all = pool.tags.len() + kmax + scale_from_zero;
    if all > limits::TAGS_PER_GROUP {
        let message = format!(
            "the group of `{}` would carry {all} tags, {} are allowed",
            pool.id,
            limits::TAGS_PER_GROUP
        );
        let hint = format!(
            "{} from `tags`, {kmax} that kmax sets, {scale_from_zero} that tell Cluster Autoscaler of \
             {labels} labels, {} taints and {} resources: take {} out of `tags`, `labels` or `taints`",
            pool.tags.len(),
            pool.taints.len(),
            limits::RESOURCE_TAGS,
            all - limits::TAGS_PER_GROUP
        );
        findings.push(Finding::error(Rule::TooManyTags, message).at_key(at).hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_whose_a_tag_is() {
        for key in ["team", "kmax:pool", "KMAX:x", "aws:x", "AWS:x", "my-eks:thing"] {
            assert!(reserved(key).is_some(), "{key}");
        }
        let more = ["kubernetes.io/cluster/other", "k8s.io/cluster-autoscaler/enabled"];
        assert!(more.iter().all(|key| reserved(key).is_some()));
        assert!(
            ["Team", "Name", "cost-center", "team/x"].iter().all(|key| reserved(key).is_none())
        );
    }
}
