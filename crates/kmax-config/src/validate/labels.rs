//! Node labels and taints.

use std::collections::BTreeMap;

use crate::document::{Finding, Findings};
use crate::limits;
use crate::path::KeyPath;
use crate::pool::Taint;
use crate::raw::TaintEntry;
use crate::rules::Rule;
use crate::syntax::{label_key_flaw, label_value_flaw};

/// Checks one label.
pub(crate) fn label(findings: &mut Findings<'_, '_>, at: &KeyPath, key: &str, value: &str) {
    if limits::OWN_LABELS.contains(&key) {
        findings.push(
            Finding::error(Rule::ReservedLabel, format!("kmax sets the label `{key}` itself"))
                .at_key(at)
                .hint("take it out"),
        );
        return;
    }
    if let Some(flaw) = label_key_flaw(key) {
        findings.push(
            Finding::error(Rule::InvalidLabel, format!("the label key `{key}` {flaw}"))
                .at_key(at)
                .hint(
                    "a key is a name of at most 63 letters, digits, `-`, `_` and `.`, with a DNS name \
                     and `/` in front if you like",
                ),
        );
    } else if let Some(hint) = kubelet_refuses(key) {
        let message = format!("a kubelet may not set the label `{key}` on itself");
        findings.push(Finding::error(Rule::InvalidLabel, message).at_key(at).hint(hint));
    } else {
        fits_in_tag(findings, at, key, "label");
    }
    if let Some(flaw) = label_value_flaw(value) {
        findings.push(
            Finding::error(Rule::InvalidLabel, format!("the value of the label `{key}` {flaw}"))
                .at(at)
                .hint("a value is at most 63 letters, digits, `-`, `_` and `.`"),
        );
    }
}

/// Cluster Autoscaler learns of labels and taints from tags whose keys hold theirs.
fn fits_in_tag(findings: &mut Findings<'_, '_>, at: &KeyPath, key: &str, what: &str) {
    let length = key.chars().count();
    if length > limits::LABEL_KEY_IN_TAG {
        let rule = if what == "label" { Rule::InvalidLabel } else { Rule::InvalidTaint };
        let message = format!("the {what} key `{key}` is {length} characters long");
        findings.push(Finding::error(rule, message).at_key(at).hint(format!(
            "Cluster Autoscaler reads it from a tag, whose key leaves {} characters for it",
            limits::LABEL_KEY_IN_TAG
        )));
    }
}

/// Why a kubelet may not set a label on itself, if it may not. One that tries does not start.
fn kubelet_refuses(key: &str) -> Option<&'static str> {
    let (prefix, name) = key.split_once('/')?;
    let of = |domain: &str| {
        prefix == domain || prefix.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
    };
    if of("node-restriction.kubernetes.io") {
        return Some("`node-restriction.kubernetes.io/` is for labels that nodes can't set");
    }
    if prefix == "node-role.kubernetes.io" {
        return Some("use a label of your own, or set the role with kubectl");
    }
    if !of("kubernetes.io") && !of("k8s.io") {
        return None;
    }
    let allowed = of("kubelet.kubernetes.io")
        || of("node.kubernetes.io")
        || match prefix {
            "kubernetes.io" => matches!(name, "arch" | "hostname" | "os"),
            "beta.kubernetes.io" => matches!(name, "arch" | "os" | "instance-type"),
            "topology.kubernetes.io"
            | "failure-domain.kubernetes.io"
            | "failure-domain.beta.kubernetes.io" => matches!(name, "zone" | "region"),
            _ => false,
        };
    (!allowed).then_some("`kubernetes.io` and `k8s.io` are Kubernetes's own: use another prefix")
}

/// Checks the taints of a pool and sorts them. `at` is where the list was written.
pub(crate) fn taints(
    findings: &mut Findings<'_, '_>,
    at: &KeyPath,
    entries: &[TaintEntry],
) -> Vec<Taint> {
    let mut keys = BTreeMap::new();
    for (index, TaintEntry { key, value, effect: _ }) in entries.iter().enumerate() {
        let entry = at.index(index);
        if let Some(flaw) = label_key_flaw(key) {
            findings.push(
                Finding::error(Rule::InvalidTaint, format!("the taint key `{key}` {flaw}"))
                    .at(&entry.key("key")),
            );
        } else {
            fits_in_tag(findings, &entry.key("key"), key, "taint");
        }
        if let Some(flaw) = label_value_flaw(value) {
            findings.push(
                Finding::error(
                    Rule::InvalidTaint,
                    format!("the value of the taint `{key}` {flaw}"),
                )
                .at(&entry.key("value"))
                .hint("a value is at most 63 letters, digits, `-`, `_` and `.`"),
            );
        }
        if let Some(first) = keys.insert(key, index) {
            keys.insert(key, first);
            findings.push(
                Finding::error(Rule::InvalidTaint, format!("two taints have the key `{key}`"))
                    .at(&entry)
                    .also(&at.index(first), "first here")
                    .hint(
                        "Cluster Autoscaler learns of taints from tags, of which there is one for \
                         each key",
                    ),
            );
        }
    }
    let mut taints: Vec<Taint> = entries
        .iter()
        .map(|TaintEntry { key, value, effect }| Taint {
            key: key.clone(),
            effect: *effect,
            value: value.clone(),
        })
        .collect();
    taints.sort();
    taints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubelet_sets_what_it_may() {
        let allowed = [
            "team",
            "example.com/x",
            "node.kubernetes.io/x",
            "a.kubelet.kubernetes.io/x",
            "kubernetes.io/os",
            "topology.kubernetes.io/zone",
            "notkubernetes.io/x",
        ];
        for key in allowed {
            assert_eq!(kubelet_refuses(key), None, "{key}");
        }
        let refused = [
            "kubernetes.io/x",
            "x.k8s.io/y",
            "node-role.kubernetes.io/worker",
            "node-restriction.kubernetes.io/x",
            "topology.kubernetes.io/rack",
        ];
        for key in refused {
            assert!(kubelet_refuses(key).is_some(), "{key}");
        }
    }
}
