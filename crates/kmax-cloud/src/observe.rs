//! Reads everything that a plan needs, in bulk and concurrently.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::StreamExt;
use kmax_model::{
    AutoScalingGroup, EksCluster, Image, InstanceProfile, InstanceType, LastApplied, Offering,
    Owner, Read, ReadFailure, Scope, SecurityGroup, Snapshot, Subnet, TAG_APPLIED, TemplateState,
};

use crate::versions::{TEMPLATE_PAGE, read_versions};
use crate::{Aws, CloudError, ErrorClass, Meter, Metered, collect_pages, ops};

/// The page size of Auto Scaling's listings.
const GROUP_PAGE: u32 = 100;
/// ssm:GetParameters takes so many names.
const PARAMETERS_PER_CALL: usize = 10;
/// ec2:DescribeImages and DescribeInstances take so many values of a filter.
const FILTER_VALUES: usize = 200;

pub(crate) fn failure(error: &CloudError) -> ReadFailure {
    ReadFailure {
        source: error.operation.action(),
        error: format!("{}: {}", error.code, error.message),
    }
}

fn read<T>(answer: Result<T, CloudError>) -> Read<T> {
    match answer {
        Ok(value) => Read::Got(value),
        Err(error) => Read::Failed(failure(&error)),
    }
}

/// Turns "there is none" into data.
fn found<T>(answer: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.class == ErrorClass::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a snapshot. It never fails: what could not be read is in it as such.
pub async fn observe(aws: &Aws, scope: &Scope) -> Snapshot {
    let meter = Arc::new(Meter::default());
    let aws = &Aws::new(Arc::new(Metered::new(aws.port(), Arc::clone(&meter))));
    let (
        account,
        (cluster, parameters),
        (subnets, security_groups),
        (groups, templates),
        (instance_profiles, images),
        (instance_types, offerings),
    ) = tokio::join!(
        account(aws),
        async {
            let cluster = cluster(aws, scope).await;
            let version = cluster.as_ref().ok().and_then(Option::as_ref).map(|c| &*c.version);
            let parameters = parameters(aws, scope, version).await;
            (cluster, parameters)
        },
        async { tokio::join!(subnets(aws, scope), security_groups(aws, scope)) },
        async { tokio::join!(groups(aws), templates(aws, scope)) },
        async { tokio::join!(instance_profiles(aws, scope), images(aws, scope)) },
        catalog(aws, scope),
    );
    let (groups, mut templates) = (read(groups), read(templates));
    if let Read::Got(templates) = &mut templates {
        let wanted = groups.got().map(pinned_versions).unwrap_or_default();
        read_versions(aws, templates, &wanted).await;
    }
    let lifecycles = match groups.got() {
        Some(groups) => lifecycles(aws, scope, groups).await,
        None => Read::NotRead,
    };
    Snapshot {
        account: read(account),
        cluster: read(cluster),
        subnets: read(subnets),
        security_groups: read(security_groups),
        instance_profiles,
        groups,
        templates,
        images,
        parameters,
        instance_types,
        offerings,
        lifecycles,
        calls: meter.calls(),
    }
}

async fn account(aws: &Aws) -> Result<String, CloudError> {
    Ok(aws.get_caller_identity(ops::GetCallerIdentity {}).await?.account)
}

async fn cluster(aws: &Aws, scope: &Scope) -> Result<Option<EksCluster>, CloudError> {
    found(aws.describe_cluster(ops::DescribeCluster { name: scope.cluster.clone() }).await)
}

async fn subnets(aws: &Aws, scope: &Scope) -> Result<Vec<Subnet>, CloudError> {
    collect_pages(async |next_token| {
        let vpc_id = Some(scope.vpc.clone());
        aws.describe_subnets(ops::DescribeSubnets { vpc_id, next_token }).await
    })
    .await
}

async fn security_groups(aws: &Aws, scope: &Scope) -> Result<Vec<SecurityGroup>, CloudError> {
    collect_pages(async |next_token| {
        let vpc_id = Some(scope.vpc.clone());
        aws.describe_security_groups(ops::DescribeSecurityGroups { vpc_id, next_token }).await
    })
    .await
}

/// Reads all groups of the region: ours, those that have a pool's name, and whoever else pins a
/// template of ours.
async fn groups(aws: &Aws) -> Result<BTreeMap<String, AutoScalingGroup>, CloudError> {
    let groups = collect_pages(async |next_token| {
        let input = ops::DescribeAutoScalingGroups {
            names: Vec::new(),
            max_records: Some(GROUP_PAGE),
            next_token,
        };
        aws.describe_auto_scaling_groups(input).await
    })
    .await?;
    Ok(groups.into_iter().map(|group| (group.name.clone(), group)).collect())
}

/// Reads the templates that carry the cluster's tag, then those of a pool's name that do not.
async fn templates(
    aws: &Aws,
    scope: &Scope,
) -> Result<BTreeMap<String, TemplateState>, CloudError> {
    let listing = async |names: Vec<String>, tags: BTreeMap<String, String>| {
        collect_pages(async |next_token| {
            let input = ops::DescribeLaunchTemplates {
                names: names.clone(),
                tags: tags.clone(),
                max_results: Some(TEMPLATE_PAGE),
                next_token,
            };
            aws.describe_launch_templates(input).await
        })
        .await
    };
    let tag = BTreeMap::from([(Owner::cluster_tag().to_owned(), scope.cluster.clone())]);
    let mut found = listing(Vec::new(), tag).await?;
    let known: BTreeSet<&String> = found.iter().map(|template| &template.name).collect();
    let others: Vec<String> =
        scope.names.iter().filter(|name| !known.contains(name)).cloned().collect();
    for names in others.chunks(FILTER_VALUES) {
        found.extend(listing(names.to_vec(), BTreeMap::new()).await?);
    }
    let state = |template: kmax_model::LaunchTemplate| {
        (template.name.clone(), TemplateState { template, ..TemplateState::default() })
    };
    Ok(found.into_iter().map(state).collect())
}

/// Returns, by template name, the versions that groups pin and that were last applied.
fn pinned_versions(groups: &BTreeMap<String, AutoScalingGroup>) -> BTreeMap<String, BTreeSet<u64>> {
    let mut wanted: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for group in groups.values() {
        if let Some(template) = group.launch.template()
            && let Some(number) = template.number()
        {
            wanted.entry(template.name.clone()).or_default().insert(number);
        }
        if let Some(applied) = group.tags.get(TAG_APPLIED)
            && let Ok(applied) = applied.value.parse::<LastApplied>()
        {
            wanted.entry(group.name.clone()).or_default().insert(applied.template_version);
        }
    }
    wanted
}

async fn instance_profiles(
    aws: &Aws,
    scope: &Scope,
) -> BTreeMap<String, Read<Option<InstanceProfile>>> {
    let reads = scope.instance_profiles.iter().map(|name| async move {
        let input = ops::GetInstanceProfile { name: name.clone() };
        (name.clone(), read(found(aws.get_instance_profile(input).await)))
    });
    futures::stream::iter(reads).buffer_unordered(4).collect().await
}

async fn images(aws: &Aws, scope: &Scope) -> Read<BTreeMap<String, Image>> {
    if scope.images.is_empty() {
        return Read::NotRead;
    }
    let ids: Vec<String> = scope.images.iter().cloned().collect();
    let mut found = BTreeMap::new();
    for ids in ids.chunks(FILTER_VALUES) {
        let answer = collect_pages(async |next_token| {
            aws.describe_images(ops::DescribeImages { ids: ids.to_vec(), next_token }).await
        });
        match answer.await {
            Ok(images) => found.extend(images.into_iter().map(|i| (i.id.clone(), i))),
            Err(error) => return Read::Failed(failure(&error)),
        }
    }
    Read::Got(found)
}

async fn parameters(
    aws: &Aws,
    scope: &Scope,
    version: Option<&str>,
) -> Read<BTreeMap<String, String>> {
    let names: Vec<String> = match version {
        Some(version) => {
            scope.parameters.iter().map(|name| name.replace("{version}", version)).collect()
        }
        None => Vec::new(),
    };
    if names.is_empty() {
        return Read::NotRead;
    }
    let mut found = BTreeMap::new();
    for names in names.chunks(PARAMETERS_PER_CALL) {
        match aws.get_parameters(ops::GetParameters { names: names.to_vec() }).await {
            Ok(values) => found.extend(values),
            Err(error) => return Read::Failed(failure(&error)),
        }
    }
    Read::Got(found)
}

async fn catalog(aws: &Aws, scope: &Scope) -> (Read<Vec<InstanceType>>, Read<BTreeSet<Offering>>) {
    if !scope.catalog {
        return (Read::NotRead, Read::NotRead);
    }
    let types = collect_pages(async |next_token| {
        let input =
            ops::DescribeInstanceTypes { architecture: None, max_results: Some(100), next_token };
        aws.describe_instance_types(input).await
    });
    let offerings = collect_pages(async |next_token| {
        let input = ops::DescribeInstanceTypeOfferings {
            zones: BTreeSet::new(),
            max_results: Some(1000),
            next_token,
        };
        aws.describe_instance_type_offerings(input).await
    });
    let (types, offerings) = tokio::join!(types, offerings);
    (read(types), read(offerings.map(|offerings| offerings.into_iter().collect())))
}

/// Reads how the instances of groups to be adopted were bought.
async fn lifecycles(
    aws: &Aws,
    scope: &Scope,
    groups: &BTreeMap<String, AutoScalingGroup>,
) -> Read<BTreeMap<String, String>> {
    let ids: Vec<String> = scope
        .adopt
        .iter()
        .filter_map(|name| groups.get(name))
        .flat_map(|group| &group.instances)
        .map(|instance| instance.id.clone())
        .collect();
    let mut found = BTreeMap::new();
    for ids in ids.chunks(FILTER_VALUES) {
        let answer = collect_pages(async |next_token| {
            let input = ops::DescribeInstances {
                ids: ids.to_vec(),
                launched_from: None,
                max_results: None,
                next_token,
            };
            aws.describe_instances(input).await
        });
        match answer.await {
            Ok(instances) => found.extend(instances.into_iter().map(|i| (i.id, i.lifecycle))),
            Err(error) => return Read::Failed(failure(&error)),
        }
    }
    Read::Got(found)
}
