//! Pages of a listing.

use std::future::Future;

use crate::CloudError;

/// One page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page<T> {
    /// What the page holds.
    pub items: Vec<T>,
    /// Asks for the next page; none on the last.
    pub next_token: Option<String>,
}

/// Reads all pages of a listing. An error on any page is an error of the whole.
pub async fn collect_pages<T, F, Fut>(mut read: F) -> Result<Vec<T>, CloudError>
where
    F: FnMut(Option<String>) -> Fut,
    Fut: Future<Output = Result<Page<T>, CloudError>>,
{
    let mut items = Vec::new();
    let mut next_token = None;
    loop {
        let page = read(next_token).await?;
        items.extend(page.items);
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(items);
        }
    }
}
