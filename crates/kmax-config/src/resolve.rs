//! From text to [`Config`]: the steps in their order.

use std::collections::{BTreeMap, BTreeSet};

use kmax_model::PoolId;
use toml::de::DeValue;

use crate::config::{Cluster, Config};
use crate::diagnostic::{ConfigError, Severity};
use crate::document::{Document, Finding, Findings, integer, to_json};
use crate::merge::{Merged, setting_path};
use crate::path::KeyPath;
use crate::pool::Pool;
use crate::raw::{File, PoolSettings};
use crate::rules::Rule;
use crate::spec::Spec;
use crate::structure::Structure;
use crate::validate::names::{self, Pattern, PoolNames};
use crate::validate::settings::{self, Identity, Surroundings};
use crate::validate::{access, addons, cluster, manage, specs, user_data};
use crate::{unsupported, validate};

/// The format that this kmax reads.
const FORMAT: u32 = 1;

/// Parses, merges and validates a `kmax.toml`.
pub(crate) fn config(
    source_name: &str,
    text: &str,
    files: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Config, ConfigError> {
    let document = Document::parse(source_name, text)?;
    let mut findings = Findings::new(&document);
    if let Some(finding) = other_format(&document) {
        findings.push(finding);
        return Err(findings.into_error());
    }
    let structure = Structure::of_config();
    structure.check(&mut findings);
    if findings.has_errors() {
        return Err(findings.into_error());
    }
    let whole = to_json(&DeValue::Table(document.root().clone()));
    let file: File = match serde_json::from_value(whole) {
        Ok(file) => file,
        Err(error) => {
            findings.push(internal(&error, &KeyPath::root()));
            return Err(findings.into_error());
        }
    };
    let draft = Draft { file: &file, structure: &structure };
    match draft.resolve(&mut findings, files) {
        Some(mut config) if !findings.has_errors() => {
            config.unsupported = unsupported::unsupported(&document, &config);
            config.warnings = findings
                .into_sorted()
                .into_iter()
                .filter(|found| found.severity == Severity::Warning)
                .filter(|found| config.accepted(found.code.code()).is_none())
                .collect();
            Ok(config)
        }
        Some(_) | None => {
            let mut error = findings.into_error();
            let accepted = |rule: &str| file.accept.iter().any(|accept| accept.rule == rule);
            error
                .0
                .all
                .retain(|found| found.severity == Severity::Error || !accepted(found.code.code()));
            Err(error)
        }
    }
}

/// A file of another format is not judged further: its keys may mean something else.
fn other_format(document: &Document<'_>) -> Option<Finding> {
    let at = KeyPath::of(["format"]);
    let DeValue::Integer(number) = document.value(&at)?.get_ref() else { return None };
    if integer(number) == Some(i128::from(FORMAT)) {
        return None;
    }
    let message = format!("the file is of format {number}, this kmax reads format {FORMAT}");
    let hint = match integer(number) {
        Some(number) if number > i128::from(FORMAT) => "a newer kmax may read it".to_owned(),
        Some(_) | None => format!("write `format = {FORMAT}`"),
    };
    Some(Finding::error(Rule::UnsupportedFormat, message).at(&at).hint(hint))
}

fn internal(error: &serde_json::Error, at: &KeyPath) -> Finding {
    Finding::error(Rule::Internal, format!("kmax can't read what it checked: {error}"))
        .at(at)
        .hint("this is a defect of kmax: please report it with the file")
}

/// A file whose structure was checked.
struct Draft<'a> {
    file: &'a File,
    structure: &'a Structure,
}

impl Draft<'_> {
    fn resolve(
        &self,
        findings: &mut Findings<'_, '_>,
        files: &dyn Fn(&str) -> Result<String, String>,
    ) -> Option<Config> {
        let file = self.file;
        let cluster = cluster::cluster(findings, &file.cluster);
        let legacy = file.legacy.as_ref().map(|table| cluster::legacy(findings, table, &cluster));
        let manage = manage::manage(findings, &file.manage, &cluster.stack);
        let base = file.base.as_ref().map(|table| cluster::base(findings, table));
        let specs = specs::specs(findings, &file.specs);
        let user_data = user_data::parts(findings, &file.user_data, files);
        let access = file.access.as_ref().map(|table| access::access(findings, table));
        let cluster_autoscaler = file
            .cluster_autoscaler
            .as_ref()
            .map(|table| addons::autoscaler(findings, table, &cluster));
        let metrics_server =
            file.metrics_server.as_ref().map(|table| addons::metrics_server(findings, table));
        let guards = manage::guards(&file.guards);
        let accept = manage::accept(findings, &file.accept);
        let pattern = Pattern::parse(findings, &cluster.pool_name);
        let pools = self.pools(findings, &cluster, &specs, pattern.as_ref());
        Some(Config {
            format: file.format,
            cluster,
            legacy,
            manage,
            base,
            specs,
            user_data,
            access,
            cluster_autoscaler,
            metrics_server,
            guards,
            accept,
            pools: pools?,
            warnings: Vec::new(),
            unsupported: Vec::new(),
        })
    }

    /// The pools, sorted; none where one of them could not be made.
    fn pools(
        &self,
        findings: &mut Findings<'_, '_>,
        cluster: &Cluster,
        specs: &BTreeMap<String, Spec>,
        pattern: Option<&Pattern>,
    ) -> Option<Vec<Pool>> {
        let document = findings.document();
        let defaults_at = KeyPath::of(["defaults"]);
        let mut defaults = Merged::built_in();
        if let Some(table) = document.table(&defaults_at) {
            defaults = self.layer(findings, &defaults, table, &defaults_at);
        }
        let mut pools = Vec::new();
        let mut whole = true;
        let mut names = PoolNames::default();
        let teams = document.table(&KeyPath::of(["teams"]));
        for (team, _) in teams.into_iter().flatten() {
            let team = team.get_ref().as_ref();
            let team_at = KeyPath::of(["teams", team]);
            let valid_team = names::team(findings, &team_at, team);
            let Some(table) = document.table(&team_at) else { continue };
            let of_team = self.layer(findings, &defaults, table, &team_at);
            let pools_at = team_at.key("pools");
            for (key, _) in document.table(&pools_at).into_iter().flatten() {
                let key = key.get_ref().as_ref();
                let at = pools_at.key(key);
                let Some(table) = document.table(&at) else { continue };
                let merged = self.layer(findings, &of_team, table, &at);
                let valid_key = names::pool_key(findings, &at, key);
                let id = PoolId::new(team, key);
                let name = pattern
                    .filter(|_| valid_team && valid_key)
                    .map(|pattern| names.derive(findings, pattern, cluster, &id, &at));
                let pool = self.pool(findings, id, name.as_deref(), &merged, (cluster, specs), &at);
                match pool {
                    Some(pool) => pools.push(pool),
                    None => whole = false,
                }
            }
        }
        self.unused(findings, specs, &pools, whole);
        pools.sort_by(|a, b| a.id.cmp(&b.id));
        whole.then_some(pools)
    }

    fn pool(
        &self,
        findings: &mut Findings<'_, '_>,
        id: PoolId,
        name: Option<&str>,
        merged: &Merged,
        (cluster, specs): (&Cluster, &BTreeMap<String, Spec>),
        at: &KeyPath,
    ) -> Option<Pool> {
        let document = findings.document();
        let spec_at = at.key("spec");
        let written = document.value(&spec_at).and_then(|value| value.get_ref().as_str());
        let spec_name = written.unwrap_or(&id.key).to_owned();
        let spec_place = written.map(|_| &spec_at);
        let declared = &self.file.specs;
        let spec = validate::specs::of_pool(findings, specs, declared, &spec_name, spec_place, at);
        let adopt = document.value(&at.key("adopt")).and_then(|value| value.get_ref().as_bool());
        let settings: PoolSettings = match serde_json::from_value(merged.to_json()) {
            Ok(settings) => settings,
            Err(error) => {
                findings.push(internal(&error, at));
                return None;
            }
        };
        let identity = Identity {
            id,
            name: name.unwrap_or_default().to_owned(),
            spec_name,
            // What stands for a spec that was refused is never seen: the file is refused.
            spec: spec.clone().unwrap_or_else(|| Spec::Types(Vec::new())),
            adopt: adopt.unwrap_or(false),
            at,
        };
        let surroundings = Surroundings { cluster, user_data: &self.file.user_data };
        let pool = settings::pool(findings, identity, settings, merged, &surroundings)?;
        (name.is_some() && spec.is_some()).then_some(pool)
    }

    /// Merges a layer over the outer ones and checks its `unset`.
    fn layer(
        &self,
        findings: &mut Findings<'_, '_>,
        outer: &Merged,
        table: &toml::de::DeTable<'_>,
        at: &KeyPath,
    ) -> Merged {
        self.check_unset(findings, at);
        let merged = outer.layer(table, at);
        let own = &merged.unsets()[outer.unsets().len()..];
        for unset in own.iter().filter(|unset| !unset.effective) {
            if self.structure.find_setting(&unset.setting).is_err() {
                // That was said already.
                continue;
            }
            let setting = unset.setting.iter().fold(KeyPath::root(), |path, step| path.key(step));
            findings.push(
                Finding::warning(Rule::NothingToUnset, format!("no outer layer sets `{setting}`"))
                    .at(&unset.origin)
                    .hint("take the entry out"),
            );
        }
        merged
    }

    /// Checks that what a layer's `unset` names are settings.
    fn check_unset(&self, findings: &mut Findings<'_, '_>, layer: &KeyPath) {
        let at = layer.key("unset");
        let entries = findings.document().value(&at).and_then(|value| value.get_ref().as_array());
        for (index, entry) in entries.into_iter().flat_map(|array| array.iter()).enumerate() {
            let Some(text) = entry.get_ref().as_str() else { continue };
            let finding = match setting_path(text) {
                None => Finding::error(Rule::UnknownUnset, format!("`{text}` is not a dotted key"))
                    .hint("write it as in `kubelet.max_pods` or `labels.\"example.com/x\"`"),
                Some(setting) => match self.structure.find_setting(&setting) {
                    Ok(()) => continue,
                    Err(hint) => {
                        Finding::error(Rule::UnknownUnset, format!("`{text}` is not a setting"))
                            .maybe_hint(hint)
                    }
                },
            };
            findings.push(finding.at(&at.index(index)));
        }
    }

    /// Warns of what no pool uses. Where a pool could not be made nothing is said: it may be its.
    fn unused(
        &self,
        findings: &mut Findings<'_, '_>,
        specs: &BTreeMap<String, Spec>,
        pools: &[Pool],
        whole: bool,
    ) {
        if !whole {
            return;
        }
        if pools.is_empty() {
            findings.push(
                Finding::warning(Rule::NoPools, "the file has no pool")
                    .hint("write one under `[teams.TEAM.pools]`, as in `8c64g = { max = 60 }`"),
            );
            return;
        }
        let used: BTreeSet<String> = pools.iter().map(|pool| pool.spec_name.clone()).collect();
        specs::unused(findings, specs, &used);
        let used = pools.iter().flat_map(|pool| pool.user_data.iter().cloned()).collect();
        user_data::unused(findings, &self.file.user_data, &used);
    }
}
