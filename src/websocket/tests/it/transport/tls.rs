//! What only a TLS stream can get wrong.

use std::{io::ErrorKind, task::Poll};

use plenum_websocket::transport::{Transport, TransportConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::support::{pattern, read, readable, run, tls_pair, tls_pair_with, writable, write_all};

#[test]
fn plaintext_waiting_in_the_session_is_readable_though_the_socket_is_silent() {
    run(async {
        let (mut near, mut far) = tls_pair().await;
        far.write_all(&pattern(10_000)).await.unwrap();
        far.flush().await.unwrap();
        let (mut got, mut buf) = (Vec::new(), [0; 100]);
        while got.len() < 10_000 {
            let len = read(&mut near, &mut buf).await.unwrap();
            got.extend_from_slice(&buf[..len]);
            if got.len() < 9_900 {
                // One record: it is in the session as a whole, and the socket will never be readable again.
                let ready = std::future::poll_fn(|cx| Poll::Ready(near.poll_readable(cx).is_ready())).await;
                assert!(ready, "after {} bytes", got.len());
            }
        }
        assert!(got == pattern(10_000));
    });
}

#[test]
fn ciphertext_that_is_held_back_is_bounded_and_refuses_more_plaintext() {
    run(async {
        let config = TransportConfig { tls_write_bytes: 4096 };
        let (mut near, mut far) = tls_pair_with(&config).await;
        writable(&mut near).await.unwrap();
        let (bytes, mut sent) = (pattern(16 << 20), 0);
        while !near.needs_flush() {
            let taken = near.try_write(&bytes[sent..]).unwrap();
            assert!(taken > 0 && taken <= 4096, "one write takes at most the limit, took {taken}");
            sent += taken;
        }
        assert_eq!(near.try_write(b"more").unwrap_err().kind(), ErrorKind::WouldBlock);
        let mut got = vec![0; sent];
        let (read, flushed) = tokio::join!(far.read_exact(&mut got), writable(&mut near));
        assert_eq!((read.unwrap(), flushed.unwrap()), (sent, ()));
        assert!(!near.needs_flush(), "waiting for the stream to be writable sends what it holds");
        assert!(got == bytes[..sent]);
    });
}

#[test]
fn the_end_is_announced_by_close_notify() {
    run(async {
        let (mut near, mut far) = tls_pair().await;
        near.try_shutdown().unwrap();
        // Without close_notify the client would report an unexpected end instead.
        assert_eq!(far.read(&mut [0; 16]).await.unwrap(), 0);
    });
}

#[test]
fn shutting_down_a_full_stream_would_block_until_it_is_flushed() {
    run(async {
        let (mut near, mut far) = tls_pair().await;
        writable(&mut near).await.unwrap();
        let (bytes, mut sent) = (pattern(16 << 20), 0);
        while !near.needs_flush() {
            sent += near.try_write(&bytes[sent..]).unwrap();
        }
        assert_eq!(near.try_shutdown().unwrap_err().kind(), ErrorKind::WouldBlock);
        let mut got = Vec::new();
        let end = async {
            while near.try_shutdown().is_err() {
                writable(&mut near).await.unwrap();
            }
        };
        let (read, ()) = tokio::join!(far.read_to_end(&mut got), end);
        assert_eq!(read.unwrap(), sent);
        assert!(got == bytes[..sent]);
    });
}

#[test]
fn a_peer_that_leaves_without_close_notify_reads_as_the_end() {
    run(async {
        let (mut near, mut far) = tls_pair().await;
        far.write_all(b"last").await.unwrap();
        far.flush().await.unwrap();
        // Only the socket is shut down, the session says nothing.
        far.get_mut().0.shutdown().await.unwrap();
        let mut buf = [0; 16];
        assert_eq!(read(&mut near, &mut buf).await.unwrap(), 4);
        assert_eq!(read(&mut near, &mut buf).await.unwrap(), 0);
    });
}

#[test]
fn broken_records_are_an_error_and_not_data() {
    run(async {
        let (mut near, far) = tls_pair().await;
        let (mut tcp, _session) = far.into_inner();
        tcp.write_all(&[0x17, 3, 3, 0, 32]).await.unwrap();
        tcp.write_all(&[0xaa; 32]).await.unwrap();
        let error = read(&mut near, &mut [0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    });
}

#[test]
fn a_key_update_of_the_peer_goes_unnoticed() {
    run(async {
        let (mut near, mut far) = tls_pair().await;
        let mut buf = [0; 16];
        for _ in 0..3 {
            far.get_mut().1.refresh_traffic_keys().unwrap();
            far.write_all(b"new keys").await.unwrap();
            far.flush().await.unwrap();
            readable(&mut near).await.unwrap();
            let len = read(&mut near, &mut buf).await.unwrap();
            assert_eq!(&buf[..len], b"new keys");
            write_all(&mut near, b"answer").await;
            far.read_exact(&mut buf[..6]).await.unwrap();
            assert_eq!(&buf[..6], b"answer");
        }
    });
}
