//! `/ws-echo`: for RFC 6455 suites, and never there by itself.

use super::SOON;
use super::wire::{AnyStream, exchange, narrow_tcp, opening, tcp, upgrade};
use super::world::World;
use plenum_websocket::Opcode;
use plenum_websocket::client::{frame, put_frame, read_frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

const MASK: [u8; 4] = [0xde, 0xad, 0xbe, 0xef];

struct Echo {
    stream: AnyStream,
    incoming: Vec<u8>,
}

impl Echo {
    async fn open(world: &World) -> Self {
        let mut stream: AnyStream = Box::new(tcp(world.address()).await);
        let incoming = upgrade(&mut stream, world.address(), "/ws-echo", None).await;
        Self { stream, incoming }
    }

    /// Writes while it reads, as a message of 16 MiB fits into no buffer.
    async fn exchange(&mut self, bytes: &[u8]) -> (Opcode, Vec<u8>) {
        let Self { stream, incoming } = self;
        let (mut reader, mut writer) = tokio::io::split(stream);
        let write = async { writer.write_all(bytes).await.unwrap() };
        let read = async {
            loop {
                if let Some((found, taken)) = read_frame(incoming) {
                    assert!(found.fin);
                    let answer = (found.opcode, found.payload.to_vec());
                    incoming.drain(..taken);
                    return answer;
                }
                assert!(reader.read_buf(incoming).await.unwrap() > 0, "the connection ended");
            }
        };
        let both = async { tokio::join!(write, read).1 };
        timeout(SOON, both).await.expect("an echo in time")
    }
}

#[tokio::test]
async fn the_echo_is_not_there_unless_it_is_configured() {
    let world = World::start();
    let request = opening(world.address(), "/ws-echo", None);
    let (status, answer) = exchange(Box::new(tcp(world.address()).await), &request).await;
    assert_eq!(status, 404, "{answer}");
}

#[tokio::test]
async fn texts_bytes_fragments_and_pings_come_back() {
    let world = World::with(|config| config.websocket.echo = true);
    let mut echo = Echo::open(&world).await;
    let text = "Grüße, 世界";
    assert_eq!(echo.exchange(&frame(Opcode::Text, MASK, text.as_bytes())).await, (Opcode::Text, text.into()));
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(echo.exchange(&frame(Opcode::Binary, MASK, &bytes)).await, (Opcode::Binary, bytes.clone()));
    assert_eq!(echo.exchange(&frame(Opcode::Text, MASK, b"")).await, (Opcode::Text, Vec::new()));
    assert_eq!(echo.exchange(&frame(Opcode::Ping, MASK, b"are you there")).await.0, Opcode::Pong);
    let mut pieces = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        let opcode = if at == 0 { Opcode::Binary } else { Opcode::Continuation };
        put_frame(&mut pieces, at + 1 == bytes.len(), opcode, MASK, &[*byte]);
    }
    assert_eq!(echo.exchange(&pieces).await, (Opcode::Binary, bytes));
}

#[tokio::test]
async fn many_pings_at_once_have_their_pongs_in_order() {
    let world = World::with(|config| config.websocket.echo = true);
    let mut echo = Echo::open(&world).await;
    let mut pings = Vec::new();
    (0_u8..100).for_each(|number| put_frame(&mut pings, true, Opcode::Ping, MASK, &[number]));
    assert_eq!(echo.exchange(&pings).await, (Opcode::Pong, vec![0]));
    for number in 1_u8..100 {
        assert_eq!(echo.exchange(&[]).await, (Opcode::Pong, vec![number]));
    }
}

#[tokio::test]
async fn pings_of_somebody_who_does_not_read_are_answered_with_the_newest_pong() {
    const MANY: u32 = 200_000;
    let world = World::with(|config| config.websocket.echo = true);
    let mut stream: AnyStream = Box::new(narrow_tcp(world.address()).await);
    let mut incoming = upgrade(&mut stream, world.address(), "/ws-echo", None).await;
    let mut pings = Vec::new();
    let payload = |number: u32| [number.to_be_bytes().as_slice(), &[0; 116]].concat();
    (0..MANY).for_each(|number| put_frame(&mut pings, true, Opcode::Ping, MASK, &payload(number)));
    // Everything is taken from somebody who takes nothing: there is at most one pong to keep.
    timeout(SOON, stream.write_all(&pings)).await.expect("the server reads on").unwrap();
    let (mut last, mut count) = (None, 0);
    while last != Some(MANY - 1) {
        while let Some((found, taken)) = read_frame(&incoming) {
            let number = u32::from_be_bytes(found.payload[..4].try_into().unwrap());
            assert!(found.opcode == Opcode::Pong && last.is_none_or(|last| last < number));
            (last, count) = (Some(number), count + 1);
            incoming.drain(..taken);
        }
        if last != Some(MANY - 1) {
            let read = timeout(SOON, stream.read_buf(&mut incoming)).await.expect("more in time").unwrap();
            assert!(read > 0, "the connection ended");
        }
    }
    assert!(count < MANY, "some could not be answered in time");
}

#[tokio::test]
async fn a_message_of_sixteen_mebibytes_comes_back() {
    let world = World::with(|config| config.websocket.echo = true);
    let mut echo = Echo::open(&world).await;
    let bytes: Vec<u8> = (0..16_u32 << 20).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (opcode, answer) = echo.exchange(&frame(Opcode::Binary, MASK, &bytes)).await;
    assert!(opcode == Opcode::Binary && answer == bytes);
}

#[tokio::test]
async fn a_broken_rule_closes_the_echo_too() {
    let world = World::with(|config| config.websocket.echo = true);
    for (bytes, code) in [
        (frame(Opcode::Text, MASK, b"\xff"), 1007_u16),
        (vec![0x81, 0], 1002),
        (frame(Opcode::Close, MASK, &1000_u16.to_be_bytes()), 1000),
    ] {
        let mut echo = Echo::open(&world).await;
        let (opcode, payload) = echo.exchange(&bytes).await;
        assert_eq!((opcode, &payload[..2]), (Opcode::Close, &code.to_be_bytes()[..]));
        timeout(SOON, echo.stream.read_to_end(&mut echo.incoming)).await.expect("the connection ends").unwrap();
    }
}

#[tokio::test]
async fn an_echo_counts_among_the_connections_of_the_node_and_ends_with_it() {
    let mut world = World::with(|config| {
        config.websocket.echo = true;
        config.limits.connections = 1;
    });
    let mut echo = Echo::open(&world).await;
    super::eventually("it is counted", || (world.metric("plenum_connections") == 1).then_some(())).await;
    for path in ["/ws-echo", "/ws"] {
        let request = opening(world.address(), path, Some("plenum.v1.json").filter(|_| path == "/ws"));
        let (status, answer) = exchange(Box::new(tcp(world.address()).await), &request).await;
        assert_eq!(status, 503, "{path}: {answer}");
    }
    world.server.request_stop();
    // It hears of the drain by itself.
    let (opcode, payload) = echo.exchange(&[]).await;
    assert_eq!((opcode, payload.get(..2)), (Opcode::Close, Some(&1001_u16.to_be_bytes()[..])));
    drop(echo);
    world.end().await;
}
