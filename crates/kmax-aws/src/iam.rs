//! AWS Identity and Access Management.

use aws_sdk_iam::Client;
use kmax_cloud::{CloudError, Operation, ops};
use kmax_model::InstanceProfile;

use crate::error::{convert, lacking};

pub(crate) async fn get_instance_profile(
    client: &Client,
    input: ops::GetInstanceProfile,
) -> Result<InstanceProfile, CloudError> {
    const OPERATION: Operation = Operation::GetInstanceProfile;
    let ops::GetInstanceProfile { name } = input;
    let call = client.get_instance_profile().instance_profile_name(name);
    let answer = call.send().await.map_err(|e| convert(OPERATION, e))?;
    let profile = answer.instance_profile.ok_or_else(|| lacking(OPERATION, "profile"))?;
    Ok(InstanceProfile {
        name: profile.instance_profile_name,
        arn: profile.arn,
        roles: profile.roles.into_iter().map(|role| role.role_name).collect(),
    })
}
