//! What holds for plain and TLS streams alike.

use std::{
    cell::RefCell,
    future::poll_fn,
    io::{ErrorKind, IoSlice},
    rc::Rc,
    task::Poll,
};

use plenum_websocket::transport::{Transport, poll_linger};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::support::{pairs, pattern, read, readable, run, writable, write_all};

#[test]
fn reading_a_silent_stream_would_block() {
    run(async {
        for (kind, mut near, _far) in pairs().await {
            let error = near.try_read(&mut [0; 64]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock, "{kind}");
        }
    });
}

#[test]
fn what_the_peer_sends_is_read_by_trying_and_by_waiting() {
    run(async {
        for (kind, mut near, mut far) in pairs().await {
            let mut buf = [0; 64];
            far.write_all(b"first").await.unwrap();
            let len = loop {
                readable(&mut near).await.unwrap();
                match near.try_read(&mut buf) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    done => break done.unwrap(),
                }
            };
            assert_eq!(&buf[..len], b"first", "{kind}");
            far.write_all(b"second").await.unwrap();
            let len = read(&mut near, &mut buf).await.unwrap();
            assert_eq!(&buf[..len], b"second", "{kind}");
        }
    });
}

#[test]
fn several_buffers_go_out_in_one_write_and_in_order() {
    run(async {
        for (kind, mut near, mut far) in pairs().await {
            writable(&mut near).await.unwrap();
            let bufs = [IoSlice::new(b"one "), IoSlice::new(b""), IoSlice::new(b"two "), IoSlice::new(b"three")];
            assert_eq!(near.try_write_vectored(&bufs).unwrap(), 13, "{kind}");
            let mut got = [0; 13];
            far.read_exact(&mut got).await.unwrap();
            assert_eq!(&got, b"one two three", "{kind}");
        }
    });
}

#[test]
fn a_full_stream_would_block_and_goes_on_when_the_peer_reads() {
    run(async {
        for (kind, mut near, mut far) in pairs().await {
            let bytes = pattern(16 << 20);
            let mut sent = 0;
            writable(&mut near).await.unwrap();
            while let Ok(taken) = near.try_write(&bytes[sent..]) {
                sent += taken;
                assert!(taken > 0 && sent < bytes.len(), "{kind} never fills up");
            }
            let expected = bytes.clone();
            let reader = async {
                let mut got = vec![0; expected.len()];
                far.read_exact(&mut got).await.unwrap();
                assert!(got == expected, "{kind} delivers every byte once and in order");
            };
            tokio::join!(reader, write_all(&mut near, &bytes[sent..]));
            assert!(!near.needs_flush());
        }
    });
}

#[test]
fn a_reading_and_a_writing_task_share_a_stream_and_both_are_woken() {
    run(async {
        let local = tokio::task::LocalSet::new();
        for (kind, near, mut far) in pairs().await {
            let bytes = pattern(4 << 20);
            let near = Rc::new(RefCell::new(near));
            let reader = local.spawn_local({
                let (near, mut got, mut buf) = (near.clone(), 0, vec![0; 4096]);
                async move {
                    while got < 2000 {
                        got += poll_fn(|cx| near.borrow_mut().poll_read(cx, &mut buf)).await.unwrap();
                    }
                }
            });
            let writer = local.spawn_local({
                let (near, bytes) = (near.clone(), bytes.clone());
                async move {
                    let mut sent = 0;
                    poll_fn(|cx| {
                        loop {
                            let mut near = near.borrow_mut();
                            match near.try_write(&bytes[sent..]) {
                                Ok(taken) => sent += taken,
                                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                            }
                            if sent == bytes.len() && !near.needs_flush() {
                                return Poll::Ready(());
                            }
                            if near.poll_writable(cx).is_pending() {
                                return Poll::Pending;
                            }
                        }
                    })
                    .await;
                }
            });
            local
                .run_until(async move {
                    let mut got = vec![0; bytes.len()];
                    let mut at = 0;
                    for _ in 0..2000 {
                        far.write_all(b"x").await.unwrap();
                        far.flush().await.unwrap();
                        let until = bytes.len().min(at + 2200);
                        far.read_exact(&mut got[at..until]).await.unwrap();
                        at = until;
                    }
                    far.read_exact(&mut got[at..]).await.unwrap();
                    assert!(got == bytes, "{kind}");
                    reader.await.unwrap();
                    writer.await.unwrap();
                })
                .await;
        }
    });
}

#[test]
fn a_peer_that_ends_its_direction_reads_as_the_end() {
    run(async {
        for (kind, mut near, mut far) in pairs().await {
            far.write_all(b"last").await.unwrap();
            far.shutdown().await.unwrap();
            let mut buf = [0; 64];
            assert_eq!(read(&mut near, &mut buf).await.unwrap(), 4, "{kind}");
            assert_eq!(read(&mut near, &mut buf).await.unwrap(), 0, "{kind}");
            assert_eq!(near.try_read(&mut buf).unwrap(), 0, "{kind}");
        }
    });
}

#[test]
fn shutting_down_delivers_what_was_written_and_then_the_end() {
    run(async {
        for (kind, mut near, mut far) in pairs().await {
            writable(&mut near).await.unwrap();
            near.try_write(b"goodbye").unwrap();
            near.try_shutdown().unwrap();
            near.try_shutdown().unwrap();
            let mut got = Vec::new();
            far.read_to_end(&mut got).await.unwrap();
            assert_eq!(got, b"goodbye", "{kind}");
        }
    });
}

#[test]
fn lingering_throws_input_away_until_the_peer_is_done() {
    run(async {
        for (kind, mut near, mut far) in pairs().await {
            near.try_shutdown().unwrap();
            let peer = async {
                far.write_all(&pattern(100_000)).await.unwrap();
                far.shutdown().await.unwrap();
            };
            let mut scratch = [0; 4096];
            tokio::join!(peer, poll_fn(|cx| poll_linger(&mut near, cx, &mut scratch)));
            assert_eq!(near.try_read(&mut scratch).unwrap(), 0, "{kind}");
        }
    });
}

#[test]
fn the_address_and_the_nodelay_switch_of_the_socket_are_within_reach() {
    run(async {
        for (kind, near, _far) in pairs().await {
            near.set_nodelay().unwrap();
            assert!(near.tcp().nodelay().unwrap(), "{kind}");
            assert!(near.peer_addr().unwrap().ip().is_loopback(), "{kind}");
        }
    });
}
