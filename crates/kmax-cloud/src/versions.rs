//! Reads template versions, in bulk or one template at a time, whichever is cheaper.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use kmax_model::{ReadFailure, TemplateState, TemplateVersion};

use crate::observe::failure;
use crate::ops::DescribeLaunchTemplateVersions;
use crate::{Aws, CloudError, ErrorClass, Operation, collect_pages};

/// The page size of EC2's template listings.
pub(crate) const TEMPLATE_PAGE: u32 = 200;
/// How many templates are read one by one at a time.
const SINGLE_READS: usize = 8;
/// Up to so many templates are read one by one from the start.
const FEW: usize = 3;

/// Fills in the latest and the default version of every template, then those that `wanted` names.
///
/// The bulk listing goes over all templates of the region, also those of others, and nothing says
/// beforehand how many there are. So pages are read until as many were read as there are
/// templates still without their versions; the rest is read one by one. That costs at most twice
/// the calls of the cheaper way.
pub(crate) async fn read_versions(
    aws: &Aws,
    templates: &mut BTreeMap<String, TemplateState>,
    wanted: &BTreeMap<String, BTreeSet<u64>>,
) {
    if templates.len() > FEW {
        read_bulk(aws, templates).await;
    }
    read_singly(aws, templates, wanted).await;
}

fn missing(state: &TemplateState, wanted: Option<&BTreeSet<u64>>) -> BTreeSet<u64> {
    let template = &state.template;
    let mut numbers = BTreeSet::from([template.latest_version, template.default_version]);
    // A version that is asked for may be gone; one beyond the latest never was.
    let exists = |number: &&u64| **number >= 1 && **number <= template.latest_version;
    numbers.extend(wanted.into_iter().flatten().filter(exists));
    numbers.retain(|number| !state.versions.contains_key(number));
    numbers
}

async fn read_bulk(aws: &Aws, templates: &mut BTreeMap<String, TemplateState>) {
    let mut next_token = None;
    let mut pages = 0;
    loop {
        let input = DescribeLaunchTemplateVersions {
            template_id: None,
            versions: vec!["$Latest".to_owned(), "$Default".to_owned()],
            max_results: Some(TEMPLATE_PAGE),
            next_token,
        };
        // What bulk reading could not give, single reads ask for again; their error counts.
        let Ok(page) = aws.describe_launch_template_versions(input).await else {
            return;
        };
        pages += 1;
        for version in page.items {
            insert(templates, version);
        }
        let left = templates.values().filter(|state| !missing(state, None).is_empty()).count();
        next_token = page.next_token;
        if next_token.is_none() || left == 0 || pages >= left {
            return;
        }
    }
}

fn insert(templates: &mut BTreeMap<String, TemplateState>, version: TemplateVersion) {
    if let Some(state) = templates.get_mut(&version.template_name)
        && state.template.id == version.template_id
    {
        state.versions.insert(version.number, version);
    }
}

async fn read_singly(
    aws: &Aws,
    templates: &mut BTreeMap<String, TemplateState>,
    wanted: &BTreeMap<String, BTreeSet<u64>>,
) {
    let open: Vec<(String, String, BTreeSet<u64>)> = templates
        .iter()
        .map(|(name, state)| {
            (name.clone(), state.template.id.clone(), missing(state, wanted.get(name)))
        })
        .filter(|(_, _, numbers)| !numbers.is_empty())
        .collect();
    let reads = futures::stream::iter(open.into_iter().map(|(name, id, numbers)| async move {
        let answer = read_numbers(aws, &id, &numbers).await;
        (name, answer)
    }));
    let answers: Vec<_> = reads.buffer_unordered(SINGLE_READS).collect().await;
    for (name, answer) in answers {
        match answer {
            Ok(versions) => versions.into_iter().for_each(|version| insert(templates, version)),
            Err(error) => {
                if let Some(state) = templates.get_mut(&name) {
                    state.failure = Some(ReadFailure {
                        source: format!(
                            "{} of {name}",
                            Operation::DescribeLaunchTemplateVersions.action()
                        ),
                        error: failure(&error).error,
                    });
                }
            }
        }
    }
}

/// Reads versions of one template by number; numbers that are gone are left out.
///
/// EC2 refuses the whole call where one number is gone, so then each is asked for by itself.
async fn read_numbers(
    aws: &Aws,
    template_id: &str,
    numbers: &BTreeSet<u64>,
) -> Result<Vec<TemplateVersion>, CloudError> {
    let read = async |versions: Vec<String>| {
        collect_pages(async |next_token| {
            aws.describe_launch_template_versions(DescribeLaunchTemplateVersions {
                template_id: Some(template_id.to_owned()),
                versions: versions.clone(),
                max_results: Some(TEMPLATE_PAGE),
                next_token,
            })
            .await
        })
        .await
    };
    match read(numbers.iter().map(u64::to_string).collect()).await {
        Err(error) if error.class == ErrorClass::NotFound => {}
        answer => return answer,
    }
    let mut found = Vec::new();
    for number in numbers {
        match read(vec![number.to_string()]).await {
            Ok(versions) => found.extend(versions),
            Err(error) if error.class == ErrorClass::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
