//! The double: intents, refunds and idempotency keys as Stripe has them, in memory.

use hmac::Mac;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub const SECRET: &str = "whsec_of_the_test";
pub const OLD_SECRET: &str = "whsec_of_the_test_before";

/// It does what it is asked and says so.
pub const WELL: usize = 0;
/// It never answers.
pub const SILENT: usize = 1;
/// It does what it is asked, and the connection breaks before the answer.
pub const BROKEN_PIPE: usize = 2;
/// It answers something else.
pub const NONSENSE: usize = 3;

#[derive(Default)]
struct Books {
    intents: Vec<Value>,
    refunds: Vec<Value>,
    /// What was answered under an idempotency key.
    keys: HashMap<String, Value>,
}

/// See the module.
pub struct Double {
    address: SocketAddr,
    books: Arc<Mutex<Books>>,
    mode: Arc<AtomicUsize>,
}

/// The header for an event.
pub fn signed(secret: &str, at: i64, body: &str) -> String {
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}

impl Double {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (books, mode) = (Arc::<Mutex<Books>>::default(), Arc::new(AtomicUsize::new(WELL)));
        let (shared, how) = (books.clone(), mode.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (books, mode) = (shared.clone(), how.load(Ordering::Relaxed));
                std::thread::spawn(move || serve(stream, &books, mode));
            }
        });
        Self { address, books, mode }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn mode(&self, mode: usize) {
        self.mode.store(mode, Ordering::Relaxed);
    }

    pub fn now(&self) -> i64 {
        i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
    }

    /// The payer pays; once, as the card is charged once.
    pub fn pay(&self, id: &str) {
        let mut books = self.books.lock().unwrap();
        let intent = books.intents.iter_mut().find(|intent| intent["id"] == id).unwrap();
        intent["amount_received"] = intent["amount"].clone();
        intent["status"] = json!("succeeded");
    }

    /// The event that Stripe sends of an intent as it stands.
    pub fn event(&self, id: &str, intent: &str) -> String {
        let books = self.books.lock().unwrap();
        let object = books.intents.iter().find(|one| one["id"] == intent).unwrap();
        json!({ "id": id, "type": "payment_intent.succeeded", "data": { "object": object } }).to_string()
    }

    pub fn paid(&self) -> usize {
        self.books.lock().unwrap().intents.iter().filter(|intent| intent["status"] == "succeeded").count()
    }

    pub fn refunds(&self) -> usize {
        self.books.lock().unwrap().refunds.len()
    }
}

fn serve(mut stream: TcpStream, books: &Mutex<Books>, mode: usize) {
    let Some((method, path, key, body)) = read(&stream) else { return };
    if mode == SILENT {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let _gone = stream.read(&mut [0_u8; 1]);
        return;
    }
    let answer = carried_out(&mut books.lock().unwrap(), &method, &path, &key, &body);
    let (status, body) = match (mode, answer) {
        (BROKEN_PIPE, _) => return,
        (NONSENSE, _) => (200, "<html>".to_owned()),
        (_, Some(answer)) => (200, answer.to_string()),
        (_, None) => (400, json!({ "error": { "code": "payment_intent_unexpected_state" } }).to_string()),
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _sent = stream.write_all(format!("{head}{body}").as_bytes());
}

/// Method, path, idempotency key, and the form.
fn read(stream: &TcpStream) -> Option<(String, String, String, HashMap<String, String>)> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut first, mut key, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut first).ok()?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 || line == "\r\n" {
            break;
        }
        let (name, value) = line.trim().split_once(": ")?;
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "idempotency-key" => value.clone_into(&mut key),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let text = String::from_utf8(body).ok()?;
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let form = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut words = first.split(' ');
    Some((words.next()?.to_owned(), words.next()?.to_owned(), key, form))
}

fn carried_out(
    books: &mut Books,
    method: &str,
    path: &str,
    key: &str,
    form: &HashMap<String, String>,
) -> Option<Value> {
    if let Some(answer) = books.keys.get(key).filter(|_| !key.is_empty()) {
        return Some(answer.clone());
    }
    let word = |name: &str| form.get(name).cloned().unwrap_or_default();
    let amount = || word("amount").parse::<i64>().ok();
    let answer = match (method, path.trim_start_matches("/v1/").split('/').collect::<Vec<_>>().as_slice()) {
        ("POST", ["payment_intents"]) => {
            let id = format!("pi_{}", books.intents.len() + 1);
            let metadata = json!({ "payment_id": word("metadata[payment_id]"), "attempt": word("metadata[attempt]") });
            let intent = json!({
                "id": id, "amount": amount()?, "amount_received": 0, "currency": word("currency"), "metadata": metadata,
                "status": "requires_payment_method", "client_secret": format!("{id}_secret_x"),
            });
            books.intents.push(intent.clone());
            intent
        }
        ("POST", ["payment_intents", id, "cancel"]) => {
            let intent = books.intents.iter_mut().find(|intent| intent["id"] == **id)?;
            if intent["status"] != "requires_payment_method" {
                return None;
            }
            intent["status"] = json!("canceled");
            intent.clone()
        }
        ("GET", ["payment_intents", id]) => books.intents.iter().find(|intent| intent["id"] == **id)?.clone(),
        ("POST", ["refunds"]) => {
            let metadata =
                json!({ "payment_id": word("metadata[payment_id]"), "refund_key": word("metadata[refund_key]") });
            let refund = json!({
                "id": format!("re_{}", books.refunds.len() + 1), "amount": amount()?, "currency": "eur",
                "payment_intent": word("payment_intent"), "metadata": metadata, "status": "succeeded",
            });
            books.refunds.push(refund.clone());
            refund
        }
        _ => json!({ "data": books.refunds }),
    };
    if !key.is_empty() {
        books.keys.insert(key.to_owned(), answer.clone());
    }
    Some(answer)
}
