//! What votes weigh: said by an invitation, the roster, or a host. The rows of participants have it; polls that count by weight are told
//! when they are opened, when it changes, and once more before they are closed, so that a crash in between costs nothing.

use super::{Conferences, unexpected};
use crate::accounts::Identity;
use crate::unavailable::{damaged, unavailable};
use plenum_actors::aggregates::conference::ConferenceView;
use plenum_actors::aggregates::poll::{Answered, Command, MOST_WEIGHED};
use plenum_actors::store::{Direction, Mutation};
use plenum_schema::conference::{HostRole, IdentityMode};
use plenum_schema::entities::Participant;
use plenum_schema::poll::Definition;
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{ConferenceId, ParticipantId, QuestionId, Refusal, RefusalCode};

/// Participants read at a time.
const PAGE: usize = 1_000;
/// The most that a vote weighs.
const MOST: u32 = 1_000_000;

/// A participant as hosts see them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedParticipant {
    /// Who.
    pub id: ParticipantId,
    /// The name they gave.
    pub name: Option<String>,
    /// Their team.
    pub team: Option<String>,
    /// What their vote weighs where that counts.
    pub weight: u32,
    /// When they joined, milliseconds since 1970.
    pub joined_at: i64,
}

/// A page of participants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Participants {
    /// In no order that means anything.
    pub items: Vec<ListedParticipant>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

/// What somebody's vote weighs by their row.
pub(super) fn weight_of(row: &Participant) -> u32 {
    row.weight.and_then(|weight| u32::try_from(weight).ok()).unwrap_or(1)
}

/// A weight as it is stored: 1 needs no word.
pub(super) fn stored(weight: u32) -> Option<i64> {
    (weight != 1).then_some(i64::from(weight))
}

/// Checks what somebody wants a vote to weigh.
pub(super) fn check_weight(weight: u32, field: &str) -> Result<(), Refusal> {
    if weight > MOST {
        return Err(Refusal::field(RefusalCode::Invalid, field, format!("a vote weighs 0 to {MOST}")));
    }
    Ok(())
}

impl Conferences {
    async fn participant_rows(
        &self,
        id: ConferenceId,
        after: Option<ParticipantId>,
        limit: usize,
    ) -> Result<Vec<Participant>, Refusal> {
        let (partition, after) = (vec![id.to_value()], after.map(|after| vec![after.to_value()]));
        let rows = self.parts.store.scan(Participant::TABLE, partition, after, Direction::Forward, limit).await;
        let rows = rows.map_err(unavailable)?.into_iter().map(Participant::from_row).collect::<Result<_, _>>();
        rows.map_err(|error| damaged(&error))
    }

    /// Tells a poll what all participants weigh who do not weigh 1.
    pub(super) async fn weigh_all(
        &self,
        id: ConferenceId,
        question: QuestionId,
        definition: &Definition,
    ) -> Result<(), Refusal> {
        if !definition.weighted {
            return Ok(());
        }
        let mut after = None;
        loop {
            let rows = self.participant_rows(id, after, PAGE).await?;
            let named: Vec<_> = rows
                .iter()
                .filter(|row| row.weight.is_some())
                .map(|row| (row.participant_id, weight_of(row)))
                .collect();
            for some in named.chunks(MOST_WEIGHED) {
                self.weigh(question, some.to_vec()).await?;
            }
            match rows.last() {
                Some(last) if rows.len() == PAGE => after = Some(last.participant_id),
                _ => return Ok(()),
            }
        }
    }

    /// Tells a poll what some weigh; one that is closed has been told everything.
    async fn weigh(&self, question: QuestionId, weights: Vec<(ParticipantId, u32)>) -> Result<(), Refusal> {
        match self.ask_poll(question, Command::Weigh { weights }).await {
            Ok(Answered::Noted(_)) => Ok(()),
            Ok(other) => Err(unexpected(&other)),
            Err(refusal) if refusal.code == RefusalCode::Gone => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// Tells all polls that are open what somebody weighs.
    pub(super) async fn weigh_live(
        &self,
        view: &ConferenceView,
        who: ParticipantId,
        weight: u32,
    ) -> Result<(), Refusal> {
        let live = view.asked.iter().filter(|(_, asked)| asked.closed.is_none() && asked.definition.weighted);
        for (question, _) in live {
            self.weigh(*question, vec![(who, weight)]).await?;
        }
        Ok(())
    }

    /// Lets a participant's vote weigh so from now on, in questions that are live too.
    ///
    /// # Errors
    /// `notFound`, `forbidden` by role, `invalid` naming `weight`, `unavailable`.
    pub async fn set_weight(
        &self,
        by: &Identity,
        id: ConferenceId,
        who: ParticipantId,
        weight: u32,
    ) -> Result<ListedParticipant, Refusal> {
        self.authorize(id, by, HostRole::Cohost).await?;
        self.change_weight(id, who, weight)
            .await?
            .map(listed)
            .ok_or_else(|| Refusal::field(RefusalCode::NotFound, "participant", "there is no such participant"))
    }

    /// The same for whoever may; `None`: there is no such participant.
    pub(super) async fn change_weight(
        &self,
        id: ConferenceId,
        who: ParticipantId,
        weight: u32,
    ) -> Result<Option<Participant>, Refusal> {
        check_weight(weight, "weight")?;
        let key = vec![id.to_value(), who.to_value()];
        let row = self.parts.store.get(Participant::TABLE, key).await.map_err(unavailable)?;
        let Some(row) = row.map(Participant::from_row).transpose().map_err(|error| damaged(&error))? else {
            return Ok(None);
        };
        let row = Participant { weight: stored(weight), ..row };
        let put = vec![Mutation::Put(row.to_row())];
        self.parts.store.write(Participant::TABLE, put).await.map_err(unavailable)?;
        self.weigh_live(&self.raw_view(id, None).await?, who, weight).await?;
        Ok(Some(row))
    }

    /// The participants, for whoever prepares questions. Not where they are anonymous: who they are is known to their devices alone.
    ///
    /// # Errors
    /// `forbidden` by role, `conflict` naming `identity`, `invalid` for a cursor that is none, `unavailable`.
    pub async fn participants(
        &self,
        by: &Identity,
        id: ConferenceId,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Participants, Refusal> {
        self.authorize(id, by, HostRole::Cohost).await?;
        if self.raw_view(id, None).await?.info.identity == IdentityMode::Anonymous {
            return Err(Refusal::field(RefusalCode::Conflict, "identity", "the participants are anonymous"));
        }
        let wrong = |_| Refusal::field(RefusalCode::Invalid, "cursor", "this is no cursor of this list");
        let after = cursor.map(|text| text.parse().map_err(wrong)).transpose()?;
        let rows = self.participant_rows(id, after, limit).await?;
        let next = rows.last().filter(|_| rows.len() == limit).map(|row| row.participant_id.to_string());
        Ok(Participants { items: rows.into_iter().map(listed).collect(), next })
    }
}

fn listed(row: Participant) -> ListedParticipant {
    let weight = weight_of(&row);
    ListedParticipant { id: row.participant_id, name: row.name, team: row.team, weight, joined_at: row.joined_at }
}
