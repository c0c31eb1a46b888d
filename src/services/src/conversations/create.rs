//! Starting a conversation.

use super::{Conversations, is_final, unexpected};
use crate::text;
use plenum_actors::aggregates::conversation::{Answer, Command};
use plenum_schema::conversation::ConversationKind;
use plenum_schema::{ConversationId, Refusal, RefusalCode, UserId};
use std::collections::{BTreeSet, HashSet};

/// The other person of a direct conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Other {
    /// By id.
    User(UserId),
    /// By exact e-mail address.
    Email(String),
}

/// A group to create.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewGroup {
    /// Title, if any.
    pub title: Option<String>,
    /// The other members.
    pub members: Vec<UserId>,
    /// The same creator and reference give the same group. Absent: always a new one. 1 to 64 bytes.
    pub client_ref: Option<String>,
}

/// A conversation that exists now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opened {
    /// Its id.
    pub id: ConversationId,
    /// Whether it had existed before.
    pub is_existing: bool,
}

const CLIENT_REF_BYTES: usize = 64;

impl Conversations {
    /// The conversation of two people: always the same one, also when both ask at once.
    ///
    /// # Errors
    /// `notFound` when there is no such person, `forbidden` when one has blocked the other and there is none yet, `limitReached` when one of them is in too many conversations, `unavailable`.
    pub async fn create_direct(&self, caller: UserId, other: Other) -> Result<Opened, Refusal> {
        let other = self.person(other).await?;
        let id = ConversationId::direct(caller, other);
        let people: Vec<UserId> = BTreeSet::from([caller, other]).into_iter().collect();
        let blockers = self.blockers(caller, other).await?;
        if !blockers.is_empty() && self.access(caller, id).await.is_err() {
            return Err(Refusal::new(RefusalCode::Forbidden, "one of you has blocked the other"));
        }
        let opened = self.create(caller, id, ConversationKind::Direct, None, people).await?;
        if !opened.is_existing {
            // Somebody may have blocked the other while it was made, and found no conversation to tell.
            for by in self.blockers(caller, other).await? {
                self.set_blocked(by, if by == caller { other } else { caller }, true).await?;
            }
        }
        Ok(opened)
    }

    /// A group with its first members.
    ///
    /// # Errors
    /// `notFound` naming a member who does not exist, `invalid` for a bad title or reference, `limitReached`, `unavailable`.
    pub async fn create_group(&self, caller: UserId, group: NewGroup) -> Result<Opened, Refusal> {
        let client_ref = group.client_ref.unwrap_or_else(|| self.parts.clock.new_id().to_string());
        if !(1..=CLIENT_REF_BYTES).contains(&client_ref.len()) {
            let text = format!("clientRef has 1 to {CLIENT_REF_BYTES} bytes");
            return Err(Refusal::field(RefusalCode::Invalid, "clientRef", text));
        }
        if group.members.len() >= self.config.first_members {
            let text = format!("a group starts with at most {} members", self.config.first_members);
            return Err(Refusal::field(RefusalCode::LimitReached, "members", text));
        }
        let people: BTreeSet<UserId> = group.members.into_iter().chain([caller]).collect();
        let people: Vec<UserId> = people.into_iter().collect();
        self.expect_people(&people, "members").await?;
        let id = ConversationId::group(caller, &client_ref);
        let title = group.title.as_deref().map(|title| text::name("title", title)).transpose()?;
        self.create(caller, id, ConversationKind::Group, title, people).await
    }

    async fn create(
        &self,
        caller: UserId,
        id: ConversationId,
        kind: ConversationKind,
        title: Option<String>,
        people: Vec<UserId>,
    ) -> Result<Opened, Refusal> {
        let new = self.enlist(id, &people).await?;
        let command = Command::Create { kind, title, by: caller, members: people.clone() };
        match self.ask(id, command).await {
            Ok(Answer::Created { existing: false, .. }) => {
                self.announce_added(id, &people);
                Ok(Opened { id, is_existing: false })
            }
            Ok(Answer::Created { existing: true, .. }) => {
                self.drop_strangers(id, &new).await?;
                Ok(Opened { id, is_existing: true })
            }
            Ok(other) => Err(unexpected(&other)),
            Err(refusal) => {
                if is_final(&refusal) {
                    self.drop_strangers(id, &new).await?;
                }
                Err(refusal)
            }
        }
    }

    /// Removes rows that were just written for people whom the log does not name: the request named others than the first one did.
    pub(super) async fn drop_strangers(&self, id: ConversationId, new: &[UserId]) -> Result<(), Refusal> {
        let mut strangers = Vec::new();
        for user in new {
            match self.access(*user, id).await {
                Err(refusal) if refusal.code == RefusalCode::NotFound => strangers.push(*user),
                Ok(_) | Err(_) => {}
            }
        }
        self.delist(id, &strangers).await
    }

    async fn person(&self, other: Other) -> Result<UserId, Refusal> {
        let (field, found) = match other {
            Other::User(user) => ("userId", self.parts.accounts.names(vec![user]).await?.pop()),
            Other::Email(email) if email.contains('@') => ("email", self.parts.accounts.find(&email).await?),
            Other::Email(_) => return Err(Refusal::field(RefusalCode::Invalid, "email", "this is no e-mail address")),
        };
        let person = found.ok_or_else(|| Refusal::field(RefusalCode::NotFound, field, "there is no such person"))?;
        Ok(person.id)
    }

    /// Refuses people who do not exist.
    pub(super) async fn expect_people(&self, people: &[UserId], field: &str) -> Result<(), Refusal> {
        let known: HashSet<UserId> =
            self.parts.accounts.names(people.to_vec()).await?.iter().map(|one| one.id).collect();
        match people.iter().find(|user| !known.contains(user)) {
            None => Ok(()),
            Some(user) => Err(Refusal::field(RefusalCode::NotFound, field, format!("there is no person {user}"))),
        }
    }
}
