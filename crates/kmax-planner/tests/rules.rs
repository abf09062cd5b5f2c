//! Every rule that kmax can name is documented, and nothing else is.
#![expect(clippy::disallowed_methods, reason = "the sources and the page are files")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use kmax_config::Rule;
use kmax_planner::RULES;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// The rule that the command line names of a lock that another apply holds.
const OF_APPLY: [&str; 1] = ["lock-held"];
/// Words of AWS and Kubernetes in the sources that look like the code of a rule.
const NO_RULES: [&str; 5] = [
    "ephemeral-storage",
    "lowest-price",
    "network-interface",
    "on-demand",
    "price-capacity-optimized",
];

/// Returns the sources of a crate, without their tests.
fn sources(crate_name: &str) -> String {
    fn collect(directory: &Path, text: &mut String) {
        for entry in fs::read_dir(directory).expect("a directory of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, text);
            } else if path.file_name().is_none_or(|name| name != "rules.rs") {
                let source = fs::read_to_string(&path).expect("a source");
                text.push_str(source.split("#[cfg(test)]").next().unwrap_or_default());
            }
        }
    }
    let mut text = String::new();
    collect(&Path::new(ROOT).join("crates").join(crate_name).join("src"), &mut text);
    text
}

/// Returns the literals in a source that have the shape of a code: words joined by dashes.
fn codes(source: &str) -> BTreeSet<&str> {
    let is_code = |text: &&str| {
        text.contains('-')
            && text
                .split('-')
                .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
    };
    source.split('"').filter(is_code).collect()
}

#[test]
fn the_planner_names_the_rules_of_its_table() {
    let source = sources("kmax-planner");
    let table: BTreeSet<&str> = RULES.iter().copied().collect();
    assert!(RULES.is_sorted(), "the table is sorted");
    let found = codes(&source);
    let unknown: Vec<&&str> =
        found.iter().filter(|code| !table.contains(**code) && !NO_RULES.contains(code)).collect();
    assert!(unknown.is_empty(), "codes that the table of rules lacks: {unknown:?}");
    let unused: Vec<&&str> =
        table.iter().filter(|code| !source.contains(&format!("\"{code}\""))).collect();
    assert!(unused.is_empty(), "rules that nothing names: {unused:?}");
}

#[test]
fn the_golden_plans_name_rules_of_the_tables() {
    let known =
        |rule: &str| RULES.contains(&rule) || Rule::ALL.iter().any(|known| known.code() == rule);
    for case in fs::read_dir(Path::new(ROOT).join("tests/cases/plan")).expect("the cases") {
        let path = case.expect("a case").path().join("plan.json");
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let plan: kmax_model::PlanDocument = serde_json::from_str(&text).expect("a plan");
        for notice in plan.refusals.iter().chain(&plan.warnings) {
            assert!(known(&notice.rule), "{}: {}", path.display(), notice.rule);
        }
    }
}

#[test]
fn every_rule_is_documented_and_nothing_else() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/rules.md")).expect("docs/rules.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut documented = BTreeSet::new();
    for code in rows {
        assert!(documented.insert(code), "`{code}` stands twice");
    }
    let applier = sources("kmax-applier");
    let mut wanted: BTreeSet<&str> = RULES.iter().copied().chain(OF_APPLY).collect();
    wanted.extend(Rule::ALL.iter().map(|rule| rule.code()));
    wanted.extend(codes(&applier).into_iter().filter(|code| code_is_rule(&applier, code)));
    let missing: Vec<&&str> = wanted.difference(&documented).collect();
    assert!(missing.is_empty(), "docs/rules.md lacks {missing:?}");
    let surplus: Vec<&&str> = documented.difference(&wanted).collect();
    assert!(surplus.is_empty(), "docs/rules.md has {surplus:?}, which nothing names");
}

/// Returns whether a source names a code as a rule.
fn code_is_rule(source: &str, code: &str) -> bool {
    source.contains(&format!("rule: \"{code}\""))
}
