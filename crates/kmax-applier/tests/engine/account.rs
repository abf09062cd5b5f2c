//! What an account holds, to be compared.

use std::collections::BTreeMap;

use kmax_cloud::{Request, Response, ops};
use kmax_model::fields::Fields;
use kmax_model::{AutoScalingGroup, LaunchSource, TemplateState};
use kmax_sandbox::{Sandbox, SandboxPort};

/// All groups and templates, by name, the templates with all of their versions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Account {
    pub(crate) groups: BTreeMap<String, AutoScalingGroup>,
    pub(crate) templates: BTreeMap<String, TemplateState>,
}

/// Calls the sandbox itself, past every port.
fn ask(sandbox: &mut Sandbox, request: &Request) -> Response {
    match sandbox.call(request) {
        Ok(response) => response,
        Err(error) => panic!("{error}"),
    }
}

impl Account {
    pub(crate) fn read(port: &SandboxPort) -> Self {
        let read = |sandbox: &mut Sandbox| Self {
            groups: sandbox.groups(),
            templates: templates(sandbox),
        };
        port.with(read).unwrap()
    }

    pub(crate) fn group(&self, name: &str) -> &AutoScalingGroup {
        self.groups.get(name).unwrap_or_else(|| panic!("there is no group {name}"))
    }

    pub(crate) fn template(&self, name: &str) -> &TemplateState {
        self.templates.get(name).unwrap_or_else(|| panic!("there is no template {name}"))
    }

    /// Returns the content that a group launches.
    pub(crate) fn launched(&self, name: &str) -> &kmax_model::TemplateData {
        let template = self.group(name).launch.template().expect("a template");
        let number = template.number().expect("a pinned version");
        &self.template(&template.name).versions[&number].data
    }

    /// Returns the account with what AWS makes up as it goes replaced: ids. A group that launches from
    /// a template of the right name and the wrong id stays different.
    pub(crate) fn without_ids(mut self) -> Self {
        let names: BTreeMap<String, String> = self
            .templates
            .values()
            .map(|state| (state.template.id.clone(), state.template.name.clone()))
            .collect();
        let rename = |id: &mut String| {
            *id = names.get(id).cloned().unwrap_or_else(|| "gone".to_owned());
        };
        for state in self.templates.values_mut() {
            rename(&mut state.template.id);
            state.versions.values_mut().for_each(|version| rename(&mut version.template_id));
        }
        for group in self.groups.values_mut() {
            match &mut group.launch {
                LaunchSource::Template(template) => rename(&mut template.id),
                LaunchSource::Mixed(policy) => rename(&mut policy.template.id),
                LaunchSource::None | LaunchSource::Configuration(_) => {}
            }
            for instance in &mut group.instances {
                "i".clone_into(&mut instance.id);
                instance.template.iter_mut().for_each(|template| rename(&mut template.id));
            }
            let key = |i: &kmax_model::Instance| (i.zone.clone(), i.instance_type.clone());
            group.instances.sort_by_key(key);
        }
        self
    }

    /// Returns the account as far as a config says how it has to be: without version numbers, with
    /// the content launched instead, and without the record of applies. Groups that pin no version
    /// are no pools.
    pub(crate) fn meaning(&self) -> BTreeMap<String, Fields> {
        let meaning = |group: &AutoScalingGroup| {
            let mut fields = group.fields();
            fields.retain(|path, _| {
                path != kmax_model::fields::TEMPLATE_VERSION && !path.starts_with("tags.kmax:appl")
            });
            let content = self.launched(&group.name).fields();
            fields.extend(content.into_iter().map(|(path, value)| (format!("new.{path}"), value)));
            (group.name.clone(), fields)
        };
        let pins = |group: &&AutoScalingGroup| {
            group.launch.template().is_some_and(|template| template.number().is_some())
        };
        self.groups.values().filter(pins).map(meaning).collect()
    }
}

fn templates(sandbox: &mut Sandbox) -> BTreeMap<String, TemplateState> {
    let mut templates = BTreeMap::new();
    let mut next_token = None;
    loop {
        let input = ops::DescribeLaunchTemplates { next_token, ..Default::default() };
        let Response::DescribeLaunchTemplates(page) =
            ask(sandbox, &Request::DescribeLaunchTemplates(input))
        else {
            panic!("another answer")
        };
        for template in page.items {
            let input = ops::DescribeLaunchTemplateVersions {
                template_id: Some(template.id.clone()),
                max_results: Some(200),
                ..Default::default()
            };
            let Response::DescribeLaunchTemplateVersions(page) =
                ask(sandbox, &Request::DescribeLaunchTemplateVersions(input))
            else {
                panic!("another answer")
            };
            assert_eq!(page.next_token, None, "at most 200 versions");
            let versions = page.items.into_iter().map(|v| (v.number, v)).collect();
            let name = template.name.clone();
            templates.insert(name, TemplateState { template, versions, failure: None });
        }
        next_token = page.next_token;
        if next_token.is_none() {
            return templates;
        }
    }
}
