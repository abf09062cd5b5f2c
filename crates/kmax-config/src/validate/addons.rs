//! `[cluster_autoscaler]` and `[metrics_server]`.

use super::iam_name;
use crate::config::{Cluster, ClusterAutoscaler, Identity, MetricsServer};
use crate::document::{Finding, Findings};
use crate::limits;
use crate::path::KeyPath;
use crate::raw::{AutoscalerTable, IdentityWord, MetricsTable};
use crate::rules::Rule;
use crate::syntax::is_version;

/// Flags of cluster-autoscaler that follow from the cluster.
const OWN_FLAGS: [&str; 3] = ["cloud-provider", "node-group-auto-discovery", "nodes"];

/// Checks `[cluster_autoscaler]`.
pub(crate) fn autoscaler(
    findings: &mut Findings<'_, '_>,
    table: &AutoscalerTable,
    cluster: &Cluster,
) -> ClusterAutoscaler {
    let at = KeyPath::of(["cluster_autoscaler"]);
    if let Some(version) = &table.version {
        patch(findings, &at.key("version"), version, "1.34.5");
        if let Some(minor) = &cluster.version
            && is_version(version, 3)
            && is_version(minor, 2)
            && !version.starts_with(&format!("{minor}."))
        {
            let message = format!("cluster-autoscaler {version} is not of the cluster's {minor}");
            findings.push(
                Finding::warning(Rule::VersionSkew, message)
                    .at(&at.key("version"))
                    .also(&KeyPath::of(["cluster", "version"]), "the cluster's")
                    .hint(format!("write a version `{minor}.N`")),
            );
        }
    }
    let identity = match &table.identity {
        None | Some(IdentityWord::Node) => Identity::Node,
        Some(IdentityWord::Role { pod_identity: Some(role), irsa: None }) => {
            let at = at.key("identity").key("pod_identity");
            iam_name(findings, &at, "a role", role, limits::ROLE_NAME);
            Identity::PodIdentity(role.clone())
        }
        Some(IdentityWord::Role { pod_identity: None, irsa: Some(role) }) => {
            iam_name(findings, &at.key("identity").key("irsa"), "a role", role, limits::ROLE_NAME);
            Identity::Irsa(role.clone())
        }
        Some(IdentityWord::Role { .. }) => {
            let message = "`identity` takes exactly one of `pod_identity` and `irsa`";
            findings.push(
                Finding::error(Rule::InvalidIdentity, message).at(&at.key("identity")).hint(
                    "write `\"node\"`, `{ pod_identity = \"ROLE\" }` or `{ irsa = \"ROLE\" }`",
                ),
            );
            Identity::Node
        }
    };
    let mut flags = std::collections::BTreeMap::new();
    for (name, values) in &table.flags {
        let at = at.key("flags").key(name);
        let plain = name.trim_start_matches('-');
        if plain != name {
            findings.push(
                Finding::error(Rule::InvalidFlag, format!("the flag `{name}` begins with dashes"))
                    .at_key(&at)
                    .hint(format!("write `{plain}`")),
            );
        } else if name.is_empty()
            || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        {
            findings.push(
                Finding::error(Rule::InvalidFlag, format!("`{name}` can't be a flag"))
                    .at_key(&at)
                    .hint("a flag is lower-case letters, digits and `-`"),
            );
        } else if OWN_FLAGS.contains(&name.as_str()) {
            findings.push(
                Finding::error(Rule::InvalidFlag, format!("kmax sets the flag `{name}` itself"))
                    .at_key(&at)
                    .hint("take it out"),
            );
        }
        if values.0.is_empty() || values.0.iter().any(|value| value.chars().any(char::is_control)) {
            let message = format!("the flag `{name}` has no value that can be given");
            findings.push(Finding::error(Rule::InvalidFlag, message).at(&at));
        }
        flags.insert(name.clone(), values.0.clone());
    }
    ClusterAutoscaler { version: table.version.clone(), identity, flags }
}

/// Checks `[metrics_server]`.
pub(crate) fn metrics_server(
    findings: &mut Findings<'_, '_>,
    table: &MetricsTable,
) -> MetricsServer {
    if let Some(version) = &table.version {
        patch(findings, &KeyPath::of(["metrics_server", "version"]), version, "0.8.0");
    }
    MetricsServer { version: table.version.clone() }
}

fn patch(findings: &mut Findings<'_, '_>, at: &KeyPath, version: &str, example: &str) {
    if !is_version(version, 3) {
        let without_v = version.trim_start_matches('v');
        let hint = if is_version(without_v, 3) {
            format!("write it without the `v`: `{without_v}`")
        } else {
            format!("write it as in `{example}`")
        };
        findings.push(
            Finding::error(Rule::InvalidVersion, format!("`{version}` is not a version"))
                .at(at)
                .hint(hint),
        );
    }
}
