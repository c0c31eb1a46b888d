//! Rows around conferences. The conference itself, its polls and its board are logs.

use crate::entity;
use crate::{ConferenceId, ParticipantId, QuestionId, UserId};
use bytes::Bytes;
use uuid::Uuid;

/// Partitions of [`ConferenceHook`].
pub const HOOK_SHARDS: u64 = 16;

/// The partition of a conference's webhooks.
#[must_use]
pub fn hook_shard(conference: ConferenceId) -> u64 {
    u64::from(conference.0.as_bytes()[15]) % HOOK_SHARDS
}

entity! {
    /// A public code and whose it is: claimed by the first, so that no two conferences have the same.
    pub struct ConferenceCode in "conference_codes" {
        partition { /// Upper case, without separators.
            code: String }
        clustering { }
        columns {
            /// Whose.
            conference_id: ConferenceId,
            /// When it was claimed, milliseconds since 1970.
            claimed_at: i64
        }
    }
}

entity! {
    /// What of a conference is not told to its audience. Written before the log begins.
    pub struct ConferenceRow in "conferences" {
        partition { /// Which.
            conference_id: ConferenceId }
        clustering { }
        columns {
            /// Its public code.
            code: String,
            /// Who made it.
            owner: UserId,
            /// SHA-256 of id and passcode, in hexadecimal; absent: none is asked for.
            passcode_hash: Option<String>,
            /// When it was made, milliseconds since 1970.
            created_at: i64
        }
    }
}

entity! {
    /// A conference in the list of somebody who runs it. The log decides whether they still do.
    pub struct HostedConference in "hosted_conferences" {
        partition { /// Whose list.
            user_id: UserId }
        clustering { /// Which conference; newer ones have higher ids.
            conference_id: ConferenceId }
        columns { /// Since when, milliseconds since 1970.
            since: i64 }
    }
}

entity! {
    /// A conference whose participants are to be forgotten on a day, or later when something has happened in it since.
    pub struct ConferenceExpiry in "conference_expiries" {
        partition { /// Days since 1970, UTC.
            day: i64 }
        clustering { /// Which.
            conference_id: ConferenceId }
        columns { /// Whether nothing of it is to be left, as its host has asked.
            is_deletion: bool }
    }
}

entity! {
    /// A question as its hosts prepare it. Once it is live its poll's log has the words that count.
    pub struct QuestionRow in "conference_questions" {
        partition { /// Of which conference.
            conference_id: ConferenceId }
        clustering { /// Which.
            question_id: QuestionId }
        columns {
            /// The definition as JSON.
            definition: String,
            /// Its place in the list: lower ones first.
            position: i64,
            /// Whether its poll has been opened: it cannot be changed any more.
            is_opened: bool,
            /// Grows with every change: the condition of compare-and-set.
            version: i64
        }
    }
}

entity! {
    /// What a closed question came to, as its hosts may see it.
    pub struct QuestionResults in "conference_results" {
        partition { /// Of which conference.
            conference_id: ConferenceId }
        clustering { /// Which question.
            question_id: QuestionId }
        columns {
            /// The results as JSON.
            results: String,
            /// The end of the chain of ballots, in hexadecimal.
            root: String,
            /// How many leaves the chain has.
            leaves: u64,
            /// When it was closed, milliseconds since 1970.
            closed_at: i64
        }
    }
}

entity! {
    /// An invitation that one person can join with, once.
    pub struct Invitation in "conference_invitations" {
        partition { /// Which conference.
            conference_id: ConferenceId }
        clustering { /// SHA-256 of the conference and the invitation, in hexadecimal. Nothing stored leads from it to a participant.
            code_hash: String }
        columns {
            /// When it was made, milliseconds since 1970.
            created_at: i64,
            /// When somebody joined with it, milliseconds since 1970.
            used_at: Option<i64>,
            /// SHA-256 of what the device that joined calls itself, in hexadecimal: it may join again.
            device_hash: Option<String>,
            /// Grows with every change: the condition of compare-and-set.
            version: i64,
            /// What the vote of whoever joins with it weighs; absent: 1.
            weight: Option<i64>
        }
    }
}

entity! {
    /// Somebody who joined a conference's audience.
    pub struct Participant in "participants" {
        partition { /// Which conference.
            conference_id: ConferenceId }
        clustering { /// Who.
            participant_id: ParticipantId }
        columns {
            /// The name they gave.
            name: Option<String>,
            /// Their account, where the conference is for signed-in people.
            user_id: Option<UserId>,
            /// When, milliseconds since 1970.
            joined_at: i64,
            /// The team they chose, or were given.
            team: Option<String>,
            /// What their vote weighs where that counts; absent: 1.
            weight: Option<i64>
        }
    }
}

entity! {
    /// Somebody who may join a conference that is for a list of people.
    pub struct RosterEntry in "conference_rosters" {
        partition { /// Which conference.
            conference_id: ConferenceId }
        clustering { /// SHA-256 of the conference and the e-mail address, in hexadecimal.
            email_hash: String }
        columns {
            /// What their vote weighs where that counts; absent: 1.
            weight: Option<i64>,
            /// Since when, milliseconds since 1970.
            added_at: i64
        }
    }
}

entity! {
    /// An address that is told what happens in a conference. The conference's log says what there is to tell; this, how far that has come.
    pub struct ConferenceHook in "conference_hooks" {
        partition { /// [`hook_shard`] of the conference.
            shard: u64 }
        clustering {
            /// Which conference.
            conference_id: ConferenceId,
            /// Which of its addresses.
            hook_id: Uuid
        }
        columns {
            /// The address.
            url: String,
            /// What deliveries are signed with.
            secret: Bytes,
            /// When it was made, milliseconds since 1970.
            created_at: i64,
            /// The last event of the conference that it was told, or will not be told.
            told_to: u64,
            /// Tries of the next event that have failed.
            attempts: i64,
            /// Not to be tried before, milliseconds since 1970.
            next_at: i64,
            /// A node is telling it something until then at the most, milliseconds since 1970.
            claimed_until: i64,
            /// The last failures as JSON, the newest first.
            failures: String,
            /// How many events it was told.
            delivered: i64,
            /// How many events were given up.
            given_up: i64,
            /// The conference has ended and it was told so: there is nothing more to come.
            is_over: bool,
            /// Grows with every change: the condition of compare-and-set.
            version: i64
        }
    }
}
