//! Launch templates: the steps of create, update and delete.

use std::collections::BTreeMap;

use kmax_cloud::{ErrorClass, ops};
use kmax_model::{Address, Change, TemplateData, TemplateVersionWork, TemplateWork};

use crate::context::{Context, StepError, moved, unchanged};

/// A version that a group can pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offered {
    /// The template's id.
    pub(crate) id: String,
    /// The version's number.
    pub(crate) number: u64,
}

/// Does everything that comes before the group is touched. None is a template that is gone.
pub(crate) async fn begin(
    context: &Context<'_>,
    change: &Change,
    work: &TemplateWork,
) -> Result<Option<Offered>, StepError> {
    let address = &change.address;
    match work {
        TemplateWork::Create { data, tags } => create(context, address, data, tags).await.map(Some),
        TemplateWork::Update { id, set_tags: _, version, previous_user_data: _ } => {
            let Some(live) = context.find_template(&address.name).await? else {
                return Err(moved(address, "is gone"));
            };
            unchanged(address, &change.observed, &live.fields())?;
            let number = match version {
                TemplateVersionWork::Keep { number, content: _ } => *number,
                TemplateVersionWork::Make(data) => make(context, address, id, data).await?,
            };
            Ok(Some(Offered { id: id.clone(), number }))
        }
        TemplateWork::Delete { id } => {
            delete(context, address, id).await?;
            Ok(None)
        }
    }
}

async fn create(
    context: &Context<'_>,
    address: &Address,
    data: &TemplateData,
    tags: &BTreeMap<String, String>,
) -> Result<Offered, StepError> {
    // The name is unique: creating it is the test whether it is there.
    let input = ops::CreateLaunchTemplate {
        name: address.name.clone(),
        description: data.description(),
        data: data.clone(),
        tags: tags.clone(),
        client_token: context.client_token(address, "create"),
    };
    let template = match context.write(context.aws.create_launch_template(input)).await {
        Err(StepError::Cloud(error)) if error.class == ErrorClass::AlreadyExists => {
            return Err(moved(address, "came up meanwhile"));
        }
        answer => answer?,
    };
    // Where Auto Scaling has not heard of it yet, creating the group is tried again.
    Ok(Offered { id: template.id, number: template.latest_version })
}

async fn make(
    context: &Context<'_>,
    address: &Address,
    id: &str,
    data: &TemplateData,
) -> Result<u64, StepError> {
    context.step(address, "new version");
    let input = ops::CreateLaunchTemplateVersion {
        template_id: id.to_owned(),
        description: data.description(),
        data: data.clone(),
        client_token: context.client_token(address, "version"),
    };
    let made = context.write(context.aws.create_launch_template_version(input)).await?;
    context
        .wait_for("the new template version was not seen", async || {
            let input = ops::DescribeLaunchTemplateVersions {
                template_id: Some(id.to_owned()),
                versions: vec![made.number.to_string()],
                ..Default::default()
            };
            match context.read(context.aws.describe_launch_template_versions(input)).await {
                Err(StepError::Cloud(error)) if error.class == ErrorClass::NotFound => Ok(None),
                answer => Ok(answer?.items.into_iter().next()),
            }
        })
        .await?;
    Ok(made.number)
}

/// Takes ownership and moves the default version, once the group pins its new one.
///
/// Until the group's record is written, which comes after this, the group is marked: a crash before
/// or after is no person's hand.
pub(crate) async fn finish(
    context: &Context<'_>,
    address: &Address,
    set_tags: &BTreeMap<String, String>,
    offered: &Offered,
) -> Result<(), StepError> {
    let Some(live) = context.find_template(&address.name).await? else {
        return Err(moved(address, "is gone"));
    };
    if live.id != offered.id {
        return Err(moved(address, "is another template of that name now"));
    }
    if !set_tags.is_empty() {
        context.step(address, "tags");
        let input = ops::CreateTags { resource: offered.id.clone(), tags: set_tags.clone() };
        context.write(context.aws.create_tags(input)).await?;
    }
    if live.default_version != offered.number {
        context.step(address, "default version");
        let input = ops::ModifyLaunchTemplate {
            template_id: offered.id.clone(),
            default_version: offered.number,
            client_token: context.client_token(address, "default"),
        };
        context.write(context.aws.modify_launch_template(input)).await?;
    }
    Ok(())
}

async fn delete(context: &Context<'_>, address: &Address, id: &str) -> Result<(), StepError> {
    let Some(live) = context.find_template(&address.name).await? else { return Ok(()) };
    if live.id != id {
        return Err(moved(address, "is another template of that name now"));
    }
    // EC2 would delete it under a group's feet.
    if context.find_group(&address.name).await?.is_some() {
        return Err(moved(address, "still has its Auto Scaling group"));
    }
    let input = ops::DeleteLaunchTemplate { template_id: id.to_owned() };
    match context.write(context.aws.delete_launch_template(input)).await {
        Err(StepError::Cloud(error)) if error.class == ErrorClass::NotFound => Ok(()),
        answer => answer,
    }
}
