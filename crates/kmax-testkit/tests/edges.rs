//! Holds the edges of the architecture: who may depend on whom, and who may name what.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What each crate may depend on, of ours.
const EDGES: &[(&str, &[&str])] = &[
    ("kmax-model", &[]),
    ("kmax-config", &["kmax-model"]),
    ("kmax-bootstrap", &["kmax-model"]),
    ("kmax-planner", &["kmax-bootstrap", "kmax-config", "kmax-model"]),
    ("kmax-cloud", &["kmax-model"]),
    ("kmax-aws", &["kmax-cloud", "kmax-model"]),
    ("kmax-sandbox", &["kmax-cloud", "kmax-model"]),
    ("kmax-applier", &["kmax-cloud", "kmax-model"]),
    ("kmax-testkit", &["kmax-cloud", "kmax-model"]),
    (
        "kmax-cli",
        &[
            "kmax-applier",
            "kmax-aws",
            "kmax-bootstrap",
            "kmax-cloud",
            "kmax-config",
            "kmax-model",
            "kmax-planner",
            "kmax-sandbox",
        ],
    ),
];

/// Words that only some crates' sources may hold.
const WORDS: &[(&str, &[&str])] = &[
    ("aws_sdk_", &["kmax-aws"]),
    ("println!", &["kmax-cli", "kmax-testkit"]),
    ("std::env::var", &["kmax-cli", "kmax-testkit"]),
    ("std::fs", &["kmax-cli", "kmax-sandbox", "kmax-testkit"]),
    ("std::process::Command", &["kmax-testkit"]),
    ("SystemTime::now", &["kmax-cloud", "kmax-cli", "kmax-sandbox"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn crates_depend_only_on_what_the_design_allows() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let packages = metadata["packages"].as_array().unwrap();
    assert_eq!(packages.len(), EDGES.len(), "every crate has its line in EDGES");
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let allowed = allowed.get(name).unwrap_or_else(|| panic!("{name} has no line in EDGES"));
        for dependency in package["dependencies"].as_array().unwrap() {
            let other = dependency["name"].as_str().unwrap();
            let is_normal = dependency["kind"].is_null();
            if other.starts_with("kmax-") && is_normal {
                assert!(allowed.contains(&other), "{name} must not depend on {other}");
            }
        }
    }
}

#[test]
fn features_are_named_in_the_workspace_only() {
    for (name, _) in EDGES {
        let manifest = fs::read_to_string(root().join("crates").join(name).join("Cargo.toml"));
        let manifest = manifest.unwrap();
        assert!(!manifest.contains("features ="), "{name} names features of its own");
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The part of a source before its unit tests.
fn product(text: &str) -> &str {
    text.split_once("#[cfg(test)]").map_or(text, |(product, _)| product)
}

#[test]
fn words_stay_in_their_crates() {
    for (name, _) in EDGES {
        let mut found = Vec::new();
        sources(&root().join("crates").join(name).join("src"), &mut found);
        assert!(!found.is_empty(), "{name} has sources");
        for path in found {
            let text = fs::read_to_string(&path).unwrap();
            for (word, crates) in WORDS {
                let is_there = product(&text)
                    .lines()
                    .any(|line| line.contains(word) && !line.trim_start().starts_with("//"));
                assert!(!is_there || crates.contains(name), "{}: {word}", path.display());
            }
        }
    }
}

fn documents() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].iter().map(|f| root().join(f)).collect();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut dead = BTreeSet::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for (start, _) in text.match_indices("](") {
            let rest = &text[start + 2..];
            let Some(target) = rest.split(')').next() else { continue };
            let path = target.split('#').next().unwrap_or_default();
            let is_local = !path.is_empty() && !path.contains("://");
            if is_local && !document.parent().unwrap().join(path).exists() {
                dead.insert(format!("{}: {target}", document.display()));
            }
        }
    }
    assert_eq!(dead, BTreeSet::new());
}
