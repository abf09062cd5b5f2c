//! AWS Security Token Service.

use aws_sdk_sts::Client;
use kmax_cloud::{CloudError, Operation, ops};

use crate::error::{convert, lacking};

pub(crate) async fn get_caller_identity(
    client: &Client,
    input: ops::GetCallerIdentity,
) -> Result<ops::CallerIdentity, CloudError> {
    const OPERATION: Operation = Operation::GetCallerIdentity;
    let ops::GetCallerIdentity {} = input;
    let answer = client.get_caller_identity().send().await.map_err(|e| convert(OPERATION, e))?;
    Ok(ops::CallerIdentity {
        account: answer.account.ok_or_else(|| lacking(OPERATION, "account"))?,
        arn: answer.arn.unwrap_or_default(),
    })
}
