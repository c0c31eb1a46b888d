//! A node without sockets: real services on an embedded store in a temporary directory.

mod doubles;

pub use doubles::{AnyHook, Letters, MovedClock, NoSockets, Shelf, Signals};

use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use plenum_actors::clock::SharedClock;
use plenum_actors::directory::Directory;
use plenum_actors::history::{History, HistoryConfig};
use plenum_actors::owner::actor::Surroundings;
use plenum_actors::owner::{OwnerConfig, OwnerMetrics, Recents};
use plenum_actors::presence::{self, Presence, PresenceConfig, PresenceMetrics};
use plenum_actors::store::SharedStore;
use plenum_cluster::SingleNode;
use plenum_http::{HttpConfig, HttpLayer, Rate, cors, envelope, no_such_path};
use plenum_rest::{HealthSummary, RestConfig, RestParts, RestState, configure};
use plenum_services::accounts::{Accounts, AccountsConfig, Codes, Google, GoogleConfig, Role};
use plenum_services::api_keys::ApiKeys;
use plenum_services::conferences::{self, Conferences};
use plenum_services::conversations::{Conversations, ConversationsConfig, Parts};
use plenum_services::erasure::Erasures;
use plenum_services::events::{Events, EventsConfig};
use plenum_services::idempotency::{Idempotency, IdempotencyConfig};
use plenum_services::images::{Images, ImagesConfig, ImagesMetrics, Places};
use plenum_services::issuer::{Issuer, NoIssuer};
use plenum_services::market::{Market, MarketConfig};
use plenum_services::notices::Notices;
use plenum_services::payments::{PaymentRules, Payments, Provider, Till};
use plenum_services::status_board::{StatusBoard, StatusBoardConfig};
use plenum_services::subjects::{Subjects, SubjectsConfig};
use plenum_store::{Embedded, EmbeddedConfig};
use serde_json::Value;
use std::sync::Arc;

pub struct World {
    pub state: RestState,
    pub signals: Arc<Signals>,
    pub letters: Arc<Letters>,
    pub clock: Arc<MovedClock>,
    pub store: SharedStore,
    layer: web::Data<HttpLayer>,
    http: HttpConfig,
    _directory: tempfile::TempDir,
}

/// A person with a token.
#[derive(Clone)]
pub struct Person {
    pub id: String,
    pub token: String,
    pub email: String,
}

/// What came back.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The document, which must have come with this status.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// The code of a problem document.
    #[track_caller]
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.status);
        let json = self.json();
        assert_eq!(json["success"], false);
        (self.status, json["code"].as_str().expect("a code").to_owned())
    }
}

fn accounts_of(store: &SharedStore, clock: &SharedClock, directory: &std::path::Path) -> Accounts {
    let (store, clock) = (store.clone(), clock.clone());
    let mut config = AccountsConfig::for_tests();
    // All of a test come from one address.
    config.throttle.address_burst = 1_000_000;
    // Those who try often are the subject of the tests of the throttle.
    (config.throttle.pair_burst, config.throttle.pair_refill_ms) = (10, 10_000);
    Accounts::open(store, clock, Arc::new(NoSockets), config, directory).expect("accounts")
}

fn presence_of(store: &SharedStore, signals: &Arc<Signals>, clock: &SharedClock) -> Presence {
    let parts = presence::Parts {
        node: plenum_schema::NodeId(clock.new_id()),
        is_shared: false,
        store: store.clone(),
        publisher: signals.clone(),
        clock: clock.clone(),
        metrics: PresenceMetrics::new(&prometheus::Registry::new()).expect("metrics"),
    };
    Presence::new(parts, PresenceConfig { grace_ms: 0, ..PresenceConfig::default() })
}

fn events_of(store: &SharedStore, signals: &Arc<Signals>, clock: &SharedClock) -> Events {
    Events::new(store.clone(), Notices::new(signals.clone()), clock.clone(), EventsConfig::default())
}

/// Where things are sold and paid.
pub fn trade(
    store: &SharedStore,
    signals: &Arc<Signals>,
    accounts: &Accounts,
    clock: &SharedClock,
    provider: Option<Arc<dyn Provider>>,
) -> (Market, Payments) {
    let (config, rules) = (MarketConfig::default(), PaymentRules::default());
    let till = Till::new(store.clone(), clock.clone(), provider, rules);
    let market = Market::new(store.clone(), signals.clone(), accounts.clone(), till.clone(), clock.clone(), config);
    (market.clone(), Payments::new(till, market))
}

fn erasures(
    store: &SharedStore,
    clock: &SharedClock,
    accounts: &Accounts,
    conversations: &Conversations,
    places: &Places,
) -> Erasures {
    let (store, clock, accounts) = (store.clone(), clock.clone(), accounts.clone());
    Erasures::new(
        store,
        clock,
        accounts,
        conversations.clone(),
        places.events.clone(),
        places.market.clone(),
        places.images.clone(),
    )
}

fn places(
    store: &SharedStore,
    clock: &SharedClock,
    accounts: &Accounts,
    (market, events): (&Market, &Events),
) -> Places {
    let metrics = ImagesMetrics::new(&prometheus::Registry::new()).expect("metrics");
    let depot = Arc::new(Shelf::default());
    let images = Images::start(store.clone(), depot, clock.clone(), ImagesConfig::default(), metrics);
    let images = images.expect("threads");
    Places { images, accounts: accounts.clone(), market: market.clone(), events: events.clone() }
}

/// Without limits of rates.
fn layer_of(accounts: &Accounts, clock: &SharedClock) -> (HttpConfig, HttpLayer) {
    let no_limit = Rate { per_second: 0.0, burst: 0.0 };
    let http = HttpConfig { address_rate: no_limit, caller_rate: no_limit, ..HttpConfig::default() };
    let layer = HttpLayer::new(http.clone(), Arc::new(accounts.clone()), clock.clone(), None).expect("a layer");
    (http, layer)
}

fn google_of_tests() -> GoogleConfig {
    GoogleConfig {
        enabled: true,
        client_id: "web".to_owned(),
        redirect_url: "https://plenum.example/api/auth/google/callback".to_owned(),
        ..GoogleConfig::default()
    }
}

fn healthy() -> HealthSummary {
    HealthSummary { status: "ok", version: "0.0.0", uptime_seconds: 1, store: "ok", bus: "none" }
}

impl World {
    pub fn new() -> Self {
        Self::with(&RestConfig::default())
    }

    pub fn with(config: &RestConfig) -> Self {
        Self::with_board(config, StatusBoardConfig::default())
    }

    pub fn with_board(config: &RestConfig, board: StatusBoardConfig) -> Self {
        Self::with_all(config, board, (google_of_tests(), Arc::new(NoIssuer)), None)
    }

    pub fn with_google(
        config: &RestConfig,
        board: StatusBoardConfig,
        google: GoogleConfig,
        issuer: Arc<dyn Issuer>,
    ) -> Self {
        Self::with_all(config, board, (google, issuer), None)
    }

    /// Somebody takes payments.
    pub fn with_bank(bank: Arc<dyn Provider>) -> Self {
        let google: (_, Arc<dyn Issuer>) = (google_of_tests(), Arc::new(NoIssuer));
        Self::with_all(&RestConfig::default(), StatusBoardConfig::default(), google, Some(bank))
    }

    fn with_all(
        config: &RestConfig,
        board: StatusBoardConfig,
        (google, issuer): (GoogleConfig, Arc<dyn Issuer>),
        bank: Option<Arc<dyn Provider>>,
    ) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let store: SharedStore = Embedded::open(EmbeddedConfig::at(directory.path().join("store"))).expect("a store");
        let moved = Arc::new(MovedClock::new());
        let clock: SharedClock = moved.clone();
        let (letters, signals) = (Arc::new(Letters::default()), Arc::new(Signals::default()));
        let accounts = accounts_of(&store, &clock, directory.path());
        let recents = Arc::new(Recents::default());
        let around = Surroundings {
            store: store.clone(),
            publisher: signals.clone(),
            clock: clock.clone(),
            recents: recents.clone(),
            standings: Arc::default(),
            metrics: OwnerMetrics::new().expect("metrics"),
            config: Arc::new(OwnerConfig::default()),
        };
        let presence = presence_of(&store, &signals, &clock);
        let parts = Parts {
            store: store.clone(),
            directory: Directory::new(around.clone(), Default::default(), Arc::new(SingleNode)),
            history: History::new(store.clone(), recents, HistoryConfig::default()),
            publisher: signals.clone(),
            accounts: accounts.clone(),
            presence,
            clock: clock.clone(),
        };
        let conversations = Conversations::new(parts, ConversationsConfig::default());
        let parts = conferences::Parts {
            store: store.clone(),
            conferences: Directory::new(around.clone(), Default::default(), Arc::new(SingleNode)),
            polls: Directory::new(around.clone(), Default::default(), Arc::new(SingleNode)),
            boards: Directory::new(around, Default::default(), Arc::new(SingleNode)),
            accounts: accounts.clone(),
            conversations: conversations.clone(),
            publisher: signals.clone(),
            clock: clock.clone(),
            voting: Default::default(),
            metrics: conferences::ForgettingMetrics::new(&prometheus::Registry::new()).expect("metrics"),
            hooks: hooks(),
        };
        let conferences = Conferences::new(parts, Default::default(), Default::default());
        let (http, layer) = layer_of(&accounts, &clock);
        let status_board = StatusBoard::new(store.clone(), signals.clone(), clock.clone(), board);
        let (market, payments) = trade(&store, &signals, &accounts, &clock, bank);
        let events = events_of(&store, &signals, &clock);
        let codes = Codes::new(accounts.clone(), letters.clone());
        let google = Google::new(accounts.clone(), issuer, letters.clone(), google);
        let places = places(&store, &clock, &accounts, (&market, &events));
        let erasures = erasures(&store, &clock, &accounts, &conversations, &places);
        let parts = RestParts {
            accounts,
            codes,
            google,
            erasures,
            market,
            payments,
            events,
            places,
            api_keys: ApiKeys::new(store.clone(), clock.clone(), Default::default()),
            conversations: Arc::new(conversations),
            conferences,
            status_board,
            subjects: Subjects::new(store.clone(), clock.clone(), SubjectsConfig::default()),
            idempotency: Arc::new(Idempotency::new(store.clone(), clock.clone(), IdempotencyConfig::default())),
            health: Arc::new(healthy),
            clock,
            limits: None,
        };
        let state = RestState::new(parts, config);
        Self { state, signals, letters, clock: moved, store, layer: web::Data::new(layer), http, _directory: directory }
    }

    pub async fn ask(&self, request: TestRequest) -> Seen {
        let app = App::new()
            .app_data(self.layer.clone())
            .wrap(cors(&self.http))
            .wrap(from_fn(envelope))
            .configure(|config| configure(config, self.state.clone()))
            .default_service(web::to(no_such_path));
        let service = init_service(app).await;
        let response = call_service(&service, request.to_request()).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Seen { status, headers, body: read_body(response).await.to_vec() }
    }

    pub async fn get(&self, who: &Person, path: &str) -> Seen {
        self.ask(who.request("GET", path)).await
    }

    pub async fn post(&self, who: &Person, path: &str, body: Value) -> Seen {
        self.ask(who.request("POST", path).set_json(body)).await
    }

    pub async fn put(&self, who: &Person, path: &str, body: Value) -> Seen {
        self.ask(who.request("PUT", path).set_json(body)).await
    }

    pub async fn delete(&self, who: &Person, path: &str) -> Seen {
        self.ask(who.request("DELETE", path)).await
    }

    pub async fn register(&self, name: &str) -> Person {
        self.register_at("/auth/register", name).await
    }

    /// At the door of a kind of accounts.
    pub async fn register_at(&self, path: &str, name: &str) -> Person {
        let email = format!("{name}@example.org");
        let body = serde_json::json!({ "email": email, "password": PASSWORD, "fullName": name });
        let answer = self.ask(plain("POST", path).set_json(body)).await.ok(201);
        Person {
            id: answer["user"]["id"].as_str().expect("an id").to_owned(),
            token: answer["accessToken"].as_str().expect("a token").to_owned(),
            email,
        }
    }

    /// Somebody who looks after the house.
    pub async fn admin(&self, name: &str) -> Person {
        let person = self.register(name).await;
        let id = person.id.parse().expect("an id");
        self.state.accounts.set_role(id, Role::Admin, None).await.expect("a role");
        person
    }

    /// The id of a group of these people.
    pub async fn group(&self, creator: &Person, others: &[&Person]) -> String {
        let members: Vec<&str> = others.iter().map(|one| one.id.as_str()).collect();
        let body = serde_json::json!({ "kind": "group", "title": "a group", "members": members });
        id_of(&self.post(creator, "/conversations", body).await.ok(201))
    }

    pub async fn say(&self, who: &Person, conversation: &str, text: &str) -> u64 {
        let body = serde_json::json!({ "conversationId": conversation, "text": text });
        self.post(who, "/chat/message", body).await.ok(201)["offset"].as_u64().expect("an offset")
    }

    /// The list's item of a conversation.
    pub async fn item(&self, who: &Person, conversation: &str) -> Value {
        let list = self.get(who, "/messages/conversations").await.ok(200);
        let items = list["items"].as_array().expect("items");
        items.iter().find(|item| item["id"] == conversation).cloned().unwrap_or(Value::Null)
    }
}

pub const PASSWORD: &str = "correct horse battery staple 7";

pub fn id_of(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

/// A request of nobody.
pub fn plain(method: &str, path: &str) -> TestRequest {
    TestRequest::default()
        .method(Method::from_bytes(method.as_bytes()).expect("a method"))
        .uri(&format!("/api/v1{path}"))
}

impl Person {
    pub fn request(&self, method: &str, path: &str) -> TestRequest {
        plain(method, path).insert_header(("Authorization", format!("Bearer {}", self.token)))
    }
}

fn hooks() -> conferences::Hooks {
    let metrics = conferences::HookMetrics::new(&prometheus::Registry::new()).expect("metrics");
    conferences::Hooks::new(Arc::new(AnyHook), metrics)
}
