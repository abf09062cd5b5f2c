//! Launch templates and their versions.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{self, ResourceType, TagSpecification};
use kmax_cloud::{CloudError, Operation, Page, ops};
use kmax_model::{LaunchTemplate, TemplateVersion};

use super::template_data::{read_data, write_data};
use super::{filter, next_page, page_size, tag_list, tag_map};
use crate::error::{convert, lacking};

pub(crate) async fn describe_launch_templates(
    client: &Client,
    input: ops::DescribeLaunchTemplates,
) -> Result<Page<LaunchTemplate>, CloudError> {
    let ops::DescribeLaunchTemplates { names, tags, max_results, next_token } = input;
    let mut filters = Vec::new();
    if !names.is_empty() {
        filters.push(filter("launch-template-name", names));
    }
    for (key, value) in tags {
        filters.push(filter(format!("tag:{key}"), [value]));
    }
    let call = client
        .describe_launch_templates()
        .set_filters((!filters.is_empty()).then_some(filters))
        .set_max_results(page_size(max_results))
        .set_next_token(next_token);
    let answer = call.send().await.map_err(|e| convert(Operation::DescribeLaunchTemplates, e))?;
    let items = answer.launch_templates.unwrap_or_default().into_iter().map(template).collect();
    Ok(Page { items, next_token: next_page(answer.next_token) })
}

pub(crate) async fn describe_launch_template_versions(
    client: &Client,
    input: ops::DescribeLaunchTemplateVersions,
) -> Result<Page<TemplateVersion>, CloudError> {
    let ops::DescribeLaunchTemplateVersions { template_id, versions, max_results, next_token } =
        input;
    let call = client
        .describe_launch_template_versions()
        .set_launch_template_id(template_id)
        .set_versions((!versions.is_empty()).then_some(versions))
        .set_max_results(page_size(max_results))
        .set_next_token(next_token);
    let answer =
        call.send().await.map_err(|e| convert(Operation::DescribeLaunchTemplateVersions, e))?;
    let versions = answer.launch_template_versions.unwrap_or_default();
    let items = versions.into_iter().map(version).collect();
    Ok(Page { items, next_token: next_page(answer.next_token) })
}

pub(crate) async fn create_launch_template(
    client: &Client,
    input: ops::CreateLaunchTemplate,
) -> Result<LaunchTemplate, CloudError> {
    const OPERATION: Operation = Operation::CreateLaunchTemplate;
    let ops::CreateLaunchTemplate { name, description, data, tags, client_token } = input;
    let specification = (!tags.is_empty()).then(|| {
        let specification = TagSpecification::builder().resource_type(ResourceType::LaunchTemplate);
        vec![specification.set_tags(Some(tag_list(&tags))).build()]
    });
    let call = client
        .create_launch_template()
        .launch_template_name(name)
        .set_version_description(text(description))
        .launch_template_data(write_data(OPERATION, &data)?)
        .set_tag_specifications(specification)
        .set_client_token(text(client_token));
    let answer = call.send().await.map_err(|e| convert(OPERATION, e))?;
    answer.launch_template.map(template).ok_or_else(|| lacking(OPERATION, "template"))
}

pub(crate) async fn create_launch_template_version(
    client: &Client,
    input: ops::CreateLaunchTemplateVersion,
) -> Result<TemplateVersion, CloudError> {
    const OPERATION: Operation = Operation::CreateLaunchTemplateVersion;
    let ops::CreateLaunchTemplateVersion { template_id, description, data, client_token } = input;
    let call = client
        .create_launch_template_version()
        .launch_template_id(template_id)
        .set_version_description(text(description))
        .launch_template_data(write_data(OPERATION, &data)?)
        .set_client_token(text(client_token));
    let answer = call.send().await.map_err(|e| convert(OPERATION, e))?;
    answer.launch_template_version.map(version).ok_or_else(|| lacking(OPERATION, "version"))
}

pub(crate) async fn modify_launch_template(
    client: &Client,
    input: ops::ModifyLaunchTemplate,
) -> Result<LaunchTemplate, CloudError> {
    const OPERATION: Operation = Operation::ModifyLaunchTemplate;
    let ops::ModifyLaunchTemplate { template_id, default_version, client_token } = input;
    let call = client
        .modify_launch_template()
        .launch_template_id(template_id)
        .default_version(default_version.to_string())
        .set_client_token(text(client_token));
    let answer = call.send().await.map_err(|e| convert(OPERATION, e))?;
    answer.launch_template.map(template).ok_or_else(|| lacking(OPERATION, "template"))
}

pub(crate) async fn delete_launch_template(
    client: &Client,
    input: ops::DeleteLaunchTemplate,
) -> Result<(), CloudError> {
    let ops::DeleteLaunchTemplate { template_id } = input;
    let call = client.delete_launch_template().launch_template_id(template_id);
    call.send().await.map_err(|e| convert(Operation::DeleteLaunchTemplate, e))?;
    Ok(())
}

pub(crate) async fn delete_launch_template_versions(
    client: &Client,
    input: ops::DeleteLaunchTemplateVersions,
) -> Result<Vec<ops::VersionDeletion>, CloudError> {
    let ops::DeleteLaunchTemplateVersions { template_id, versions } = input;
    let call = client
        .delete_launch_template_versions()
        .launch_template_id(template_id)
        .set_versions(Some(versions.iter().map(ToString::to_string).collect()));
    let answer =
        call.send().await.map_err(|e| convert(Operation::DeleteLaunchTemplateVersions, e))?;
    let deleted = answer.successfully_deleted_launch_template_versions.unwrap_or_default();
    let failed = answer.unsuccessfully_deleted_launch_template_versions.unwrap_or_default();
    let deleted = deleted
        .into_iter()
        .map(|item| ops::VersionDeletion { version: number(item.version_number), error: None });
    let failed = failed.into_iter().map(|item| {
        let error = item.response_error.unwrap_or_else(|| types::ResponseError::builder().build());
        let code = error.code.map_or("unexpectedError".to_owned(), |it| it.as_str().to_owned());
        let error = Some((code, error.message.unwrap_or_default()));
        ops::VersionDeletion { version: number(item.version_number), error }
    });
    let mut all: Vec<_> = deleted.chain(failed).collect();
    all.sort_by_key(|item| item.version);
    Ok(all)
}

fn template(template: types::LaunchTemplate) -> LaunchTemplate {
    LaunchTemplate {
        id: template.launch_template_id.unwrap_or_default(),
        name: template.launch_template_name.unwrap_or_default(),
        default_version: number(template.default_version_number),
        latest_version: number(template.latest_version_number),
        tags: tag_map(template.tags),
    }
}

fn version(version: types::LaunchTemplateVersion) -> TemplateVersion {
    TemplateVersion {
        template_id: version.launch_template_id.unwrap_or_default(),
        template_name: version.launch_template_name.unwrap_or_default(),
        number: number(version.version_number),
        description: version.version_description.unwrap_or_default(),
        data: version.launch_template_data.map(read_data).unwrap_or_default(),
    }
}

fn number(number: Option<i64>) -> u64 {
    number.and_then(|number| number.try_into().ok()).unwrap_or_default()
}

fn text(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
