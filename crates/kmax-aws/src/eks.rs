//! Amazon EKS.

use aws_sdk_eks::Client;
use aws_sdk_eks::types::Cluster;
use kmax_cloud::{CloudError, Operation, ops};
use kmax_model::EksCluster;

use crate::error::{convert, lacking};

pub(crate) async fn describe_cluster(
    client: &Client,
    input: ops::DescribeCluster,
) -> Result<EksCluster, CloudError> {
    const OPERATION: Operation = Operation::DescribeCluster;
    let ops::DescribeCluster { name } = input;
    let answer =
        client.describe_cluster().name(name).send().await.map_err(|e| convert(OPERATION, e))?;
    answer.cluster.map(cluster).ok_or_else(|| lacking(OPERATION, "cluster"))
}

fn cluster(cluster: Cluster) -> EksCluster {
    let network = cluster.kubernetes_network_config;
    let vpc = cluster.resources_vpc_config;
    let access = cluster.access_config;
    EksCluster {
        name: cluster.name.unwrap_or_default(),
        status: cluster.status.map(|it| it.as_str().to_owned()).unwrap_or_default(),
        version: cluster.version.unwrap_or_default(),
        endpoint: text(cluster.endpoint),
        certificate_authority: cluster.certificate_authority.and_then(|it| text(it.data)),
        // A cluster has one family of addresses.
        service_cidr: network
            .and_then(|it| text(it.service_ipv4_cidr).or_else(|| text(it.service_ipv6_cidr))),
        vpc_id: vpc.as_ref().and_then(|it| text(it.vpc_id.clone())),
        cluster_security_group_id: vpc
            .as_ref()
            .and_then(|it| text(it.cluster_security_group_id.clone())),
        subnet_ids: vpc.and_then(|it| it.subnet_ids).unwrap_or_default().into_iter().collect(),
        authentication_mode: access
            .and_then(|it| it.authentication_mode)
            .map(|it| it.as_str().to_owned()),
    }
}

fn text(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
