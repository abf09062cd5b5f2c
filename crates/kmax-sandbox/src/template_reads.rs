//! Reads of launch templates and their versions.

use std::collections::{BTreeMap, BTreeSet};

use kmax_cloud::{Page, ops};
use kmax_model::{LaunchTemplate, TemplateVersion};

use crate::images::check_filter;
use crate::paging::{Paging, page, page_with};
use crate::refusal::Refusal;
use crate::state::{Hideable, State, read_tags, version_key};
use crate::templates::{check_template_id, no_such_version};

const LATEST: &str = "$Latest";
const DEFAULT: &str = "$Default";

impl State {
    pub(crate) fn describe_launch_templates(
        &mut self,
        input: &ops::DescribeLaunchTemplates,
    ) -> Result<Page<LaunchTemplate>, Refusal> {
        let ops::DescribeLaunchTemplates { names, tags, max_results, next_token } = input;
        check_filter("launch-template-name", names.len())?;
        let query = (names, tags);
        let paging = Paging::ec2("DescribeLaunchTemplates", &query, next_token.as_deref())
            .at_most(*max_results, 1, 200)?;
        let stale = self.read_stale_template_tags();
        let named = |template: &LaunchTemplate| names.is_empty() || names.contains(&template.name);
        let tagged = |template: &LaunchTemplate| {
            let seen = stale.get(&template.id).unwrap_or(&template.tags);
            tags.iter().all(|(key, value)| seen.get(key) == Some(value))
        };
        let found: Vec<String> = self
            .templates
            .iter()
            .filter(|(_, row)| named(&row.template) && tagged(&row.template))
            .map(|(id, _)| id.clone())
            .collect();
        let seen: Vec<String> =
            found.into_iter().filter(|id| self.sees(Hideable::Template, id)).collect();
        let rows = seen.into_iter().filter_map(|id| {
            let row = self.templates.get(&id)?;
            Some((id, &row.template))
        });
        page_with(rows.collect(), &paging, |template| {
            let mut template = template.clone();
            if let Some(tags) = stale.get(&template.id) {
                template.tags.clone_from(tags);
            }
            template
        })
    }

    fn read_stale_template_tags(&mut self) -> BTreeMap<String, BTreeMap<String, String>> {
        let ids = self.stale_template_tags.keys();
        let table = &mut self.stale_template_tags;
        ids.into_iter().filter_map(|id| read_tags(table, &id).map(|tags| (id, tags))).collect()
    }

    pub(crate) fn describe_launch_template_versions(
        &mut self,
        input: &ops::DescribeLaunchTemplateVersions,
    ) -> Result<Page<TemplateVersion>, Refusal> {
        let ops::DescribeLaunchTemplateVersions { template_id, versions, max_results, next_token } =
            input;
        let query = (template_id, versions);
        let paging = Paging::ec2("DescribeLaunchTemplateVersions", &query, next_token.as_deref())
            .at_most(*max_results, 1, 200)?;
        if versions.len() > 200 {
            return Err(Refusal::parameter(
                "Up to 200 launch template versions can be described in a single request.",
            ));
        }
        let keys = match template_id {
            Some(id) => self.version_keys_of(id, versions)?,
            None => self.version_keys_of_all(versions)?,
        };
        let rows = keys.into_iter().filter_map(|key| {
            let version = self.versions.get(&key)?;
            Some((key, version))
        });
        page(rows.collect(), &paging)
    }

    fn version_keys_of(&mut self, id: &str, versions: &[String]) -> Result<Vec<String>, Refusal> {
        check_template_id(id)?;
        let template = self.template(id)?.template;
        if versions.is_empty() {
            let all = self.versions.under(&format!("{id}/"));
            return Ok(all.map(|(key, _)| key.clone()).collect());
        }
        let mut keys = BTreeSet::new();
        for version in versions {
            let number = version_number(&template, version)
                .ok_or_else(|| Refusal::parameter(format!("Invalid version: '{version}'")))?;
            let key = version_key(id, number);
            if !self.versions.contains(&key) {
                return Err(no_such_version(id, version));
            }
            keys.insert(key);
        }
        Ok(keys.into_iter().collect())
    }

    fn version_keys_of_all(&mut self, versions: &[String]) -> Result<Vec<String>, Refusal> {
        if versions.is_empty() || versions.iter().any(|v| v != LATEST && v != DEFAULT) {
            return Err(Refusal::new(
                "MissingParameter",
                "Either a launch template ID or a launch template name must be specified in the \
                 request; without one, only $Latest and $Default can be described.",
            ));
        }
        let ids = self.templates.keys();
        let mut keys = Vec::new();
        for id in ids {
            if !self.sees(Hideable::Template, &id) {
                continue;
            }
            let Some(row) = self.templates.get(&id) else { continue };
            let numbers: BTreeSet<u64> =
                versions.iter().filter_map(|v| version_number(&row.template, v)).collect();
            keys.extend(numbers.into_iter().map(|number| version_key(&id, number)));
        }
        Ok(keys)
    }
}

/// Returns the number that a version's name stands for; none where it is no name of a version.
pub(crate) fn version_number(template: &LaunchTemplate, version: &str) -> Option<u64> {
    match version {
        LATEST => Some(template.latest_version),
        DEFAULT | "" => Some(template.default_version),
        number => number.parse().ok(),
    }
}
