//! The room app of the Socket.IO comparison on socketioxide: join a room, send to it, be acknowledged. Nothing else: no
//! accounts, no disk. The same words as Plenum's hyphen vocabulary, so that one client loads all three servers.
//!
//! `plenum-loadtest-socketioxide-peer PORT`, one thread as the other servers of the comparison.

use axum::serve::ListenerExt;
use serde::{Deserialize, Serialize};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::io::AsyncReadExt;
use uuid::Uuid;

/// Packets that may wait for one connection; more than a load has under way, so that nothing is dropped.
const BUFFERED_PACKETS: usize = 4_096;

/// Messages so far, for each room: their offsets show loss and disorder to the client.
type Heads = Arc<Mutex<HashMap<Uuid, u64>>>;

#[derive(Deserialize)]
struct Auth {
    token: String,
}

#[derive(Clone)]
struct User(String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Join {
    conversation_id: Uuid,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Joined {
    ok: bool,
    conversation_id: Uuid,
    head: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Send {
    conversation_id: Uuid,
    content: String,
    r#type: String,
    client_ref: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: Uuid,
    conversation_id: Uuid,
    offset: u64,
    number: u64,
    sender_id: String,
    content: String,
    r#type: String,
    client_ref: String,
    created_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    ok: bool,
    conversation_id: Uuid,
    message_id: Uuid,
    offset: u64,
    duplicate: bool,
}

fn join(socket: &SocketRef, heads: &Heads, wanted: &Join) -> Joined {
    let conversation_id = wanted.conversation_id;
    socket.join(conversation_id.to_string());
    let heads = heads.lock().unwrap_or_else(PoisonError::into_inner);
    Joined { ok: true, conversation_id, head: heads.get(&conversation_id).copied().unwrap_or(0) }
}

fn message(socket: &SocketRef, heads: &Heads, sent: Send) -> Message {
    let mut heads = heads.lock().unwrap_or_else(PoisonError::into_inner);
    let head = heads.entry(sent.conversation_id).or_default();
    *head += 1;
    Message {
        id: Uuid::new_v4(),
        conversation_id: sent.conversation_id,
        offset: *head,
        number: *head,
        sender_id: socket.extensions.get::<User>().map_or_else(String::new, |user| user.0),
        content: sent.content,
        r#type: sent.r#type,
        client_ref: sent.client_ref,
        created_at: OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default(),
    }
}

fn serve(io: &SocketIo) {
    let (heads, everyone) = (Heads::default(), io.clone());
    io.ns("/", async move |socket: SocketRef, Data(auth): Data<Auth>| {
        socket.extensions.insert(User(auth.token));
        let books = Arc::clone(&heads);
        socket.on("join-conversation", async move |socket: SocketRef, Data(wanted): Data<Join>, ack: AckSender| {
            ack.send(&join(&socket, &books, &wanted)).ok();
        });
        socket.on("send-message", async move |socket: SocketRef, Data(sent): Data<Send>, ack: AckSender| {
            let message = message(&socket, &heads, sent);
            let Message { id: message_id, conversation_id, offset, .. } = message;
            everyone.to(conversation_id.to_string()).emit("new-message", &message).await.ok();
            ack.send(&Sent { ok: true, conversation_id, message_id, offset, duplicate: false }).ok();
        });
    });
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::args().nth(1).ok_or("usage: plenum-loadtest-socketioxide-peer PORT")?.parse()?;
    let (layer, io) = SocketIo::builder().max_buffer_size(BUFFERED_PACKETS).build_layer();
    serve(&io);
    // Ends with the tool that started it: its standard input closes then.
    tokio::spawn(async {
        let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
        std::process::exit(0);
    });
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, axum::Router::new().layer(layer)).await?;
    Ok(())
}
