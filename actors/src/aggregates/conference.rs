//! A conference: who runs it, and which of its questions are live and closed. Everything in its log is for everybody in the
//! audience; ballots are in the logs of polls, drafts of questions in rows.

mod command;
mod decide;

#[cfg(test)]
mod tests;

pub use command::{Answered, Asked, Command, ConferenceLimits, ConferenceView, Runner};

use crate::aggregate::{Aggregate, Decision};
use crate::clock::WallMillis;
use plenum_schema::conference::{Audience, ConferenceEvent, ConferenceInfo, ConferenceStatus, HostRole};
use plenum_schema::log::{AggregateKind, Offset};
use plenum_schema::wire;
use plenum_schema::{ConferenceId, EntryId, QuestionId, Refusal, UserId, codec};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The state of a conference after `head`; also its saved form. Stored: only add optional members, or raise the snapshot format.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Conference {
    id: ConferenceId,
    head: Offset,
    status: ConferenceStatus,
    code: String,
    info: ConferenceInfo,
    /// The offset of the newest change of `info`.
    version: Offset,
    created_at: WallMillis,
    hosts: BTreeMap<UserId, HostRole>,
    /// Questions that were ever live.
    asked: BTreeMap<QuestionId, Asked>,
    /// The audience at the end.
    audience: Option<Audience>,
    /// When something happened last.
    #[serde(default, skip_serializing_if = "is_zero")]
    changed_at: WallMillis,
    /// Where who took part was forgotten; 0: nowhere.
    #[serde(default, skip_serializing_if = "is_none")]
    forgotten: Offset,
    /// Whether everything was.
    #[serde(default, skip_serializing_if = "is_false")]
    deleted: bool,
}

fn is_zero(moment: &WallMillis) -> bool {
    *moment == 0
}

fn is_none(offset: &Offset) -> bool {
    *offset == 0
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// What lists show of a conference without waking its owner.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Digest {
    /// Its title.
    pub title: String,
    /// Its code.
    pub code: String,
    /// Where it stands.
    pub status: ConferenceStatus,
}

/// The format byte in front of a stored digest.
pub const DIGEST_FORMAT: u8 = 1;

impl Conference {
    fn role_of(&self, runner: &Runner) -> Option<HostRole> {
        self.hosts.get(&runner.user).copied().max(runner.role)
    }

    fn is_made(&self) -> bool {
        self.head > 0
    }
}

/// Reads a stored digest; `None` when there is none or it cannot be read.
#[must_use]
pub fn read_digest(bytes: &[u8]) -> Option<Digest> {
    codec::restore(&[DIGEST_FORMAT], bytes).ok()
}

impl Aggregate for Conference {
    type Command = Command;
    type Event = ConferenceEvent;
    type Answer = Answered;
    type Saved = Self;
    type Rules = ConferenceLimits;

    const KIND: AggregateKind = AggregateKind::Conference;
    const EVENT_FORMAT: u8 = 1;
    const SNAPSHOT_FORMAT: u8 = 1;

    fn empty(id: Uuid) -> Self {
        Self {
            id: ConferenceId(id),
            head: 0,
            status: ConferenceStatus::Draft,
            code: String::new(),
            info: ConferenceInfo::default(),
            version: 0,
            created_at: 0,
            hosts: BTreeMap::new(),
            asked: BTreeMap::new(),
            audience: None,
            changed_at: 0,
            forgotten: 0,
            deleted: false,
        }
    }

    fn decide(&self, rules: &ConferenceLimits, command: &Command, _: EntryId, now: WallMillis) -> Decision<Self> {
        match decide::decide(self, rules, command, now) {
            Ok((events, answer)) => Decision::Accept { events, answer },
            Err(refusal) => Decision::Refuse(refusal),
        }
    }

    fn is_query(command: &Command) -> bool {
        matches!(command, Command::Authorize { .. } | Command::MayAsk { .. } | Command::View { .. })
    }

    fn known(command: &Command) -> Offset {
        match command {
            Command::View { known, .. } => *known,
            _ => 0,
        }
    }

    fn name(command: &Command) -> &'static str {
        command.name()
    }

    fn weight(command: &Command) -> usize {
        command.weight()
    }

    fn entry_id(&self, _: &Command) -> Option<EntryId> {
        None
    }

    fn apply(&mut self, offset: Offset, _: EntryId, at: WallMillis, event: &ConferenceEvent) {
        self.head = offset;
        self.changed_at = at;
        match event {
            ConferenceEvent::Created(created) => {
                self.code.clone_from(&created.code);
                self.info = created.info.clone();
                self.version = offset;
                self.created_at = at;
                self.hosts.insert(created.by, HostRole::Host);
            }
            ConferenceEvent::Changed(changed) => {
                self.info = changed.info.clone();
                self.version = offset;
            }
            ConferenceEvent::Started(_) => self.status = ConferenceStatus::Active,
            ConferenceEvent::Ended(ended) => {
                self.status = ConferenceStatus::Ended;
                self.audience = Some(ended.audience);
            }
            ConferenceEvent::HostChanged(changed) => {
                match changed.role {
                    Some(role) => self.hosts.insert(changed.user, role),
                    None => self.hosts.remove(&changed.user),
                };
            }
            ConferenceEvent::QuestionLive(live) => {
                let asked = Asked {
                    definition: live.definition.clone(),
                    live_at: at,
                    closes_at: live.closes_at,
                    shown: None,
                    closed: None,
                    frozen: false,
                };
                self.asked.insert(live.question, asked);
            }
            ConferenceEvent::QuestionClosed(closed) => {
                if let Some(asked) = self.asked.get_mut(&closed.question) {
                    asked.closed = Some(closed.total_responses);
                }
            }
            ConferenceEvent::QuestionFrozen(frozen) => {
                if let Some(asked) = self.asked.get_mut(&frozen.question) {
                    asked.frozen = frozen.frozen;
                }
            }
            ConferenceEvent::ResultsShown(shown) => {
                if let Some(asked) = self.asked.get_mut(&shown.question) {
                    asked.shown = Some(shown.shown);
                }
            }
            ConferenceEvent::Anonymised(_) => self.forgotten = offset,
            ConferenceEvent::Deleted(_) => {
                let nothing = Self::empty(self.id.0);
                *self = Self { head: offset, forgotten: offset, changed_at: at, deleted: true, ..nothing };
            }
        }
    }

    fn settle(answer: Answered, offset: Offset, _: EntryId) -> Answered {
        match answer {
            Answered::Changed { .. } => Answered::Changed { offset },
            other => other,
        }
    }

    fn repeat(&self, _: &ConferenceLimits, command: &Command, offset: Offset, _: EntryId) -> Result<Answered, Refusal> {
        Ok(match command {
            // It is the same call that made it.
            Command::Create { .. } => Answered::Created { existing: false },
            _ => Answered::Changed { offset },
        })
    }

    fn publish(event: &ConferenceEvent) -> Option<wire::Event> {
        Some(wire::Event::Conference(event.clone()))
    }

    /// Lists show nothing that is outdated for long: there are few events.
    fn needs_digest(_: &ConferenceEvent) -> bool {
        true
    }

    fn forgotten(&self) -> Offset {
        self.forgotten
    }

    fn digest(&self) -> Vec<u8> {
        if self.deleted {
            return Vec::new();
        }
        let digest = Digest { title: self.info.title.clone(), code: self.code.clone(), status: self.status };
        codec::store(DIGEST_FORMAT, &digest).map(Vec::from).unwrap_or_default()
    }

    fn save(&self) -> Self {
        self.clone()
    }

    fn restore(_: Uuid, saved: Self) -> Self {
        saved
    }
}
