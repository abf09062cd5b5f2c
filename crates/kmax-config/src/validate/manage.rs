//! `[manage]`, `[guards]` and `[[accept]]`.

use super::cluster::MAIN_STACK;
use crate::config::{Accept, Guards, Manage, Setting};
use crate::document::{Finding, Findings};
use crate::path::KeyPath;
use crate::raw::choices::{EnsureMode, InstallMode, ManageMode, NodeAccessMode, SwitchMode};
use crate::raw::{AcceptTable, GuardsTable, ManageTable};
use crate::rules::Rule;

/// Checks `[manage]`. What a cluster has once is at most verified outside of the stack `main`.
pub(crate) fn manage(findings: &mut Findings<'_, '_>, table: &ManageTable, stack: &str) -> Manage {
    let is_main = stack == MAIN_STACK;
    if !is_main {
        let writes = [
            ("cluster", table.cluster == Some(EnsureMode::Ensure)),
            ("iam", table.iam == Some(EnsureMode::Ensure)),
            ("security_groups", table.security_groups == Some(EnsureMode::Ensure)),
            ("node_access", table.node_access == Some(NodeAccessMode::Ensure)),
            ("cluster_autoscaler", table.cluster_autoscaler == Some(ManageMode::Managed)),
            ("metrics_server", table.metrics_server == Some(InstallMode::Ensure)),
        ];
        for (key, writes) in writes {
            if writes {
                let message = format!("the stack `{stack}` can't manage `{key}`");
                findings.push(stack_scope(message, &KeyPath::of(["manage", key])));
            }
        }
        for key in ["cluster_autoscaler", "metrics_server"] {
            let at = KeyPath::of([key]);
            if findings.document().has(&at) {
                let message = format!("the stack `{stack}` can't say how `{key}` is installed");
                findings.push(stack_scope(message, &at));
            }
        }
    }
    let node_access = if is_main { NodeAccessMode::Ensure } else { NodeAccessMode::Verify };
    let autoscaler = if is_main { ManageMode::Managed } else { ManageMode::Verify };
    let metrics = if is_main { InstallMode::Ensure } else { InstallMode::Verify };
    Manage {
        cluster: setting(table.cluster, EnsureMode::Verify),
        iam: setting(table.iam, EnsureMode::Verify),
        security_groups: setting(table.security_groups, EnsureMode::Verify),
        node_access: setting(table.node_access, node_access),
        node_labels: setting(table.node_labels, SwitchMode::Managed),
        cluster_autoscaler: setting(table.cluster_autoscaler, autoscaler),
        metrics_server: setting(table.metrics_server, metrics),
    }
}

fn stack_scope(message: String, at: &KeyPath) -> Finding {
    Finding::error(Rule::StackScope, message)
        .at(at)
        .hint("what a cluster has once belongs to the file of the stack `main`")
}

fn setting<T>(written: Option<T>, default: T) -> Setting<T> {
    let is_written = written.is_some();
    Setting { value: written.unwrap_or(default), written: is_written }
}

/// Fills `[guards]` in.
pub(crate) fn guards(table: &GuardsTable) -> Guards {
    Guards {
        pools_destroyed: table.pools_destroyed.unwrap_or(1),
        nodes_terminated: table.nodes_terminated.unwrap_or(0),
    }
}

/// Checks `[[accept]]`.
pub(crate) fn accept(findings: &mut Findings<'_, '_>, tables: &[AcceptTable]) -> Vec<Accept> {
    let at = KeyPath::of(["accept"]);
    for (index, AcceptTable { rule, reason }) in tables.iter().enumerate() {
        let entry = at.index(index);
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if rule.is_empty() || !rule.chars().all(inner) {
            findings.push(
                Finding::error(Rule::InvalidAccept, format!("`{rule}` is not the code of a rule"))
                    .at(&entry.key("rule"))
                    .hint(
                        "a warning's code stands in brackets before its text, as in `legacy-vpc`",
                    ),
            );
        }
        if reason.trim().is_empty() {
            findings.push(
                Finding::error(
                    Rule::InvalidAccept,
                    format!("`{rule}` is accepted without a reason"),
                )
                .at(&entry.key("reason"))
                .hint("say why that is fine here"),
            );
        }
        if let Some(first) = tables[..index].iter().position(|other| other.rule == *rule) {
            findings.push(
                Finding::error(Rule::Duplicate, format!("`{rule}` is accepted twice"))
                    .at(&entry.key("rule"))
                    .also(&at.index(first), "first here"),
            );
        }
    }
    tables
        .iter()
        .map(|AcceptTable { rule, reason }| Accept { rule: rule.clone(), reason: reason.clone() })
        .collect()
}
