//! Who asks, and what they ask about.

use crate::world::{PASSWORD, Person, World, id_of, plain};
use actix_web::test::TestRequest;
use plenum_services::accounts::Role;
use serde_json::{Value, json};

/// Everybody who asks, in the order of the table's columns.
pub const ROLES: [&str; 12] = [
    "anonymous",
    "stranger",
    "owner",
    "member",
    "host",
    "seller",
    "university",
    "admin",
    "key",
    "participant",
    // With accounts of other kinds than those of people.
    "host-kind",
    "university-kind",
];

/// Stands in everything that the owner makes and others may not see.
pub const SECRET: &str = "only-for-members";

/// People who keep their accounts, and a program.
pub struct Cast {
    people: Vec<(&'static str, Person)>,
    key: String,
    /// Of another conference than the one that is asked about.
    participant: Person,
}

/// Something of the owner's, and who is in it.
pub struct Things {
    owner: Person,
    /// Somebody who was let in where the path is about something with members.
    member: Person,
    participant: Person,
    /// Path parameters.
    ids: Vec<(&'static str, String)>,
    body: Value,
}

async fn person(world: &World, name: &str, role: Role) -> Person {
    let person = world.register(name).await;
    if role != Role::User {
        world.state.accounts.set_role(person.id.parse().expect("an id"), role, None).await.expect("a role");
    }
    person
}

/// The request with a small image as its body.
fn with_image(request: TestRequest, member: &str) -> TestRequest {
    let mut body = format!("--x\r\ncontent-disposition: form-data; name=\"{member}\"; filename=\"a.png\"\r\n");
    body.push_str("content-type: image/png\r\n\r\n");
    let (mut body, mut picture) = (body.into_bytes(), Vec::new());
    let mut encoder = png::Encoder::new(&mut picture, 1, 1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().expect("a header").write_image_data(&[1, 2, 3]).expect("a pixel");
    body.extend(picture);
    body.extend(b"\r\n--x--\r\n");
    request.insert_header(("content-type", "multipart/form-data; boundary=x")).set_payload(body)
}

impl Cast {
    pub async fn gather(world: &World) -> Self {
        let mut people = Vec::new();
        for (name, role) in [
            ("stranger", Role::User),
            ("host", Role::Host),
            ("seller", Role::Seller),
            ("university", Role::University),
            ("admin", Role::Admin),
        ] {
            let unique = uuid::Uuid::now_v7().simple();
            people.push((name, person(world, &format!("{name}{unique}"), role).await));
        }
        for (name, kind) in [("host-kind", "host"), ("university-kind", "university")] {
            let unique = format!("{kind}{}", uuid::Uuid::now_v7().simple());
            people.push((name, world.register_at(&format!("/{kind}/auth/register"), &unique).await));
        }
        let admin = &people[4].1;
        let body = json!({ "name": "checker", "scopes": ["status:read", "status:write"] });
        let key = world.post(admin, "/keys", body).await.ok(201)["key"].as_str().expect("a key").to_owned();
        let elsewhere = conference(world, &people[1].1, &people[2].1).await;
        Self { people, key, participant: elsewhere.3 }
    }

    fn named(&self, name: &str) -> &Person {
        &self.people.iter().find(|(known, _)| *known == name).expect("somebody").1
    }

    /// A request of this role about these things.
    pub fn request(&self, role: &str, things: &Things, method: &str, path: &str) -> TestRequest {
        let mut path = path.to_owned();
        for (name, id) in &things.ids {
            path = path.replace(name, id);
        }
        if path.starts_with("/messages/direct/") && role == "member" {
            path = format!("/messages/direct/{}", things.owner.id);
        }
        if path == "/users/presence" {
            path = format!("{path}?ids={}", things.owner.id);
        }
        if path == "/search/messages" {
            path = format!("{path}?q=hello");
        }
        if path == "/users/lookup" {
            path = format!("{path}?email={}", things.owner.email);
        }
        let request = match role {
            "anonymous" => plain(method, &path),
            "owner" => things.owner.request(method, &path),
            "member" => things.member.request(method, &path),
            "participant" => things.participant.request(method, &path),
            "key" => plain(method, &path).insert_header(("X-Api-Key", self.key.clone())),
            other => self.named(other).request(method, &path),
        };
        if method == "POST"
            && (path.ends_with("/upload-avatar") || path.ends_with("/image") || path.ends_with("/images"))
        {
            return with_image(request, if path.ends_with("avatar") { "avatar" } else { "image" });
        }
        if matches!(method, "GET" | "HEAD") { request } else { request.set_json(&things.body) }
    }
}

/// A conference with a question that is live, a participant, and what the audience has asked: id, code, question, participant.
async fn conference(world: &World, owner: &Person, host: &Person) -> (String, String, String, Person) {
    let made =
        world.post(owner, "/conference", json!({ "title": "Open to all", "identity": "pseudonymous" })).await.ok(201);
    let (id, code) = (id_of(&made), made["publicCode"].as_str().expect("a code").to_owned());
    let at = |rest: &str| format!("/conference/{id}{rest}");
    world.post(owner, &at("/hosts"), json!({ "user": host.id, "userId": host.id, "role": "cohost" })).await.ok(200);
    world.post(owner, &at("/start"), json!({})).await.ok(200);
    let question = json!({ "text": "2 + 2?", "kind": "single", "options": ["4", "5"] });
    let question = id_of(&world.post(owner, &at("/questions"), question).await.ok(201));
    world.post(owner, &at(&format!("/questions/{question}/live")), json!({})).await.ok(200);
    let joined = world.ask(plain("POST", &at("/join")).set_json(json!({ "name": "Grace" }))).await.ok(201);
    let word = |member: &str| joined[member].as_str().expect("a word").to_owned();
    let participant = Person { id: word("participant"), token: word("token"), email: String::new() };
    world.post(&participant, &at("/qa"), json!({ "text": "Why?" })).await.ok(201);
    world.post(&participant, &at("/qa"), json!({ "text": "Why not?" })).await.ok(201);
    world.post(owner, &at("/qa/1/replies"), json!({ "text": "So" })).await;
    (id, code, question, participant)
}

impl Things {
    /// What a path is about, made anew.
    pub async fn make(world: &World, cast: &Cast, path: &str) -> Self {
        let unique = uuid::Uuid::now_v7().simple().to_string();
        let owner = person(world, &format!("o{unique}"), Role::Seller).await;
        let member = world.register(&format!("m{unique}")).await;
        let participant = cast.participant.clone();
        let mut things = Self { owner, member, participant, ids: Vec::new(), body: Value::Null };
        things.ids = things.ids_for(world, cast, path).await;
        things.body = things.body_for(cast, path, &unique);
        things
    }

    async fn ids_for(&mut self, world: &World, cast: &Cast, path: &str) -> Vec<(&'static str, String)> {
        let (owner, member, admin) = (self.owner.clone(), self.member.clone(), cast.named("admin"));
        let first = path.split('/').nth(1).unwrap_or_default();
        let id = match first {
            "auth" => {
                let devices = world.get(&owner, "/auth/devices").await.ok(200);
                id_of(&devices["items"][0])
            }
            "users" if path.contains("/subjects/") => {
                let body = json!({ "name": format!("Subject {}", owner.id) });
                id_of(&world.post(&owner, "/users/subjects", body).await.ok(201))
            }
            "users" => owner.id.clone(),
            "conversations" | "chat" | "messages" => self.conversation(world).await,
            "rooms" => self.room(world).await,
            "conference" => return self.conference_ids(world, cast).await,
            "media" => {
                let avatar =
                    world.ask(with_image(owner.request("POST", "/auth/upload-avatar"), "avatar")).await.ok(200);
                let address = avatar["avatar"].as_str().expect("an address");
                address.rsplit('/').next().expect("an id").to_owned()
            }
            "brands" => {
                let code = owner.id.replace('-', "")[20..].to_owned();
                id_of(&world.post(admin, "/brands", json!({ "name": owner.id, "code": code })).await.ok(201))
            }
            "domains" | "urls" => self.domain(world, admin).await,
            "keys" => {
                let body = json!({ "name": "one more", "scopes": ["status:read"] });
                let made = world.post(admin, "/keys", body).await.ok(201);
                id_of(&made)
            }
            "events" => {
                let body = json!({ "title": "Party", "date": "2099-05-01T18:00:00Z", "maxParticipants": 5 });
                let id = id_of(&world.post(&owner, "/events", body).await.ok(201));
                world.post(&member, &format!("/events/{id}/join"), json!({})).await.ok(200);
                id
            }
            _ if path.contains("seller-applications") => {
                world.post(&member, "/marketplace/seller-applications", json!({ "shop": SECRET })).await.ok(201);
                member.id.clone()
            }
            _ => return self.market_ids(world, path).await,
        };
        let room = if first == "messages" { self.room(world).await } else { String::new() };
        vec![("{id}", id), ("{userId}", member.id.clone()), ("{roomId}", room), ("{offset}", "3".to_owned())]
    }

    /// A group with the member in it, a message at the third place, and a direct conversation of the two.
    async fn conversation(&self, world: &World) -> String {
        let id = world.group(&self.owner, &[&self.member]).await;
        world.post(&self.owner, "/conversations", json!({ "userId": self.member.id })).await;
        world.say(&self.owner, &id, SECRET).await;
        world.say(&self.owner, &id, SECRET).await;
        id
    }

    /// A private room with the member in it.
    async fn room(&self, world: &World) -> String {
        let body = json!({ "name": SECRET, "roomType": "private", "maxParticipants": 5 });
        let id = id_of(&world.post(&self.owner, "/rooms", body).await.ok(201));
        let body = json!({ "userId": self.member.id });
        let added = world.post(&self.owner, &format!("/conversations/{id}/members"), body).await;
        assert!((200..300).contains(&added.status), "{}", added.status);
        id
    }

    async fn domain(&self, world: &World, admin: &Person) -> String {
        id_of(&world.post(admin, "/domains", json!({ "domain": format!("d{}.example", self.owner.id) })).await.ok(201))
    }

    async fn conference_ids(&mut self, world: &World, cast: &Cast) -> Vec<(&'static str, String)> {
        let (id, code, question, participant) = conference(world, &self.owner, cast.named("host")).await;
        self.participant = participant.clone();
        // Named by the owner as the host is, and refused all the same: its tokens are for something else.
        let institution = json!({ "user": cast.named("university-kind").id, "role": "cohost" });
        world.post(&self.owner, &format!("/conference/{id}/hosts"), institution).await.ok(200);
        let hook = json!({ "url": "https://example.org/hook" });
        let hook = world.post(&self.owner, &format!("/conference/{id}/webhooks"), hook).await.ok(201);
        vec![
            ("{hookId}", id_of(&hook)),
            ("{id}", id),
            ("{code}", code),
            ("{questionId}", question),
            ("{participantId}", participant.id),
            ("{itemId}", "1".to_owned()),
            ("{replyId}", "1".to_owned()),
        ]
    }

    /// A product of the owner's, which the member has ordered.
    async fn market_ids(&self, world: &World, path: &str) -> Vec<(&'static str, String)> {
        let pays = path.ends_with("/create-intent");
        if !pays && !path.contains('{') && !path.contains("cart") && !path.contains("orders") {
            return Vec::new();
        }
        let body = json!({ "title": "Cup", "price": 990, "currency": "EUR", "quantity": 9 });
        let product = id_of(&world.post(&self.owner, "/products", body).await.ok(201));
        let mut id = product.clone();
        if pays || path.contains("orders/{id}") {
            world.post(&self.member, "/cart", json!({ "productId": product, "quantity": 1 })).await.ok(200);
            id = id_of(&world.post(&self.member, "/orders", json!({})).await.ok(201));
        }
        vec![("{id}", id), ("{productId}", product)]
    }

    fn id(&self, name: &str) -> String {
        self.ids.iter().find(|(known, _)| *known == name).map_or(String::new(), |(_, id)| id.clone())
    }

    /// A body with every member that any route reads, so that each gets past its own reading.
    fn body_for(&self, cast: &Cast, path: &str, unique: &str) -> Value {
        let stranger = cast.named("stranger");
        let mut body = json!({
            "email": format!("new{unique}@example.org"), "password": PASSWORD, "currentPassword": PASSWORD,
            "newPassword": "nine purple umbrellas", "refreshToken": "none", "code": "123456", "role": "member", "isActive": true,
            "name": format!("name {unique}"), "scopes": ["status:read"], "domain": format!("new{unique}.example"),
            "scanResult": { "status": "blocked" }, "id": self.id("{id}"), "orderId": self.id("{id}"), "userId": stranger.id, "user": stranger.id,
            "title": "A title", "conversationId": self.id("{id}"), "text": "some words", "emoji": "👍", "read": 1,
            "date": "2099-05-01T18:00:00Z", "price": 990, "currency": "EUR", "quantity": 1, "productId": self.id("{productId}")
        });
        let more = json!({
            "status": "paid", "shop": "A shop", "decision": "approve", "approve": true, "kind": "group", "members": [],
            "phone": format!("+4930{}", u32::from_str_radix(&unique[26..], 16).unwrap_or(0) + 1_000_000),
            "optionId": 1, "options": ["a", "b"], "order": [], "reaction": "👏", "weight": 2, "count": 1, "into": 2,
            "emails": ["ada@example.org"], "action": "pin", "word": "x", "hidden": true, "survey": "x",
            "entries": [{ "email": "ada@example.org" }], "frozen": true, "shown": true, "pinned": true,
            "url": "https://example.org/another"
        });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let set = |body: &mut Value, member: &str, value: Value| body[member] = value;
        match path {
            "/users/{id}/role" => set(&mut body, "role", json!("host")),
            "/keys" | "/brands" => set(&mut body, "code", json!(unique[24..].to_owned())),
            "/users/{id}" => ["role", "isActive", "email", "phone", "name"]
                .iter()
                .for_each(|name| drop(body.as_object_mut().expect("an object").remove(*name))),
            _ if path.starts_with("/events") || path.contains("/products") => {
                // A product's title may be called its name, but not both.
                for member in ["status", "name"].iter().take(if path.contains("/products") { 2 } else { 1 }) {
                    body.as_object_mut().expect("an object").remove(*member);
                }
            }
            _ if path.contains("seller-applications") => set(&mut body, "status", json!("approved")),
            _ if path.ends_with("/auth/login") => set(&mut body, "email", json!(self.owner.email)),
            "/conversations" => {
                set(&mut body, "userId", Value::Null);
                set(&mut body, "email", Value::Null);
                set(&mut body, "members", json!([self.member.id]));
            }
            _ if path.starts_with("/conference") => {
                set(&mut body, "kind", json!("single"));
                set(&mut body, "role", json!("cohost"));
                body.as_object_mut().expect("an object").remove("status");
            }
            _ => {}
        }
        body
    }
}
