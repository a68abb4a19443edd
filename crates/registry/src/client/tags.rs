//! Which tags a repository has.

use hoist_release::ImageReference;
use reqwest::header::LINK;
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::Client;
use super::auth::Access;
use crate::Error;

/// Pages that are read at most; a repository of releases has a handful of tags, not thousands of pages.
const PAGES: usize = 100;

#[derive(Deserialize)]
struct TagList {
    // Registries send null for a repository without tags.
    tags: Option<Vec<String>>,
}

impl Client {
    /// The tags of a repository, in the registry's order. Tag and digest of `repository` do not matter.
    pub async fn tags(&self, repository: &ImageReference) -> Result<Vec<String>, Error> {
        let work = self.retry(|| self.tags_once(repository));
        self.within_deadline(|| format!("listing the tags of {repository}"), work).await
    }

    async fn tags_once(&self, repository: &ImageReference) -> Result<Vec<String>, Error> {
        let mut url = self.url(repository, "tags/list")?;
        let mut tags = Vec::new();
        for _ in 0..PAGES {
            let response = self.send(repository, Access::Pull, Method::GET, url.clone(), |request| request).await?;
            if response.status() != StatusCode::OK {
                let request = format!("GET tags of {repository}");
                return Err(self.status_error(repository, response, request, repository.to_string()).await);
            }
            let next = response.headers().get(LINK).and_then(|link| link.to_str().ok()).and_then(next_page);
            let next = next.and_then(|next| url.join(next).ok());
            let body = self.read_small(repository, response, "the list of tags").await?;
            let list: TagList = serde_json::from_slice(&body).map_err(|source| Error::Malformed {
                object: format!("the list of tags of {repository}"),
                expected: "tag list",
                source: Some(source),
            })?;
            tags.extend(list.tags.unwrap_or_default());
            match next {
                // Another host would receive this one's credentials.
                Some(next) if next.origin() == url.origin() => url = next,
                _ => return Ok(tags),
            }
        }
        Ok(tags)
    }
}

/// The target of a `Link` header with `rel="next"`.
fn next_page(link: &str) -> Option<&str> {
    let (target, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    rest.contains("rel=\"next\"").then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_link_to_the_next_page_is_followed() {
        assert_eq!(next_page(r#"</v2/a/tags/list?last=b&n=2>; rel="next""#), Some("/v2/a/tags/list?last=b&n=2"));
        assert_eq!(next_page(r#"</v2/a/tags/list>; rel="prev""#), None);
        assert_eq!(next_page("nonsense"), None);
    }
}
