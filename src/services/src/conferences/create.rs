//! Making, finding and changing a conference.

use super::{Conferences, expect_host, no_such_conference, unexpected};
use crate::conversations::NewRoom;
use crate::unavailable::{damaged, unavailable};
use plenum_actors::aggregates::conference::{Answered, Command, ConferenceView, read_digest};
use plenum_actors::identity::Identity;
use plenum_actors::store::{Conditional, Direction, Mutation};
use plenum_schema::conference::{ConferenceInfo, ConferenceStatus, HostRole, Speaker};
use plenum_schema::entities::{ConferenceRow, HostedConference};
use plenum_schema::room::RoomInfo;
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{AggregateKind, ConferenceId, ConversationId, LogId, Refusal, RefusalCode, UserId};
use sha2::{Digest, Sha256};

/// A conference to make.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NewConference {
    /// What it is.
    pub info: ConferenceInfo,
    /// What people must say besides the code; 1 to 64 characters.
    pub passcode: Option<String>,
    /// The same person and reference make the same conference. Absent: always a new one.
    pub client_ref: Option<String>,
}

/// What changes about a conference; absent members stay.
pub type InfoChange = Box<dyn FnOnce(&mut ConferenceInfo) + Send>;

/// A conference in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedConference {
    /// Which.
    pub id: ConferenceId,
    /// Its title.
    pub title: String,
    /// Its code.
    pub code: String,
    /// Where it stands.
    pub status: ConferenceStatus,
}

/// A page of conferences.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The newest first.
    pub items: Vec<ListedConference>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

const PASSCODE_CHARS: usize = 64;

/// What is stored of a passcode. It keeps neighbours out, not whoever has the database.
fn passcode_hash(id: ConferenceId, passcode: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(id.0.as_bytes());
    hash.update(passcode.as_bytes());
    plenum_schema::poll::hex(&hash.finalize())
}

impl Conferences {
    /// Makes a conference, with the caller as its host; whether it had existed before stands beside it.
    ///
    /// # Errors
    /// `invalid`, `tooLarge` naming a member of it, `forbidden` with a token of another kind of accounts, `unavailable`.
    pub async fn create(&self, by: &Identity, new: NewConference) -> Result<(ConferenceView, bool), Refusal> {
        expect_host(by)?;
        let caller = by.user;
        let id = match &new.client_ref {
            Some(client_ref) if (1..=64).contains(&client_ref.len()) => ConferenceId::of_client_ref(caller, client_ref),
            Some(_) => return Err(Refusal::field(RefusalCode::Invalid, "clientRef", "clientRef has 1 to 64 bytes")),
            None => ConferenceId(self.parts.clock.new_id()),
        };
        if new.passcode.as_ref().is_some_and(|text| !(1..=PASSCODE_CHARS).contains(&text.chars().count())) {
            return Err(Refusal::field(RefusalCode::Invalid, "passcode", "a passcode has 1 to 64 characters"));
        }
        let row = self.claim(id, caller, new.passcode.as_deref()).await?;
        let command = Command::Create { by: caller, code: row.code, info: new.info };
        let is_existing = match self.ask(id, command).await? {
            Answered::Created { existing } => existing,
            other => return Err(unexpected(&other)),
        };
        self.list_for(caller, id).await?;
        self.open_chat(caller, id).await?;
        let view = self.raw_view(id, Some(by)).await?;
        self.schedule(&view).await?;
        Ok((view, is_existing))
    }

    /// The conference's row, with a code of its own. Of two requests at once one writes it and both go on with it.
    async fn claim(&self, id: ConferenceId, owner: UserId, passcode: Option<&str>) -> Result<ConferenceRow, Refusal> {
        if let Some(row) = self.row(id).await? {
            return if row.owner == owner { Ok(row) } else { Err(no_such_conference()) };
        }
        let row = ConferenceRow {
            conference_id: id,
            code: self.claim_code(id).await?,
            owner,
            passcode_hash: passcode.map(|passcode| passcode_hash(id, passcode)),
            created_at: self.parts.clock.wall(),
        };
        match self.parts.store.insert(ConferenceRow::TABLE, row.to_row()).await.map_err(unavailable)? {
            Conditional::Applied => Ok(row),
            Conditional::Refused(_) => self.row(id).await?.ok_or_else(no_such_conference),
        }
    }

    pub(super) async fn row(&self, id: ConferenceId) -> Result<Option<ConferenceRow>, Refusal> {
        let row = self.parts.store.get(ConferenceRow::TABLE, vec![id.to_value()]).await.map_err(unavailable)?;
        row.map(ConferenceRow::from_row).transpose().map_err(|error| damaged(&error))
    }

    /// Whether what somebody says is the passcode, where one is asked for.
    pub(super) async fn check_passcode(&self, id: ConferenceId, said: Option<&str>) -> Result<(), Refusal> {
        let wanted = self.row(id).await?.and_then(|row| row.passcode_hash);
        match (wanted, said) {
            (None, _) => Ok(()),
            (Some(wanted), Some(said)) if wanted == passcode_hash(id, said) => Ok(()),
            _ => Err(Refusal::field(RefusalCode::Forbidden, "passcode", "this conference asks for its passcode")),
        }
    }

    /// Whether a passcode is asked for.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn has_passcode(&self, id: ConferenceId) -> Result<bool, Refusal> {
        Ok(self.row(id).await?.is_some_and(|row| row.passcode_hash.is_some()))
    }

    async fn list_for(&self, user: UserId, id: ConferenceId) -> Result<(), Refusal> {
        let row = HostedConference { user_id: user, conference_id: id, since: self.parts.clock.wall() };
        let put = vec![Mutation::Put(row.to_row())];
        self.parts.store.write(HostedConference::TABLE, put).await.map_err(unavailable)
    }

    /// The conversation that belongs to a conference: a room that signed-in people join.
    #[must_use]
    pub fn chat(&self, view: &ConferenceView) -> Option<ConversationId> {
        view.host.map(|host| ConversationId::room(host, &view.id.to_string()))
    }

    async fn open_chat(&self, host: UserId, id: ConferenceId) -> Result<(), Refusal> {
        let view = self.raw_view(id, None).await?;
        let info = RoomInfo {
            public: true,
            description: None,
            subject: None,
            logo: None,
            max_participants: self.config.chat_places,
            active: true,
        };
        // A room's name is shorter than a conference's title may be.
        let name: String = view.info.title.chars().take(100).collect();
        let room = NewRoom { name, info, client_ref: Some(id.to_string()) };
        match self.parts.conversations.create_room(host, room).await {
            Ok(_) => Ok(()),
            // A conference without a conversation is better than none: who is in too many of them hosts all the same.
            Err(refusal) if !refusal.code.is_retryable() => {
                tracing::warn!(conference = %id, %refusal, "the conference has no conversation");
                Ok(())
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// The conferences that somebody runs, the newest first.
    ///
    /// # Errors
    /// `invalid` for a cursor that is none, `unavailable`.
    pub async fn hosted(&self, user: UserId, limit: usize, cursor: Option<&str>) -> Result<Page, Refusal> {
        let wrong = |_| Refusal::field(RefusalCode::Invalid, "cursor", "this is no cursor of this list");
        let after: Option<ConferenceId> = cursor.map(|text| text.parse().map_err(wrong)).transpose()?;
        let from = after.map(|id| vec![id.to_value()]);
        let partition = vec![user.to_value()];
        let store = &self.parts.store;
        let rows = store.scan(HostedConference::TABLE, partition, from, Direction::Backward, limit).await;
        let rows = rows.map_err(unavailable)?;
        let (is_full, mut items, mut last) = (rows.len() == limit, Vec::new(), None);
        for row in rows {
            let id = HostedConference::from_row(row).map_err(|error| damaged(&error))?.conference_id;
            last = Some(id);
            let head = store.head(LogId { kind: AggregateKind::Conference, id: id.0 }).await.map_err(unavailable)?;
            // A row whose conference was never made, by a crash in between.
            let Some(digest) = read_digest(&head.digest) else { continue };
            items.push(ListedConference { id, title: digest.title, code: digest.code, status: digest.status });
        }
        Ok(Page { items, next: last.filter(|_| is_full).map(|id| id.to_string()) })
    }

    /// Changes what a conference is.
    ///
    /// # Errors
    /// `forbidden` by role, `conflict` naming `version` when it is not `expected`, `invalid`, `tooLarge`, `unavailable`.
    pub async fn change(
        &self,
        by: &Identity,
        id: ConferenceId,
        expected: Option<u64>,
        change: InfoChange,
    ) -> Result<ConferenceView, Refusal> {
        let view = self.raw_view(id, Some(by)).await?;
        let mut info = view.info;
        let before = info.expires_after_days;
        change(&mut info);
        // What was read is what is changed: somebody else's change in between must not be undone.
        let expected = Some(expected.unwrap_or(view.version));
        let is_sooner = info.expires_after_days != before;
        self.ask(id, Command::Change { by: super::runner(id, by)?, info, expected }).await?;
        let view = self.raw_view(id, Some(by)).await?;
        if is_sooner {
            self.schedule(&view).await?;
        }
        Ok(view)
    }

    /// Names one more speaker.
    ///
    /// # Errors
    /// As [`Self::change`].
    pub async fn add_speaker(
        &self,
        by: &Identity,
        id: ConferenceId,
        name: String,
        bio: Option<String>,
    ) -> Result<ConferenceView, Refusal> {
        let add = move |info: &mut ConferenceInfo| {
            let number = info.speakers.iter().map(|speaker| speaker.id).max().unwrap_or(0) + 1;
            info.speakers.push(Speaker { id: number, name, bio });
        };
        self.change(by, id, None, Box::new(add)).await
    }

    /// Lets somebody else run it too, or no longer.
    ///
    /// # Errors
    /// `notFound` when there is no such person, `forbidden`, `conflict`, `limitReached`, `unavailable`.
    pub async fn set_host(
        &self,
        by: &Identity,
        id: ConferenceId,
        user: UserId,
        role: Option<HostRole>,
    ) -> Result<ConferenceView, Refusal> {
        if !self.parts.accounts.exists(user).await? {
            return Err(Refusal::field(RefusalCode::NotFound, "user", "there is no such person"));
        }
        if role.is_some() {
            self.authorize(id, by, HostRole::Host).await?;
            self.list_for(user, id).await?;
        }
        self.ask(id, Command::SetHost { by: super::runner(id, by)?, user, role }).await?;
        self.raw_view(id, Some(by)).await
    }
}
