//! Removes template versions that nothing needs any more.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use kmax_cloud::{collect_pages, ops};
use kmax_model::{
    Address, AutoScalingGroup, LastApplied, TAG_APPLIED, TemplateRef, TemplateVersion,
};

use crate::context::{Context, StepError};
use crate::template::Offered;

/// So many of the versions that nothing needs stay all the same.
const KEPT: usize = 5;
/// ec2:DeleteLaunchTemplateVersions takes so many.
const VERSIONS_PER_CALL: usize = 200;
/// How many templates are pruned at the same time.
const AT_A_TIME: usize = 4;

/// Prunes the templates that an apply gave a new version. Failures are said and end nothing.
pub(crate) async fn prune(context: &Context<'_>, templates: &BTreeMap<Address, Offered>) {
    let candidates: Vec<(&Address, &Offered)> =
        templates.iter().filter(|(_, offered)| offered.number > KEPT as u64 + 1).collect();
    if candidates.is_empty() {
        return;
    }
    let groups = match all_groups(context).await {
        Ok(groups) => groups,
        Err(error) => {
            for (address, _) in candidates {
                say(context, address, error.clone());
            }
            return;
        }
    };
    let groups = &groups;
    futures::stream::iter(candidates)
        .for_each_concurrent(AT_A_TIME, |(address, offered)| async move {
            if let Err(error) = prune_one(context, address, &offered.id, groups).await {
                say(context, address, error);
            }
        })
        .await;
}

fn say(context: &Context<'_>, address: &Address, error: StepError) {
    let why = match error {
        StepError::Cloud(error) => error.to_string(),
        StepError::Refused { message, .. } | StepError::TimedOut(message) => message,
        StepError::Cancelled => return,
        StepError::Lock(error) => error.to_string(),
    };
    context.step(address, format!("old versions were not removed: {why}"));
}

async fn all_groups(context: &Context<'_>) -> Result<Vec<AutoScalingGroup>, StepError> {
    let listing = collect_pages(async |next_token| {
        let input = ops::DescribeAutoScalingGroups {
            names: Vec::new(),
            max_records: Some(100),
            next_token,
        };
        context.aws.describe_auto_scaling_groups(input).await
    });
    context.read(listing).await
}

/// Returns the versions that groups pin, record, or have instances of.
fn used_by_groups(name: &str, groups: &[AutoScalingGroup]) -> BTreeSet<u64> {
    let number = |template: &TemplateRef| (template.name == name).then(|| template.number())?;
    let mut used = BTreeSet::new();
    for group in groups {
        used.extend(group.launch.template().and_then(number));
        used.extend(group.instances.iter().filter_map(|i| i.template.as_ref()).filter_map(number));
        if group.name == name
            && let Some(applied) = group.tags.get(TAG_APPLIED)
            && let Ok(applied) = applied.value.parse::<LastApplied>()
        {
            used.insert(applied.template_version);
        }
    }
    used
}

async fn prune_one(
    context: &Context<'_>,
    address: &Address,
    id: &str,
    groups: &[AutoScalingGroup],
) -> Result<(), StepError> {
    let Some(template) = context.find_template(&address.name).await? else { return Ok(()) };
    let listing = collect_pages(async |next_token| {
        let input = ops::DescribeLaunchTemplateVersions {
            template_id: Some(id.to_owned()),
            versions: Vec::new(),
            max_results: Some(200),
            next_token,
        };
        context.aws.describe_launch_template_versions(input).await
    });
    let versions = context.read(listing).await?;
    let mut used = used_by_groups(&address.name, groups);
    used.insert(template.default_version);
    let mut spare: Vec<u64> = versions
        .iter()
        .filter(|version| !used.contains(&version.number) && version.is_kmax())
        .map(|version: &TemplateVersion| version.number)
        .collect();
    spare.sort_unstable();
    spare.truncate(spare.len().saturating_sub(KEPT));
    if spare.is_empty() {
        return Ok(());
    }
    // An instance that was launched by hand names its version only in a tag.
    let listing = collect_pages(async |next_token| {
        let input = ops::DescribeInstances {
            ids: Vec::new(),
            launched_from: Some(id.to_owned()),
            max_results: Some(1000),
            next_token,
        };
        context.aws.describe_instances(input).await
    });
    let instances = context.read(listing).await?;
    let living: BTreeSet<u64> = instances
        .iter()
        .filter(|instance| instance.state != "terminated")
        .filter_map(|i| i.tags.get("aws:ec2launchtemplate:version")?.parse().ok())
        .collect();
    spare.retain(|number| !living.contains(number));
    for numbers in spare.chunks(VERSIONS_PER_CALL) {
        let input = ops::DeleteLaunchTemplateVersions {
            template_id: id.to_owned(),
            versions: numbers.to_vec(),
        };
        let deletions = context.write(context.aws.delete_launch_template_versions(input)).await?;
        for deletion in deletions {
            if let Some((code, message)) = deletion.error {
                let version = deletion.version;
                context.step(address, format!("version {version} stays: {code}: {message}"));
            }
        }
    }
    Ok(())
}
