//! Rooms: made, found, joined, changed, closed. A room is a conversation; the list of rooms is a table written after it.

use super::{Conversations, is_final, unexpected};
use crate::unavailable::{damaged, unavailable};
use plenum_actors::aggregates::conversation::{Answer, Command, RoomView};
use plenum_actors::hub::Shed;
use plenum_actors::store::Conditional;
use plenum_schema::entities::{RoomRow, room_shard};
use plenum_schema::room::RoomInfo;
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{ConversationId, Refusal, RefusalCode, UserId};

/// A room as somebody sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomOverview {
    /// Which.
    pub id: ConversationId,
    /// What it is now.
    pub view: RoomView,
    /// Who made it.
    pub owner: UserId,
    /// When, milliseconds since 1970.
    pub created_at: i64,
}

/// A room to make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewRoom {
    /// Its name.
    pub name: String,
    /// What it is.
    pub info: RoomInfo,
    /// The same creator and reference give the same room. Absent: always a new one. 1 to 64 bytes.
    pub client_ref: Option<String>,
}

const CLIENT_REF_BYTES: usize = 64;
/// How often a row that others write is read again.
const ATTEMPTS: usize = 16;

impl Conversations {
    /// Makes a room, with the caller as its owner; whether it had existed before stands beside it.
    ///
    /// # Errors
    /// `invalid`, `tooLarge` naming a member of the room, `limitReached` when the caller is in too many conversations, `unavailable`.
    pub async fn create_room(&self, caller: UserId, room: NewRoom) -> Result<(RoomOverview, bool), Refusal> {
        let client_ref = room.client_ref.unwrap_or_else(|| self.parts.clock.new_id().to_string());
        if !(1..=CLIENT_REF_BYTES).contains(&client_ref.len()) {
            let text = format!("clientRef has 1 to {CLIENT_REF_BYTES} bytes");
            return Err(Refusal::field(RefusalCode::Invalid, "clientRef", text));
        }
        let id = ConversationId::room(caller, &client_ref);
        let new = self.enlist(id, &[caller]).await?;
        let command = Command::CreateRoom { by: caller, title: room.name.clone(), info: room.info.clone() };
        let outcome = self.ask(id, command).await;
        if let Err(refusal) = &outcome
            && is_final(refusal)
        {
            self.drop_strangers(id, &new).await?;
        }
        let is_existing = match outcome? {
            Answer::Created { existing, .. } => existing,
            other => return Err(unexpected(&other)),
        };
        if !is_existing {
            self.announce_added(id, &[caller]);
        }
        Ok((self.room(Some(caller), id).await?, is_existing))
    }

    /// A room: for its members, and for everybody when it is public.
    ///
    /// # Errors
    /// `notFound`, `gone` for others than members when it was closed, `unavailable`.
    pub async fn room(&self, caller: Option<UserId>, id: ConversationId) -> Result<RoomOverview, Refusal> {
        let view = self.room_view(caller, id).await?;
        if view.is_closed && view.role.is_none() {
            return Err(Refusal::new(RefusalCode::Gone, "the room was closed"));
        }
        let row = self.listed(id, &view).await?;
        Ok(RoomOverview { id, view, owner: row.owner, created_at: row.created_at })
    }

    /// Changes what a room is.
    ///
    /// # Errors
    /// `notFound` for strangers, `forbidden` by role, `gone` when it was closed, `conflict` naming `version` when it is not
    /// `expected`, or `maxParticipants` when more people are in it, `invalid`, `tooLarge`, `unavailable`.
    pub async fn change_room(
        &self,
        caller: UserId,
        id: ConversationId,
        expected: Option<u64>,
        change: impl FnOnce(&mut String, &mut RoomInfo),
    ) -> Result<RoomOverview, Refusal> {
        let view = self.room_view(Some(caller), id).await?;
        let (mut title, mut info) = (view.title, view.info);
        change(&mut title, &mut info);
        // What was read is what is changed: somebody else's change in between must not be undone.
        let expected = Some(expected.unwrap_or(view.version));
        match self.ask(id, Command::ChangeRoom { by: caller, title, info, expected }).await? {
            Answer::Changed { .. } => self.room(Some(caller), id).await,
            other => Err(unexpected(&other)),
        }
    }

    /// Closes a room for ever; only its owner may. Its members can still read.
    ///
    /// # Errors
    /// `notFound` for strangers, `forbidden` by role, `unavailable`.
    pub async fn close_room(&self, caller: UserId, id: ConversationId) -> Result<(), Refusal> {
        self.ask(id, Command::CloseRoom { by: caller }).await?;
        let view = self.room_view(Some(caller), id).await?;
        self.listed(id, &view).await.map(drop)
    }

    /// Joins a public room.
    ///
    /// # Errors
    /// `notFound` when there is none or it is private, `conflict` when it is full or not active, `gone` when it was closed,
    /// `limitReached` when the caller is in too many conversations, `busy`, `unavailable`.
    pub async fn join_room(&self, caller: UserId, id: ConversationId) -> Result<RoomOverview, Refusal> {
        self.parts.publisher.admit(Shed::Joins)?;
        // Before any row is written: most who come to a full room are sent away here.
        let view = self.room_view(Some(caller), id).await?;
        let is_full = view.role.is_none() && view.member_count >= u64::from(view.info.max_participants);
        if is_full || view.is_closed {
            return match self.ask(id, Command::Join { user: caller }).await {
                // Somebody has left in this moment.
                Ok(_) => {
                    self.enlist(id, &[caller]).await?;
                    self.announce_stats(id).await;
                    self.room(Some(caller), id).await
                }
                Err(refusal) => Err(refusal),
            };
        }
        let new = self.enlist(id, &[caller]).await?;
        let outcome = self.ask(id, Command::Join { user: caller }).await;
        if let Err(refusal) = &outcome
            && is_final(refusal)
        {
            self.drop_strangers(id, &new).await?;
        }
        outcome?;
        self.announce_added(id, &new);
        self.announce_stats(id).await;
        self.room(Some(caller), id).await
    }

    pub(super) async fn room_view(&self, caller: Option<UserId>, id: ConversationId) -> Result<RoomView, Refusal> {
        match self.ask(id, Command::Room { user: caller }).await? {
            Answer::Room(view) => Ok(*view),
            other => Err(unexpected(&other)),
        }
    }

    /// The room's row in the list, brought up to date.
    async fn listed(&self, id: ConversationId, view: &RoomView) -> Result<RoomRow, Refusal> {
        let shard = room_shard(id);
        let key = || vec![shard.to_value(), id.to_value()];
        let column = RoomRow::TABLE.column("revision").unwrap_or_default();
        for _ in 0..ATTEMPTS {
            let row = self.parts.store.get(RoomRow::TABLE, key()).await.map_err(unavailable)?;
            let old = row.map(RoomRow::from_row).transpose().map_err(|error| damaged(&error))?;
            if let Some(old) = old.as_ref().filter(|old| old.revision >= view.revision) {
                return Ok(old.clone());
            }
            let (owner, created_at) = match &old {
                Some(old) => (old.owner, old.created_at),
                None => self.origin(id).await?,
            };
            let RoomInfo { public, description, subject, logo, max_participants, active } = view.info.clone();
            let new = RoomRow {
                shard,
                room_id: id,
                revision: view.revision,
                title: view.title.clone(),
                description,
                subject,
                logo,
                is_public: public,
                max_participants: u64::from(max_participants),
                is_active: active,
                is_closed: view.is_closed,
                owner,
                created_at,
            };
            let store = &self.parts.store;
            let done = match &old {
                None => store.insert(RoomRow::TABLE, new.to_row()).await,
                Some(old) => store.replace(RoomRow::TABLE, new.to_row(), column, old.revision.to_value()).await,
            };
            if done.map_err(unavailable)? == Conditional::Applied {
                return Ok(new);
            }
        }
        Err(Refusal::new(RefusalCode::Busy, "others keep changing the same room").retry_after(100))
    }
}
