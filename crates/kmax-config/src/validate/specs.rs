//! `[specs.*]`, and the spec of a pool.

use std::collections::BTreeMap;

use super::{names, no_duplicates};
use crate::document::{Finding, Findings};
use crate::limits;
use crate::path::KeyPath;
use crate::raw::{Count, SpecTable};
use crate::rules::Rule;
use crate::spec::{Family, Range, RangeError, Spec};
use crate::syntax::nearest;

/// Checks `[specs.*]`. A spec with a flaw is reported, and left out.
pub(crate) fn specs(
    findings: &mut Findings<'_, '_>,
    tables: &BTreeMap<String, SpecTable>,
) -> BTreeMap<String, Spec> {
    let mut specs = BTreeMap::new();
    for (name, table) in tables {
        let at = KeyPath::of(["specs", name]);
        names::plain(findings, &at, name, "a spec");
        if Spec::builtin(name).is_some() {
            findings.push(
                Finding::error(Rule::ShadowedSpec, format!("`{name}` is a built-in spec"))
                    .at_key(&at)
                    .hint("choose another name"),
            );
        }
        let spec = match &table.instance_types {
            Some(types) => Some(by_name(findings, &at, table, types)),
            None => by_size(findings, &at, table),
        };
        specs.extend(spec.map(|spec| (name.clone(), spec)));
    }
    specs
}

fn by_name(
    findings: &mut Findings<'_, '_>,
    at: &KeyPath,
    table: &SpecTable,
    types: &[String],
) -> Spec {
    let SpecTable { instance_types: _, vcpus, memory_gib, families, exclude } = table;
    let others = [
        ("vcpus", vcpus.is_some()),
        ("memory_gib", memory_gib.is_some()),
        ("families", families.is_some()),
        ("exclude", exclude.is_some()),
    ];
    for (key, _) in others.into_iter().filter(|(_, written)| *written) {
        let message = format!("`{key}` and `instance_types` exclude each other");
        findings.push(
            Finding::error(Rule::InvalidSpec, message)
                .at_key(&at.key(key))
                .also(&at.key("instance_types"), "here")
                .hint("name the types, or say what they must be like"),
        );
    }
    let at = at.key("instance_types");
    if types.is_empty() || types.len() > limits::OVERRIDES {
        let message = format!("the spec names {} instance types", types.len());
        let hint = format!("name 1 to {}", limits::OVERRIDES);
        findings.push(Finding::error(Rule::InvalidSpec, message).at(&at).hint(hint));
    }
    instance_types(findings, &at, types);
    Spec::Types(types.to_vec())
}

fn by_size(findings: &mut Findings<'_, '_>, at: &KeyPath, table: &SpecTable) -> Option<Spec> {
    let (Some(vcpus), Some(memory_gib)) = (&table.vcpus, &table.memory_gib) else {
        let message = match (&table.vcpus, &table.memory_gib) {
            (Some(_), _) => "the spec says no `memory_gib`",
            (None, Some(_)) => "the spec says no `vcpus`",
            (None, None) => "the spec says neither `instance_types` nor `vcpus` and `memory_gib`",
        };
        let hint = "write `instance_types = [...]`, or both `vcpus` and `memory_gib`";
        findings.push(Finding::error(Rule::InvalidSpec, message).at(at).hint(hint));
        return None;
    };
    let vcpus = range(findings, &at.key("vcpus"), vcpus);
    let memory_gib = range(findings, &at.key("memory_gib"), memory_gib);
    let families =
        table.families.as_ref().map(|list| families(findings, &at.key("families"), list));
    let exclude = table.exclude.clone().unwrap_or_default();
    instance_types(findings, &at.key("exclude"), &exclude);
    Spec::sized(vcpus?, memory_gib?, families, exclude)
}

fn range(findings: &mut Findings<'_, '_>, at: &KeyPath, count: &Count) -> Option<Range> {
    match count.0.parse::<Range>() {
        Ok(range) => Some(range),
        Err(error) => {
            let hint = match &error {
                RangeError::Syntax(_) | RangeError::TooLarge(_) => {
                    "write a number as in `\"8\"`, or a range as in `\"8..16\"`"
                }
                RangeError::Reversed(_) => "write the smaller number first",
                RangeError::Zero(_) => "begin with 1",
            };
            findings.push(Finding::error(Rule::InvalidSpec, error.to_string()).at(at).hint(hint));
            None
        }
    }
}

fn families(findings: &mut Findings<'_, '_>, at: &KeyPath, list: &[String]) -> Vec<Family> {
    no_duplicates(findings, at, list, "the family");
    if list.is_empty() {
        findings.push(
            Finding::error(Rule::InvalidSpec, "`families` is empty")
                .at(at)
                .hint("name one at least, or leave `families` out to take any"),
        );
    }
    let mut families = Vec::new();
    for (index, text) in list.iter().enumerate() {
        match text.parse::<Family>() {
            Ok(family) => families.push(family),
            Err(error) => {
                let hint = match text.split_once('.') {
                    Some((family, _)) if family.parse::<Family>().is_ok() => {
                        format!("write the family alone: `{family}`")
                    }
                    Some(_) | None => {
                        "write a class as in `c`, with its generation as in `x2`, or a \
                                       whole family as in `c6gn`"
                            .to_owned()
                    }
                };
                findings.push(
                    Finding::error(Rule::InvalidSpec, error.to_string())
                        .at(&at.index(index))
                        .hint(hint),
                );
            }
        }
    }
    families
}

fn instance_types(findings: &mut Findings<'_, '_>, at: &KeyPath, list: &[String]) {
    no_duplicates(findings, at, list, "the instance type");
    for (index, name) in list.iter().enumerate() {
        let valid = name.split_once('.').is_some_and(|(family, size)| {
            let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            family.parse::<Family>().is_ok() && !size.is_empty() && size.chars().all(inner)
        });
        if !valid {
            findings.push(
                Finding::error(Rule::InvalidSpec, format!("`{name}` is not an instance type"))
                    .at(&at.index(index))
                    .hint("write it as EC2 does, as in `r5.2xlarge`"),
            );
        }
    }
}

/// The spec of a pool by its name. `written` is where the name stands, if it is not the pool's key.
pub(crate) fn of_pool(
    findings: &mut Findings<'_, '_>,
    specs: &BTreeMap<String, Spec>,
    declared: &BTreeMap<String, SpecTable>,
    name: &str,
    written: Option<&KeyPath>,
    pool: &KeyPath,
) -> Option<Spec> {
    if let Some(spec) = specs.get(name).cloned().or_else(|| Spec::builtin(name)) {
        return Some(spec);
    }
    if declared.contains_key(name) {
        // What is wrong with it was said where it stands.
        return None;
    }
    let candidates = declared.keys().map(String::as_str).chain(Spec::NAMED);
    let near = nearest(name, candidates).map(str::to_owned).or_else(|| respelled(name));
    let finding = match written {
        Some(at) => Finding::error(Rule::UnknownSpec, format!("there is no spec `{name}`"))
            .at(at)
            .hint(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write `NcMg` as in `8c64g`, `small`, `medium`, `large`, or a name of \
                         `[specs.*]`"
                    .to_owned(),
            }),
        None => {
            let message = format!("the pool `{name}` has no spec: its key is not one");
            Finding::error(Rule::UnknownSpec, message).at_key(pool).hint(match near {
                Some(near) => format!("did you mean `{near}`? Else write `spec = \"{near}\"`"),
                None => {
                    "write `spec = \"...\"`: `NcMg` as in `8c64g`, `small`, `medium`, `large`, or \
                         a name of `[specs.*]`"
                        .to_owned()
                }
            })
        }
    };
    findings.push(finding);
    None
}

/// A spec as other people write it: `8C64G`, `8c64`, `8c64gb`, `8c64g-base`.
fn respelled(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let end = lower.find(['-', '_']).unwrap_or(lower.len());
    let core = lower[..end].trim_end_matches('b').trim_end_matches('i').trim_end_matches('g');
    let spec = format!("{core}g");
    Spec::builtin(&spec).map(|_| spec)
}

/// Warns of specs that no pool uses.
pub(crate) fn unused(
    findings: &mut Findings<'_, '_>,
    specs: &BTreeMap<String, Spec>,
    used: &std::collections::BTreeSet<String>,
) {
    for name in specs.keys().filter(|name| !used.contains(*name)) {
        findings.push(
            Finding::warning(Rule::UnusedSpec, format!("no pool uses the spec `{name}`"))
                .at_key(&KeyPath::of(["specs", name])),
        );
    }
}
