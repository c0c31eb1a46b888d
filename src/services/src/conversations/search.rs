//! Messages by their words, among what the caller may read.
//!
//! There is no index of words: conversations are read, the newest messages first, up to a number of entries for each request; the
//! cursor goes on from there. Following it to its end has looked at everything, however much that is.

use super::Conversations;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plenum_actors::owner::recent::Span;
use plenum_schema::conversation::{ConversationEvent, Message};
use plenum_schema::view::MessageView;
use plenum_schema::wire::{Event, EventFrame, MessageState};
use plenum_schema::{ConversationId, Offset, Refusal, RefusalCode, UserId};
use std::collections::HashSet;
use uuid::Uuid;

/// What is looked for has so many characters, and so many words.
const CHARACTERS: std::ops::RangeInclusive<usize> = 2..=200;
const WORDS: usize = 16;
/// Entries read at once.
const PAGE: usize = 256;
/// Blocked people that are looked at; of more, the messages of the rest are found.
const BLOCKED: usize = 1_000;

/// What to look for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Search {
    /// Words, each of which stands somewhere in the message, in any case; in its text or the name of something attached.
    pub text: String,
    /// Only in this conversation.
    pub conversation: Option<ConversationId>,
    /// Only of this author.
    pub from: Option<UserId>,
    /// Only from before this moment, milliseconds since 1970.
    pub before: Option<i64>,
}

/// A message that fits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hit {
    conversation: ConversationId,
    offset: Offset,
    at: i64,
    message: Message,
    state: Option<MessageState>,
}

impl Hit {
    /// As clients see messages.
    #[must_use]
    pub fn view(&self) -> MessageView<'_> {
        let view = MessageView::new(self.conversation, self.offset, self.at, &self.message);
        match &self.state {
            Some(state) => view.with_state(state),
            None => view,
        }
    }
}

/// A part of what is found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hits {
    /// The newest first.
    pub items: Vec<Hit>,
    /// Where to go on, perhaps after a part without a hit; `None` when everything has been looked at.
    pub next: Option<String>,
}

/// Where a search goes on: in this conversation, before this offset; then in those with smaller ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Spot {
    conversation: ConversationId,
    before: Offset,
}

const FORMAT: u8 = 1;

impl Spot {
    fn encode(self) -> String {
        let mut bytes = vec![FORMAT];
        bytes.extend_from_slice(self.conversation.0.as_bytes());
        bytes.extend_from_slice(&self.before.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn decode(text: &str) -> Result<Self, Refusal> {
        Self::read(text).ok_or_else(|| Refusal::field(RefusalCode::Invalid, "cursor", "this is no cursor of this list"))
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (format, rest) = bytes.split_first()?;
        let (id, before) = rest.split_first_chunk::<16>()?;
        let before = Offset::from_be_bytes(before.try_into().ok()?);
        (*format == FORMAT).then_some(Self { conversation: ConversationId(Uuid::from_bytes(*id)), before })
    }
}

/// What a message is held against.
struct Wanted {
    words: Vec<String>,
    from: Option<UserId>,
    before: Option<i64>,
    blocked: HashSet<UserId>,
}

impl Wanted {
    fn fits(&self, at: i64, message: &Message) -> bool {
        self.from.is_none_or(|from| from == message.author)
            && self.before.is_none_or(|before| at < before)
            && !self.blocked.contains(&message.author)
            && self.words_stand_in(message)
    }

    fn words_stand_in(&self, message: &Message) -> bool {
        let mut text = message.content.text.to_lowercase();
        for name in message.content.attachments.iter().filter_map(|attachment| attachment.name.as_ref()) {
            text.push('\n');
            text.push_str(&name.to_lowercase());
        }
        self.words.iter().all(|word| text.contains(word))
    }
}

fn words(text: &str) -> Result<Vec<String>, Refusal> {
    let text = text.trim();
    let wrong = |why: String| Err(Refusal::field(RefusalCode::Invalid, "q", why));
    if !CHARACTERS.contains(&text.chars().count()) {
        return wrong(format!("what is looked for has {} to {} characters", CHARACTERS.start(), CHARACTERS.end()));
    }
    let words: Vec<String> = text.to_lowercase().split_whitespace().map(str::to_owned).collect();
    if words.len() > WORDS {
        return wrong(format!("what is looked for has at most {WORDS} words"));
    }
    Ok(words)
}

impl Conversations {
    /// Messages that fit, at most `limit`, the newest first; conversations one after another. Those of people whom the caller has
    /// blocked are passed over. Texts are those of now: an edited message is found by its last text, a deleted one not at all.
    ///
    /// # Errors
    /// `invalid` for a text too short or too long and a cursor that is none, `notFound` for a conversation the caller is no member of,
    /// `busy`, `unavailable`.
    pub async fn search(
        &self,
        caller: UserId,
        search: &Search,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Hits, Refusal> {
        let words = words(&search.text)?;
        let from = cursor.map(Spot::decode).transpose()?;
        let blocked = self.blocked(caller, None, BLOCKED).await?.into_iter().map(|blocked| blocked.user).collect();
        let wanted = Wanted { words, from: search.from, before: search.before, blocked };
        let (mut items, mut left) = (Vec::new(), self.config.search_entries);
        let mut next = None;
        for spot in self.spots(caller, search.conversation, from).await? {
            next = self.search_in(caller, spot, &wanted, limit, (&mut items, &mut left)).await?;
            if next.is_some() {
                break;
            }
        }
        items.sort_by_key(|hit: &Hit| std::cmp::Reverse(hit.at));
        Ok(Hits { items, next: next.map(Spot::encode) })
    }

    /// Where to look, in an order that stays.
    async fn spots(
        &self,
        caller: UserId,
        only: Option<ConversationId>,
        from: Option<Spot>,
    ) -> Result<Vec<Spot>, Refusal> {
        let mut ids = match only {
            Some(id) => {
                self.access(caller, id).await?;
                vec![id]
            }
            None => self.memberships(caller).await?.into_iter().map(|row| row.conversation_id).collect(),
        };
        // By their ids, not by what happened in them last: that would change between two parts.
        ids.sort_unstable_by(|one, other| other.cmp(one));
        ids.retain(|id| from.is_none_or(|from| *id <= from.conversation));
        let spot = |conversation| match from {
            Some(from) if from.conversation == conversation => from,
            _ => Spot { conversation, before: Offset::MAX },
        };
        Ok(ids.into_iter().map(spot).collect())
    }

    /// Looks through one conversation; where to go on if there was no more room, or no more may be read for this request.
    async fn search_in(
        &self,
        caller: UserId,
        Spot { conversation, mut before }: Spot,
        wanted: &Wanted,
        limit: usize,
        (items, left): (&mut Vec<Hit>, &mut usize),
    ) -> Result<Option<Spot>, Refusal> {
        let access = match self.access(caller, conversation).await {
            // A row without its conversation, or of somebody who was removed a moment ago.
            Err(refusal) if refusal.code == RefusalCode::NotFound => return Ok(None),
            access => access?,
        };
        loop {
            if items.len() >= limit || *left == 0 {
                return Ok(Some(Spot { conversation, before }));
            }
            let page = self.history_of(caller, conversation, &access, Span::Before(before), PAGE.min(*left)).await?;
            *left -= page.items.len().min(*left);
            let mut states = page.states;
            let is_last = page.items.first().is_none_or(|oldest| oldest.offset <= page.first.max(1));
            for item in page.items.into_iter().rev() {
                if items.len() >= limit {
                    return Ok(Some(Spot { conversation, before }));
                }
                before = item.offset;
                let state = states.pop_if(|state| state.target == item.offset);
                items.extend(hit(conversation, item, state, wanted));
            }
            if is_last {
                return Ok(None);
            }
        }
    }
}

fn hit(conversation: ConversationId, item: EventFrame, state: Option<MessageState>, wanted: &Wanted) -> Option<Hit> {
    let EventFrame { offset, at, event, .. } = item;
    let Event::Conversation(ConversationEvent::Message(message)) = event else { return None };
    wanted.fits(at, &message).then_some(Hit { conversation, offset, at, message, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_what_it_says_and_anything_else_is_refused() {
        let spot = Spot { conversation: ConversationId(Uuid::from_u128(77)), before: 4_711 };
        assert_eq!(Spot::decode(&spot.encode()), Ok(spot));
        let long = "A".repeat(10_000);
        for bad in ["", "x", "AAAA", "!!!!", long.as_str()] {
            assert!(Spot::decode(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn words_are_bounded_and_their_case_does_not_matter() {
        assert_eq!(words("  Ärger  IM Haus "), Ok(vec!["ärger".to_owned(), "im".to_owned(), "haus".to_owned()]));
        for bad in ["", " ", "a", &"x".repeat(201), &"a ".repeat(17)] {
            assert_eq!(words(bad).expect_err("refused").field.as_deref(), Some("q"), "{bad}");
        }
    }
}
