//! The account at a glance.

use serde::Serialize;

use crate::sandbox::Sandbox;
use crate::state::AuditEntry;

/// What an account holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The account id.
    pub account: String,
    /// The region.
    pub region: String,
    /// The names of its EKS clusters.
    pub clusters: Vec<String>,
    /// The time of day there, seconds since 1970.
    pub now: u64,
    /// The date of the AMI release that is recommended.
    pub ami_release: Option<&'static str>,
    /// For how many reads what is new stays invisible.
    pub delay: u32,
    /// Its launch templates, by name.
    pub templates: Vec<TemplateSummary>,
    /// Its Auto Scaling groups, by name.
    pub groups: Vec<GroupSummary>,
    /// Faults that are still to come, as they are ordered.
    pub faults: Vec<String>,
    /// What happened beside the answers, the latest last.
    pub audit: Vec<AuditEntry>,
}

/// A launch template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemplateSummary {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// The number of the default version.
    pub default_version: u64,
    /// The number of the latest version.
    pub latest_version: u64,
    /// How many versions there are.
    pub versions: usize,
}

/// An Auto Scaling group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupSummary {
    /// Its name.
    pub name: String,
    /// Set while it is being deleted.
    pub status: Option<String>,
    /// The least size.
    pub min_size: u32,
    /// The greatest size.
    pub max_size: u32,
    /// The wanted size.
    pub desired_capacity: u32,
    /// The name and version of the template it launches from.
    pub template: Option<String>,
    /// Its instances: id, type, zone and template version.
    pub instances: Vec<String>,
    /// How many tags it carries.
    pub tags: usize,
    /// Suspended processes.
    pub suspended_processes: Vec<String>,
}

impl Sandbox {
    /// Returns the account at a glance, without a read that anything counts.
    pub fn show(&self) -> Summary {
        let state = &self.state;
        let mut templates: Vec<TemplateSummary> = state
            .templates
            .values()
            .map(|row| TemplateSummary {
                name: row.template.name.clone(),
                id: row.template.id.clone(),
                default_version: row.template.default_version,
                latest_version: row.template.latest_version,
                versions: state.versions.under(&format!("{}/", row.template.id)).count(),
            })
            .collect();
        templates.sort_by(|a, b| a.name.cmp(&b.name));
        let groups = state.groups.values().map(|row| {
            let group = &row.group;
            let version = |instance: &kmax_model::Instance| {
                let template = instance.template.as_ref();
                template.map_or_else(|| "?".to_owned(), |template| template.version.clone())
            };
            GroupSummary {
                name: group.name.clone(),
                status: group.status.clone(),
                min_size: group.min_size,
                max_size: group.max_size,
                desired_capacity: group.desired_capacity,
                template: group.launch.template().map(|t| format!("{} {}", t.name, t.version)),
                instances: group
                    .instances
                    .iter()
                    .map(|i| format!("{} {} {} v{}", i.id, i.instance_type, i.zone, version(i)))
                    .collect(),
                tags: group.tags.len(),
                suspended_processes: group.suspended_processes.iter().cloned().collect(),
            }
        });
        Summary {
            account: state.meta.account.clone(),
            region: state.meta.region.clone(),
            clusters: state.clusters.keys(),
            now: state.meta.now,
            ami_release: state.recommended_date(),
            delay: state.meta.delay,
            templates,
            groups: groups.collect(),
            faults: self.faults().iter().map(ToString::to_string).collect(),
            audit: self.audit_log(),
        }
    }
}
