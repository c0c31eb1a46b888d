//! Joining the audience: a participant, and the token that their device keeps.

use super::weights::weight_of;
use super::{Conferences, voter_in};
use crate::accounts::{Identity, Secret};
use crate::text;
use crate::unavailable::{damaged, unavailable};
use plenum_actors::aggregates::conference::ConferenceView;
use plenum_actors::hub::Shed;
use plenum_actors::identity::ConferenceRole;
use plenum_actors::publication::Publisher;
use plenum_actors::store::{Conditional, Direction};
use plenum_schema::conference::{ConferenceStatus, HostRole, IdentityMode};
use plenum_schema::entities::Participant;
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{ConferenceId, ParticipantId, Refusal, RefusalCode, Topic};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Who wants to join.
#[derive(Clone, Debug, Default)]
pub struct Joining {
    /// The name they want to be called.
    pub name: Option<String>,
    /// What they say is the passcode.
    pub passcode: Option<String>,
    /// The team they want to be in; absent: whichever, where there are any.
    pub team: Option<String>,
    /// What they say is their invitation.
    pub invitation: Option<String>,
    /// What their device calls itself, 16 to 64 random bytes: it may repeat the use of an invitation.
    pub device: Option<String>,
}

/// Somebody who has joined.
#[derive(Clone, Debug)]
pub struct Joined {
    /// Who they are in this conference.
    pub participant: ParticipantId,
    /// The name they gave.
    pub name: Option<String>,
    /// The team they are in.
    pub team: Option<String>,
    /// What their vote weighs where that counts.
    pub weight: u32,
    /// What their device keeps and shows.
    pub token: Secret,
    /// When it ends, milliseconds since 1970.
    pub expires_at: i64,
    /// What they joined.
    pub conference: ConferenceView,
}

fn check_team(teams: &[String], wanted: Option<&str>) -> Result<(), Refusal> {
    match wanted {
        Some(team) if !teams.iter().any(|known| known == team) => {
            Err(Refusal::field(RefusalCode::Invalid, "team", "there is no such team"))
        }
        _ => Ok(()),
    }
}

/// A team for who has not chosen: by their random number, so that teams come out about equal.
fn some_team(teams: &[String], participant: ParticipantId) -> Option<String> {
    let place = participant.0.as_u128().checked_rem(teams.len() as u128)?;
    teams.get(usize::try_from(place).ok()?).cloned()
}

/// Participants counted at a time.
const PAGE: usize = 1_000;

/// Tells audiences how large they are, for as long as it runs.
pub async fn run_audiences(conferences: Conferences, here: Arc<dyn Publisher>) {
    let every = Duration::from_millis(conferences.config.audience_every_ms);
    loop {
        tokio::time::sleep(every).await;
        conferences.tell_audiences(&*here).await;
    }
}

impl Conferences {
    /// Joins the audience. Whoever shows a participant's token of this conference stays who they are; in a conference for signed-in
    /// people an account is one participant, on however many devices.
    ///
    /// # Errors
    /// `notFound`, `gone` when it is over, `forbidden` naming `passcode`, `invitation` or `roster`, `unauthenticated` where an account is needed, `invalid`
    /// naming `name` or `team`, `limitReached`, `busy`, `unavailable`.
    pub async fn join(&self, by: Option<&Identity>, id: ConferenceId, joining: Joining) -> Result<Joined, Refusal> {
        self.parts.publisher.admit(Shed::Joins)?;
        let view = self.view(id, by).await?;
        if view.status == ConferenceStatus::Ended {
            return Err(Refusal::new(RefusalCode::Gone, "the conference is over"));
        }
        let known = by.and_then(|by| voter_in(id, by)).map(|voter| voter.participant);
        if known.is_none() {
            self.check_passcode(id, joining.passcode.as_deref()).await?;
        }
        let name = self.participant_name(&joining)?;
        if known.is_none() && view.info.identity == IdentityMode::Pseudonymous && name.is_none() {
            return Err(Refusal::field(RefusalCode::Invalid, "name", "this conference asks for a name"));
        }
        check_team(&view.info.teams, joining.team.as_deref())?;
        let rostered = match by.filter(|by| by.is_account()) {
            Some(by) if known.is_none() && view.info.roster => self.rostered(id, by.user).await?,
            None if known.is_none() && view.info.roster => {
                return Err(Refusal::new(RefusalCode::Unauthenticated, "sign in to join this conference"));
            }
            _ => None,
        };
        // Last of all that can go wrong: it is used up.
        let stranger = if known.is_none() && view.info.invited && !self.has_joined(by, &view).await? {
            self.use_invitation(id, joining.invitation.as_deref(), joining.device.as_deref()).await?
        } else {
            // Random, never the account: nothing stored leads from one to the other.
            (ParticipantId(Uuid::from_u128(rand::random())), None)
        };
        let (stranger, weight) = stranger;
        let (participant, user) = match (known, view.info.identity, by.filter(|by| by.is_account())) {
            (Some(participant), ..) => (participant, None),
            (None, IdentityMode::SignedIn, Some(by)) => (ParticipantId::of_user(id, by.user), Some(by.user)),
            (None, IdentityMode::SignedIn, None) => {
                return Err(Refusal::new(RefusalCode::Unauthenticated, "sign in to join this conference"));
            }
            (None, _, _) => (stranger, None),
        };
        let row = Participant {
            conference_id: id,
            participant_id: participant,
            name,
            user_id: user,
            joined_at: self.parts.clock.wall(),
            team: joining.team.or_else(|| some_team(&view.info.teams, participant)),
            weight: rostered.or(weight),
        };
        let row = self.enter(row).await?;
        if row.weight.is_some() {
            self.weigh_live(&view, participant, weight_of(&row)).await?;
        }
        self.admit(row, view)
    }

    /// Whether an account has joined a conference of signed-in people before: it needs no second invitation.
    pub(super) async fn has_joined(&self, by: Option<&Identity>, view: &ConferenceView) -> Result<bool, Refusal> {
        if view.info.identity != IdentityMode::SignedIn {
            return Ok(false);
        }
        let Some(by) = by.filter(|by| by.is_account()) else {
            return Err(Refusal::new(RefusalCode::Unauthenticated, "sign in to join this conference"));
        };
        let key = vec![view.id.to_value(), ParticipantId::of_user(view.id, by.user).to_value()];
        Ok(self.parts.store.get(Participant::TABLE, key).await.map_err(unavailable)?.is_some())
    }

    fn participant_name(&self, joining: &Joining) -> Result<Option<String>, Refusal> {
        let Some(name) = &joining.name else { return Ok(None) };
        let name = text::name("name", name)?;
        if name.chars().count() > self.config.name_chars {
            let text = format!("a name has at most {} characters", self.config.name_chars);
            return Err(Refusal::field(RefusalCode::TooLarge, "name", text));
        }
        Ok(Some(name).filter(|name| !name.is_empty()))
    }

    /// Writes the participant's row, or finds it; a newly written one is counted.
    async fn enter(&self, row: Participant) -> Result<Participant, Refusal> {
        let id = row.conference_id;
        if !self.audiences.is_known(id) {
            self.read_participants(id).await?;
        }
        if self.audiences.of(id).unique >= self.config.participants {
            let text = format!("a conference takes at most {} participants", self.config.participants);
            return Err(Refusal::new(RefusalCode::LimitReached, text));
        }
        let done = self.parts.store.insert(Participant::TABLE, row.to_row()).await.map_err(unavailable)?;
        match done {
            Conditional::Applied => {
                self.audiences.joined(id, row.participant_id);
                Ok(row)
            }
            Conditional::Refused(Some(present)) => Participant::from_row(present).map_err(|error| damaged(&error)),
            Conditional::Refused(None) => Ok(row),
        }
    }

    /// How many have joined, as far as has been heard here: exact where nobody joins elsewhere at this moment.
    pub(super) async fn count_participants(&self, id: ConferenceId) -> Result<u64, Refusal> {
        if !self.audiences.is_counted(id) {
            self.read_participants(id).await?;
        }
        Ok(self.audiences.of(id).unique)
    }

    /// How many have joined, exactly: what other nodes have not told yet is in the rows.
    pub(super) async fn count_all_participants(&self, id: ConferenceId) -> Result<u64, Refusal> {
        if self.audiences.is_shared() {
            self.read_participants(id).await?;
        }
        self.count_participants(id).await
    }

    async fn read_participants(&self, id: ConferenceId) -> Result<(), Refusal> {
        let missed = self.audiences.counting(id);
        self.read_rows(id).await?;
        self.audiences.counted_all(id, missed);
        Ok(())
    }

    /// Tells every audience that has changed, and somebody here listens to, how large it is: each node tells its own.
    async fn tell_audiences(&self, here: &dyn Publisher) {
        for (id, is_inhabited) in self.audiences.take_changed() {
            if !here.is_wanted(Topic::Conference(id)) {
                continue;
            }
            // Of a hall that nobody is in the last number stands; a store that does not answer is asked with the next change.
            if is_inhabited && let Err(refusal) = self.count_participants(id).await {
                tracing::debug!(%refusal, "an audience could not be counted");
            }
            self.audiences.tell(id, here);
        }
    }

    async fn read_rows(&self, id: ConferenceId) -> Result<(), Refusal> {
        let mut after = None;
        loop {
            let partition = vec![id.to_value()];
            let rows = self.parts.store.scan(Participant::TABLE, partition, after, Direction::Forward, PAGE).await;
            let rows = rows.map_err(unavailable)?;
            let is_last = rows.len() < PAGE;
            let participants: Result<Vec<_>, _> =
                rows.into_iter().map(|row| Participant::from_row(row).map(|row| row.participant_id)).collect();
            let participants = participants.map_err(|error| damaged(&error))?;
            after = participants.last().map(|last| vec![last.to_value()]);
            self.audiences.counted(id, participants);
            if is_last {
                return Ok(());
            }
        }
    }

    fn admit(&self, row: Participant, conference: ConferenceView) -> Result<Joined, Refusal> {
        let expires_at = self.until(self.config.participant_ttl_s);
        let (participant, weight) = (row.participant_id, weight_of(&row));
        let token = self.parts.accounts.conference_token(
            row.conference_id,
            participant.0,
            ConferenceRole::Participant,
            expires_at,
        )?;
        Ok(Joined { participant, name: row.name, team: row.team, weight, token, expires_at, conference })
    }

    fn until(&self, seconds: u64) -> i64 {
        self.parts.clock.wall().saturating_add_unsigned(seconds.saturating_mul(1_000))
    }

    /// A token for a device that helps to run the conference, and when it ends.
    ///
    /// # Errors
    /// `forbidden` by role: nobody gives more than they have, and only a host gives the right to run it; `unavailable`.
    pub async fn runner_token(
        &self,
        by: &Identity,
        id: ConferenceId,
        role: HostRole,
    ) -> Result<(Secret, i64), Refusal> {
        if role == HostRole::Host {
            return Err(Refusal::field(RefusalCode::Invalid, "role", "a conference has one host, who signs in"));
        }
        let least = if role == HostRole::Screen { HostRole::Cohost } else { HostRole::Host };
        self.authorize(id, by, least).await?;
        let until = self.until(self.config.runner_ttl_s);
        let subject = Uuid::from_u128(rand::random());
        let token = self.parts.accounts.conference_token(id, subject, ConferenceRole::Runner(role), until)?;
        Ok((token, until))
    }

    /// The names that participants gave, of those who gave one.
    pub(super) async fn participant_name_of(
        &self,
        id: ConferenceId,
        participant: ParticipantId,
    ) -> Result<Option<String>, Refusal> {
        let key = vec![id.to_value(), participant.to_value()];
        let row = self.parts.store.get(Participant::TABLE, key).await.map_err(unavailable)?;
        let row = row.map(Participant::from_row).transpose().map_err(|error| damaged(&error))?;
        Ok(row.and_then(|row| row.name))
    }
}
