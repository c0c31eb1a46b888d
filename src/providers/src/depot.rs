//! Where the bytes of uploaded files lie: a directory of this machine, or a bucket of S3 or what speaks like it.

use crate::config::{DepotConfig, DepotProvider, S3};
use crate::messengers::OpenError;
use bytes::Bytes;
use object_store::aws::AmazonS3Builder;
use object_store::client::{
    ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody,
    HttpService,
};
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt, RetryConfig};
use plenum_services::depot::{Depot, DepotError, DepotFuture, ObjectName};
use reqwest::header::{CONTENT_LENGTH, HeaderValue};
use reqwest::{Request, redirect};
use std::fs::DirBuilder;
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Longest answer of S3 that is read, bytes: the largest image and some words around it.
const ANSWER_BYTES: usize = 80 << 20;
/// How often a request that failed is sent again, within the time.
const RETRIES: usize = 3;

struct Inner {
    store: Box<dyn ObjectStore>,
    places: Semaphore,
    within: Duration,
}

/// The depot of a node. Cheap to clone.
#[derive(Clone)]
pub struct Objects(Arc<Inner>);

impl std::fmt::Debug for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Objects").finish_non_exhaustive()
    }
}

impl Objects {
    /// Sets the depot up. `data`: below it the directory is, unless the configuration names another.
    ///
    /// # Errors
    /// [`OpenError`] when the directory cannot be made or the bucket cannot be used as it is set up.
    pub fn open(config: &DepotConfig, data: &Path) -> Result<Self, OpenError> {
        let wrong = |reason: String| OpenError { section: "depot", reason };
        let within = Duration::from_millis(config.timeout_ms);
        let store: Box<dyn ObjectStore> = match config.provider {
            DepotProvider::Disk => Box::new(directory(config, data).map_err(wrong)?),
            DepotProvider::S3 => bucket(&config.s3, within).map_err(|error| wrong(error.to_string()))?,
        };
        Ok(Self(Arc::new(Inner { store, places: Semaphore::new(config.at_once), within })))
    }
}

fn directory(config: &DepotConfig, data: &Path) -> Result<LocalFileSystem, String> {
    let path = if config.path.as_os_str().is_empty() { data.join("depot") } else { config.path.clone() };
    // What people upload is for the server's own account only. A directory that exists keeps the mode its operator gave it.
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
    made.map_err(|error| format!("{}: {error}", path.display()))?;
    let files = LocalFileSystem::new_with_prefix(&path).map_err(|error| error.to_string())?;
    Ok(files.with_fsync(true))
}

fn bucket(s3: &S3, within: Duration) -> object_store::Result<Box<dyn ObjectStore>> {
    let retry = RetryConfig { max_retries: RETRIES, retry_timeout: within, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&s3.bucket)
        .with_region(&s3.region)
        .with_virtual_hosted_style_request(!s3.path_style)
        .with_allow_http(s3.endpoint.starts_with("http://"))
        .with_retry(retry)
        .with_http_connector(Connector { within });
    if !s3.endpoint.is_empty() {
        builder = builder.with_endpoint(&s3.endpoint);
    }
    if !s3.access_key_id.is_empty() {
        builder = builder.with_access_key_id(&s3.access_key_id).with_secret_access_key(s3.secret_access_key.expose());
    }
    let store = builder.build()?;
    Ok(if s3.prefix.is_empty() { Box::new(store) } else { Box::new(PrefixStore::new(store, s3.prefix.as_str())) })
}

/// Gives the client of S3 the HTTP client that the others have: no redirects, no proxies, bounded in time.
#[derive(Debug)]
struct Connector {
    within: Duration,
}

#[derive(Debug)]
struct Caller(reqwest::Client);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(self.within)
            .timeout(self.within)
            .user_agent("plenum")
            .build();
        let failed = |error| object_store::Error::Generic { store: "S3", source: Box::new(error) };
        Ok(HttpClient::new(Caller(client.map_err(failed)?)))
    }
}

fn broken(error: reqwest::Error) -> HttpError {
    let kind = if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_connect() {
        HttpErrorKind::Connect
    } else {
        HttpErrorKind::Interrupted
    };
    HttpError::new(kind, error.without_url())
}

async fn call(client: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let (parts, body) = request.into_parts();
    let url = parts.uri.to_string().parse().map_err(|_| wrong("no address of a server"))?;
    let mut request = Request::new(parts.method, url);
    *request.headers_mut() = parts.headers;
    // S3 wants to know the length beforehand.
    request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.content_length()));
    *request.body_mut() = Some(reqwest::Body::wrap(body));
    let mut response = client.execute(request).await.map_err(broken)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if bytes.len() + chunk.len() > ANSWER_BYTES {
            return Err(wrong("the answer is too long"));
        }
        bytes.extend_from_slice(&chunk);
    }
    let mut answer = HttpResponse::new(HttpResponseBody::from(bytes));
    *answer.status_mut() = response.status();
    *answer.headers_mut() = response.headers().clone();
    Ok(answer)
}

fn wrong(reason: &'static str) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, std::io::Error::other(reason))
}

type Answered<'t> = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 't>>;

impl HttpService for Caller {
    fn call<'a, 't>(&'a self, request: HttpRequest) -> Answered<'t>
    where
        'a: 't,
        Self: 't,
    {
        Box::pin(call(self.0.clone(), request))
    }
}

fn failed(error: &object_store::Error) -> DepotError {
    match error {
        object_store::Error::NotFound { .. } => DepotError::Absent,
        other => DepotError::Failed(other.to_string()),
    }
}

impl Inner {
    /// Does `work` when there is a place, all within the time.
    async fn within<T>(&self, work: impl Future<Output = object_store::Result<T>>) -> Result<T, DepotError> {
        let turn = async {
            let _place = self.places.acquire().await.map_err(|_| DepotError::Failed("it has ended".to_owned()))?;
            work.await.map_err(|error| failed(&error))
        };
        timeout(self.within, turn).await.map_err(|_| DepotError::Failed("it took too long".to_owned()))?
    }
}

impl Depot for Objects {
    fn put(&self, name: ObjectName, bytes: Bytes) -> DepotFuture<()> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let path = ObjectPath::from(name.as_str());
            inner.within(inner.store.put(&path, bytes.into())).await.map(drop)
        })
    }

    fn get(&self, name: ObjectName, range: Range<u64>) -> DepotFuture<Bytes> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let path = ObjectPath::from(name.as_str());
            match inner.within(inner.store.get_range(&path, range.clone())).await {
                // What is shorter than it was kept is not what was kept.
                Err(DepotError::Failed(reason)) => match inner.within(inner.store.head(&path)).await {
                    Ok(there) if there.size < range.end => Err(DepotError::Absent),
                    _ => Err(DepotError::Failed(reason)),
                },
                other => other,
            }
        })
    }

    fn delete(&self, name: ObjectName) -> DepotFuture<()> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let path = ObjectPath::from(name.as_str());
            match inner.within(inner.store.delete(&path)).await {
                Err(DepotError::Absent) => Ok(()),
                other => other,
            }
        })
    }
}
