//! AWS Systems Manager.

use std::collections::BTreeMap;

use aws_sdk_ssm::Client;
use kmax_cloud::{CloudError, Operation, ops};

use crate::error::convert;

pub(crate) async fn get_parameters(
    client: &Client,
    input: ops::GetParameters,
) -> Result<BTreeMap<String, String>, CloudError> {
    let ops::GetParameters { names } = input;
    let call = client.get_parameters().set_names(Some(names));
    let answer = call.send().await.map_err(|e| convert(Operation::GetParameters, e))?;
    let found = answer.parameters.unwrap_or_default().into_iter();
    Ok(found.filter_map(|it| it.name.zip(it.value)).collect())
}
