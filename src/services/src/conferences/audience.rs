//! Who is in an audience: participants with a connection, and how many have ever joined.

use dashmap::DashMap;
use parking_lot::Mutex;
use plenum_actors::connection::Comings;
use plenum_actors::identity::{ConferenceRole, Identity, Scope};
use plenum_actors::presence::Presence;
use plenum_actors::publication::{Class, Publication, Publisher};
use plenum_schema::conference::Audience;
use plenum_schema::wire::Signal;
use plenum_schema::{ConferenceId, ParticipantId, Topic};
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The class of audience signals on a conference's topic: only the newest matters.
const CONFLATED: u64 = 1;

/// One conference's audience, as this process knows it.
#[derive(Debug, Default)]
struct Hall {
    here: HashSet<ParticipantId>,
    peak: u64,
    /// Participants who have joined; `None` until their rows were counted.
    unique: Option<u64>,
    changed: bool,
}

impl Hall {
    fn audience(&self) -> Audience {
        let live = self.here.len() as u64;
        Audience { live, unique: self.unique.unwrap_or(live), peak: self.peak }
    }
}

/// The audiences of all conferences. Cheap to clone; halls without anybody inside are kept for their peak until they are forgotten.
#[derive(Clone, Default)]
pub struct Audiences {
    halls: Arc<DashMap<ConferenceId, Mutex<Hall>>>,
}

impl fmt::Debug for Audiences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audiences").field("halls", &self.halls.len()).finish()
    }
}

impl Audiences {
    /// The audience now.
    #[must_use]
    pub fn of(&self, conference: ConferenceId) -> Audience {
        self.halls.get(&conference).map(|hall| hall.lock().audience()).unwrap_or_default()
    }

    fn with<T>(&self, conference: ConferenceId, change: impl FnOnce(&mut Hall) -> T) -> T {
        if let Some(hall) = self.halls.get(&conference) {
            return change(&mut hall.lock());
        }
        let hall = self.halls.entry(conference).or_default();
        let mut hall = hall.lock();
        change(&mut hall)
    }

    /// Whether the participants of a conference have been counted.
    pub(super) fn is_counted(&self, conference: ConferenceId) -> bool {
        self.halls.get(&conference).is_some_and(|hall| hall.lock().unique.is_some())
    }

    /// So many have joined, by their rows.
    pub(super) fn counted(&self, conference: ConferenceId, unique: u64) {
        self.with(conference, |hall| hall.unique = Some(hall.unique.unwrap_or(unique).max(unique)));
    }

    /// One more has joined.
    pub(super) fn joined(&self, conference: ConferenceId) {
        self.with(conference, |hall| {
            hall.unique = hall.unique.map(|unique| unique + 1);
            hall.changed = true;
        });
    }

    /// A conference is over: nothing of it is kept.
    pub(super) fn forget(&self, conference: ConferenceId) {
        self.halls.remove_if(&conference, |_, hall| hall.lock().here.is_empty());
    }

    fn connections(&self, conference: ConferenceId, participant: ParticipantId, count: usize) {
        self.with(conference, |hall| {
            let changed = if count > 0 { hall.here.insert(participant) } else { hall.here.remove(&participant) };
            hall.changed |= changed;
            hall.peak = hall.peak.max(hall.here.len() as u64);
        });
    }

    /// Tells every audience that has changed how large it is.
    pub fn tell(&self, publisher: &dyn Publisher) {
        for entry in self.halls.iter() {
            let topic = Topic::Conference(*entry.key());
            let mut hall = entry.value().lock();
            if std::mem::take(&mut hall.changed) && publisher.is_wanted(topic) {
                let signal = Signal::Audience(hall.audience());
                publisher.publish(vec![Publication::signal(topic, Class::Conflated(CONFLATED), signal)]);
            }
        }
    }
}

/// Hears of all identified connections of a node: people's go to their presence, audiences' to their conference.
#[derive(Clone, Debug)]
pub struct Arrivals {
    /// Who of the accounts is online.
    pub presence: Presence,
    /// Who is in audiences.
    pub audiences: Audiences,
}

impl Comings for Arrivals {
    fn connections(&self, who: &Identity, count: usize) {
        match who.scope {
            Scope::Account => self.presence.connections(who, count),
            Scope::Conference { conference, role: ConferenceRole::Participant } => {
                self.audiences.connections(conference, ParticipantId(who.user.0), count);
            }
            Scope::Conference { role: ConferenceRole::Runner(_), .. } => {}
        }
    }
}

/// Tells audiences how large they are, for as long as it runs.
pub async fn run_audiences(audiences: Audiences, publisher: Arc<dyn Publisher>, every_ms: u64) {
    loop {
        tokio::time::sleep(Duration::from_millis(every_ms)).await;
        audiences.tell(&*publisher);
    }
}
