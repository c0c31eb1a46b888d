//! A believable community, made through the services: so that every page can be judged at a glance.
//!
//! Everything is made once: people are known by their addresses, the rest by fixed ids and references. A second run adds what is
//! missing and gives the people a new password.

mod talk;
mod trade;

use crate::node::Workshop;
use plenum_schema::{Refusal, RefusalCode, SessionId, UserId};
use plenum_services::accounts::{Identity, NewAccount, Profile, ProfileUpdate, Role, Scope, Secret};

/// What the addresses of everybody in the demo end with: nobody's (RFC 2606).
const DOMAIN: &str = "@demo.example";
/// Accounts that are looked at before the first one is made.
const LOOK_AT: usize = 1_000;

/// Somebody of the demo.
struct Cast {
    /// The address without the domain.
    name: &'static str,
    full_name: &'static str,
    bio: &'static str,
    occupation: &'static str,
    role: Role,
}

const CAST: [Cast; 6] = [
    cast("ada", "Ada Almeida", "Looks after the house. Ask me when something is stuck.", "Administrator", Role::Admin),
    cast("ben", "Ben Okafor", "Reads maps the way others read novels.", "Cartographer", Role::User),
    cast("cleo", "Cleo Martins", "Choir on Tuesdays, climbing on Thursdays.", "Teacher", Role::User),
    cast("hana", "Hana Sato", "Runs our monthly hall.", "Host", Role::Host),
    cast("sam", "Sam Whitfield", "Paper, pencils and everything between.", "Stationer", Role::Seller),
    cast("yusuf", "Yusuf Demir", "", "Student", Role::User),
];

const fn cast(
    name: &'static str,
    full_name: &'static str,
    bio: &'static str,
    occupation: &'static str,
    role: Role,
) -> Cast {
    Cast { name, full_name, bio, occupation, role }
}

/// Everybody, by the order of the cast.
#[derive(Clone, Copy)]
struct People {
    ada: UserId,
    ben: UserId,
    cleo: UserId,
    hana: UserId,
    sam: UserId,
    yusuf: UserId,
}

/// A way to sign in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SignIn {
    /// What to call the person.
    pub name: String,
    /// The address.
    pub email: String,
    /// What the person may do.
    pub role: Role,
}

/// What was made, for the one who asked for it.
pub(crate) struct Made {
    /// Who can sign in.
    pub people: Vec<SignIn>,
    /// With which password: new with each run, the same for all.
    pub password: Secret,
    /// The code of the conference.
    pub code: String,
}

/// Whether somebody lives in the store who is not of the demo.
async fn is_inhabited(shop: &Workshop) -> Result<bool, Refusal> {
    let accounts = shop.accounts.list(None, LOOK_AT).await?;
    let is_stranger = |one: &Profile| !one.email.as_deref().is_some_and(|email| email.ends_with(DOMAIN));
    Ok(accounts.len() == LOOK_AT || accounts.iter().any(is_stranger))
}

/// Fills the store.
///
/// # Errors
/// `conflict` when other people live in it and `force` does not say that this is meant; else what the services say.
pub(crate) async fn fill(shop: &Workshop, force: bool) -> Result<Made, Refusal> {
    if !force && is_inhabited(shop).await? {
        let text = "this store has accounts of its own: say --force to add the demo's people to them";
        return Err(Refusal::new(RefusalCode::Conflict, text));
    }
    let password = password(shop);
    let mut ids = Vec::with_capacity(CAST.len());
    for one in &CAST {
        ids.push(person(shop, one, &password).await?);
    }
    let &[ada, ben, cleo, hana, sam, yusuf] = ids.as_slice() else {
        return Err(Refusal::new(RefusalCode::Internal, "the cast is not complete"));
    };
    let people = People { ada, ben, cleo, hana, sam, yusuf };
    talk::conversations(shop, &people).await?;
    let code = talk::conference(shop, &people).await?;
    trade::events(shop, &people).await?;
    trade::market(shop, &people).await?;
    trade::status_board(shop, &people).await?;
    let sign_in = |one: &Cast| SignIn { name: one.full_name.to_owned(), email: address(one), role: one.role };
    Ok(Made { people: CAST.iter().map(sign_in).collect(), password, code })
}

fn address(one: &Cast) -> String {
    format!("{}{DOMAIN}", one.name)
}

/// A fresh one: a password that stands in a manual would open every server that was ever tried out.
fn password(shop: &Workshop) -> Secret {
    let part = || shop.clock.new_id().simple().to_string().split_off(20);
    Secret::from(format!("{}-{}", part(), part()))
}

async fn person(shop: &Workshop, one: &Cast, password: &Secret) -> Result<UserId, Refusal> {
    let known = match shop.accounts.lookup(&address(one)).await {
        Err(refusal) if refusal.code == RefusalCode::NotFound => None,
        other => Some(other?),
    };
    if let Some(known) = known {
        shop.accounts.set_password(known.id, password.clone()).await?;
        return Ok(known.id);
    }
    let text = |text: &str| Some(text.to_owned());
    let profile = ProfileUpdate {
        full_name: text(one.full_name),
        bio: text(one.bio),
        occupation: text(one.occupation),
        ..ProfileUpdate::default()
    };
    let new =
        NewAccount { email: Some(address(one)), profile, password: Some(password.clone()), ..NewAccount::default() };
    let made = shop.accounts.create_user(new).await?;
    shop.accounts.set_role(made.id, one.role, None).await?;
    Ok(made.id)
}

/// Somebody, as the services of conferences know a caller.
fn identity(shop: &Workshop, user: UserId) -> Identity {
    Identity {
        user,
        session: SessionId(shop.clock.new_id()),
        expires_at: i64::MAX,
        ends_at: i64::MAX,
        scope: Scope::default(),
    }
}

/// Whether something is there: `notFound` is an answer here, and no error.
fn is_there<T>(found: Result<T, Refusal>) -> Result<bool, Refusal> {
    match found {
        Ok(_) => Ok(true),
        Err(refusal) if refusal.code == RefusalCode::NotFound => Ok(false),
        Err(refusal) => Err(refusal),
    }
}
