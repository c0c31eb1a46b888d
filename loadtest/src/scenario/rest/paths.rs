//! What is asked for, and how often.

/// Whether one thing is read or a page of many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sort {
    Read,
    List,
}

/// One kind of request.
pub(super) struct Kind {
    /// As it stands in the report.
    pub name: &'static str,
    pub sort: Sort,
    /// How many of a hundred requests are of this kind.
    pub percent: u64,
    /// The path; what stands in braces is replaced.
    path: &'static str,
}

const fn read(name: &'static str, percent: u64, path: &'static str) -> Kind {
    Kind { name, sort: Sort::Read, percent, path }
}

const fn list(name: &'static str, percent: u64, path: &'static str) -> Kind {
    Kind { name, sort: Sort::List, percent, path }
}

/// All of them: as much reading as a community does beside its sockets.
pub(super) const KINDS: [Kind; 15] = [
    read("me", 16, "/api/auth/me"),
    read("user", 12, "/api/users/{user}"),
    read("room", 12, "/api/rooms/{room}"),
    read("event", 10, "/api/events/{event}"),
    read("product", 10, "/api/marketplace/products/{product}"),
    list("conversations", 10, "/api/messages/conversations?limit=20"),
    list("history", 8, "/api/messages/room/{own}?limit=50"),
    list("rooms", 4, "/api/rooms?limit=20"),
    list("events", 4, "/api/events?limit=20"),
    list("events_searched", 2, "/api/events?q={word}&limit=20"),
    list("products", 4, "/api/marketplace/products?limit=20"),
    list("products_searched", 2, "/api/marketplace/products?q={word}&sort=price&limit=20"),
    list("users", 2, "/api/users?limit=20"),
    list("leaderboard", 2, "/api/users/leaderboard?limit=20"),
    list("members", 2, "/api/rooms/{own}/members?limit=20"),
];

/// Rooms that each of the callers joins, so that the lists of its conversations are not empty.
pub(super) const ROOMS: u64 = 4;
const WORDS: [&str; 4] = ["harbour", "willow", "slate", "echo"];

/// What the store has.
pub(super) struct Known {
    pub users: Vec<String>,
    pub rooms: Vec<String>,
    pub events: Vec<String>,
    pub products: Vec<String>,
}

/// Well spread, and the same in every run.
fn mixed(number: u64, nth: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ nth.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^= mixed >> 31;
    mixed = mixed.wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 29)
}

/// Which kind the nth request of somebody is.
pub(super) fn kind_of(number: u64, nth: u64) -> usize {
    let mut left = mixed(number, nth) % 100;
    for (index, kind) in KINDS.iter().enumerate() {
        match left.checked_sub(kind.percent) {
            Some(rest) => left = rest,
            None => return index,
        }
    }
    0
}

/// The rooms that a caller is in, by the caller's number.
pub(super) fn own_room(number: u64, nth: u64) -> usize {
    usize::try_from(number + nth % ROOMS * 17).unwrap_or(0)
}

impl Known {
    /// The path of a request, and what its answer must have in it.
    pub fn path(&self, kind: usize, number: u64, nth: u64) -> (String, String) {
        let Some(kind) = KINDS.get(kind) else { return Default::default() };
        let place = usize::try_from(mixed(nth, number) >> 8).unwrap_or(0);
        let of = |ids: &[String], place: usize| ids.get(place % ids.len().max(1)).cloned().unwrap_or_default();
        let mut id = None;
        let mut path = kind.path.to_owned();
        for (brace, ids, place) in [
            ("{user}", &self.users, place),
            ("{room}", &self.rooms, place),
            ("{own}", &self.rooms, own_room(number, nth)),
            ("{event}", &self.events, place),
            ("{product}", &self.products, place),
        ] {
            if path.contains(brace) {
                let one = of(ids, place);
                path = path.replace(brace, &one);
                id = Some(one);
            }
        }
        let path = path.replace("{word}", WORDS.get(place % WORDS.len()).copied().unwrap_or_default());
        let expected = match kind.sort {
            Sort::Read => id.map_or_else(|| "\"id\":\"".to_owned(), |id| format!("\"{id}\"")),
            Sort::List => "\"items\":[".to_owned(),
        };
        (path, expected)
    }
}
