//! Pages and their tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kmax_cloud::Page;
use kmax_model::short_hash;

use crate::refusal::Refusal;

/// Which page of a listing is asked for.
pub(crate) struct Paging<'a> {
    is_ec2: bool,
    /// Ties a token to the listing that it came from.
    listing: String,
    token: Option<&'a str>,
    size: usize,
}

/// The size of a page where the request says none and the service names no least.
const PAGE_SIZE: usize = 1_000;

impl<'a> Paging<'a> {
    /// Pages one of EC2's listings.
    pub(crate) fn ec2<Q: serde::Serialize>(
        operation: &str,
        query: &Q,
        token: Option<&'a str>,
    ) -> Self {
        let listing = format!("{operation} {}", short_hash(query));
        Self { is_ec2: true, listing, token, size: PAGE_SIZE }
    }

    /// Pages one of Auto Scaling's listings.
    pub(crate) fn auto_scaling<Q: serde::Serialize>(
        operation: &str,
        query: &Q,
        token: Option<&'a str>,
    ) -> Self {
        Self { is_ec2: false, ..Self::ec2(operation, query, token) }
    }

    /// Bounds the size of a page of EC2's; where none is asked for it is the most.
    pub(crate) fn at_most(
        self,
        asked: Option<u32>,
        least: u32,
        most: u32,
    ) -> Result<Self, Refusal> {
        let size = asked.unwrap_or(most);
        if size < least || size > most {
            return Err(Refusal::parameter(format!(
                "Value ( {size} ) for parameter maxResults is invalid. Expecting a value between \
                 {least} and {most}."
            )));
        }
        Ok(Self { size: size as usize, ..self })
    }

    /// Sets the size of a page.
    pub(crate) fn of_size(self, size: usize) -> Self {
        Self { size, ..self }
    }

    fn token_after(&self, key: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}\n{key}", self.listing))
    }

    /// Returns the key after which the page begins.
    fn start(&self) -> Result<Option<String>, Refusal> {
        let Some(token) = self.token else { return Ok(None) };
        let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|b| String::from_utf8(b).ok());
        let key = text.and_then(|text| {
            let (listing, key) = text.split_once('\n')?;
            (listing == self.listing).then(|| key.to_owned())
        });
        match key {
            Some(key) => Ok(Some(key)),
            None if self.is_ec2 => Err(Refusal::parameter("Unable to parse pagination token")),
            None => Err(Refusal::new("InvalidNextToken", "The token is not valid.")),
        }
    }
}

/// Cuts a page out of rows that are sorted by their keys.
pub(crate) fn page<T: Clone>(
    rows: Vec<(String, &T)>,
    paging: &Paging<'_>,
) -> Result<Page<T>, Refusal> {
    page_with(rows, paging, T::clone)
}

/// Cuts a page out of rows that are sorted by their keys, and makes its items.
pub(crate) fn page_with<R, T>(
    rows: Vec<(String, R)>,
    paging: &Paging<'_>,
    item: impl Fn(R) -> T,
) -> Result<Page<T>, Refusal> {
    let start = paging.start()?;
    let mut rest = rows
        .into_iter()
        .skip_while(|(key, _)| start.as_ref().is_some_and(|start| key <= start))
        .peekable();
    let mut items = Vec::new();
    let mut last = String::new();
    while items.len() < paging.size {
        let Some((key, row)) = rest.next() else { break };
        items.push(item(row));
        last = key;
    }
    let next_token = rest.peek().map(|_| paging.token_after(&last));
    Ok(Page { items, next_token })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(token: Option<&str>, query: &str) -> Result<Page<u32>, Refusal> {
        let rows = [1_u32, 2, 3, 4, 5];
        let rows = rows.iter().map(|n| (format!("{n}"), n)).collect();
        page(rows, &Paging::ec2("Describe", &query, token).of_size(2))
    }

    #[test]
    fn pages_join_without_a_seam() {
        let first = keys(None, "q").expect("a page");
        assert_eq!(first.items, [1, 2]);
        let second = keys(first.next_token.as_deref(), "q").expect("a page");
        assert_eq!(second.items, [3, 4]);
        let third = keys(second.next_token.as_deref(), "q").expect("a page");
        assert_eq!((third.items, third.next_token), (vec![5], None));
    }

    #[test]
    fn a_token_of_another_listing_is_refused() {
        let first = keys(None, "q").expect("a page");
        assert!(keys(first.next_token.as_deref(), "other").is_err());
        assert!(keys(Some("garbage"), "q").is_err());
        assert!(keys(Some(""), "q").is_err());
    }
}
