//! What the handshake needs to know of an HTTP request, whoever parsed it.

/// The head of an upgrade request.
pub trait UpgradeRequest {
    /// The method as it was sent, upper case for all that matter.
    fn method(&self) -> &str;

    /// Whether the request came as HTTP/1.1, the only version whose connections can be taken over this way.
    fn is_http_11(&self) -> bool;

    /// Every value of a header field in the order of the request. `name` is given in lower case, field names match without case.
    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]>;

    /// The only value of a field, without the white space around it; `None` if it is absent or there are several.
    fn single<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        let mut values = self.header(name);
        let first = values.next()?;
        values.next().is_none().then(|| first.trim_ascii())
    }

    /// The elements of a field whose value is a comma-separated list, over all its lines, empty ones left out.
    fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.header(name)
            .flat_map(|line| line.split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|element| !element.is_empty())
    }

    /// Whether such a list names `token`, without regard to case.
    fn lists(&self, name: &str, token: &str) -> bool {
        self.list(name).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }
}

impl UpgradeRequest for actix_http::RequestHead {
    fn method(&self) -> &str {
        self.method.as_str()
    }

    fn is_http_11(&self) -> bool {
        self.version == actix_http::Version::HTTP_11
    }

    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers().get_all(name).map(actix_http::header::HeaderValue::as_bytes)
    }
}

/// A request head in plain strings, for tests and tools.
#[derive(Clone, Debug)]
pub struct PlainRequest<'r> {
    /// Method.
    pub method: &'r str,
    /// Whether the version is HTTP/1.1.
    pub http_11: bool,
    /// Fields in order; names in any case.
    pub headers: Vec<(&'r str, &'r str)>,
}

impl UpgradeRequest for PlainRequest<'_> {
    fn method(&self) -> &str {
        self.method
    }

    fn is_http_11(&self) -> bool {
        self.http_11
    }

    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_bytes())
    }
}
