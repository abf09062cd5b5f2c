//! Subnets and security groups.

use aws_sdk_ec2::{Client, types};
use kmax_cloud::{CloudError, Operation, Page, ops};
use kmax_model::{SecurityGroup, Subnet};

use super::{filter, next_page, tag_map};
use crate::error::convert;

pub(crate) async fn describe_subnets(
    client: &Client,
    input: ops::DescribeSubnets,
) -> Result<Page<Subnet>, CloudError> {
    let ops::DescribeSubnets { vpc_id, next_token } = input;
    let filters = vpc_id.map(|id| vec![filter("vpc-id", [id])]);
    let call = client.describe_subnets().set_filters(filters).set_next_token(next_token);
    let answer = call.send().await.map_err(|e| convert(Operation::DescribeSubnets, e))?;
    let items = answer.subnets.unwrap_or_default().into_iter().map(subnet).collect();
    Ok(Page { items, next_token: next_page(answer.next_token) })
}

fn subnet(subnet: types::Subnet) -> Subnet {
    Subnet {
        id: subnet.subnet_id.unwrap_or_default(),
        vpc_id: subnet.vpc_id.unwrap_or_default(),
        zone: subnet.availability_zone.unwrap_or_default(),
        free_addresses: subnet
            .available_ip_address_count
            .and_then(|count| count.try_into().ok())
            .unwrap_or_default(),
        tags: tag_map(subnet.tags),
    }
}

pub(crate) async fn describe_security_groups(
    client: &Client,
    input: ops::DescribeSecurityGroups,
) -> Result<Page<SecurityGroup>, CloudError> {
    let ops::DescribeSecurityGroups { vpc_id, next_token } = input;
    let filters = vpc_id.map(|id| vec![filter("vpc-id", [id])]);
    let call = client.describe_security_groups().set_filters(filters).set_next_token(next_token);
    let answer = call.send().await.map_err(|e| convert(Operation::DescribeSecurityGroups, e))?;
    let items = answer.security_groups.unwrap_or_default().into_iter().map(group).collect();
    Ok(Page { items, next_token: next_page(answer.next_token) })
}

fn group(group: types::SecurityGroup) -> SecurityGroup {
    SecurityGroup {
        id: group.group_id.unwrap_or_default(),
        name: group.group_name.unwrap_or_default(),
        vpc_id: group.vpc_id.unwrap_or_default(),
        tags: tag_map(group.tags),
    }
}
