//! The audience's own questions.

use super::{Conferences, unexpected, voter};
use crate::accounts::Identity;
use plenum_actors::aggregates::board::{Answered, Command, Listed, Listing, Order, Speaker};
use plenum_schema::board::{BoardItem, ItemId, ItemStatus, ReplyId};
use plenum_schema::conference::{ConferenceStatus, HostRole};
use plenum_schema::wire::{AskQuestion, ReplyTo, Upvote};
use plenum_schema::{ConferenceId, ParticipantId, Refusal, RefusalCode};

/// What a moderator makes of a question; absent members stay.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Moderation {
    /// Where it stands now.
    pub status: Option<ItemStatus>,
    /// Whether it stands before all others.
    pub pinned: Option<bool>,
    /// What is answered; empty: nothing any more.
    pub answer: Option<String>,
    /// What it is about: all of its labels.
    pub labels: Option<Vec<String>>,
}

/// Which page of questions somebody wants.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BoardQuery {
    /// In which order.
    pub order: Order,
    /// Only those with this label.
    pub label: Option<String>,
    /// At most so many.
    pub limit: usize,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// A page of questions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BoardPage {
    /// In the order asked for.
    pub items: Vec<Listed>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

fn item(answer: Answered) -> Result<BoardItem, Refusal> {
    match answer {
        Answered::Item(item) => Ok(*item),
        other => Err(unexpected(&other)),
    }
}

impl Conferences {
    /// The caller as a participant of this conference.
    fn member(by: &Identity, id: ConferenceId) -> Result<ParticipantId, Refusal> {
        let voter = voter(by)?;
        if voter.conference != id {
            return Err(super::no_such_conference());
        }
        Ok(voter.participant)
    }

    async fn ask_board(&self, id: ConferenceId, command: Command) -> Result<Answered, Refusal> {
        self.parts.boards.ask(id.0, command).await
    }

    /// Asks the speakers something.
    ///
    /// # Errors
    /// `forbidden` without a participant's token, `gone` when the conference is over, `invalid` or `tooLarge` naming `text`,
    /// `limitReached`, `unavailable`.
    pub async fn ask_question(&self, by: &Identity, asked: AskQuestion) -> Result<BoardItem, Refusal> {
        let AskQuestion { conference, text, client_ref } = asked;
        let participant = Self::member(by, conference)?;
        let view = self.raw_view(conference, None).await?;
        if view.status == ConferenceStatus::Ended {
            return Err(Refusal::new(RefusalCode::Gone, "the conference is over"));
        }
        let author = self.participant_name_of(conference, participant).await?;
        let moderated = view.info.moderated;
        item(self.ask_board(conference, Command::Ask { by: participant, author, text, client_ref, moderated }).await?)
    }

    /// Wants a question answered, or no longer.
    ///
    /// # Errors
    /// `forbidden` without a participant's token, `notFound` for what the caller may not see, `unavailable`.
    pub async fn upvote(&self, by: &Identity, vote: Upvote) -> Result<BoardItem, Refusal> {
        let by = Self::member(by, vote.conference)?;
        item(self.ask_board(vote.conference, Command::Upvote { by, item: vote.item, up: vote.up }).await?)
    }

    /// Replies to a question: whoever moderates, and the audience where the conference allows it.
    ///
    /// # Errors
    /// `forbidden`, `notFound` for what the caller may not see, `gone` when the conference is over, `invalid` or `tooLarge` naming `text`,
    /// `limitReached`, `unavailable`.
    pub async fn reply(&self, by: &Identity, said: ReplyTo) -> Result<BoardItem, Refusal> {
        let ReplyTo { conference, item: which, text, client_ref } = said;
        let (by, author) = match Self::member(by, conference) {
            Ok(participant) => {
                let view = self.raw_view(conference, None).await?;
                if view.status == ConferenceStatus::Ended {
                    return Err(Refusal::new(RefusalCode::Gone, "the conference is over"));
                }
                if !view.info.audience_replies {
                    return Err(Refusal::new(RefusalCode::Forbidden, "replies of the audience are not wanted here"));
                }
                let name = self.participant_name_of(conference, participant).await?;
                (Speaker::Audience(participant), name)
            }
            Err(_) => {
                self.authorize(conference, by, HostRole::Moderator).await?;
                (Speaker::Host(by.user), None)
            }
        };
        item(self.ask_board(conference, Command::Reply { by, author, item: which, text, client_ref }).await?)
    }

    /// Takes a reply away.
    ///
    /// # Errors
    /// `forbidden` by role, `notFound`, `unavailable`.
    pub async fn drop_reply(
        &self,
        by: &Identity,
        id: ConferenceId,
        which: ItemId,
        reply: ReplyId,
    ) -> Result<BoardItem, Refusal> {
        self.authorize(id, by, HostRole::Moderator).await?;
        item(self.ask_board(id, Command::DropReply { item: which, reply }).await?)
    }

    /// Lets a question have the votes and replies of another one that says the same.
    ///
    /// # Errors
    /// `forbidden` by role, `notFound`, `conflict` when it was merged into a third one, `invalid` naming `into`, `unavailable`.
    pub async fn merge(
        &self,
        by: &Identity,
        id: ConferenceId,
        which: ItemId,
        into: ItemId,
    ) -> Result<BoardItem, Refusal> {
        self.authorize(id, by, HostRole::Moderator).await?;
        item(self.ask_board(id, Command::Merge { item: which, into }).await?)
    }

    /// What the audience most wants of what it has asked and nobody has answered: the texts, best first.
    pub(super) async fn top_items(
        &self,
        id: ConferenceId,
        order: Order,
        label: Option<String>,
        limit: usize,
    ) -> Result<Vec<String>, Refusal> {
        let listing = Listing { by: None, order, label, is_open: true, skip: 0, limit };
        match self.ask_board(id, Command::List(listing)).await? {
            Answered::Items(items, _) => Ok(items.into_iter().map(|listed| listed.item.text).collect()),
            other => Err(unexpected(&other)),
        }
    }

    /// How much stands on a board: items, votes, replies. What was merged counts with what it was merged into.
    pub(super) async fn board_figures(&self, id: ConferenceId) -> Result<(u64, u64, u64), Refusal> {
        let listing = Listing { limit: usize::MAX, ..Listing::default() };
        match self.ask_board(id, Command::List(listing)).await? {
            Answered::Items(items, _) => {
                let sum = |of: &dyn Fn(&BoardItem) -> u64| items.iter().map(|listed| of(&listed.item)).sum();
                Ok((sum(&|item| 1 + item.merged), sum(&|item| item.votes), sum(&|item| item.replies)))
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Approves, answers, labels, pins or dismisses a question.
    ///
    /// # Errors
    /// `forbidden` by role, `notFound`, `conflict` once it was merged, `invalid` or `tooLarge` naming `answer` or `labels`, `unavailable`.
    pub async fn moderate(
        &self,
        by: &Identity,
        id: ConferenceId,
        which: ItemId,
        moderation: Moderation,
    ) -> Result<BoardItem, Refusal> {
        self.authorize(id, by, HostRole::Moderator).await?;
        let Moderation { status, pinned, answer, labels } = moderation;
        item(self.ask_board(id, Command::Moderate { item: which, status, pinned, answer, labels }).await?)
    }

    /// The questions that somebody may see.
    ///
    /// # Errors
    /// `forbidden` for who is neither of the audience nor runs the conference, `invalid` for a cursor that is none, `unavailable`.
    pub async fn board(&self, by: &Identity, id: ConferenceId, wanted: BoardQuery) -> Result<BoardPage, Refusal> {
        let participant = match Self::member(by, id) {
            Ok(participant) => Some(participant),
            Err(_) => self.authorize(id, by, HostRole::Screen).await.map(|role| {
                // A screen shows what the audience may see: it asks as somebody who has asked nothing.
                (role < HostRole::Moderator).then_some(ParticipantId(uuid::Uuid::nil()))
            })?,
        };
        let wrong = |_| Refusal::field(RefusalCode::Invalid, "cursor", "this is no cursor of this list");
        let BoardQuery { order, label, limit, cursor } = wanted;
        let skip: usize = cursor.as_deref().map_or(Ok(0), str::parse).map_err(wrong)?;
        let listing = Listing { by: participant, order, label, is_open: false, skip, limit };
        match self.ask_board(id, Command::List(listing)).await? {
            Answered::Items(items, is_more) => {
                Ok(BoardPage { items, next: is_more.then(|| skip.saturating_add(limit).to_string()) })
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Whether somebody may follow a board.
    pub(super) async fn board_access(&self, by: &Identity, id: ConferenceId, as_host: bool) -> Result<(), Refusal> {
        if as_host {
            self.authorize(id, by, HostRole::Moderator).await?;
        } else if Self::member(by, id).is_err() {
            self.authorize(id, by, HostRole::Screen).await?;
        }
        // Its owner keeps its signals from now on.
        self.ask_board(id, Command::Ready).await.map(drop)
    }
}
