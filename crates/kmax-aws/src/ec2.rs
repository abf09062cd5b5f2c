//! Amazon EC2.

pub(crate) mod catalog;
pub(crate) mod instances;
pub(crate) mod network;
pub(crate) mod template_data;
pub(crate) mod templates;

use std::collections::BTreeMap;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, Tag};
use kmax_cloud::{CloudError, Operation, ops};

use crate::error::convert;

pub(crate) async fn create_tags(client: &Client, input: ops::CreateTags) -> Result<(), CloudError> {
    let ops::CreateTags { resource, tags } = input;
    let call = client.create_tags().resources(resource).set_tags(Some(tag_list(&tags)));
    call.send().await.map_err(|e| convert(Operation::CreateTags, e))?;
    Ok(())
}

fn tag_map(tags: Option<Vec<Tag>>) -> BTreeMap<String, String> {
    let tags = tags.into_iter().flatten();
    tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect()
}

fn tag_list(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Asks for just these values: a `*` in one is a `*` and not any text.
fn filter(name: impl Into<String>, values: impl IntoIterator<Item = String>) -> Filter {
    let values = values.into_iter().map(|value| {
        let mut exact = String::with_capacity(value.len());
        for c in value.chars() {
            if matches!(c, '*' | '?' | '\\') {
                exact.push('\\');
            }
            exact.push(c);
        }
        exact
    });
    Filter::builder().name(name).set_values(Some(values.collect())).build()
}

/// Sizes of pages are small.
fn page_size(size: Option<u32>) -> Option<i32> {
    size.map(|size| size as i32)
}

/// EC2 writes an empty token on a last page now and then.
fn next_page(token: Option<String>) -> Option<String> {
    token.filter(|token| !token.is_empty())
}
