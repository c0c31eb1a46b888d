//! Where pages may be shown.

use serde::Deserialize;

/// Where pages may be shown.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PagesConfig {
    /// Origins (`https://example.org`) whose pages may show a conference to its audience in a frame, from `/embed/CODE`. Empty: none, and
    /// there is no such page.
    pub framed_by: Vec<String>,
}

impl PagesConfig {
    /// What is wrong with the values, by key.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let wrong = self.framed_by.iter().filter(|origin| !is_origin(origin));
        wrong.map(|origin| ("framed_by", format!("{origin:?} is no origin such as https://example.org"))).collect()
    }
}

/// Scheme, host and perhaps a port, and nothing else: what stands in a header must not be able to say more.
fn is_origin(text: &str) -> bool {
    let Some(host) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    !host.is_empty() && host.len() <= 255 && host.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_origin_is_told() {
        let config = |origin: &str| PagesConfig { framed_by: vec![origin.to_owned()] };
        for right in ["https://example.org", "http://localhost:8000", "https://a-b.example"] {
            assert_eq!(config(right).problems(), []);
        }
        for wrong in ["*", "example.org", "https://", "https://a.example/", "https://a b", "https://a;script-src *"] {
            assert_eq!(config(wrong).problems().len(), 1, "{wrong}");
        }
    }
}
