//! Driver of the crate `rust_socketio`. The lines are described in `driver.mjs`.
//!
//! The crate knows one binary argument by itself, not bytes inside of objects, and it tells a refused connection as a text of its
//! own; both are brought into the common form here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rust_socketio::client::Client;
use rust_socketio::{ClientBuilder, Event, Payload, TransportType};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::time::Duration;

/// How the crate begins its text about a refused connection.
const REFUSED: &str = "Received an ConnectError frame: ";
const ACK_WITHIN: Duration = Duration::from_secs(20);

type Failure = Box<dyn std::error::Error>;

fn say(name: &str, is: &str, more: Value) {
    let mut said = more;
    said["socket"] = json!(name);
    said["is"] = json!(is);
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{said}");
    let _ = out.flush();
}

fn pack(payload: Payload) -> Vec<Value> {
    match payload {
        Payload::Text(values) => values,
        Payload::Binary(bytes) => vec![json!({ "$binary": BASE64.encode(bytes) })],
        #[allow(deprecated)]
        Payload::String(text) => vec![json!(text)],
    }
}

fn unpack(args: &[Value]) -> Result<Payload, Failure> {
    match args {
        [one] if one.get("$binary").is_some() => {
            let text = one["$binary"].as_str().ok_or("no bytes")?;
            Ok(Payload::from(BASE64.decode(text)?))
        }
        values => Ok(Payload::Text(values.to_vec())),
    }
}

fn transport(command: &Value) -> TransportType {
    let names: Vec<&str> = command["transports"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match names[..] {
        ["websocket"] => TransportType::Websocket,
        ["polling"] => TransportType::Polling,
        _ => TransportType::WebsocketUpgrade,
    }
}

/// What the crate tells as an error: an event of that name, a refused connection, or a trouble with the line.
fn trouble(name: &str, payload: Payload) {
    match pack(payload).as_slice() {
        [Value::String(text)] => match text.strip_prefix(REFUSED).map(serde_json::from_str::<Value>) {
            Some(Ok(data)) => say(name, "connect_error", json!({ "data": data })),
            _ => say(name, "disconnect", json!({ "reason": text })),
        },
        args => say(name, "event", json!({ "event": "error", "args": args })),
    }
}

fn open(name: &str, command: &Value) -> Result<Client, Failure> {
    let url = command["url"].as_str().ok_or("no url")?;
    let [connect, close, error, any] = [(); 4].map(|()| name.to_owned());
    let client = ClientBuilder::new(url)
        .transport_type(transport(command))
        .auth(command["auth"].clone())
        .reconnect(true)
        .reconnect_delay(50, 250)
        .on(Event::Connect, move |_, _| say(&connect, "connect", json!({})))
        .on(Event::Close, move |_, _| say(&close, "disconnect", json!({ "reason": "close" })))
        .on(Event::Error, move |payload, _| trouble(&error, payload))
        .on_any(move |event, payload, _| {
            say(&any, "event", json!({ "event": String::from(event), "args": pack(payload) }));
        });
    Ok(client.connect()?)
}

fn emit(name: &str, client: &Client, command: &Value) -> Result<(), Failure> {
    let (event, payload) = (command["event"].as_str().ok_or("no event")?, command["args"].as_array().ok_or("no args")?);
    let payload = unpack(payload)?;
    let Some(id) = command["id"].as_u64() else { return Ok(client.emit(event, payload)?) };
    let name = name.to_owned();
    let back = move |payload: Payload, _: rust_socketio::RawClient| {
        let mut args = pack(payload);
        // The arguments come as one array; bytes, where there are some, in a second call.
        if let [Value::Array(inner)] = &args[..] {
            args = inner.clone();
        }
        say(&name, "ack", json!({ "id": id, "args": args }));
    };
    Ok(client.emit_with_ack(event, payload, ACK_WITHIN, back)?)
}

fn main() -> Result<(), Failure> {
    let mut clients: HashMap<String, Client> = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let command: Value = serde_json::from_str(&line?)?;
        let name = command["socket"].as_str().ok_or("no socket")?.to_owned();
        match (command["do"].as_str(), clients.get(&name)) {
            (Some("open"), _) => {
                let client = open(&name, &command)?;
                clients.insert(name, client);
            }
            (Some("emit"), Some(client)) => emit(&name, client, &command)?,
            (Some("close"), Some(client)) => client.disconnect()?,
            _ => return Err(format!("not understood: {command}").into()),
        }
    }
    // The crate's threads go on for ever: the process ends by itself.
    std::process::exit(0)
}
