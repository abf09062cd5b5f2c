//! Instances.

use aws_sdk_ec2::{Client, types};
use kmax_cloud::{CloudError, Operation, Page, ops};

use super::{filter, next_page, page_size, tag_map};
use crate::error::convert;

pub(crate) async fn describe_instances(
    client: &Client,
    input: ops::DescribeInstances,
) -> Result<Page<ops::Ec2Instance>, CloudError> {
    let ops::DescribeInstances { ids, launched_from, max_results, next_token } = input;
    let mut filters = Vec::new();
    if !ids.is_empty() {
        filters.push(filter("instance-id", ids));
    }
    if let Some(template) = launched_from {
        filters.push(filter("tag:aws:ec2launchtemplate:id", [template]));
    }
    let call = client
        .describe_instances()
        .set_filters((!filters.is_empty()).then_some(filters))
        .set_max_results(page_size(max_results))
        .set_next_token(next_token);
    let answer = call.send().await.map_err(|e| convert(Operation::DescribeInstances, e))?;
    let reservations = answer.reservations.unwrap_or_default().into_iter();
    let items =
        reservations.flat_map(|it| it.instances.unwrap_or_default()).map(instance).collect();
    Ok(Page { items, next_token: next_page(answer.next_token) })
}

fn instance(instance: types::Instance) -> ops::Ec2Instance {
    let state = instance.state.and_then(|it| it.name);
    ops::Ec2Instance {
        id: instance.instance_id.unwrap_or_default(),
        instance_type: instance.instance_type.map(|it| it.as_str().to_owned()).unwrap_or_default(),
        // EC2 names a lifecycle only where it is not the usual one.
        lifecycle: instance
            .instance_lifecycle
            .map_or_else(|| "on-demand".to_owned(), |it| it.as_str().to_owned()),
        state: state.map(|it| it.as_str().to_owned()).unwrap_or_default(),
        tags: tag_map(instance.tags),
    }
}
