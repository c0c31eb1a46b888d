//! The depot on disk, and on an S3 server that looks at signatures.

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use plenum_providers::{DepotConfig, DepotProvider, Objects, S3};
use plenum_schema::ImageId;
use plenum_services::accounts::Secret;
use plenum_services::depot::{Depot, DepotError, ObjectName};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

const BYTES: &[u8] = b"some bytes of an image";

fn name() -> ObjectName {
    ImageId(uuid::Uuid::from_u128(0x1234_5678_9ABC_DEF0)).into()
}

/// What every depot does.
async fn keeps(depot: &Objects) {
    let whole = 0..BYTES.len() as u64;
    assert_eq!(depot.get(name(), whole.clone()).await, Err(DepotError::Absent));
    depot.put(name(), BYTES.into()).await.unwrap();
    assert_eq!(depot.get(name(), whole.clone()).await.unwrap(), BYTES);
    assert_eq!(depot.get(name(), 5..10).await.unwrap(), &BYTES[5..10]);
    depot.put(name(), b"others".as_slice().into()).await.unwrap();
    assert_eq!(depot.get(name(), 0..6).await.unwrap(), b"others".as_slice());
    depot.delete(name()).await.unwrap();
    depot.delete(name()).await.unwrap();
    assert_eq!(depot.get(name(), whole).await, Err(DepotError::Absent));
}

#[tokio::test]
async fn a_directory_keeps_what_it_is_given_also_for_the_next_who_opens_it() {
    let data = tempfile::tempdir().unwrap();
    let depot = Objects::open(&DepotConfig::default(), data.path()).unwrap();
    keeps(&depot).await;
    depot.put(name(), BYTES.into()).await.unwrap();
    let next = Objects::open(&DepotConfig::default(), data.path()).unwrap();
    assert_eq!(next.get(name(), 0..4).await.unwrap(), &BYTES[..4]);
    let mode = std::os::unix::fs::PermissionsExt::mode(&data.path().join("depot").metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o700);
}

/// A server whose only key is `id` and `key`.
async fn server(directory: &Path) -> SocketAddr {
    std::fs::create_dir(directory.join("pictures")).unwrap();
    let mut builder = S3ServiceBuilder::new(FileSystem::new(directory).unwrap());
    builder.set_auth(SimpleAuth::from_single("id", "key"));
    let service = builder.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
            tokio::spawn(async move { serving.await.ok() });
        }
    });
    address
}

fn bucket(address: SocketAddr, secret: &str) -> DepotConfig {
    let s3 = S3 {
        endpoint: format!("http://{address}"),
        bucket: "pictures".to_owned(),
        path_style: true,
        prefix: "plenum/one".to_owned(),
        access_key_id: "id".to_owned(),
        secret_access_key: Secret::from(secret),
        ..S3::default()
    };
    DepotConfig { provider: DepotProvider::S3, timeout_ms: 5_000, s3, ..DepotConfig::default() }
}

#[tokio::test]
async fn a_bucket_keeps_what_it_is_given_below_its_prefix() {
    let directory = tempfile::tempdir().unwrap();
    let config = bucket(server(directory.path()).await, "key");
    let depot = Objects::open(&config, directory.path()).unwrap();
    keeps(&depot).await;
    depot.put(name(), BYTES.into()).await.unwrap();
    let path = directory.path().join("pictures/plenum/one").join(name().as_str());
    assert_eq!(std::fs::read(path).unwrap(), BYTES);
}

#[tokio::test]
async fn a_bucket_whose_key_is_another_refuses() {
    let directory = tempfile::tempdir().unwrap();
    let config = bucket(server(directory.path()).await, "another");
    let depot = Objects::open(&config, directory.path()).unwrap();
    let refused = depot.put(name(), BYTES.into()).await;
    assert!(matches!(refused, Err(DepotError::Failed(_))), "{refused:?}");
}

#[tokio::test]
async fn a_server_that_is_gone_or_silent_costs_no_more_than_its_time() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for address in [silent.local_addr().unwrap(), gone] {
        let config = DepotConfig { timeout_ms: 300, ..bucket(address, "key") };
        let depot = Objects::open(&config, Path::new("/nowhere")).unwrap();
        let began = Instant::now();
        assert!(matches!(depot.get(name(), 0..1).await, Err(DepotError::Failed(_))));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}
